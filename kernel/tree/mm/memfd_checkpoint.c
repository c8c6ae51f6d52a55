// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: memory files, of memfd_create(2) and of MAP_HUGETLB.
 *
 * Such a file is an inode that no path leads to. It is an object of the image
 * with its pages, as shared anonymous memory is, and what descriptors and areas
 * refer to are open files of it.
 *
 * A restart makes it as memfd_create(2) does and seals it last. What a seal
 * forbids but allowed before is done before: the contents are filled in, and an
 * area that was mapped before F_SEAL_FUTURE_WRITE is mapped as if the seal were
 * not there yet. F_SEAL_WRITE leaves no such areas.
 */
#include <linux/checkpoint_ctx.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/memfd.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <uapi/linux/memfd.h>

#include "checkpoint_internal.h"

#define MEMFD_CKPT_NAME		"memfd:"
#define MEMFD_CKPT_NAME_MAX	NAME_MAX

/**
 * memfd_ckpt_is - is an inode that of a memory file?
 * @inode: the inode
 */
bool memfd_ckpt_is(const struct inode *inode)
{
	bool is, huge = hugetlb_ckpt_is(inode);
	struct dentry *dentry;

	/* The kernel's own mount: no path in it is anybody's choice. */
	if (!S_ISREG(inode->i_mode) || IS_PRIVATE(inode) ||
	    !(inode->i_sb->s_flags & SB_KERNMOUNT) ||
	    !(huge || shmem_mapping(inode->i_mapping)))
		return false;
	dentry = d_find_any_alias((struct inode *)inode);
	is = dentry && (!strncmp(dentry->d_name.name, MEMFD_CKPT_NAME,
				 strlen(MEMFD_CKPT_NAME)) ||
			(huge && hugetlb_ckpt_is_mmap(dentry->d_name.name)));
	dput(dentry);
	return is;
}

static unsigned int memfd_ckpt_seals(struct file *file)
{
	return memfd_fcntl(file, F_GET_SEALS, 0);
}

/**
 * memfd_ckpt_future_sealed - may areas of a memory file write, but no new ones?
 * @file: an open file of it
 */
bool memfd_ckpt_future_sealed(struct file *file)
{
	return memfd_ckpt_is(file_inode(file)) &&
	       (memfd_ckpt_seals(file) & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) ==
	       F_SEAL_FUTURE_WRITE;
}

/**
 * memfd_ckpt_set_future_seal - lift F_SEAL_FUTURE_WRITE for an area, and set it
 * @file: open file of a memory file that a restart has made, and nobody has yet
 * @on: set it?
 */
void memfd_ckpt_set_future_seal(struct file *file, bool on)
{
	unsigned int *seals = memfd_file_seals_ptr(file);

	if (on)
		*seals |= F_SEAL_FUTURE_WRITE;
	else
		*seals &= ~F_SEAL_FUTURE_WRITE;
}

/* Checkpoint */

static int memfd_ckpt_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
			       struct inode *inode, const char *name)
{
	struct shmem_inode_info *info = SHMEM_I(inode);
	int ret;

	if (hugetlb_ckpt_is(inode))
		return 0;
	ret = shmem_ckpt_refusals(ctx, task, inode);
	if (!ret && !RB_EMPTY_ROOT(&info->xattrs.rb_root))
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
				  "%s: a memory file with extended attributes",
				  name);
	if (!ret && info->fsflags)
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
				  "%s: a memory file with inode flags %#x",
				  name, info->fsflags);
	return ret;
}

static int memfd_ckpt_record(struct ckpt_ctx *ctx, struct inode *inode,
			     struct ckpt_object *obj, const char *name)
{
	struct timespec64 atime = inode_get_atime(inode);
	struct timespec64 mtime = inode_get_mtime(inode);
	struct user_namespace *ns = current_user_ns();
	struct ckpt_hdr_memfd *h;

	h = ckpt_record(ctx, CKPT_HDR_MEMFD, 0);
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->size = i_size_read(inode);
	if (!hugetlb_ckpt_is(inode)) {
		h->seals = READ_ONCE(SHMEM_I(inode)->seals);
	} else {
#ifdef CONFIG_HUGETLBFS
		h->seals = READ_ONCE(HUGETLBFS_I(inode)->seals);
#endif
		h->huge_shift = hugetlb_ckpt_shift(inode);
		if (hugetlb_ckpt_is_mmap(name))
			h->flags = CKPT_MEMFD_MMAP;
	}
	h->mode = inode->i_mode & S_IALLUGO;
	h->uid = from_kuid_munged(ns, inode->i_uid);
	h->gid = from_kgid_munged(ns, inode->i_gid);
	h->atime = timespec64_to_ns(&atime);
	h->mtime = timespec64_to_ns(&mtime);
	return ckpt_record_string(ctx, name);
}

/**
 * memfd_ckpt_inode - capture a memory file
 * @ctx: checkpoint context
 * @task: task on whose behalf, for messages
 * @inode: the file
 * @obj: its object
 *
 * Return: 0, -EIO for a page that is lost, -EOPNOTSUPP, -ENOMEM, -EINTR.
 */
int memfd_ckpt_inode(struct ckpt_ctx *ctx, struct task_struct *task,
		     struct inode *inode, struct ckpt_object *obj)
{
	struct dentry *dentry = d_find_any_alias(inode);
	const char *name = dentry->d_name.name;
	struct ckpt_walk w;
	int ret;

	ret = memfd_ckpt_refusals(ctx, task, inode, name);
	if (ret)
		goto put;
	ret = ckpt_walk_init(&w, CKPT_CHUNK_PAGES);
	if (!ret)
		ret = memfd_ckpt_record(ctx, inode, obj, name);
	if (!ret)
		ret = shmem_ckpt_pages(ctx, inode, &w);
	if (!ret)
		ret = ckpt_record_inode_pages(ctx, inode, NULL, NULL, 0);
	if (w.bad)
		ckpt_err(ctx, task, ret,
			 "page at %lx of %s has been lost to a memory error",
			 w.bad & PAGE_MASK, name);
	ckpt_walk_free(&w);
put:
	dput(dentry);
	return ret;
}

/* Restart */

static struct file *memfd_ckpt_create(struct ckpt_ctx *ctx,
				      const struct ckpt_hdr_memfd *h)
{
	bool mmap = h->flags & CKPT_MEMFD_MMAP;
	unsigned int flags = MFD_ALLOW_SEALING;
	struct file *file;
	char *name;
	int ret = 0;

	if (h->huge_shift || mmap)
		ret = hugetlb_ckpt_check(ctx, h);
	if (ret)
		return ERR_PTR(ret);
	if (h->huge_shift)
		flags |= MFD_HUGETLB | h->huge_shift << MFD_HUGE_SHIFT;
	name = ckpt_next_string(ctx);
	if (IS_ERR(name))
		return ERR_CAST(name);
	flags |= (h->seals & F_SEAL_EXEC) && !(h->mode & 0111) ?
		 MFD_NOEXEC_SEAL : MFD_EXEC;
	if (mmap)
		ret = hugetlb_ckpt_is_mmap(name) ? 0 : -EINVAL;
	else if (strncmp(name, MEMFD_CKPT_NAME, strlen(MEMFD_CKPT_NAME)) ||
		 strlen(name) > MEMFD_CKPT_NAME_MAX)
		ret = -EINVAL;
	else
		ret = check_sysctl_memfd_noexec(&flags);
	if (ret)
		file = ERR_PTR(ret);
	else if (mmap)
		file = hugetlb_ckpt_mmap_file(h);
	else
		file = memfd_file_create(name, flags);
	if (IS_ERR(file))
		ckpt_err(ctx, current, PTR_ERR(file),
			 "memory file %.256s cannot be made", name);
	kfree(name);
	return file;
}

/* Size, owner, mode: as ftruncate(2), fchown(2) and fchmod(2) set them. */
static int memfd_ckpt_set(struct ckpt_ctx *ctx, struct file *file,
			  const struct ckpt_hdr_memfd *h)
{
	struct inode *inode = file_inode(file);
	kuid_t uid = make_kuid(current_user_ns(), h->uid);
	kgid_t gid = make_kgid(current_user_ns(), h->gid);
	int ret = 0;

	/* Going beyond the limit would send SIGXFSZ. */
	if (h->size > MAX_LFS_FILESIZE)
		ret = -EINVAL;
	else if (h->size > rlimit(RLIMIT_FSIZE))
		ret = -EFBIG;
	if (!ret && h->size != i_size_read(inode))
		ret = do_truncate(file_mnt_idmap(file), file_dentry(file),
				  h->size, 0, file);
	if (ret)
		return ckpt_err(ctx, current, ret, "memory file of %llu bytes",
				h->size);
	if (!uid_valid(uid) || !gid_valid(gid))
		ret = -EINVAL;
	else if (!uid_eq(inode->i_uid, uid) || !gid_eq(inode->i_gid, gid))
		ret = vfs_fchown(file, h->uid, h->gid);
	if (!ret && (inode->i_mode & S_IALLUGO) != h->mode)
		ret = vfs_fchmod(file, h->mode);
	if (!ret && (inode->i_mode & S_IALLUGO) != h->mode)
		ret = -EPERM;
	if (ret)
		ckpt_err(ctx, current, ret,
			 "memory file cannot get owner %u:%u and mode %o",
			 h->uid, h->gid, h->mode);
	return ret;
}

static int memfd_ckpt_seal(struct ckpt_ctx *ctx, struct file *file,
			   const struct ckpt_hdr_memfd *h)
{
	struct timespec64 times[2] = {
		ns_to_timespec64(h->atime), ns_to_timespec64(h->mtime),
	};
	int ret;

	ret = vfs_utimes(&file->f_path, times);
	if (ret)
		return ckpt_err(ctx, current, ret,
				"times of a memory file cannot be set");
	/* One that mmap(2) has made lets nobody seal it. */
	if (h->seals && !(h->flags & CKPT_MEMFD_MMAP))
		ret = memfd_fcntl(file, F_ADD_SEALS, h->seals);
	if (!ret && memfd_ckpt_seals(file) != h->seals)
		ret = -EINVAL;
	if (ret)
		ckpt_err(ctx, current, ret,
			 "memory file cannot have seals %#x and mode %o",
			 h->seals, h->mode);
	return ret;
}

/**
 * memfd_ckpt_inode_restore - make a memory file, as memfd_create(2) does
 * @ctx: restart context
 * @h: its record
 *
 * Return: the inode or an ERR_PTR.
 */
struct ckpt_inode *memfd_ckpt_inode_restore(struct ckpt_ctx *ctx,
					    const struct ckpt_hdr_memfd *h)
{
	struct ckpt_inode *inode;
	struct file *file;
	int ret;

	inode = kzalloc(sizeof(*inode), GFP_KERNEL_ACCOUNT);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	file = memfd_ckpt_create(ctx, h);
	if (IS_ERR(file)) {
		kfree(inode);
		return ERR_CAST(file);
	}
	ret = memfd_ckpt_set(ctx, file, h);
	if (!ret && h->huge_shift)
		ret = hugetlb_ckpt_fill_all(ctx, file);
	else if (!ret)
		ret = shmem_ckpt_fill_all(ctx, file_inode(file));
	if (!ret)
		ret = memfd_ckpt_seal(ctx, file, h);
	if (!ret) {
		inode->path = file->f_path;
		path_get(&inode->path);
	}
	fput(file);
	if (!ret)
		return inode;
	kfree(inode);
	return ERR_PTR(ret);
}

/**
 * memfd_ckpt_open - the open file that memfd_create(2) returns
 * @path: the memory file
 * @flags: O_*
 *
 * Unlike one that is opened later it does not count as a writer, so that the
 * file can be executed.
 *
 * Return: the file or an ERR_PTR.
 */
struct file *memfd_ckpt_open(const struct path *path, int flags)
{
	struct file *base, *file;

	base = dentry_open(path, O_RDONLY, current_cred());
	if (IS_ERR(base))
		return base;
	file = alloc_file_clone(base, flags, base->f_op);
	fput(base);
	if (!IS_ERR(file))
		file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	return file;
}
