// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint: holding the tasks still.
 *
 * A task of the hierarchy gets JOBCTL_TRAP_CKPT, a trap on its way to user
 * mode like that of the cgroup freezer: once it sits in the trap, or in a
 * job-control stop behind which the trap lies, its user registers are complete
 * and an interrupted system call shows its restart code. Thawing, continuing or
 * tracing it does not get it past the trap; killing does, and fails the
 * checkpoint.
 *
 * Tasks that the caller has frozen with either cgroup freezer or stopped move
 * into the trap as well, so that only one kind of stillness has to be
 * understood. Others are refused, or stopped if CHECKPOINT_FREEZE asks for it.
 */
#include <linux/cgroup.h>
#include <linux/freezer.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/task_work.h>
#include <linux/resume_user_mode.h>

#include "internal.h"

/**
 * checkpoint_trap - stay here until the checkpoint lets go
 *
 * Context: from get_signal(), with the siglock held, which is dropped.
 */
void checkpoint_trap(void)
	__releases(&current->sighand->siglock)
{
	/*
	 * A signal that is not fatal is for later: without TIF_SIGPENDING it
	 * does not end the sleep. Every new one does, to find out.
	 */
	__set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
	clear_thread_flag(TIF_SIGPENDING);
	current->jobctl |= JOBCTL_CKPT_PARKED;
	/* The reference that keeps the context goes with the siglock held. */
	wake_up_all(&current->checkpoint_ctx->wait);
	spin_unlock_irq(&ckpt_task_sighand(current)->siglock);
	schedule();

	clear_notify_signal();
	if (unlikely(task_work_pending(current)))
		task_work_run();

	spin_lock_irq(&ckpt_task_sighand(current)->siglock);
	current->jobctl &= ~JOBCTL_CKPT_PARKED;
	spin_unlock_irq(&ckpt_task_sighand(current)->siglock);

	/* A task that came out of the cgroup v1 freezer goes back there. */
	if (!checkpoint_trap_pending(current))
		try_to_freeze();
}

/* Take @task out of the operation that holds it; the siglock is held. */
static struct ckpt_ctx *ckpt_detach(struct task_struct *task)
{
	struct ckpt_ctx *ctx = task->checkpoint_ctx;

	task->checkpoint_ctx = NULL;
	task->jobctl &= ~JOBCTL_TRAP_CKPT;
	return ctx;
}

/**
 * __checkpoint_exit - a member of a checkpoint or restart ends
 * @task: the exiting task, which is current
 */
void __checkpoint_exit(struct task_struct *task)
{
	struct ckpt_ctx *ctx;

	spin_lock_irq(&ckpt_task_sighand(task)->siglock);
	ctx = ckpt_detach(task);
	spin_unlock_irq(&ckpt_task_sighand(task)->siglock);
	if (!ctx)
		return;

	WRITE_ONCE(ctx->lost, true);
	if (ctx->restart)
		ckpt_abort(ctx, -ESRCH);
	wake_up_all(&ctx->wait);
	/*
	 * Who captures looks at the address space, the files and the stack of
	 * this task, on the word that it stays where it is. That does not take
	 * long: nothing is written while capturing.
	 */
	if (!ctx->restart)
		wait_event(ctx->wait, READ_ONCE(ctx->captured));
	ckpt_ctx_put(ctx);
}

/*
 * Frozen or stopped by someone, in whatever way, or on its way there as after
 * another checkpoint? The siglock is held.
 */
static bool ckpt_is_still(struct task_struct *task)
{
	return cgroup_task_frozen(task) || frozen(task) || freezing(task) ||
	       (task->jobctl & (JOBCTL_STOPPED | JOBCTL_TRAP_FREEZE));
}

static int ckpt_hold_task(struct ckpt_ctx *ctx, struct ckpt_member *member)
{
	struct task_struct *task = member->task;
	unsigned long flags;
	int ret = 0;

	if (!lock_task_sighand(task, &flags))
		return ckpt_err(ctx, task, -ESRCH, "the task has ended");
	if (task->ptrace)
		ret = -EBUSY;
	else if (task->checkpoint_ctx)
		ret = -EALREADY;
	else if (!(ctx->uflags & CHECKPOINT_FREEZE) && !ckpt_is_still(task))
		ret = -EAGAIN;
	if (!ret) {
		refcount_inc(&ctx->users);
		task->checkpoint_ctx = ctx;
		task->jobctl |= JOBCTL_TRAP_CKPT;
		/* Pairs with that in checkpoint_exit(). */
		smp_mb();
		if (READ_ONCE(task->flags) & PF_EXITING) {
			ckpt_detach(task);
			ret = -ESRCH;
		} else {
			member->held = true;
			signal_wake_up(task, false);
		}
	}
	unlock_task_sighand(task, &flags);

	switch (ret) {
	case -ESRCH:
		ckpt_ctx_put(ctx);
		return ckpt_err(ctx, task, -ESRCH, "the task has ended");
	case -EBUSY:
		return ckpt_err(ctx, task, -EBUSY, "the task is traced");
	case -EALREADY:
		return ckpt_err(ctx, task, -EBUSY,
				"the task is in another checkpoint or restart");
	case -EAGAIN:
		return ckpt_err(ctx, task, -EBUSY,
				"the task is neither frozen nor stopped");
	}
	/*
	 * The cgroup v1 freezer stops a task wherever it sleeps: have it go on
	 * to the trap.
	 */
	if (frozen(task))
		__thaw_task(task);
	return 0;
}

static bool ckpt_is_parked(struct task_struct *task)
{
	return READ_ONCE(task->jobctl) & (JOBCTL_CKPT_PARKED | JOBCTL_STOPPED);
}

static bool ckpt_all_parked(struct ckpt_ctx *ctx)
{
	u32 i;

	if (READ_ONCE(ctx->lost))
		return true;
	for (i = 0; i < ctx->nr_members; i++)
		if (ctx->members[i].held &&
		    !ckpt_is_parked(ctx->members[i].task))
			return false;
	return true;
}

/**
 * ckpt_hold - stop every member, or make sure that those stopped stay so
 * @ctx: checkpoint context; a member that is current is left alone
 *
 * Return: 0; -EBUSY with a task that is running, traced or held by another
 * operation; -ESRCH when one ends; -ERESTARTSYS.
 */
int ckpt_hold(struct ckpt_ctx *ctx)
{
	u32 i;
	int ret;

	for (i = 0; i < ctx->nr_members; i++) {
		if (ctx->members[i].task == current)
			continue;
		ret = ckpt_hold_task(ctx, &ctx->members[i]);
		if (ret)
			return ret;
	}

	/*
	 * A stop is entered without a word to us, so look again from time to
	 * time.
	 */
	do {
		ret = wait_event_interruptible_timeout(ctx->wait,
						       ckpt_all_parked(ctx),
						       HZ / 100 ?: 1);
	} while (!ret);
	/* Nothing has been done that the call could not do again. */
	if (ret < 0)
		return -ERESTARTSYS;

	/*
	 * Parked is said a moment before the task leaves its CPU, and with it
	 * the FPU. A signal may wake it up for another round.
	 */
	ret = ckpt_hold_intact(ctx);
	for (i = 0; !ret && i < ctx->nr_members; i++) {
		if (!ctx->members[i].held ||
		    wait_task_inactive(ctx->members[i].task, TASK_ANY))
			continue;
		schedule_timeout_killable(1);
		ret = fatal_signal_pending(current) ? -EINTR :
						      ckpt_hold_intact(ctx);
		i--;
	}
	return ret;
}

/**
 * ckpt_hold_intact - are all members still what they were?
 * @ctx: checkpoint context
 *
 * Return: 0, -ESRCH when one has ended, -EBUSY when one is traced by now.
 */
int ckpt_hold_intact(struct ckpt_ctx *ctx)
{
	struct task_struct *task;
	u32 i;

	if (READ_ONCE(ctx->lost))
		return ckpt_err(ctx, NULL, -ESRCH,
				"a task has ended during the checkpoint");
	for (i = 0; i < ctx->nr_members; i++) {
		task = ctx->members[i].task;
		if (task == current)
			continue;
		if (fatal_signal_pending(task) ||
		    (READ_ONCE(task->flags) & PF_EXITING))
			return ckpt_err(ctx, task, -ESRCH,
					"the task is being killed");
		if (READ_ONCE(task->ptrace))
			return ckpt_err(ctx, task, -EBUSY,
					"the task is traced");
	}
	return 0;
}

/**
 * ckpt_captured - nobody looks at the members any more
 * @ctx: checkpoint context
 */
void ckpt_captured(struct ckpt_ctx *ctx)
{
	WRITE_ONCE(ctx->captured, true);
	wake_up_all(&ctx->wait);
}

/**
 * ckpt_release - let the members go
 * @ctx: checkpoint context
 *
 * A member that the caller had frozen or stopped stays so.
 */
void ckpt_release(struct ckpt_ctx *ctx)
{
	struct task_struct *task;
	unsigned long flags;
	bool put;
	u32 i;

	ckpt_captured(ctx);
	for (i = 0; i < ctx->nr_members; i++) {
		if (!ctx->members[i].held)
			continue;
		ctx->members[i].held = false;
		task = ctx->members[i].task;
		if (!lock_task_sighand(task, &flags))
			continue;
		put = task->checkpoint_ctx == ctx;
		if (put) {
			ckpt_detach(task);
			signal_wake_up(task, false);
		}
		unlock_task_sighand(task, &flags);
		if (put)
			ckpt_ctx_put(ctx);
	}
}
