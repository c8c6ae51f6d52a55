// SPDX-License-Identifier: GPL-2.0
/* task_limits - every resource limit, soft and hard, has its own value again */
#include "prog.h"
#include <sys/resource.h>

static struct rlimit set[RLIM_NLIMITS];

static void setup(void)
{
	int i;

	for (i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit now;

		must(getrlimit(i, &now));
		set[i].rlim_cur = (1UL << 33) + i * 4096;
		set[i].rlim_max = (1UL << 34) + i * 8192;
		if (i == RLIMIT_NOFILE) {
			set[i].rlim_cur = 333;
			set[i].rlim_max = 444;
		}
		if (i == RLIMIT_NICE || i == RLIMIT_RTPRIO) {
			set[i].rlim_cur = 10 + i;
			set[i].rlim_max = 20 + i;
		}
		if (i == RLIMIT_AS)
			set[i].rlim_max = RLIM_INFINITY;
		if (setrlimit(i, &set[i])) {
			/* Without CAP_SYS_RESOURCE: below the present one. */
			set[i].rlim_max = now.rlim_max;
			set[i].rlim_cur = now.rlim_max / 2;
			must(setrlimit(i, &set[i]));
		}
	}
}

static void lose(void)
{
	set[RLIMIT_MEMLOCK].rlim_cur--;
	must(setrlimit(RLIMIT_MEMLOCK, &set[RLIMIT_MEMLOCK]));
	set[RLIMIT_MEMLOCK].rlim_cur++;
}

static void verify(void)
{
	int i;

	for (i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit now;
		char what[32];

		must(getrlimit(i, &now));
		snprintf(what, sizeof(what), "limit %d, soft", i);
		want_u64(what, now.rlim_cur, set[i].rlim_cur);
		snprintf(what, sizeof(what), "limit %d, hard", i);
		want_u64(what, now.rlim_max, set[i].rlim_max);
	}
}

PROG_MAIN(setup, lose, verify)
