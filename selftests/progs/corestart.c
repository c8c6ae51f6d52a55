// SPDX-License-Identifier: GPL-2.0
/*
 * corestart - coordinates the restart of one process from the image on stdin
 *
 * usage: corestart PID LOG [FLAGS [CHILD-FLAGS]]
 *
 * Makes a child with the number PID (0: any), which calls restart(2) and waits,
 * and calls restart(2) for it. Prints "restart RESULT ERRNO PID", waits for the
 * child and prints "exit STATUS" or "signal NUMBER".
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "ckpt.h"

int main(int argc, char **argv)
{
	unsigned long flags = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	unsigned long child_flags = argc > 4 ? strtoul(argv[4], NULL, 0) : 0;
	struct target_pid_set set;
	int status, ret, err, log;
	pid_t want, pid;

	if (argc < 3) {
		fprintf(stderr, "usage: corestart PID LOG [FLAGS [CHILD-FLAGS]]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IONBF, 0);
	want = atoi(argv[1]);
	set.num_pids = 1;
	set.target_pids = &want;
	log = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (log < 0) {
		perror(argv[2]);
		return 2;
	}
	pid = clone_with_pids(SIGCHLD, NULL, NULL, NULL, &set);
	if (pid < 0) {
		printf("clone_with_pids %d %s\n", errno, strerror(errno));
		return 2;
	}
	if (!pid) {
		/* Without a coordinator nobody would ever come for it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		restart(0, -1, child_flags, -1);
		_exit(99);
	}
	ret = restart(pid, 0, flags, log);
	err = ret < 0 ? errno : 0;
	printf("restart %d %d %d\n", ret, err, pid);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("exit %d\n", WEXITSTATUS(status));
	return ret < 0;
}
