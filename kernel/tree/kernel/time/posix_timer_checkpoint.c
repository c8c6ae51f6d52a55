// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: POSIX timers, and the start of interval timers.
 *
 * A timer goes on with what was left, or, if it was set to an instant, keeps
 * that. Either way the record holds the next expiry: a timer that waits for its
 * signal to be taken is moved on first, as timer_gettime(2) does, and the
 * expirations so far are overruns.
 *
 * A timer owns the queue entry of its signal. The queues of pending signals are
 * captured without these entries; whether and where it is queued is state of
 * the timer, read in one go with the rest of it. So a timer that expires while
 * the process is being captured has either been queued or not.
 *
 * At restart the last thread of a process to commit makes the timers, since the
 * queues must be there. They begin to run when the whole restart has succeeded:
 * not one is late by what the others took, or kills a process that is not
 * complete.
 */
#include <linux/checkpoint.h>
#include <linux/checkpoint_ctx.h>
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/posix-timers.h>
#include <linux/sched/cputime.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/time_namespace.h>

#include "posix-timers.h"

/**
 * struct timer_state - a timer, being captured
 * @h: its record
 * @index: entries of the queue that stand before its signal
 * @stray: the task whose clock it runs on is this one, in the pid namespace of
 *	the root, and not of the process; 0 otherwise
 * @why: why it cannot be saved, or NULL
 */
struct timer_state {
	struct ckpt_hdr_posix_timer h;
	u32 index;
	s32 stray;
	const char *why;
};

static bool timer_is_cpu(const struct k_itimer *timer)
{
	return timer->kclock == &clock_posix_cpu;
}

/* When does it expire next, and was that said as an instant? Not CPU clocks. */
static ktime_t timer_expiry(const struct k_itimer *timer, bool *absolute)
{
	const struct alarm *alarm = &timer->it.alarm.alarmtimer;
	const struct hrtimer *hrtimer = &timer->it.real.timer;

	if (timer->kclock == &alarm_clock) {
		*absolute = !alarm->timer.is_rel;
		return alarm->node.expires;
	}
	*absolute = !hrtimer->is_rel;
	return hrtimer_get_expires(hrtimer);
}

/* The offset of a clock in the time namespace of a task, nanoseconds. */
static s64 timer_offset(const struct timens_offsets *offsets, clockid_t clock)
{
	switch (clock) {
	case CLOCK_MONOTONIC:
		return timespec64_to_ns(&offsets->monotonic);
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		return timespec64_to_ns(&offsets->boottime);
	}
	return 0;
}

/* The clock of a CPU timer, so that any thread of the process can name it. */
static void timer_cpu_clock(struct ckpt_ctx *ctx, struct task_struct *task,
			    struct k_itimer *timer, struct timer_state *state)
{
	struct pid_namespace *ns = task_active_pid_ns(task);
	struct pid *pid = timer->it.cpu.pid;
	bool thread = CPUCLOCK_PERTHREAD(timer->it_clock);
	int which = CPUCLOCK_WHICH(timer->it_clock);
	struct task_struct *target;

	target = pid_task(pid, thread ? PIDTYPE_PID : PIDTYPE_TGID);
	if (!target) {
		state->why = "runs on the CPU clock of a task that has ended";
		return;
	}
	if (thread) {
		state->h.clock = make_thread_cpuclock(pid_nr_ns(pid, ns), which);
		return;
	}
	if (same_thread_group(target, task)) {
		state->h.clock = make_process_cpuclock(0, which);
		return;
	}
	/* It commits on its own: only the instant on its clock is certain. */
	state->h.clock = make_process_cpuclock(pid_nr_ns(pid, ns), which);
	state->stray = pid_nr_ns(pid, ns_of_pid(ctx->root_pid)) ?: -1;
	if (state->h.value) {
		state->h.flags |= CKPT_TIMER_ABSTIME;
		state->h.value = timer->it.cpu.node.expires;
	}
}

static void timer_next_expiry(struct k_itimer *timer,
			      const struct timens_offsets *offsets,
			      struct timer_state *state)
{
	struct itimerspec64 left = {};
	bool absolute;
	s64 expiry;

	timer->kclock->timer_get(timer, &left);
	state->h.value = min_t(u64, timespec64_to_ns(&left.it_value),
			       KTIME_MAX);
	if (!state->h.value || timer_is_cpu(timer))
		return;
	expiry = timer_expiry(timer, &absolute);
	if (!absolute)
		return;
	state->h.flags |= CKPT_TIMER_ABSTIME;
	if (expiry < KTIME_MAX)
		expiry += timer_offset(offsets, timer->it_clock);
	state->h.value = max_t(s64, expiry, 1);
}

/* Where its signal is queued; the siglock is held. */
static void timer_place(struct task_struct *task, struct k_itimer *timer,
			struct timer_state *state)
{
	struct sigpending *pending = &task->signal->shared_pending;
	struct task_struct *thread;
	struct sigqueue *q;

	if (timer->it_sigev_notify & SIGEV_THREAD_ID) {
		thread = pid_task(timer->it_pid, PIDTYPE_PID);
		if (!thread) {
			state->why = "notifies a thread that has ended";
			return;
		}
		state->h.tid = pid_nr_ns(timer->it_pid,
					 task_active_pid_ns(task));
		pending = &thread->pending;
	}
	if (list_empty(&timer->sigq->list))
		return;
	list_for_each_entry(q, &pending->list, list) {
		if (q == timer->sigq)
			break;
		state->index++;
		if (!(q->flags & SIGQUEUE_PREALLOC))
			state->h.place++;
	}
	state->h.flags |= CKPT_TIMER_PENDING;
	state->h.signal_overrun = timer->sigq->info.si_overrun;
}

static void timer_capture(struct k_itimer *timer,
			  const struct timens_offsets *offsets,
			  struct timer_state *state)
{
	struct sigqueue *q = timer->sigq;

	state->h.id = timer->it_id;
	state->h.clock = timer->it_clock;
	state->h.notify = timer->it_sigev_notify;
	if (timer->it_sigev_notify != SIGEV_NONE)
		state->h.signo = q->info.si_signo;
	state->h.sigval = (unsigned long)q->info.si_value.sival_ptr;
	timer_next_expiry(timer, offsets, state);
	if (timer->it_active)
		state->h.flags |= CKPT_TIMER_ARMED;
	state->h.interval = ktime_to_ns(timer->it_interval);
	state->h.overrun = timer->it_overrun;
	state->h.overrun_last = timer->it_overrun_last;
}

/* Capture all timers of a process at once; none is added meanwhile. */
static int timers_capture(struct ckpt_ctx *ctx, struct task_struct *task,
			  struct timer_state *states, struct k_itimer **timers,
			  u32 max, u32 *next_id)
{
	struct signal_struct *sig = task->signal;
	struct timens_offsets offsets = {};
	struct k_itimer *timer;
	unsigned long flags;
	u32 i, nr = 0;

#ifdef CONFIG_TIME_NS
	task_lock(task);
	if (task->nsproxy)
		offsets = task->nsproxy->time_ns->offsets;
	task_unlock(task);
#endif
	/* Timers are freed after a grace period. */
	guard(rcu)();
	if (!lock_task_sighand(task, &flags))
		return -ESRCH;
	hlist_for_each_entry(timer, &sig->posix_timers, list)
		if (nr < max)
			timers[nr++] = timer;
	*next_id = sig->next_posix_timer_id;
	unlock_task_sighand(task, &flags);

	for (i = 0; i < nr; i++) {
		timer = timers[i];
		spin_lock_irq(&timer->it_lock);
		/* The last thread may be on its way out. */
		if (timer->it_signal != sig ||
		    !lock_task_sighand(task, &flags)) {
			spin_unlock_irq(&timer->it_lock);
			return -ESRCH;
		}
		timer_capture(timer, &offsets, &states[i]);
		timer_place(task, timer, &states[i]);
		if (timer_is_cpu(timer))
			timer_cpu_clock(ctx, task, timer, &states[i]);
		unlock_task_sighand(task, &flags);
		spin_unlock_irq(&timer->it_lock);
	}
	return nr;
}

/* Signals that are queued in the order of the queue, others behind. */
static int timer_state_cmp(const void *a, const void *b)
{
	const struct timer_state *x = a, *y = b;
	bool xp = x->h.flags & CKPT_TIMER_PENDING;
	bool yp = y->h.flags & CKPT_TIMER_PENDING;

	if (xp != yp)
		return xp ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int timer_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
			  const struct timer_state *state)
{
	if (state->why)
		return ckpt_refuse(ctx, task, -EOPNOTSUPP,
				   "POSIX timer %u: %s", state->h.id,
				   state->why);
	if (state->stray && !ckpt_has_member(ctx, state->stray))
		return ckpt_refuse(ctx, task, -EBUSY,
				   "POSIX timer %u runs on the CPU clock of process %d, which is outside of the hierarchy",
				   state->h.id, state->stray);
	return 0;
}

static int timers_record(struct ckpt_ctx *ctx, struct task_struct *task,
			 struct timer_state *states, u32 nr, u32 next_id)
{
	struct ckpt_hdr_posix_timers *h;
	struct ckpt_hdr_posix_timer *t;
	struct ckpt_hdr hdr;
	int ret;
	u32 i;

	for (i = 0; i < nr; i++) {
		ret = timer_refusals(ctx, task, &states[i]);
		if (ret)
			return ret;
	}
	sort(states, nr, sizeof(*states), timer_state_cmp, NULL);
	h = ckpt_record(ctx, CKPT_HDR_POSIX_TIMERS, 0);
	if (!h)
		return -ENOMEM;
	h->next_id = next_id & INT_MAX;
	h->nr_timers = nr;
	for (i = 0; i < nr; i++) {
		t = ckpt_record(ctx, CKPT_HDR_POSIX_TIMER, 0);
		if (!t)
			return -ENOMEM;
		hdr = t->h;
		*t = states[i].h;
		t->h = hdr;
		cond_resched();
	}
	return 0;
}

/**
 * ckpt_timers_checkpoint - capture the POSIX timers of a process
 * @ctx: checkpoint context
 * @task: a task of the process, held
 *
 * Return: 0 or a negative errno.
 */
int ckpt_timers_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task)
{
	struct timer_state *states = NULL;
	struct k_itimer **timers = NULL;
	struct k_itimer *timer;
	unsigned long flags;
	u32 max = 0, next_id = 0;
	int ret = 0;

	if (!lock_task_sighand(task, &flags))
		return ckpt_err(ctx, task, -ESRCH, "the task has ended");
	next_id = task->signal->next_posix_timer_id;
	hlist_for_each_entry(timer, &task->signal->posix_timers, list)
		max++;
	unlock_task_sighand(task, &flags);

	if (max) {
		states = kvcalloc(max, sizeof(*states), GFP_KERNEL_ACCOUNT);
		timers = kvcalloc(max, sizeof(*timers), GFP_KERNEL_ACCOUNT);
		ret = states && timers ?
		      timers_capture(ctx, task, states, timers, max,
				     &next_id) : -ENOMEM;
	}
	if (ret == -ESRCH)
		ckpt_err(ctx, task, ret, "the task has ended");
	if (ret >= 0)
		ret = timers_record(ctx, task, states, ret, next_id);
	kvfree(timers);
	kvfree(states);
	return ret;
}

/**
 * struct ckpt_timers - timers of a process, read from the image
 * @users: the process object and each thread
 * @itimers: interval timers
 * @nr_threads: threads of the process that have not committed yet
 * @started: the timers run
 * @starter: the thread that starts them, not to be followed
 * @next_id: id of the next timer to be created
 * @nr: timers
 * @h: their records, by number from 0 on
 */
struct ckpt_timers {
	refcount_t users;
	struct ckpt_itimer itimers[3];
	u32 nr_threads;
	struct completion started;
	struct task_struct *starter;
	u32 next_id;
	u32 nr;
	struct xarray h;
};

/**
 * ckpt_timers_get - a thread takes part in the timers of its process
 * @timers: the timers
 */
struct ckpt_timers *ckpt_timers_get(struct ckpt_timers *timers)
{
	refcount_inc(&timers->users);
	timers->nr_threads++;
	return timers;
}

/**
 * ckpt_timers_put - give up a reference
 * @timers: the timers, or NULL
 */
void ckpt_timers_put(struct ckpt_timers *timers)
{
	struct ckpt_hdr_posix_timer *h;
	unsigned long i;

	if (!timers || !refcount_dec_and_test(&timers->users))
		return;
	xa_for_each(&timers->h, i, h)
		kvfree(h);
	xa_destroy(&timers->h);
	kfree(timers);
}

static bool timer_valid(const struct ckpt_hdr_posix_timer *h)
{
	if (h->notify == CKPT_SIGEV_NONE ?
	    h->signo || h->flags & (CKPT_TIMER_ARMED | CKPT_TIMER_PENDING) :
	    !h->signo || h->signo == SIGKILL || h->signo == SIGSTOP)
		return false;
	if (h->notify == CKPT_SIGEV_THREAD_ID ? !h->tid : h->tid)
		return false;
	/* What runs, and what is to run again, has an expiry. */
	if ((h->flags & CKPT_TIMER_ARMED || h->interval) && !h->value)
		return false;
	return h->overrun >= -1 && h->overrun_last >= 0 &&
	       h->overrun < S64_MAX / 2 && h->overrun_last < S64_MAX / 2;
}

static int timers_read(struct ckpt_ctx *ctx, struct ckpt_timers *timers)
{
	struct ckpt_hdr_posix_timer *h;
	int ret;
	u32 i;

	for (i = 0; i < timers->nr; i++) {
		h = ckpt_next_record(ctx, CKPT_HDR_POSIX_TIMER);
		if (IS_ERR(h))
			return PTR_ERR(h);
		ret = xa_err(xa_store(&timers->h, i, h, GFP_KERNEL_ACCOUNT));
		if (ret) {
			kvfree(h);
			return ret;
		}
		if (!timer_valid(h))
			return ckpt_err(ctx, current, -EINVAL,
					"POSIX timer %u is not valid", h->id);
		cond_resched();
	}
	return 0;
}

/**
 * ckpt_timers_restore - read the timers of a process
 * @ctx: restart context
 * @itimers: its three interval timers
 * @sigpending: RLIMIT_SIGPENDING that the process gets; a timer counts as a
 *	signal
 *
 * Return: the timers or an ERR_PTR.
 */
struct ckpt_timers *ckpt_timers_restore(struct ckpt_ctx *ctx,
					const struct ckpt_itimer *itimers,
					u64 sigpending)
{
	struct ckpt_hdr_posix_timers *h;
	struct ckpt_timers *timers;
	int ret;

	h = ckpt_next_record(ctx, CKPT_HDR_POSIX_TIMERS);
	if (IS_ERR(h))
		return ERR_CAST(h);
	timers = kzalloc(sizeof(*timers), GFP_KERNEL_ACCOUNT);
	if (!timers) {
		kvfree(h);
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&timers->users, 1);
	init_completion(&timers->started);
	xa_init(&timers->h);
	memcpy(timers->itimers, itimers, sizeof(timers->itimers));
	timers->next_id = h->next_id;
	timers->nr = h->nr_timers;
	kvfree(h);
	if (timers->nr > sigpending)
		ret = ckpt_err(ctx, current, -EINVAL,
			       "%u POSIX timers, RLIMIT_SIGPENDING is %llu",
			       timers->nr, sigpending);
	else
		ret = timers_read(ctx, timers);
	if (ret) {
		ckpt_timers_put(timers);
		return ERR_PTR(ret);
	}
	return timers;
}

static void timer_spec(const struct ckpt_hdr_posix_timer *h,
		       struct itimerspec64 *spec)
{
	spec->it_value = ns_to_timespec64(h->value);
	spec->it_interval = ns_to_timespec64(h->interval);
}

static int timer_set_flags(const struct ckpt_hdr_posix_timer *h)
{
	return h->flags & CKPT_TIMER_ABSTIME ? TIMER_ABSTIME : 0;
}

static int timer_create_again(struct ckpt_ctx *ctx,
			      const struct ckpt_hdr_posix_timer *h)
{
	struct sigevent event = {
		.sigev_notify = h->notify,
		.sigev_signo = h->signo,
		.sigev_value.sival_ptr = u64_to_user_ptr(h->sigval),
	};
	bool self = ctx->uflags & RESTART_TASKSELF;
	clockid_t clock = h->clock;
	int id, ret;

	/* A program that becomes another process has other numbers. */
	if (self && clock < 0)
		clock = make_process_cpuclock(0, clock & 7);
	if (h->notify == CKPT_SIGEV_THREAD_ID)
		event.sigev_notify_thread_id = self ? task_pid_vnr(current) :
						      h->tid;
	current->signal->next_posix_timer_id = h->id;
	ret = do_timer_create(clock, &event, NULL, &id);
	if (ret)
		return ckpt_err(ctx, current, ret,
				"cannot create POSIX timer %u of clock %d",
				h->id, h->clock);
	if (id != h->id)
		return ckpt_err(ctx, current, -EINVAL,
				"POSIX timer %u occurs twice", h->id);
	return 0;
}

/* Put the queued signal where it was; the siglock is held. */
static void timer_queue_at(struct sigpending *pending, struct sigqueue *q,
			   u32 place)
{
	struct sigqueue *pos;

	list_for_each_entry(pos, &pending->list, list) {
		if (pos == q || pos->flags & SIGQUEUE_PREALLOC)
			continue;
		if (!place--) {
			list_move_tail(&q->list, &pos->list);
			return;
		}
	}
}

/*
 * Queue a signal for a thread even if it ignores it: the thread was about to
 * take it, and a timer with an interval starts again only then. The thread has
 * committed and waits in restart(2), so nobody else uses what it really blocks.
 */
static int timer_send(struct sigqueue *q, struct pid *pid)
{
	int sig = q->info.si_signo;
	struct task_struct *task;
	unsigned long flags;
	bool blocked;
	int ret;

	guard(rcu)();
	task = pid_task(pid, PIDTYPE_PID);
	if (!task || !lock_task_sighand(task, &flags))
		return -ESRCH;
	blocked = sigismember(&task->real_blocked, sig);
	sigaddset(&task->real_blocked, sig);
	unlock_task_sighand(task, &flags);
	ret = send_sigqueue(q, pid, PIDTYPE_PID);
	if (!lock_task_sighand(task, &flags))
		return -ESRCH;
	if (!blocked)
		sigdelset(&task->real_blocked, sig);
	unlock_task_sighand(task, &flags);
	return ret;
}

/* Queue the signal of a locked timer. The caller blocks every signal. */
static int timer_queue(struct k_itimer *timer,
		       const struct ckpt_hdr_posix_timer *h)
{
	bool thread = timer->it_sigev_notify & SIGEV_THREAD_ID;
	struct sigqueue *q = timer->sigq;
	struct task_struct *task;
	unsigned long flags;

	q->info.si_sys_private = h->flags & CKPT_TIMER_ARMED || !h->interval ?
				 0 : timer->it_requeue_pending;
	if (thread ? timer_send(q, timer->it_pid) :
		     send_sigqueue(q, timer->it_pid, PIDTYPE_TGID))
		return -ESRCH;
	guard(rcu)();
	task = thread ? pid_task(timer->it_pid, PIDTYPE_PID) : current;
	if (!task || !lock_task_sighand(task, &flags))
		return -ESRCH;
	q->info.si_overrun = h->signal_overrun;
	if (!list_empty(&q->list))
		timer_queue_at(thread ? &task->pending :
				    &task->signal->shared_pending, q, h->place);
	unlock_task_sighand(task, &flags);
	return 0;
}

/* Everything but the start of a timer that runs. */
static int timer_settle(struct ckpt_ctx *ctx,
			const struct ckpt_hdr_posix_timer *h)
{
	struct itimerspec64 spec;
	struct k_itimer *timer;
	unsigned long flags;
	int ret = 0;

	timer = __lock_timer(h->id, &flags);
	if (!timer)
		return -ESRCH;
	if (!(h->flags & CKPT_TIMER_ARMED) && h->value) {
		/* Has its expiry, and is not started. */
		timer_spec(h, &spec);
		timer->it_sigev_notify = SIGEV_NONE;
		ret = timer->kclock->timer_set(timer, timer_set_flags(h), &spec,
					       NULL);
		timer->it_sigev_notify = h->notify;
		if (h->notify != CKPT_SIGEV_NONE)
			timer->it_requeue_pending |= REQUEUE_PENDING;
	}
	if (!ret && h->flags & CKPT_TIMER_PENDING)
		ret = timer_queue(timer, h);
	timer->it_overrun = h->overrun;
	timer->it_overrun_last = h->overrun_last;
	spin_unlock_irqrestore(&timer->it_lock, flags);
	if (ret)
		return ckpt_err(ctx, current, ret,
				"cannot restore POSIX timer %u", h->id);
	return 0;
}

/**
 * ckpt_timers_commit - make the timers of a process
 * @ctx: restart context
 * @timers: the timers
 *
 * Each thread calls this when it has its pending signals; the last one acts.
 *
 * Return: 0 or a negative errno.
 */
int ckpt_timers_commit(struct ckpt_ctx *ctx, struct ckpt_timers *timers)
{
	struct ckpt_hdr_posix_timer *h;
	unsigned long i;
	int ret;

	if (--timers->nr_threads)
		return 0;
	timers->starter = current;
	xa_for_each(&timers->h, i, h) {
		ret = timer_create_again(ctx, h);
		if (!ret)
			ret = timer_settle(ctx, h);
		if (ret)
			return ret;
	}
	current->signal->next_posix_timer_id = timers->next_id;
	return 0;
}

static void timer_start(const struct ckpt_hdr_posix_timer *h)
{
	struct itimerspec64 spec;
	struct k_itimer *timer;
	unsigned long flags;

	timer_spec(h, &spec);
	if (do_timer_settime(h->id, timer_set_flags(h), &spec, NULL))
		return;
	timer = __lock_timer(h->id, &flags);
	if (!timer)
		return;
	/* It may have expired by now. */
	timer->it_overrun += h->overrun + 1;
	timer->it_overrun_last = h->overrun_last;
	spin_unlock_irqrestore(&timer->it_lock, flags);
}

static void itimers_start(const struct ckpt_itimer *itimers)
{
	struct itimerspec64 value;
	u64 left;
	int i;

	for (i = 0; i < 3; i++) {
		left = itimers[i].value;
		/* A CPU timer is set to fire a tick later than asked for. */
		if (i != ITIMER_REAL && left)
			left = left > TICK_NSEC ? left - TICK_NSEC : 1;
		value.it_value = ns_to_timespec64(left);
		value.it_interval = ns_to_timespec64(itimers[i].interval);
		do_setitimer(i, &value, NULL);
	}
}

/* RLIMIT_CPU may have set the clock of the process going too early. */
static void process_clock_adjust(void)
{
	struct task_cputime_atomic *clock =
		&current->signal->cputimer.cputime_atomic;
	struct task_cputime sum;

	thread_group_cputime(current, &sum);
	atomic64_set(&clock->utime, sum.utime);
	atomic64_set(&clock->stime, sum.stime);
	atomic64_set(&clock->sum_exec_runtime, sum.sum_exec_runtime);
}

/**
 * ckpt_timers_start - have the timers of a process run
 * @timers: the timers
 *
 * Each thread calls this on its way to user mode: one starts them, and the
 * others wait for that. Nothing can go wrong for the restart any more.
 */
void ckpt_timers_start(struct ckpt_timers *timers)
{
	struct ckpt_hdr_posix_timer *h;
	unsigned long i;

	if (timers->starter != current) {
		wait_for_completion_killable(&timers->started);
		return;
	}
	process_clock_adjust();
	xa_for_each(&timers->h, i, h)
		if (h->flags & CKPT_TIMER_ARMED)
			timer_start(h);
	itimers_start(timers->itimers);
	complete_all(&timers->started);
}
