// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: descriptor tables.
 */
#include <linux/checkpoint_ctx.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/init_task.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "internal.h"

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
			desc->file_ref = ckpt_obj_use_fd(ctx, file);
			/* Nothing in a dry run that has refused it. */
			if (!desc->file_ref && !ckpt_dry_run(ctx))
				desc = NULL;
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

static long ckpt_table_users(void *ptr)
{
	struct files_struct *files = ptr;

	return atomic_read(&files->count);
}

const struct ckpt_obj_ops ckpt_file_table_ops = {
	.name		= "file descriptor table",
	.objtype	= CKPT_OBJ_FILE_TABLE,
	.grab		= ckpt_table_grab,
	.drop		= ckpt_table_drop,
	.checkpoint	= ckpt_table_checkpoint,
	.restore	= ckpt_table_restore,
	.users		= ckpt_table_users,
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
