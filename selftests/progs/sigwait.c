// SPDX-License-Identifier: GPL-2.0
/*
 * sigwait - rt_sigtimedwait(2) goes on with the time that was left
 *
 * Variants: timeout, 3 s, then EAGAIN; signal, a minute, the test sends
 * SIGUSR1 after the restart; info, without timeout, likewise.
 */
#include "prog.h"

int main(int argc, char **argv)
{
	uint64_t set = 1ULL << (SIGUSR1 - 1) | 1ULL << (SIGHUP - 1), now = 0;
	struct timespec ts = { 3, 0 };
	long long start, elapsed;
	siginfo_t info = { 0 };
	int ret, err;

	prog_start(argc, argv);
	if (prog_is("signal"))
		ts.tv_sec = 60;
	must(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8));
	prog_ready();
	start = now_ns(CLOCK_MONOTONIC);
	if (prog_losing) {
		/* What an unaware kernel answers to any interruption. */
		ret = -1;
		errno = EINTR;
	} else {
		ret = syscall(SYS_rt_sigtimedwait, &set, &info, prog_is("info") ? NULL : &ts, 8);
	}
	err = ret < 0 ? errno : 0;
	elapsed = now_ns(CLOCK_MONOTONIC) - start;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &now, 8);
	prog_wait();

	if (prog_is("timeout")) {
		want_u64("return value", ret, -1);
		want_u64("errno", err, EAGAIN);
		want_waited("time waited", elapsed, 3 * SEC);
	} else {
		want_u64("return value", ret, SIGUSR1);
		want_u64("si_signo", info.si_signo, SIGUSR1);
		want_u64("si_code", info.si_code, SI_USER);
		want_u64("si_uid", info.si_uid, 0);
		want_u64("si_pid is set", info.si_pid > 0, 1);
	}
	want_u64("mask after the call", now, set);
	prog_done();
}
