// SPDX-License-Identifier: GPL-2.0
/*
 * task_dispatch_amd64 - system call user dispatch; one variant each
 *
 *   selector	every system call is dispatched once the selector says so
 *   range	those outside of the program's text are, with no selector
 *   blocked	the same, with a selector that says so all the time
 *   thread	one thread has it, the other has not
 *   off	it was on, and is off again
 *
 * The call that is made to see is getppid(2) from a page of code of its own.
 */
#include "prog.h"
#include <pthread.h>
#include <sys/prctl.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF 0
#define PR_SYS_DISPATCH_ON 1
#endif
#define ALLOW 0
#define BLOCK 1
#define USER_DISPATCH 2		/* si_code */

extern char __executable_start, etext;

static volatile char selector = ALLOW;
static volatile int caught, caught_code, caught_call;
static volatile int selector_after = ALLOW;
static long (*outside)(void);
static pthread_barrier_t barrier;

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	selector = selector_after;
	caught++;
	caught_code = info->si_code;
	caught_call = info->si_syscall;
}

static void make_outside(void)
{
	/* mov $SYS_getppid, %eax; syscall; ret */
	static const unsigned char code[] = { 0xb8, SYS_getppid, 0, 0, 0, 0x0f, 0x05, 0xc3 };
	void *page = area(PAGE, PROT_READ | PROT_WRITE);

	memcpy(page, code, sizeof(code));
	must(mprotect(page, PAGE, PROT_READ | PROT_EXEC));
	outside = page;
}

static void dispatch(int with_range, int with_selector)
{
	unsigned long start = with_range ? (unsigned long)&__executable_start : 0;
	unsigned long len = with_range ? &etext - &__executable_start : 0;

	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, start, len, with_selector ? &selector : NULL))
		prog_unsupported("PR_SET_SYSCALL_USER_DISPATCH: %s", strerror(errno));
}

static void want_caught(const char *what, int times)
{
	int before = caught;
	long ret = outside();

	want_u64(what, caught - before, times);
	if (!times || caught == before)
		return;
	want_u64("result of a dispatched call", ret, SYS_getppid);
	want_u64("si_code", caught_code, USER_DISPATCH);
	want_u64("si_syscall", caught_call, SYS_getppid);
}

static void *dispatched_thread(void *unused)
{
	if (!prog_losing)
		dispatch(1, 0);
	pthread_barrier_wait(&barrier);
	prog_wait();
	want_caught("calls of the thread that were dispatched", 1);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
	pthread_t thread;

	prog_start(argc, argv);
	must(sigaction(SIGSYS, &sa, NULL));
	make_outside();
	if (prog_is("selector")) {
		if (!prog_losing)
			dispatch(0, 1);
		prog_ready();
		prog_wait();
		want_caught("calls dispatched while allowed", 0);
		selector = BLOCK;
		want_caught("calls dispatched while blocked", 1);
		selector = ALLOW;
	} else if (prog_is("range")) {
		if (!prog_losing)
			dispatch(1, 0);
		prog_ready();
		prog_wait();
		want_caught("calls dispatched from outside", 1);
		want_caught("calls dispatched from outside, again", 1);
	} else if (prog_is("blocked")) {
		selector = selector_after = BLOCK;
		if (!prog_losing)
			dispatch(1, 1);
		prog_ready();
		prog_wait();
		want_caught("calls dispatched while blocked", 1);
		selector = ALLOW;
		want_caught("calls dispatched while allowed", 0);
	} else if (prog_is("thread")) {
		must(pthread_barrier_init(&barrier, NULL, 2) ? -1 : 0);
		must(pthread_create(&thread, NULL, dispatched_thread, NULL) ? -1 : 0);
		pthread_barrier_wait(&barrier);
		prog_ready();
		prog_wait();
		pthread_join(thread, NULL);
		want_caught("calls of the other thread that were dispatched", 0);
	} else if (prog_is("off")) {
		dispatch(1, 0);
		if (!prog_losing)
			must(prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0));
		prog_ready();
		prog_wait();
		want_caught("calls dispatched after it was switched off", 0);
	} else {
		prog_unsupported("no variant \"%s\"", prog_variant);
	}
	prog_done();
}
