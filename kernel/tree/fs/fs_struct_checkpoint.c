// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: root directory, working directory and umask.
 */
#include <linux/checkpoint_ctx.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/namei.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/slab.h>

#include "checkpoint.h"

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

static int ckpt_fs_record(struct ckpt_ctx *ctx, struct task_struct *task,
			  struct fs_struct *fs, struct ckpt_object *obj,
			  const struct path *root, const struct path *pwd)
{
	struct ckpt_hdr_fs *h;
	s32 ref = 0;
	int ret;

	/* Its record stands before this one. */
	if (ckpt_unlinked(pwd)) {
		ref = ckpt_unlinked_ref(ctx, task, pwd, NULL);
		if (ref <= 0)
			return ref;
	}
	h = ckpt_record(ctx, CKPT_HDR_FS, 0);
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->umask = fs->umask;
	h->pwd_ref = ref;
	ret = ckpt_dir_record(ctx, task, root, "root directory");
	if (ret)
		return ret;
	return ref ? ckpt_record_string(ctx, "") :
		     ckpt_dir_record(ctx, task, pwd, "working directory");
}

static int ckpt_fs_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			      void *ptr, struct ckpt_object *obj)
{
	struct fs_struct *fs = ptr;
	struct path root, pwd;
	int ret;

	spin_lock(&fs->lock);
	root = fs->root;
	path_get(&root);
	pwd = fs->pwd;
	path_get(&pwd);
	spin_unlock(&fs->lock);

	ret = ckpt_fs_record(ctx, task, fs, obj, &root, &pwd);
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

/* A working directory that has no name any more. */
static int ckpt_pwd_restore(struct ckpt_ctx *ctx, s32 ref, struct path *path)
{
	char *name = ckpt_next_string(ctx);
	struct ckpt_inode *inode;
	int ret = 0;

	if (IS_ERR(name))
		return PTR_ERR(name);
	inode = ckpt_obj_fetch(ctx, ref, CKPT_OBJ_INODE);
	if (IS_ERR(inode))
		ret = PTR_ERR(inode);
	else if (name[0] || !ckpt_unlinked_inode(inode) ||
		 !d_is_dir(inode->path.dentry))
		ret = ckpt_err(ctx, current, -EINVAL,
			       "object %d is no working directory", ref);
	else
		ret = path_permission(&inode->path, MAY_EXEC | MAY_CHDIR);
	if (!ret) {
		*path = inode->path;
		path_get(path);
	}
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
	ret = h->pwd_ref ? ckpt_pwd_restore(ctx, h->pwd_ref, &pwd) :
			   ckpt_dir_restore(ctx, "working directory", &pwd);
	if (ret)
		goto put_root;

	get_fs_root(current->fs, &own);
	moved = !path_equal(&own, &root);
	path_put(&own);
	ret = 0;
	if (moved && !ns_capable(current_user_ns(), CAP_SYS_CHROOT))
		ret = -EPERM;
	else if (moved)
		ret = security_path_chroot(&root);
	if (ret) {
		ckpt_err(ctx, current, ret,
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

static long ckpt_fs_users(void *ptr)
{
	struct fs_struct *fs = ptr;

	return READ_ONCE(fs->users);
}

const struct ckpt_obj_ops ckpt_fs_ops = {
	.name		= "root and working directory",
	.objtype	= CKPT_OBJ_FS,
	.grab		= ckpt_fs_grab,
	.drop		= ckpt_fs_drop,
	.checkpoint	= ckpt_fs_checkpoint,
	.restore	= ckpt_fs_restore,
	.users		= ckpt_fs_users,
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
