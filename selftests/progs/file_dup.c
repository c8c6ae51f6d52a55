// SPDX-License-Identifier: GPL-2.0
/* file_dup - descriptors that shared an open file description share it again; others of the same file do not */
#include "prog.h"

static int a, b, c, other;

static void setup(void)
{
	a = make_file("data", 4 * PAGE, 1);
	b = must(dup(a));
	c = must(fcntl(a, F_DUPFD_CLOEXEC, 50));
	other = must(open(prog_path("data"), O_RDWR));
	must(lseek(a, 100, SEEK_SET));
	must(lseek(other, 200, SEEK_SET));
}

static void lose(void)
{
	/* Each descriptor gets a description of its own. */
	int again = must(open(prog_path("data"), O_RDWR));

	must(lseek(again, 100, SEEK_SET));
	must(dup2(again, b));
	close(again);
}

static void verify(void)
{
	want_u64("position of a", lseek(a, 0, SEEK_CUR), 100);
	want_u64("position of b", lseek(b, 0, SEEK_CUR), 100);
	want_u64("position of other", lseek(other, 0, SEEK_CUR), 200);
	must(lseek(b, 1000, SEEK_SET));
	want_u64("position of a after moving b", lseek(a, 0, SEEK_CUR), 1000);
	want_u64("position of c after moving b", lseek(c, 0, SEEK_CUR), 1000);
	want_u64("position of other after moving b", lseek(other, 0, SEEK_CUR), 200);
	must(fcntl(c, F_SETFL, O_APPEND));
	want_u64("O_APPEND of a", fcntl(a, F_GETFL) & O_APPEND, O_APPEND);
	want_u64("O_APPEND of other", fcntl(other, F_GETFL) & O_APPEND, 0);
	want_u64("FD_CLOEXEC of a", fcntl(a, F_GETFD), 0);
	want_u64("FD_CLOEXEC of c", fcntl(c, F_GETFD), FD_CLOEXEC);
}

PROG_MAIN(setup, lose, verify)
