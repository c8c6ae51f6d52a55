// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint: holding the tasks still.
 *
 * A task of the hierarchy gets JOBCTL_TRAP_CKPT, a trap on its way to user
 * mode like that of the cgroup freezer: once it sits in the trap, or in a
 * job-control stop behind which the trap lies, its user registers are complete
 * and an interrupted system call shows its restart code. Thawing, continuing or
 * tracing it does not get it past the trap; killing does, and fails the
 * checkpoint. The parent in vfork(2) does not come to the trap; it waits for a
 * child that does.
 *
 * Tasks that the caller has frozen with either cgroup freezer or stopped move
 * into the trap as well, so that only one kind of stillness has to be
 * understood. Others are refused, or stopped if CHECKPOINT_FREEZE asks for it.
 *
 * While some tasks are being stopped, others fork and exit. So the hierarchy is
 * looked at again and again until it is still and has not changed.
 */
#include <linux/cgroup.h>
#include <linux/freezer.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
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
	/* Pairs with that in ckpt_all_parked(). */
	smp_mb();
	/* The reference that keeps the context goes with the siglock held. */
	if (READ_ONCE(current->checkpoint_ctx->awaited) == current)
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

	/* A task may end while others are still being stopped. */
	if (ctx->restart || READ_ONCE(ctx->still))
		WRITE_ONCE(ctx->lost, true);
	if (ctx->restart)
		ckpt_abort(ctx, -ESRCH);
	wake_up_all(&ctx->wait);
	/*
	 * Who captures looks at what this task is about to give up. That takes
	 * no longer than to copy it: see ckpt_look().
	 */
	wait_event(ctx->wait, READ_ONCE(ctx->looking) != task);
	ckpt_ctx_put(ctx);
}

/**
 * ckpt_look - begin to look at a task's own state
 * @ctx: checkpoint context
 * @task: member; current, or one that is held
 *
 * Until ckpt_look_away() the task does not go beyond the start of its exit. No
 * path is looked up and no log is written meanwhile: those may wait for user
 * space, and that for the task.
 *
 * Return: 0, or -ESRCH.
 */
int ckpt_look(struct ckpt_ctx *ctx, struct task_struct *task)
{
	unsigned long flags;
	bool held;

	if (task == current)
		return 0;
	if (!lock_task_sighand(task, &flags))
		return ckpt_err(ctx, task, -ESRCH, "the task has ended");
	held = task->checkpoint_ctx == ctx;
	if (held)
		WRITE_ONCE(ctx->looking, task);
	unlock_task_sighand(task, &flags);
	return held ? 0 : ckpt_err(ctx, task, -ESRCH, "the task has ended");
}

/**
 * ckpt_look_away - the task may end
 * @ctx: checkpoint context
 */
void ckpt_look_away(struct ckpt_ctx *ctx)
{
	WRITE_ONCE(ctx->looking, NULL);
	wake_up_all(&ctx->wait);
	ckpt_log_flush(ctx);
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

/*
 * Does a task sleep in vfork(2)? That is the one sleep which counts as frozen
 * and only a fatal signal ends.
 */
static bool ckpt_in_vfork(struct task_struct *task)
{
	return cgroup_task_frozen(task) &&
	       (READ_ONCE(task->__state) & (TASK_UNINTERRUPTIBLE | TASK_FROZEN));
}

/**
 * ckpt_vfork_child - the child that a task's vfork(2) waits for
 * @task: member, held
 *
 * Return: the child with a reference, NULL for a task that is not in vfork(2).
 */
struct task_struct *ckpt_vfork_child(struct task_struct *task)
{
	struct task_struct *child, *found = NULL;

	if (!ckpt_in_vfork(task))
		return NULL;
	read_lock(&tasklist_lock);
	list_for_each_entry(child, &task->children, sibling)
		if (READ_ONCE(child->vfork_done))
			found = child;
	if (found)
		get_task_struct(found);
	read_unlock(&tasklist_lock);
	return found;
}

/* Room to remember one task more, before it is held. */
static int ckpt_held_reserve(struct ckpt_ctx *ctx)
{
	u32 max = max_t(u32, 16, ctx->max_held * 2);
	struct task_struct **held;

	if (ctx->nr_held < ctx->max_held)
		return 0;
	held = kvrealloc(ctx->held, max * sizeof(*held), GFP_KERNEL_ACCOUNT);
	if (!held)
		return -ENOMEM;
	ctx->held = held;
	ctx->max_held = max;
	return 0;
}

/* Give @task the trap; -EALREADY when it has ours. The siglock is held. */
static int ckpt_set_trap(struct ckpt_ctx *ctx, struct task_struct *task)
{
	if (task->checkpoint_ctx == ctx)
		return -EALREADY;
	if (task->ptrace || task->checkpoint_ctx || task->signal->core_state)
		return -EBUSY;
	if (!(ctx->uflags & CHECKPOINT_FREEZE) && !ckpt_is_still(task))
		return -EAGAIN;
	refcount_inc(&ctx->users);
	task->checkpoint_ctx = ctx;
	task->jobctl |= JOBCTL_TRAP_CKPT;
	/* Pairs with that in checkpoint_exit(). */
	smp_mb();
	if (READ_ONCE(task->flags) & PF_EXITING) {
		ckpt_detach(task);
		return -ESRCH;
	}
	ctx->held[ctx->nr_held++] = get_task_struct(task);
	signal_wake_up(task, false);
	return 0;
}

/*
 * Return: 0 when the task is held now, -EALREADY when it has been, -ESRCH when
 * it is ending; or an error that has been reported.
 */
static int ckpt_hold_task(struct ckpt_ctx *ctx, struct task_struct *task)
{
	bool traced, dumping;
	unsigned long flags;
	int ret;

	ret = ckpt_held_reserve(ctx);
	if (ret)
		return ret;
	if (!lock_task_sighand(task, &flags))
		return -ESRCH;
	ret = ckpt_set_trap(ctx, task);
	traced = task->ptrace;
	/* Woken up for the trap it would end the dump early. */
	dumping = task->signal->core_state;
	unlock_task_sighand(task, &flags);

	switch (ret) {
	case -ESRCH:
		/* Not detached by who ends: the reference is ours. */
		ckpt_ctx_put(ctx);
		return ret;
	case -EBUSY:
		return ckpt_err(ctx, task, -EBUSY, traced ?
				"the task is traced" : dumping ?
				"the task is dumping core" :
				"the task is in another checkpoint or restart");
	case -EAGAIN:
		return ckpt_err(ctx, task, -EBUSY,
				"the task is neither frozen nor stopped");
	}
	/*
	 * The cgroup v1 freezer stops a task wherever it sleeps: have it go on
	 * to the trap.
	 */
	if (!ret && frozen(task))
		__thaw_task(task);
	return ret;
}

/*
 * Is @task one that its parent has not waited for? Only the leader of a process
 * is. With the lock, since one that nobody will wait for is a zombie for a
 * moment.
 */
static bool ckpt_is_zombie(struct task_struct *task)
{
	bool zombie;

	read_lock(&tasklist_lock);
	zombie = thread_group_leader(task) && task->exit_state == EXIT_ZOMBIE;
	read_unlock(&tasklist_lock);
	return zombie;
}

/*
 * May the caller trace @task? Else it must not stop it either, were it only for
 * as long as others take to come to their trap.
 */
static int ckpt_check_access(struct ckpt_ctx *ctx, struct task_struct *task)
{
	if (ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS))
		return 0;
	return ckpt_err(ctx, task, -EPERM, "the caller may not trace the task");
}

/**
 * ckpt_check_all_access - may the caller trace every member?
 * @ctx: checkpoint context
 *
 * Return: 0 or -EPERM.
 */
int ckpt_check_all_access(struct ckpt_ctx *ctx)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < ctx->nr_members; i++)
		ret = ckpt_check_access(ctx, ctx->members[i]->task);
	return ret;
}

/* Hold those that are not held yet; *@changed when there was one. */
static int ckpt_hold_members(struct ckpt_ctx *ctx, bool *changed)
{
	struct task_struct *task;
	u32 i;
	int ret;

	for (i = 0; i < ctx->nr_members; i++) {
		task = ctx->members[i]->task;
		if (READ_ONCE(task->exit_state)) {
			ctx->members[i]->zombie = ckpt_is_zombie(task);
			if (!ctx->members[i]->zombie)
				*changed = true;
			/* The tracer is told first, and the parent not yet. */
			else if (READ_ONCE(task->ptrace))
				return ckpt_err(ctx, task, -EBUSY,
						"the task is traced");
			continue;
		}
		if (task == current) {
			if (ctx->self)
				continue;
			return ckpt_err(ctx, task, -EBUSY,
					"the caller of checkpoint(2) is part of the hierarchy");
		}
		ret = ckpt_check_access(ctx, task) ?: ckpt_hold_task(ctx, task);
		if (ret == -EALREADY)
			continue;
		if (ret && ret != -ESRCH)
			return ret;
		*changed = true;
	}
	return 0;
}

static bool ckpt_is_parked(struct task_struct *task)
{
	return READ_ONCE(task->jobctl) & (JOBCTL_CKPT_PARKED | JOBCTL_STOPPED) ||
	       READ_ONCE(task->exit_state) || task == current ||
	       ckpt_in_vfork(task);
}

/*
 * The last one is awaited first, for it is likely to come last. No other wakes
 * up who waits: to look again for each would cost as much as to stop it.
 */
static bool ckpt_all_parked(struct ckpt_ctx *ctx)
{
	struct task_struct *task;

	while (ctx->nr_awaited) {
		task = ctx->members[ctx->nr_awaited - 1]->task;
		if (!ckpt_is_parked(task)) {
			WRITE_ONCE(ctx->awaited, task);
			/* Pairs with that in checkpoint_trap(). */
			smp_mb();
			if (!ckpt_is_parked(task))
				return false;
		}
		ctx->nr_awaited--;
	}
	return true;
}

static int ckpt_wait_parked(struct ckpt_ctx *ctx)
{
	int ret, denied = 0;

	ctx->nr_awaited = ctx->nr_members;
	/*
	 * A stop is entered and an exit is completed without a word to us, so
	 * look again from time to time. Who has become someone else by
	 * execve(2) is not made to wait for the others.
	 */
	do {
		ret = wait_event_interruptible_timeout(ctx->wait,
						       ckpt_all_parked(ctx),
						       HZ / 100 ?: 1);
		if (!ret)
			denied = ckpt_check_all_access(ctx);
	} while (!ret && !denied);
	WRITE_ONCE(ctx->awaited, NULL);
	if (denied)
		return denied;
	/* Nothing has been done that the call could not do again. */
	return ret < 0 ? -ERESTARTSYS : 0;
}

/*
 * Parked is said a moment before the task leaves its CPU, and with it the FPU.
 * A signal may wake it up for another round.
 */
static int ckpt_wait_inactive(struct ckpt_ctx *ctx)
{
	struct task_struct *task;
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < ctx->nr_members; i++) {
		task = ctx->members[i]->task;
		if (ctx->members[i]->zombie || task == current ||
		    wait_task_inactive(task, TASK_ANY))
			continue;
		schedule_timeout_killable(1);
		ret = fatal_signal_pending(current) ? -EINTR :
						      ckpt_hold_intact(ctx);
		i--;
	}
	return ret;
}

/* In a job-control stop? */
static bool ckpt_is_stopped(const struct ckpt_member *member)
{
	return !member->zombie &&
	       READ_ONCE(member->task->jobctl) & JOBCTL_STOPPED;
}

/**
 * ckpt_hold - stop every member, or make sure that those stopped stay so
 * @ctx: checkpoint context; a member that is current is left alone
 *
 * Return: 0; -EBUSY with a task that is running, traced or held by another
 * operation; -ESRCH when the root ends; -ERESTARTSYS.
 */
int ckpt_hold(struct ckpt_ctx *ctx)
{
	bool changed;
	int ret;
	u32 i;

	do {
		changed = false;
		ret = ckpt_collect(ctx);
		if (!ret)
			ret = ckpt_hold_members(ctx, &changed);
		if (!ret)
			ret = ckpt_wait_parked(ctx);
		if (ret)
			return ret;
	} while (changed);

	/* Nobody forks or ends any more, but for those that are killed. */
	WRITE_ONCE(ctx->still, true);
	ret = ckpt_hold_intact(ctx);
	if (!ret)
		ret = ckpt_wait_inactive(ctx);
	for (i = 0; !ret && i < ctx->nr_members; i++)
		ctx->members[i]->stopped = ckpt_is_stopped(ctx->members[i]);
	return ret;
}

/**
 * ckpt_hold_unchanged - has anyone continued a stopped member?
 * @ctx: checkpoint context; everything has been captured
 *
 * It has gone no further than to the trap. But some of its threads may have been
 * captured before, and its parent, who is told, too.
 *
 * Return: 0, or -EBUSY.
 */
int ckpt_hold_unchanged(struct ckpt_ctx *ctx)
{
	u32 i;

	for (i = 0; i < ctx->nr_members; i++)
		if (ctx->members[i]->stopped != ckpt_is_stopped(ctx->members[i]))
			return ckpt_err(ctx, ctx->members[i]->task, -EBUSY,
					"the task has been stopped or continued");
	return 0;
}

/**
 * ckpt_hold_intact - are all members still what they were?
 * @ctx: checkpoint context
 *
 * Return: 0, -ESRCH when one has ended, -EBUSY when one is traced by now, or
 * there is one more.
 */
int ckpt_hold_intact(struct ckpt_ctx *ctx)
{
	struct task_struct *task;
	u32 i;

	if (READ_ONCE(ctx->lost))
		return ckpt_err(ctx, NULL, -ESRCH,
				"a task has ended during the checkpoint");
	for (i = 0; i < ctx->nr_members; i++) {
		task = ctx->members[i]->task;
		if (task == current || ctx->members[i]->zombie)
			continue;
		if (fatal_signal_pending(task) ||
		    (READ_ONCE(task->flags) & PF_EXITING))
			return ckpt_err(ctx, task, -ESRCH,
					"the task is being killed");
		if (READ_ONCE(task->ptrace))
			return ckpt_err(ctx, task, -EBUSY,
					"the task is traced");
	}
	/* An orphan may come from outside to the init of a pid namespace. */
	if (!ckpt_collect_same(ctx))
		return ckpt_err(ctx, NULL, -EBUSY,
				"a task has come into the hierarchy during the checkpoint");
	return 0;
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

	for (i = 0; i < ctx->nr_held; i++) {
		task = ctx->held[i];
		put = false;
		if (lock_task_sighand(task, &flags)) {
			put = task->checkpoint_ctx == ctx;
			if (put) {
				ckpt_detach(task);
				signal_wake_up(task, false);
			}
			unlock_task_sighand(task, &flags);
		}
		/* In vfork(2) it does not come by the freezer on its own. */
		if (put && freezing(task))
			freeze_task(task);
		if (put)
			ckpt_ctx_put(ctx);
		put_task_struct(task);
	}
	kvfree(ctx->held);
	ctx->held = NULL;
	ctx->nr_held = 0;
	ctx->max_held = 0;
}
