// SPDX-License-Identifier: GPL-2.0
/*
 * orphan - leave a process to the init of a pid namespace
 *
 *	orphan PID
 *
 * PID is that init, of which this program is no descendant. A child is made in
 * its namespace, which has a child of its own and ends: that one is an orphan,
 * whom the init gets, and sleeps until it is killed.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd, status;
	pid_t pid;

	if (argc < 2)
		return 2;
	fd = syscall(SYS_pidfd_open, atoi(argv[1]), 0);
	if (fd < 0 || setns(fd, CLONE_NEWPID)) {
		perror("setns");
		return 1;
	}
	pid = fork();
	if (!pid) {
		pid = fork();
		while (!pid)
			pause();
		_exit(pid < 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
		perror("fork");
		return 1;
	}
	return 0;
}
