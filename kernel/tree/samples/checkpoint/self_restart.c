// SPDX-License-Identifier: GPL-2.0
/*
 * self_restart - become the process of the image on standard input
 *
 * usage: self_restart < IMAGE
 *
 * Nothing of this program is left when all goes well: memory, open files, name
 * and the rest are those of the image, and the process goes on where it was
 * checkpointed. Its process id alone is that of this program.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/checkpoint.h>

#ifndef __NR_restart
#define __NR_restart 601
#endif

int main(int argc, char *argv[])
{
	if (argc != 1) {
		fprintf(stderr, "usage: %s < IMAGE\n", argv[0]);
		return 2;
	}

	syscall(__NR_restart, 0, STDIN_FILENO, RESTART_TASKSELF,
		STDERR_FILENO);

	/* Only a failed restart comes here. */
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	return 1;
}
