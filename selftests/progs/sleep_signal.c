// SPDX-License-Identifier: GPL-2.0
/*
 * sleep_signal - a handler that runs after the restart ends the sleep with EINTR and the time that was left
 *
 * The test sends SIGUSR1 after the restart. Variants: nanosleep, clock_nanosleep.
 */
#include "prog.h"

#define TOTAL (600 * SEC)

static volatile int runs;

static void on_signal(int sig)
{
	runs++;
}

int main(int argc, char **argv)
{
	struct timespec ts = { 600, 0 }, rem = { 0, 0 };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	long long start, elapsed, left;
	int ret, err;

	prog_start(argc, argv);
	must(sigaction(SIGUSR1, &sa, NULL));
	prog_ready();
	start = now_ns(CLOCK_MONOTONIC);
	if (prog_is("nanosleep"))
		ret = syscall(SYS_nanosleep, &ts, prog_losing ? NULL : &rem);
	else
		ret = syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &ts, prog_losing ? NULL : &rem);
	err = ret ? errno : 0;
	elapsed = now_ns(CLOCK_MONOTONIC) - start;
	prog_wait();

	want_u64("return value", ret, -1);
	want_u64("errno", err, EINTR);
	want_u64("handler runs", runs, 1);
	left = rem.tv_sec * SEC + rem.tv_nsec;
	want_between("remaining time", left, TOTAL - (elapsed - prog_dead_min) - 50 * MS,
		     TOTAL - (elapsed - prog_dead_max) + 50 * MS);
	prog_done();
}
