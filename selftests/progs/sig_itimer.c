// SPDX-License-Identifier: GPL-2.0
/*
 * sig_itimer - an interval timer goes on with the time that was left
 *
 * Variants: real, virtual, prof: the timer is armed for long with an interval;
 * fires: a short real timer goes off after the restart and again after its interval.
 */
#include "prog.h"
#include <sys/time.h>

static int which = ITIMER_REAL;
static struct itimerval set = { .it_value = { 300, 0 }, .it_interval = { 17, 250000 } };
static volatile int fired;
static long long armed_at, left_then;
static volatile long long fired_at;

static void on_alarm(int sig)
{
	if (!fired++)
		fired_at = now_ns(CLOCK_MONOTONIC);
}

static long long left(struct itimerval *now)
{
	must(getitimer(which, now));
	return now->it_value.tv_sec * 1000000LL + now->it_value.tv_usec;
}

static void setup(void)
{
	struct itimerval now;
	volatile unsigned long i;

	if (prog_is("virtual"))
		which = ITIMER_VIRTUAL;
	if (prog_is("prof"))
		which = ITIMER_PROF;
	if (prog_is("fires")) {
		set.it_value.tv_sec = 2;
		set.it_interval.tv_sec = 0;
	}
	signal(SIGALRM, on_alarm);
	signal(SIGVTALRM, on_alarm);
	signal(SIGPROF, on_alarm);
	must(setitimer(which, &set, NULL));
	for (i = 0; i < 20000000; i++)
		;
	armed_at = now_ns(CLOCK_MONOTONIC);
	left_then = left(&now);
}

static void lose(void)
{
	struct itimerval other = set;

	if (prog_is("fires")) {
		memset(&other, 0, sizeof(other));
	} else {
		other.it_value.tv_sec += 1; /* armed anew */
		other.it_interval.tv_usec = 0;
	}
	must(setitimer(which, &other, NULL));
}

static void verify(void)
{
	struct itimerval now;
	long long alive, us;

	if (prog_is("fires")) {
		alive = now_ns(CLOCK_MONOTONIC);
		while (!fired && now_ns(CLOCK_MONOTONIC) - alive < (prog_losing ? 4 : 20) * SEC)
			sleep_ms(20);
		alive = fired_at - armed_at;
		want_u64("fired", fired > 0, 1);
		if (prog_failed)
			return;
		/* Alive when it fires; not the dead time. */
		want_between("time until it fired", alive, left_then * 1000 + prog_dead_min - 10 * MS,
			     left_then * 1000 + prog_dead_max + 15 * SEC);
		alive = now_ns(CLOCK_MONOTONIC);
		while (fired < 3 && now_ns(CLOCK_MONOTONIC) - alive < 20 * SEC)
			sleep_ms(20);
		want_between("fired by its interval", fired, 3, 10000);
		return;
	}
	us = left(&now);
	alive = now_ns(CLOCK_MONOTONIC) - armed_at - prog_dead_min;
	want_u64("interval, s", now.it_interval.tv_sec, set.it_interval.tv_sec);
	want_u64("interval, us", now.it_interval.tv_usec, set.it_interval.tv_usec);
	want_between("time left, us", us, left_then - alive / 1000 - 100000, left_then);
	want_u64("fired", fired, 0);
}

PROG_MAIN(setup, lose, verify)
