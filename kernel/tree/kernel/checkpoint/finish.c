// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint: what can only be captured when all tasks have been.
 *
 * An epoll instance watches files of other tasks, and whether someone outside
 * of the hierarchy holds the other end of a pipe is known when all ends inside
 * have been counted. Such work is put on a list and done behind the last task.
 */
#include <linux/list.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>

#include "internal.h"

/**
 * ckpt_finish_init - start with nothing to do
 * @ctx: new context
 */
void ckpt_finish_init(struct ckpt_ctx *ctx)
{
	int i;

	for (i = 0; i < CKPT_FINISH_STEPS; i++)
		INIT_LIST_HEAD(&ctx->finish[i]);
}

/**
 * ckpt_finish_add_to - have something done when all tasks have been captured, or
 *	when one commits
 * @ctx: context, which owns @finish from now on
 * @finish: what to do
 * @step: at which step; one of an earlier step that runs may add to its own and
 *	to later ones
 */
void ckpt_finish_add_to(struct ckpt_ctx *ctx, struct ckpt_finish *finish,
			enum ckpt_finish_step step)
{
	list_add_tail(&finish->list, &ctx->finish[step]);
}

/**
 * ckpt_finish_add - have something done at the last step
 * @ctx: context, which owns @finish from now on
 * @finish: what to do
 */
void ckpt_finish_add(struct ckpt_ctx *ctx, struct ckpt_finish *finish)
{
	ckpt_finish_add_to(ctx, finish, CKPT_FINISH_LAST);
}

static int ckpt_finish_run_step(struct ckpt_ctx *ctx, struct list_head *step)
{
	struct ckpt_finish *finish;
	int ret;

	/* One may add another: a list that grows at its end. */
	list_for_each_entry(finish, step, list) {
		ret = finish->run(ctx, finish);
		if (ret < 0)
			return ret;
		cond_resched();
	}
	return 0;
}

/**
 * ckpt_finish_run - do what waited for the last task
 * @ctx: checkpoint context
 *
 * Return: 0 or a negative errno.
 */
int ckpt_finish_run(struct ckpt_ctx *ctx)
{
	int i, ret = 0;

	for (i = 0; i < CKPT_FINISH_STEPS && !ret; i++)
		ret = ckpt_finish_run_step(ctx, &ctx->finish[i]);
	return ret;
}

/**
 * ckpt_finish_self - give the one task what was left for when it commits
 * @ctx: restart context, which has nothing at earlier steps; the list does not
 *	change any more
 * @r: what the task becomes
 */
void ckpt_finish_self(struct ckpt_ctx *ctx, struct ckpt_restore *r)
{
	struct ckpt_finish *finish;

	list_for_each_entry_reverse(finish, &ctx->finish[CKPT_FINISH_LAST],
				    list) {
		finish->next = r->finish;
		r->finish = finish;
	}
}

/**
 * ckpt_finish_settle - give each member what was left for when it commits
 * @ctx: restart context; every member has restored its state
 *
 * So that none has to look through all of it.
 *
 * Return: 0, or -ESRCH when a member has ended.
 */
int ckpt_finish_settle(struct ckpt_ctx *ctx)
{
	struct ckpt_member *member = ctx->members[0];
	struct ckpt_finish *finish;
	struct pid_namespace *ns;
	bool gone = false;
	s32 nr;

	rcu_read_lock();
	ns = task_active_pid_ns(member->task);
	list_for_each_entry_reverse(finish, &ctx->finish[CKPT_FINISH_LAST],
				    list) {
		/* A single task may have another number than in the image. */
		if (ctx->nr_members > 1) {
			nr = ns ? task_pid_nr_ns(finish->task, ns) : 0;
			member = ckpt_member_of(ctx, nr);
		}
		gone = !member || member->task != finish->task;
		if (gone)
			break;
		finish->next = member->restore->finish;
		member->restore->finish = finish;
	}
	rcu_read_unlock();
	if (gone)
		return ckpt_err(ctx, NULL, -ESRCH,
				"a task has ended during the restart");
	return 0;
}

/**
 * ckpt_finish_commit - do what was left for a task that commits
 * @ctx: restart context
 * @r: what the task becomes
 *
 * Return: 0 or a negative errno.
 */
int ckpt_finish_commit(struct ckpt_ctx *ctx, const struct ckpt_restore *r)
{
	struct ckpt_finish *finish;
	int ret;

	for (finish = r->finish; finish; finish = finish->next) {
		ret = finish->run(ctx, finish);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/**
 * ckpt_finish_free - forget what waited for the last task
 * @ctx: context that ends
 */
void ckpt_finish_free(struct ckpt_ctx *ctx)
{
	struct ckpt_finish *finish, *next;
	int i;

	/* What is done at a later step may be part of what was done at an earlier. */
	for (i = CKPT_FINISH_STEPS - 1; i >= 0; i--)
		list_for_each_entry_safe(finish, next, &ctx->finish[i], list) {
			list_del(&finish->list);
			finish->free(finish);
		}
}
