// SPDX-License-Identifier: GPL-2.0
/*
 * posix_timer - timers of timer_create(2) go on as they were
 *
 * Variants:
 * ids: timers keep their ids, gaps between them and the next id
 * left: relative timers of every clock have the time that was left
 * instant: timers set with TIMER_ABSTIME keep their instant
 * none: SIGEV_NONE timers, which only timer_gettime(2) shows
 * fires: a short timer expires after the restart, with value and interval
 * pending: a signal that was blocked is still queued, among others, with its overruns
 * stopped: a timer whose signal was taken is not armed again
 * thread: SIGEV_THREAD_ID, armed, and queued for a thread
 * library: SIGEV_THREAD of the C library
 * cpu: CPU clocks of the process, of a thread and of a child
 */
#include "family.h"
#include <pthread.h>
#include <semaphore.h>
#include <sys/timerfd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
#define THREAD_ID 4

/* The library wraps ids; these are the kernel's. */
static int create_as(clockid_t clock, int notify, int sig, uintptr_t value, pid_t tid)
{
	struct sigevent ev = { .sigev_notify = notify, .sigev_signo = sig };
	int id = -1;

	ev.sigev_value.sival_ptr = (void *)value;
	if (notify == THREAD_ID)
		ev.sigev_notify_thread_id = tid;
	if (syscall(SYS_timer_create, clock, &ev, &id))
		return -1;
	return id;
}

static int create(clockid_t clock)
{
	return must(create_as(clock, SIGEV_SIGNAL, SIGRTMIN, 0x1234567890, 0));
}

static void arm(int id, int flags, long long value, long long interval)
{
	struct itimerspec its = {
		.it_value = { value / SEC, value % SEC },
		.it_interval = { interval / SEC, interval % SEC },
	};

	must(syscall(SYS_timer_settime, id, flags, &its, NULL));
}

static long long ns(const struct timespec *ts)
{
	return ts->tv_sec * SEC + ts->tv_nsec;
}

static long long left(int id, long long *interval)
{
	struct itimerspec its = {};

	if (syscall(SYS_timer_gettime, id, &its))
		prog_fail("timer %d: %s", id, strerror(errno));
	if (interval)
		*interval = ns(&its.it_interval);
	return ns(&its.it_value);
}

static int overrun(int id)
{
	return syscall(SYS_timer_getoverrun, id);
}

/* ids */

static int kept[3];

static void ids_setup(void)
{
	int i, all[40];

	for (i = 0; i < 40; i++)
		all[i] = create(CLOCK_MONOTONIC);
	for (i = 0; i < 40; i++)
		if (i != 3 && i != 17 && i != 30)
			must(syscall(SYS_timer_delete, all[i]));
	kept[0] = all[3];
	kept[1] = all[17];
	kept[2] = all[30];
	for (i = 0; i < 3; i++)
		arm(kept[i], 0, (1000 + i) * SEC, i * SEC);
}

static void ids_lose(void)
{
	must(syscall(SYS_timer_delete, kept[1]));
	create(CLOCK_MONOTONIC);
}

static void ids_verify(void)
{
	long long interval;
	int i, id;

	for (i = 0; i < 3; i++) {
		want_between("time left", left(kept[i], &interval), 900 * SEC, (1000 + i) * SEC);
		want_u64("interval", interval, i * SEC);
	}
	for (i = 0; i <= kept[2] + 10; i++)
		if (i != kept[0] && i != kept[1] && i != kept[2])
			want_u64("timer that is not there", syscall(SYS_timer_delete, i), -1);
	/* 40 ids were given out. */
	id = create(CLOCK_MONOTONIC);
	want_u64("next id", id, kept[0] - 3 + 40);
}

/* left and instant */

static const clockid_t clocks[] = {
	CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM,
};

static int timers[ARRAY_SIZE(clocks)];
static long long before[ARRAY_SIZE(clocks)], taken[ARRAY_SIZE(clocks)], instants[ARRAY_SIZE(clocks)];

/* Alarm clocks need a real-time clock that wakes up the machine. */
static void make(int flags)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		timers[i] = create_as(clocks[i], SIGEV_SIGNAL, SIGRTMIN, i, 0);
		if (timers[i] < 0 && clocks[i] >= CLOCK_REALTIME_ALARM && errno != EPERM && clocks[i] != CLOCK_TAI)
			continue;
		must(timers[i]);
		instants[i] = now_ns(clocks[i]) + 500 * SEC;
		arm(timers[i], flags, flags ? instants[i] : 500 * SEC, 3 * SEC + i);
		taken[i] = now_ns(CLOCK_MONOTONIC);
		before[i] = left(timers[i], NULL);
	}
}

static void times_setup(void)
{
	make(prog_is("instant") ? TIMER_ABSTIME : 0);
}

static void times_lose(void)
{
	size_t i;

	/* What the other kind of timer would show. */
	sleep_ms(300);
	for (i = 0; i < ARRAY_SIZE(clocks); i++)
		if (timers[i] >= 0)
			arm(timers[i], 0, before[i] + SEC, 3 * SEC);
}

static void times_verify(void)
{
	long long interval, rest, alive;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		if (timers[i] < 0)
			continue;
		if (prog_is("instant")) {
			long long a = now_ns(clocks[i]);

			rest = left(timers[i], &interval);
			want_between("instant", rest + a, instants[i] - 200 * MS, instants[i]);
		} else {
			rest = left(timers[i], &interval);
			alive = now_ns(CLOCK_MONOTONIC) - taken[i] - prog_dead_min;
			want_between("time left", rest, before[i] - alive - 100 * MS, before[i]);
		}
		want_u64("interval", interval, 3 * SEC + i);
	}
}

/* none */

static int one, many, disarmed;

static void none_setup(void)
{
	one = must(create_as(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, 0));
	many = must(create_as(CLOCK_REALTIME, SIGEV_NONE, 99, 0, 0));
	disarmed = must(create_as(CLOCK_BOOTTIME, SIGEV_NONE, 0, 0, 0));
	arm(one, 0, 100 * SEC, 0);
	arm(many, 0, MS, 700 * SEC);
	sleep_ms(10);
}

static void none_lose(void)
{
	arm(one, 0, 0, 0);
	arm(one, 0, 10 * SEC, 0);
	arm(many, 0, SEC, 7 * SEC);
	arm(disarmed, 0, SEC, 0);
}

static void none_verify(void)
{
	long long interval;

	want_between("time left", left(one, &interval), 60 * SEC, 100 * SEC);
	want_u64("interval", interval, 0);
	want_between("time left of the second round", left(many, &interval), 600 * SEC, 700 * SEC);
	want_u64("interval", interval, 700 * SEC);
	want_u64("disarmed", left(disarmed, &interval), 0);
}

/* fires */

static volatile int fired, code, value, tid_of, over;
static int periodic;

static void on_timer(int sig, siginfo_t *info, void *uc)
{
	fired++;
	code = info->si_code;
	value = info->si_value.sival_int;
	tid_of = info->si_timerid;
	over = info->si_overrun;
}

static void handle(int sig)
{
	struct sigaction sa = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART };

	must(sigaction(sig, &sa, NULL));
}

static void fires_setup(void)
{
	handle(SIGRTMIN + 3);
	create(CLOCK_MONOTONIC);
	periodic = must(create_as(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 3, 77, 0));
	arm(periodic, 0, 1500 * MS, 150 * MS);
}

static void fires_lose(void)
{
	arm(periodic, 0, 0, 0);
	fired = 0;
}

static void fires_verify(void)
{
	long long end = now_ns(CLOCK_MONOTONIC) + (prog_losing ? 4 : 20) * SEC;

	while (fired < 3 && now_ns(CLOCK_MONOTONIC) < end)
		sleep_ms(10);
	want_between("fired", fired, 3, 1000);
	want_u64("si_code", code, SI_TIMER);
	want_u64("si_value", value, 77);
	want_u64("si_timerid", tid_of, periodic);
}

/* pending */

static int blocked, again, gone;

static void pending_setup(void)
{
	union sigval v = { .sival_int = 1 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGRTMIN + 1);
	sigaddset(&set, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	/* The order of the queue: 1, the timer, 2, another timer, 3. */
	must(sigqueue(getpid(), SIGRTMIN, v));
	blocked = must(create_as(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 100, 0));
	arm(blocked, 0, MS, 100 * MS);
	sleep_ms(20);
	v.sival_int = 2;
	must(sigqueue(getpid(), SIGRTMIN, v));
	again = must(create_as(CLOCK_REALTIME, SIGEV_SIGNAL, SIGRTMIN, 200, 0));
	arm(again, 0, MS, 0);
	sleep_ms(20);
	v.sival_int = 3;
	must(sigqueue(getpid(), SIGRTMIN, v));
	/* Set anew while its signal is queued: two in one. */
	arm(again, 0, MS, 0);
	sleep_ms(20);
	arm(again, 0, 3000 * SEC, 5 * SEC);
	/* A signal without a queue entry of its own, and a timer that is deleted. */
	gone = must(create_as(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 300, 0));
	arm(gone, 0, MS, 0);
	sleep_ms(20);
	must(syscall(SYS_timer_delete, gone));
	sleep_ms(600);
}

static void pending_lose(void)
{
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGUSR1);
	must(sigwaitinfo(&set, &info));
}

static int take(int sig, siginfo_t *info)
{
	struct timespec now = {};
	sigset_t set;

	memset(info, 0, sizeof(*info));
	sigemptyset(&set);
	sigaddset(&set, sig);
	return sigtimedwait(&set, info, &now);
}

static void pending_verify(void)
{
	static const int order[] = { 1, 100, 2, 200, 3 };
	long long interval;
	siginfo_t info;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		if (take(SIGRTMIN, &info) < 0) {
			prog_fail("signal %zu is not queued", i);
			return;
		}
		want_u64("si_value", info.si_value.sival_int, order[i]);
		want_u64("si_code", info.si_code, order[i] < 100 ? SI_QUEUE : SI_TIMER);
		if (order[i] == 100) {
			want_u64("si_timerid", info.si_timerid, blocked);
			want_between("si_overrun", info.si_overrun, 5, 100000);
			want_u64("timer_getoverrun", overrun(blocked), info.si_overrun);
			/* It has been set going again. */
			want_between("time left", left(blocked, &interval), 0, 100 * MS);
			want_u64("interval", interval, 100 * MS);
		}
		if (order[i] == 200) {
			want_u64("overruns of two in one", info.si_overrun, 1);
			want_between("time left of the one set anew", left(again, NULL), 2900 * SEC, 3000 * SEC);
		}
	}
	arm(blocked, 0, 0, 0);
	take(SIGRTMIN, &info);
	want_u64("one signal more", take(SIGRTMIN, &info), -1);
	want_u64("signal of the deleted timer", take(SIGUSR1, &info), SIGUSR1);
	want_u64("its value", info.si_value.sival_int, 300);
	want_u64("deleted timer", syscall(SYS_timer_delete, gone), -1);
}

/* stopped */

static void stopped_setup(void)
{
	handle(SIGRTMIN);
	one = must(create_as(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 5, 0));
	arm(one, 0, MS, 0);
	must_soon(fired == 1);
	/* Its interval shows that it was taken late. */
	many = must(create_as(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 6, 0));
	arm(many, 0, MS, 2 * MS);
	must_soon(fired >= 10);
	arm(many, 0, 0, 0);
	sleep_ms(20);
	fired = 0;
}

static void stopped_lose(void)
{
	arm(one, 0, 5 * SEC, 0);
	arm(many, 0, MS, 2 * MS);
	sleep_ms(20);
}

static void stopped_verify(void)
{
	long long interval;

	want_u64("time left", left(one, &interval), 0);
	want_u64("interval", interval, 0);
	want_u64("time left", left(many, &interval), 0);
	sleep_ms(100);
	want_u64("fired", fired, 0);
	arm(one, 0, MS, 0);
	if (!prog_losing)
		want_soon(fired == 1);
}

/* thread */

static pthread_t helper;
static volatile pid_t helper_tid;
static volatile int helper_go, helper_got, helper_value, helper_order[3];
static pid_t got_by;

static void *help(void *arg)
{
	struct timespec now = {};
	siginfo_t info;
	sigset_t set;
	int i;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 5);
	must(pthread_sigmask(SIG_BLOCK, &set, NULL) ? -1 : 0);
	helper_tid = gettid();
	while (!helper_go)
		sleep_ms(5);
	/* Only this thread has it. */
	for (i = 0; i < 3; i++) {
		if (sigtimedwait(&set, &info, &now) < 0)
			break;
		helper_order[i] = info.si_value.sival_int;
	}
	/* The one that was armed. */
	now.tv_sec = prog_losing ? 3 : 20;
	if (sigtimedwait(&set, &info, &now) > 0)
		helper_value = info.si_value.sival_int;
	got_by = gettid();
	helper_got = i;
	for (;;)
		pause();
}

static void thread_setup(void)
{
	union sigval v = { .sival_int = 10 };
	siginfo_t info = { .si_signo = SIGRTMIN + 5, .si_code = SI_QUEUE };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 5);
	must(pthread_sigmask(SIG_BLOCK, &set, NULL) ? -1 : 0);
	must(pthread_create(&helper, NULL, help, NULL) ? -1 : 0);
	must_soon(helper_tid);
	info.si_value = v;
	must(syscall(SYS_rt_tgsigqueueinfo, getpid(), helper_tid, SIGRTMIN + 5, &info));
	one = must(create_as(CLOCK_MONOTONIC, THREAD_ID, SIGRTMIN + 5, 20, helper_tid));
	arm(one, 0, MS, 0);
	sleep_ms(30);
	info.si_value.sival_int = 30;
	must(syscall(SYS_rt_tgsigqueueinfo, getpid(), helper_tid, SIGRTMIN + 5, &info));
	many = must(create_as(CLOCK_MONOTONIC, THREAD_ID, SIGRTMIN + 5, 40, helper_tid));
	/* To expire when the others have been taken. */
	arm(many, 0, 3000 * SEC, 1 * SEC);
}

static void thread_lose(void)
{
	must(syscall(SYS_timer_delete, many));
}

static void thread_verify(void)
{
	int id;

	if (!prog_losing)
		want_between("time left", left(many, NULL), 2900 * SEC, 3000 * SEC);
	want_u64("number of the thread", syscall(SYS_tgkill, getpid(), helper_tid, 0), 0);
	helper_go = 1;
	sleep_ms(50);
	if (!prog_losing)
		arm(many, 0, MS, 0);
	if (!want_soon(helper_got))
		return;
	want_u64("thread that got them", got_by, helper_tid);
	want_u64("queued for the thread", helper_got, 3);
	want_u64("first", helper_order[0], 10);
	want_u64("second", helper_order[1], 20);
	want_u64("third", helper_order[2], 30);
	want_u64("armed", helper_value, 40);
	id = create_as(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 0, 0);
	want_between("id of a new timer", id, many + 1, many + 1);
}

/* library */

static timer_t lib;
static sem_t called;
static volatile int lib_value;

static void lib_call(union sigval v)
{
	lib_value = v.sival_int;
	sem_post(&called);
}

static void library_setup(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = lib_call };
	struct itimerspec its = { .it_value = { 1, 500 * MS } };

	ev.sigev_value.sival_int = 4711;
	must(sem_init(&called, 0, 0));
	must(timer_create(CLOCK_REALTIME, &ev, &lib));
	must(timer_settime(lib, 0, &its, NULL));
}

static void library_lose(void)
{
	must(timer_delete(lib));
}

static void library_verify(void)
{
	struct itimerspec its = { .it_value = { 0, MS } };
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += prog_losing ? 3 : 20;
	if (!want_u64("sem_timedwait", sem_timedwait(&called, &ts), 0))
		return;
	want_u64("value", lib_value, 4711);
	lib_value = 0;
	must(timer_settime(lib, 0, &its, NULL));
	want_u64("sem_timedwait", sem_timedwait(&called, &ts), 0);
	want_u64("value", lib_value, 4711);
}

/* cpu */

static int of_process, of_thread, of_child, once;
static pid_t child;
static long long cpu_left[3];

static void burn(clockid_t clock, long long ms)
{
	long long end = now_ns(clock) + ms * MS;

	while (now_ns(clock) < end)
		;
}

static void idle(long arg)
{
	burn(CLOCK_PROCESS_CPUTIME_ID, 30);
	member_ready();
	member_wait(1);
	burn(CLOCK_PROCESS_CPUTIME_ID, 400);
	member_wait(2);
}

static void cpu_setup(void)
{
	clockid_t clock;

	board_make();
	handle(SIGRTMIN);
	child = spawn(idle, 0);
	must_soon(load(board->ready) == 1);
	burn(CLOCK_PROCESS_CPUTIME_ID, 50);
	must(clock_getcpuclockid(child, &clock) ? -1 : 0);
	of_process = must(create_as(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGRTMIN, 1, 0));
	of_thread = must(create_as(CLOCK_THREAD_CPUTIME_ID, SIGEV_SIGNAL, SIGRTMIN, 2, 0));
	of_child = must(create_as(clock, SIGEV_SIGNAL, SIGRTMIN, 3, 0));
	once = must(create_as(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGRTMIN, 4, 0));
	arm(of_process, 0, 100 * SEC, 3 * SEC);
	arm(of_thread, TIMER_ABSTIME, 100 * SEC, 0);
	arm(of_child, 0, 300 * MS, 0);
	arm(once, 0, 600 * MS, 0);
	cpu_left[0] = left(of_process, NULL);
	cpu_left[1] = left(of_thread, NULL);
	cpu_left[2] = left(of_child, NULL);
}

static void cpu_lose(void)
{
	arm(of_process, 0, 50 * SEC, 0);
	arm(of_child, 0, 0, 0);
	arm(once, 0, 0, 0);
}

static void cpu_verify(void)
{
	long long interval;
	int limit = prog_losing ? 2 : 20, status;

	want_between("time left of the process", left(of_process, &interval), cpu_left[0] - 2 * SEC, cpu_left[0]);
	want_u64("interval", interval, 3 * SEC);
	want_between("time left of the thread", left(of_thread, &interval), cpu_left[1] - 2 * SEC, cpu_left[1]);
	if (!prog_losing)
		want_between("time left of the child", left(of_child, &interval), cpu_left[2] - 150 * MS, cpu_left[2] + 20 * MS);
	want_u64("fired", fired, 0);
	announce(1);
	while (!fired && limit-- > 0)
		sleep_ms(500);
	want_u64("fired for the child", fired, 1);
	want_u64("si_value", value, 3);
	burn(CLOCK_PROCESS_CPUTIME_ID, 800);
	want_u64("fired for the process", fired, 2);
	want_u64("si_value", value, 4);
	announce(2);
	must(waitpid(child, &status, 0));
}

static const struct {
	const char *name;
	void (*setup)(void), (*lose)(void), (*verify)(void);
} variants[] = {
	{ "ids", ids_setup, ids_lose, ids_verify },
	{ "left", times_setup, times_lose, times_verify },
	{ "instant", times_setup, times_lose, times_verify },
	{ "none", none_setup, none_lose, none_verify },
	{ "fires", fires_setup, fires_lose, fires_verify },
	{ "pending", pending_setup, pending_lose, pending_verify },
	{ "stopped", stopped_setup, stopped_lose, stopped_verify },
	{ "thread", thread_setup, thread_lose, thread_verify },
	{ "library", library_setup, library_lose, library_verify },
	{ "cpu", cpu_setup, cpu_lose, cpu_verify },
};

int main(int argc, char **argv)
{
	size_t i;

	prog_start(argc, argv);
	for (i = 0; i < ARRAY_SIZE(variants); i++) {
		if (!prog_is(variants[i].name))
			continue;
		variants[i].setup();
		prog_ready();
		prog_wait();
		if (prog_losing)
			variants[i].lose();
		variants[i].verify();
		prog_done();
	}
	prog_say("SETUP: no variant %s", prog_variant);
	return 2;
}
