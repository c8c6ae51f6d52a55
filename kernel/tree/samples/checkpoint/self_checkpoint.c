// SPDX-License-Identifier: GPL-2.0
/*
 * self_checkpoint - a program that counts, and checkpoints itself on the way
 *
 * usage: self_checkpoint [OUTPUT [MILLISECONDS]] > IMAGE
 *
 * Writes a line per count to OUTPUT (/tmp/cr-self.out), one a second unless
 * told otherwise. After count 2 it writes its own image to standard output and
 * notes what checkpoint(2) returned: a positive identifier when it simply goes
 * on, 0 when it has been brought back from the image.
 *
 * Only regular files are open at that time, so IMAGE must be one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/checkpoint.h>

#ifndef __NR_checkpoint
#define __NR_checkpoint 600
#endif

#define DEFAULT_OUTPUT	"/tmp/cr-self.out"
#define COUNTS		1000
#define CHECKPOINT_AT	2

static FILE *out;

/* Write a line, and make sure that none is left in a buffer. */
static void note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(out, fmt, args);
	va_end(args);
	fflush(out);
}

/* Give up the terminal: its place is taken by the output file. */
static void open_output(const char *path)
{
	close(STDIN_FILENO);
	unlink(path);
	out = fopen(path, "w+");
	if (!out || dup2(fileno(out), STDERR_FILENO) < 0) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char *argv[])
{
	const char *path = argc > 1 ? argv[1] : DEFAULT_OUTPUT;
	long ms = argc > 2 ? strtol(argv[2], NULL, 10) : 1000;
	struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };
	int i, ret;

	open_output(path);
	note("hello, world!\n");
	for (i = 0; i < COUNTS; i++) {
		nanosleep(&pause, NULL);
		note("count %d\n", i);
		if (i != CHECKPOINT_AT)
			continue;

		ret = syscall(__NR_checkpoint, getpid(), STDOUT_FILENO,
			      CHECKPOINT_SUBTREE, CHECKPOINT_FD_NONE);
		if (ret < 0) {
			note("checkpoint: %s\n", strerror(errno));
			return 2;
		}
		note("checkpoint ret: %d\n", ret);
	}
	return 0;
}
