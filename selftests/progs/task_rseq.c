// SPDX-License-Identifier: GPL-2.0
/* task_rseq - the restartable sequence area that the C library registered is served again */
#include "prog.h"
#include <linux/rseq.h>
#include <sys/rseq.h>

static volatile struct rseq *area_of(void)
{
	return (volatile struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

static long again(void)
{
	/* EBUSY says: this very area, length and signature are registered. */
	return syscall(SYS_rseq, area_of(), 32, 0, RSEQ_SIG) ? errno : 0;
}

static void setup(void)
{
	if (!__rseq_size)
		prog_unsupported("the C library registered no rseq area (__rseq_size is 0)");
	if (again() != EBUSY)
		prog_unsupported("registering again answers %ld, not EBUSY", again());
}

static void lose(void)
{
	must(syscall(SYS_rseq, area_of(), 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG));
}

static void verify(void)
{
	long long end = now_ns(CLOCK_MONOTONIC) + SEC;
	unsigned int cpu, matches = 0, i;

	want_u64("registering again", again(), EBUSY);
	/* The kernel may move us between the two readings, not always. */
	for (i = 0; i < 1000 && now_ns(CLOCK_MONOTONIC) < end; i++) {
		must(syscall(SYS_getcpu, &cpu, NULL, NULL));
		matches += area_of()->cpu_id == cpu && area_of()->cpu_id_start == cpu;
	}
	want_between("readings with the right cpu_id", matches, i / 2, i);
	want_u64("rseq_cs", area_of()->rseq_cs, 0);
}

PROG_MAIN(setup, lose, verify)
