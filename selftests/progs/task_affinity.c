// SPDX-License-Identifier: GPL-2.0
/*
 * task_affinity - which CPUs the task may run on
 *
 * Variants: one, a single CPU; all, the mask is not narrowed.
 */
#include "prog.h"
#include <sched.h>

static cpu_set_t set;

static void setup(void)
{
	cpu_set_t all;
	int cpu, last = -1;

	must(sched_getaffinity(0, sizeof(all), &all));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all))
			last = cpu;
	if (CPU_COUNT(&all) < 2)
		prog_unsupported("sched_getaffinity: this machine has one CPU");
	if (prog_is("one")) {
		CPU_ZERO(&all);
		CPU_SET(last, &all);
		must(sched_setaffinity(0, sizeof(all), &all));
	}
	must(sched_getaffinity(0, sizeof(set), &set));
}

static void lose(void)
{
	cpu_set_t other;
	int cpu;

	memset(&other, 0xff, sizeof(other));
	if (prog_is("all")) {
		CPU_ZERO(&other);
		for (cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&other); cpu++)
			if (CPU_ISSET(cpu, &set))
				CPU_SET(cpu, &other);
	}
	must(sched_setaffinity(0, sizeof(other), &other));
}

static void verify(void)
{
	cpu_set_t now;
	unsigned int cpu, i;

	must(sched_getaffinity(0, sizeof(now), &now));
	want_u64("number of CPUs", CPU_COUNT(&now), CPU_COUNT(&set));
	want_u64("mask", CPU_EQUAL(&now, &set), 1);
	for (i = 0; i < 100; i++) {
		must(syscall(SYS_getcpu, &cpu, NULL, NULL));
		want_u64("runs on a CPU of the mask", !!CPU_ISSET(cpu, &set), 1);
	}
}

PROG_MAIN(setup, lose, verify)
