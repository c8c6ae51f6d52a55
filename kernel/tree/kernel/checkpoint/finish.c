// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint: what can only be captured when all tasks have been.
 *
 * An epoll instance watches files of other tasks, and whether someone outside
 * of the hierarchy holds the other end of a pipe is known when all ends inside
 * have been counted. Such work is put on a list and done behind the last task.
 */
#include <linux/list.h>

#include "internal.h"

/**
 * ckpt_finish_init - start with nothing to do
 * @ctx: new context
 */
void ckpt_finish_init(struct ckpt_ctx *ctx)
{
	INIT_LIST_HEAD(&ctx->finish);
}

/**
 * ckpt_finish_add - have something done when all tasks have been captured, or
 *	when one commits
 * @ctx: context, which owns @finish from now on
 * @finish: what to do
 */
void ckpt_finish_add(struct ckpt_ctx *ctx, struct ckpt_finish *finish)
{
	list_add_tail(&finish->list, &ctx->finish);
}

/**
 * ckpt_finish_run - do what waited for the last task
 * @ctx: checkpoint context
 *
 * Return: 0 or a negative errno.
 */
int ckpt_finish_run(struct ckpt_ctx *ctx)
{
	struct ckpt_finish *finish;
	int ret;

	/* One may add another: a list that grows at its end. */
	list_for_each_entry(finish, &ctx->finish, list) {
		ret = finish->run(ctx, finish);
		if (ret < 0)
			return ret;
		cond_resched();
	}
	return 0;
}

/**
 * ckpt_finish_commit - do what was left for a task that commits
 * @ctx: restart context; the list does not change any more
 *
 * Return: 0 or a negative errno.
 */
int ckpt_finish_commit(struct ckpt_ctx *ctx)
{
	struct ckpt_finish *finish;
	int ret;

	list_for_each_entry(finish, &ctx->finish, list) {
		if (finish->task != current)
			continue;
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

	list_for_each_entry_safe(finish, next, &ctx->finish, list) {
		list_del(&finish->list);
		finish->free(finish);
	}
}
