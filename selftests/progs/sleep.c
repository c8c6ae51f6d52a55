// SPDX-License-Identifier: GPL-2.0
/*
 * sleep - an interrupted sleep goes on with the time that was left, and returns 0
 *
 * Variants: nanosleep; monotonic, boottime, realtime: clock_nanosleep(2),
 * relative; abs_monotonic, abs_realtime: until a point in time, however long
 * the program was dead.
 */
#include "prog.h"

int main(int argc, char **argv)
{
	struct timespec ts = { 3, 0 }, rem;
	long long wait = 3 * SEC, start, elapsed, at = 0;
	clockid_t clock = CLOCK_MONOTONIC;
	int flags = 0, ret, err;

	prog_start(argc, argv);
	if (prog_is("boottime"))
		clock = CLOCK_BOOTTIME;
	if (prog_is("realtime") || prog_is("abs_realtime"))
		clock = CLOCK_REALTIME;
	if (prog_losing)
		ts.tv_sec = 1;	/* a restart that forgets half of it */
	if (!strncmp(prog_variant, "abs_", 4)) {
		flags = TIMER_ABSTIME;
		at = now_ns(clock) + 3 * SEC;
		ts.tv_nsec = at % SEC;
		ts.tv_sec = at / SEC - (prog_losing ? 2 : 0);
	}
	prog_ready();
	start = now_ns(CLOCK_MONOTONIC);
	if (prog_is("nanosleep"))
		ret = syscall(SYS_nanosleep, &ts, &rem);
	else
		ret = syscall(SYS_clock_nanosleep, clock, flags, &ts, &rem);
	err = ret ? errno : 0;
	elapsed = now_ns(CLOCK_MONOTONIC) - start;
	if (at && now_ns(clock) < at)
		prog_fail("woke up %lld ns early", at - now_ns(clock));
	prog_wait();

	want_u64("return value", ret, 0);
	want_u64("errno", err, 0);
	if (!at)
		want_waited("time asleep", elapsed, wait);
	else
		want_between("time asleep", elapsed, 0, 3 * SEC + prog_dead_max + 10 * SEC);
	prog_done();
}
