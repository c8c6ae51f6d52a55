// SPDX-License-Identifier: GPL-2.0
/*
 * selfrestart - becomes the program of the image on stdin
 *
 * On success this program is gone. On failure it prints the errno as a number
 * and checks that it is itself still intact: memory, descriptors, mask, timer.
 * An argument is a file for the kernel's log; a second one, the flags.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ckpt.h"
#include "fault.h"

static unsigned char mem[65536];

int main(int argc, char **argv)
{
	unsigned long flags = RESTART_TASKSELF;
	int log = CHECKPOINT_FD_NONE, ret, err, here = open("/dev/null", O_RDONLY);
	sigset_t set, now;
	size_t i;

	if (argc > 1)
		log = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (argc > 2)
		flags = strtoul(argv[2], NULL, 0);
	memset(mem, 0x5a, sizeof(mem));
	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_SETMASK, &set, NULL);

	fault_arm();
	ret = restart(0, 0, flags, log);
	err = errno;
	fault_left();

	if (ret != -1) {
		printf("restart returned %d\n", ret);
		return 3;
	}
	for (i = 0; i < sizeof(mem); i++)
		if (mem[i] != 0x5a) {
			printf("memory of the caller is changed\n");
			return 4;
		}
	sigprocmask(SIG_BLOCK, NULL, &now);
	if (sigismember(&now, SIGWINCH) != 1 || sigismember(&now, SIGUSR1) != 0) {
		printf("mask of the caller is changed\n");
		return 4;
	}
	if (fcntl(here, F_GETFD) == -1 || fcntl(0, F_GETFD) == -1 || fcntl(9, F_GETFD) != -1) {
		printf("descriptors of the caller are changed\n");
		return 4;
	}
	printf("%d\n", err);
	return 1;
}
