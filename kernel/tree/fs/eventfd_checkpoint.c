// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: eventfd.
 *
 * A task that was asleep in read(2) or write(2) of one starts the call over.
 */
#include <linux/eventfd.h>
#include <linux/slab.h>

#include "checkpoint.h"

/**
 * eventfd_checkpoint - capture an eventfd
 * @ctx: checkpoint context
 * @task: task that has it open
 * @file: the eventfd
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int eventfd_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		       struct file *file, struct ckpt_object *obj)
{
	struct ckpt_hdr_eventfd *h;
	int ret, flags;
	bool shared;
	u64 count;

	shared = eventfd_file_state(file, &count, &flags);
	if (shared)
		return ckpt_refuse(ctx, task, -EBUSY,
				   "eventfd with the counter %llu is in use by a part of the kernel that signals it",
				   count);
	ret = ckpt_file_record_kind(ctx, file, obj, CKPT_FILE_EVENTFD);
	if (ret)
		return ret;
	h = ckpt_record(ctx, CKPT_HDR_EVENTFD, 0);
	if (!h)
		return -ENOMEM;
	h->count = count;
	h->flags = flags & EFD_SEMAPHORE ? CKPT_EVENTFD_SEMAPHORE : 0;
	return 0;
}

/**
 * ckpt_eventfd_restore - make an eventfd
 * @ctx: restart context
 * @h: its file record
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_eventfd_restore(struct ckpt_ctx *ctx,
				  const struct ckpt_hdr_file *h)
{
	struct ckpt_hdr_eventfd *event;
	struct file *file;
	int flags;

	event = ckpt_next_record(ctx, CKPT_HDR_EVENTFD);
	if (IS_ERR(event))
		return ERR_CAST(event);
	flags = event->flags & CKPT_EVENTFD_SEMAPHORE ? EFD_SEMAPHORE : 0;
	file = eventfd_file_create(event->count, flags);
	kvfree(event);
	if (IS_ERR(file))
		ckpt_err(ctx, current, PTR_ERR(file), "cannot make an eventfd");
	return file;
}
