// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: locks and leases on files.
 *
 * They are an object per inode that stands behind the last task: a lock belongs
 * to an open file or to a descriptor table, and those of all tasks are known
 * then. Locks of others are left out. A restart takes the locks as fcntl(2) and
 * flock(2) do, before any task runs, and never waits for one.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/filelock.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/slab.h>

#include "checkpoint.h"

/**
 * struct ckpt_locks_finish - an inode whose locks are captured at the end
 * @finish: behind the last task
 * @inode: the inode, with a reference
 */
struct ckpt_locks_finish {
	struct ckpt_finish finish;
	struct inode *inode;
};

/**
 * struct ckpt_lock - what a lock looked like while it could not change
 * @file: the open file, without a reference; it may be nobody's of ours
 * @owner: what it belongs to, an address to compare
 * @kind: CKPT_LOCK_*
 * @type: CKPT_LOCK_TYPE_*
 * @start: first byte
 * @end: last byte
 * @pid: process that took it, in the initial pid namespace
 * @fd: descriptor of a lease
 * @breaking: somebody waits for the lease to end
 */
struct ckpt_lock {
	struct file *file;
	void *owner;
	u32 kind;
	u32 type;
	s64 start;
	s64 end;
	pid_t pid;
	s32 fd;
	bool breaking;
};

static u32 ckpt_lock_type(const struct file_lock_core *flc)
{
	return flc->flc_type == F_WRLCK ? CKPT_LOCK_TYPE_WRITE :
					  CKPT_LOCK_TYPE_READ;
}

static int ckpt_lease_fd(const struct file_lease *lease)
{
	struct fasync_struct *fa;
	int fd = 0;

	rcu_read_lock();
	for (fa = rcu_dereference_raw(lease->fl_fasync); fa;
	     fa = rcu_dereference_raw(fa->fa_next))
		if (fa->fa_file == lease->c.flc_file)
			fd = fa->fa_fd;
	rcu_read_unlock();
	return fd;
}

/* A lock of one of the lists; there may be no room for it. */
static void ckpt_locks_note(struct ckpt_lock *locks, long max, long *nr,
			    const struct file_lock_core *flc, u32 kind,
			    s64 start, s64 end)
{
	if (*nr < max)
		locks[*nr] = (struct ckpt_lock) {
			.file	= flc->flc_file,
			.owner	= flc->flc_owner,
			.kind	= kind,
			.type	= ckpt_lock_type(flc),
			.start	= start,
			.end	= end,
			.pid	= flc->flc_pid,
		};
	++*nr;
}

/* All locks on an inode; returns how many there are. */
static long ckpt_locks_look(struct file_lock_context *flctx,
			    struct ckpt_lock *locks, long max)
{
	struct file_lease *lease;
	struct file_lock *fl;
	long nr = 0;

	spin_lock(&flctx->flc_lock);
	list_for_each_entry(fl, &flctx->flc_posix, c.flc_list)
		ckpt_locks_note(locks, max, &nr, &fl->c,
				fl->c.flc_flags & FL_OFDLCK ? CKPT_LOCK_OFD :
				CKPT_LOCK_POSIX, fl->fl_start, fl->fl_end);
	list_for_each_entry(fl, &flctx->flc_flock, c.flc_list)
		ckpt_locks_note(locks, max, &nr, &fl->c, CKPT_LOCK_FLOCK, 0,
				OFFSET_MAX);
	list_for_each_entry(lease, &flctx->flc_lease, c.flc_list) {
		/* Those of NFS servers are no process's. */
		if (!(lease->c.flc_flags & FL_LEASE))
			continue;
		ckpt_locks_note(locks, max, &nr, &lease->c, CKPT_LOCK_LEASE, 0,
				OFFSET_MAX);
		if (nr > max)
			continue;
		locks[nr - 1].fd = ckpt_lease_fd(lease);
		locks[nr - 1].breaking = lease->c.flc_flags &
			(FL_UNLOCK_PENDING | FL_DOWNGRADE_PENDING);
	}
	spin_unlock(&flctx->flc_lock);
	return nr;
}

/* Has the descriptor table the file? */
static bool ckpt_table_has(struct files_struct *files, const struct file *file)
{
	struct fdtable *fdt;
	unsigned int fd;
	bool has = false;

	spin_lock(&files->file_lock);
	fdt = files_fdtable(files);
	for (fd = 0; fd < fdt->max_fds && !has; fd++)
		has = files_lookup_fd_locked(files, fd) == file;
	spin_unlock(&files->file_lock);
	return has;
}

/* Is the lock one of the hierarchy? */
static bool ckpt_lock_ours(struct ckpt_ctx *ctx, const struct ckpt_lock *lock)
{
	if (lock->kind == CKPT_LOCK_POSIX)
		return ckpt_obj_known(ctx, lock->owner, CKPT_OBJ_FILE_TABLE);
	return ckpt_obj_known(ctx, lock->file, CKPT_OBJ_FILE);
}

static int ckpt_lock_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
			      const struct ckpt_lock *lock, char *buf)
{
	if (lock->breaking)
		return ckpt_refuse(ctx, task, -EBUSY,
				   "lease on %s: somebody waits for its end",
				   ckpt_file_name(lock->file, buf));
	if (lock->kind != CKPT_LOCK_POSIX)
		return 0;
	/* A table that is known keeps its files, and closing them unlocks. */
	if (!ckpt_obj_known(ctx, lock->file, CKPT_OBJ_FILE) ||
	    !ckpt_table_has(lock->owner, lock->file))
		return ckpt_refuse(ctx, task, -EBUSY,
				   "POSIX lock of bytes %lld to %lld: its file is not open any more",
				   lock->start, lock->end);
	return 0;
}

/* The number of a member by its number in the initial pid namespace, or 0. */
static s32 ckpt_lock_pid(struct ckpt_ctx *ctx, pid_t nr)
{
	struct pid *pid;
	s32 vnr = 0;

	rcu_read_lock();
	pid = nr > 0 ? find_pid_ns(nr, &init_pid_ns) : NULL;
	if (pid && ckpt_pid_inside(ctx, pid, PIDTYPE_TGID))
		vnr = pid_nr_ns(pid, ns_of_pid(ctx->root_pid));
	rcu_read_unlock();
	return vnr;
}

static int ckpt_lock_record(struct ckpt_ctx *ctx, const struct ckpt_lock *lock)
{
	struct ckpt_hdr_lock *h;

	h = ckpt_record(ctx, CKPT_HDR_LOCK, 0);
	if (!h)
		return -ENOMEM;
	h->file_ref = ckpt_obj_known(ctx, lock->file, CKPT_OBJ_FILE);
	if (lock->kind == CKPT_LOCK_POSIX)
		h->table_ref = ckpt_obj_known(ctx, lock->owner,
					      CKPT_OBJ_FILE_TABLE);
	h->kind = lock->kind;
	h->mode = lock->type;
	h->start = lock->start;
	h->end = lock->end;
	if (lock->kind != CKPT_LOCK_OFD)
		h->pid = ckpt_lock_pid(ctx, lock->pid);
	h->fd = lock->fd;
	return 0;
}

static int ckpt_locks_record(struct ckpt_ctx *ctx, struct task_struct *task,
			     struct ckpt_object *obj,
			     const struct ckpt_lock *locks, long nr)
{
	unsigned int obstacles = ctx->obstacles;
	struct ckpt_hdr_locks *h;
	u32 ours = 0;
	int ret = 0;
	char *buf;
	long i;

	buf = __getname();
	if (!buf)
		return -ENOMEM;
	for (i = 0; i < nr && !ret; i++) {
		if (!ckpt_lock_ours(ctx, &locks[i]))
			continue;
		ours++;
		ret = ckpt_lock_refusals(ctx, task, &locks[i], buf);
		cond_resched();
	}
	__putname(buf);
	if (ret || !ours || ctx->obstacles != obstacles)
		return ret;

	h = ckpt_record(ctx, CKPT_HDR_LOCKS, 0);
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->nr_locks = ours;
	for (i = 0; i < nr && !ret; i++) {
		if (ckpt_lock_ours(ctx, &locks[i]))
			ret = ckpt_lock_record(ctx, &locks[i]);
		cond_resched();
	}
	return ret;
}

static int ckpt_locks_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
				 void *ptr, struct ckpt_object *obj)
{
	struct file_lock_context *flctx = locks_inode_context(ptr);
	struct ckpt_lock *locks = NULL;
	long nr, have = 0;
	int ret;

	/* Those outside may take locks meanwhile. */
	while ((nr = ckpt_locks_look(flctx, locks, have)) > have) {
		kvfree(locks);
		have = nr + 16;
		locks = kvcalloc(have, sizeof(*locks), GFP_KERNEL_ACCOUNT);
		if (!locks)
			return -ENOMEM;
		if (fatal_signal_pending(current)) {
			kvfree(locks);
			return -EINTR;
		}
		cond_resched();
	}
	ret = ckpt_locks_record(ctx, task, obj, locks, nr);
	kvfree(locks);
	return ret;
}

static int ckpt_locks_finish_run(struct ckpt_ctx *ctx,
				 struct ckpt_finish *finish)
{
	struct ckpt_locks_finish *late =
		container_of(finish, struct ckpt_locks_finish, finish);
	s32 ref;

	ref = ckpt_obj_checkpoint(ctx, finish->task, late->inode,
				  CKPT_OBJ_LOCKS);
	return min(ref, 0);
}

static void ckpt_locks_finish_free(struct ckpt_finish *finish)
{
	struct ckpt_locks_finish *late =
		container_of(finish, struct ckpt_locks_finish, finish);

	iput(late->inode);
	kfree(late);
}

/**
 * ckpt_locks_later - have the locks on a file captured behind the last task
 * @ctx: checkpoint context
 * @task: task that has it open, for messages
 * @file: the file
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_locks_later(struct ckpt_ctx *ctx, struct task_struct *task,
		     struct file *file)
{
	struct ckpt_locks_finish *late;

	/* Nobody in the hierarchy takes one now. */
	if (file->f_mode & FMODE_PATH || !locks_inode_context(file_inode(file)))
		return 0;
	late = kzalloc(sizeof(*late), GFP_KERNEL_ACCOUNT);
	if (!late)
		return -ENOMEM;
	late->inode = file_inode(file);
	ihold(late->inode);
	late->finish.task = task;
	late->finish.run = ckpt_locks_finish_run;
	late->finish.free = ckpt_locks_finish_free;
	ckpt_finish_add(ctx, &late->finish);
	return 0;
}

/* Restart */

static bool ckpt_lock_valid(const struct ckpt_hdr_lock *h)
{
	bool posix = h->kind == CKPT_LOCK_POSIX;

	if (h->start < 0 || h->end < h->start || !!h->table_ref != posix)
		return false;
	if (h->kind == CKPT_LOCK_LEASE ? h->fd < 0 : h->fd)
		return false;
	if (h->kind == CKPT_LOCK_OFD && h->pid)
		return false;
	if (h->kind == CKPT_LOCK_FLOCK || h->kind == CKPT_LOCK_LEASE)
		return !h->start && h->end == OFFSET_MAX;
	return true;
}

/* Can a lock of this kind be on the file at all? */
static bool ckpt_lock_fits(const struct ckpt_hdr_lock *h, struct file *file)
{
	fmode_t mode = FMODE_READ | FMODE_WRITE;

	if (h->kind == CKPT_LOCK_POSIX || h->kind == CKPT_LOCK_OFD)
		mode = h->mode == CKPT_LOCK_TYPE_WRITE ? FMODE_WRITE :
							 FMODE_READ;
	return (file->f_mode & mode) && !(file->f_mode & FMODE_PATH);
}

/* Who took it; the root stands for one that has ended. */
static pid_t ckpt_lock_taker(struct ckpt_ctx *ctx, s32 nr)
{
	struct task_struct *task;

	task = ckpt_task_of(ctx, nr ?: ctx->members[0]->pids->pid);
	return task ? task->tgid : 0;
}

/* As with fcntl(2), but for who has taken it. */
static int ckpt_lease_take(struct file *file, int fd, int type, pid_t pid)
{
	struct file_lock_context *flctx;
	struct file_lease *lease;
	int ret;

	ret = fcntl_setlease(fd, file, type);
	if (ret)
		return ret;
	flctx = locks_inode_context(file_inode(file));
	spin_lock(&flctx->flc_lock);
	list_for_each_entry(lease, &flctx->flc_lease, c.flc_list)
		if (lease->c.flc_file == file)
			lease->c.flc_pid = pid;
	spin_unlock(&flctx->flc_lock);
	return 0;
}

static int ckpt_lock_take(struct file *file, struct files_struct *files,
			  const struct ckpt_hdr_lock *h, pid_t pid)
{
	int type = h->mode == CKPT_LOCK_TYPE_WRITE ? F_WRLCK : F_RDLCK;
	struct file_lock *fl;
	int ret;

	if (h->kind == CKPT_LOCK_LEASE)
		return ckpt_lease_take(file, h->fd, type, pid);
	fl = locks_alloc_lock();
	if (!fl)
		return -ENOMEM;
	fl->c.flc_file = file;
	fl->c.flc_owner = files ?: (fl_owner_t)file;
	fl->c.flc_pid = pid;
	fl->c.flc_type = type;
	fl->fl_start = h->start;
	fl->fl_end = h->end;
	fl->c.flc_flags = h->kind == CKPT_LOCK_FLOCK ? FL_FLOCK : FL_POSIX;
	if (h->kind == CKPT_LOCK_OFD)
		fl->c.flc_flags |= FL_OFDLCK;

	ret = security_file_lock(file, type);
	if (ret)
		goto out;
	if (h->kind != CKPT_LOCK_FLOCK)
		ret = vfs_lock_file(file, F_SETLK, fl, NULL);
	else if (file->f_op->flock)
		ret = file->f_op->flock(file, F_SETLK, fl);
	else
		ret = locks_lock_file_wait(file, fl);
	/* Only who can be told later is put off. */
	if (ret == FILE_LOCK_DEFERRED) {
		locks_delete_block(fl);
		ret = -EAGAIN;
	}
out:
	locks_free_lock(fl);
	return ret;
}

static const char *const ckpt_lock_names[] = {
	[CKPT_LOCK_POSIX]	= "POSIX lock",
	[CKPT_LOCK_OFD]		= "open file description lock",
	[CKPT_LOCK_FLOCK]	= "flock lock",
	[CKPT_LOCK_LEASE]	= "lease",
};

static int ckpt_lock_failed(struct ckpt_ctx *ctx, const struct ckpt_hdr_lock *h,
			    struct file *file, int err)
{
	const char *name = ckpt_lock_names[h->kind];
	char *buf = __getname();

	if (!buf)
		return -ENOMEM;
	if (err == -EAGAIN)
		ckpt_err(ctx, current, -EAGAIN,
			 "%s of bytes %lld to %lld on %s: somebody else has it locked or open",
			 name, h->start, h->end, ckpt_file_name(file, buf));
	else
		ckpt_err(ctx, current, err, "%s of bytes %lld to %lld on %s",
			 name, h->start, h->end, ckpt_file_name(file, buf));
	__putname(buf);
	return err;
}

static int ckpt_lock_restore(struct ckpt_ctx *ctx, struct inode **inode)
{
	struct files_struct *files = NULL;
	struct ckpt_hdr_lock *h;
	struct file *file;
	pid_t pid;
	int ret;

	h = ckpt_next_record(ctx, CKPT_HDR_LOCK);
	if (IS_ERR(h))
		return PTR_ERR(h);
	file = ckpt_obj_fetch(ctx, h->file_ref, CKPT_OBJ_FILE);
	ret = PTR_ERR_OR_ZERO(file);
	if (!ret && h->table_ref) {
		files = ckpt_obj_fetch(ctx, h->table_ref, CKPT_OBJ_FILE_TABLE);
		ret = PTR_ERR_OR_ZERO(files);
	}
	if (ret)
		goto out;
	pid = ckpt_lock_taker(ctx, h->pid);
	/*
	 * Closing the file releases the locks of the tables that have it. A lock
	 * of another table would outlive the file.
	 */
	if (!ckpt_lock_valid(h) || !ckpt_lock_fits(h, file) || !pid ||
	    (*inode && *inode != file_inode(file)) ||
	    (files && !ckpt_table_has(files, file))) {
		ret = ckpt_err(ctx, current, -EINVAL,
			       "lock of kind %u on file %d is not valid",
			       h->kind, h->file_ref);
		goto out;
	}
	*inode = file_inode(file);
	ret = ckpt_lock_take(file, files, h, pid);
	if (ret)
		ret = ckpt_lock_failed(ctx, h, file, ret);
out:
	kvfree(h);
	return ret;
}

static void *ckpt_locks_restore(struct ckpt_ctx *ctx,
				const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_locks *h = (const void *)hdr;
	struct inode *inode = NULL;
	int ret = 0;
	u32 i;

	if (!h->nr_locks)
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"a set of no locks"));
	for (i = 0; i < h->nr_locks && !ret; i++) {
		ret = ckpt_lock_restore(ctx, &inode);
		cond_resched();
	}
	if (ret)
		return ERR_PTR(ret);
	ihold(inode);
	return inode;
}

static void ckpt_locks_grab(void *ptr)
{
	ihold(ptr);
}

static void ckpt_locks_drop(void *ptr)
{
	iput(ptr);
}

const struct ckpt_obj_ops ckpt_locks_ops = {
	.name		= "locks",
	.objtype	= CKPT_OBJ_LOCKS,
	.grab		= ckpt_locks_grab,
	.drop		= ckpt_locks_drop,
	.checkpoint	= ckpt_locks_checkpoint,
	.restore	= ckpt_locks_restore,
};
