// SPDX-License-Identifier: GPL-2.0
/*
 * leader - a process whose first thread has ended and whose others live
 *
 * The process is a child of the root. Variants: child: the root waits for it
 * afterwards, and gets the status that its last thread ends it with; not_yet:
 * until then it is not to be waited for.
 */
#include "family.h"
#include <pthread.h>

enum { LEADER, SECOND, THIRD, COUNT };

static void *second(void *arg)
{
	pid_t tid = gettid();

	prctl(PR_SET_NAME, "second");
	board->slot[SECOND] = tid;
	member_ready();
	member_wait(1);
	want_u64("gettid", gettid(), tid);
	want_u64("getpid", getpid(), board->slot[LEADER]);
	want_u64("state of the leader", proc_state(getpid()), 'Z');
	/* The process is still there for signals and for its threads. */
	want_u64("kill(getpid(), 0)", kill(getpid(), 0), 0);
	member_wait(2);
	if (prog_failed)
		store(board->failed, 1);
	exit(7);
}

static void *third(void *arg)
{
	prctl(PR_SET_NAME, "third");
	board->slot[THIRD] = gettid();
	member_ready();
	for (;;) {
		add(board->slot[COUNT], 1);
		sleep_ms(5);
	}
	return NULL;
}

static void process(long arg)
{
	pthread_t t;

	board->slot[LEADER] = getpid();
	if ((errno = pthread_create(&t, NULL, second, NULL)))
		must(-1);
	if ((errno = pthread_create(&t, NULL, third, NULL)))
		must(-1);
	must_soon(load(board->ready) == 2);
	if (prog_losing)
		member_wait(3);
	syscall(SYS_exit, 0);
}

int main(int argc, char **argv)
{
	int64_t count;
	siginfo_t info;
	pid_t pid;

	prog_start(argc, argv);
	board_make();
	pid = spawn(process, 0);
	must_soon(load(board->ready) == 2);
	must_soon(prog_losing || proc_state(pid) == 'Z');
	prog_ready();
	prog_wait();

	count = load(board->slot[COUNT]);
	announce(1);
	want_soon(load(board->slot[COUNT]) > count);
	memset(&info, 0, sizeof(info));
	must(waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT));
	want_u64("a leader that is gone before its threads can be waited for", info.si_pid, 0);
	announce(2);
	want_status("process", pid, 0, EXITED(7));
	family_done();
}
