// SPDX-License-Identifier: GPL-2.0
/* file_table - holes between descriptors, high numbers, and close-on-exec of each */
#include "prog.h"
#include <sys/resource.h>

static const int fds[] = { 3, 5, 7, 63, 64, 65, 127, 128, 255, 256, 500, 1000 };

static void setup(void)
{
	struct rlimit limit = { 1024, 4096 };
	unsigned int i;
	int fd;

	must(setrlimit(RLIMIT_NOFILE, &limit));
	fd = must(fcntl(make_file("data", PAGE, 1), F_DUPFD, 1010));
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		must(dup3(fd, fds[i], i % 2 ? O_CLOEXEC : 0));
	close(fd);
}

static void lose(void)
{
	must(close(500));
	must(dup2(1000, 4));
	fcntl(5, F_SETFD, 0);
}

static void verify(void)
{
	unsigned int i = 0;
	int fd;

	for (fd = 3; fd < 1024; fd++) {
		int flags = fcntl(fd, F_GETFD), expect = -1;

		if (i < ARRAY_SIZE(fds) && fds[i] == fd)
			expect = i++ % 2 ? FD_CLOEXEC : 0;
		if (flags != expect)
			prog_fail("descriptor %d: flags %d, want %d", fd, flags, expect);
	}
	want_u64("next free descriptor", must(open("/dev/null", O_RDONLY)), 4);
	want_u64("next free descriptor", must(open("/dev/null", O_RDONLY)), 6);
}

PROG_MAIN(setup, lose, verify)
