// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: the context of one operation, and who may start one.
 */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "internal.h"

int sysctl_ckpt_unpriv_allowed __read_mostly = 1;

/**
 * ckpt_permitted - may the caller use checkpoint(2) or restart(2) at all?
 * @restart: the latter
 */
bool ckpt_permitted(bool restart)
{
	int level = READ_ONCE(sysctl_ckpt_unpriv_allowed);

	if (!level)
		return capable(CAP_SYS_ADMIN);
	if (level == 1 && restart)
		return ns_capable(current_user_ns(), CAP_SYS_ADMIN);
	return true;
}

static struct file *ckpt_get_file(int fd, fmode_t mode)
{
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	if (!(file->f_mode & mode)) {
		fput(file);
		return ERR_PTR(-EBADF);
	}
	return file;
}

/**
 * ckpt_ctx_alloc - begin an operation
 * @restart: a restart; otherwise a checkpoint
 * @uflags: flags of the system call
 * @fd: descriptor of the image; CHECKPOINT_FD_NONE for a dry run
 * @logfd: descriptor of the log, or CHECKPOINT_FD_NONE
 *
 * Return: a context with one reference, or -EBADF for a descriptor that is
 * closed or open for the other direction, -ENOMEM.
 */
struct ckpt_ctx *ckpt_ctx_alloc(bool restart, unsigned long uflags, int fd,
				int logfd)
{
	static atomic64_t last_id = ATOMIC64_INIT(0);
	struct ckpt_ctx *ctx;
	struct file *file;

	ctx = kvzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return ERR_PTR(-ENOMEM);

	refcount_set(&ctx->users, 1);
	ctx->uflags = uflags;
	ctx->restart = restart;
	mutex_init(&ctx->log_lock);
	INIT_LIST_HEAD(&ctx->log);
	xa_init(&ctx->by_pid);
	xa_init(&ctx->changed);
	init_waitqueue_head(&ctx->wait);
	xa_init(&ctx->refs);
	INIT_LIST_HEAD(&ctx->obj_list);
	ckpt_finish_init(ctx);
	xxh64_reset(&ctx->hash, 0);

	/* Positive as an int: it is the return value of checkpoint(2). */
	do {
		ctx->id = atomic64_inc_return(&last_id) & INT_MAX;
	} while (!ctx->id);

	if (!restart && ckpt_objs_init(ctx)) {
		file = ERR_PTR(-ENOMEM);
		goto err;
	}
	if (fd != CHECKPOINT_FD_NONE || !ckpt_dry_run(ctx)) {
		file = ckpt_get_file(fd, restart ? FMODE_READ : FMODE_WRITE);
		if (IS_ERR(file))
			goto err;
		ctx->file = file;
	}
	if (logfd != CHECKPOINT_FD_NONE) {
		file = ckpt_get_file(logfd, FMODE_WRITE);
		if (IS_ERR(file))
			goto err;
		ctx->logfile = file;
	}
	get_fs_root(current->fs, &ctx->root);
	return ctx;
err:
	ckpt_ctx_put(ctx);
	return ERR_CAST(file);
}

/**
 * ckpt_ctx_put - give back a reference, and end the operation with the last
 * @ctx: context
 */
void ckpt_ctx_put(struct ckpt_ctx *ctx)
{
	if (!refcount_dec_and_test(&ctx->users))
		return;

	ckpt_log_flush(ctx);
	ckpt_members_free(ctx);
	put_pid(ctx->root_pid);
	ckpt_image_free(ctx->image);
	ckpt_finish_free(ctx);
	ckpt_objs_free(ctx);
	path_put(&ctx->dir);
	xa_destroy(&ctx->changed);
	path_put(&ctx->root);
	kfree(ctx->ahead);
	if (ctx->file)
		fput(ctx->file);
	if (ctx->logfile)
		fput(ctx->logfile);
	if (ctx->terminal)
		fput(ctx->terminal);
	kvfree(ctx);
}
