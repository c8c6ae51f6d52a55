// SPDX-License-Identifier: GPL-2.0
/*
 * vfork - a parent in vfork(2), and its child that uses its memory
 *
 * The parent is a child of the root. Variants: exit, exec: how the child ends
 * the wait of its parent after the restart.
 */
#include "family.h"

#define STACK (64 << 10)

static int in_memory;

static int child(void *arg)
{
	board->slot[0] = getpid();
	member_ready();
	while (load(board->phase) < 1)
		sleep_ms(10);
	in_memory = 4711;
	if (prog_is("exec")) {
		char *args[] = { "/progs/tiny", NULL };

		execv("/proc/self/exe", args);
	}
	_exit(5);
}

static void parent(long arg)
{
	char *stack = area(STACK, PROT_READ | PROT_WRITE);
	unsigned long flags = prog_losing ? 0 : CLONE_VM | CLONE_VFORK;
	pid_t pid;

	pid = clone(child, stack + STACK - 64, flags | SIGCHLD, NULL);
	store(board->slot[1], 1);
	want_u64("vfork", pid, board->slot[0]);
	want_u64("memory that the child changed", in_memory, 4711);
	/* exec of this program without arguments ends with 2 */
	want_status("child of vfork", pid, 0, EXITED(prog_is("exec") ? 2 : 5));
}

int main(int argc, char **argv)
{
	pid_t pid;

	prog_start(argc, argv);
	board_make();
	pid = spawn(parent, 0);
	must_soon(load(board->ready) == 1);
	prog_ready();
	prog_wait();
	sleep_ms(100);
	want_u64("vfork has returned before the child ended", load(board->slot[1]), 0);
	announce(1);
	want_status("parent in vfork", pid, 0, 0);
	family_done();
}
