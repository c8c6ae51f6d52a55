// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: handlers, masks, queued signals, limits, interval timers.
 *
 * The queue entry of a POSIX timer's signal belongs to the timer: see
 * kernel/time/posix_timer_checkpoint.c.
 */
#include <linux/hrtimer.h>
#include <linux/oom.h>
#include <linux/posix-timers.h>
#include <linux/resource.h>
#include <linux/sched/cputime.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/signal.h>
#include <linux/slab.h>

#include "internal.h"

static_assert(sizeof(struct ckpt_siginfo) == sizeof(kernel_siginfo_t));
static_assert(_NSIG == 64 && sizeof(sigset_t) == sizeof(u64));

/* Queued signals that a record holds. */
#define CKPT_SIGINFO_MAX	65536

static u64 ckpt_sigset(const sigset_t *set)
{
	return set->sig[0];
}

/* Handlers */

static int ckpt_sighand_checkpoint(struct ckpt_ctx *ctx,
				   struct task_struct *task, void *ptr,
				   struct ckpt_object *obj)
{
	struct sighand_struct *sighand = ptr;
	struct ckpt_hdr_sighand *h;
	struct k_sigaction *k;
	int i;

	h = ckpt_record(ctx, CKPT_HDR_SIGHAND,
			_NSIG * sizeof(struct ckpt_sigaction));
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->nr_actions = _NSIG;
	/* The first that has them: see ckpt_sighand_owner(). */
	ckpt_obj_set_data(obj, task);

	spin_lock_irq(&sighand->siglock);
	for (i = 0; i < _NSIG; i++) {
		k = &sighand->action[i];
		h->actions[i].handler = (unsigned long)k->sa.sa_handler;
		h->actions[i].flags = k->sa.sa_flags;
#ifdef __ARCH_HAS_SA_RESTORER
		h->actions[i].restorer = (unsigned long)k->sa.sa_restorer;
#endif
		h->actions[i].mask = ckpt_sigset(&k->sa.sa_mask);
	}
	spin_unlock_irq(&sighand->siglock);
	return 0;
}

static void *ckpt_sighand_restore(struct ckpt_ctx *ctx,
				  const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_sighand *h = (const void *)hdr;
	struct ckpt_sighand *sighand;

	if (h->nr_actions != _NSIG)
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"%u signals, this kernel has %d",
					h->nr_actions, _NSIG));
	sighand = kzalloc(sizeof(*sighand), GFP_KERNEL_ACCOUNT);
	if (!sighand)
		return ERR_PTR(-ENOMEM);
	sighand->h = kvmemdup(h, h->h.len, GFP_KERNEL_ACCOUNT);
	if (!sighand->h) {
		kfree(sighand);
		return ERR_PTR(-ENOMEM);
	}
	return sighand;
}

static void ckpt_sighand_grab(void *ptr)
{
	struct sighand_struct *sighand = ptr;

	refcount_inc(&sighand->count);
}

static void ckpt_sighand_drop(void *ptr)
{
	__cleanup_sighand(ptr);
}

static void ckpt_sighand_free(void *ptr)
{
	struct ckpt_sighand *sighand = ptr;

	if (sighand->live)
		__cleanup_sighand(sighand->live);
	kvfree(sighand->h);
	kfree(sighand);
}

static long ckpt_sighand_users(void *ptr)
{
	struct sighand_struct *sighand = ptr;

	return refcount_read(&sighand->count);
}

const struct ckpt_obj_ops ckpt_sighand_ops = {
	.name		= "signal handlers",
	.objtype	= CKPT_OBJ_SIGHAND,
	.grab		= ckpt_sighand_grab,
	.drop		= ckpt_sighand_drop,
	.free		= ckpt_sighand_free,
	.checkpoint	= ckpt_sighand_checkpoint,
	.restore	= ckpt_sighand_restore,
	.users		= ckpt_sighand_users,
};

/*
 * Have the caller use the handlers of another process, as after CLONE_SIGHAND.
 * No other thread of the caller may be there, nor anybody else who uses the old
 * ones: they might be about to unlock what they have locked.
 */
static int ckpt_use_sighand(struct ckpt_ctx *ctx, struct sighand_struct *new)
{
	struct sighand_struct *old = ckpt_task_sighand(current);

	if (new == old)
		return 0;
	if (!thread_group_empty(current) || refcount_read(&old->count) != 1)
		return ckpt_err(ctx, current, -EBUSY,
				"the task shares its signal handlers");
	write_lock_irq(&tasklist_lock);
	spin_lock(&old->siglock);
	ckpt_sighand_grab(new);
	rcu_assign_pointer(current->sighand, new);
	spin_unlock(&old->siglock);
	write_unlock_irq(&tasklist_lock);
	__cleanup_sighand(old);
	return 0;
}

static int ckpt_set_handlers(struct ckpt_ctx *ctx,
			     const struct ckpt_hdr_sighand *h)
{
	struct k_sigaction k;
	int i, ret;

	for (i = 0; i < _NSIG; i++) {
		if (sig_kernel_only(i + 1))
			continue;
		memset(&k, 0, sizeof(k));
		k.sa.sa_handler =
			(__sighandler_t)(unsigned long)h->actions[i].handler;
		k.sa.sa_flags = h->actions[i].flags;
#ifdef __ARCH_HAS_SA_RESTORER
		k.sa.sa_restorer =
			(__sigrestore_t)(unsigned long)h->actions[i].restorer;
#endif
		k.sa.sa_mask.sig[0] = h->actions[i].mask;
		ret = do_sigaction(i + 1, &k, NULL);
		if (ret)
			return ckpt_err(ctx, current, ret,
					"handler of signal %d", i + 1);
	}
	return 0;
}

/*
 * A process with threads keeps its own handlers for the time being, which are
 * the same: see ckpt_join_sighand().
 */
static int ckpt_sighand_commit(struct ckpt_ctx *ctx,
			       const struct ckpt_restore *r)
{
	struct ckpt_sighand *sighand = r->sighand;

	if (!sighand->live) {
		sighand->live = ckpt_task_sighand(current);
		ckpt_sighand_grab(sighand->live);
	} else if (thread_group_empty(current)) {
		return ckpt_use_sighand(ctx, sighand->live);
	} else if (r->signal->committed) {
		return 0;
	}
	return ckpt_set_handlers(ctx, sighand->h);
}

/**
 * ckpt_join_sighand - have a process with threads share another's handlers
 * @task: one of its tasks
 * @sighand: the handlers; nothing happens if the process uses them already
 *
 * None of its tasks does anything: those that have not ended sleep in
 * restart(2), where not even a signal wakes them up. So nobody is about to
 * unlock what he has locked, as a task that exits would be. Others look at the
 * handlers of a task with tasklist_lock held, or again when they have the lock.
 */
void ckpt_join_sighand(struct task_struct *task, struct ckpt_sighand *sighand)
{
	struct sighand_struct *new = sighand->live, *old;
	struct task_struct *t;
	int nr = 0;

	write_lock_irq(&tasklist_lock);
	old = rcu_dereference_protected(task->sighand,
					lockdep_is_held(&tasklist_lock));
	if (old && old != new) {
		spin_lock(&old->siglock);
		spin_lock_nested(&new->siglock, SINGLE_DEPTH_NESTING);
		for_each_thread(task, t) {
			ckpt_sighand_grab(new);
			rcu_assign_pointer(t->sighand, new);
			nr++;
		}
		spin_unlock(&new->siglock);
		spin_unlock(&old->siglock);
	}
	write_unlock_irq(&tasklist_lock);
	while (nr--)
		__cleanup_sighand(old);
}

/* Masks */

/**
 * ckpt_sigtask_checkpoint - capture the signal masks of a thread
 * @ctx: checkpoint context
 * @task: task
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_sigtask_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task)
{
	struct ckpt_hdr_sigtask *h;

	h = ckpt_record(ctx, CKPT_HDR_SIGTASK, 0);
	if (!h)
		return -ENOMEM;
	h->blocked = ckpt_sigset(&task->blocked);
	if (test_tsk_restore_sigmask(task)) {
		h->flags = CKPT_SIGTASKF_RESTORE_MASK;
		h->saved = ckpt_sigset(&task->saved_sigmask);
	}
	return 0;
}

static void ckpt_sigtask_commit(const struct ckpt_hdr_sigtask *h)
{
	sigset_t set = { .sig[0] = h->saved };

	sigdelsetmask(&set, sigmask(SIGKILL) | sigmask(SIGSTOP));
	if (h->flags & CKPT_SIGTASKF_RESTORE_MASK) {
		current->saved_sigmask = set;
		set_restore_sigmask();
	} else {
		clear_restore_sigmask();
	}
	set.sig[0] = h->blocked;
	set_current_blocked(&set);
}

/* Queues */

/**
 * ckpt_sigpending_checkpoint - capture a queue of pending signals
 * @ctx: checkpoint context
 * @task: task
 * @queue: CKPT_SIGQUEUE_PRIVATE or CKPT_SIGQUEUE_SHARED
 *
 * Return: 0 or a negative errno.
 */
int ckpt_sigpending_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			       u32 queue)
{
	struct ckpt_hdr_sigpending *h;
	struct ckpt_siginfo *infos;
	struct sigpending *pending;
	unsigned long flags;
	struct sigqueue *q;
	u64 signals, timers, others;
	u32 nr, max = 16;

	/* More may arrive while memory is being allocated. */
	for (;;) {
		infos = kvmalloc_array(max, sizeof(*infos),
				       GFP_KERNEL_ACCOUNT);
		if (!infos)
			return -ENOMEM;
		if (!lock_task_sighand(task, &flags)) {
			kvfree(infos);
			return ckpt_err(ctx, task, -ESRCH,
					"the task has ended");
		}
		pending = queue == CKPT_SIGQUEUE_SHARED ?
			  &task->signal->shared_pending : &task->pending;
		nr = 0;
		timers = 0;
		others = 0;
		/* What a process had pending when it ended is for nobody. */
		if (task->exit_state && thread_group_empty(task)) {
			signals = 0;
			unlock_task_sighand(task, &flags);
			break;
		}
		list_for_each_entry(q, &pending->list, list) {
			if (q->flags & SIGQUEUE_PREALLOC) {
				timers |= 1ULL << (q->info.si_signo - 1);
				continue;
			}
			others |= 1ULL << (q->info.si_signo - 1);
			if (nr < max)
				memcpy(&infos[nr], &q->info, sizeof(*infos));
			nr++;
		}
		signals = ckpt_sigset(&pending->signal) & ~(timers & ~others);
		unlock_task_sighand(task, &flags);
		if (nr <= max)
			break;
		kvfree(infos);
		max = nr + 16;
		if (max > CKPT_SIGINFO_MAX)
			return ckpt_err(ctx, task, -EOPNOTSUPP,
					"more than %u pending signals",
					CKPT_SIGINFO_MAX);
	}

	h = ckpt_record(ctx, CKPT_HDR_SIGPENDING, nr * sizeof(*infos));
	if (h) {
		h->queue = queue;
		h->nr_infos = nr;
		h->signals = signals;
		memcpy(h->infos, infos, nr * sizeof(*infos));
	}
	kvfree(infos);
	return h ? 0 : -ENOMEM;
}

/**
 * ckpt_sigpending_restore - read and check a queue of pending signals
 * @ctx: restart context
 * @queue: which queue it must be
 *
 * Return: the record or an ERR_PTR.
 */
struct ckpt_hdr_sigpending *ckpt_sigpending_restore(struct ckpt_ctx *ctx,
						    u32 queue)
{
	struct ckpt_hdr_sigpending *h;
	kernel_siginfo_t info;
	bool bad;
	u32 i;

	h = ckpt_next_record(ctx, CKPT_HDR_SIGPENDING);
	if (IS_ERR(h))
		return h;
	bad = h->queue != queue || (h->signals & sigmask(SIGKILL));
	for (i = 0; !bad && i < h->nr_infos; i++) {
		memcpy(&info, &h->infos[i], sizeof(info));
		bad = !valid_signal(info.si_signo) || !info.si_signo ||
		      info.si_signo == SIGKILL ||
		      !(h->signals & 1ULL << (info.si_signo - 1));
	}
	if (!bad)
		return h;
	kvfree(h);
	return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
				"queue of pending signals is not valid"));
}

static int ckpt_sigpending_commit(struct ckpt_ctx *ctx,
				  const struct ckpt_hdr_sigpending *h)
{
	bool shared = h->queue == CKPT_SIGQUEUE_SHARED;
	struct sigpending *pending = shared ? &current->signal->shared_pending :
					      &current->pending;
	kernel_siginfo_t info;
	sigset_t signals;
	int ret = 0;
	u32 i;

	spin_lock_irq(&ckpt_task_sighand(current)->siglock);
	for (i = 0; !ret && i < h->nr_infos; i++) {
		memcpy(&info, &h->infos[i], sizeof(info));
		ret = send_signal_locked(info.si_signo, &info, current,
					 shared ? PIDTYPE_TGID : PIDTYPE_PID);
	}
	/* Some came without a queue entry. */
	signals.sig[0] = h->signals;
	sigorsets(&pending->signal, &pending->signal, &signals);
	spin_unlock_irq(&ckpt_task_sighand(current)->siglock);
	if (ret)
		return ckpt_err(ctx, current, ret,
				"cannot queue %u pending signals", h->nr_infos);
	return 0;
}

/* What the threads of a process share */

static void ckpt_itimers(struct task_struct *task, struct ckpt_itimer *it)
{
	static const int clocks[] = { CPUCLOCK_VIRT, CPUCLOCK_PROF };
	struct signal_struct *sig = task->signal;
	u64 samples[CPUCLOCK_MAX] = {};
	ktime_t left;
	int i;

	lockdep_assert_held(&ckpt_task_sighand(task)->siglock);
	left = __hrtimer_get_remaining(&sig->real_timer, true);
	it[0].interval = ktime_to_ns(sig->it_real_incr);
	if (hrtimer_active(&sig->real_timer))
		it[0].value = max_t(s64, ktime_to_ns(left), 1);
	else if (it[0].interval)
		it[0].value = 1; /* starts again when its SIGALRM is taken */

	/* The process counts its CPU time only while a timer needs it. */
	if (sig->it[CPUCLOCK_PROF].expires || sig->it[CPUCLOCK_VIRT].expires)
		thread_group_sample_cputime(task, samples);
	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		struct cpu_itimer *cpu = &sig->it[clocks[i]];

		it[1 + i].interval = cpu->incr;
		if (cpu->expires)
			it[1 + i].value = cpu->expires > samples[clocks[i]] ?
					  cpu->expires - samples[clocks[i]] : 1;
	}
}

static void ckpt_usage(struct task_struct *task, struct ckpt_hdr_signal *h)
{
	struct signal_struct *sig = task->signal;
	unsigned long pages = sig->maxrss;

	task_lock(task);
	if (task->mm)
		setmax_mm_hiwater_rss(&pages, task->mm);
	task_unlock(task);
	h->maxrss = (u64)pages << (PAGE_SHIFT - 10);
	h->cmaxrss = (u64)sig->cmaxrss << (PAGE_SHIFT - 10);
	thread_group_cputime_adjusted(task, &h->group_utime, &h->group_stime);
	h->utime = sig->utime;
	h->stime = sig->stime;
	h->minflt = sig->min_flt;
	h->majflt = sig->maj_flt;
	h->nvcsw = sig->nvcsw;
	h->nivcsw = sig->nivcsw;
	h->cutime = sig->cutime;
	h->cstime = sig->cstime;
	h->inblock = sig->inblock;
	h->oublock = sig->oublock;
	h->cinblock = sig->cinblock;
	h->coublock = sig->coublock;
	h->cminflt = sig->cmin_flt;
	h->cmajflt = sig->cmaj_flt;
	h->cnvcsw = sig->cnvcsw;
	h->cnivcsw = sig->cnivcsw;
}

/* A stop, and whether the parent has waited for it. The siglock is held. */
static void ckpt_stop(struct task_struct *task, struct ckpt_hdr_signal *h)
{
	struct signal_struct *sig = task->signal;
	struct task_struct *t;

	if (!(sig->flags & SIGNAL_STOP_STOPPED))
		return;
	for_each_thread(task, t)
		if (t->jobctl & JOBCTL_STOPPED)
			h->stop_signal = t->jobctl & JOBCTL_STOP_SIGMASK;
	h->stop_code = sig->group_exit_code;
}

static int ckpt_signal_checkpoint(struct ckpt_ctx *ctx,
				  struct task_struct *task, void *ptr,
				  struct ckpt_object *obj)
{
	struct signal_struct *sig = ptr;
	struct ckpt_hdr_signal *h;
	unsigned long flags;
	int i;

	h = ckpt_record(ctx, CKPT_HDR_SIGNAL,
			RLIM_NLIMITS * sizeof(struct ckpt_rlimit));
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->oom_score_adj = sig->oom_score_adj;
	h->oom_score_adj_min = sig->oom_score_adj_min;
	h->flags = (sig->is_child_subreaper ? CKPT_SIGNALF_SUBREAPER : 0) |
		   (sig->has_child_subreaper ? CKPT_SIGNALF_HAS_SUBREAPER : 0) |
		   (sig->flags & SIGNAL_STOP_CONTINUED ?
		    CKPT_SIGNALF_CONTINUED : 0);
	h->nr_rlimits = RLIM_NLIMITS;
	task_lock(task);
	for (i = 0; i < RLIM_NLIMITS; i++) {
		h->rlimits[i].cur = sig->rlim[i].rlim_cur;
		h->rlimits[i].max = sig->rlim[i].rlim_max;
	}
	task_unlock(task);

	if (!lock_task_sighand(task, &flags))
		return ckpt_err(ctx, task, -ESRCH, "the task has ended");
	ckpt_itimers(task, h->itimers);
	ckpt_stop(task, h);
	unlock_task_sighand(task, &flags);
	ckpt_usage(task, h);

	i = ckpt_sigpending_checkpoint(ctx, task, CKPT_SIGQUEUE_SHARED);
	return i ?: ckpt_timers_checkpoint(ctx, task);
}

static int ckpt_check_rlimits(struct ckpt_ctx *ctx,
			      const struct ckpt_hdr_signal *h)
{
	struct rlimit *rlim = current->signal->rlim, new;
	int i, ret;

	if (h->nr_rlimits != RLIM_NLIMITS)
		return ckpt_err(ctx, current, -EINVAL,
				"%u resource limits, this kernel has %d",
				h->nr_rlimits, RLIM_NLIMITS);
	for (i = 0; i < RLIM_NLIMITS; i++) {
		if (h->rlimits[i].cur > h->rlimits[i].max)
			return ckpt_err(ctx, current, -EINVAL,
					"resource limit %d is not valid", i);
		if ((h->rlimits[i].max > READ_ONCE(rlim[i].rlim_max) &&
		     !capable(CAP_SYS_RESOURCE)) ||
		    (i == RLIMIT_NOFILE &&
		     h->rlimits[i].max > sysctl_nr_open))
			return ckpt_err(ctx, current, -EPERM,
					"the caller may not raise resource limit %d to %llu",
					i, h->rlimits[i].max);
		new.rlim_cur = h->rlimits[i].cur;
		new.rlim_max = h->rlimits[i].max;
		ret = security_task_setrlimit(current, i, &new);
		if (ret)
			return ckpt_err(ctx, current, ret,
					"resource limit %d", i);
	}
	return 0;
}

static int ckpt_check_signal(struct ckpt_ctx *ctx,
			     const struct ckpt_hdr_signal *h)
{
	struct signal_struct *sig = current->signal;
	int i;

	for (i = 0; i < ARRAY_SIZE(h->itimers); i++)
		if (h->itimers[i].value > KTIME_MAX ||
		    h->itimers[i].interval > KTIME_MAX)
			return ckpt_err(ctx, current, -EINVAL,
					"interval timer %d is not valid", i);
	if (h->utime > CKPT_CPUTIME_MAX || h->stime > CKPT_CPUTIME_MAX ||
	    h->cutime > CKPT_CPUTIME_MAX || h->cstime > CKPT_CPUTIME_MAX ||
	    h->group_utime > CKPT_CPUTIME_MAX ||
	    h->group_stime > CKPT_CPUTIME_MAX)
		return ckpt_err(ctx, current, -EINVAL,
				"CPU times are not valid");
	if (h->oom_score_adj < OOM_SCORE_ADJ_MIN ||
	    h->oom_score_adj > OOM_SCORE_ADJ_MAX ||
	    h->oom_score_adj_min < OOM_SCORE_ADJ_MIN ||
	    h->oom_score_adj_min > OOM_SCORE_ADJ_MAX)
		return ckpt_err(ctx, current, -EINVAL,
				"oom_score_adj %d is not valid",
				h->oom_score_adj);
	if ((h->oom_score_adj < sig->oom_score_adj_min ||
	     h->oom_score_adj_min < sig->oom_score_adj_min) &&
	    !capable(CAP_SYS_RESOURCE))
		return ckpt_err(ctx, current, -EPERM,
				"the caller may not lower oom_score_adj to %d",
				h->oom_score_adj);
	if (h->stop_signal && !sig_kernel_stop(h->stop_signal))
		return ckpt_err(ctx, current, -EINVAL,
				"signal %u does not stop a process",
				h->stop_signal);
	return ckpt_check_rlimits(ctx, h);
}

static void ckpt_signal_free(void *ptr)
{
	struct ckpt_signal *signal = ptr;

	ckpt_timers_put(signal->timers);
	kvfree(signal->pending);
	kvfree(signal->h);
	kfree(signal);
}

static void *ckpt_signal_restore(struct ckpt_ctx *ctx,
				 const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_signal *h = (const void *)hdr;
	struct ckpt_signal *signal;
	int ret;

	ret = ckpt_check_signal(ctx, h);
	if (ret)
		return ERR_PTR(ret);
	signal = kzalloc(sizeof(*signal), GFP_KERNEL_ACCOUNT);
	if (!signal)
		return ERR_PTR(-ENOMEM);
	signal->h = kvmemdup(h, h->h.len, GFP_KERNEL_ACCOUNT);
	if (!signal->h) {
		ckpt_signal_free(signal);
		return ERR_PTR(-ENOMEM);
	}
	signal->pending = ckpt_sigpending_restore(ctx, CKPT_SIGQUEUE_SHARED);
	if (IS_ERR(signal->pending)) {
		ret = PTR_ERR(signal->pending);
		signal->pending = NULL;
		ckpt_signal_free(signal);
		return ERR_PTR(ret);
	}
	signal->timers = ckpt_timers_restore(ctx, h->itimers,
					     h->rlimits[RLIMIT_SIGPENDING].cur);
	if (IS_ERR(signal->timers)) {
		ret = PTR_ERR(signal->timers);
		signal->timers = NULL;
		ckpt_signal_free(signal);
		return ERR_PTR(ret);
	}
	return signal;
}

/* The task reference of the context's member keeps it. */
static void ckpt_signal_hold(void *ptr)
{
}

const struct ckpt_obj_ops ckpt_signal_ops = {
	.name		= "process",
	.objtype	= CKPT_OBJ_SIGNAL,
	.grab		= ckpt_signal_hold,
	.drop		= ckpt_signal_hold,
	.free		= ckpt_signal_free,
	.checkpoint	= ckpt_signal_checkpoint,
	.restore	= ckpt_signal_restore,
};

static void ckpt_rlimits_commit(const struct ckpt_hdr_signal *h)
{
	struct signal_struct *sig = current->signal;
	int i;

	task_lock(current->group_leader);
	for (i = 0; i < RLIM_NLIMITS; i++) {
		sig->rlim[i].rlim_cur = h->rlimits[i].cur;
		sig->rlim[i].rlim_max = h->rlimits[i].max;
	}
	task_unlock(current->group_leader);
	if (h->rlimits[RLIMIT_CPU].cur != RLIM_INFINITY)
		update_rlimit_cpu(current, h->rlimits[RLIMIT_CPU].cur);
}

/**
 * ckpt_usage_commit - take on what ended threads and children have used
 * @h: record
 */
void ckpt_usage_commit(const struct ckpt_hdr_signal *h)
{
	struct signal_struct *sig = current->signal;

	write_seqlock_irq(&sig->stats_lock);
	sig->maxrss = h->maxrss >> (PAGE_SHIFT - 10);
	sig->cmaxrss = h->cmaxrss >> (PAGE_SHIFT - 10);
	sig->utime = h->utime;
	sig->stime = h->stime;
	sig->sum_sched_runtime = h->utime + h->stime;
	sig->min_flt = h->minflt;
	sig->maj_flt = h->majflt;
	sig->nvcsw = h->nvcsw;
	sig->nivcsw = h->nivcsw;
	sig->cutime = h->cutime;
	sig->cstime = h->cstime;
	sig->inblock = h->inblock;
	sig->oublock = h->oublock;
	sig->cinblock = h->cinblock;
	sig->coublock = h->coublock;
	sig->cmin_flt = h->cminflt;
	sig->cmaj_flt = h->cmajflt;
	sig->cnvcsw = h->cnvcsw;
	sig->cnivcsw = h->cnivcsw;
	write_sequnlock_irq(&sig->stats_lock);
	ckpt_sched_set_group_cputime(current, h->group_utime, h->group_stime);
}

/**
 * ckpt_signal_begin - make the caller deaf before it changes
 * @r: what it becomes
 *
 * The signals that the caller had pending were not for the task that it
 * becomes; those of the image must not be delivered before it is complete.
 *
 * Return: 0, or -EINTR when the caller is being killed.
 */
int ckpt_signal_begin(const struct ckpt_restore *r)
{
	unsigned long flags;
	sigset_t all;
	int ret = 0;

	sigfillset(&all);
	set_current_blocked(&all);

	/* What flush_signals() does, but for a task that is being killed. */
	spin_lock_irqsave(&ckpt_task_sighand(current)->siglock, flags);
	if (current->signal->flags & SIGNAL_GROUP_EXIT) {
		ret = -EINTR;
	} else {
		clear_thread_flag(TIF_SIGPENDING);
		flush_sigqueue(&current->pending);
		/* Another thread may have put the image's there already. */
		if (!r->signal->committed)
			flush_sigqueue(&current->signal->shared_pending);
	}
	spin_unlock_irqrestore(&ckpt_task_sighand(current)->siglock, flags);
	return ret;
}

/**
 * ckpt_stop_commit - stop on the way to user mode, as before
 * @r: what the task becomes
 *
 * The stop has been reported to the parent when it happened; here it is only
 * taken up again.
 */
void ckpt_stop_commit(const struct ckpt_restore *r)
{
	const struct ckpt_hdr_signal *h = r->signal->h;
	struct signal_struct *sig = current->signal;

	spin_lock_irq(&ckpt_task_sighand(current)->siglock);
	if (!(sig->flags & SIGNAL_GROUP_EXIT)) {
		sig->flags |= SIGNAL_STOP_STOPPED;
		sig->group_exit_code = h->stop_code;
		current->jobctl &= ~JOBCTL_STOP_SIGMASK;
		current->jobctl |= JOBCTL_STOP_PENDING |
				   (h->stop_signal ?: SIGSTOP);
	}
	spin_unlock_irq(&ckpt_task_sighand(current)->siglock);
}

/* What the first thread of a process does for all. */
static int ckpt_process_commit(struct ckpt_ctx *ctx, struct ckpt_signal *signal)
{
	const struct ckpt_hdr_signal *h = signal->h;
	struct signal_struct *sig = current->signal;
	int ret;

	signal->committed = true;
	ckpt_rlimits_commit(h);
	ckpt_usage_commit(h);
	sig->oom_score_adj = h->oom_score_adj;
	sig->oom_score_adj_min = h->oom_score_adj_min;
	sig->is_child_subreaper = !!(h->flags & CKPT_SIGNALF_SUBREAPER);
	if (h->flags & CKPT_SIGNALF_HAS_SUBREAPER)
		sig->has_child_subreaper = true;

	ret = ckpt_sigpending_commit(ctx, signal->pending);
	if (ret)
		return ret;
	if (h->flags & CKPT_SIGNALF_CONTINUED) {
		spin_lock_irq(&ckpt_task_sighand(current)->siglock);
		if (!(sig->flags & (SIGNAL_GROUP_EXIT | SIGNAL_STOP_STOPPED)))
			sig->flags |= SIGNAL_STOP_CONTINUED;
		spin_unlock_irq(&ckpt_task_sighand(current)->siglock);
	}
	return 0;
}

/**
 * ckpt_signal_commit - take on signal state, limits and timers
 * @ctx: restart context
 * @r: what the task becomes
 *
 * Return: 0 or a negative errno.
 */
int ckpt_signal_commit(struct ckpt_ctx *ctx, struct ckpt_restore *r)
{
	int ret;

	ret = ckpt_sighand_commit(ctx, r);
	if (!ret && !r->signal->committed)
		ret = ckpt_process_commit(ctx, r->signal);
	if (!ret)
		ret = ckpt_sigpending_commit(ctx, r->pending);
	if (!ret)
		ret = ckpt_timers_commit(ctx, r->timers);
	if (ret)
		return ret;
	ckpt_sigtask_commit(r->sigtask);
	return 0;
}
