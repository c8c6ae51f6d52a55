// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: I/O contexts that tasks share (CLONE_IO).
 *
 * One that a task has alone is an I/O priority and nothing else that lasts, and
 * part of the scheduling attributes. The first task that commits makes a shared
 * one, the others join it.
 */
#include <linux/iocontext.h>
#include <linux/ioprio.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "internal.h"

/**
 * struct ckpt_io_context - an I/O context read from the image
 * @lock: for @live
 * @ioprio: I/O priority
 * @live: the one that the first task has made, with a reference, NULL before
 */
struct ckpt_io_context {
	struct mutex lock; /* live */
	u32 ioprio;
	struct io_context *live;
};

static void ckpt_io_context_grab(void *ptr)
{
	struct io_context *ioc = ptr;

	atomic_long_inc(&ioc->refcount);
}

static void ckpt_io_context_drop(void *ptr)
{
	put_io_context(ptr);
}

static void ckpt_io_context_free(void *ptr)
{
	struct ckpt_io_context *io = ptr;

	if (io->live)
		put_io_context(io->live);
	kfree(io);
}

/* How many tasks have it; one more stands for the table of objects. */
static long ckpt_io_context_users(void *ptr)
{
	struct io_context *ioc = ptr;

	return atomic_read(&ioc->active_ref) + 1;
}

/**
 * ckpt_io_context_get - the I/O context of a task, if others have it as well
 * @task: task, held or current
 *
 * Return: the I/O context with a reference, or NULL.
 */
struct io_context *ckpt_io_context_get(struct task_struct *task)
{
	struct io_context *ioc;

	task_lock(task);
	ioc = task->io_context;
	if (ioc && atomic_read(&ioc->active_ref) > 1)
		ckpt_io_context_grab(ioc);
	else
		ioc = NULL;
	task_unlock(task);
	return ioc;
}

static int ckpt_io_context_checkpoint(struct ckpt_ctx *ctx,
				      struct task_struct *task, void *ptr,
				      struct ckpt_object *obj)
{
	struct io_context *ioc = ptr;
	struct ckpt_hdr_io_context *h;

	h = ckpt_record(ctx, CKPT_HDR_IO_CONTEXT, 0);
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->ioprio = READ_ONCE(ioc->ioprio);
	return 0;
}

static void *ckpt_io_context_restore(struct ckpt_ctx *ctx,
				     const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_io_context *h = (const void *)hdr;
	struct ckpt_io_context *io;
	int ret;

	ret = h->ioprio ? ioprio_check_cap(h->ioprio) : 0;
	if (ret)
		return ERR_PTR(ckpt_err(ctx, current, ret,
					"the caller may not use I/O priority %#x",
					h->ioprio));
	io = kzalloc(sizeof(*io), GFP_KERNEL_ACCOUNT);
	if (!io)
		return ERR_PTR(-ENOMEM);
	mutex_init(&io->lock);
	io->ioprio = h->ioprio;
	return io;
}

/* Tasks leave restart(2) together: who has it is gone only when killed. */
static int ckpt_io_context_join(struct io_context *ioc)
{
	if (!atomic_inc_not_zero(&ioc->active_ref))
		return -ESRCH;
	if (current->io_context)
		exit_io_context(current);
	task_lock(current);
	current->io_context = ioc;
	task_unlock(current);
	return 0;
}

/**
 * ckpt_io_context_commit - share an I/O context
 * @ctx: restart context
 * @io: what the caller shares, or NULL
 *
 * Return: 0 or a negative errno.
 */
int ckpt_io_context_commit(struct ckpt_ctx *ctx, struct ckpt_io_context *io)
{
	int ret;

	if (!io)
		return 0;
	mutex_lock(&io->lock);
	if (io->live) {
		ret = ckpt_io_context_join(io->live);
	} else {
		/* Makes one, if the task has none. */
		ret = set_task_ioprio(current, io->ioprio);
		if (!ret) {
			io->live = current->io_context;
			ckpt_io_context_grab(io->live);
		}
	}
	mutex_unlock(&io->lock);
	if (ret)
		return ckpt_err(ctx, current, ret, "I/O priority %#x",
				io->ioprio);
	return 0;
}

const struct ckpt_obj_ops ckpt_io_context_ops = {
	.name		= "I/O context",
	.objtype	= CKPT_OBJ_IO_CONTEXT,
	.grab		= ckpt_io_context_grab,
	.drop		= ckpt_io_context_drop,
	.free		= ckpt_io_context_free,
	.users		= ckpt_io_context_users,
	.checkpoint	= ckpt_io_context_checkpoint,
	.restore	= ckpt_io_context_restore,
};
