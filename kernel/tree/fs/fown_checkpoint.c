// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: the signals that a file sends (F_SETOWN, F_SETSIG, O_ASYNC,
 * F_NOTIFY).
 *
 * Any kind of file may have an owner. It is an object of its own behind the last
 * task, so that a file's contents are there before it can tell of more.
 */
#include <linux/dnotify.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fsnotify_backend.h>
#include <linux/net.h>
#include <linux/pid_namespace.h>
#include <linux/pipe_fs_i.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "checkpoint.h"

/**
 * struct ckpt_fown_finish - a file whose owner is captured at the end
 * @finish: behind the last task
 * @file: the file, which the object table holds
 */
struct ckpt_fown_finish {
	struct ckpt_finish finish;
	struct file *file;
};

/* A lease sets the flag as well, and sets it again. */
static bool ckpt_fown_async(const struct file *file)
{
	return (file->f_flags & FASYNC) && file->f_op->fasync;
}

static bool ckpt_fown_any(struct file *file)
{
	struct fown_struct *owner = file_f_owner(file);

	/* F_SETOWN may have taken the owner of a watch away. */
	return (owner && (owner->pid || owner->signum)) ||
	       (file->f_flags & FASYNC) ||
	       dnotify_watches(file, NULL, 0);
}

/* The descriptor of a file's entry in a list of those to be told, or -1. */
static int ckpt_fasync_find(struct fasync_struct **list,
			    const struct file *file)
{
	struct fasync_struct *fa;
	int fd = -1;

	rcu_read_lock();
	for (fa = rcu_dereference_raw(*list); fa && fd < 0;
	     fa = rcu_dereference_raw(fa->fa_next))
		if (fa->fa_file == file)
			fd = fa->fa_fd;
	rcu_read_unlock();
	return fd;
}

/* The lowest descriptor that a member has of a file. */
static int ckpt_lowest_fd(struct ckpt_ctx *ctx, const struct file *file)
{
	struct files_struct *files;
	struct task_struct *task;
	unsigned int fd;
	int found = -1;
	u32 i;

	for (i = 0; i < ctx->nr_members && found < 0; i++) {
		task = ctx->members[i]->task;
		task_lock(task);
		files = task->files;
		if (files) {
			spin_lock(&files->file_lock);
			for (fd = 0; fd < files_fdtable(files)->max_fds; fd++) {
				if (files_lookup_fd_locked(files, fd) != file)
					continue;
				found = fd;
				break;
			}
			spin_unlock(&files->file_lock);
		}
		task_unlock(task);
	}
	return found;
}

/*
 * The descriptor that O_ASYNC was set through. Where the list is known only to
 * who owns it, it is the lowest one.
 */
static int ckpt_fown_fd(struct ckpt_ctx *ctx, struct file *file)
{
	struct pipe_inode_info *pipe = get_pipe_info(file, false);
	struct socket *sock = sock_from_file(file);
	int fd = -1;

	if (pipe) {
		pipe_lock(pipe);
		fd = ckpt_fasync_find(&pipe->fasync_readers, file);
		if (fd < 0)
			fd = ckpt_fasync_find(&pipe->fasync_writers, file);
		pipe_unlock(pipe);
	} else if (sock && sock->sk) {
		lock_sock(sock->sk);
		fd = ckpt_fasync_find(&sock->wq.fasync_list, file);
		release_sock(sock->sk);
	}
	if (fd < 0)
		fd = ckpt_lowest_fd(ctx, file);
	return max(fd, 0);
}

/* What F_NOTIFY takes, and what the kernel keeps of it. */
static const struct {
	u32 dn;
	u32 fs;
} ckpt_dir_events[] = {
	{ DN_ACCESS, FS_ACCESS },
	{ DN_MODIFY, FS_MODIFY },
	{ DN_CREATE, FS_CREATE },
	{ DN_DELETE, FS_DELETE },
	{ DN_RENAME, FS_RENAME },
	{ DN_ATTRIB, FS_ATTRIB },
	{ DN_MULTISHOT, FS_DN_MULTISHOT },
};

static u32 ckpt_dir_mask(u32 mask)
{
	u32 dn = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(ckpt_dir_events); i++)
		if (mask & ckpt_dir_events[i].fs)
			dn |= ckpt_dir_events[i].dn;
	return dn;
}

/* The watches through a file, of all tables; returns how many there are. */
static long ckpt_dir_watches(struct file *file, struct dnotify_struct **found)
{
	struct dnotify_struct *watches = NULL;
	long nr, have = 0;

	/* Those outside who have the file may add some meanwhile. */
	while ((nr = dnotify_watches(file, watches, have)) > have) {
		kvfree(watches);
		if (fatal_signal_pending(current))
			return -EINTR;
		have = nr + 4;
		watches = kvcalloc(have, sizeof(*watches), GFP_KERNEL_ACCOUNT);
		if (!watches)
			return -ENOMEM;
		cond_resched();
	}
	*found = watches;
	return nr;
}

/* Watches of others are left out. */
static s32 ckpt_dir_table(struct ckpt_ctx *ctx,
			  const struct dnotify_struct *watch)
{
	return ckpt_obj_known(ctx, watch->dn_owner, CKPT_OBJ_FILE_TABLE);
}

static int ckpt_dir_record(struct ckpt_ctx *ctx,
			   const struct dnotify_struct *watch)
{
	struct ckpt_hdr_dir_watch *h;

	h = ckpt_record(ctx, CKPT_HDR_DIR_WATCH, 0);
	if (!h)
		return -ENOMEM;
	h->table_ref = ckpt_dir_table(ctx, watch);
	h->fd = watch->dn_fd;
	h->mask = ckpt_dir_mask(watch->dn_mask);
	return 0;
}

static int ckpt_fown_record(struct ckpt_ctx *ctx, struct task_struct *task,
			    struct file *file, struct ckpt_object *obj,
			    const struct dnotify_struct *watches, long nr)
{
	struct fown_struct *owner = file_f_owner(file);
	enum pid_type type = PIDTYPE_TGID;
	bool outside = false;
	struct ckpt_hdr_file_owner h = {};
	struct ckpt_hdr_file_owner *rec;
	s32 file_ref;
	u32 ours = 0;
	char *buf;
	int ret;
	long i;

	file_ref = ckpt_obj_known(ctx, file, CKPT_OBJ_FILE);
	if (owner) {
		read_lock_irq(&owner->lock);
		type = owner->pid_type;
		rcu_read_lock();
		if (owner->pid && pid_task(owner->pid, type)) {
			outside = !ckpt_pid_inside(ctx, owner->pid, type);
			h.pid = pid_nr_ns(owner->pid,
					  ns_of_pid(ctx->root_pid));
		}
		rcu_read_unlock();
		h.signum = owner->signum;
		h.uid = from_kuid_munged(current_user_ns(), owner->uid);
		h.euid = from_kuid_munged(current_user_ns(), owner->euid);
		read_unlock_irq(&owner->lock);
	}
	if (outside) {
		buf = __getname();
		if (!buf)
			return -ENOMEM;
		ret = ckpt_refuse(ctx, task, -EBUSY,
				  "file %s: its owner (F_SETOWN), %s %d, is outside of the hierarchy",
				  ckpt_file_name(file, buf),
				  type == PIDTYPE_PGID ?
				  "process group" : "task", h.pid);
		__putname(buf);
		return ret;
	}
	/* The file itself was refused in a dry run. */
	if (!file_ref)
		return 0;
	rec = ckpt_record(ctx, CKPT_HDR_FILE_OWNER, 0);
	if (!rec)
		return -ENOMEM;
	rec->objref = ckpt_obj_number(ctx, obj);
	rec->file_ref = file_ref;
	rec->pid = h.pid;
	rec->owner_type = type == PIDTYPE_PID ? CKPT_OWNER_THREAD :
		    type == PIDTYPE_PGID ? CKPT_OWNER_GROUP :
					   CKPT_OWNER_PROCESS;
	rec->signum = h.signum;
	rec->uid = h.uid;
	rec->euid = h.euid;
	if (file->f_flags & FASYNC)
		rec->flags |= CKPT_OWNERF_ASYNC;
	if (ckpt_fown_async(file))
		rec->fd = ckpt_fown_fd(ctx, file);
	for (i = 0; i < nr; i++)
		ours += !!ckpt_dir_table(ctx, &watches[i]);
	rec->nr_watches = ours;
	for (i = 0; i < nr; i++) {
		if (!ckpt_dir_table(ctx, &watches[i]))
			continue;
		ret = ckpt_dir_record(ctx, &watches[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static int ckpt_fown_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
				void *ptr, struct ckpt_object *obj)
{
	struct dnotify_struct *watches = NULL;
	long nr;
	int ret;

	/* The table of objects has one reference more by now. */
	ckpt_obj_use(ctx, ptr, CKPT_OBJ_FILE);
	nr = ckpt_dir_watches(ptr, &watches);
	if (nr < 0)
		return nr;
	ret = ckpt_fown_record(ctx, task, ptr, obj, watches, nr);
	kvfree(watches);
	return ret;
}

static int ckpt_fown_finish_run(struct ckpt_ctx *ctx,
				struct ckpt_finish *finish)
{
	struct ckpt_fown_finish *late =
		container_of(finish, struct ckpt_fown_finish, finish);
	s32 ref;

	ref = ckpt_obj_checkpoint(ctx, finish->task, late->file,
				  CKPT_OBJ_OWNER);
	return min(ref, 0);
}

static void ckpt_fown_finish_free(struct ckpt_finish *finish)
{
	kfree(container_of(finish, struct ckpt_fown_finish, finish));
}

/**
 * ckpt_fown_later - have a file's owner captured behind the last task
 * @ctx: checkpoint context
 * @task: task that has it open, for messages
 * @file: the file
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_fown_later(struct ckpt_ctx *ctx, struct task_struct *task,
		    struct file *file)
{
	struct ckpt_fown_finish *late;

	if (!ckpt_fown_any(file))
		return 0;
	late = kzalloc(sizeof(*late), GFP_KERNEL_ACCOUNT);
	if (!late)
		return -ENOMEM;
	late->file = file;
	late->finish.task = task;
	late->finish.run = ckpt_fown_finish_run;
	late->finish.free = ckpt_fown_finish_free;
	ckpt_finish_add(ctx, &late->finish);
	return 0;
}

/* Restart */

/* A process may name itself as what setresuid(2) lets it become. */
static bool ckpt_fown_uid_allowed(kuid_t uid)
{
	const struct cred *cred = current_cred();

	return uid_eq(uid, cred->uid) || uid_eq(uid, cred->euid) ||
	       uid_eq(uid, cred->suid) ||
	       ns_capable_setid(cred->user_ns, CAP_SETUID);
}

static int ckpt_fown_set(struct ckpt_ctx *ctx,
			 const struct ckpt_hdr_file_owner *h, struct file *file)
{
	static const enum pid_type types[] = {
		[CKPT_OWNER_THREAD]	= PIDTYPE_PID,
		[CKPT_OWNER_PROCESS]	= PIDTYPE_TGID,
		[CKPT_OWNER_GROUP]	= PIDTYPE_PGID,
	};
	kuid_t uid = make_kuid(current_user_ns(), h->uid);
	kuid_t euid = make_kuid(current_user_ns(), h->euid);
	struct fown_struct *owner;
	struct pid *pid = NULL;
	int ret;

	if (h->pid) {
		pid = ckpt_get_pid_of(ctx, h->pid);
		if (!pid)
			return ckpt_err(ctx, current, -EINVAL,
					"file %d: its owner %d is no task of the image",
					h->file_ref, h->pid);
		if (!uid_valid(uid) || !uid_valid(euid)) {
			put_pid(pid);
			return ckpt_err(ctx, current, -EINVAL,
					"file %d: user %u or %u of its owner is not mapped",
					h->file_ref, h->uid, h->euid);
		}
		if (!ckpt_fown_uid_allowed(uid) ||
		    !ckpt_fown_uid_allowed(euid)) {
			put_pid(pid);
			return ckpt_err(ctx, current, -EPERM,
					"file %d: the caller may not be user %u or %u, who named its owner",
					h->file_ref, h->uid, h->euid);
		}
	}
	ret = file_f_owner_allocate(file);
	if (!ret) {
		owner = file_f_owner(file);
		__f_setown(file, pid, types[h->owner_type], 1);
		write_lock_irq(&owner->lock);
		if (pid) {
			owner->uid = uid;
			owner->euid = euid;
		}
		owner->signum = h->signum;
		write_unlock_irq(&owner->lock);
	}
	put_pid(pid);
	return ret;
}

static int ckpt_fown_set_async(struct ckpt_ctx *ctx,
			       const struct ckpt_hdr_file_owner *h,
			       struct file *file)
{
	int ret = 0;

	if (!(h->flags & CKPT_OWNERF_ASYNC))
		return 0;
	if (file->f_op->fasync) {
		ret = file->f_op->fasync(h->fd, file, 1);
	} else if (!(file->f_flags & FASYNC)) {
		/* open(2) lets it be set where it does nothing. */
		spin_lock(&file->f_lock);
		file->f_flags |= FASYNC;
		spin_unlock(&file->f_lock);
	}
	if (ret < 0)
		return ckpt_err(ctx, current, ret, "file %d cannot have O_ASYNC",
				h->file_ref);
	return 0;
}

/* Closing the file ends the watches of the tables that have it, and no other. */
static bool ckpt_dir_valid(const struct ckpt_hdr_dir_watch *h,
			   struct files_struct *files, struct file *file)
{
	u32 known = 0;
	bool has;
	int i;

	for (i = 0; i < ARRAY_SIZE(ckpt_dir_events); i++)
		known |= ckpt_dir_events[i].dn;
	if (h->fd < 0 || h->mask & ~known)
		return false;
	spin_lock(&files->file_lock);
	has = files_lookup_fd_locked(files, h->fd) == file;
	spin_unlock(&files->file_lock);
	return has;
}

static int ckpt_dir_restore(struct ckpt_ctx *ctx, s32 file_ref,
			    struct file *file)
{
	struct ckpt_hdr_dir_watch *h;
	struct files_struct *files;
	int ret;

	h = ckpt_next_record(ctx, CKPT_HDR_DIR_WATCH);
	if (IS_ERR(h))
		return PTR_ERR(h);
	files = ckpt_obj_fetch(ctx, h->table_ref, CKPT_OBJ_FILE_TABLE);
	if (IS_ERR(files)) {
		ret = PTR_ERR(files);
	} else if (!ckpt_dir_valid(h, files, file)) {
		ret = ckpt_err(ctx, current, -EINVAL,
			       "watch (F_NOTIFY) of file %d by descriptor %d is not valid",
			       file_ref, h->fd);
	} else {
		ret = dnotify_watch(files, h->fd, file, h->mask);
		if (ret)
			ckpt_err(ctx, current, ret,
				 "file %d cannot be watched (F_NOTIFY) by descriptor %d",
				 file_ref, h->fd);
	}
	kvfree(h);
	return ret;
}

static void *ckpt_fown_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_file_owner *h = (const void *)hdr;
	struct file *file;
	int ret = 0;
	u32 i;

	file = ckpt_obj_fetch(ctx, h->file_ref, CKPT_OBJ_FILE);
	if (IS_ERR(file))
		return file;
	if (file->f_mode & FMODE_PATH || h->signum > _NSIG || h->fd < 0 ||
	    (h->fd && !(h->flags & CKPT_OWNERF_ASYNC)))
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"the owner of file %d is not valid",
					h->file_ref));
	/* A watch names an owner, and so does O_ASYNC for a terminal. */
	for (i = 0; i < h->nr_watches && !ret; i++) {
		ret = ckpt_dir_restore(ctx, h->file_ref, file);
		cond_resched();
	}
	if (!ret)
		ret = ckpt_fown_set_async(ctx, h, file);
	if (!ret)
		ret = ckpt_fown_set(ctx, h, file);
	return ret ? ERR_PTR(ret) : get_file(file);
}

static void ckpt_fown_grab(void *ptr)
{
	get_file(ptr);
}

static void ckpt_fown_drop(void *ptr)
{
	fput(ptr);
}

const struct ckpt_obj_ops ckpt_fown_ops = {
	.name		= "file owner",
	.objtype	= CKPT_OBJ_OWNER,
	.grab		= ckpt_fown_grab,
	.drop		= ckpt_fown_drop,
	.checkpoint	= ckpt_fown_checkpoint,
	.restore	= ckpt_fown_restore,
};
