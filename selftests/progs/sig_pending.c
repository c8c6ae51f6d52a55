// SPDX-License-Identifier: GPL-2.0
/*
 * sig_pending - blocked mask and queued signals survive: every siginfo, the order, the queue
 *
 * Signals are sent to the process (kill, sigqueue) and to the thread (tgkill,
 * rt_tgsigqueueinfo); real-time signals queue up in both queues.
 */
#include "prog.h"

static sigset_t blocked;

static void thread_queue(int sig, int value)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	info.si_signo = sig;
	info.si_pid = getpid();
	info.si_uid = 77;
	info.si_value.sival_int = value;
	must(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), sig, &info));
}

static void process_queue(int sig, int value)
{
	union sigval v = { .sival_int = value };

	must(sigqueue(getpid(), sig, v));
}

static void setup(void)
{
	int i;

	sigemptyset(&blocked);
	for (i = 1; i <= 64; i++)
		if (i % 3 && i != SIGKILL && i != SIGSTOP && i != 32 && i != 33)
			sigaddset(&blocked, i);
	sigaddset(&blocked, SIGUSR2);
	sigaddset(&blocked, SIGRTMIN + 2);
	sigaddset(&blocked, SIGRTMIN + 5);
	must(sigprocmask(SIG_SETMASK, &blocked, NULL));

	must(kill(getpid(), SIGUSR1));		/* process, standard: once only */
	must(kill(getpid(), SIGUSR1));
	must(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR2)); /* thread, standard */
	process_queue(SIGRTMIN + 5, 50);
	process_queue(SIGRTMIN + 2, 20);
	process_queue(SIGRTMIN + 2, 21);
	thread_queue(SIGRTMIN + 2, 120);
	process_queue(SIGRTMIN + 2, 22);
	thread_queue(SIGRTMIN + 2, 121);
	thread_queue(SIGRTMIN + 5, 150);
	process_queue(SIGHUP, 7);		/* a standard one with a value */
}

static void lose(void)
{
	struct timespec zero = { 0 };
	sigset_t one;
	siginfo_t info;

	sigemptyset(&one);
	sigaddset(&one, SIGRTMIN + 2);
	must(sigtimedwait(&one, &info, &zero));
	process_queue(SIGRTMIN + 2, 120);
}

static uint64_t bits(const char *field)
{
	unsigned long long value = ~0ULL;
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, field, strlen(field)))
			sscanf(line + strlen(field), ": %llx", &value);
	if (f)
		fclose(f);
	return value;
}

static void want_next(int sig, int code, int value, unsigned int uid)
{
	struct timespec zero = { 0 };
	siginfo_t info;
	sigset_t one;
	char what[64];

	sigemptyset(&one);
	sigaddset(&one, sig);
	snprintf(what, sizeof(what), "signal %d, value %d", sig, value);
	/* The C library shows SI_TKILL as SI_USER. */
	if (syscall(SYS_rt_sigtimedwait, &one, &info, &zero, 8) != sig) {
		prog_fail("%s: %s", what, strerror(errno));
		return;
	}
	want_u64(what, info.si_code, code);
	want_u64(what, info.si_pid, getpid());
	want_u64(what, info.si_uid, uid);
	if (code == SI_QUEUE)
		want_u64(what, info.si_value.sival_int, value);
}

static void verify(void)
{
	struct timespec zero = { 0 };
	unsigned int uid = getuid();
	sigset_t now;
	siginfo_t info;
	uint64_t rt = 1ULL << (SIGRTMIN + 2 - 1) | 1ULL << (SIGRTMIN + 5 - 1);

	must(sigprocmask(SIG_BLOCK, NULL, &now));
	want_u64("blocked mask", *(uint64_t *)&now, *(uint64_t *)&blocked);
	want_u64("SigPnd", bits("SigPnd"), rt | 1ULL << (SIGUSR2 - 1));
	want_u64("ShdPnd", bits("ShdPnd"), rt | 1ULL << (SIGUSR1 - 1) | 1ULL << (SIGHUP - 1));

	/* A thread takes from its own queue first. */
	want_next(SIGRTMIN + 2, SI_QUEUE, 120, 77);
	want_next(SIGRTMIN + 2, SI_QUEUE, 121, 77);
	want_next(SIGRTMIN + 2, SI_QUEUE, 20, uid);
	want_next(SIGRTMIN + 2, SI_QUEUE, 21, uid);
	want_next(SIGRTMIN + 2, SI_QUEUE, 22, uid);
	want_next(SIGRTMIN + 5, SI_QUEUE, 150, 77);
	want_next(SIGRTMIN + 5, SI_QUEUE, 50, uid);
	want_next(SIGUSR1, SI_USER, 0, uid);
	want_next(SIGUSR2, SI_TKILL, 0, uid);
	want_next(SIGHUP, SI_QUEUE, 7, uid);
	want_u64("left over", sigtimedwait(&blocked, &info, &zero), -1);
}

PROG_MAIN(setup, lose, verify)
