// SPDX-License-Identifier: GPL-2.0
/* task_times - CPU times, of the process and of its dead children, and fault counts go on from where they were */
#include "prog.h"
#include <sys/resource.h>
#include <sys/times.h>

static struct rusage self, children;
static long long cpu;

static void burn(long long ns)
{
	long long end = now_ns(CLOCK_PROCESS_CPUTIME_ID) + ns;

	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < end)
		;
}

static long long us(struct timeval tv)
{
	return tv.tv_sec * 1000000LL + tv.tv_usec;
}

static void setup(void)
{
	unsigned char *mem;
	pid_t pid;
	int i;

	pid = must(fork());
	if (!pid) {
		burn(200 * MS);
		_exit(0);
	}
	must(waitpid(pid, NULL, 0));
	burn(300 * MS);
	mem = area(200 * PAGE, PROT_READ | PROT_WRITE);
	must(madvise(mem, 200 * PAGE, MADV_NOHUGEPAGE));
	for (i = 0; i < 200; i++)
		mem[i * PAGE] = 1;
	munmap(mem, 200 * PAGE);
	must(getrusage(RUSAGE_SELF, &self));
	must(getrusage(RUSAGE_CHILDREN, &children));
	cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static void lose(void)
{
	/* A new process has used nothing yet. */
	if (must(fork()))
		_exit(0);
}

static void verify(void)
{
	struct rusage now;

	want_between("process CPU clock", now_ns(CLOCK_PROCESS_CPUTIME_ID), cpu, cpu + 60 * SEC);
	must(getrusage(RUSAGE_SELF, &now));
	want_between("CPU time, us", us(now.ru_utime) + us(now.ru_stime), us(self.ru_utime) + us(self.ru_stime),
		     us(self.ru_utime) + us(self.ru_stime) + 60000000);
	want_between("minor faults", now.ru_minflt, self.ru_minflt, self.ru_minflt + 100000);
	want_between("voluntary switches", now.ru_nvcsw, self.ru_nvcsw, self.ru_nvcsw + 1000000);
	want_between("maximum RSS, KiB", now.ru_maxrss, self.ru_maxrss, self.ru_maxrss + 100000);
	must(getrusage(RUSAGE_CHILDREN, &now));
	want_u64("CPU time of children, us", us(now.ru_utime) + us(now.ru_stime),
		 us(children.ru_utime) + us(children.ru_stime));
	want_u64("maximum RSS of children, KiB", now.ru_maxrss, children.ru_maxrss);
	want_u64("minor faults of children", now.ru_minflt, children.ru_minflt);
}

PROG_MAIN(setup, lose, verify)
