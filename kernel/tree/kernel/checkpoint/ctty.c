// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: sessions and the terminals that control them.
 *
 * A pseudo terminal that is part of the hierarchy says which session it
 * controls, which processes have it, and which group is in the foreground. A
 * session led from outside keeps the terminal of who restarts. When all tasks
 * have restored their state and sessions and groups are made, terminals are tied
 * to sessions, and only then does a terminal hold anything: whatever was typed
 * is obeyed when the tasks run.
 */
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/tty.h>

#include "internal.h"

static struct tty_struct *ckpt_ctty_get(struct task_struct *task)
{
	struct tty_struct *tty;
	unsigned long flags;

	if (!lock_task_sighand(task, &flags))
		return NULL;
	tty = tty_kref_get(task->signal->tty);
	unlock_task_sighand(task, &flags);
	return tty;
}

static bool ckpt_leads_process(const struct ckpt_member *member)
{
	return member->pids->pid == member->pids->tgid;
}

static bool ckpt_leads_session(const struct ckpt_member *member)
{
	return ckpt_leads_process(member) &&
	       member->pids->sid == member->pids->pid;
}

/* Is there a member in a process group of a session? */
static bool ckpt_has_group(struct ckpt_ctx *ctx, s32 pgid, s32 sid)
{
	u32 i;

	for (i = 0; i < ctx->nr_members; i++)
		if (ctx->members[i]->pids->pgid == pgid &&
		    ctx->members[i]->pids->sid == sid)
			return true;
	return false;
}

/**
 * ckpt_ctty_refusals - refuse a session whose terminal is outside
 * @ctx: checkpoint context
 * @task: task, held
 *
 * Return: 0 or a negative errno.
 */
int ckpt_ctty_refusals(struct ckpt_ctx *ctx, struct task_struct *task)
{
	bool leader = false, lost = false;
	struct tty_struct *tty = NULL;
	unsigned long flags;
	int ret = 0;

	if (!lock_task_sighand(task, &flags))
		return ckpt_err(ctx, task, -ESRCH, "the task has ended");
	if (task->signal->leader && thread_group_leader(task)) {
		leader = true;
		tty = tty_kref_get(task->signal->tty);
		lost = task->signal->tty_old_pgrp;
	}
	unlock_task_sighand(task, &flags);
	if (lost)
		ckpt_warn(ctx, task,
			  "the terminal of the session has hung up: when its leader ends, the group that had it gets no SIGHUP");
	if (!leader || !tty)
		return 0;
	if (ctx->self)
		ckpt_warn(ctx, task,
			  "controlling terminal %s: the restarted task has that of who restarts it",
			  tty_name(tty));
	else if (ckpt_tty_inside(ctx, tty))
		ret = 0;
	else if (ctx->uflags & CHECKPOINT_TTY)
		ckpt_warn(ctx, task,
			  "controlling terminal %s is outside of the hierarchy: the restarted session has none",
			  tty_name(tty));
	else
		ret = ckpt_refuse(ctx, task, -EBUSY,
				  "controlling terminal %s of the session is outside of the hierarchy, and CHECKPOINT_TTY is not given",
				  tty_name(tty));
	tty_kref_put(tty);
	return ret;
}

/* The number of a foreground group that has ended is kept for its session. */
static int ckpt_ctty_ghost(struct ckpt_ctx *ctx, struct ckpt_member *member,
			   struct pid_namespace *ns)
{
	struct tty_struct *tty = ckpt_ctty_get(member->task);
	struct pid *pgrp = tty ? tty_get_pgrp(tty) : NULL;
	bool taken;
	int ret = 0;
	s32 nr;

	if (pgrp && ckpt_tty_inside(ctx, tty)) {
		nr = pid_nr_ns(pgrp, ns);
		rcu_read_lock();
		taken = find_pid_ns(nr, ns) && find_pid_ns(nr, ns) != pgrp;
		rcu_read_unlock();
		if (nr && !taken && !ckpt_has_group(ctx, nr, member->pids->sid))
			ret = ckpt_note_ghost(ctx, pgrp, ns);
	}
	put_pid(pgrp);
	tty_kref_put(tty);
	return ret;
}

/**
 * ckpt_ctty_ghosts - note numbers that only terminals know
 * @ctx: checkpoint context, whose task array is filled in
 * @ns: pid namespace of the root
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_ctty_ghosts(struct ckpt_ctx *ctx, struct pid_namespace *ns)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && !ctx->self && i < ctx->nr_members; i++)
		if (ckpt_leads_session(ctx->members[i]) &&
		    !ctx->members[i]->zombie)
			ret = ckpt_ctty_ghost(ctx, ctx->members[i], ns);
	return ret;
}

/* The session that a terminal controls, if its leader is a member. */
static s32 ckpt_ctty_session(struct ckpt_ctx *ctx, struct tty_struct *tty,
			     bool *outside)
{
	struct ckpt_member *member;
	struct pid *session;
	s32 sid = 0;
	u32 i;

	spin_lock_irq(&tty->ctrl.lock);
	session = get_pid(tty->ctrl.session);
	spin_unlock_irq(&tty->ctrl.lock);
	for (i = 0; session && !ctx->self && i < ctx->nr_members; i++) {
		member = ctx->members[i];
		if (task_pid(member->task) == session &&
		    ckpt_leads_session(member))
			sid = member->pids->pid;
	}
	*outside = session && !sid;
	put_pid(session);
	return sid;
}

static u32 ckpt_ctty_tasks(struct ckpt_ctx *ctx, struct tty_struct *tty,
			   s32 sid, s32 *tasks, u32 max)
{
	struct ckpt_member *member;
	struct tty_struct *ctty;
	u32 i, nr = 0;

	for (i = 0; sid && i < ctx->nr_members; i++) {
		member = ctx->members[i];
		if (!ckpt_leads_process(member) || member->pids->sid != sid)
			continue;
		ctty = ckpt_ctty_get(member->task);
		if (ctty == tty) {
			if (nr < max)
				tasks[nr] = member->pids->pid;
			nr++;
		}
		tty_kref_put(ctty);
	}
	return nr;
}

/**
 * ckpt_ctty_count - how many processes does a terminal control?
 * @ctx: checkpoint context
 * @tty: slave of a pseudo terminal in the hierarchy
 *
 * Return: the number of those in the hierarchy.
 */
u32 ckpt_ctty_count(struct ckpt_ctx *ctx, struct tty_struct *tty)
{
	bool outside;

	return ckpt_ctty_tasks(ctx, tty, ckpt_ctty_session(ctx, tty, &outside),
			       NULL, 0);
}

/**
 * ckpt_ctty_capture - capture which session a terminal controls
 * @ctx: checkpoint context
 * @task: task on whose behalf, for messages
 * @tty: slave of a pseudo terminal in the hierarchy
 * @h: its record, with room for nr_tasks processes
 *
 * Return: 0; -EBUSY when that changes, or the foreground group is no group.
 */
int ckpt_ctty_capture(struct ckpt_ctx *ctx, struct task_struct *task,
		      struct tty_struct *tty, struct ckpt_hdr_pty *h)
{
	struct pid *pgrp;
	bool outside;
	int ret = 0;

	h->sid = ckpt_ctty_session(ctx, tty, &outside);
	if (outside)
		ckpt_warn(ctx, task,
			  "terminal %s controls a session outside of the hierarchy, where a restart does not reach",
			  tty_name(tty));
	if (ckpt_ctty_tasks(ctx, tty, h->sid, h->tasks, h->nr_tasks) !=
	    h->nr_tasks)
		return ckpt_err(ctx, task, -EBUSY,
				"terminal %s gets another session meanwhile",
				tty_name(tty));
	if (!h->sid)
		return 0;
	pgrp = tty_get_pgrp(tty);
	h->pgid = pid_nr_ns(pgrp, ns_of_pid(ctx->root_pid));
	if (h->pgid && !ckpt_has_group(ctx, h->pgid, h->sid) &&
	    !xa_load(&ctx->by_pid, h->pgid))
		ret = ckpt_refuse(ctx, task, -EBUSY,
				  "terminal %s: its foreground group %d has ended, and the number is in use",
				  tty_name(tty), h->pgid);
	put_pid(pgrp);
	return ret;
}

static bool ckpt_ctty_valid(struct ckpt_ctx *ctx, const struct ckpt_hdr_pty *h)
{
	struct ckpt_member *member;
	struct ckpt_ghost *ghost;
	bool led = false;
	u32 i;

	for (i = 0; i < h->nr_tasks; i++) {
		member = ckpt_member_of(ctx, h->tasks[i]);
		if (!member || !ckpt_leads_process(member) ||
		    member->pids->sid != h->sid)
			return false;
		led |= ckpt_leads_session(member) && !member->zombie;
	}
	if (!led)
		return false;
	if (!h->pgid || ckpt_has_group(ctx, h->pgid, h->sid))
		return true;
	ghost = ckpt_ghost_of(ctx, h->pgid);
	return ghost && (ghost->sid < 0 || ghost->sid == h->sid);
}

static int ckpt_ctty_control(struct ckpt_ctx *ctx, struct ckpt_tty *tty)
{
	const struct ckpt_hdr_pty *h = ckpt_tty_record(tty);
	struct pid *session, *pgrp = NULL;
	int ret = 0;
	u32 i;

	if (!ckpt_ctty_valid(ctx, h))
		return ckpt_err(ctx, NULL, -EINVAL,
				"terminal pts%u does not fit the session %d that it controls",
				h->index, h->sid);
	for (i = 0; !ret && i < h->nr_tasks; i++)
		ret = ckpt_tty_join(tty,
				    ckpt_member_of(ctx, h->tasks[i])->task);
	if (ret)
		return ckpt_err(ctx, NULL, ret,
				"terminal pts%u cannot control the task %d",
				h->index, h->tasks[i - 1]);
	read_lock(&tasklist_lock);
	session = get_pid(ckpt_pid_of(ctx, h->sid));
	if (h->pgid)
		pgrp = get_pid(ckpt_pid_of(ctx, h->pgid));
	read_unlock(&tasklist_lock);
	ret = session ? ckpt_tty_control(tty, session, pgrp) : -ESRCH;
	put_pid(session);
	put_pid(pgrp);
	if (ret)
		return ckpt_err(ctx, NULL, ret,
				"terminal pts%u cannot control the session %d",
				h->index, h->sid);
	return 0;
}

/* The job that had its user's terminal has that of who restarts it. */
static void ckpt_ctty_foreground(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_pids *pids = ctx->members[0]->pids;
	struct pid *pgrp;

	if (!ctx->foreground || pids->sid || !pids->pgid)
		return;
	read_lock(&tasklist_lock);
	pgrp = get_pid(ckpt_pid_of(ctx, pids->pgid));
	read_unlock(&tasklist_lock);
	if (pgrp)
		ckpt_terminal_give(ctx, pgrp);
	put_pid(pgrp);
}

/**
 * ckpt_ctty_settle - tie terminals to sessions, and put in what they held
 * @ctx: restart context; sessions and groups are set
 *
 * Return: 0 or a negative errno.
 */
int ckpt_ctty_settle(struct ckpt_ctx *ctx)
{
	bool self = ctx->uflags & RESTART_TASKSELF;
	const struct ckpt_hdr_pty *h;
	struct ckpt_object *obj;
	unsigned long index;
	int ret;

	xa_for_each(&ctx->refs, index, obj) {
		if (obj->ops->objtype != CKPT_OBJ_TTY)
			continue;
		h = ckpt_tty_record(obj->ptr);
		ret = ckpt_tty_settle(ctx, obj->ptr);
		if (ret)
			return ckpt_err(ctx, NULL, ret,
					"terminal pts%u cannot be filled again",
					h->index);
		if (h->sid && self)
			ckpt_warn(ctx, NULL,
				  "terminal pts%u controlled the session: the task stays in that of the caller",
				  h->index);
		else if (h->sid)
			ret = ckpt_ctty_control(ctx, obj->ptr);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * ckpt_ctty_start - have what was typed obeyed
 * @ctx: restart context; every member has committed and may run
 *
 * From here on a key may send a signal, which would have been lost before.
 */
void ckpt_ctty_start(struct ckpt_ctx *ctx)
{
	struct ckpt_object *obj;
	unsigned long index;

	if (!(ctx->uflags & RESTART_TASKSELF))
		ckpt_ctty_foreground(ctx);
	xa_for_each(&ctx->refs, index, obj)
		if (obj->ops->objtype == CKPT_OBJ_TTY)
			ckpt_tty_start(obj->ptr);
}
