// SPDX-License-Identifier: GPL-2.0
/*
 * storm - forks, threads and ends as fast as it can
 *
 * Variants: fork: children that fork and end; threads: threads that are made and
 * joined; both. Each worker counts its rounds and compares what it got with what
 * it made; mode lose waits for a child that nobody made.
 */
#include "family.h"
#include <pthread.h>

#define WORKERS 3

static void grandchildren(long code)
{
	pid_t pid = must(fork());
	int status;

	if (!pid)
		_exit(code & 63);
	if (waitpid(pid, &status, 0) != pid || status != EXITED(code & 63))
		_exit(99);
	_exit((code & 63) + 1);
}

static void *thread(void *arg)
{
	return (void *)((long)arg + 1);
}

static void fork_round(long n)
{
	pid_t pid = spawn(grandchildren, n);
	int status = -1;

	if (waitpid(prog_losing ? pid + 100000 : pid, &status, 0) < 0)
		prog_fail("wait for a child: %s", strerror(errno));
	else
		want_u64("status of a child", status, EXITED((n & 63) + 1));
}

static void thread_round(long n)
{
	pthread_t t[3];
	void *ret;
	int i, err;

	for (i = 0; i < 3; i++) {
		err = pthread_create(&t[i], NULL, thread, (void *)(n + i));
		if (err)
			prog_fail("pthread_create: %s", strerror(err));
	}
	for (i = 0; i < 3 && !prog_failed; i++) {
		err = pthread_join(t[i], &ret);
		if (err)
			prog_fail("pthread_join: %s", strerror(err));
		else
			want_u64("result of a thread", (long)ret, n + i + 1 + prog_losing);
	}
}

static void worker(long nr)
{
	long n;

	member_ready();
	for (n = 0; load(board->phase) < 1 && !prog_failed; n++) {
		if (prog_is("fork") || (prog_is("both") && nr % 2 == 0))
			fork_round(n);
		else
			thread_round(n);
		add(board->slot[nr], 1);
	}
	member_done();
}

int main(int argc, char **argv)
{
	int64_t rounds[WORKERS];
	pid_t pids[WORKERS];
	long i;

	prog_start(argc, argv);
	board_make();
	for (i = 0; i < WORKERS; i++)
		pids[i] = spawn(worker, i);
	must_soon(load(board->ready) == WORKERS);
	prog_ready();
	prog_wait();
	for (i = 0; i < WORKERS; i++)
		rounds[i] = load(board->slot[i]);
	for (i = 0; i < WORKERS; i++)
		want_soon(load(board->slot[i]) > rounds[i]);
	announce(1);
	for (i = 0; i < WORKERS; i++)
		want_status("worker", pids[i], 0, 0);
	family_done();
}
