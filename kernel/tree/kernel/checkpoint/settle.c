// SPDX-License-Identifier: GPL-2.0
/*
 * Restart: what concerns several tasks at once.
 *
 * When all tasks have restored their state, and before one becomes what it has
 * restored, the coordinator checks that what they share fits together, decides
 * who commits after whom, gives child processes to the threads whose they are,
 * and sets process groups and sessions. When all have
 * committed, it has the zombies end and ties vfork(2) parents to their children.
 */
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/tty.h>

#include "internal.h"

/* Threads of a process have one address space and one set of handlers. */
static bool ckpt_same_process(const struct ckpt_restore *r,
			      const struct ckpt_restore *first)
{
	return !first || (r->mm == first->mm && r->sighand == first->sighand);
}

/*
 * Members that share signal handlers, as the threads of a process do, commit
 * one after the other: the handlers must be there before signals are queued.
 * Others need not wait for each other.
 */
static bool ckpt_settle_chain(struct ckpt_member *member)
{
	struct ckpt_restore *r = member->restore;
	struct ckpt_member *last = r->sighand->last;

	r->sighand->last = member;
	if (!last) {
		member->first = true;
		return true;
	}
	last->next = member;
	return last->restore->mm == r->mm;
}

static int ckpt_settle_member(struct ckpt_ctx *ctx, struct ckpt_member *member)
{
	struct ckpt_signal *signal = member->restore->signal;
	struct ckpt_member *leader;
	bool valid;

	leader = ckpt_member_of(ctx, member->pids->tgid);
	if (!signal->tgid)
		signal->tgid = member->pids->tgid;
	valid = signal->tgid == member->pids->tgid &&
		leader->restore->signal == signal;
	if (member->zombie) {
		member->first = true;
	} else if (valid) {
		valid = ckpt_same_process(member->restore, signal->live);
		valid &= ckpt_settle_chain(member);
		if (!signal->live)
			signal->live = member->restore;
	}
	if (valid)
		return 0;
	return ckpt_err(ctx, member->task, -EINVAL,
			"the objects of the task do not fit those of others");
}

/*
 * Processes with threads come first: whose handlers others share keeps those
 * that it has. A process without threads changes over to them at once, another
 * one when all of it sleeps: see signal.c.
 */
static int ckpt_settle_objects(struct ckpt_ctx *ctx)
{
	struct ckpt_member *member;
	bool threads;
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < 2 * ctx->nr_members; i++) {
		threads = i < ctx->nr_members;
		member = ctx->members[i % ctx->nr_members];
		if ((get_nr_threads(member->task) > 1) == threads)
			ret = ckpt_settle_member(ctx, member);
	}
	return ret;
}

/**
 * ckpt_settle_shared - do shared objects fit together?
 * @ctx: restart context; everything has been read
 *
 * Return: 0 or a negative errno.
 */
int ckpt_settle_shared(struct ckpt_ctx *ctx)
{
	struct ckpt_object *obj;
	unsigned long index;
	int ret = 0;

	xa_for_each(&ctx->refs, index, obj) {
		if (obj->ops->settle)
			ret = obj->ops->settle(ctx, obj->ptr);
		if (ret)
			break;
	}
	return ret;
}

/**
 * ckpt_pid_of - the number of a group or session
 * @ctx: restart context
 * @nr: the number, of a member or a ghost
 *
 * Return: the number without a reference, NULL when who held it is gone.
 * Context: tasklist_lock is held.
 */
struct pid *ckpt_pid_of(struct ckpt_ctx *ctx, s32 nr)
{
	struct ckpt_member *member = ckpt_member_of(ctx, nr);
	struct pid *pid;

	if (member)
		return task_pid(member->task);
	pid = ctx->ghosts[xa_to_value(xa_load(&ctx->by_pid, nr)) - 1].pid;
	return pid_task(pid, PIDTYPE_PID) ? pid : NULL;
}

/**
 * ckpt_get_pid_of - the task, process or group with a number of the image
 * @ctx: restart context whose members have been found
 * @nr: the number, as found in the image
 *
 * Return: it, with a reference, or NULL.
 */
struct pid *ckpt_get_pid_of(struct ckpt_ctx *ctx, s32 nr)
{
	struct task_struct *task = ckpt_task_of(ctx, nr);
	struct pid *pid = NULL;

	read_lock(&tasklist_lock);
	if (task)
		pid = get_pid(task_pid(task));
	else if (nr > 0 && xa_load(&ctx->by_pid, nr))
		pid = get_pid(ckpt_pid_of(ctx, nr));
	read_unlock(&tasklist_lock);
	return pid;
}

/*
 * The leader has made the child processes of every thread. Those of one thread
 * keep their order. tasklist_lock is held for writing.
 */
static int ckpt_settle_parent(struct ckpt_ctx *ctx, struct ckpt_member *member)
{
	struct ckpt_hdr_pids *pids = member->pids;
	struct task_struct *parent, *t;

	if (pids->ptid == pids->ppid)
		return 0;
	parent = ckpt_member_of(ctx, pids->ptid)->task;
	/* It gives its children away behind this, under the lock. */
	if (!pid_alive(member->task) || parent->flags & PF_EXITING)
		return -ESRCH;
	for_each_thread(member->task, t) {
		RCU_INIT_POINTER(t->real_parent, parent);
		if (likely(!t->ptrace))
			RCU_INIT_POINTER(t->parent, parent);
	}
	list_move_tail(&member->task->sibling, &parent->children);
	return 0;
}

/* What setsid(2) and setpgid(2) do; tasklist_lock is held for writing. */
static int ckpt_settle_process(struct ckpt_ctx *ctx, struct ckpt_member *member)
{
	struct ckpt_hdr_pids *pids = member->pids;
	struct task_struct *task = member->task;
	struct pid *pid;

	/* A task that has been killed meanwhile may be gone by now. */
	if (!pid_alive(task))
		return -ESRCH;
	if (pids->sid) {
		pid = ckpt_pid_of(ctx, pids->sid);
		if (!pid)
			return -ESRCH;
		if (task_session(task) != pid) {
			change_pid(task, PIDTYPE_SID, pid);
			proc_clear_tty(task);
		}
		task->signal->leader = pids->sid == pids->pid;
	}
	if (pids->pgid) {
		pid = ckpt_pid_of(ctx, pids->pgid);
		if (!pid)
			return -ESRCH;
		if (task_pgrp(task) != pid)
			change_pid(task, PIDTYPE_PGID, pid);
	}
	return 0;
}

static int ckpt_settle_pids(struct ckpt_ctx *ctx)
{
	struct ckpt_member *member;
	int ret = 0;
	u32 i;

	write_lock_irq(&tasklist_lock);
	for (i = 0; !ret && i < ctx->nr_members; i++) {
		member = ctx->members[i];
		if (member->pids->pid == member->pids->tgid)
			ret = ckpt_settle_parent(ctx, member) ?:
			      ckpt_settle_process(ctx, member);
	}
	write_unlock_irq(&tasklist_lock);
	if (ret)
		return ckpt_err(ctx, NULL, ret,
				"a task or a ghost has ended during the restart");
	return 0;
}

/**
 * ckpt_settle - make sure that all fits together, and set groups and sessions
 * @ctx: restart context; every member has restored its state
 *
 * Return: 0 or a negative errno.
 */
int ckpt_settle(struct ckpt_ctx *ctx)
{
	struct ckpt_member *child;
	s32 pid;
	int ret;
	u32 i;

	for (i = 0; i < ctx->nr_members; i++) {
		pid = ctx->members[i]->restore->task->vfork_pid;
		child = ckpt_member_of(ctx, pid);
		if (pid && (!child || child->zombie || child->pids->ppid !=
			    ctx->members[i]->pids->tgid))
			return ckpt_err(ctx, ctx->members[i]->task, -EINVAL,
					"vfork(2) of task %d, which is not a child",
					pid);
	}
	ret = ckpt_settle_objects(ctx);
	if (!ret)
		ret = ckpt_finish_settle(ctx);
	if (!ret)
		ret = ckpt_settle_pids(ctx);
	if (!ret)
		ret = ckpt_settle_shared(ctx);
	return ret ?: ckpt_ctty_settle(ctx);
}

/* What the end of the task has changed is set back. */
static void ckpt_settle_zombie(struct ckpt_member *member)
{
	const struct ckpt_hdr_task *h = member->restore->task;
	const struct ckpt_signal *signal = member->restore->signal;
	struct task_struct *task = member->task;

	write_lock_irq(&tasklist_lock);
	if (task->exit_state == EXIT_ZOMBIE) {
		task->exit_signal = member->restore->root ? SIGCHLD :
							    h->exit_signal;
		task->min_flt = h->minflt;
		task->maj_flt = h->majflt;
		task->nvcsw = h->nvcsw;
		task->nivcsw = h->nivcsw;
		ckpt_sched_set_cputime(task, h->utime, h->stime);
		if (!signal->live) {
			ckpt_sched_set_group_cputime(task,
						     signal->h->group_utime,
						     signal->h->group_stime);
			task->signal->maxrss = signal->h->maxrss >>
					       (PAGE_SHIFT - 10);
		}
	}
	write_unlock_irq(&tasklist_lock);
}

/**
 * ckpt_settle_zombies - have the zombies end, and wait until they have
 * @ctx: restart context; every member has committed, none runs
 *
 * Nobody waits for them meanwhile, since their parents are not running yet.
 *
 * Return: 0, or -EINTR.
 */
int ckpt_settle_zombies(struct ckpt_ctx *ctx)
{
	struct ckpt_member *member;
	u32 i;

	WRITE_ONCE(ctx->phase, CKPT_PHASE_EXIT);
	for (i = 0; i < ctx->nr_members; i++)
		if (ctx->members[i]->zombie)
			complete(&ctx->members[i]->turn);
	for (i = 0; i < ctx->nr_members; i++) {
		member = ctx->members[i];
		if (!member->zombie)
			continue;
		/* Its last act, behind becoming a zombie, is to schedule. */
		while (!wait_task_inactive(member->task, TASK_DEAD)) {
			if (READ_ONCE(ctx->err))
				return ctx->err;
			if (schedule_timeout_killable(1) &&
			    fatal_signal_pending(current))
				return -EINTR;
		}
		ckpt_settle_zombie(member);
	}
	return 0;
}

/**
 * ckpt_settle_handlers - have processes with threads share signal handlers
 * @ctx: restart context; every member has committed, the zombies have ended,
 *	none has been released
 */
void ckpt_settle_handlers(struct ckpt_ctx *ctx)
{
	struct ckpt_member *member;
	u32 i;

	for (i = 0; i < ctx->nr_members; i++) {
		member = ctx->members[i];
		if (!member->zombie)
			ckpt_join_sighand(member->task,
					  member->restore->sighand);
	}
}

/**
 * ckpt_settle_vfork - tie those in vfork(2) to their children
 * @ctx: restart context; what follows cannot fail
 */
void ckpt_settle_vfork(struct ckpt_ctx *ctx)
{
	struct ckpt_member *member;
	s32 pid;
	u32 i;

	for (i = 0; i < ctx->nr_members; i++) {
		member = ctx->members[i];
		pid = member->restore->task->vfork_pid;
		if (pid)
			ckpt_tie_vfork(member, ckpt_member_of(ctx, pid)->task);
	}
}
