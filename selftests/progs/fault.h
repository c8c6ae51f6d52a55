/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fault.h - failures inside of a system call
 *
 * With FAIL_NTH=n in the environment the n-th allocation or copy after
 * fault_arm() fails in the kernel, once. fault_left() ends that and returns how
 * many were left until then: 0 when the failure has been.
 */
#ifndef FAULT_H
#define FAULT_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fault_fd = -1;

static inline void fault_arm(void)
{
	const char *nth = getenv("FAIL_NTH");

	if (!nth)
		return;
	fault_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fault_fd < 0 || write(fault_fd, nth, strlen(nth)) < 0) {
		perror("fail-nth");
		exit(5);
	}
}

static inline int fault_left(void)
{
	char buf[16] = "";
	int left = 1;

	if (fault_fd < 0)
		return 0;
	/* When reading fails, that was the failure. */
	if (pread(fault_fd, buf, sizeof(buf) - 1, 0) > 0)
		left = atoi(buf);
	if (write(fault_fd, "0", 1) != 1 && write(fault_fd, "0", 1) != 1) {
		perror("fail-nth");
		exit(5);
	}
	return left;
}

#endif
