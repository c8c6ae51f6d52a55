// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: scheduling attributes, affinity and CPU time of a task.
 */
#include <linux/checkpoint_ctx.h>
#include <linux/cpuset.h>
#include <linux/ioprio.h>
#include <linux/slab.h>
#include <uapi/linux/sched/types.h>

#include "sched.h"

/* Those that sched_getattr(2) may tell; the others only ask for something. */
#define CKPT_SCHED_FLAGS	((u64)(SCHED_FLAG_RESET_ON_FORK | \
				       SCHED_FLAG_RECLAIM | \
				       SCHED_FLAG_DL_OVERRUN))

static void ckpt_sched_get(struct task_struct *p, struct sched_attr *attr)
{
	struct rq_flags rf;
	struct rq *rq;

	rq = task_rq_lock(p, &rf);
	attr->sched_policy = p->policy;
	if (p->sched_reset_on_fork)
		attr->sched_flags |= SCHED_FLAG_RESET_ON_FORK;
	if (task_has_dl_policy(p))
		__getparam_dl(p, attr);
	else if (task_has_rt_policy(p))
		attr->sched_priority = p->rt_priority;
	else if (p->se.custom_slice)
		attr->sched_runtime = p->se.slice;
	attr->sched_nice = task_nice(p);
	task_rq_unlock(rq, p, &rf);
}

/* The mask that sched_setaffinity(2) was given, if it was called. */
static struct cpumask *ckpt_sched_affinity(struct task_struct *p)
{
	struct cpumask *mask = kmalloc(cpumask_size(), GFP_KERNEL);
	struct rq_flags rf;
	struct rq *rq;
	bool set;

	if (!mask)
		return ERR_PTR(-ENOMEM);
	rq = task_rq_lock(p, &rf);
	set = p->user_cpus_ptr;
	if (set)
		cpumask_copy(mask, p->user_cpus_ptr);
	task_rq_unlock(rq, p, &rf);
	if (set && !cpumask_subset(cpu_possible_mask, mask))
		return mask;
	kfree(mask);
	return NULL;
}

/**
 * ckpt_sched_checkpoint - capture the scheduling attributes of a task
 * @ctx: checkpoint context
 * @task: task
 *
 * Return: 0 or a negative errno.
 */
int ckpt_sched_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task)
{
	struct sched_attr attr = {};
	struct ckpt_hdr_sched *h;
	struct cpumask *mask;
	u32 words = 0;
	int cpu;

	mask = ckpt_sched_affinity(task);
	if (IS_ERR(mask))
		return PTR_ERR(mask);
	if (mask)
		words = DIV_ROUND_UP(nr_cpu_ids, 64);
	h = ckpt_record(ctx, CKPT_HDR_SCHED, words * sizeof(u64));
	if (!h) {
		kfree(mask);
		return -ENOMEM;
	}

	ckpt_sched_get(task, &attr);
	h->policy = attr.sched_policy;
	h->nice = attr.sched_nice;
	h->flags = attr.sched_flags;
	h->priority = attr.sched_priority;
	h->runtime = attr.sched_runtime;
	h->deadline = attr.sched_deadline;
	h->period = attr.sched_period;
	h->timer_slack = task->timer_slack_ns;
	h->default_timer_slack = task->default_timer_slack_ns;
	task_lock(task);
	if (task->io_context)
		h->ioprio = task->io_context->ioprio;
	task_unlock(task);

	h->nr_cpus = num_possible_cpus();
	h->nr_words = words;
	if (mask)
		for_each_cpu(cpu, mask)
			h->affinity[cpu / 64] |= 1ULL << (cpu % 64);
	kfree(mask);
	return 0;
}

/* What the caller may not do by itself is refused before anything changes. */
static int ckpt_sched_check(struct ckpt_ctx *ctx,
			    const struct ckpt_hdr_sched *h)
{
	bool privileged = capable(CAP_SYS_NICE);
	struct task_struct *p = current;

	if (!valid_policy(h->policy) || h->nice < MIN_NICE ||
	    h->nice > MAX_NICE || (h->flags & ~CKPT_SCHED_FLAGS) ||
	    h->ioprio > U16_MAX)
		return ckpt_err(ctx, p, -EINVAL,
				"scheduling attributes are not valid");
	if (privileged)
		return 0;
	if (dl_policy(h->policy) ||
	    (rt_policy(h->policy) &&
	     (p->policy != h->policy || h->priority > p->rt_priority) &&
	     h->priority > task_rlimit(p, RLIMIT_RTPRIO)))
		return ckpt_err(ctx, p, -EPERM,
				"the caller may not use scheduling policy %u",
				h->policy);
	if (h->nice < task_nice(p) && !can_nice(p, h->nice))
		return ckpt_err(ctx, p, -EPERM,
				"the caller may not use nice value %d",
				h->nice);
	return 0;
}

static int ckpt_sched_mask(struct ckpt_ctx *ctx,
			   const struct ckpt_hdr_sched *h,
			   struct cpumask *mask)
{
	struct cpumask *allowed;
	bool usable;
	u32 cpu;

	cpumask_clear(mask);
	for (cpu = 0; cpu < h->nr_words * 64 && cpu < nr_cpu_ids; cpu++)
		if (h->affinity[cpu / 64] & (1ULL << (cpu % 64)))
			cpumask_set_cpu(cpu, mask);

	allowed = kmalloc(cpumask_size(), GFP_KERNEL);
	if (!allowed)
		return -ENOMEM;
	cpuset_cpus_allowed(current, allowed);
	usable = cpumask_intersects(allowed, mask);
	kfree(allowed);
	if (!usable)
		return ckpt_err(ctx, current, -EINVAL,
				"none of the CPUs that the task may use is here");
	return 0;
}

/**
 * ckpt_sched_restore - read and check scheduling attributes
 * @ctx: restart context
 *
 * Return: the record or an ERR_PTR.
 */
struct ckpt_hdr_sched *ckpt_sched_restore(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_sched *h = ckpt_next_record(ctx, CKPT_HDR_SCHED);
	struct cpumask *mask;
	int ret;

	if (IS_ERR(h))
		return h;
	ret = ckpt_sched_check(ctx, h);
	if (!ret && h->ioprio) {
		ret = ioprio_check_cap(h->ioprio);
		if (ret)
			ckpt_err(ctx, current, ret,
				 "the caller may not use I/O priority %#x",
				 h->ioprio);
	}
	if (!ret && h->nr_words) {
		mask = kmalloc(cpumask_size(), GFP_KERNEL);
		ret = mask ? ckpt_sched_mask(ctx, h, mask) : -ENOMEM;
		kfree(mask);
	}
	if (!ret)
		return h;
	kvfree(h);
	return ERR_PTR(ret);
}

/**
 * ckpt_sched_commit - take on scheduling attributes
 * @ctx: restart context
 * @h: the record, checked
 *
 * Return: 0 or a negative errno.
 */
int ckpt_sched_commit(struct ckpt_ctx *ctx, const struct ckpt_hdr_sched *h)
{
	struct sched_attr attr = {
		.size		= sizeof(attr),
		.sched_policy	= h->policy,
		.sched_flags	= h->flags,
		.sched_nice	= h->nice,
		.sched_priority	= h->priority,
		.sched_runtime	= h->runtime,
		.sched_deadline	= h->deadline,
		.sched_period	= h->period,
	};
	struct cpumask *mask;
	int ret;

	ret = sched_setattr(current, &attr);
	if (ret)
		return ckpt_err(ctx, current, ret,
				"scheduling policy %u", h->policy);

	/* Other policies have a nice value as well, for when they end. */
	if (task_nice(current) != h->nice)
		set_user_nice(current, h->nice);

	if (h->nr_words) {
		mask = kmalloc(cpumask_size(), GFP_KERNEL);
		if (!mask)
			return -ENOMEM;
		ret = ckpt_sched_mask(ctx, h, mask);
		if (!ret)
			ret = sched_setaffinity(0, mask);
		kfree(mask);
	} else if (current->user_cpus_ptr) {
		ret = sched_setaffinity(0, cpu_possible_mask);
	}
	if (ret)
		return ckpt_err(ctx, current, ret, "CPU affinity");

	if (h->ioprio || current->io_context) {
		ret = set_task_ioprio(current, h->ioprio);
		if (ret)
			return ckpt_err(ctx, current, ret, "I/O priority %#x",
					h->ioprio);
	}
	current->timer_slack_ns = h->timer_slack;
	current->default_timer_slack_ns = h->default_timer_slack;
	return 0;
}

static void ckpt_sched_set_prev(struct prev_cputime *prev, u64 utime, u64 stime)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&prev->lock, flags);
	prev->utime = utime;
	prev->stime = stime;
	raw_spin_unlock_irqrestore(&prev->lock, flags);
}

/**
 * ckpt_sched_set_cputime - have a task go on counting CPU time from a value
 * @p: the task
 * @utime: user time, nanoseconds
 * @stime: system time, nanoseconds
 */
void ckpt_sched_set_cputime(struct task_struct *p, u64 utime, u64 stime)
{
	struct rq_flags rf;
	struct rq *rq;

	rq = task_rq_lock(p, &rf);
	update_rq_clock(rq);
	if (p->__state != TASK_DEAD)
		p->sched_class->update_curr(rq);
	p->utime = utime;
	p->stime = stime;
	p->se.prev_sum_exec_runtime += utime + stime - p->se.sum_exec_runtime;
	p->se.sum_exec_runtime = utime + stime;
	task_rq_unlock(rq, p, &rf);
	ckpt_sched_set_prev(&p->prev_cputime, utime, stime);
}

/**
 * ckpt_sched_set_group_cputime - have a process show the CPU time that it did
 * @p: a thread of the process
 * @utime: user time of all threads, nanoseconds
 * @stime: system time of all threads, nanoseconds
 *
 * User and system time are estimates that keep what has been shown before.
 */
void ckpt_sched_set_group_cputime(struct task_struct *p, u64 utime, u64 stime)
{
	ckpt_sched_set_prev(&p->signal->prev_cputime, utime, stime);
}
