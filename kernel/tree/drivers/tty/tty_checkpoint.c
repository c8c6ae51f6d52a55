// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: open files on terminals.
 *
 * A file on either end of a pseudo terminal refers to the pair when the master
 * is in the hierarchy. Any other terminal is somebody else's, with a user in
 * front of it: it is refused, or, if CHECKPOINT_TTY says so, stands for the
 * terminal of whoever restarts.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/devpts_fs.h>

#include "../../fs/checkpoint.h"
#include "tty.h"
#include "tty_checkpoint.h"

/* Flags that open(2) takes for a terminal. */
#define TTY_O_FLAGS	(O_ACCMODE | O_APPEND | O_SYNC | O_NOATIME | \
			 O_LARGEFILE | O_NONBLOCK | O_NOFOLLOW)

static bool tty_has_fd(struct task_struct *task, const struct file *file)
{
	struct files_struct *files;
	struct fdtable *fdt;
	unsigned int fd;
	bool has = false;

	rcu_read_lock();
	task_lock(task);
	files = task->files;
	if (files) {
		fdt = files_fdtable(files);
		for (fd = 0; !has && fd < fdt->max_fds; fd++)
			has = files_lookup_fd_raw(files, fd) == file;
	}
	task_unlock(task);
	rcu_read_unlock();
	return has;
}

/**
 * ckpt_tty_inside - is a pseudo terminal part of the hierarchy?
 * @ctx: checkpoint context, all members held
 * @tty: one of its ends, or another terminal
 *
 * Return: does a member have a descriptor of the master?
 */
bool ckpt_tty_inside(struct ckpt_ctx *ctx, struct tty_struct *tty)
{
	struct tty_file_private *priv;
	struct tty_struct *master;
	const struct file *file = NULL;
	u32 i;

	if (!tty_is_unix98(tty))
		return false;
	/* The other end is there as long as one of them is open. */
	mutex_lock(&tty_mutex);
	master = tty_is_unix98_slave(tty) ? tty->link : tty;
	if (tty->count > 0 && master->count > 0) {
		spin_lock(&master->files_lock);
		priv = list_first_entry_or_null(&master->tty_files,
						struct tty_file_private, list);
		if (priv)
			file = priv->file;
		spin_unlock(&master->files_lock);
	}
	mutex_unlock(&tty_mutex);
	for (i = 0; file && i < ctx->nr_members; i++)
		if (!ctx->members[i]->zombie &&
		    tty_has_fd(ctx->members[i]->task, file))
			return true;
	return false;
}

static bool tty_opened_as_current(struct file *file)
{
	return file_inode(file)->i_rdev == MKDEV(TTYAUX_MAJOR, 0);
}

static struct ckpt_hdr_tty_file *tty_file_record(struct ckpt_ctx *ctx,
						 struct file *file, s32 ref,
						 u32 role)
{
	struct ckpt_hdr_tty_file *h;

	h = ckpt_record(ctx, CKPT_HDR_TTY_FILE, 0);
	if (!h)
		return NULL;
	h->tty_ref = ref;
	h->role = role;
	if (tty_hung_up_p(file))
		h->flags |= CKPT_TTY_FILE_HUNG_UP;
	return h;
}

/* A job that had the terminal gets that of whoever restarts. */
static bool tty_is_roots(struct ckpt_ctx *ctx, struct tty_struct *tty)
{
	struct pid *pgrp = tty_get_pgrp(tty);
	bool same;

	rcu_read_lock();
	same = pgrp && pgrp == task_pgrp(ctx->members[0]->task);
	rcu_read_unlock();
	put_pid(pgrp);
	return same;
}

static int tty_outside(struct ckpt_ctx *ctx, struct task_struct *task,
		       struct file *file, struct ckpt_object *obj)
{
	struct tty_struct *tty = tty_of_file(file);
	struct ckpt_hdr_tty_file *h;
	char *buf, *name;
	int ret;

	buf = __getname();
	if (!buf)
		return -ENOMEM;
	name = ckpt_file_name(file, buf);
	if (tty_hung_up_p(file)) {
		ret = ckpt_refuse(ctx, task, -EBADF,
				  "terminal %s (%s): it has been hung up and is no pseudo terminal",
				  name, tty_name(tty));
		goto out;
	}
	if (tty->driver->type == TTY_DRIVER_TYPE_PTY &&
	    tty->driver->subtype == PTY_TYPE_MASTER) {
		ret = ckpt_refuse(ctx, task, -EBADF,
				  "master of terminal %s (%s): no descriptor of a member, or an old kind of pseudo terminal",
				  name, tty_name(tty->link));
		goto out;
	}
	if (!(ctx->uflags & CHECKPOINT_TTY)) {
		ret = ckpt_refuse(ctx, task, -EBADF,
				  "terminal %s (%s): it is outside of the hierarchy, and CHECKPOINT_TTY is not given",
				  name, tty_name(tty));
		goto out;
	}
	ckpt_warn(ctx, task,
		  "terminal %s (%s) is outside of the hierarchy: the file will be on the terminal of who restarts",
		  name, tty_name(tty));
	ret = ckpt_file_record_kind(ctx, file, obj, CKPT_FILE_TERMINAL);
	if (ret)
		goto out;
	h = tty_file_record(ctx, file, 0, CKPT_TTY_SLAVE);
	if (h && tty_is_roots(ctx, tty))
		h->flags |= CKPT_TTY_FILE_FOREGROUND;
	ret = h ? ckpt_record_string(ctx, name) : -ENOMEM;
out:
	__putname(buf);
	return ret;
}

/* The slave is found again by way of its master; its path only has its name. */
static int tty_path_record(struct ckpt_ctx *ctx, struct task_struct *task,
			   struct file *file, u32 role)
{
	unsigned int obstacles = ctx->obstacles;
	char *buf, *name;
	const char *why;
	int ret = 0;

	buf = __getname();
	if (!buf)
		return -ENOMEM;
	why = ckpt_path_refusal(ctx, &file->f_path, buf, &name);
	if (IS_ERR(why))
		ret = PTR_ERR(why);
	else if (why && role == CKPT_TTY_CURRENT)
		ret = ckpt_refuse(ctx, task, -EBADF, "terminal %s: %s", name,
				  why);
	if (!ret && ctx->obstacles == obstacles)
		ret = ckpt_record_string(ctx, name);
	__putname(buf);
	return ret;
}

/**
 * tty_checkpoint - capture an open file on a terminal
 * @ctx: checkpoint context
 * @task: task that has it open
 * @file: the file
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int tty_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		   struct file *file, struct ckpt_object *obj)
{
	struct tty_struct *master, *tty = tty_of_file(file);
	bool slave = tty_is_unix98_slave(tty);
	u32 role;
	s32 ref;
	int ret;

	/* A file that has been hung up is cut off, whoever has the master. */
	if (!ckpt_tty_inside(ctx, tty) && !(slave && tty_hung_up_p(file)))
		return tty_outside(ctx, task, file, obj);
	master = slave ? tty->link : tty;
	ctx->via = file;
	ref = ckpt_obj_checkpoint(ctx, task, master, CKPT_OBJ_TTY);
	ctx->via = NULL;
	/* 0: refused, in a dry run. */
	if (ref <= 0)
		return ref;
	role = !slave ? CKPT_TTY_MASTER :
	       tty_opened_as_current(file) ? CKPT_TTY_CURRENT : CKPT_TTY_SLAVE;
	ret = ckpt_file_record_kind(ctx, file, obj, CKPT_FILE_TTY);
	if (ret)
		return ret;
	if (!tty_file_record(ctx, file, ref, role))
		return -ENOMEM;
	if (!slave)
		return 0;
	pty_count_file(ctx, master, file);
	return tty_path_record(ctx, task, file, role);
}

/* The caller's controlling terminal while it opens /dev/tty. */
static struct tty_struct *tty_swap_current(struct tty_struct *tty)
{
	struct sighand_struct *sighand;
	struct tty_struct *old;

	sighand = rcu_dereference_protected(current->sighand, true);
	spin_lock_irq(&sighand->siglock);
	old = current->signal->tty;
	current->signal->tty = tty;
	spin_unlock_irq(&sighand->siglock);
	return old;
}

static struct file *tty_open_path(const struct path *path, int flags)
{
	if ((flags & O_NOATIME) &&
	    !inode_owner_or_capable(mnt_idmap(path->mnt), d_inode(path->dentry)))
		return ERR_PTR(-EPERM);
	return dentry_open(path, flags | O_NONBLOCK | O_NOCTTY, current_cred());
}

static struct file *tty_open_current(struct ckpt_tty *tty, const char *name,
				     int flags)
{
	struct tty_struct *old;
	struct file *file;
	struct path path;
	int ret;

	ret = name[0] == '/' ? kern_path(name, LOOKUP_FOLLOW, &path) : -EINVAL;
	if (ret)
		return ERR_PTR(ret);
	if (!S_ISCHR(d_inode(path.dentry)->i_mode) ||
	    d_inode(path.dentry)->i_rdev != MKDEV(TTYAUX_MAJOR, 0))
		ret = -EINVAL;
	else if (!may_open_dev(&path))
		ret = -EACCES;
	else
		ret = path_permission(&path, MAY_OPEN | ACC_MODE(flags));
	if (ret) {
		path_put(&path);
		return ERR_PTR(ret);
	}
	old = tty_swap_current(tty_kref_get(tty->slave));
	file = tty_open_path(&path, flags);
	tty_kref_put(tty_swap_current(old));
	path_put(&path);
	return file;
}

/* By the name that the file had, if it leads there; or as TIOCGPTPEER. */
static struct file *tty_open_slave(struct ckpt_tty *tty, const char *name,
				   int flags)
{
	struct tty_struct *master = tty_of_file(tty->master);
	struct file *file;
	struct path path;

	if (name[0] == '/' && !kern_path(name, LOOKUP_FOLLOW, &path)) {
		if (path.dentry == tty->slave->driver_data) {
			file = tty_open_path(&path, flags);
			path_put(&path);
			return file;
		}
		path_put(&path);
	}
	path.mnt = devpts_mntget(tty->master, master->driver_data);
	if (IS_ERR(path.mnt))
		return ERR_CAST(path.mnt);
	path.dentry = tty->slave->driver_data;
	file = tty_open_path(&path, flags);
	mntput(path.mnt);
	return file;
}

static struct file *tty_restore_slave(struct ckpt_ctx *ctx,
				      const struct ckpt_hdr_file *h,
				      const struct ckpt_hdr_tty_file *rec,
				      struct ckpt_tty *tty)
{
	int flags = h->f_flags & TTY_O_FLAGS;
	struct tty_struct *master = tty_of_file(tty->master);
	struct file *file;
	char *name;

	name = ckpt_next_string(ctx);
	if (IS_ERR(name))
		return ERR_CAST(name);
	clear_bit(TTY_PTY_LOCK, &master->flags);
	if (rec->role == CKPT_TTY_CURRENT)
		file = tty_open_current(tty, name, flags);
	else
		file = tty_open_slave(tty, name, flags);
	set_bit(TTY_PTY_LOCK, &master->flags);
	if (!IS_ERR(file) && rec->flags & CKPT_TTY_FILE_HUNG_UP)
		tty_file_hang_up(file);
	else if (!IS_ERR(file))
		tty->opened = true;
	else
		ckpt_err(ctx, current, PTR_ERR(file),
			 "cannot open terminal %s again", name);
	kfree(name);
	return file;
}

/* The one open file of the master, which came with the pair. */
static struct file *tty_restore_master(struct ckpt_ctx *ctx,
				       const struct ckpt_hdr_file *h,
				       const struct ckpt_hdr_tty_file *rec,
				       struct ckpt_tty *tty)
{
	struct file *file = tty->master;

	if (tty->taken || rec->flags || tty->h->flags & CKPT_PTY_DEAD ||
	    (h->f_flags & O_ACCMODE) != O_RDWR)
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"file %d is no master of object %d",
					h->objref, rec->tty_ref));
	if ((h->f_flags & O_NOATIME) &&
	    !inode_owner_or_capable(mnt_idmap(file->f_path.mnt),
				    file_inode(file)))
		return ERR_PTR(ckpt_err(ctx, current, -EPERM,
					"master of terminal pts%u: O_NOATIME",
					tty->h->index));
	tty->taken = true;
	spin_lock(&file->f_lock);
	file->f_flags = h->f_flags & TTY_O_FLAGS;
	spin_unlock(&file->f_lock);
	return get_file(file);
}

/**
 * ckpt_tty_restore - make an open file on a pseudo terminal
 * @ctx: restart context
 * @h: its file record
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_tty_restore(struct ckpt_ctx *ctx,
			      const struct ckpt_hdr_file *h)
{
	struct ckpt_hdr_tty_file *rec;
	struct ckpt_tty *tty;
	struct file *file;

	rec = ckpt_next_record(ctx, CKPT_HDR_TTY_FILE);
	if (IS_ERR(rec))
		return ERR_CAST(rec);
	tty = ckpt_obj_fetch(ctx, rec->tty_ref, CKPT_OBJ_TTY);
	if (IS_ERR(tty))
		file = ERR_CAST(tty);
	else if (h->f_flags & ~TTY_O_FLAGS ||
		 rec->flags & CKPT_TTY_FILE_FOREGROUND ||
		 (tty->h->flags & CKPT_PTY_DEAD &&
		  !(rec->flags & CKPT_TTY_FILE_HUNG_UP)))
		file = ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"file %d on a terminal: flags %#o",
					h->objref, h->f_flags));
	else if (rec->role == CKPT_TTY_MASTER)
		file = tty_restore_master(ctx, h, rec, tty);
	else
		file = tty_restore_slave(ctx, h, rec, tty);
	kvfree(rec);
	return file;
}

/* Not the master of a pseudo terminal, which is a terminal to nobody. */
static bool tty_is_user_side(const struct tty_struct *tty)
{
	return tty->driver->type != TTY_DRIVER_TYPE_PTY ||
	       tty->driver->subtype == PTY_TYPE_SLAVE;
}

/**
 * ckpt_terminal_note - look for the terminal of who restarts
 * @ctx: restart context; the caller is who restarts
 */
void ckpt_terminal_note(struct ckpt_ctx *ctx)
{
	struct file *file;
	int fd;

	for (fd = 0; fd < 3 && !ctx->terminal; fd++) {
		file = fget(fd);
		if (!file)
			continue;
		if (file->f_op->checkpoint == tty_checkpoint &&
		    !tty_hung_up_p(file) && file->f_mode & FMODE_READ &&
		    tty_is_user_side(tty_of_file(file)))
			ctx->terminal = file;
		else
			fput(file);
	}
}

static struct file *tty_open_terminal(struct ckpt_ctx *ctx, int flags)
{
	struct file *file, *terminal = ctx->terminal;
	int ret = 0;

	if (!terminal)
		return ERR_PTR(-ENXIO);
	/* What the caller has open it may pass on; more than that it may not. */
	if (OPEN_FMODE(flags) & ~terminal->f_mode)
		ret = path_permission(&terminal->f_path,
				      MAY_OPEN | ACC_MODE(flags));
	if (ret)
		return ERR_PTR(ret);
	file = tty_open_path(&terminal->f_path, flags);
	if (!IS_ERR(file) && tty_of_file(file) != tty_of_file(terminal)) {
		fput(file);
		file = ERR_PTR(-ENXIO);
	}
	return file;
}

/**
 * ckpt_terminal_restore - make an open file on the terminal of who restarts
 * @ctx: restart context
 * @h: its file record
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_terminal_restore(struct ckpt_ctx *ctx,
				   const struct ckpt_hdr_file *h)
{
	struct ckpt_hdr_tty_file *rec;
	struct file *file;
	char *name;

	rec = ckpt_next_record(ctx, CKPT_HDR_TTY_FILE);
	if (IS_ERR(rec))
		return ERR_CAST(rec);
	name = ckpt_next_string(ctx);
	if (IS_ERR(name)) {
		kvfree(rec);
		return ERR_CAST(name);
	}
	if (rec->tty_ref || rec->role != CKPT_TTY_SLAVE ||
	    rec->flags & CKPT_TTY_FILE_HUNG_UP || h->f_flags & ~TTY_O_FLAGS)
		file = ERR_PTR(-EINVAL);
	else
		file = tty_open_terminal(ctx, h->f_flags);
	if (IS_ERR(file))
		ckpt_err(ctx, current, PTR_ERR(file), file == ERR_PTR(-ENXIO) ?
			 "the file was on the terminal %s: who restarts has none" :
			 "the file was on the terminal %s: that of who restarts cannot be opened",
			 name);
	else if (rec->flags & CKPT_TTY_FILE_FOREGROUND)
		ctx->foreground = true;
	kfree(name);
	kvfree(rec);
	return file;
}

/**
 * ckpt_terminal_give - let a process group have the caller's terminal
 * @ctx: restart context
 * @pgrp: the group, of the caller's session
 *
 * As tcsetpgrp(3) of a caller who has it.
 */
void ckpt_terminal_give(struct ckpt_ctx *ctx, struct pid *pgrp)
{
	struct tty_struct *tty = tty_of_file(ctx->terminal);

	spin_lock_irq(&tty->ctrl.lock);
	rcu_read_lock();
	if (current->signal->tty == tty &&
	    tty->ctrl.session == task_session(current) &&
	    tty->ctrl.pgrp == task_pgrp(current)) {
		put_pid(tty->ctrl.pgrp);
		tty->ctrl.pgrp = get_pid(pgrp);
	}
	rcu_read_unlock();
	spin_unlock_irq(&tty->ctrl.lock);
}

/**
 * ckpt_tty_control - have a pseudo terminal control a session
 * @tty: the terminal, which controls none
 * @session: the session
 * @pgrp: its foreground process group, or NULL
 *
 * Return: 0; -EBUSY when somebody else has made it his own meanwhile.
 */
int ckpt_tty_control(struct ckpt_tty *tty, struct pid *session,
		     struct pid *pgrp)
{
	struct tty_struct *slave = tty->slave;
	int ret = 0;

	tty_lock(slave);
	spin_lock_irq(&slave->ctrl.lock);
	if (slave->ctrl.session) {
		ret = -EBUSY;
	} else {
		put_pid(slave->ctrl.pgrp);
		slave->ctrl.session = get_pid(session);
		slave->ctrl.pgrp = get_pid(pgrp);
	}
	spin_unlock_irq(&slave->ctrl.lock);
	tty_unlock(slave);
	return ret;
}

/**
 * ckpt_tty_join - give a process its controlling terminal
 * @tty: the terminal, which controls its session
 * @task: the process
 *
 * Return: 0; -EINVAL for a process that has one; -ESRCH.
 */
int ckpt_tty_join(struct ckpt_tty *tty, struct task_struct *task)
{
	unsigned long flags;
	int ret = 0;

	if (!lock_task_sighand(task, &flags))
		return -ESRCH;
	if (task->signal->tty)
		ret = -EINVAL;
	else
		task->signal->tty = tty_kref_get(tty->slave);
	unlock_task_sighand(task, &flags);
	return ret;
}

/**
 * ckpt_tty_record - the record of a restored pseudo terminal
 * @tty: the terminal
 */
const struct ckpt_hdr_pty *ckpt_tty_record(struct ckpt_tty *tty)
{
	return tty->h;
}
