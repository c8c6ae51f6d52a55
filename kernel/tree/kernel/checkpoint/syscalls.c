// SPDX-License-Identifier: GPL-2.0
/*
 * checkpoint(2) and restart(2): arguments and permission. What they do is in
 * checkpoint.c and restart.c.
 */
#include <linux/sched/signal.h>
#include <linux/syscalls.h>

#include "internal.h"

/**
 * sys_checkpoint - save a process hierarchy
 * @pid: root of the hierarchy, in the caller's pid namespace; 0 for the caller
 * @fd: descriptor that the image is written to; may be CHECKPOINT_FD_NONE in a
 *	dry run
 * @flags: CHECKPOINT_*
 * @logfd: descriptor that receives a line per problem, or CHECKPOINT_FD_NONE
 *
 * Return: a positive checkpoint identifier; 0 in the task that returns from
 * this call through restart(2), and for a dry run without obstacles; for
 * CHECKPOINT_QUERY the format revision and feature bits; or a negative errno.
 */
SYSCALL_DEFINE4(checkpoint, pid_t, pid, int, fd, unsigned long, flags,
		int, logfd)
{
	struct ckpt_ctx *ctx;
	long ret;

	if (flags & ~CHECKPOINT_FLAGS_ALL)
		return -EINVAL;
	if (flags & CHECKPOINT_QUERY) {
		if (flags != CHECKPOINT_QUERY)
			return -EINVAL;
		return CKPT_REV | CKPT_FEATURES << 16;
	}
	if ((flags & CHECKPOINT_DRYRUN) && (flags & CHECKPOINT_KILL))
		return -EINVAL;
	if (pid < 0)
		return -EINVAL;
	if (!ckpt_permitted(false))
		return -EPERM;

	ctx = ckpt_ctx_alloc(false, flags, fd, logfd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	ret = ckpt_do_checkpoint(ctx, pid);
	ckpt_ctx_put(ctx);
	return ret;
}

/**
 * sys_restart - bring a process hierarchy back
 * @pid: root of the new hierarchy, a child of the caller, which coordinates;
 *	0 for a task that is to be restored, or becomes the image's one task
 * @fd: descriptor that the image is read from (coordinator, RESTART_TASKSELF)
 * @flags: RESTART_*
 * @logfd: descriptor that receives a line per problem, or CHECKPOINT_FD_NONE
 *	(coordinator, RESTART_TASKSELF)
 *
 * Return: to the coordinator 0; to a restored task what the system call that
 * it was in at the time of the checkpoint returns; or a negative errno.
 */
SYSCALL_DEFINE4(restart, pid_t, pid, int, fd, unsigned long, flags, int, logfd)
{
	struct ckpt_ctx *ctx;
	long ret;

	if (flags & ~RESTART_FLAGS_ALL)
		return -EINVAL;
	/* The root is the coordinator's business, ghosts are not. */
	if (pid < 0 ||
	    (pid && (flags & (RESTART_GHOST | RESTART_TASKSELF))) ||
	    (!pid && (flags & RESTART_FROZEN)) ||
	    (!pid && (flags & RESTART_CHANGED) &&
	     !(flags & RESTART_TASKSELF)) ||
	    ((flags & RESTART_GHOST) && (flags & RESTART_TASKSELF)))
		return -EINVAL;
	if (!ckpt_permitted(true))
		return -EPERM;

	if (!pid && !(flags & RESTART_TASKSELF))
		return ckpt_restart_member(flags);

	ctx = ckpt_ctx_alloc(true, flags, fd, logfd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	ret = pid ? ckpt_restart_coordinate(ctx, pid) : ckpt_restart_self(ctx);
	ckpt_ctx_put(ctx);
	return ret;
}
