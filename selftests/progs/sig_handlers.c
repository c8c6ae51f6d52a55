// SPDX-License-Identifier: GPL-2.0
/* sig_handlers - handler, flags, mask and restorer of every signal are as they were, and a handler runs */
#include "prog.h"

struct kernel_sigaction {
	uint64_t handler, flags, restorer, mask;
};

#define NSIGS 64

static struct kernel_sigaction saved[NSIGS + 1];
static volatile int got_sig, got_code, got_value;
static volatile uint64_t mask_inside;

static int kernel_sigaction(int sig, const struct kernel_sigaction *set, struct kernel_sigaction *old)
{
	return syscall(SYS_rt_sigaction, sig, set, old, 8);
}

static void on_info(int sig, siginfo_t *info, void *ctx)
{
	got_sig = sig;
	got_code = info->si_code;
	got_value = info->si_value.sival_int;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask_inside, 8);
}

static void on_plain(int sig)
{
	got_sig = sig;
}

static void setup(void)
{
	static const int flags[] = { 0, SA_RESTART, SA_NODEFER, SA_RESETHAND, SA_ONSTACK, SA_NOCLDSTOP, SA_NOCLDWAIT };
	int sig;

	for (sig = 1; sig <= NSIGS; sig++) {
		struct sigaction sa = { .sa_flags = flags[sig % ARRAY_SIZE(flags)] };

		if (sig == SIGKILL || sig == SIGSTOP || sig == 32 || sig == 33)
			continue;
		sigfillset(&sa.sa_mask);
		sigdelset(&sa.sa_mask, sig % 60 + 1);
		if (sig % 4 == 0)
			sa.sa_handler = SIG_IGN;
		else if (sig % 4 == 1)
			sa.sa_handler = SIG_DFL;
		else if (sig % 4 == 2)
			sa.sa_handler = on_plain;
		else {
			sa.sa_sigaction = on_info;
			sa.sa_flags |= SA_SIGINFO;
		}
		must(sigaction(sig, &sa, NULL));
	}
	for (sig = 1; sig <= NSIGS; sig++)
		must(kernel_sigaction(sig, NULL, &saved[sig]));
}

static void lose(void)
{
	struct sigaction sa = { .sa_handler = on_plain };

	must(sigaction(SIGRTMIN + 1, &sa, NULL));
	signal(SIGUSR1, SIG_DFL);
}

static void verify(void)
{
	struct kernel_sigaction now;
	union sigval value = { .sival_int = 12345 };
	int sig;

	for (sig = 1; sig <= NSIGS; sig++) {
		char what[48];

		must(kernel_sigaction(sig, NULL, &now));
		snprintf(what, sizeof(what), "signal %d: handler", sig);
		want_u64(what, now.handler, saved[sig].handler);
		snprintf(what, sizeof(what), "signal %d: flags", sig);
		want_u64(what, now.flags, saved[sig].flags);
		snprintf(what, sizeof(what), "signal %d: restorer", sig);
		want_u64(what, now.restorer, saved[sig].restorer);
		snprintf(what, sizeof(what), "signal %d: mask", sig);
		want_u64(what, now.mask, saved[sig].mask);
	}
	if (prog_failed)
		return;

	/* 35 % 4 == 3: with siginfo; its mask leaves out signal 36. */
	must(sigqueue(getpid(), 35, value));
	want_u64("handler ran for", got_sig, 35);
	want_u64("si_code", got_code, SI_QUEUE);
	want_u64("si_value", got_value, 12345);
	want_u64("mask in the handler", mask_inside >> 35 & 1, 0);
	want_u64("mask in the handler, signal 40", mask_inside >> 39 & 1, 1);
}

PROG_MAIN(setup, lose, verify)
