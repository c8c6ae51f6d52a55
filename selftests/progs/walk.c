// SPDX-License-Identifier: GPL-2.0
/*
 * walk - the program of the external walk-through: counts into a file that it alone has open
 *
 * usage: walk OUTPUT MILLISECONDS
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct timespec pause;
	long ms;
	FILE *out;
	int i;

	if (argc != 3)
		return 2;
	ms = atol(argv[2]);
	pause = (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
	syscall(SYS_close_range, 0, ~0U, 0);
	out = fopen(argv[1], "w+");
	if (!out)
		return 1;
	fprintf(out, "hello, world!\n");
	for (i = 0; i < 1000; i++) {
		fprintf(out, "count %d\n", i);
		fflush(out);
		nanosleep(&pause, NULL);
	}
	return 0;
}
