// SPDX-License-Identifier: GPL-2.0
/*
 * pause - pause(2) and sigsuspend(2) go on until a handler runs
 *
 * The test sends SIGUSR1 after the restart. Variants: pause; sigsuspend, with
 * SIGUSR1 blocked outside; suspend_wrong, the same with SIGUSR2 sent first,
 * which the mask of sigsuspend blocks and which runs when the old mask is back.
 */
#include "prog.h"

static volatile int order[4], runs;

static void on_signal(int sig)
{
	if (runs < 4)
		order[runs] = sig;
	runs++;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	uint64_t old = 0, inside = 0, now = 0;
	int ret, err;

	prog_start(argc, argv);
	must(sigaction(SIGUSR1, &sa, NULL));
	must(sigaction(SIGUSR2, &sa, NULL));
	if (!prog_is("pause")) {
		old = 1ULL << (SIGUSR1 - 1) | 1ULL << (SIGHUP - 1);
		inside = 1ULL << (SIGUSR2 - 1) | 1ULL << (SIGINT - 1);
	}
	must(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8));

	prog_ready();
	if (prog_losing) {
		/* The wait is over at once and the mask inside stays. */
		ret = -1;
		errno = 0;
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &inside, NULL, 8);
	} else if (prog_is("pause")) {
		ret = pause();
	} else {
		ret = syscall(SYS_rt_sigsuspend, &inside, 8);
	}
	err = errno;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &now, 8);
	prog_wait();

	want_u64("return value", ret, -1);
	want_u64("errno", err, EINTR);
	want_u64("mask after the call", now, old);
	if (prog_is("suspend_wrong")) {
		want_u64("handler runs", runs, 2);
		want_u64("first handler", order[0], SIGUSR1);
		want_u64("second handler", order[1], SIGUSR2);
	} else {
		want_u64("handler runs", runs, 1);
		want_u64("handler", order[0], SIGUSR1);
	}
	prog_done();
}
