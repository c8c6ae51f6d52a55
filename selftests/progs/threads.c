// SPDX-License-Identifier: GPL-2.0
/*
 * threads - the threads of a process come back, each with what is its own
 *
 * Variants: names: thread id, name, signal mask, alternate stack, thread-local
 * storage, and the result of a thread that ended before; waits: each thread
 * waits in another call, one counts; pending: signals of single threads and of
 * the process; sched: nice value, policy and CPUs of each thread; many: 200 of
 * them.
 */
#include "family.h"
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>

#define MANY 200
#define WAIT (12 * SEC)

struct worker {
	int nr;
	pthread_t thread;
	pid_t tid;
	int ready;
	uint64_t count;
	long long elapsed;
	void *stack;
};

static struct worker workers[MANY];
static int nr_workers;
static pthread_t ended;
static __thread uint64_t own_value;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static int go_on;

/* Wait in a futex, with no timeout, for the main thread. */
static void wait_for_main(struct worker *w)
{
	pthread_mutex_lock(&lock);
	store(w->ready, 1);
	while (!go_on)
		pthread_cond_wait(&wake, &lock);
	pthread_mutex_unlock(&lock);
}

static void let_go(void)
{
	pthread_mutex_lock(&lock);
	go_on = 1;
	pthread_cond_broadcast(&wake);
	pthread_mutex_unlock(&lock);
}

static sigset_t one_signal(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	return set;
}

static void name_of(int nr, char *name)
{
	snprintf(name, 16, "worker-%d", nr);
}

static void *run_names(void *arg)
{
	struct worker *w = arg;
	char name[16], got[16] = "";
	sigset_t mask = one_signal(SIGRTMIN + w->nr % 20), now;
	stack_t ss = { .ss_size = 16384 + PAGE * w->nr }, old;

	w->tid = gettid();
	own_value = pattern(7, w->nr);
	name_of(w->nr, name);
	must(prctl(PR_SET_NAME, name));
	errno = must(pthread_sigmask(SIG_SETMASK, &mask, NULL));
	ss.ss_sp = w->stack = malloc(ss.ss_size);
	must(sigaltstack(&ss, NULL));
	wait_for_main(w);

	if (prog_losing && w->nr == 3) {
		prctl(PR_SET_NAME, "lost");
		own_value = 0;
	}
	want_u64("gettid", gettid(), w->tid);
	prctl(PR_GET_NAME, got);
	want_str("name", got, name);
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	want_u64("mask", *(uint64_t *)&now, *(uint64_t *)&mask);
	must(sigaltstack(NULL, &old));
	want_u64("ss_sp", (uintptr_t)old.ss_sp, (uintptr_t)w->stack);
	want_u64("ss_size", old.ss_size, 16384 + PAGE * w->nr);
	want_u64("thread-local value", own_value, pattern(7, w->nr));
	want_u64("pthread_self", pthread_self(), w->thread);
	return (void *)(long)(w->nr + 100);
}

static void *run_ended(void *arg)
{
	return (void *)4711L;
}

static void on_signal(int sig)
{
}

static void *run_waits(void *arg)
{
	struct worker *w = arg;
	long long begin = now_ns(CLOCK_MONOTONIC);
	long long time = prog_losing ? WAIT / 3 : WAIT;
	struct timespec ts = { time / SEC, time % SEC };
	sigset_t set = one_signal(SIGUSR2);
	char name[16];

	snprintf(name, sizeof(name), w->nr == 3 ? "spin" : "wait-%d", w->nr);
	prctl(PR_SET_NAME, name);
	w->tid = gettid();
	store(w->ready, 1);
	switch (w->nr) {
	case 0:
		wait_for_main(w);
		break;
	case 1:
		want_u64("nanosleep", nanosleep(&ts, NULL), 0);
		break;
	case 2:
		want_u64("poll", poll(NULL, 0, time / MS), 0);
		break;
	case 3:
		while (!load(go_on))
			w->count++;
		break;
	case 4:
		want_u64("sigwaitinfo", sigwaitinfo(&set, NULL), SIGUSR2);
		break;
	case 5:
		want_u64("pause", pause(), -1);
		break;
	case 6:
		want_u64("clock_nanosleep", clock_nanosleep(CLOCK_BOOTTIME, 0, &ts, NULL), 0);
		break;
	case 7:
		want_u64("futex", syscall(SYS_futex, &w->ready, 0 | 128, 1, &ts, NULL, 0), -1);
		want_u64("errno", errno, ETIMEDOUT);
		break;
	}
	w->elapsed = now_ns(CLOCK_MONOTONIC) - begin;
	return (void *)(long)(w->nr + 100);
}

static uint64_t bits(pid_t tid, const char *field)
{
	unsigned long long value = ~0ULL;
	char line[256], path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, field, strlen(field)))
			sscanf(line + strlen(field), ": %llx", &value);
	if (f)
		fclose(f);
	return value;
}

static void *run_pending(void *arg)
{
	struct worker *w = arg;
	struct timespec zero = { 0 };
	siginfo_t info;
	sigset_t set;

	w->tid = gettid();
	wait_for_main(w);
	set = one_signal(SIGRTMIN + 1 + w->nr);
	if (prog_losing && w->nr == 2)
		sigtimedwait(&set, &info, &zero);
	want_u64("SigPnd", bits(w->tid, "SigPnd"), 1ULL << (SIGRTMIN + w->nr));
	if (sigtimedwait(&set, &info, &zero) != SIGRTMIN + 1 + w->nr)
		prog_fail("thread %d: its signal: %s", w->nr, strerror(errno));
	else
		want_u64("value", info.si_value.sival_int, 1000 + w->nr);
	want_u64("SigPnd, afterwards", bits(w->tid, "SigPnd"), 0);
	return (void *)(long)(w->nr + 100);
}

static void pending_setup(void)
{
	int i;

	for (i = 0; i < nr_workers; i++) {
		siginfo_t info = { .si_signo = SIGRTMIN + 1 + i, .si_code = SI_QUEUE };

		info.si_pid = getpid();
		info.si_value.sival_int = 1000 + i;
		must(syscall(SYS_rt_tgsigqueueinfo, getpid(), workers[i].tid, info.si_signo, &info));
	}
	must(sigqueue(getpid(), SIGUSR2, (union sigval){ .sival_int = 77 }));
	must(kill(getpid(), SIGHUP));
}

static void pending_verify(void)
{
	sigset_t set = one_signal(SIGUSR2);
	struct timespec zero = { 0 };
	siginfo_t info;

	want_u64("ShdPnd", bits(getpid(), "ShdPnd"), 1ULL << (SIGUSR2 - 1) | 1ULL << (SIGHUP - 1));
	want_u64("SigPnd of main", bits(getpid(), "SigPnd"), 0);
	if (sigtimedwait(&set, &info, &zero) != SIGUSR2)
		prog_fail("signal of the process: %s", strerror(errno));
	else
		want_u64("value", info.si_value.sival_int, 77);
}

static int policy_of(int nr)
{
	static const int policies[] = { SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_FIFO, SCHED_RR };

	return policies[nr % 5];
}

static void *run_sched(void *arg)
{
	struct worker *w = arg;
	struct sched_param param = { 0 };
	cpu_set_t cpus, now;
	int nice = w->nr % 5 == 2 ? 0 : w->nr - 3;

	w->tid = gettid();
	must(setpriority(PRIO_PROCESS, w->tid, nice));
	param.sched_priority = policy_of(w->nr) == SCHED_FIFO || policy_of(w->nr) == SCHED_RR ? 5 + w->nr : 0;
	if (sched_setscheduler(w->tid, policy_of(w->nr), &param))
		must(-1);
	CPU_ZERO(&cpus);
	CPU_SET(w->nr % sysconf(_SC_NPROCESSORS_ONLN), &cpus);
	must(sched_setaffinity(w->tid, sizeof(cpus), &cpus));
	wait_for_main(w);

	if (prog_losing && w->nr == 1)
		setpriority(PRIO_PROCESS, w->tid, 9);
	want_u64("nice", getpriority(PRIO_PROCESS, w->tid), nice);
	want_u64("policy", sched_getscheduler(w->tid), policy_of(w->nr));
	memset(&param, 0, sizeof(param));
	sched_getparam(w->tid, &param);
	want_u64("priority", param.sched_priority,
		 policy_of(w->nr) == SCHED_FIFO || policy_of(w->nr) == SCHED_RR ? 5 + w->nr : 0);
	CPU_ZERO(&now);
	sched_getaffinity(w->tid, sizeof(now), &now);
	if (!CPU_EQUAL(&cpus, &now))
		prog_fail("thread %d: another set of CPUs", w->nr);
	return (void *)(long)(w->nr + 100);
}

static void *run_many(void *arg)
{
	struct worker *w = arg;

	w->tid = gettid();
	own_value = w->nr;
	wait_for_main(w);
	if (prog_losing && w->nr == 150)
		own_value = 0;
	want_u64("gettid", gettid(), w->tid);
	want_u64("thread-local value", own_value, w->nr);
	return (void *)(long)(w->nr + 100);
}

static void setup(void)
{
	static const struct {
		const char *name;
		void *(*run)(void *);
		int nr;
	} variants[] = {
		{ "names", run_names, 8 },
		{ "waits", run_waits, 8 },
		{ "pending", run_pending, 5 },
		{ "sched", run_sched, 8 },
		{ "many", run_many, MANY },
	};
	const struct sigaction sa = { .sa_handler = on_signal };
	sigset_t set;
	size_t v;
	int i;

	must(sigaction(SIGUSR1, &sa, NULL));
	if (!prog_is("names")) {
		sigemptyset(&set);
		sigaddset(&set, SIGUSR2);
		sigaddset(&set, SIGHUP);
		for (i = 1; prog_is("pending") && i < 20; i++)
			sigaddset(&set, SIGRTMIN + i);
		must(sigprocmask(SIG_BLOCK, &set, NULL));
	}
	for (v = 0; !prog_is(variants[v].name); v++)
		if (v + 1 == ARRAY_SIZE(variants))
			must((errno = EINVAL, -1));
	nr_workers = variants[v].nr;
	for (i = 0; i < nr_workers; i++) {
		workers[i].nr = i;
		if ((errno = pthread_create(&workers[i].thread, NULL, variants[v].run, &workers[i])))
			must(-1);
	}
	if ((errno = pthread_create(&ended, NULL, run_ended, NULL)))
		must(-1);
	for (i = 0; i < nr_workers; i++)
		must_soon(load(workers[i].ready));
	if (prog_is("pending"))
		pending_setup();
	/* The last of them is about to block. */
	sleep_ms(100);
}

/* What the test does to the threads that wait for a signal, the main thread does here. */
static void waits_verify(void)
{
	uint64_t before = load(workers[3].count);

	if (prog_losing)
		workers[3].count = before = ~0ULL >> 1;
	want_soon(load(workers[3].count) > before);
	must(syscall(SYS_tgkill, getpid(), workers[4].tid, SIGUSR2));
	must(syscall(SYS_tgkill, getpid(), workers[5].tid, SIGUSR1));
}

static void verify(void)
{
	struct timespec until;
	void *ret = NULL;
	int i, err;

	if (prog_is("waits"))
		waits_verify();
	if (prog_is("pending"))
		pending_verify();
	let_go();
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_MS / 1000;
	for (i = 0; i < nr_workers; i++) {
		ret = NULL;
		err = pthread_timedjoin_np(workers[i].thread, &ret, &until);
		if (err)
			prog_fail("join of thread %d: %s", i, strerror(err));
		else
			want_u64("result of a thread", (long)ret, 100 + i);
	}
	err = pthread_timedjoin_np(ended, &ret, &until);
	if (err)
		prog_fail("join of the thread that had ended: %s", strerror(err));
	else
		want_u64("result of the thread that had ended", (long)ret, 4711);
	for (i = 0; prog_is("waits") && i < nr_workers; i++)
		if (i == 1 || i == 2 || i == 6 || i == 7)
			want_waited("time waited", workers[i].elapsed, WAIT);
}

int main(int argc, char **argv)
{
	prog_start(argc, argv);
	setup();
	prog_ready();
	prog_wait();
	verify();
	prog_done();
}
