// SPDX-License-Identifier: GPL-2.0
/*
 * eventfd - counters, semaphores and flags of eventfds are as they were
 *
 * Variants: state; read and write: asleep in the call until a handler that
 * runs after the restart lets it go on.
 */
#include "prog.h"
#include <sys/eventfd.h>

#define FULL 0xfffffffffffffffeULL

static int plain, twin, semaphore, full, other, nonblock;
static volatile int runs;

static void add(int fd, uint64_t n)
{
	must(write(fd, &n, 8));
}

static uint64_t take(int fd)
{
	uint64_t n = 0;

	if (read(fd, &n, 8) != 8)
		prog_fail("read of eventfd %d: %s", fd, strerror(errno));
	return n;
}

static void state_setup(void)
{
	plain = must(eventfd(7, EFD_CLOEXEC));
	twin = must(dup(plain));
	semaphore = must(eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK));
	full = must(eventfd(0, EFD_NONBLOCK));
	add(full, FULL);
	other = must(eventfd(1, 0));
	nonblock = must(eventfd(0, EFD_NONBLOCK));
}

static void state_lose(void)
{
	add(twin, 1);
	take(semaphore);
	take(full);
	must(fcntl(nonblock, F_SETFL, 0));
}

static void state_verify(void)
{
	uint64_t n = 1;

	want_u64("FD_CLOEXEC", fcntl(plain, F_GETFD), FD_CLOEXEC);
	want_u64("FD_CLOEXEC of the duplicate", fcntl(twin, F_GETFD), 0);
	want_u64("O_NONBLOCK", fcntl(plain, F_GETFL), O_RDWR);
	want_u64("O_NONBLOCK of an empty one", fcntl(nonblock, F_GETFL), O_RDWR | O_NONBLOCK);
	want_u64("counter", take(twin), 7);
	add(plain, 5);
	want_u64("counter seen by the duplicate", take(twin), 5);
	want_u64("semaphore", take(semaphore), 1);
	want_u64("semaphore", take(semaphore), 1);
	want_u64("semaphore", take(semaphore), 1);
	want_u64("read of the semaphore at 0", read(semaphore, &n, 8), -1);
	n = 1;
	want_u64("write to the full one", write(full, &n, 8), -1);
	want_u64("errno", errno, EAGAIN);
	want_u64("full counter", take(full), FULL);
	want_u64("other counter", take(other), 1);
	if (!prog_losing)
		want_u64("read of the empty one", read(nonblock, &n, 8), -1);
}

static void on_signal(int sig)
{
	uint64_t n = 42;

	runs++;
	if (prog_is("read"))
		n = write(plain, &n, 8);
	else
		n = read(plain, &n, 8);
}

static void call(void)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	uint64_t n = 11;
	int ret, err;

	must(sigaction(SIGUSR1, &sa, NULL));
	plain = must(eventfd(0, prog_losing ? EFD_NONBLOCK : 0));
	if (prog_is("write"))
		add(plain, FULL);
	prog_ready();
	ret = prog_is("read") ? read(plain, &n, 8) : write(plain, &n, 8);
	err = ret < 0 ? errno : 0;
	prog_wait();
	want_u64("return value", ret, 8);
	want_u64("errno", err, 0);
	want_u64("handler runs", runs, 1);
	if (prog_is("read"))
		want_u64("what was read", n, 42);
	else if (ret == 8)
		want_u64("counter", take(plain), 11);
}

int main(int argc, char **argv)
{
	prog_start(argc, argv);
	if (!prog_is("state")) {
		call();
		prog_done();
	}
	state_setup();
	prog_ready();
	prog_wait();
	if (prog_losing)
		state_lose();
	state_verify();
	prog_done();
}
