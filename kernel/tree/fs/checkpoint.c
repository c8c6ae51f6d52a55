// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: open files.
 *
 * A regular file, a directory or a character device without state is saved as
 * its path and its F_GETFL flags, and restored by opening the path with the
 * restarting task's credentials. So is any file that is open with O_PATH. What
 * has no name any more is in unlinked_checkpoint.c. A file of a kind that knows how to save itself
 * has ->checkpoint(), and its type an entry in ckpt_file_restorers[]. Every
 * other kind of file is refused by name.
 */
#include <linux/file.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "checkpoint.h"
#include "internal.h"

/* F_GETFL flags that open(2) takes and that are restored. */
#define CKPT_O_FLAGS	(O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_DIRECT | \
			 O_NOATIME | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW)

/*
 * File systems whose regular files and directories are what their path names:
 * no open file of theirs has state beyond flags and position.
 */
static const char *const ckpt_file_systems[] = {
	"9p", "bcachefs", "btrfs", "ceph", "cifs", "cramfs", "devtmpfs",
	"erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "fuse", "fuseblk",
	"hugetlbfs", "iso9660", "jfs", "minix", "msdos", "nfs", "nfs4", "nilfs2", "ntfs3",
	"overlay", "ramfs", "romfs", "rootfs", "smb3", "squashfs", "tmpfs",
	"ubifs", "udf", "vfat", "virtiofs", "xfs",
};

static bool ckpt_file_system(const struct inode *inode)
{
	const char *name = inode->i_sb->s_type->name;

	return match_string(ckpt_file_systems, ARRAY_SIZE(ckpt_file_systems),
			    name) >= 0;
}

/* /dev/null, zero, full, random, urandom: nothing to save. */
static bool ckpt_stateless_device(const struct inode *inode)
{
	if (imajor(inode) != MEM_MAJOR)
		return false;
	switch (iminor(inode)) {
	case 3: case 5: case 7: case 8: case 9:
		return true;
	}
	return false;
}

static bool ckpt_file_generic(const struct inode *inode)
{
	if (S_ISCHR(inode->i_mode))
		return ckpt_stateless_device(inode);
	return (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode)) &&
	       (ckpt_file_system(inode) || ckpt_pseudo_file(inode));
}

static const char *ckpt_file_kind(const struct file *file)
{
	const struct inode *inode = file_user_inode(file);

	if (file->f_mode & FMODE_PATH)
		return "O_PATH descriptor";
	switch (inode->i_mode & S_IFMT) {
	case S_IFCHR:
		return "character device";
	case S_IFBLK:
		return "block device";
	case S_IFREG:
	case S_IFDIR:
		return "file";
	}
	return "anonymous file";
}

/*
 * Is the file in the directory that the last one was found in, and sure to be
 * what its name there leads to?
 */
static bool ckpt_path_next_to(struct ckpt_ctx *ctx, const struct path *path)
{
	struct dentry *dentry = path->dentry, *dir = ctx->dir.dentry;

	return dir && path->mnt == ctx->dir.mnt &&
	       READ_ONCE(dentry->d_parent) == dir && dentry != dir &&
	       !d_unhashed(dentry) && !d_mountpoint(dentry) &&
	       !(dentry->d_flags & DCACHE_OP_REVALIDATE) &&
	       !(dir->d_flags & (DCACHE_OP_HASH | DCACHE_OP_COMPARE));
}

static void ckpt_path_remember(struct ckpt_ctx *ctx, const struct path *path)
{
	path_put(&ctx->dir);
	ctx->dir = (struct path){};
	if (path->dentry == path->mnt->mnt_root)
		return;
	ctx->dir.dentry = dget_parent(path->dentry);
	ctx->dir.mnt = mntget(path->mnt);
}

/*
 * Does the path still lead to the file? Something may be mounted over it.
 * Lack of memory is no answer, and returned as an error.
 */
static int ckpt_path_leads_to(struct ckpt_ctx *ctx, const struct path *path,
			      const char *name)
{
	struct path found;
	int ret;

	if (ckpt_path_next_to(ctx, path))
		return 1;
	ret = vfs_path_lookup(ctx->root.dentry, ctx->root.mnt, name, 0, &found);
	if (ret)
		return ret == -ENOMEM ? ret : 0;
	ret = path_equal(&found, path);
	path_put(&found);
	if (ret)
		ckpt_path_remember(ctx, path);
	return ret;
}

/**
 * ckpt_path_refusal - why is a path no good for finding a file again?
 * @ctx: checkpoint context
 * @path: the path
 * @buf: room for PATH_MAX bytes
 * @name: set to what to call the file in any case
 *
 * Return: the reason, NULL, or an ERR_PTR when it cannot be told.
 */
const char *ckpt_path_refusal(struct ckpt_ctx *ctx, const struct path *path,
			      char *buf, char **name)
{
	const char *why = NULL;
	int ret;

	if (d_unlinked(path->dentry) && d_inode(path->dentry)->i_nlink) {
		why = "unlinked, and it has other names";
	} else if (d_unlinked(path->dentry) ||
		   !d_inode(path->dentry)->i_nlink) {
		why = "unlinked";
	} else {
		*name = __d_path(path, &ctx->root, buf, PATH_MAX);
		if (!*name) {
			why = "it is outside of the caller's root";
		} else if (IS_ERR(*name)) {
			why = "its path is too long";
		} else {
			ret = ckpt_path_leads_to(ctx, path, *name);
			if (ret < 0)
				return ERR_PTR(ret);
			return ret ? NULL : "its path leads to something else";
		}
	}
	*name = d_path(path, buf, PATH_MAX);
	if (IS_ERR(*name))
		*name = "(path too long)";
	return why;
}

/**
 * ckpt_file_name - what to call a file whose path does not matter
 * @file: the file
 * @buf: room for PATH_MAX bytes
 *
 * Return: its name.
 */
char *ckpt_file_name(struct file *file, char *buf)
{
	char *name = d_path(file_user_path(file), buf, PATH_MAX);

	if (!IS_ERR(name))
		return name;
	strscpy(buf, "(path too long)", PATH_MAX);
	return buf;
}

/**
 * ckpt_dentry_open - open a device with something for its ->open()
 * @path: the device
 * @flags: O_*
 * @data: private data of the file while it is being opened
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_dentry_open(const struct path *path, int flags, void *data)
{
	struct file *file = alloc_empty_file(flags, current_cred());
	int ret;

	if (IS_ERR(file))
		return file;
	file->private_data = data;
	ret = vfs_open(path, file);
	if (!ret)
		return file;
	fput(file);
	return ERR_PTR(ret);
}

/*
 * What is mapped of a stacked file system is a file of the layer below: the path
 * and the inode that its user knows are file_user_path() and file_user_inode().
 *
 * Why can a file without ->checkpoint() not be opened again? 0 in a dry run.
 * *@path is set to its path in @buf.
 */
static int ckpt_generic_refusals(struct ckpt_ctx *ctx,
				 struct task_struct *task, struct file *file,
				 char *buf, char **path)
{
	const char *why, *kind = ckpt_file_kind(file);
	const struct inode *inode = file_user_inode(file);
	char *name;

	why = ckpt_path_refusal(ctx, file_user_path(file), buf, &name);
	if (IS_ERR(why))
		return PTR_ERR(why);
	*path = name;
	if (!(file->f_mode & FMODE_PATH) && !ckpt_file_generic(inode))
		return ckpt_refuse(ctx, task, -EBADF,
				   "%s %s on %s: this kind of file is not supported",
				   kind, name, inode->i_sb->s_type->name);
	if (!why && ckpt_pseudo_file(inode))
		why = ckpt_pseudo_refusal(ctx, file);
	if (why && !ckpt_unlinked(file_user_path(file)))
		return ckpt_refuse(ctx, task, -EBADF, "%s %s: %s", kind, name,
				   why);
	return 0;
}

/**
 * ckpt_file_record - begin to capture a file: the record that each has
 * @ctx: checkpoint context
 * @file: the file
 * @obj: its object, which gets its number here
 * @kind: CKPT_FILE_*
 *
 * Return: the record, whose inode_ref and marks are left to the caller; NULL
 * without memory.
 */
struct ckpt_hdr_file *ckpt_file_record(struct ckpt_ctx *ctx, struct file *file,
				       struct ckpt_object *obj, u32 kind)
{
	const struct inode *inode = file_user_inode(file);
	struct timespec64 mtime = inode_get_mtime(inode);
	struct ckpt_hdr_file *h;

	h = ckpt_record(ctx, CKPT_HDR_FILE, 0);
	if (!h)
		return NULL;
	h->objref = ckpt_obj_number(ctx, obj);
	h->f_type = kind;
	h->f_flags = file->f_flags & CKPT_O_FLAGS;
	if (file->f_mode & FMODE_PATH)
		h->marks |= CKPT_FILEF_PATH;
	h->i_mode = inode->i_mode;
	h->f_pos = file->f_pos;
	h->ino = inode->i_ino;
	h->dev_major = MAJOR(inode->i_sb->s_dev);
	h->dev_minor = MINOR(inode->i_sb->s_dev);
	if (S_ISCHR(inode->i_mode)) {
		h->rdev_major = imajor(inode);
		h->rdev_minor = iminor(inode);
	}
	h->size = i_size_read(inode);
	h->mtime = timespec64_to_ns(&mtime);
	return h;
}

/**
 * ckpt_file_record_kind - capture a file that has no more than a record
 * @ctx: checkpoint context
 * @file: the file
 * @obj: its object, which gets its number here
 * @kind: CKPT_FILE_*
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_file_record_kind(struct ckpt_ctx *ctx, struct file *file,
			  struct ckpt_object *obj, u32 kind)
{
	return ckpt_file_record(ctx, file, obj, kind) ? 0 : -ENOMEM;
}

static int ckpt_generic_checkpoint(struct ckpt_ctx *ctx,
				   struct task_struct *task, struct file *file,
				   struct ckpt_object *obj, const char *path)
{
	bool unlinked = ckpt_unlinked(file_user_path(file));
	struct ckpt_hdr_file *h;
	s32 ref = 0;

	if (unlinked) {
		ref = ckpt_unlinked_ref(ctx, task, file_user_path(file), file);
		if (ref <= 0)
			return ref;
	}
	h = ckpt_file_record(ctx, file, obj, unlinked ? CKPT_FILE_UNLINKED :
							CKPT_FILE_GENERIC);
	if (!h)
		return -ENOMEM;
	h->inode_ref = ref;
	/* Left over from O_TMPFILE, perhaps in a file that has a name by now. */
	if (!S_ISDIR(file_user_inode(file)->i_mode))
		h->f_flags &= ~O_DIRECTORY;
	if (unlinked && file->f_flags & __O_TMPFILE)
		h->f_flags |= O_TMPFILE;
	return unlinked ? 0 : ckpt_record_string(ctx, path);
}

static int ckpt_file_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
				void *ptr, struct ckpt_object *obj)
{
	unsigned int obstacles = ctx->obstacles;
	struct file *file = ptr;
	char *buf, *path = NULL;
	int ret;

	buf = __getname();
	if (!buf)
		return -ENOMEM;
	ret = 0;
	if (!file->f_op->checkpoint && !shmem_ckpt_anonymous(file) &&
	    !proc_ns_file(file))
		ret = ckpt_generic_refusals(ctx, task, file, buf, &path);
	/* A dry run has nothing to say about a file that was refused. */
	if (!ret && ctx->obstacles == obstacles) {
		ret = ckpt_locks_later(ctx, task, file);
		if (!ret)
			ret = ckpt_fown_later(ctx, task, file);
		if (!ret && path)
			ret = ckpt_generic_checkpoint(ctx, task, file, obj,
						      path);
	}
	__putname(buf);
	if (ret || path || ctx->obstacles != obstacles)
		return ret;
	if (shmem_ckpt_anonymous(file))
		return shmem_ckpt_file(ctx, task, file, obj);
	if (proc_ns_file(file))
		return ckpt_nsfs_checkpoint(ctx, task, file, obj);
	return file->f_op->checkpoint(ctx, task, file, obj);
}

/* A copy may have kept no more than the seconds of the time of change. */
static bool ckpt_file_differs(const struct ckpt_hdr_file *h,
			      const struct inode *inode)
{
	struct timespec64 now = inode_get_mtime(inode);
	struct timespec64 then = ns_to_timespec64(h->mtime);

	return i_size_read(inode) != h->size || now.tv_sec != then.tv_sec ||
	       (now.tv_nsec && now.tv_nsec != then.tv_nsec);
}

static int ckpt_file_check(struct ckpt_ctx *ctx, const struct ckpt_hdr_file *h,
			   struct file *file, const char *name)
{
	struct inode *inode = file_inode(file);
	bool path = h->marks & CKPT_FILEF_PATH;

	if ((inode->i_mode ^ h->i_mode) & S_IFMT ||
	    (!path && !ckpt_file_generic(inode)) ||
	    (S_ISCHR(inode->i_mode) && inode->i_rdev !=
	     MKDEV(h->rdev_major, h->rdev_minor)))
		return ckpt_err(ctx, current, -EINVAL,
				"file %s is of another kind than it was", name);
	if (ckpt_pseudo_file(inode)) {
		const char *why = ckpt_pseudo_refusal(ctx, file);

		return why ? ckpt_err(ctx, current, -EINVAL, "file %s: %s",
				      name, why) : 0;
	}
	if (!S_ISREG(inode->i_mode) || path || !ckpt_file_differs(h, inode))
		return 0;
	ckpt_warn(ctx, current, "file %s has changed since the checkpoint",
		  name);
	return xa_err(xa_store(&ctx->changed, h->objref, xa_mk_value(1),
			       GFP_KERNEL_ACCOUNT));
}

/**
 * ckpt_file_may_run - may code be mapped from a file?
 * @ctx: restart context
 * @ref: number of the file
 * @file: the file
 *
 * The code that a task was running does not fit another version of the file.
 *
 * Return: 0, or -ESTALE for a file that has changed since the checkpoint.
 */
int ckpt_file_may_run(struct ckpt_ctx *ctx, s32 ref, struct file *file)
{
	char *buf;

	if (!xa_load(&ctx->changed, ref) || (ctx->uflags & RESTART_CHANGED))
		return 0;
	buf = __getname();
	if (!buf)
		return -ENOMEM;
	ckpt_err(ctx, current, -ESTALE,
		 "file %s has changed since the checkpoint, and code is mapped from it (RESTART_CHANGED takes it as it is)",
		 ckpt_file_name(file, buf));
	__putname(buf);
	return -ESTALE;
}

static int ckpt_file_seek(struct ckpt_ctx *ctx, const struct ckpt_hdr_file *h,
			  struct file *file, const char *name)
{
	loff_t pos;

	if (!h->f_pos || !(file->f_mode & FMODE_LSEEK) ||
	    S_ISCHR(file_inode(file)->i_mode))
		return 0;
	pos = vfs_llseek(file, h->f_pos, SEEK_SET);
	if (pos >= 0)
		return 0;
	return ckpt_err(ctx, current, pos,
			"file %s cannot be positioned at %lld", name, h->f_pos);
}

/* Flags of open(2); those that keep it from waiting are put right later. */
static int ckpt_file_open_flags(const struct ckpt_hdr_file *h)
{
	if (h->marks & CKPT_FILEF_PATH)
		return O_PATH | O_NOFOLLOW | (h->f_flags & O_DIRECTORY);
	return h->f_flags | O_NONBLOCK | O_NOFOLLOW;
}

static struct file *ckpt_file_open(struct ckpt_ctx *ctx,
				   const struct ckpt_hdr_file *h,
				   const char *name)
{
	struct file *file;
	int ret;

	if (name[0] != '/')
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"file %s is no path", name));
	/* Whatever stands there by now: do not wait for its other end. */
	file = filp_open(name, ckpt_file_open_flags(h), 0);
	if (IS_ERR(file))
		return ERR_PTR(ckpt_err(ctx, current, PTR_ERR(file),
					"cannot open file %s", name));
	ret = ckpt_file_check(ctx, h, file, name);
	if (!ret)
		ret = ckpt_file_seek(ctx, h, file, name);
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	return file;
}

static struct file *ckpt_unlinked_file(struct ckpt_ctx *ctx,
				       const struct ckpt_hdr_file *h)
{
	struct file *file;
	int flags, ret;

	/* O_TMPFILE is O_DIRECTORY as well. */
	flags = ckpt_file_open_flags(h);
	if (flags & __O_TMPFILE)
		flags &= ~O_TMPFILE;
	file = ckpt_unlinked_open(ctx, h, flags);
	if (IS_ERR(file))
		return file;
	ret = ckpt_file_seek(ctx, h, file, "without a name");
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	return file;
}

static struct file *ckpt_generic_restore(struct ckpt_ctx *ctx,
					 const struct ckpt_hdr_file *h)
{
	struct file *file;
	char *name;

	name = ckpt_next_string(ctx);
	if (IS_ERR(name))
		return ERR_CAST(name);
	file = ckpt_file_open(ctx, h, name);
	kfree(name);
	return file;
}

/* How files of each type are opened; errors have been reported. */
static struct file *(*const ckpt_file_restorers[])(struct ckpt_ctx *ctx,
						   const struct ckpt_hdr_file *h) = {
	[CKPT_FILE_GENERIC]	= ckpt_generic_restore,
	[CKPT_FILE_SHMEM]	= shmem_ckpt_restore,
	[CKPT_FILE_PIPE]	= ckpt_pipe_open,
	[CKPT_FILE_FIFO]	= ckpt_pipe_open,
	[CKPT_FILE_EVENTFD]	= ckpt_eventfd_restore,
	[CKPT_FILE_EPOLL]	= ckpt_eventpoll_restore,
#ifdef CONFIG_UNIX
	[CKPT_FILE_SOCKET]	= ckpt_socket_restore,
#endif
#ifdef CONFIG_SYSVIPC
	[CKPT_FILE_SHM]		= ckpt_shm_restore,
#endif
#ifdef CONFIG_POSIX_MQUEUE
	[CKPT_FILE_MQUEUE]	= ckpt_mqueue_open,
#endif
#ifdef CONFIG_UNIX98_PTYS
	[CKPT_FILE_TTY]		= ckpt_tty_restore,
	[CKPT_FILE_TERMINAL]	= ckpt_terminal_restore,
#endif
#ifdef CONFIG_TIMERFD
	[CKPT_FILE_TIMERFD]	= ckpt_timerfd_restore,
#endif
#ifdef CONFIG_SIGNALFD
	[CKPT_FILE_SIGNALFD]	= ckpt_signalfd_restore,
#endif
	[CKPT_FILE_PIDFD]	= ckpt_pidfd_restore,
#ifdef CONFIG_INOTIFY_USER
	[CKPT_FILE_INOTIFY]	= ckpt_inotify_restore,
#endif
#ifdef CONFIG_USERFAULTFD
	[CKPT_FILE_USERFAULTFD]	= ckpt_userfaultfd_restore,
#endif
#ifdef CONFIG_IO_URING
	[CKPT_FILE_IO_URING]	= io_uring_restore,
#endif
	[CKPT_FILE_UNLINKED]	= ckpt_unlinked_file,
	[CKPT_FILE_NSFS]	= ckpt_nsfs_restore,
};

/* Flags that fcntl(2) sets, and that open(2) may have been denied. */
static void ckpt_file_set_flags(struct file *file, unsigned int flags)
{
	unsigned int mask = O_NONBLOCK | O_NOFOLLOW;

	/* Packets: of a pipe, open(2) does not take it. */
	if (S_ISFIFO(file_inode(file)->i_mode))
		mask |= O_DIRECT;
	/* How it was made, which open(2) would do again. */
	if (flags & __O_TMPFILE)
		mask |= O_TMPFILE;
	spin_lock(&file->f_lock);
	file->f_flags = (file->f_flags & ~mask) | (flags & mask);
	spin_unlock(&file->f_lock);
}

/*
 * Files cost memory that nobody accounts: no more of them than the tasks could
 * have open or mapped. The real number of descriptors is limited in each table.
 */
static bool ckpt_file_limit(struct ckpt_ctx *ctx)
{
	u64 per_task = (u64)rlimit_max(RLIMIT_NOFILE) + sysctl_max_map_count;

	return ++ctx->nr_files > per_task * ctx->nr_members;
}

/* Flags that a file may have. */
static unsigned int ckpt_file_flags(const struct ckpt_hdr_file *h)
{
	if (h->f_type == CKPT_FILE_UNLINKED && S_ISREG(h->i_mode))
		return CKPT_O_FLAGS | __O_TMPFILE;
	/* What mq_open(2) does not take out, as open(2) does. */
	if (h->f_type == CKPT_FILE_MQUEUE)
		return CKPT_O_FLAGS | O_CLOEXEC;
	return CKPT_O_FLAGS;
}

/* Do the fields that only some types have hold nothing in the others? */
static bool ckpt_file_fields(const struct ckpt_hdr_file *h)
{
	switch (h->f_type) {
	case CKPT_FILE_GENERIC:
		return !(h->marks & ~CKPT_FILEF_PATH) && !h->inode_ref;
	case CKPT_FILE_UNLINKED:
		return !(h->marks & ~CKPT_FILEF_PATH);
	case CKPT_FILE_FIFO:
		return !(h->marks & ~CKPT_FILEF_NO_WRITER_YET);
	case CKPT_FILE_SHMEM:
		return !(h->marks & ~CKPT_FILEF_MADE);
	case CKPT_FILE_PIPE:
		return !h->marks;
	}
	return !h->marks && !h->inode_ref;
}

static void *ckpt_file_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_file *h = (const void *)hdr;
	struct file *file;

	if (ckpt_file_limit(ctx))
		return ERR_PTR(ckpt_err(ctx, current, -EMFILE,
					"more files than the caller may have open"));
	if (h->f_flags & ~ckpt_file_flags(h) || !ckpt_file_fields(h))
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"file %d with flags %#o", h->objref,
					h->f_flags));
	if (h->f_type >= ARRAY_SIZE(ckpt_file_restorers) ||
	    !ckpt_file_restorers[h->f_type])
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"files of type %u cannot be restored",
					h->f_type));
	file = ckpt_file_restorers[h->f_type](ctx, h);
	if (!IS_ERR(file))
		ckpt_file_set_flags(file, h->f_flags);
	return file;
}

static void ckpt_file_grab(void *ptr)
{
	get_file(ptr);
}

static void ckpt_file_drop(void *ptr)
{
	fput(ptr);
}

static long ckpt_file_users(void *ptr)
{
	return file_count((struct file *)ptr);
}

const struct ckpt_obj_ops ckpt_file_ops = {
	.name		= "file",
	.objtype	= CKPT_OBJ_FILE,
	.grab		= ckpt_file_grab,
	.drop		= ckpt_file_drop,
	.checkpoint	= ckpt_file_checkpoint,
	.restore	= ckpt_file_restore,
	.users		= ckpt_file_users,
};
