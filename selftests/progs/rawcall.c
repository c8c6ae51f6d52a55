// SPDX-License-Identifier: GPL-2.0
/*
 * rawcall - makes one checkpoint or restart system call, maybe as another user
 *
 * usage: rawcall UID checkpoint|restart PID FLAGS
 *
 * The image is descriptor 3, the log 4; one that is not open counts as none.
 * Prints the result, errno, and what fault_left() says. UID 0 stays root.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ckpt.h"
#include "fault.h"

int main(int argc, char **argv)
{
	int uid, pid, ret, err, fd, log;
	unsigned long flags;

	if (argc != 5) {
		fprintf(stderr, "usage: rawcall UID checkpoint|restart PID FLAGS\n");
		return 2;
	}
	uid = atoi(argv[1]);
	pid = atoi(argv[3]);
	flags = strtoul(argv[4], NULL, 0);
	if (uid && (setgroups(0, NULL) || setgid(uid) || setuid(uid))) {
		perror("setuid");
		return 2;
	}
	fd = fcntl(3, F_GETFD) < 0 ? -1 : 3;
	log = fcntl(4, F_GETFD) < 0 ? -1 : 4;
	fault_arm();
	if (!strcmp(argv[2], "checkpoint"))
		ret = checkpoint(pid, fd, flags, log);
	else
		ret = restart(pid, fd, flags, log);
	err = ret < 0 ? errno : 0;
	printf("%d %d %d\n", ret, err, fault_left());
	return ret < 0;
}
