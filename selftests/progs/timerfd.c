// SPDX-License-Identifier: GPL-2.0
/*
 * timerfd - timers of timerfd_create(2) go on as they were
 *
 * Variants: left: relative timers of every clock; instant: those set with
 * TFD_TIMER_ABSTIME; ticks: expirations that were not read, one-shot and
 * periodic; cancel: TFD_TIMER_CANCEL_ON_SET, and one that was canceled;
 * unset: timers that were never set, set to 0, or have expired and been read;
 * fires: one that a poll and an epoll wait for; read: asleep in read(2).
 */
#include "prog.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET 2
#endif

static const int clocks[] = {
	CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM,
};

#define NR ARRAY_SIZE(clocks)

static int fds[NR];
static long long before[NR], taken[NR], instants[NR];

static void set(int fd, int flags, long long value, long long interval)
{
	struct itimerspec its = {
		.it_value = { value / SEC, value % SEC },
		.it_interval = { interval / SEC, interval % SEC },
	};

	must(timerfd_settime(fd, flags, &its, NULL));
}

static long long left(int fd, long long *interval)
{
	struct itimerspec its = {};

	must(timerfd_gettime(fd, &its));
	if (interval)
		*interval = its.it_interval.tv_sec * SEC + its.it_interval.tv_nsec;
	return its.it_value.tv_sec * SEC + its.it_value.tv_nsec;
}

/* The ticks, or minus the errno. */
static long long ticks(int fd)
{
	uint64_t n = 0;

	if (read(fd, &n, 8) != 8)
		return -errno;
	return n;
}

static void times_setup(void)
{
	int flags = prog_is("instant") ? TFD_TIMER_ABSTIME : 0;
	size_t i;

	for (i = 0; i < NR; i++) {
		fds[i] = must(timerfd_create(clocks[i], TFD_NONBLOCK | (i & 1 ? TFD_CLOEXEC : 0)));
		instants[i] = now_ns(clocks[i]) + 400 * SEC;
		if (clocks[i] == CLOCK_REALTIME_ALARM)
			instants[i] = now_ns(CLOCK_REALTIME) + 400 * SEC;
		if (clocks[i] == CLOCK_BOOTTIME_ALARM)
			instants[i] = now_ns(CLOCK_BOOTTIME) + 400 * SEC;
		set(fds[i], flags, flags ? instants[i] : 400 * SEC, 5 * SEC + i);
		taken[i] = now_ns(CLOCK_MONOTONIC);
		before[i] = left(fds[i], NULL);
	}
}

static void times_lose(void)
{
	size_t i;

	for (i = 0; i < NR; i++)
		set(fds[i], 0, 402 * SEC, 5 * SEC);
}

static void times_verify(void)
{
	static const int base[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME, CLOCK_BOOTTIME };
	long long interval, rest, alive;
	size_t i;

	for (i = 0; i < NR; i++) {
		if (prog_is("instant")) {
			long long now = now_ns(base[i]);

			rest = left(fds[i], &interval);
			want_between("instant", rest + now, instants[i] - 200 * MS, instants[i]);
		} else {
			rest = left(fds[i], &interval);
			alive = now_ns(CLOCK_MONOTONIC) - taken[i] - prog_dead_min;
			want_between("time left", rest, before[i] - alive - 100 * MS, before[i]);
		}
		want_u64("interval", interval, 5 * SEC + i);
		want_u64("O_NONBLOCK", fcntl(fds[i], F_GETFL), O_RDWR | O_NONBLOCK);
		want_u64("FD_CLOEXEC", fcntl(fds[i], F_GETFD), i & 1 ? FD_CLOEXEC : 0);
		want_u64("read", ticks(fds[i]), -EAGAIN);
	}
}

/* ticks */

static int once, twin, often, many;

static void ticks_setup(void)
{
	once = must(timerfd_create(CLOCK_MONOTONIC, 0));
	twin = must(dup(once));
	often = must(timerfd_create(CLOCK_REALTIME, 0));
	many = must(timerfd_create(CLOCK_BOOTTIME, 0));
	set(once, 0, MS, 0);
	set(often, 0, MS, 600 * SEC);
	set(many, 0, MS, 10 * MS);
	sleep_ms(300);
}

static void ticks_lose(void)
{
	fcntl(once, F_SETFL, O_NONBLOCK);
	fcntl(often, F_SETFL, O_NONBLOCK);
	ticks(once);
	ticks(often);
	ticks(many);
}

static void ticks_verify(void)
{
	struct pollfd p = { .fd = once, .events = POLLIN };
	long long interval;

	want_u64("poll", poll(&p, 1, 0), 1);
	want_u64("ticks of the one-shot", ticks(twin), 1);
	want_u64("time left", left(once, NULL), 0);
	want_u64("poll", poll(&p, 1, 0), 0);
	want_u64("ticks of the periodic", ticks(often), 1);
	want_between("time left", left(often, &interval), 500 * SEC, 600 * SEC);
	want_u64("interval", interval, 600 * SEC);
	want_between("ticks of the quick", ticks(many), 20, 100000);
	left(many, &interval);
	want_u64("interval", interval, 10 * MS);
}

/* cancel */

static int canceled, cancelable;

static void cancel_setup(void)
{
	struct timespec ts;

	canceled = must(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	cancelable = must(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	set(canceled, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, now_ns(CLOCK_REALTIME) + 900 * SEC, 0);
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec = (ts.tv_nsec + 500 * MS) % SEC;
	if (clock_settime(CLOCK_REALTIME, &ts))
		prog_unsupported("clock_settime: %s", strerror(errno));
	set(cancelable, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, now_ns(CLOCK_REALTIME) + 900 * SEC, 0);
}

static void cancel_lose(void)
{
	set(canceled, 0, 900 * SEC, 0);
	set(cancelable, TFD_TIMER_ABSTIME, now_ns(CLOCK_REALTIME) + 900 * SEC, 0);
}

static void cancel_verify(void)
{
	struct timespec ts;

	want_u64("the one that was canceled", ticks(canceled), -ECANCELED);
	want_u64("once", ticks(canceled), -EAGAIN);
	want_u64("the other one", ticks(cancelable), -EAGAIN);
	want_between("time left", left(cancelable, NULL), 800 * SEC, 900 * SEC);
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec = (ts.tv_nsec + 500 * MS) % SEC;
	must(clock_settime(CLOCK_REALTIME, &ts));
	want_u64("the other one, when the clock is set", ticks(cancelable), -ECANCELED);
}

/* unset */

static int never, zero, read_out, stopped;

static void unset_setup(void)
{
	never = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	zero = must(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	set(zero, TFD_TIMER_ABSTIME, 0, 7 * SEC);
	read_out = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	set(read_out, TFD_TIMER_ABSTIME, 1, 0);
	sleep_ms(20);
	must(ticks(read_out));
	stopped = must(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK));
	set(stopped, 0, 100 * SEC, SEC);
	set(stopped, 0, 0, 0);
}

static void unset_lose(void)
{
	set(never, 0, MS, 0);
	set(read_out, TFD_TIMER_ABSTIME, 1, 0);
	set(stopped, 0, 100 * SEC, SEC);
	sleep_ms(20);
}

static void unset_verify(void)
{
	long long interval;

	want_u64("never set", left(never, &interval), 0);
	want_u64("interval", interval, 0);
	want_u64("ticks", ticks(never), -EAGAIN);
	want_u64("set to 0", left(zero, &interval), 0);
	want_u64("interval", interval, 7 * SEC);
	want_u64("expired and read", left(read_out, &interval), 0);
	want_u64("ticks", ticks(read_out), -EAGAIN);
	want_u64("stopped", left(stopped, &interval), 0);
	want_u64("ticks", ticks(stopped), -EAGAIN);
}

/* fires */

static int ep, first, second;

static void fires_setup(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.u64 = 1 };

	ep = must(epoll_create1(0));
	first = must(timerfd_create(CLOCK_MONOTONIC, 0));
	second = must(timerfd_create(CLOCK_REALTIME, 0));
	must(epoll_ctl(ep, EPOLL_CTL_ADD, first, &ev));
	ev.data.u64 = 2;
	must(epoll_ctl(ep, EPOLL_CTL_ADD, second, &ev));
	set(second, 0, MS, 0);
	/* This edge has been seen. */
	must(epoll_wait(ep, &ev, 1, 5000));
	set(first, 0, 1500 * MS, 100 * MS);
}

static void fires_lose(void)
{
	set(first, 0, 0, 0);
}

static void fires_verify(void)
{
	struct epoll_event ev = {};

	if (want_u64("epoll_wait", epoll_wait(ep, &ev, 1, prog_losing ? 3000 : 20000), 1))
		want_u64("data", ev.data.u64, 1);
	if (prog_losing)
		return;
	want_between("ticks", ticks(first), 1, 100000);
	want_u64("epoll_wait", epoll_wait(ep, &ev, 1, 20000), 1);
	want_u64("data", ev.data.u64, 1);
	want_u64("ticks of the other", ticks(second), 1);
}

/* read */

static void asleep(void)
{
	long long start, n;
	int fd = must(timerfd_create(CLOCK_MONOTONIC, 0));

	set(fd, 0, 4 * SEC, 0);
	start = now_ns(CLOCK_MONOTONIC);
	prog_ready();
	if (prog_losing)
		set(fd, 0, MS, 0);
	n = ticks(fd);
	start = now_ns(CLOCK_MONOTONIC) - start;
	prog_wait();
	want_u64("ticks", n, 1);
	want_waited("read", start, 4 * SEC);
}

static const struct {
	const char *name;
	void (*setup)(void), (*lose)(void), (*verify)(void);
} variants[] = {
	{ "left", times_setup, times_lose, times_verify },
	{ "instant", times_setup, times_lose, times_verify },
	{ "ticks", ticks_setup, ticks_lose, ticks_verify },
	{ "cancel", cancel_setup, cancel_lose, cancel_verify },
	{ "unset", unset_setup, unset_lose, unset_verify },
	{ "fires", fires_setup, fires_lose, fires_verify },
};

int main(int argc, char **argv)
{
	size_t i;

	prog_start(argc, argv);
	if (prog_is("read")) {
		asleep();
		prog_done();
	}
	for (i = 0; i < ARRAY_SIZE(variants); i++) {
		if (!prog_is(variants[i].name))
			continue;
		variants[i].setup();
		prog_ready();
		prog_wait();
		if (prog_losing)
			variants[i].lose();
		variants[i].verify();
		prog_done();
	}
	prog_say("SETUP: no variant %s", prog_variant);
	return 2;
}
