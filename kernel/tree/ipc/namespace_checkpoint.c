// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: the IPC namespace that a hierarchy is in.
 *
 * All objects of it are saved when it is not the caller's, or with
 * CHECKPOINT_IPC; otherwise only those that tasks hold.
 */
#include <linux/ipc_namespace.h>
#include <linux/nsproxy.h>
#include <linux/sched/task.h>

#include "checkpoint.h"

/**
 * ckpt_ipc_ns - the IPC namespace of the hierarchy
 * @ctx: context
 *
 * Return: that of the first member that has one, with a reference, or NULL.
 */
struct ipc_namespace *ckpt_ipc_ns(struct ckpt_ctx *ctx)
{
	struct ipc_namespace *ns = NULL;
	struct task_struct *task;
	u32 i;

	for (i = 0; !ns && i < ctx->nr_members; i++) {
		/* In a self-restart the one member is the caller. */
		task = ctx->members[i]->task ?: current;
		task_lock(task);
		if (task->nsproxy)
			ns = get_ipc_ns(task->nsproxy->ipc_ns);
		task_unlock(task);
	}
	return ns;
}

/**
 * ckpt_ipc_ns_is - is a namespace that of the hierarchy?
 * @ctx: context
 * @ns: the namespace, to be compared only
 */
bool ckpt_ipc_ns_is(struct ckpt_ctx *ctx, const struct ipc_namespace *ns)
{
	struct ipc_namespace *members = ckpt_ipc_ns(ctx);

	if (members)
		put_ipc_ns(members);
	return members && members == ns;
}

/* One namespace, or nobody knows which objects a task sees. */
static int ckpt_ipc_one_ns(struct ckpt_ctx *ctx, struct ipc_namespace *ns)
{
	struct task_struct *task;
	bool other;
	u32 i;

	for (i = 0; i < ctx->nr_members; i++) {
		task = ctx->members[i]->task;
		task_lock(task);
		other = task->nsproxy && task->nsproxy->ipc_ns != ns;
		task_unlock(task);
		if (other)
			return ckpt_refuse(ctx, task, -EOPNOTSUPP,
					   "IPC namespace: other tasks of the hierarchy have another one");
	}
	return 0;
}

/**
 * ckpt_ipc_checkpoint - capture the objects that nobody holds
 * @ctx: checkpoint context; every member has been captured
 *
 * Return: 0 or a negative errno.
 */
int ckpt_ipc_checkpoint(struct ckpt_ctx *ctx)
{
	struct ipc_namespace *ns = ckpt_ipc_ns(ctx);
	bool own, all;
	int ret = 0;

	/* Nobody but zombies. */
	if (!ns)
		return 0;
	own = ns == current->nsproxy->ipc_ns;
	all = !own || (ctx->uflags & CHECKPOINT_IPC);
	if (all)
		ret = ckpt_ipc_one_ns(ctx, ns);
	if (!ret)
		ret = ckpt_sysv_checkpoint(ctx, ns, all, own);
	if (!ret && all)
		ret = ckpt_mqueues_checkpoint(ctx, ns, own);
	put_ipc_ns(ns);
	return ret;
}
