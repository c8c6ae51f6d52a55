// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: pidfds.
 *
 * A pidfd of a task of the hierarchy refers to its number. One of a task that
 * has been waited for refers to nobody, and comes back like that. Its inode
 * number is a new one: it counts the tasks since the machine has started.
 */
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/pidfs.h>
#include <linux/slab.h>
#include <uapi/linux/pidfd.h>

#include "checkpoint.h"

/**
 * pidfd_checkpoint - capture a pidfd
 * @ctx: checkpoint context
 * @task: task that has it open
 * @file: the pidfd
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int pidfd_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		     struct file *file, struct ckpt_object *obj)
{
	struct pid *pid = pidfd_pid(file);
	struct ckpt_hdr_pidfd *h;
	s32 nr = 0;
	int ret;

	if (pid_has_task(pid, PIDTYPE_PID)) {
		nr = pid_nr_ns(pid, ns_of_pid(ctx->root_pid));
		if (!nr || !ckpt_has_member(ctx, nr))
			return ckpt_refuse(ctx, task, -EBUSY,
					   "pidfd of process %d, which is outside of the hierarchy",
					   pid_vnr(pid));
	}
	ret = ckpt_file_record_kind(ctx, file, obj, CKPT_FILE_PIDFD);
	if (ret)
		return ret;
	h = ckpt_record(ctx, CKPT_HDR_PIDFD, 0);
	if (!h)
		return -ENOMEM;
	h->pid = nr;
	h->flags = file->f_flags & PIDFD_THREAD ? CKPT_PIDFD_THREAD : 0;
	return 0;
}

/* A pidfd of a task that is no more. */
static struct file *ckpt_pidfd_dead(unsigned int flags)
{
	struct file *file;
	struct pid *pid;

	pid = alloc_pid(task_active_pid_ns(current), NULL, 0);
	if (IS_ERR(pid))
		return ERR_CAST(pid);
	file = pidfs_alloc_file(pid, flags);
	free_pid(pid);
	return file;
}

static struct file *ckpt_pidfd_make(struct ckpt_ctx *ctx,
				    const struct ckpt_hdr_pidfd *h)
{
	bool thread = h->flags & CKPT_PIDFD_THREAD;
	struct file *file;
	struct pid *pid;

	if (!h->pid)
		return ckpt_pidfd_dead(O_RDWR);
	pid = ckpt_member_pid(ctx, h->pid);
	if (!pid)
		return ERR_PTR(-EINVAL);
	/* As pidfd_open(2) does. */
	if (pid_has_task(pid, thread ? PIDTYPE_PID : PIDTYPE_TGID))
		file = pidfs_alloc_file(pid, O_RDWR);
	else
		file = ERR_PTR(-EINVAL);
	put_pid(pid);
	return file;
}

/**
 * ckpt_pidfd_restore - make a pidfd
 * @ctx: restart context
 * @h: its file record
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_pidfd_restore(struct ckpt_ctx *ctx,
				const struct ckpt_hdr_file *h)
{
	struct ckpt_hdr_pidfd *p;
	struct file *file;

	p = ckpt_next_record(ctx, CKPT_HDR_PIDFD);
	if (IS_ERR(p))
		return ERR_CAST(p);
	file = ckpt_pidfd_make(ctx, p);
	if (IS_ERR(file))
		ckpt_err(ctx, current, PTR_ERR(file),
			 "cannot make a pidfd of task %d", p->pid);
	else if (p->flags & CKPT_PIDFD_THREAD)
		file->f_flags |= PIDFD_THREAD;
	kvfree(p);
	return file;
}
