// SPDX-License-Identifier: GPL-2.0
/*
 * seccomp_one - one process with one filter, which allows everything
 *
 * As "seccomp_one run COMMAND..." it becomes a command that has the filter.
 */
#include "prog.h"
#include <linux/filter.h>
#include <linux/seccomp.h>

static void setup(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { 1, &allow };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		exit(2);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "run")) {
		setup();
		execv(argv[2], argv + 2);
		return 2;
	}
	prog_start(argc, argv);
	setup();
	prog_ready();
	prog_wait();
	want_u64("mode", prctl(PR_GET_SECCOMP), SECCOMP_MODE_FILTER);
	prog_done();
}
