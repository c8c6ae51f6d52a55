// SPDX-License-Identifier: GPL-2.0
/*
 * sync - what threads and processes synchronise with goes on
 *
 * Variants: mutex, cond, barrier, sem, rwlock: threads wait in each; robust: the
 * owner of a robust mutex dies after the restart; pi: the owner and the waiters
 * of a priority-inheriting mutex. With _process, the members are processes and
 * the objects lie in shared anonymous memory: the death of who holds a lock
 * changes a file, but not the image.
 */
#include "family.h"
#include <pthread.h>
#include <semaphore.h>

#define NR 3

struct objects {
	pthread_mutex_t mutex, guard, robust, pi;
	pthread_cond_t cond;
	pthread_barrier_t barrier;
	pthread_rwlock_t rwlock;
	sem_t sem;
	int ready, may, passed, serial, die, order[NR];
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

static void want_zero(const char *what, int err)
{
	if (err)
		prog_fail("%s: %s", what, strerror(err));
}

static void *waiter(void *arg)
{
	long nr = (long)arg;
	int ret;

	add(o->ready, 1);
	if (is("mutex")) {
		want_zero("lock", pthread_mutex_lock(&o->mutex));
		o->passed++;
		want_zero("unlock", pthread_mutex_unlock(&o->mutex));
	} else if (is("cond")) {
		pthread_mutex_lock(&o->guard);
		while (!o->may)
			want_zero("wait", pthread_cond_wait(&o->cond, &o->guard));
		o->passed++;
		pthread_mutex_unlock(&o->guard);
	} else if (is("barrier")) {
		ret = pthread_barrier_wait(&o->barrier);
		if (ret == PTHREAD_BARRIER_SERIAL_THREAD)
			add(o->serial, 1);
		else
			want_zero("barrier", ret);
		add(o->passed, 1);
	} else if (is("sem")) {
		want_u64("sem_wait", sem_wait(&o->sem), 0);
		add(o->passed, 1);
	} else if (is("rwlock")) {
		if (nr)
			want_zero("read lock", pthread_rwlock_rdlock(&o->rwlock));
		else
			want_zero("write lock", pthread_rwlock_wrlock(&o->rwlock));
		add(o->passed, 1);
		want_zero("unlock", pthread_rwlock_unlock(&o->rwlock));
	} else if (is("pi")) {
		struct sched_param param = { .sched_priority = 10 + nr };

		want_u64("priority", sched_setscheduler(0, SCHED_FIFO, &param), 0);
		want_zero("PI lock", pthread_mutex_lock(&o->pi));
		o->order[o->passed++] = nr;
		want_zero("PI unlock", pthread_mutex_unlock(&o->pi));
	}
	return NULL;
}

/* Holds the robust mutex, and the PI mutex, until it may go. */
static void *owner(void *arg)
{
	if (is("robust"))
		want_zero("lock", pthread_mutex_lock(&o->robust));
	else
		want_zero("PI lock", pthread_mutex_lock(&o->pi));
	add(o->ready, 1);
	while (!load(o->die))
		sleep_ms(5);
	if (is("robust") && prog_losing)
		syscall(SYS_set_robust_list, NULL, 24);
	if (is("pi")) {
		/* A test that loses state has nobody in the kernel's list. */
		if (prog_losing)
			*(int *)&o->pi = 0;
		want_zero("PI unlock", pthread_mutex_unlock(&o->pi));
	}
	return NULL;
}

static void run(long nr)
{
	if (nr == NR)
		owner(NULL);
	else
		waiter((void *)nr);
}

static void start(long nr)
{
	if (shared)
		children[nr] = spawn(run, nr);
	else if ((errno = pthread_create(&threads[nr], NULL, nr == NR ? owner : waiter, (void *)nr)))
		must(-1);
}

static void finish(long nr)
{
	static struct timespec until;
	int err;

	if (shared) {
		want_status("member", children[nr], 0, 0);
		return;
	}
	if (!until.tv_sec) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += LIMIT_MS / 1000;
	}
	err = pthread_timedjoin_np(threads[nr], NULL, &until);
	if (err)
		prog_fail("join of thread %ld: %s", nr, strerror(err));
}

static void setup(void)
{
	int pshared, i, need = NR;
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pthread_barrierattr_t ba;
	pthread_rwlockattr_t ra;

	snprintf(kind, sizeof(kind), "%s", prog_variant);
	shared = strstr(kind, "_process") != NULL;
	kind[strcspn(kind, "_")] = 0;
	pshared = shared ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE;
	board_make();
	if (shared) {
		o = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		must((long)o);
	} else {
		o = area(PAGE, PROT_READ | PROT_WRITE);
	}
	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, pshared);
	pthread_mutex_init(&o->mutex, &ma);
	pthread_mutex_init(&o->guard, &ma);
	pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&o->robust, &ma);
	pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_STALLED);
	pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_INHERIT);
	if (is("pi") && (errno = pthread_mutex_init(&o->pi, &ma)))
		must(-1);
	pthread_condattr_init(&ca);
	pthread_condattr_setpshared(&ca, pshared);
	pthread_cond_init(&o->cond, &ca);
	pthread_barrierattr_init(&ba);
	pthread_barrierattr_setpshared(&ba, pshared);
	pthread_barrier_init(&o->barrier, &ba, NR + 1);
	pthread_rwlockattr_init(&ra);
	pthread_rwlockattr_setpshared(&ra, pshared);
	pthread_rwlock_init(&o->rwlock, &ra);
	sem_init(&o->sem, shared, 0);

	if (is("mutex"))
		want_zero("lock", pthread_mutex_lock(&o->mutex));
	if (is("rwlock"))
		want_zero("write lock", pthread_rwlock_wrlock(&o->rwlock));
	if (is("pi") || is("robust")) {
		start(NR);
		must_soon(load(o->ready) == 1);
		need++;
	}
	/* Nobody waits for a robust mutex: its next owner is to find it dead. */
	for (i = 0; i < NR && !is("robust"); i++)
		start(i);
	must_soon(load(o->ready) == (is("robust") ? 1 : need));
	/* The last of them is about to block. */
	sleep_ms(200);
}

static void verify_robust(void)
{
	struct timespec until;
	int err;

	want_u64("trylock", pthread_mutex_trylock(&o->robust), EBUSY);
	store(o->die, 1);
	finish(NR);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 3;
	err = pthread_mutex_timedlock(&o->robust, &until);
	want_u64("lock of a mutex whose owner died", err, EOWNERDEAD);
	if (err != EOWNERDEAD)
		return;
	want_zero("make it consistent", pthread_mutex_consistent(&o->robust));
	want_zero("unlock", pthread_mutex_unlock(&o->robust));
}

static void verify(void)
{
	int i;

	if (is("robust")) {
		verify_robust();
		return;
	}
	want_u64("passed too early", load(o->passed), 0);
	if (is("mutex")) {
		if (prog_losing)
			*(int *)&o->mutex = 0;
		want_zero("unlock", pthread_mutex_unlock(&o->mutex));
	} else if (is("cond")) {
		pthread_mutex_lock(&o->guard);
		o->may = 1;
		if (!prog_losing)
			pthread_cond_broadcast(&o->cond);
		pthread_mutex_unlock(&o->guard);
	} else if (is("barrier")) {
		if (prog_losing)
			memset(&o->barrier, 0, 8);
		else
			waiter(NULL);
	} else if (is("sem")) {
		for (i = 0; i < NR - prog_losing; i++)
			sem_post(&o->sem);
	} else if (is("rwlock")) {
		if (prog_losing)
			memset(&o->rwlock, 0, 8);
		else
			want_zero("unlock", pthread_rwlock_unlock(&o->rwlock));
	} else if (is("pi")) {
		store(o->die, 1);
		finish(NR);
	}
	for (i = 0; i < NR; i++)
		finish(i);
	want_u64("passed", load(o->passed), NR + is("barrier"));
	if (is("barrier"))
		want_u64("serial threads of the barrier", load(o->serial), 1);
	for (i = 0; is("pi") && i < NR; i++)
		want_u64("the waiter of the highest priority first", o->order[i], NR - 1 - i);
}

int main(int argc, char **argv)
{
	prog_start(argc, argv);
	setup();
	prog_ready();
	prog_wait();
	verify();
	family_done();
}
