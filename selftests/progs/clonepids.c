// SPDX-License-Identifier: GPL-2.0
/*
 * clonepids - tries clone_with_pids(2)
 *
 * usage: clonepids [-u UID] [-n LEVELS] [-f FLAGS] [-c COUNT] [PID...]
 *
 * -n first enters that many nested pid namespaces; -u then gives up root; -c
 * overrides the number of pids told to the kernel. Prints "errno N", or
 * "child", the child's number as the parent sees it, and as the child does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "ckpt.h"

int main(int argc, char **argv)
{
	unsigned long flags = SIGCHLD;
	int opt, levels = 0, uid = 0, n = 0, count = -1, own = 0, pipefd[2];
	struct target_pid_set set;
	pid_t pids[64], pid;

	while ((opt = getopt(argc, argv, "u:n:f:c:")) != -1) {
		if (opt == 'u')
			uid = atoi(optarg);
		else if (opt == 'n')
			levels = atoi(optarg);
		else if (opt == 'f')
			flags |= strtoul(optarg, NULL, 0);
		else if (opt == 'c')
			count = atoi(optarg);
		else
			return 2;
	}
	for (; optind < argc && n < 64; optind++)
		pids[n++] = atoi(argv[optind]);

	while (levels--) {
		if (unshare(CLONE_NEWPID)) {
			perror("unshare");
			return 2;
		}
		pid = fork();
		if (pid) {
			int status;

			waitpid(pid, &status, 0);
			return WEXITSTATUS(status);
		}
	}
	if (uid && setresuid(uid, uid, uid)) {
		perror("setresuid");
		return 2;
	}
	set.num_pids = count >= 0 || count < -1 ? count : n;
	set.target_pids = pids;
	if (pipe(pipefd))
		return 2;
	pid = clone_with_pids(flags, NULL, NULL, NULL, &set);
	if (pid < 0) {
		printf("errno %d\n", errno);
		return 1;
	}
	if (!pid) {
		own = syscall(SYS_getpid);
		if (write(pipefd[1], &own, sizeof(own)) != sizeof(own))
			_exit(1);
		_exit(0);
	}
	if (read(pipefd[0], &own, sizeof(own)) != sizeof(own))
		return 2;
	printf("child %d %d\n", pid, own);
	waitpid(pid, NULL, 0);
	return 0;
}
