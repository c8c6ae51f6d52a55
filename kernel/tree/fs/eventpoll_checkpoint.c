// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: epoll.
 *
 * An epoll instance is a file like others. What it watches is an object of its
 * own behind the last task, for these files may belong to any task, or be epoll
 * instances themselves. It comes last for another reason as well: opening and
 * closing ends of pipes raises events, which nobody is to see.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "checkpoint.h"

/**
 * struct ckpt_epoll_finish - an instance whose watches are still to be captured
 * @finish: link in the context
 * @file: the instance, which the object table holds
 */
struct ckpt_epoll_finish {
	struct ckpt_finish finish;
	struct file *file;
};

static bool ckpt_is_epoll(const struct file *file)
{
	return file->f_op->checkpoint == eventpoll_checkpoint;
}

static bool ckpt_is_signalfd(const struct file *file)
{
#ifdef CONFIG_SIGNALFD
	return file->f_op->checkpoint == signalfd_checkpoint;
#else
	return false;
#endif
}

static int ckpt_epoll_finish(struct ckpt_ctx *ctx, struct ckpt_finish *finish)
{
	struct ckpt_epoll_finish *late =
		container_of(finish, struct ckpt_epoll_finish, finish);

	return ckpt_obj_checkpoint(ctx, finish->task, late->file,
				   CKPT_OBJ_EPOLL);
}

static void ckpt_epoll_finish_free(struct ckpt_finish *finish)
{
	kfree(container_of(finish, struct ckpt_epoll_finish, finish));
}

/**
 * eventpoll_checkpoint - capture an epoll instance
 * @ctx: checkpoint context
 * @task: task that has it open
 * @file: the instance
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int eventpoll_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			 struct file *file, struct ckpt_object *obj)
{
	struct ckpt_epoll_finish *late;

	late = kzalloc(sizeof(*late), GFP_KERNEL_ACCOUNT);
	if (!late)
		return -ENOMEM;
	late->file = file;
	late->finish.task = task;
	late->finish.run = ckpt_epoll_finish;
	late->finish.free = ckpt_epoll_finish_free;
	ckpt_finish_add(ctx, &late->finish);
	return ckpt_file_record_kind(ctx, file, obj, CKPT_FILE_EPOLL);
}

/**
 * ckpt_eventpoll_restore - make an epoll instance that watches nothing yet
 * @ctx: restart context
 * @h: its file record
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_eventpoll_restore(struct ckpt_ctx *ctx,
				    const struct ckpt_hdr_file *h)
{
	struct file *file = eventpoll_file_create(0);

	if (IS_ERR(file))
		ckpt_err(ctx, current, PTR_ERR(file),
			 "cannot make an epoll instance");
	return file;
}

static int ckpt_epoll_item_record(struct ckpt_ctx *ctx,
				  const struct eventpoll_item *item)
{
	struct ckpt_hdr_epoll_item *h;

	h = ckpt_record(ctx, CKPT_HDR_EPOLL_ITEM, 0);
	if (!h)
		return -ENOMEM;
	h->file_ref = ckpt_obj_known(ctx, item->file, CKPT_OBJ_FILE);
	h->fd = item->fd;
	h->events = (__force u32)item->event.events;
	h->flags = item->ready ? CKPT_EPOLL_READY : 0;
	h->data = item->event.data;
	if (ckpt_is_signalfd(item->file))
		h->owner = ckpt_sighand_owner(ctx, item->whead);
	return 0;
}

/*
 * A file that only others have open could not be found again; and no other task
 * can have a signalfd watched for one that is not there.
 */
static int ckpt_epoll_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
			       const struct eventpoll_item *items, long nr)
{
	char *buf;
	int ret = 0;
	long i;

	buf = __getname();
	if (!buf)
		return -ENOMEM;
	for (i = 0; i < nr && !ret; i++) {
		if (!ckpt_obj_seen(ctx, items[i].file, CKPT_OBJ_FILE))
			ret = ckpt_refuse(ctx, task, -EBUSY,
					  "epoll watches %s, once descriptor %d, which nobody in the hierarchy has open",
					  ckpt_file_name(items[i].file, buf),
					  items[i].fd);
		else if (ckpt_is_signalfd(items[i].file) &&
			 !ckpt_sighand_owner(ctx, items[i].whead))
			ret = ckpt_refuse(ctx, task, -EBUSY,
					  "epoll watches a signalfd, once descriptor %d, for a task that has ended or is outside of the hierarchy",
					  items[i].fd);
		cond_resched();
	}
	__putname(buf);
	return ret;
}

/*
 * The instances that this one watches come first: what they are given to watch
 * is an event for those that watch them. They are nested a few levels deep.
 */
static int ckpt_epoll_nested(struct ckpt_ctx *ctx, struct task_struct *task,
			     const struct eventpoll_item *items, long nr)
{
	long i;
	s32 ref = 0;

	for (i = 0; i < nr && ref >= 0; i++)
		if (ckpt_is_epoll(items[i].file))
			ref = ckpt_obj_checkpoint(ctx, task, items[i].file,
						  CKPT_OBJ_EPOLL);
	return min(ref, 0);
}

static int ckpt_epoll_record(struct ckpt_ctx *ctx, struct file *file,
			     struct ckpt_object *obj,
			     const struct eventpoll_item *items, long nr)
{
	struct epoll_params params;
	struct ckpt_hdr_epoll *h;
	int ret = 0;
	long i;

	h = ckpt_record(ctx, CKPT_HDR_EPOLL, 0);
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->file_ref = ckpt_obj_known(ctx, file, CKPT_OBJ_FILE);
	h->nr_items = nr;
	eventpoll_params(file, &params);
	h->busy_poll_usecs = params.busy_poll_usecs;
	h->busy_poll_budget = params.busy_poll_budget;
	h->prefer_busy_poll = params.prefer_busy_poll;
	for (i = 0; i < nr && !ret; i++) {
		ret = ckpt_epoll_item_record(ctx, &items[i]);
		cond_resched();
	}
	return ret;
}

static int ckpt_epoll_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
				 void *ptr, struct ckpt_object *obj)
{
	unsigned int obstacles = ctx->obstacles;
	struct eventpoll_item *items;
	struct file *file = ptr;
	long nr, have, i;
	int ret;

	have = eventpoll_items(file, NULL, 0);
	items = kvcalloc(have + 1, sizeof(*items), GFP_KERNEL_ACCOUNT);
	if (!items)
		return -ENOMEM;
	nr = eventpoll_items(file, items, have);
	if (nr > have) {
		ret = ckpt_refuse(ctx, task, -EBUSY,
				  "an epoll instance is changed by someone outside of the hierarchy");
		nr = have;
	} else {
		ret = ckpt_epoll_refusals(ctx, task, items, nr);
	}
	if (!ret)
		ret = ckpt_epoll_nested(ctx, task, items, nr);
	/* A dry run may have refused the instance or what it watches. */
	if (!ret && ctx->obstacles == obstacles && !ckpt_dry_run(ctx))
		ret = ckpt_epoll_record(ctx, file, obj, items, nr);
	/* A file that is being closed leaves a hole when there are too many. */
	for (i = 0; i < nr; i++)
		if (items[i].file)
			fput(items[i].file);
	kvfree(items);
	return ret;
}

static int ckpt_epoll_watch(struct ckpt_ctx *ctx, struct file *file,
			    const struct eventpoll_item *item)
{
	int ret;

	ret = eventpoll_restore_item(file, item);
	if (ret)
		ckpt_err(ctx, current, ret,
			 "epoll cannot watch what once was descriptor %d, events %#x",
			 item->fd, (__force u32)item->event.events);
	return ret;
}

/**
 * struct ckpt_epoll_late - a signalfd that a task will have watched
 * @finish: link in the context
 * @file: the epoll instance, which the object table holds
 * @item: what to watch, likewise
 */
struct ckpt_epoll_late {
	struct ckpt_finish finish;
	struct file *file;
	struct eventpoll_item item;
};

static int ckpt_epoll_late(struct ckpt_ctx *ctx, struct ckpt_finish *finish)
{
	struct ckpt_epoll_late *late =
		container_of(finish, struct ckpt_epoll_late, finish);
	const struct cred *old = override_creds(late->file->f_cred);
	int ret;

	ret = ckpt_epoll_watch(ctx, late->file, &late->item);
	revert_creds(old);
	return ret;
}

static void ckpt_epoll_late_free(struct ckpt_finish *finish)
{
	kfree(container_of(finish, struct ckpt_epoll_late, finish));
}

/*
 * A signalfd is woken by the signals of the task that has it watched, by way of
 * its signal handlers: the task does that itself, when it has them.
 */
static int ckpt_epoll_watch_signals(struct ckpt_ctx *ctx, struct file *file,
				    const struct eventpoll_item *item,
				    s32 owner)
{
	struct task_struct *task = ckpt_member_task(ctx, owner);
	struct ckpt_epoll_late *late;

	if (!task || !ckpt_is_signalfd(item->file))
		return ckpt_err(ctx, current, -EINVAL,
				"epoll cannot watch what once was descriptor %d for task %d",
				item->fd, owner);
	late = kzalloc(sizeof(*late), GFP_KERNEL_ACCOUNT);
	if (!late)
		return -ENOMEM;
	late->file = file;
	late->item = *item;
	late->finish.task = task;
	late->finish.run = ckpt_epoll_late;
	late->finish.free = ckpt_epoll_late_free;
	ckpt_finish_add(ctx, &late->finish);
	return 0;
}

static int ckpt_epoll_add(struct ckpt_ctx *ctx, struct file *file)
{
	struct eventpoll_item item = {};
	struct ckpt_hdr_epoll_item *h;
	int ret;

	h = ckpt_next_record(ctx, CKPT_HDR_EPOLL_ITEM);
	if (IS_ERR(h))
		return PTR_ERR(h);
	item.file = ckpt_obj_fetch(ctx, h->file_ref, CKPT_OBJ_FILE);
	if (IS_ERR(item.file)) {
		ret = PTR_ERR(item.file);
		goto out;
	}
	item.fd = h->fd;
	item.ready = h->flags & CKPT_EPOLL_READY;
	item.event.events = (__force __poll_t)h->events;
	item.event.data = h->data;
	ret = h->owner ?
	      ckpt_epoll_watch_signals(ctx, file, &item, h->owner) :
	      ckpt_epoll_watch(ctx, file, &item);
out:
	kvfree(h);
	return ret;
}

static int ckpt_epoll_fill(struct ckpt_ctx *ctx, const struct ckpt_hdr_epoll *h,
			   struct file *file)
{
	struct epoll_params params = {
		.busy_poll_usecs = h->busy_poll_usecs,
		.busy_poll_budget = h->busy_poll_budget,
		.prefer_busy_poll = h->prefer_busy_poll,
	};
	int ret;
	u32 i;

	ret = eventpoll_set_params(file, &params);
	if (ret)
		return ckpt_err(ctx, current, ret,
				"epoll cannot poll busily for %u us, %u packets",
				h->busy_poll_usecs, h->busy_poll_budget);
	for (i = 0; i < h->nr_items && !ret; i++) {
		ret = ckpt_epoll_add(ctx, file);
		cond_resched();
	}
	return ret;
}

static void *ckpt_epoll_restore(struct ckpt_ctx *ctx,
				const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_epoll *h = (const void *)hdr;
	const struct cred *old;
	struct file *file;
	int ret;

	file = ckpt_obj_fetch(ctx, h->file_ref, CKPT_OBJ_FILE);
	if (IS_ERR(file))
		return file;
	if (!ckpt_is_epoll(file))
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"file %d is no epoll instance",
					h->file_ref));
	/* With the rights of who has made the instance, not the coordinator's. */
	old = override_creds(file->f_cred);
	ret = ckpt_epoll_fill(ctx, h, file);
	revert_creds(old);
	return ret ? ERR_PTR(ret) : get_file(file);
}

static void ckpt_epoll_grab(void *ptr)
{
	get_file(ptr);
}

static void ckpt_epoll_drop(void *ptr)
{
	fput(ptr);
}

const struct ckpt_obj_ops ckpt_epoll_ops = {
	.name		= "epoll set",
	.objtype	= CKPT_OBJ_EPOLL,
	.grab		= ckpt_epoll_grab,
	.drop		= ckpt_epoll_drop,
	.checkpoint	= ckpt_epoll_checkpoint,
	.restore	= ckpt_epoll_restore,
};
