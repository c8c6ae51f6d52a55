// SPDX-License-Identifier: GPL-2.0
/* file_basic - position and flags of open regular files, and what they mean: reads, writes, appends */
#include "prog.h"

static const struct {
	int flags;
	off_t pos;
} opens[] = {
	{ O_RDONLY, 0 },
	{ O_RDONLY, 12345 },
	{ O_WRONLY, 777 },
	{ O_RDWR, 4096 },
	{ O_RDWR | O_APPEND, 10 },
	{ O_WRONLY | O_APPEND | O_NONBLOCK, 20 },
	{ O_RDWR | O_NONBLOCK, 30 },
	{ O_RDWR | O_SYNC, 40 },
	{ O_RDWR | O_DSYNC, 50 },
	{ O_RDONLY | O_NOATIME, 60 },
	{ O_RDWR, 1LL << 40 },
};

static int fds[ARRAY_SIZE(opens)], flags[ARRAY_SIZE(opens)];

static void setup(void)
{
	unsigned int i;
	char name[16];

	for (i = 0; i < ARRAY_SIZE(opens); i++) {
		snprintf(name, sizeof(name), "file%u", i);
		close(make_file(name, 5 * PAGE, 100 * i));
		fds[i] = must(open(prog_path(name), opens[i].flags));
		must(lseek(fds[i], opens[i].pos, SEEK_SET));
		flags[i] = must(fcntl(fds[i], F_GETFL));
	}
}

static void lose(void)
{
	lseek(fds[1], 0, SEEK_SET);
	fcntl(fds[4], F_SETFL, 0);
}

static void verify(void)
{
	unsigned int i;
	struct stat st;
	char what[48], byte, page[PAGE];

	for (i = 0; i < ARRAY_SIZE(opens); i++) {
		snprintf(what, sizeof(what), "file %u: position", i);
		want_u64(what, lseek(fds[i], 0, SEEK_CUR), opens[i].pos);
		snprintf(what, sizeof(what), "file %u: flags", i);
		want_u64(what, fcntl(fds[i], F_GETFL), flags[i]);
		snprintf(what, sizeof(what), "file %u: descriptor flags", i);
		want_u64(what, fcntl(fds[i], F_GETFD), 0);
		snprintf(what, sizeof(what), "file %u: reading", i);
		if ((opens[i].flags & O_ACCMODE) != O_WRONLY && opens[i].pos < 5 * PAGE) {
			want_u64(what, read(fds[i], &byte, 1), 1);
			fill(page, PAGE, 100 * i + opens[i].pos / PAGE);
			want_u64(what, byte, page[opens[i].pos % PAGE]);
		} else if ((opens[i].flags & O_ACCMODE) == O_WRONLY) {
			want_u64(what, read(fds[i], &byte, 1), -1);
			want_u64(what, errno, EBADF);
		}
		snprintf(what, sizeof(what), "file %u: writing", i);
		if ((opens[i].flags & O_ACCMODE) != O_RDONLY && opens[i].pos < 5 * PAGE) {
			want_u64(what, write(fds[i], "x", 1), 1);
			must(fstat(fds[i], &st));
			want_u64(what, st.st_size, opens[i].flags & O_APPEND ? 5 * PAGE + 1 : 5 * PAGE);
		} else if ((opens[i].flags & O_ACCMODE) == O_RDONLY) {
			want_u64(what, write(fds[i], "x", 1), -1);
			want_u64(what, errno, EBADF);
		}
	}
}

PROG_MAIN(setup, lose, verify)
