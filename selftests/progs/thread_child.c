// SPDX-License-Identifier: GPL-2.0
/*
 * thread_child - a child process belongs to the thread that has made it
 *
 * The leader and another thread have a child each, and the thread has two more
 * that have ended. Each waits for its own only (__WNOTHREAD), the thread in the
 * order in which they ended; when the thread ends its child gets the signal that
 * it has asked for, and goes to the leader.
 */
#include "family.h"
#include <pthread.h>

enum { OF_LEADER, OF_THREAD, ENDED, ENDED_TOO, TOLD };

static void told(int sig)
{
	add(board->slot[TOLD], sig == SIGURG ? 1 : 100);
}

static void live(long slot)
{
	signal(SIGURG, told);
	must(prctl(PR_SET_PDEATHSIG, SIGURG));
	store(board->slot[slot], getpid());
	member_ready();
	member_wait(2);
	want_u64("getppid", getppid(), board->slot[NR_SLOTS - 1]);
	/* Only a thread has ended. */
	want_u64("signals at the end of the parent's thread", load(board->slot[TOLD]), 1);
}

static void end(long status)
{
	_exit(status);
}

static void make(void)
{
	spawn(live, OF_THREAD);
	store(board->slot[ENDED], spawn(end, 3));
	must_soon(proc_state(board->slot[ENDED]) == 'Z');
	store(board->slot[ENDED_TOO], spawn(end, 4));
	must_soon(proc_state(board->slot[ENDED_TOO]) == 'Z');
}

static void *thread(void *arg)
{
	int status;

	if (!prog_losing)
		make();
	member_ready();
	member_wait(1);
	want_u64("a child of the leader is none of the thread",
		 waitpid(board->slot[OF_LEADER], &status, WNOHANG | __WNOTHREAD) == -1 && errno == ECHILD, 1);
	want_u64("the thread has a child that runs",
		 waitpid(board->slot[OF_THREAD], &status, WNOHANG | __WNOTHREAD), 0);
	want_status("first child that has ended", board->slot[ENDED], __WNOTHREAD, EXITED(3));
	want_status("second child that has ended", board->slot[ENDED_TOO], __WNOTHREAD, EXITED(4));
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t t;
	int status;

	prog_start(argc, argv);
	board_make();
	board->slot[NR_SLOTS - 1] = getpid();
	spawn(live, OF_LEADER);
	if (prog_losing)
		make();
	if ((errno = pthread_create(&t, NULL, thread, NULL)))
		must(-1);
	must_soon(load(board->ready) == 3);
	prog_ready();
	prog_wait();

	want_u64("a child of the thread is none of the leader",
		 waitpid(board->slot[OF_THREAD], &status, WNOHANG | __WNOTHREAD) == -1 && errno == ECHILD, 1);
	want_u64("the leader has a child that runs",
		 waitpid(board->slot[OF_LEADER], &status, WNOHANG | __WNOTHREAD), 0);
	announce(1);
	pthread_join(t, NULL);
	want_soon(load(board->slot[TOLD]) == 1);
	announce(2);
	want_status("child of the leader", board->slot[OF_LEADER], __WNOTHREAD, 0);
	want_status("child of the thread, which is the leader's by now", board->slot[OF_THREAD], __WNOTHREAD, 0);
	family_done();
}
