// SPDX-License-Identifier: GPL-2.0
/*
 * sig_inhandler - a program checkpointed inside a handler, two deep, returns through both frames
 *
 * The outer handler interrupts a computation in floating point and integers;
 * the test sees that it goes on undisturbed, and that the masks are right in the
 * inner handler, between and after.
 */
#include "prog.h"

static volatile int order[8], steps;
static volatile uint64_t mask_inner, mask_outer;

static uint64_t mask(void)
{
	uint64_t now = 0;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &now, 8);
	return now;
}

static void inner(int sig, siginfo_t *info, void *ctx)
{
	order[steps++] = 2;
	prog_ready();
	prog_wait();
	if (prog_losing) {
		/* The frame comes back with another mask, and without the sender. */
		((uint64_t *)&((ucontext_t *)ctx)->uc_sigmask)[0] = 0;
		info->si_pid = 0;
	}
	mask_inner = mask();
	want_u64("inner si_pid", info->si_pid, getpid());
	want_u64("inner si_signo", info->si_signo, SIGUSR2);
	order[steps++] = 3;
}

static void outer(int sig, siginfo_t *info, void *ctx)
{
	order[steps++] = 1;
	raise(SIGUSR2);
	mask_outer = mask();
	order[steps++] = 4;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	volatile double before = 1.0 / 3.0;
	uint64_t i, sum = 0, want_sum = 0, start = 0;
	double x = before, y;
	sigset_t set;

	prog_start(argc, argv);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	must(sigprocmask(SIG_SETMASK, &set, NULL));
	start = mask();

	sa.sa_sigaction = inner;
	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGTERM);
	must(sigaction(SIGUSR2, &sa, NULL));
	sa.sa_sigaction = outer;
	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGINT);
	must(sigaction(SIGUSR1, &sa, NULL));

	for (i = 0; i < 1000; i++) {
		x = x * 1.0000001 + 0.5;
		sum += pattern(1, i);
		if (i == 500)
			raise(SIGUSR1);
	}
	for (y = before, i = 0; i < 1000; i++) {
		y = y * 1.0000001 + 0.5;
		want_sum += pattern(1, i);
	}
	want_u64("integer sum", sum, want_sum);
	want_u64("floating-point sum", memcmp(&x, &y, 8), 0);
	want_u64("steps", steps, 4);
	for (i = 0; i < 4; i++)
		want_u64("order of handlers", order[i], i + 1);
	want_u64("mask in the inner handler", mask_inner,
		 start | 1 << (SIGUSR1 - 1) | 1 << (SIGINT - 1) | 1 << (SIGUSR2 - 1) | 1 << (SIGTERM - 1));
	want_u64("mask in the outer handler", mask_outer, start | 1 << (SIGUSR1 - 1) | 1 << (SIGINT - 1));
	want_u64("mask after both", mask(), start);
	prog_done();
}
