// SPDX-License-Identifier: GPL-2.0
/*
 * counter FILE - append "count 0", "count 1", ... to FILE, two lines a second
 *
 * The number lives in memory only: a counter that was started anew would begin
 * at 0 again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct timespec half = { .tv_nsec = 500000000 };
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: counter FILE\n");
		return 1;
	}
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	for (unsigned long n = 0;; n++) {
		dprintf(fd, "count %lu\n", n);
		nanosleep(&half, NULL);
	}
}
