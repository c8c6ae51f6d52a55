// SPDX-License-Identifier: GPL-2.0
/*
 * checkpoint - write the image of a process to standard output
 *
 * usage: checkpoint PID > IMAGE
 *
 * The process has to be frozen or stopped. It stays so: thaw it to let it go
 * on, or kill it and bring it back with self_restart. Its children are not
 * looked for anywhere else: the image is that of the hierarchy below PID.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/checkpoint.h>

#ifndef __NR_checkpoint
#define __NR_checkpoint 600
#endif

int main(int argc, char *argv[])
{
	char *end = NULL;
	long pid = 0;
	int id;

	if (argc == 2)
		pid = strtol(argv[1], &end, 10);
	if (argc != 2 || *end || pid <= 0) {
		fprintf(stderr, "usage: %s PID > IMAGE\n", argv[0]);
		return 2;
	}

	/* What goes wrong, and where, is told on standard error. */
	id = syscall(__NR_checkpoint, (pid_t)pid, STDOUT_FILENO,
		     CHECKPOINT_SUBTREE, STDERR_FILENO);
	if (id < 0) {
		fprintf(stderr, "%s: process %ld: %s\n", argv[0], pid,
			strerror(errno));
		return 1;
	}
	fprintf(stderr, "checkpoint id %d\n", id);
	return 0;
}
