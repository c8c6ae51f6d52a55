// SPDX-License-Identifier: GPL-2.0
/*
 * task_tid - the word given to set_tid_address(2) is cleared, and its waiter woken, when the task ends
 *
 * The kernel does that only while somebody shares the memory: after the restart
 * the program makes a child that does (CLONE_VM) and ends; the child gives the
 * verdict.
 */
#include "prog.h"
#include <linux/futex.h>
#include <sched.h>

static volatile uint32_t word = 4711;
static unsigned char stack[16 * PAGE] __attribute__((aligned(16)));

static int child(void *arg)
{
	struct timespec ts = { 3, 0 };

	if (word == 4711)
		syscall(SYS_futex, &word, FUTEX_WAIT, 4711, &ts, NULL, 0);
	want_u64("word after the end of the task", word, 0);
	prog_done();
}

int main(int argc, char **argv)
{
	prog_start(argc, argv);
	must(syscall(SYS_set_tid_address, &word));
	prog_ready();
	prog_wait();
	if (prog_losing)
		must(syscall(SYS_set_tid_address, NULL));
	must(clone(child, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL));
	syscall(SYS_exit, 0);
	return 0;
}
