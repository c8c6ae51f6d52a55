// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: files and directories that have no name any more.
 *
 * Nobody can open such a file again, so the image has what is in it. The inode
 * is an object that open files refer to, so that several of them, and mappings,
 * have the one file in common again. A restart makes a file without a name in
 * the same directory, or in the nearest one above that is still there.
 *
 * A directory without a name is empty, and is made anew and removed.
 */
#include <linux/file.h>
#include <linux/filelock.h>
#include <linux/highmem.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "checkpoint.h"
#include "internal.h"

/* Pages of a chunk: what is in memory at a time when the image is written. */
#define CKPT_UNLINKED_PAGES	256

/* Name of a file that is about to have none. */
#define CKPT_UNLINKED_NAME	"%s/.restart-%llx-%d"

/**
 * struct ckpt_unlinked - a file that is being made or has been made again
 * @inode: what files open
 * @name: its name until the restart ends; NULL when it never had one
 */
struct ckpt_unlinked {
	struct ckpt_inode inode;
	char *name;
};

/**
 * ckpt_unlinked - has what a path leads to no name any more?
 * @path: the path
 *
 * Return: true for a file or directory that is gone when it is closed.
 */
bool ckpt_unlinked(const struct path *path)
{
	const struct inode *inode = d_inode(path->dentry);

	return (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode)) &&
	       !inode->i_nlink && !(path->mnt->mnt_flags & MNT_INTERNAL);
}

/* Checkpoint */

/* The nearest directory above that has a name, with a reference. */
static void ckpt_unlinked_dir(const struct path *path, struct path *dir)
{
	struct dentry *up;

	dir->mnt = mntget(path->mnt);
	dir->dentry = dget_parent(path->dentry);
	while (!IS_ROOT(dir->dentry) &&
	       (d_unlinked(dir->dentry) || !d_inode(dir->dentry)->i_nlink)) {
		up = dget_parent(dir->dentry);
		dput(dir->dentry);
		dir->dentry = up;
	}
}

static const char *ckpt_unlinked_why(bool placed)
{
	return placed ? "the caller cannot read it" :
			"no directory above it can be found again";
}

static int ckpt_unlinked_refuse(struct ckpt_ctx *ctx, struct task_struct *task,
				const struct path *path, bool placed)
{
	char *buf, *name;
	int ret;

	buf = __getname();
	if (!buf)
		return -ENOMEM;
	name = d_path(path, buf, PATH_MAX);
	ret = ckpt_refuse(ctx, task, -EBADF, "unlinked file %s: %s",
			  IS_ERR(name) ? "(path too long)" : name,
			  ckpt_unlinked_why(placed));
	__putname(buf);
	return ret;
}

static bool ckpt_unlinked_leased(const struct inode *inode)
{
	struct file_lock_context *flctx = locks_inode_context(inode);

	return flctx && !list_empty_careful(&flctx->flc_lease);
}

/*
 * A file to read the contents through. One of our own has a position of our
 * own, and leaves the time of access alone. A lease would notice it.
 */
static struct file *ckpt_unlinked_reader(struct file *via)
{
	int flags = O_RDONLY | O_LARGEFILE | O_NONBLOCK;
	struct file *file = ERR_PTR(-EAGAIN);

	if (!ckpt_unlinked_leased(file_inode(via))) {
		file = dentry_open(file_user_path(via), flags | O_NOATIME,
				   current_cred());
		if (IS_ERR(file))
			file = dentry_open(file_user_path(via), flags, current_cred());
	}
	if (IS_ERR(file) && (via->f_mode & FMODE_READ) &&
	    !(via->f_flags & O_DIRECT))
		file = get_file(via);
	return file;
}

static int ckpt_unlinked_add(struct ckpt_ctx *ctx, struct file *file,
			     u64 *offsets, u32 *nr, u64 offset)
{
	int ret = 0;

	if (*nr == CKPT_UNLINKED_PAGES) {
		ret = ckpt_record_file_pages(ctx, file, offsets, *nr);
		*nr = 0;
	}
	if (!ret)
		offsets[(*nr)++] = offset;
	return ret;
}

/* Where a file has data from an offset on; false for nowhere. */
static bool ckpt_unlinked_extent(struct file *file, bool own, loff_t size,
				 loff_t *from, loff_t *end)
{
	loff_t data, hole;

	if (*from >= size)
		return false;
	*end = size;
	/* Looking for holes moves the position. */
	if (!own)
		return true;
	data = vfs_llseek(file, *from, SEEK_DATA);
	if (data == -ENXIO)
		return false;
	if (data < 0)
		return true;
	hole = vfs_llseek(file, data, SEEK_HOLE);
	if (hole > data)
		*end = min(hole, size);
	data = round_down(data, PAGE_SIZE);
	*from = max(*from, data);
	return true;
}

static int ckpt_unlinked_contents(struct ckpt_ctx *ctx, struct file *file,
				  bool own, loff_t size)
{
	loff_t from = 0, end;
	u64 *offsets;
	u32 nr = 0;
	int ret = 0;

	offsets = kmalloc_array(CKPT_UNLINKED_PAGES, sizeof(*offsets),
				GFP_KERNEL_ACCOUNT);
	if (!offsets)
		return -ENOMEM;
	while (!ret && ckpt_unlinked_extent(file, own, size, &from, &end)) {
		for (; !ret && from < end; from += PAGE_SIZE)
			ret = ckpt_unlinked_add(ctx, file, offsets, &nr, from);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	if (!ret && nr)
		ret = ckpt_record_file_pages(ctx, file, offsets, nr);
	if (!ret)
		ret = ckpt_record_file_pages(ctx, file, NULL, 0);
	kfree(offsets);
	return ret;
}

static int ckpt_unlinked_record(struct ckpt_ctx *ctx, const struct path *path,
				const struct path *dir, struct ckpt_object *obj,
				struct ckpt_hdr_unlinked **rec)
{
	struct inode *inode = d_inode(path->dentry);
	struct timespec64 atime = inode_get_atime(inode);
	struct timespec64 mtime = inode_get_mtime(inode);
	struct user_namespace *ns = current_user_ns();
	struct mnt_idmap *idmap = mnt_idmap(path->mnt);
	struct ckpt_hdr_unlinked *h;

	h = ckpt_record(ctx, CKPT_HDR_UNLINKED, 0);
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->i_mode = inode->i_mode;
	h->uid = from_kuid_munged(ns, vfsuid_into_kuid(i_uid_into_vfsuid(idmap,
									 inode)));
	h->gid = from_kgid_munged(ns, vfsgid_into_kgid(i_gid_into_vfsgid(idmap,
									 inode)));
	if (S_ISREG(inode->i_mode))
		h->size = i_size_read(inode);
	h->atime = timespec64_to_ns(&atime);
	h->mtime = timespec64_to_ns(&mtime);
	if (inode->i_state & I_LINKABLE)
		h->flags |= CKPT_UNLINKED_LINKABLE;
	*rec = h;
	return ckpt_record_path(ctx, dir);
}

static int ckpt_unlinked_capture(struct ckpt_ctx *ctx, struct task_struct *task,
				 const struct path *path,
				 const struct path *dir,
				 struct ckpt_object *obj)
{
	struct ckpt_hdr_unlinked *h;
	struct file *file = NULL;
	int ret;

	if (d_is_reg(path->dentry)) {
		file = ckpt_unlinked_reader(ctx->via);
		if (IS_ERR(file))
			return ckpt_unlinked_refuse(ctx, task, path, true);
	}
	ret = ckpt_unlinked_record(ctx, path, dir, obj, &h);
	if (!ret && file)
		ret = ckpt_unlinked_contents(ctx, file, file != ctx->via,
					     h->size);
	if (file)
		fput(file);
	return ret;
}

/**
 * ckpt_unlinked_checkpoint - capture a file or directory without a name
 * @ctx: checkpoint context; @ctx->gone leads to it, @ctx->via is an open file of
 *	it if it is a file
 * @task: task on whose behalf, for messages
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int ckpt_unlinked_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			     struct ckpt_object *obj)
{
	const struct path *path = ctx->gone;
	struct path dir;
	const char *why;
	char *buf, *name;
	int ret;

	buf = __getname();
	if (!buf)
		return -ENOMEM;
	ckpt_unlinked_dir(path, &dir);
	why = ckpt_path_refusal(ctx, &dir, buf, &name);
	__putname(buf);
	if (IS_ERR(why))
		ret = PTR_ERR(why);
	else if (why)
		ret = ckpt_unlinked_refuse(ctx, task, path, false);
	else
		ret = ckpt_unlinked_capture(ctx, task, path, &dir, obj);
	path_put(&dir);
	return ret;
}

/**
 * ckpt_unlinked_ref - number of a file or directory without a name
 * @ctx: checkpoint context
 * @task: task on whose behalf, for messages
 * @path: leads to it
 * @file: an open file of it, or NULL for a directory
 *
 * Return: its number, 0 if a dry run has refused it, or a negative errno.
 */
s32 ckpt_unlinked_ref(struct ckpt_ctx *ctx, struct task_struct *task,
		      const struct path *path, struct file *file)
{
	s32 ref;

	ctx->gone = path;
	ctx->via = file;
	ref = ckpt_obj_checkpoint(ctx, task, d_inode(path->dentry),
				  CKPT_OBJ_INODE);
	ctx->via = NULL;
	ctx->gone = NULL;
	return ref;
}

/* Restart */

static void ckpt_unlinked_free(struct ckpt_inode *inode)
{
	struct ckpt_unlinked *u = container_of(inode, struct ckpt_unlinked,
					       inode);

	if (u->name)
		do_unlinkat(AT_FDCWD, getname_kernel(u->name));
	kfree(u->name);
}

static struct file *ckpt_unlinked_mkdir(struct ckpt_unlinked *u)
{
	struct file *file;
	int ret;

	ret = do_mkdirat(AT_FDCWD, getname_kernel(u->name), 0700);
	if (ret)
		return ERR_PTR(ret);
	file = filp_open(u->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	ret = do_rmdir(AT_FDCWD, getname_kernel(u->name));
	if (ret && !IS_ERR(file)) {
		fput(file);
		return ERR_PTR(ret);
	}
	kfree(u->name);
	u->name = NULL;
	return file;
}

/*
 * Without O_TMPFILE the file keeps its name until the restart ends: not every
 * file system opens a file again that has none.
 */
static struct file *ckpt_unlinked_mkfile(const struct ckpt_hdr_unlinked *h,
					 const char *dir,
					 struct ckpt_unlinked *u)
{
	int flags = O_TMPFILE | O_RDWR | O_LARGEFILE;
	struct file *file;

	if (!(h->flags & CKPT_UNLINKED_LINKABLE))
		flags |= O_EXCL;
	file = filp_open(dir, flags, 0600);
	if (!IS_ERR(file)) {
		kfree(u->name);
		u->name = NULL;
		return file;
	}
	if (PTR_ERR(file) != -EOPNOTSUPP || h->flags & CKPT_UNLINKED_LINKABLE)
		return file;
	return filp_open(u->name, O_CREAT | O_EXCL | O_RDWR | O_LARGEFILE |
			 O_NOFOLLOW, 0600);
}

static int ckpt_unlinked_write(struct ckpt_ctx *ctx, struct file *file,
			       const u64 *offsets, u32 nr, u64 size,
			       struct page **pages)
{
	ssize_t done = 0;
	int ret = 0;
	u32 run, i;
	size_t len;
	loff_t pos;

	while (nr && !ret) {
		run = min_t(u32, nr, CKPT_READ_PAGES);
		ret = ckpt_read_pages(ctx, pages, run);
		for (i = 0; i < run && !ret; i++) {
			pos = offsets[i];
			len = min_t(u64, PAGE_SIZE, size - pos);
			done = kernel_write(file, page_address(pages[i]), len,
					    &pos);
			if (done != len)
				ret = done < 0 ? done : -ENOSPC;
			cond_resched();
		}
		offsets += run;
		nr -= run;
	}
	return ret;
}

static int ckpt_unlinked_fill(struct ckpt_ctx *ctx, struct file *file,
			      u64 size)
{
	struct page **pages;
	u64 next = 0, *offsets;
	u32 nr, have = 0;
	int ret = -ENOMEM;

	pages = kcalloc(CKPT_READ_PAGES, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (; have < CKPT_READ_PAGES; have++) {
		pages[have] = alloc_page(GFP_KERNEL_ACCOUNT);
		if (!pages[have])
			goto out;
	}
	for (;;) {
		offsets = ckpt_next_chunk(ctx, &next, size, &nr);
		ret = PTR_ERR_OR_ZERO(offsets);
		if (IS_ERR_OR_NULL(offsets))
			break;
		ret = ckpt_unlinked_write(ctx, file, offsets, nr, size, pages);
		kvfree(offsets);
		if (ret)
			break;
	}
	/* Behind what was written there may be a hole. */
	if (!ret && i_size_read(file_inode(file)) != size)
		ret = vfs_truncate(&file->f_path, size);
out:
	while (have)
		__free_page(pages[--have]);
	kfree(pages);
	return ret;
}

static int ckpt_unlinked_set_times(const struct ckpt_hdr_unlinked *h,
				   struct file *file)
{
	struct timespec64 times[2] = {
		ns_to_timespec64(h->atime), ns_to_timespec64(h->mtime),
	};

	return vfs_utimes(&file->f_path, times);
}

/* Changing the owner takes set-id bits away, so the mode comes last. */
static int ckpt_unlinked_set_attr(const struct ckpt_hdr_unlinked *h,
				  struct file *file)
{
	struct user_namespace *ns = current_user_ns();
	struct inode *inode = file_inode(file);
	struct mnt_idmap *idmap = mnt_idmap(file->f_path.mnt);
	kuid_t uid = make_kuid(ns, h->uid);
	kgid_t gid = make_kgid(ns, h->gid);
	int ret = ckpt_unlinked_set_times(h, file);

	if (!ret && (!uid_valid(uid) || !gid_valid(gid)))
		ret = -EINVAL;
	if (!ret && (!vfsuid_eq_kuid(i_uid_into_vfsuid(idmap, inode), uid) ||
		     !vfsgid_eq_kgid(i_gid_into_vfsgid(idmap, inode), gid)))
		ret = vfs_fchown(file, h->uid, h->gid);
	if (!ret)
		ret = vfs_fchmod(file, h->i_mode & S_IALLUGO);
	return ret;
}

static int ckpt_unlinked_make(struct ckpt_ctx *ctx,
			      const struct ckpt_hdr_unlinked *h,
			      const char *dir, struct ckpt_unlinked *u)
{
	bool regular = S_ISREG(h->i_mode);
	struct file *file;
	int ret;

	u->name = kasprintf(GFP_KERNEL_ACCOUNT, CKPT_UNLINKED_NAME, dir,
			    ctx->id, h->objref);
	if (!u->name)
		return -ENOMEM;
	if (strlen(u->name) >= PATH_MAX) {
		kfree(u->name);
		return -ENAMETOOLONG;
	}
	file = regular ? ckpt_unlinked_mkfile(h, dir, u) :
			 ckpt_unlinked_mkdir(u);
	if (IS_ERR(file)) {
		kfree(u->name);
		return PTR_ERR(file);
	}
	u->inode.path = file->f_path;
	path_get(&u->inode.path);
	u->inode.free = ckpt_unlinked_free;
	ret = regular ? ckpt_unlinked_fill(ctx, file, h->size) : 0;
	if (!ret)
		ret = ckpt_unlinked_set_attr(h, file);
	/* Now: an executable has no writer. */
	__fput_sync(file);
	if (ret) {
		u->inode.free(&u->inode);
		path_put(&u->inode.path);
	}
	return ret;
}

static bool ckpt_unlinked_valid(const struct ckpt_hdr_unlinked *h)
{
	if (h->i_mode & ~(S_IFMT | S_IALLUGO))
		return false;
	if (S_ISDIR(h->i_mode))
		return !h->size && !h->flags;
	return S_ISREG(h->i_mode) && h->size <= MAX_LFS_FILESIZE;
}

/**
 * ckpt_unlinked_restore - make a file or directory without a name
 * @ctx: restart context
 * @h: its record
 *
 * Return: the inode or an ERR_PTR.
 */
struct ckpt_inode *ckpt_unlinked_restore(struct ckpt_ctx *ctx,
					 const struct ckpt_hdr_unlinked *h)
{
	struct ckpt_unlinked *u;
	char *dir;
	int ret;

	if (!ckpt_unlinked_valid(h))
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"unlinked file %d of mode %#o and %llu bytes",
					h->objref, h->i_mode, h->size));
	/* A write beyond the limit would end in a signal as well. */
	if (h->size > rlimit(RLIMIT_FSIZE))
		return ERR_PTR(ckpt_err(ctx, current, -EFBIG,
					"unlinked file %d of %llu bytes: more than RLIMIT_FSIZE of the caller",
					h->objref, h->size));
	dir = ckpt_next_string(ctx);
	if (IS_ERR(dir))
		return ERR_CAST(dir);
	ret = -ENOMEM;
	u = kzalloc(sizeof(*u), GFP_KERNEL_ACCOUNT);
	if (u)
		ret = dir[0] == '/' ? ckpt_unlinked_make(ctx, h, dir, u) :
				      -EINVAL;
	if (ret) {
		ckpt_err(ctx, current, ret,
			 "unlinked file %d cannot be made again in directory %s",
			 h->objref, dir);
		kfree(u);
	}
	kfree(dir);
	return ret ? ERR_PTR(ret) : &u->inode;
}

/**
 * ckpt_unlinked_inode - is a restored inode such a file or directory?
 * @inode: the inode
 */
bool ckpt_unlinked_inode(const struct ckpt_inode *inode)
{
	return inode->free == ckpt_unlinked_free;
}

/**
 * ckpt_unlinked_open - open a file or directory without a name
 * @ctx: restart context
 * @h: record of the open file
 * @flags: flags of open(2)
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_unlinked_open(struct ckpt_ctx *ctx,
				const struct ckpt_hdr_file *h, int flags)
{
	static const int modes[] = {
		[O_RDONLY]	= MAY_READ,
		[O_WRONLY]	= MAY_WRITE,
		[O_RDWR]	= MAY_READ | MAY_WRITE,
	};
	struct ckpt_inode *inode;
	struct file *file;
	int ret = 0;

	inode = ckpt_obj_fetch(ctx, h->inode_ref, CKPT_OBJ_INODE);
	if (IS_ERR(inode))
		return ERR_CAST(inode);
	if (!ckpt_unlinked_inode(inode) ||
	    (h->i_mode ^ d_inode(inode->path.dentry)->i_mode) & S_IFMT ||
	    (flags & O_ACCMODE) >= ARRAY_SIZE(modes))
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"file %d is none of unlinked file %d",
					h->objref, h->inode_ref));
	if (d_is_dir(inode->path.dentry) && (flags & O_ACCMODE))
		ret = -EISDIR;
	if (!ret && !(flags & O_PATH))
		ret = path_permission(&inode->path, MAY_OPEN |
				      modes[flags & O_ACCMODE]);
	if (!ret && (flags & O_NOATIME) && !(flags & O_PATH) &&
	    !inode_owner_or_capable(mnt_idmap(inode->path.mnt),
				    d_inode(inode->path.dentry)))
		ret = -EPERM;
	file = ret ? ERR_PTR(ret) : dentry_open(&inode->path, flags,
						current_cred());
	if (IS_ERR(file))
		ckpt_err(ctx, current, PTR_ERR(file),
			 "unlinked file %d cannot be opened, flags %#o",
			 h->inode_ref, flags);
	return file;
}
