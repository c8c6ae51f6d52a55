// SPDX-License-Identifier: GPL-2.0
/*
 * epoll_wait - a wait for events goes on with the time that was left
 *
 * Variants: wait, pwait, pwait2: 3 s, then 0; with _signal: no timeout, a
 * handler runs after the restart, which the mask of pwait lets through; with
 * _timeout: 3 s with a mask that hides the signal until the wait is over; with
 * _event: no timeout, something is written to DIR/fifo.
 */
#include "prog.h"
#include <sys/epoll.h>

static volatile int runs;

static void on_signal(int sig)
{
	runs++;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct epoll_event add = { .events = EPOLLIN, .data.u64 = 77 }, ev[2] = { };
	struct timespec ts = { 3, 0 }, *tsp = &ts;
	int ret, err, ep, fd, ms = 3000, by_signal, by_event, masked;
	uint64_t mask = 0, old = 0, now = 0, *maskp = &mask;
	long long start, elapsed;

	prog_start(argc, argv);
	by_signal = strstr(prog_variant, "_signal") != NULL;
	by_event = strstr(prog_variant, "_event") != NULL;
	masked = prog_variant[0] == 'p';
	must(sigaction(SIGUSR1, &sa, NULL));
	if (masked && by_signal) {
		old = 1 << (SIGUSR1 - 1) | 1 << (SIGHUP - 1);
		mask = 1 << (SIGTERM - 1);
		if (prog_losing)
			mask |= 1 << (SIGUSR1 - 1);
	}
	if (strstr(prog_variant, "_timeout"))
		mask = prog_losing ? 0 : 1 << (SIGUSR1 - 1);
	if (!masked || !mask)
		maskp = NULL;
	must(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8));
	if (by_signal || by_event)
		tsp = NULL, ms = -1;
	if (prog_losing) {
		ms = 1000, ts.tv_sec = 1, tsp = &ts;
		if (by_signal && !masked)
			signal(SIGUSR1, SIG_IGN);
	}

	must(mkfifo(prog_path("fifo"), 0600));
	fd = must(open(prog_path("fifo"), O_RDWR));
	ep = must(epoll_create1(0));
	must(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &add));

	prog_ready();
	start = now_ns(CLOCK_MONOTONIC);
	if (!masked)
		ret = syscall(SYS_epoll_wait, ep, ev, 2, ms);
	else if (!strncmp(prog_variant, "pwait2", 6))
		ret = syscall(SYS_epoll_pwait2, ep, ev, 2, tsp, maskp, 8);
	else
		ret = syscall(SYS_epoll_pwait, ep, ev, 2, ms, maskp, 8);
	err = ret < 0 ? errno : 0;
	elapsed = now_ns(CLOCK_MONOTONIC) - start;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &now, 8);
	prog_wait();

	if (by_signal) {
		want_u64("return value", ret, -1);
		want_u64("errno", err, EINTR);
		want_u64("handler runs", runs, 1);
	} else if (by_event) {
		want_u64("return value", ret, 1);
		want_u64("errno", err, 0);
		want_u64("data", ev[0].data.u64, 77);
		want_u64("events", ev[0].events, EPOLLIN);
	} else {
		want_u64("return value", ret, 0);
		want_u64("errno", err, 0);
		want_waited("time waited", elapsed, 3 * SEC);
		if (strstr(prog_variant, "_timeout"))
			want_u64("handler runs", runs, 1);
	}
	want_u64("mask after the call", now, old);
	prog_done();
}
