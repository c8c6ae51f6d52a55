// SPDX-License-Identifier: GPL-2.0
/*
 * clone_io - tasks that share an I/O context
 *
 * The root shares it with a child and, by way of that, with a grandchild; another
 * child has its own. Variants: set: with an I/O priority; unset: without.
 */
#include "family.h"
#include <linux/kcmp.h>

#define IOPRIO(class, level) ((class) << 13 | (level))
#define BEFORE IOPRIO(2, 6)
#define AFTER IOPRIO(2, 1)

enum { ROOT, SHARES, SHARES_TOO, HAS_OWN, NR };

static pid_t clone_io(void)
{
	unsigned long flags = SIGCHLD | (prog_losing ? 0 : CLONE_IO);

	return must(syscall(SYS_clone, flags, 0, 0, 0, 0));
}

static void wait_for_end(int slot)
{
	board->slot[slot] = getpid();
	member_ready();
	member_wait(1);
	member_done();
}

static int ioprio(int slot)
{
	return syscall(SYS_ioprio_get, 1, (int)board->slot[slot]);
}

static int same(int a, int b)
{
	return syscall(SYS_kcmp, board->slot[a], board->slot[b], KCMP_IO, 0, 0) == 0;
}

int main(int argc, char **argv)
{
	int before, i;
	pid_t pid, own;

	prog_start(argc, argv);
	before = prog_is("set") ? BEFORE : 0;
	board_make();
	board->slot[ROOT] = getpid();
	/* Without one there is nothing to share. */
	must(syscall(SYS_ioprio_set, 1, 0, before));
	pid = clone_io();
	if (!pid) {
		pid_t too = clone_io();

		if (!too)
			wait_for_end(SHARES_TOO);
		board->slot[SHARES] = getpid();
		member_ready();
		member_wait(1);
		want_status("grandchild", too, 0, 0);
		member_done();
	}
	own = must(fork());
	if (!own) {
		must(syscall(SYS_ioprio_set, 1, 0, BEFORE));
		wait_for_end(HAS_OWN);
	}
	must_soon(load(board->ready) == NR - 1);
	prog_ready();
	prog_wait();

	for (i = 0; i < HAS_OWN; i++)
		want_u64("I/O priority", ioprio(i), before);
	want_u64("I/O priority of the other child", ioprio(HAS_OWN), BEFORE);
	want_u64("shared with the child", same(ROOT, SHARES), 1);
	want_u64("shared with the grandchild", same(ROOT, SHARES_TOO), 1);
	want_u64("shared with the other child", same(ROOT, HAS_OWN), 0);
	must(syscall(SYS_ioprio_set, 1, (int)board->slot[SHARES_TOO], AFTER));
	for (i = 0; i < HAS_OWN; i++)
		want_u64("I/O priority of all who share it", ioprio(i), AFTER);
	want_u64("I/O priority of the other child", ioprio(HAS_OWN), BEFORE);
	announce(1);
	want_status("child", pid, 0, 0);
	want_status("other child", own, 0, 0);
	family_done();
}
