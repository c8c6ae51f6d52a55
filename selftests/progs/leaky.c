// SPDX-License-Identifier: GPL-2.0
/*
 * leaky - a container that shares something with a process outside
 *
 * The root stays outside; the container is its child, whose number is in
 * DIR/container. The variant says what both use: files, fs, vm, sighand: what
 * clone(2) shares; file: an open file; nothing.
 */
#include "family.h"

#define STACK (64 << 10)

static int inside(void *arg)
{
	member_ready();
	/* It may share its memory with the root: no stdio. */
	while (load(board->phase) < 1)
		sleep_ms(10);
	_exit(4);
}

int main(int argc, char **argv)
{
	char *stack = area(STACK, PROT_READ | PROT_WRITE);
	unsigned long flags = CLONE_NEWPID | SIGCHLD;
	int fd;
	pid_t pid;
	FILE *f;

	prog_start(argc, argv);
	board_make();
	if (prog_is("files"))
		flags |= CLONE_FILES;
	else if (prog_is("fs"))
		flags |= CLONE_FS;
	else if (prog_is("vm"))
		flags |= CLONE_VM;
	else if (prog_is("sighand"))
		flags |= CLONE_VM | CLONE_SIGHAND;
	else if (prog_is("file"))
		make_file("shared", PAGE, 3);
	if (!prog_is("file") && !prog_is("files")) {
		close(0);
		close(1);
		close(2);
	}
	pid = must(clone(inside, stack + STACK - 64, flags, NULL));
	must_soon(load(board->ready) == 1);
	/* Except for what is shared on purpose, nothing is. */
	if (prog_is("file"))
		for (fd = 0; fd < 3; fd++)
			close(fd);
	f = fopen(prog_path("container"), "we");
	fprintf(f, "%d\n", pid);
	fclose(f);
	prog_ready();
	prog_wait();
	announce(1);
	/* The init of a pid namespace ends by ignoring SIGCHLD, in the root's handlers too if they are the same. */
	if (prog_is("sighand"))
		waitpid(pid, NULL, 0);
	else
		want_status("container", pid, 0, EXITED(4));
	family_done();
}
