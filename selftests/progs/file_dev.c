// SPDX-License-Identifier: GPL-2.0
/* file_dev - the character devices without state: null, zero, full, random, urandom */
#include "prog.h"
#include <sys/sysmacros.h>

static const struct {
	const char *path;
	int minor, flags;
} devs[] = {
	{ "/dev/null", 3, O_RDWR },
	{ "/dev/zero", 5, O_RDWR },
	{ "/dev/full", 7, O_RDWR | O_NONBLOCK },
	{ "/dev/random", 8, O_RDONLY },
	{ "/dev/urandom", 9, O_RDONLY | O_CLOEXEC },
};

static int fds[ARRAY_SIZE(devs)], flags[ARRAY_SIZE(devs)];

static void setup(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(devs); i++) {
		fds[i] = must(open(devs[i].path, devs[i].flags));
		flags[i] = must(fcntl(fds[i], F_GETFL));
	}
}

static void lose(void)
{
	/* All of them come back as the first. */
	must(dup2(fds[0], fds[1]));
	must(dup2(fds[0], fds[2]));
}

static void verify(void)
{
	unsigned char buf[64], zero[64] = { 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(devs); i++) {
		struct stat st;

		must(fstat(fds[i], &st));
		want_u64(devs[i].path, S_ISCHR(st.st_mode), 1);
		want_u64(devs[i].path, major(st.st_rdev), 1);
		want_u64(devs[i].path, minor(st.st_rdev), devs[i].minor);
		want_u64(devs[i].path, fcntl(fds[i], F_GETFL), flags[i]);
		want_u64(devs[i].path, fcntl(fds[i], F_GETFD), devs[i].flags & O_CLOEXEC ? FD_CLOEXEC : 0);
	}
	want_u64("read from null", read(fds[0], buf, 64), 0);
	want_u64("write to null", write(fds[0], buf, 64), 64);
	memset(buf, 1, 64);
	want_u64("read from zero", read(fds[1], buf, 64), 64);
	want_u64("zeros", memcmp(buf, zero, 64), 0);
	want_u64("write to full", write(fds[2], buf, 64) == -1 && errno == ENOSPC, 1);
	want_u64("read from random", read(fds[3], buf, 64), 64);
	want_u64("no zeros", memcmp(buf, zero, 64) != 0, 1);
	want_u64("read from urandom", read(fds[4], buf, 64), 64);
}

PROG_MAIN(setup, lose, verify)
