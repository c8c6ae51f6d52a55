// SPDX-License-Identifier: GPL-2.0
/*
 * poll - an interrupted wait for file events goes on with the time that was left
 *
 * Regular files never have urgent data, so waiting for that waits for ever.
 * Variants: poll, ppoll, select, pselect: 3 s, then 0; poll_signal,
 * ppoll_signal, select_signal, pselect_signal: no timeout, a handler runs
 * after the restart; the masks of ppoll and pselect let it through and are
 * gone afterwards; pselect_timeout, ppoll_timeout: with a mask that hides it.
 */
#include "prog.h"
#include <poll.h>
#include <sys/select.h>

static volatile int runs;

static void on_signal(int sig)
{
	runs++;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct timespec ts = { 3, 0 }, *tsp = &ts;
	struct timeval tv = { 3, 0 }, *tvp = &tv;
	long long start, elapsed, wait = 3 * SEC;
	int ret, err, fd, ms = 3000, by_signal, masked;
	struct pollfd pfd[2];
	struct { const uint64_t *mask; size_t len; } sig6;
	uint64_t mask = 0, old = 0, now = 0;
	fd_set set;

	prog_start(argc, argv);
	by_signal = strstr(prog_variant, "_signal") != NULL;
	masked = prog_variant[0] == 'p' && (prog_variant[1] == 'p' || prog_variant[1] == 's');
	must(sigaction(SIGUSR1, &sa, NULL));
	if (masked && by_signal) {
		/* Blocked outside, let through inside. */
		old = 1 << (SIGUSR1 - 1) | 1 << (SIGHUP - 1);
		mask = 1 << (SIGTERM - 1);
		if (prog_losing)
			mask |= 1 << (SIGUSR1 - 1);
	}
	if (strstr(prog_variant, "_timeout")) {
		/* Open outside, blocked inside: runs when the call is over. */
		mask = 1 << (SIGUSR1 - 1);
		if (prog_losing)
			mask = 0;
	}
	must(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8));

	if (by_signal) {
		tsp = NULL;
		tvp = NULL;
		ms = -1;
		if (prog_losing && !masked)
			sa.sa_handler = SIG_IGN, ms = 1000, tv.tv_sec = 1, tvp = &tv;
		if (prog_losing && masked)
			tv.tv_sec = ts.tv_sec = 1, tsp = &ts;
		must(sigaction(SIGUSR1, &sa, NULL));
	} else if (prog_losing) {
		ms = 1000;
		tv.tv_sec = ts.tv_sec = 1;
	}

	fd = make_file("data", PAGE, 1);
	pfd[0] = (struct pollfd){ .fd = fd, .events = POLLPRI, .revents = 0x55 };
	pfd[1] = (struct pollfd){ .fd = -1, .events = POLLIN, .revents = 0x55 };
	FD_ZERO(&set);
	FD_SET(fd, &set);
	sig6.mask = &mask;
	sig6.len = 8;

	prog_ready();
	start = now_ns(CLOCK_MONOTONIC);
	if (!strncmp(prog_variant, "poll", 4))
		ret = syscall(SYS_poll, pfd, 2, ms);
	else if (!strncmp(prog_variant, "ppoll", 5))
		ret = syscall(SYS_ppoll, pfd, 2, tsp, &mask, 8);
	else if (!strncmp(prog_variant, "select", 6))
		ret = syscall(SYS_select, fd + 1, NULL, NULL, &set, tvp);
	else
		ret = syscall(SYS_pselect6, fd + 1, NULL, NULL, &set, tsp, &sig6);
	err = ret < 0 ? errno : 0;
	elapsed = now_ns(CLOCK_MONOTONIC) - start;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &now, 8);
	prog_wait();

	if (by_signal) {
		want_u64("return value", ret, -1);
		want_u64("errno", err, EINTR);
		want_u64("handler runs", runs, 1);
	} else {
		want_u64("return value", ret, 0);
		want_u64("errno", err, 0);
		want_waited("time waited", elapsed, wait);
		if (strstr(prog_variant, "select"))
			want_u64("bits left", FD_ISSET(fd, &set), 0);
		else
			want_u64("events", pfd[0].revents | pfd[1].revents, 0);
		if (strstr(prog_variant, "_timeout"))
			want_u64("handler runs", runs, 1);
	}
	want_u64("mask after the call", now, old);
	prog_done();
}
