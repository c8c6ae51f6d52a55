// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: inodes that several files are ends of and that no path
 * leads to, or whose contents are nowhere but in memory.
 */
#include <linux/slab.h>

#include "checkpoint.h"

static void ckpt_inode_grab(void *ptr)
{
	ihold(ptr);
}

static void ckpt_inode_drop(void *ptr)
{
	iput(ptr);
}

static void ckpt_inode_free(void *ptr)
{
	struct ckpt_inode *inode = ptr;

	if (inode->free)
		inode->free(inode);
	path_put(&inode->path);
	kfree(inode);
}

static int ckpt_inode_checkpoint(struct ckpt_ctx *ctx,
				 struct task_struct *task, void *ptr,
				 struct ckpt_object *obj)
{
	struct inode *inode = ptr;

	if (S_ISFIFO(inode->i_mode))
		return ckpt_pipe_checkpoint(ctx, task, inode, obj);
	if (memfd_ckpt_is(inode))
		return memfd_ckpt_inode(ctx, task, inode, obj);
	if (ctx->gone)
		return ckpt_unlinked_checkpoint(ctx, task, obj);
	return shmem_ckpt_inode(ctx, task, inode, obj);
}

static void *ckpt_inode_restore(struct ckpt_ctx *ctx,
				const struct ckpt_hdr *hdr)
{
	if (hdr->type == CKPT_HDR_PIPE)
		return ckpt_pipe_restore(ctx, (const void *)hdr);
	if (hdr->type == CKPT_HDR_MEMFD)
		return memfd_ckpt_inode_restore(ctx, (const void *)hdr);
	if (hdr->type == CKPT_HDR_UNLINKED)
		return ckpt_unlinked_restore(ctx, (const void *)hdr);
	return shmem_ckpt_inode_restore(ctx, (const void *)hdr);
}

const struct ckpt_obj_ops ckpt_inode_ops = {
	.name		= "inode",
	.objtype	= CKPT_OBJ_INODE,
	.grab		= ckpt_inode_grab,
	.drop		= ckpt_inode_drop,
	.free		= ckpt_inode_free,
	.checkpoint	= ckpt_inode_checkpoint,
	.restore	= ckpt_inode_restore,
};
