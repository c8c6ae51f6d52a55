// SPDX-License-Identifier: GPL-2.0
/* file_dir - reading a directory goes on where it was: every entry once */
#include "prog.h"

#define FILES 200

struct entry {
	uint64_t ino;
	int64_t off;
	unsigned short len;
	unsigned char type;
	char name[];
};

static int fd, seen[FILES], total;

static int read_some(void)
{
	char buf[512];
	long n = must(syscall(SYS_getdents64, fd, buf, sizeof(buf))), at;

	for (at = 0; at < n; at += ((struct entry *)(buf + at))->len) {
		int i;

		if (sscanf(((struct entry *)(buf + at))->name, "f%d", &i) == 1 && i >= 0 && i < FILES) {
			seen[i]++;
			total++;
		}
	}
	return n;
}

static void setup(void)
{
	char name[32];
	int i;

	must(mkdir(prog_path("dir"), 0777));
	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "dir/f%d", i);
		close(must(open(prog_path(name), O_WRONLY | O_CREAT, 0666)));
	}
	fd = must(open(prog_path("dir"), O_RDONLY | O_DIRECTORY));
	while (total < FILES / 3)
		read_some();
}

static void lose(void)
{
	lseek(fd, 0, SEEK_SET);
}

static void verify(void)
{
	int i;

	while (read_some())
		;
	for (i = 0; i < FILES; i++)
		if (seen[i] != 1)
			prog_fail("f%d: seen %d times", i, seen[i]);
	want_u64("openat below it", openat(fd, "f7", O_RDONLY) >= 0, 1);
}

PROG_MAIN(setup, lose, verify)
