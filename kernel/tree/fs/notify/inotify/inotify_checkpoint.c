// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: inotify.
 *
 * A watch belongs to an inode. It is saved as a path that leads there; when
 * there is none any more, the checkpoint is refused. Watches and queue are read
 * at the same moment, since others go on making events, and end watches.
 *
 * A restart looks up the paths when it reads them, and begins to watch when the
 * task becomes what it was: the files that a restart opens are no events.
 */
#include <linux/dcache.h>
#include <linux/fsnotify_backend.h>
#include <linux/idr.h>
#include <linux/inotify.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/security.h>
#include <linux/slab.h>

#include "../../checkpoint.h"
#include "../fsnotify.h"
#include "inotify.h"

/* Events that a queue may gain while there is no lock. */
#define CKPT_EVENTS_MORE	64
/* How often to look again when others change the instance meanwhile. */
#define CKPT_INOTIFY_TRIES	50
/* Mounts of a file system that are tried. */
#define CKPT_INOTIFY_MOUNTS	32

/**
 * struct inotify_saved_watch - a watch
 * @inode: what is watched, with a reference
 * @wd: watch descriptor
 * @mask: IN_*
 */
struct inotify_saved_watch {
	struct inode *inode;
	int wd;
	u32 mask;
};

/**
 * struct inotify_saved - an inotify instance at one moment
 * @watches: its watches
 * @nr_watches: how many
 * @max_watches: for how many there is room
 * @events: copies of its events
 * @nr_events: how many
 * @max_events: for how many there is room
 * @names: names of the events, one after the other
 * @names_len: bytes of them
 * @max_names: for how many there is room
 * @next_wd: descriptor of the next watch
 */
struct inotify_saved {
	struct inotify_saved_watch *watches;
	u32 nr_watches;
	u32 max_watches;
	struct inotify_event_info *events;
	u32 nr_events;
	u32 max_events;
	char *names;
	size_t names_len;
	size_t max_names;
	u32 next_wd;
};

static void inotify_saved_free(struct inotify_saved *saved)
{
	u32 i;

	for (i = 0; i < saved->nr_watches; i++)
		iput(saved->watches[i].inode);
	kvfree(saved->watches);
	kvfree(saved->events);
	kvfree(saved->names);
	memset(saved, 0, sizeof(*saved));
}

static void inotify_count(struct fsnotify_group *group,
			  struct inotify_saved *saved)
{
	struct fsnotify_event *event;
	struct fsnotify_mark *mark;

	fsnotify_group_lock(group);
	list_for_each_entry(mark, &group->marks_list, g_list)
		saved->max_watches++;
	fsnotify_group_unlock(group);
	spin_lock(&group->notification_lock);
	list_for_each_entry(event, &group->notification_list, list) {
		saved->max_events++;
		saved->max_names += INOTIFY_E(event)->name_len;
	}
	spin_unlock(&group->notification_lock);
	saved->max_events += CKPT_EVENTS_MORE;
	saved->max_names += CKPT_EVENTS_MORE * NAME_MAX;
}

static int inotify_count_one(int id, void *p, void *data)
{
	++*(u32 *)data;
	return 0;
}

/* The group is locked, and notification_lock is held. */
static int inotify_copy_events(struct fsnotify_group *group,
			       struct inotify_saved *saved)
{
	struct inotify_event_info *info;
	struct fsnotify_event *event;

	list_for_each_entry(event, &group->notification_list, list) {
		info = INOTIFY_E(event);
		if (saved->nr_events == saved->max_events ||
		    saved->max_names - saved->names_len < info->name_len)
			return -EAGAIN;
		saved->events[saved->nr_events++] = *info;
		memcpy(saved->names + saved->names_len, info->name,
		       info->name_len);
		saved->names_len += info->name_len;
	}
	return 0;
}

/* The group is locked: no watch is added, or taken off its inode. */
static int inotify_copy_watches(struct fsnotify_group *group,
				struct inotify_saved *saved)
{
	struct inotify_saved_watch *watch;
	struct fsnotify_mark *mark;

	list_for_each_entry_reverse(mark, &group->marks_list, g_list) {
		if (saved->nr_watches == saved->max_watches)
			return -EAGAIN;
		watch = &saved->watches[saved->nr_watches];
		watch->inode = igrab(fsnotify_conn_inode(mark->connector));
		if (!watch->inode)
			return -EAGAIN;
		saved->nr_watches++;
		watch->wd = container_of(mark, struct inotify_inode_mark,
					 fsn_mark)->wd;
		watch->mask = inotify_mark_user_mask(mark);
	}
	return 0;
}

/* Return: 0, or -EAGAIN when the instance is changing. */
static int inotify_save(struct fsnotify_group *group,
			struct inotify_saved *saved)
{
	struct inotify_group_private_data *data = &group->inotify_data;
	u32 nr = 0;
	int ret;

	inotify_count(group, saved);
	saved->watches = kvcalloc(saved->max_watches + 1,
				  sizeof(*saved->watches), GFP_KERNEL_ACCOUNT);
	saved->events = kvcalloc(saved->max_events, sizeof(*saved->events),
				 GFP_KERNEL_ACCOUNT);
	saved->names = kvmalloc(saved->max_names, GFP_KERNEL_ACCOUNT);
	if (!saved->watches || !saved->events || !saved->names)
		return -ENOMEM;

	fsnotify_group_lock(group);
	ret = inotify_copy_watches(group, saved);
	if (!ret) {
		spin_lock(&group->notification_lock);
		ret = inotify_copy_events(group, saved);
		spin_lock(&data->idr_lock);
		idr_for_each(&data->idr, inotify_count_one, &nr);
		saved->next_wd = idr_get_cursor(&data->idr);
		spin_unlock(&data->idr_lock);
		spin_unlock(&group->notification_lock);
	}
	fsnotify_group_unlock(group);
	/* A watch that is ending may still have to say so. */
	return ret ?: nr != saved->nr_watches ? -EAGAIN : 0;
}

/* Mounts of a file system in the mount namespace of the caller's root. */
static int inotify_mounts(struct ckpt_ctx *ctx, struct super_block *sb,
			  struct vfsmount **mounts)
{
	struct mnt_namespace *ns = real_mount(ctx->root.mnt)->mnt_ns;
	struct mount *mnt;
	int nr = 0;

	read_seqlock_excl(&mount_lock);
	list_for_each_entry(mnt, &sb->s_mounts, mnt_instance)
		if (mnt->mnt_ns == ns && nr < CKPT_INOTIFY_MOUNTS)
			mounts[nr++] = mntget(&mnt->mnt);
	read_sequnlock_excl(&mount_lock);
	return nr;
}

/*
 * Find a path that leads to an inode.
 *
 * Return: NULL, or why there is none, or an ERR_PTR.
 */
static const char *inotify_find_path(struct ckpt_ctx *ctx, struct inode *inode,
				     struct path *path, char *buf, char **name)
{
	struct vfsmount *mounts[CKPT_INOTIFY_MOUNTS];
	const char *why = "its path is not known any more";
	struct path try;
	int i, nr;

	*name = NULL;
	if (!inode->i_nlink)
		return "unlinked";
	try.dentry = d_find_alias(inode);
	if (!try.dentry)
		return why;
	nr = inotify_mounts(ctx, inode->i_sb, mounts);
	path->mnt = NULL;
	for (i = 0; i < nr; i++) {
		try.mnt = mounts[i];
		if (!path->mnt && is_subdir(try.dentry, try.mnt->mnt_root)) {
			why = ckpt_path_refusal(ctx, &try, buf, name);
			if (!why) {
				*path = try;
				path_get(path);
			}
		}
		mntput(mounts[i]);
	}
	dput(try.dentry);
	return path->mnt ? NULL : why;
}

static int inotify_record_watch(struct ckpt_ctx *ctx, struct task_struct *task,
				const struct inotify_saved_watch *watch,
				char *buf)
{
	struct ckpt_hdr_inotify_watch *h;
	struct path path;
	const char *why;
	char *name;
	int ret;

	why = inotify_find_path(ctx, watch->inode, &path, buf, &name);
	if (IS_ERR(why))
		return PTR_ERR(why);
	if (why && name)
		return ckpt_refuse(ctx, task, -EBADF, "inotify watch %d of %s: %s",
				   watch->wd, name, why);
	if (why)
		return ckpt_refuse(ctx, task, -EBADF,
				   "inotify watch %d of inode %lu on %s: %s",
				   watch->wd, watch->inode->i_ino,
				   watch->inode->i_sb->s_type->name, why);
	h = ckpt_record(ctx, CKPT_HDR_INOTIFY_WATCH, 0);
	if (h) {
		h->wd = watch->wd;
		h->mask = watch->mask;
	}
	ret = h ? ckpt_record_path(ctx, &path) : -ENOMEM;
	path_put(&path);
	return ret;
}

static int inotify_record_events(struct ckpt_ctx *ctx,
				 const struct inotify_saved *saved)
{
	const struct inotify_event_info *event;
	struct ckpt_hdr_inotify_event *h;
	const char *name = saved->names;
	u32 i;

	for (i = 0; i < saved->nr_events; i++) {
		event = &saved->events[i];
		h = ckpt_record(ctx, CKPT_HDR_INOTIFY_EVENT, event->name_len);
		if (!h)
			return -ENOMEM;
		h->wd = event->wd;
		h->mask = event->mask;
		h->cookie = event->sync_cookie;
		h->size = event->name_len;
		memcpy(h->name, name, event->name_len);
		name += event->name_len;
		cond_resched();
	}
	return 0;
}

static int inotify_record(struct ckpt_ctx *ctx, struct task_struct *task,
			  struct file *file, struct ckpt_object *obj,
			  const struct inotify_saved *saved)
{
	struct ckpt_hdr_inotify *h;
	char *buf;
	int ret;
	u32 i;

	ret = ckpt_file_record_kind(ctx, file, obj, CKPT_FILE_INOTIFY);
	if (ret)
		return ret;
	h = ckpt_record(ctx, CKPT_HDR_INOTIFY, 0);
	buf = __getname();
	if (!h || !buf) {
		ret = -ENOMEM;
		goto out;
	}
	h->nr_watches = saved->nr_watches;
	h->nr_events = saved->nr_events;
	h->next_wd = saved->next_wd & INT_MAX;
	for (i = 0; !ret && i < saved->nr_watches; i++) {
		ret = inotify_record_watch(ctx, task, &saved->watches[i], buf);
		cond_resched();
	}
	if (!ret)
		ret = inotify_record_events(ctx, saved);
out:
	if (buf)
		__putname(buf);
	return ret;
}

/**
 * inotify_checkpoint - capture an inotify instance
 * @ctx: checkpoint context
 * @task: task that has it open
 * @file: the instance
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int inotify_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		       struct file *file, struct ckpt_object *obj)
{
	struct fsnotify_group *group = file->private_data;
	struct inotify_saved saved = {};
	int ret, tries = 0;

	for (;;) {
		ret = inotify_save(group, &saved);
		if (ret != -EAGAIN || ++tries == CKPT_INOTIFY_TRIES)
			break;
		inotify_saved_free(&saved);
		schedule_timeout_killable(1);
	}
	if (ret == -EAGAIN)
		ret = ckpt_refuse(ctx, task, -EBUSY,
				  "an inotify instance is changed by someone outside of the hierarchy");
	else if (!ret)
		ret = inotify_record(ctx, task, file, obj, &saved);
	inotify_saved_free(&saved);
	return ret;
}

/**
 * struct ckpt_watch - a watch that is to be added at the commit
 * @list: link in the instance
 * @path: leads to what is watched, with a reference
 * @wd: watch descriptor
 * @mask: IN_*
 */
struct ckpt_watch {
	struct list_head list;
	struct path path;
	int wd;
	u32 mask;
};

/**
 * struct ckpt_inotify_late - watches that are to be added at the commit
 * @finish: link in the context
 * @file: the instance, which the object table holds
 * @watches: the watches
 * @next_wd: descriptor of the next watch
 */
struct ckpt_inotify_late {
	struct ckpt_finish finish;
	struct file *file;
	struct list_head watches;
	u32 next_wd;
};

static void inotify_set_next(struct fsnotify_group *group, u32 wd)
{
	spin_lock(&group->inotify_data.idr_lock);
	idr_set_cursor(&group->inotify_data.idr, wd);
	spin_unlock(&group->inotify_data.idr_lock);
}

static int ckpt_inotify_watch_all(struct ckpt_ctx *ctx,
				  struct ckpt_finish *finish)
{
	struct ckpt_inotify_late *late =
		container_of(finish, struct ckpt_inotify_late, finish);
	struct fsnotify_group *group = late->file->private_data;
	struct ckpt_watch *watch;
	int ret;

	list_for_each_entry(watch, &late->watches, list) {
		inotify_set_next(group, watch->wd);
		ret = inotify_update_watch(group, d_inode(watch->path.dentry),
					   watch->mask | IN_MASK_CREATE);
		if (ret >= 0 && ret != watch->wd)
			ret = -EINVAL;
		if (ret < 0)
			return ckpt_err(ctx, current, ret,
					"inotify watch %d cannot be added",
					watch->wd);
		cond_resched();
	}
	inotify_set_next(group, late->next_wd);
	return 0;
}

static void ckpt_inotify_late_free(struct ckpt_finish *finish)
{
	struct ckpt_inotify_late *late =
		container_of(finish, struct ckpt_inotify_late, finish);
	struct ckpt_watch *watch, *next;

	list_for_each_entry_safe(watch, next, &late->watches, list) {
		path_put(&watch->path);
		kfree(watch);
	}
	kfree(late);
}

/* As inotify_add_watch(2) finds it, and with its checks. */
static int ckpt_inotify_lookup(const char *name, u32 mask, struct path *path)
{
	int ret;

	ret = kern_path(name, 0, path);
	if (ret)
		return ret;
	ret = path_permission(path, MAY_READ);
	if (!ret)
		ret = security_path_notify(path, mask & IN_ALL_EVENTS,
					   FSNOTIFY_OBJ_TYPE_INODE);
	if (ret)
		path_put(path);
	return ret;
}

static int ckpt_inotify_read_watch(struct ckpt_ctx *ctx,
				   struct ckpt_inotify_late *late)
{
	struct ckpt_hdr_inotify_watch *h;
	struct ckpt_watch *watch;
	char *name;
	int ret;

	h = ckpt_next_record(ctx, CKPT_HDR_INOTIFY_WATCH);
	if (IS_ERR(h))
		return PTR_ERR(h);
	watch = kzalloc(sizeof(*watch), GFP_KERNEL_ACCOUNT);
	if (!watch) {
		kvfree(h);
		return -ENOMEM;
	}
	watch->wd = h->wd;
	watch->mask = h->mask;
	kvfree(h);
	name = ckpt_next_string(ctx);
	if (IS_ERR(name)) {
		kfree(watch);
		return PTR_ERR(name);
	}
	if (!watch->wd || name[0] != '/' || !(watch->mask & IN_ALL_EVENTS) ||
	    watch->mask & ~(IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT))
		ret = ckpt_err(ctx, current, -EINVAL,
			       "inotify watch %d is not valid", watch->wd);
	else
		ret = ckpt_inotify_lookup(name, watch->mask, &watch->path);
	if (ret && ret != -EINVAL)
		ckpt_err(ctx, current, ret, "inotify cannot watch %s", name);
	kfree(name);
	if (ret)
		kfree(watch);
	else
		list_add_tail(&watch->list, &late->watches);
	return ret;
}

static int ckpt_inotify_read_event(struct ckpt_ctx *ctx,
				   struct fsnotify_group *group)
{
	struct inotify_event_info *event;
	struct ckpt_hdr_inotify_event *h;
	int ret = 0;

	h = ckpt_next_record(ctx, CKPT_HDR_INOTIFY_EVENT);
	if (IS_ERR(h))
		return PTR_ERR(h);
	if (h->mask & IN_Q_OVERFLOW) {
		fsnotify_queue_overflow(group);
		goto out;
	}
	if (memchr(h->name, 0, h->size) || memchr(h->name, '/', h->size)) {
		ret = ckpt_err(ctx, current, -EINVAL,
			       "an inotify event is not valid");
		goto out;
	}
	event = kmalloc(struct_size(event, name, h->size + 1),
			GFP_KERNEL_ACCOUNT);
	if (!event) {
		ret = -ENOMEM;
		goto out;
	}
	fsnotify_init_event(&event->fse);
	event->wd = h->wd;
	event->mask = h->mask;
	event->sync_cookie = h->cookie;
	event->name_len = h->size;
	memcpy(event->name, h->name, h->size);
	event->name[h->size] = 0;
	if (fsnotify_add_event(group, &event->fse, NULL)) {
		fsnotify_destroy_event(group, &event->fse);
		ret = ckpt_err(ctx, current, -ENOSPC,
			       "more inotify events than the limit of %u",
			       group->max_events);
	}
out:
	kvfree(h);
	return ret;
}

static int ckpt_inotify_fill(struct ckpt_ctx *ctx,
			     const struct ckpt_hdr_inotify *h,
			     struct file *file)
{
	struct ckpt_inotify_late *late;
	int ret = 0;
	u32 i;

	late = kzalloc(sizeof(*late), GFP_KERNEL_ACCOUNT);
	if (!late)
		return -ENOMEM;
	late->file = file;
	late->next_wd = h->next_wd;
	INIT_LIST_HEAD(&late->watches);
	late->finish.task = current;
	late->finish.run = ckpt_inotify_watch_all;
	late->finish.free = ckpt_inotify_late_free;
	for (i = 0; !ret && i < h->nr_watches; i++) {
		ret = ckpt_inotify_read_watch(ctx, late);
		cond_resched();
	}
	for (i = 0; !ret && i < h->nr_events; i++) {
		ret = ckpt_inotify_read_event(ctx, file->private_data);
		cond_resched();
	}
	if (ret)
		ckpt_inotify_late_free(&late->finish);
	else
		ckpt_finish_add(ctx, &late->finish);
	return ret;
}

/**
 * ckpt_inotify_restore - make an inotify instance
 * @ctx: restart context
 * @h: its file record
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_inotify_restore(struct ckpt_ctx *ctx,
				  const struct ckpt_hdr_file *h)
{
	struct ckpt_hdr_inotify *inotify;
	struct file *file;
	int ret;

	inotify = ckpt_next_record(ctx, CKPT_HDR_INOTIFY);
	if (IS_ERR(inotify))
		return ERR_CAST(inotify);
	file = inotify_file_create(0);
	if (IS_ERR(file)) {
		ckpt_err(ctx, current, PTR_ERR(file),
			 "cannot make an inotify instance");
	} else {
		ret = ckpt_inotify_fill(ctx, inotify, file);
		if (ret) {
			fput(file);
			file = ERR_PTR(ret);
		}
	}
	kvfree(inotify);
	return file;
}
