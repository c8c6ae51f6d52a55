// SPDX-License-Identifier: GPL-2.0
/*
 * futex_pi - priority-inheriting futexes, by the bare calls
 *
 * The first thread owns the futex, three others wait. Variants: deadline: until
 * an instant, by FUTEX_LOCK_PI, FUTEX_LOCK_PI2 and FUTEX_WAIT_REQUEUE_PI;
 * requeue: in FUTEX_WAIT_REQUEUE_PI, and are requeued after the restart;
 * requeued: have been before; robust: for a robust mutex whose owner dies after
 * the restart. With _process, the members are processes, and the futexes lie in
 * shared anonymous memory. outside: see the test; nothing is restarted.
 */
#include "family.h"
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

#define NR 3
#define OWNER NR

struct objects {
	uint32_t pi, cond;
	pthread_mutex_t robust;
	int ready, die, passed, dead, again;
};

static struct objects *o;
static int shared;
static pthread_t threads[NR + 1];
static pid_t children[NR + 1];
static char kind[32];

static int is(const char *what)
{
	return !strcmp(kind, what);
}

static long futex(uint32_t *word, int op, uint32_t val, const void *arg, uint32_t *other, uint32_t val3)
{
	return syscall(SYS_futex, word, op | (shared ? 0 : FUTEX_PRIVATE_FLAG), val, arg, other, val3);
}

/* As the C library does: the word says who owns it, the kernel who waits. */
static void lock(void)
{
	uint32_t none = 0;

	if (__atomic_compare_exchange_n(&o->pi, &none, gettid(), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	if (futex(&o->pi, FUTEX_LOCK_PI, 0, NULL, NULL, 0))
		prog_fail("FUTEX_LOCK_PI: %s", strerror(errno));
}

static void unlock(void)
{
	uint32_t own = gettid();

	if (__atomic_compare_exchange_n(&o->pi, &own, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	if (futex(&o->pi, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0))
		prog_fail("FUTEX_UNLOCK_PI: %s", strerror(errno));
}

static void wait_until(long nr)
{
	static const struct {
		const char *name;
		int op;
		clockid_t clock;
	} waits[NR] = {
		{ "FUTEX_LOCK_PI", FUTEX_LOCK_PI, CLOCK_REALTIME },
		{ "FUTEX_LOCK_PI2", FUTEX_LOCK_PI2, CLOCK_MONOTONIC },
		{ "FUTEX_WAIT_REQUEUE_PI", FUTEX_WAIT_REQUEUE_PI, CLOCK_MONOTONIC },
	};
	long long at = now_ns(waits[nr].clock) + 6 * SEC, end = prog_losing ? at - 4 * SEC : at;
	struct timespec ts = { end / SEC, end % SEC };
	long ret = futex(nr == 2 ? &o->cond : &o->pi, waits[nr].op, 0, &ts, &o->pi, 0);

	/* The owner has been killed, and this process is about to be: nothing to say. */
	if (!ret && shared)
		sleep_ms(2000);
	want_u64(waits[nr].name, ret, -1);
	want_u64(waits[nr].name, errno, ETIMEDOUT);
	if (now_ns(waits[nr].clock) < at)
		prog_fail("%s: woke up %lld ns early", waits[nr].name, at - now_ns(waits[nr].clock));
	add(o->passed, 1);
}

static void wait_requeued(void)
{
	if (futex(&o->cond, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &o->pi, 0)) {
		/* Who has been requeued cannot call again, be it for a freeze. */
		if (errno != EAGAIN)
			prog_fail("FUTEX_WAIT_REQUEUE_PI: %s", strerror(errno));
		add(o->again, 1);
		lock();
	}
	want_u64("owner", o->pi & FUTEX_TID_MASK, gettid());
	o->passed++;
	unlock();
}

static void wait_robust(void)
{
	int err = pthread_mutex_lock(&o->robust);

	if (err == EOWNERDEAD) {
		o->dead++;
		want_u64("make it consistent", pthread_mutex_consistent(&o->robust), 0);
	} else {
		want_u64("lock of the robust mutex", err, 0);
	}
	o->passed++;
	want_u64("unlock", pthread_mutex_unlock(&o->robust), 0);
}

static void run(long nr)
{
	if (nr == OWNER)
		pthread_mutex_lock(&o->robust);
	add(o->ready, 1);
	if (nr == OWNER) {
		while (!load(o->die))
			sleep_ms(5);
		if (prog_losing)
			pthread_mutex_unlock(&o->robust);
	} else if (is("deadline")) {
		wait_until(nr);
	} else if (is("robust")) {
		wait_robust();
	} else {
		wait_requeued();
	}
}

static void *thread(void *arg)
{
	run((long)arg);
	return NULL;
}

static void start(long nr)
{
	if (shared)
		children[nr] = spawn(run, nr);
	else if ((errno = pthread_create(&threads[nr], NULL, thread, (void *)nr)))
		must(-1);
}

static void finish(long nr)
{
	struct timespec until;
	int err;

	if (shared) {
		want_status("member", children[nr], 0, 0);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LIMIT_MS / 1000;
	err = pthread_timedjoin_np(threads[nr], NULL, &until);
	if (err)
		prog_fail("join of thread %ld: %s", nr, strerror(err));
}

static long requeue(void)
{
	return futex(&o->cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)INT_MAX, &o->pi, 0);
}

static void make_robust(void)
{
	pthread_mutexattr_t ma;

	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, shared ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE);
	pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_INHERIT);
	pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST);
	if ((errno = pthread_mutex_init(&o->robust, &ma)))
		must(-1);
}

/* The owner, a child that is checkpointed, and another child that waits. */
static void own(long nr)
{
	lock();
	add(o->ready, 1);
	member_wait(1);
	unlock();
}

static void wait_outside(long nr)
{
	lock();
	o->passed++;
	unlock();
}

static void outside(void)
{
	children[0] = spawn(own, 0);
	must_soon(load(o->ready) == 1);
	children[1] = spawn(wait_outside, 1);
	must_soon(load(o->pi) & FUTEX_WAITERS);
	prog_ready();
	prog_wait();
	announce(1);
	finish(0);
	finish(1);
	want_u64("passed", o->passed, 1);
	family_done();
}

int main(int argc, char **argv)
{
	int i, nr = NR;

	prog_start(argc, argv);
	snprintf(kind, sizeof(kind), "%s", prog_variant);
	shared = strstr(kind, "_process") || is("outside");
	kind[strcspn(kind, "_")] = 0;
	board_make();
	if (shared)
		o = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	else
		o = area(PAGE, PROT_READ | PROT_WRITE);
	must((long)o);
	if (is("outside"))
		outside();
	if (is("robust")) {
		make_robust();
		start(OWNER);
		must_soon(load(o->ready) == 1);
		nr++;
	} else {
		lock();
	}
	for (i = 0; i < NR; i++)
		start(i);
	must_soon(load(o->ready) == nr);
	/* The last of them is about to block. */
	sleep_ms(200);
	if (is("requeued") && requeue() != NR) {
		errno = EAGAIN;
		must(-1);
	}
	prog_ready();
	prog_wait();

	if (!is("deadline"))
		want_u64("passed too early", load(o->passed), 0);
	if (is("robust")) {
		store(o->die, 1);
		finish(OWNER);
	} else if (is("requeue") && !prog_losing) {
		want_u64("requeued", requeue(), NR);
	}
	/* A twin of the others keeps what it owns. */
	if (!is("robust") && !is("deadline") && !prog_losing)
		unlock();
	for (i = 0; i < NR; i++)
		finish(i);
	want_u64("passed", load(o->passed), NR);
	if (is("robust"))
		want_u64("those who found the owner dead", o->dead, 1);
	if (is("requeue"))
		want_u64("those who had to call again", o->again, 0);
	family_done();
}
