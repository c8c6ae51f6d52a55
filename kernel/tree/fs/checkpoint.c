// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: open files, descriptor tables, root and working directory.
 *
 * A regular file, a directory or a character device without state is saved as
 * its path and its F_GETFL flags, and restored by opening the path with the
 * restarting task's credentials. Every other kind of file is refused by name.
 */
#include <linux/checkpoint_ctx.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/init_task.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/nsproxy.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

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
	"iso9660", "jfs", "minix", "msdos", "nfs", "nfs4", "nilfs2", "ntfs3",
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
	       ckpt_file_system(inode);
}

static const char *ckpt_file_kind(const struct file *file)
{
	const struct inode *inode = file_inode(file);

	if (file->f_mode & FMODE_PATH)
		return "O_PATH descriptor";
	switch (inode->i_mode & S_IFMT) {
	case S_IFIFO:
		return "pipe or FIFO";
	case S_IFSOCK:
		return "socket";
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

/* Does any lock or lease on the inode belong to this open file? */
static const char *ckpt_file_lock(struct file *file)
{
#ifdef CONFIG_FILE_LOCKING
	struct file_lock_context *ctx = locks_inode_context(file_inode(file));
	struct file_lock_core *lock;
	const char *what = NULL;

	if (!ctx)
		return NULL;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(lock, &ctx->flc_posix, flc_list)
		if (lock->flc_file == file)
			what = "POSIX lock";
	list_for_each_entry(lock, &ctx->flc_flock, flc_list)
		if (lock->flc_file == file)
			what = "flock lock";
	list_for_each_entry(lock, &ctx->flc_lease, flc_list)
		if (lock->flc_file == file)
			what = "lease";
	spin_unlock(&ctx->flc_lock);
	return what;
#else
	return NULL;
#endif
}

static bool ckpt_file_owned(struct file *file)
{
	struct fown_struct *owner = file_f_owner(file);

	return owner && (owner->pid || owner->signum);
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

	ret = vfs_path_lookup(ctx->root.dentry, ctx->root.mnt, name, 0, &found);
	if (ret)
		return ret == -ENOMEM ? ret : 0;
	ret = path_equal(&found, path);
	path_put(&found);
	return ret;
}

/*
 * Why is a path no good for finding a file again? @buf is of PATH_MAX bytes,
 * *@name is set to what to call the file in any case. An error pointer when it
 * cannot be told.
 */
static const char *ckpt_path_refusal(struct ckpt_ctx *ctx,
				     const struct path *path, char *buf,
				     char **name)
{
	const char *why = NULL;
	int ret;

	if (d_unlinked(path->dentry) || !d_inode(path->dentry)->i_nlink) {
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

/* Everything about an open file that no record holds; 0 in a dry run. */
static int ckpt_file_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
			      struct file *file, char *buf)
{
	const char *why, *kind = ckpt_file_kind(file), *lock;
	struct inode *inode = file_inode(file);
	char *name;
	int ret;

	why = ckpt_path_refusal(ctx, &file->f_path, buf, &name);
	if (IS_ERR(why))
		return PTR_ERR(why);
	if (file->f_mode & FMODE_PATH || !ckpt_file_generic(inode))
		return ckpt_refuse(ctx, task, -EBADF,
				   "%s %s on %s: this kind of file is not supported",
				   kind, name, inode->i_sb->s_type->name);
	if (why) {
		ret = ckpt_refuse(ctx, task, -EBADF, "%s %s: %s", kind, name,
				  why);
		if (ret)
			return ret;
	}
	lock = ckpt_file_lock(file);
	if (lock) {
		ret = ckpt_refuse(ctx, task, -EBADF, "%s %s: %s is held", kind,
				  name, lock);
		if (ret)
			return ret;
	}
	if (ckpt_file_owned(file))
		return ckpt_refuse(ctx, task, -EBUSY,
				   "%s %s: F_SETOWN, F_SETSIG or F_NOTIFY is in force",
				   kind, name);
	return 0;
}

static int ckpt_file_record(struct ckpt_ctx *ctx, struct file *file,
			    struct ckpt_object *obj)
{
	struct inode *inode = file_inode(file);
	struct ckpt_hdr_file *h;
	struct timespec64 mtime = inode_get_mtime(inode);

	h = ckpt_record(ctx, CKPT_HDR_FILE, 0);
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->f_type = CKPT_FILE_GENERIC;
	h->f_flags = file->f_flags & CKPT_O_FLAGS;
	/* Left over from O_TMPFILE, in a file that has a name by now. */
	if (!S_ISDIR(inode->i_mode))
		h->f_flags &= ~O_DIRECTORY;
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
	return ckpt_record_path(ctx, &file->f_path);
}

static int ckpt_file_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
				void *ptr, struct ckpt_object *obj)
{
	unsigned int obstacles = ctx->obstacles;
	struct file *file = ptr;
	char *buf;
	int ret;

	buf = __getname();
	if (!buf)
		return -ENOMEM;
	ret = ckpt_file_refusals(ctx, task, file, buf);
	__putname(buf);
	/* A dry run has nothing to say about a file that was refused. */
	if (ret || ctx->obstacles != obstacles)
		return ret;
	return ckpt_file_record(ctx, file, obj);
}

/* Bring the flags that open(2) may have been denied to what they were. */
static void ckpt_file_set_flags(struct file *file, unsigned int flags)
{
	spin_lock(&file->f_lock);
	file->f_flags = (file->f_flags & ~(O_NONBLOCK | O_NOFOLLOW)) |
			(flags & (O_NONBLOCK | O_NOFOLLOW));
	spin_unlock(&file->f_lock);
}

static int ckpt_file_check(struct ckpt_ctx *ctx, const struct ckpt_hdr_file *h,
			   struct file *file, const char *name)
{
	struct inode *inode = file_inode(file);
	struct timespec64 mtime = inode_get_mtime(inode);

	if ((inode->i_mode ^ h->i_mode) & S_IFMT || !ckpt_file_generic(inode) ||
	    (S_ISCHR(inode->i_mode) && inode->i_rdev !=
	     MKDEV(h->rdev_major, h->rdev_minor)))
		return ckpt_err(ctx, current, -EINVAL,
				"file %s is of another kind than it was", name);
	if (S_ISREG(inode->i_mode) &&
	    (i_size_read(inode) != h->size ||
	     timespec64_to_ns(&mtime) != h->mtime))
		ckpt_warn(ctx, current,
			  "file %s has changed since the checkpoint", name);
	return 0;
}

static struct file *ckpt_file_open(struct ckpt_ctx *ctx,
				   const struct ckpt_hdr_file *h,
				   const char *name)
{
	struct file *file;
	int ret;

	if (h->f_flags & ~CKPT_O_FLAGS || name[0] != '/')
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"file %s with flags %#o", name,
					h->f_flags));
	/* Whatever stands there by now: do not wait for its other end. */
	file = filp_open(name, h->f_flags | O_NONBLOCK | O_NOFOLLOW, 0);
	if (IS_ERR(file))
		return ERR_PTR(ckpt_err(ctx, current, PTR_ERR(file),
					"cannot open file %s", name));
	ret = ckpt_file_check(ctx, h, file, name);
	if (!ret && h->f_pos && (file->f_mode & FMODE_LSEEK) &&
	    !S_ISCHR(file_inode(file)->i_mode)) {
		loff_t pos = vfs_llseek(file, h->f_pos, SEEK_SET);

		if (pos < 0)
			ret = ckpt_err(ctx, current, pos,
				       "file %s cannot be positioned at %lld",
				       name, h->f_pos);
	}
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	ckpt_file_set_flags(file, h->f_flags);
	return file;
}

static void *ckpt_file_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_file *h = (const void *)hdr;
	struct file *file;
	char *name;

	name = ckpt_next_string(ctx);
	if (IS_ERR(name))
		return name;
	file = ckpt_file_open(ctx, h, name);
	kfree(name);
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

const struct ckpt_obj_ops ckpt_file_ops = {
	.name		= "file",
	.objtype	= CKPT_OBJ_FILE,
	.record		= CKPT_HDR_FILE,
	.grab		= ckpt_file_grab,
	.drop		= ckpt_file_drop,
	.checkpoint	= ckpt_file_checkpoint,
	.restore	= ckpt_file_restore,
};

/* Descriptor tables */

/* The next open descriptor from *@fd on, with a reference to its file. */
static struct file *ckpt_next_fd(struct files_struct *files, unsigned int *fd,
				 bool *cloexec)
{
	struct file *file = NULL;
	struct fdtable *fdt;

	spin_lock(&files->file_lock);
	fdt = files_fdtable(files);
	for (; !file && *fd < fdt->max_fds; ++*fd) {
		file = files_lookup_fd_locked(files, *fd);
		if (file) {
			get_file(file);
			*cloexec = close_on_exec(*fd, files);
			break;
		}
	}
	spin_unlock(&files->file_lock);
	return file;
}

/* The files first: their records stand before the table's. */
static int ckpt_table_files(struct ckpt_ctx *ctx, struct task_struct *task,
			    struct files_struct *files, u32 *nr)
{
	unsigned int fd;
	struct file *file;
	bool cloexec;
	s32 ref;

	for (fd = 0; (file = ckpt_next_fd(files, &fd, &cloexec)); fd++) {
		ref = ckpt_obj_checkpoint(ctx, task, file, CKPT_OBJ_FILE);
		fput(file);
		if (ref < 0)
			return ref;
		++*nr;
		cond_resched();
	}
	return 0;
}

static int ckpt_table_checkpoint(struct ckpt_ctx *ctx,
				 struct task_struct *task, void *ptr,
				 struct ckpt_object *obj)
{
	struct files_struct *files = ptr;
	struct ckpt_hdr_file_table *table;
	struct ckpt_hdr_file_desc *desc;
	struct file *file;
	unsigned int fd;
	bool cloexec;
	u32 nr = 0;
	int ret;

	ret = ckpt_table_files(ctx, task, files, &nr);
	if (ret)
		return ret;
	table = ckpt_record(ctx, CKPT_HDR_FILE_TABLE, 0);
	if (!table)
		return -ENOMEM;
	table->objref = ckpt_obj_number(ctx, obj);
	table->nr_fds = nr;

	for (fd = 0; (file = ckpt_next_fd(files, &fd, &cloexec)); fd++) {
		desc = nr-- ? ckpt_record(ctx, CKPT_HDR_FILE_DESC, 0) : NULL;
		if (desc) {
			desc->fd = fd;
			desc->flags = cloexec ? CKPT_FD_CLOEXEC : 0;
			desc->file_ref = ckpt_obj_checkpoint(ctx, task, file,
							     CKPT_OBJ_FILE);
		}
		fput(file);
		if (!desc)
			break;
	}
	if (file || nr)
		return ckpt_err(ctx, task, -EBUSY,
				"descriptors change: the table is shared with a task that runs");
	return 0;
}

/* Have current use a table; returns the one that it used. */
static struct files_struct *ckpt_use_files(struct files_struct *files)
{
	struct files_struct *old;

	task_lock(current);
	old = current->files;
	current->files = files;
	task_unlock(current);
	return old;
}

/* Set the soft limit of descriptors; returns the one that was in force. */
static unsigned long ckpt_nofile(unsigned long limit)
{
	struct rlimit *rlim = &current->signal->rlim[RLIMIT_NOFILE];
	unsigned long old;

	task_lock(current->group_leader);
	old = rlim->rlim_cur;
	rlim->rlim_cur = limit;
	task_unlock(current->group_leader);
	return old;
}

static int ckpt_table_fill(struct ckpt_ctx *ctx, u32 nr)
{
	struct ckpt_hdr_file_desc *desc;
	struct file *file;
	s32 last = -1;
	int ret = 0;

	while (!ret && nr--) {
		desc = ckpt_next_record(ctx, CKPT_HDR_FILE_DESC);
		if (IS_ERR(desc))
			return PTR_ERR(desc);
		file = ckpt_obj_fetch(ctx, desc->file_ref, CKPT_OBJ_FILE);
		if (IS_ERR(file))
			ret = PTR_ERR(file);
		else if (desc->fd <= last)
			ret = ckpt_err(ctx, current, -EINVAL,
				       "descriptor %d behind %d", desc->fd,
				       last);
		else
			ret = replace_fd(desc->fd, file,
					 desc->flags & CKPT_FD_CLOEXEC ?
					 O_CLOEXEC : 0);
		last = desc->fd;
		if (ret >= 0)
			ret = 0;
		else
			ckpt_err(ctx, current, ret,
				 "descriptor %d cannot be opened", desc->fd);
		kvfree(desc);
		cond_resched();
	}
	return ret;
}

static void *ckpt_table_restore(struct ckpt_ctx *ctx,
				const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_file_table *h = (const void *)hdr;
	struct files_struct *files, *old;
	unsigned long soft;
	int ret;

	/* Built on the side: the caller keeps its own until the commit. */
	files = dup_fd(&init_files, NULL);
	if (IS_ERR(files))
		return files;
	old = ckpt_use_files(files);
	/* What the caller could do with setrlimit(2), and would undo. */
	soft = ckpt_nofile(rlimit_max(RLIMIT_NOFILE));
	ret = ckpt_table_fill(ctx, h->nr_fds);
	ckpt_nofile(soft);
	ckpt_use_files(old);
	if (!ret)
		return files;
	put_files_struct(files);
	return ERR_PTR(ret);
}

static void ckpt_table_grab(void *ptr)
{
	struct files_struct *files = ptr;

	atomic_inc(&files->count);
}

static void ckpt_table_drop(void *ptr)
{
	put_files_struct(ptr);
}

const struct ckpt_obj_ops ckpt_file_table_ops = {
	.name		= "descriptor table",
	.objtype	= CKPT_OBJ_FILE_TABLE,
	.record		= CKPT_HDR_FILE_TABLE,
	.grab		= ckpt_table_grab,
	.drop		= ckpt_table_drop,
	.checkpoint	= ckpt_table_checkpoint,
	.restore	= ckpt_table_restore,
};

/**
 * ckpt_commit_files - take on a descriptor table
 * @files: restored table
 */
void ckpt_commit_files(struct files_struct *files)
{
	ckpt_table_grab(files);
	put_files_struct(ckpt_use_files(files));
}

/* Root and working directory */

static int ckpt_dir_record(struct ckpt_ctx *ctx, struct task_struct *task,
			   const struct path *path, const char *what)
{
	const char *why;
	char *buf, *name;
	int ret = 0;

	buf = __getname();
	if (!buf)
		return -ENOMEM;
	why = ckpt_path_refusal(ctx, path, buf, &name);
	if (IS_ERR(why))
		ret = PTR_ERR(why);
	else if (why)
		ret = ckpt_refuse(ctx, task, -EBADF, "%s %s: %s", what, name,
				  why);
	else
		ret = ckpt_record_string(ctx, name);
	__putname(buf);
	return ret;
}

static int ckpt_fs_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			      void *ptr, struct ckpt_object *obj)
{
	struct fs_struct *fs = ptr;
	struct ckpt_hdr_fs *h;
	struct path root, pwd;
	int ret;

	h = ckpt_record(ctx, CKPT_HDR_FS, 0);
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	spin_lock(&fs->lock);
	h->umask = fs->umask;
	root = fs->root;
	path_get(&root);
	pwd = fs->pwd;
	path_get(&pwd);
	spin_unlock(&fs->lock);

	ret = ckpt_dir_record(ctx, task, &root, "root directory");
	if (!ret)
		ret = ckpt_dir_record(ctx, task, &pwd, "working directory");
	path_put(&pwd);
	path_put(&root);
	return ret;
}

/* What chdir(2) and chroot(2) ask for. */
static int ckpt_dir_restore(struct ckpt_ctx *ctx, const char *what,
			    struct path *path)
{
	char *name = ckpt_next_string(ctx);
	int ret;

	if (IS_ERR(name))
		return PTR_ERR(name);
	ret = name[0] == '/' ? kern_path(name, LOOKUP_DIRECTORY, path) :
			       -EINVAL;
	if (!ret) {
		ret = path_permission(path, MAY_EXEC | MAY_CHDIR);
		if (ret)
			path_put(path);
	}
	if (ret)
		ckpt_err(ctx, current, ret, "%s %s", what, name);
	kfree(name);
	return ret;
}

static void *ckpt_fs_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_fs *h = (const void *)hdr;
	struct path root, pwd, own;
	struct fs_struct *fs;
	bool moved;
	int ret;

	ret = ckpt_dir_restore(ctx, "root directory", &root);
	if (ret)
		return ERR_PTR(ret);
	ret = ckpt_dir_restore(ctx, "working directory", &pwd);
	if (ret)
		goto put_root;

	get_fs_root(current->fs, &own);
	moved = !path_equal(&own, &root);
	path_put(&own);
	if (moved && !ns_capable(current_user_ns(), CAP_SYS_CHROOT)) {
		ret = ckpt_err(ctx, current, -EPERM,
			       "the caller may not change the root directory");
		goto put_pwd;
	}

	ret = -ENOMEM;
	fs = copy_fs_struct(current->fs);
	if (fs) {
		fs->umask = h->umask;
		set_fs_root(fs, &root);
		set_fs_pwd(fs, &pwd);
		ret = 0;
	}
put_pwd:
	path_put(&pwd);
put_root:
	path_put(&root);
	return ret ? ERR_PTR(ret) : fs;
}

static void ckpt_fs_grab(void *ptr)
{
	struct fs_struct *fs = ptr;

	spin_lock(&fs->lock);
	fs->users++;
	spin_unlock(&fs->lock);
}

static void ckpt_fs_drop(void *ptr)
{
	struct fs_struct *fs = ptr;
	bool last;

	spin_lock(&fs->lock);
	last = !--fs->users;
	spin_unlock(&fs->lock);
	if (last)
		free_fs_struct(fs);
}

const struct ckpt_obj_ops ckpt_fs_ops = {
	.name		= "root and working directory",
	.objtype	= CKPT_OBJ_FS,
	.record		= CKPT_HDR_FS,
	.grab		= ckpt_fs_grab,
	.drop		= ckpt_fs_drop,
	.checkpoint	= ckpt_fs_checkpoint,
	.restore	= ckpt_fs_restore,
};

/**
 * ckpt_commit_fs - take on root, working directory and umask
 * @fs: restored
 */
void ckpt_commit_fs(struct fs_struct *fs)
{
	struct fs_struct *old;

	ckpt_fs_grab(fs);
	task_lock(current);
	old = current->fs;
	current->fs = fs;
	task_unlock(current);
	ckpt_fs_drop(old);
}
