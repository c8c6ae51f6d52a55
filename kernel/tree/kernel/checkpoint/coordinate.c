// SPDX-License-Identifier: GPL-2.0
/*
 * Restart: the coordinator.
 *
 * It draws in the tasks, has them restore their state one after the other,
 * verifies the trailer, has them become what they restored, and lets all go at
 * once. Until then any error, and the death of any task or of the coordinator,
 * ends them all.
 */
#include <linux/cgroup.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include <trace/events/checkpoint.h>

#include "internal.h"

/**
 * ckpt_abort - end a restart with an error
 * @ctx: restart context
 * @err: negative errno
 *
 * The coordinator wakes up and kills the members, which ends their waiting.
 */
void ckpt_abort(struct ckpt_ctx *ctx, int err)
{
	/* From a task's exit, too: no lock that sleeps. */
	cmpxchg(&ctx->err, 0, err);
	wake_up_all(&ctx->wait);
}

static int ckpt_find_root(struct ckpt_ctx *ctx, pid_t pid)
{
	struct task_struct *task;

	rcu_read_lock();
	task = find_task_by_vpid(pid);
	if (task && thread_group_leader(task) &&
	    same_thread_group(rcu_dereference(task->real_parent), current))
		get_task_struct(task);
	else
		task = NULL;
	rcu_read_unlock();
	if (!task)
		return ckpt_err(ctx, NULL, -ESRCH,
				"task %d is not a child of the caller", pid);
	if (!ckpt_member_add(ctx, task)) {
		put_task_struct(task);
		return -ENOMEM;
	}
	return 0;
}

/* The task with a member's pid, which must stand where the array has it. */
static struct task_struct *ckpt_find_task(struct ckpt_ctx *ctx,
					  const struct ckpt_hdr_pids *pids,
					  struct pid_namespace *ns)
{
	struct task_struct *task, *leader = NULL;
	struct ckpt_member *parent;
	bool right = false;

	parent = ckpt_member_of(ctx, pids->ppid);
	rcu_read_lock();
	task = find_task_by_pid_ns(pids->pid, ns);
	if (task && pids->pid != pids->tgid) {
		leader = ckpt_member_of(ctx, pids->tgid)->task;
		right = same_thread_group(task, leader);
	} else if (task && parent) {
		right = thread_group_leader(task) &&
			same_thread_group(rcu_dereference(task->real_parent),
					  parent->task);
	}
	if (right)
		get_task_struct(task);
	rcu_read_unlock();
	if (right && !ckpt_has_pids(task, pids, ns)) {
		put_task_struct(task);
		right = false;
	}
	return right ? task : NULL;
}

/* A thread that takes no part would run when the others change. */
static int ckpt_check_threads(struct ckpt_ctx *ctx)
{
	struct ckpt_member *member;
	u32 i, nr = 0, n, users;
	unsigned long flags;

	for (i = 0; i < ctx->nr_members; i++) {
		member = ctx->members[i];
		if (member->pids->pid != member->pids->tgid)
			continue;
		if (!lock_task_sighand(member->task, &flags))
			return ckpt_err(ctx, member->task, -ESRCH,
					"the task has ended");
		n = get_nr_threads(member->task);
		users = refcount_read(&ckpt_task_sighand(member->task)->count);
		unlock_task_sighand(member->task, &flags);
		if (users != n)
			return ckpt_err(ctx, member->task, -EBUSY,
					"the task shares its signal handlers");
		nr += n;
	}
	if (nr == ctx->nr_members)
		return 0;
	return ckpt_err(ctx, NULL, -EBUSY,
			"%u threads where the image has %u tasks", nr,
			ctx->nr_members);
}

static int ckpt_draw_all(struct ckpt_ctx *ctx, struct pid_namespace *ns)
{
	struct ckpt_hdr_pids *pids = ctx->members[0]->pids;
	struct task_struct *root = ctx->members[0]->task;
	s32 pid = task_pid_nr_ns(root, ns);
	int ret = 0;
	u32 i;

	if (pid != pids->pid) {
		if (ctx->nr_members > 1)
			return ckpt_err(ctx, root, -EINVAL,
					"the root of a hierarchy had the pid %d",
					pids->pid);
		ckpt_warn(ctx, root, "the task had the pid %d", pids->pid);
	}
	for (i = 1; !ret && i < ctx->nr_members; i++) {
		pids = ctx->members[i]->pids;
		ctx->members[i]->task = ckpt_find_task(ctx, pids, ns);
		if (!ctx->members[i]->task)
			return ckpt_err(ctx, NULL, -ESRCH,
					"there is no task %d where the image has it",
					pids->pid);
		ret = ckpt_draw(ctx, ctx->members[i]);
	}
	if (!ret)
		ret = ckpt_find_ghosts(ctx, ns);
	return ret ?: ckpt_check_threads(ctx);
}

/*
 * Would only members of the restart stop? Who may freeze every cgroup is not
 * asked. The right to write to cgroup.freeze is not known here, and capabilities
 * over a cgroup namespace do not give it: anybody may make one.
 */
static bool ckpt_may_freeze(struct ckpt_ctx *ctx, struct cgroup *cgrp)
{
	struct cgroup_subsys_state *css;
	struct task_struct *task;
	struct css_task_iter it;
	bool ours = true;

	if (capable(CAP_SYS_ADMIN))
		return true;
	css_for_each_descendant_pre(css, &cgrp->self) {
		css_task_iter_start(css, 0, &it);
		while ((task = css_task_iter_next(&it)))
			ours &= READ_ONCE(task->checkpoint_ctx) == ctx;
		css_task_iter_end(&it);
	}
	return ours;
}

/* With RESTART_FROZEN: the cgroup that will hold the hierarchy still. */
static int ckpt_freeze_cgroup(struct ckpt_ctx *ctx, bool freeze)
{
	struct task_struct *task = ctx->members[0]->task;
	struct cgroup *cgrp, *own;
	int ret = 0;
	u32 i;

	if (!(ctx->uflags & RESTART_FROZEN))
		return 0;

	cgroup_lock();
	rcu_read_lock();
	cgrp = task_dfl_cgroup(task);
	own = task_dfl_cgroup(current);
	for (i = 0; i < ctx->nr_members; i++) {
		task = ctx->members[i]->task;
		if (task && !cgroup_is_descendant(task_dfl_cgroup(task), cgrp))
			ret = -EINVAL;
	}
	rcu_read_unlock();
	task = ctx->members[0]->task;
	if (!ns_capable(current->nsproxy->cgroup_ns->user_ns, CAP_SYS_ADMIN))
		ret = -EPERM;
	else if (!cgroup_parent(cgrp) || cgroup_is_descendant(own, cgrp))
		ret = -EBUSY;
	else if (freeze && !ret && !ckpt_may_freeze(ctx, cgrp))
		ret = -EACCES;
	else if (freeze && !ret)
		cgroup_freeze(cgrp, true);
	cgroup_unlock();
	switch (ret) {
	case -EPERM:
		return ckpt_err(ctx, task, ret,
				"RESTART_FROZEN: the caller may not freeze cgroups");
	case -EACCES:
		return ckpt_err(ctx, task, ret,
				"RESTART_FROZEN: others are in the cgroup of the task, and the caller may not freeze them");
	case -EBUSY:
		return ckpt_err(ctx, task, ret,
				"RESTART_FROZEN: the task is in the root cgroup, or in that of the caller");
	case -EINVAL:
		return ckpt_err(ctx, task, ret,
				"RESTART_FROZEN: a task is not in the cgroup of the root");
	}
	return 0;
}

static bool ckpt_all_restored(struct ckpt_ctx *ctx)
{
	/* Pairs with the release of the last member to restore. */
	return smp_load_acquire(&ctx->nr_restored) == ctx->nr_members;
}

static bool ckpt_all_committed(struct ckpt_ctx *ctx)
{
	return atomic_read(&ctx->nr_committed) == ctx->nr_members;
}

static int ckpt_await_members(struct ckpt_ctx *ctx,
			      bool (*all)(struct ckpt_ctx *ctx))
{
	int ret;

	ret = wait_event_killable(ctx->wait, READ_ONCE(ctx->err) || all(ctx));
	return ret ? -EINTR : READ_ONCE(ctx->err);
}

/* Have the first of each chain of members go on with a phase; see settle.c. */
static void ckpt_start(struct ckpt_ctx *ctx, enum ckpt_phase phase)
{
	u32 i = ctx->nr_members;

	WRITE_ONCE(ctx->phase, phase);
	/*
	 * The last one first: the tasks may share the address space that they
	 * leave, which belongs to the root.
	 */
	while (i--)
		if (phase == CKPT_PHASE_RELEASE || ctx->members[i]->first)
			complete(&ctx->members[i]->turn);
}

/* All have committed, and none has been released. */
static int ckpt_load_registers(struct ckpt_ctx *ctx)
{
	struct ckpt_member *member;
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < ctx->nr_members; i++) {
		member = ctx->members[i];
		if (!member->zombie)
			ret = ckpt_cpu_load(ctx, member->task, member->restore);
		cond_resched();
	}
	return ret;
}

static int ckpt_coordinate(struct ckpt_ctx *ctx, pid_t pid)
{
	struct pid_namespace *ns;
	int ret;

	/*
	 * The root first, even before the image: so it ends with the restart
	 * whatever goes wrong. It does not begin before all is known.
	 */
	ret = ckpt_find_root(ctx, pid);
	if (!ret)
		ret = ckpt_draw(ctx, ctx->members[0]);
	if (!ret)
		ret = ckpt_freeze_cgroup(ctx, false);
	if (!ret)
		ret = ckpt_read_frame(ctx);
	if (ret)
		return ret;
	rcu_read_lock();
	ns = task_active_pid_ns(ctx->members[0]->task);
	if (ns)
		get_pid_ns(ns);
	rcu_read_unlock();
	if (!ns)
		return -ESRCH;
	ret = ckpt_draw_all(ctx, ns);
	put_pid_ns(ns);
	if (ret)
		return ret;

	ckpt_first_turn(ctx->members[0]);
	ret = ckpt_await_members(ctx, ckpt_all_restored);
	if (!ret)
		ret = ckpt_read_tail(ctx);
	if (!ret)
		ret = ckpt_settle(ctx);
	if (ret)
		return ret;
	trace_checkpoint_phase(ctx->id, true, CKPT_TRACE_RESTORED, ctx->pos);
	ckpt_end_ghosts(ctx);
	ret = ckpt_await_ghosts(ctx);
	if (ret)
		return ret;

	ckpt_start(ctx, CKPT_PHASE_COMMIT);
	ret = ckpt_await_members(ctx, ckpt_all_committed);
	if (!ret)
		ret = ckpt_settle_zombies(ctx);
	if (!ret)
		ret = ckpt_load_registers(ctx);
	if (!ret)
		ret = ckpt_freeze_cgroup(ctx, true);
	if (ret)
		return ret;
	trace_checkpoint_phase(ctx->id, true, CKPT_TRACE_COMMITTED, ctx->pos);

	ckpt_settle_handlers(ctx);
	ckpt_settle_vfork(ctx);
	ckpt_ctty_start(ctx);
	/* Tasks that run must not see more users of their objects than are. */
	ckpt_objs_free(ctx);
	ckpt_start(ctx, CKPT_PHASE_RELEASE);
	return 0;
}

/**
 * ckpt_restart_coordinate - restore a hierarchy that waits in restart(2)
 * @ctx: restart context
 * @pid: its root, a child of the caller
 *
 * Return: 0 when every task has been restored and may run; or a negative
 * errno, every task that had been drawn in being killed.
 */
long ckpt_restart_coordinate(struct ckpt_ctx *ctx, pid_t pid)
{
	int ret;

	trace_checkpoint_phase(ctx->id, true, CKPT_TRACE_BEGIN, 0);
	ckpt_terminal_note(ctx);
	ret = ckpt_coordinate(ctx, pid);
	if (ret == -ERESTARTSYS)
		ret = -EINTR;
	if (ret == -ENOMEM)
		ckpt_err(ctx, NULL, ret, "out of memory");
	if (ret) {
		ckpt_abort(ctx, ret);
		ckpt_kill_drawn(ctx);
	}
	ckpt_end_ghosts(ctx);
	/* They do not sleep for long: each has been woken up to succeed or die. */
	if (wait_event_killable(ctx->wait, ckpt_none_drawn(ctx)) && !ret)
		ret = -EINTR;
	ckpt_read_end(ctx);
	/* What those who were killed had to say. */
	ckpt_log_flush(ctx);
	return ret;
}
