// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: pipes and FIFOs.
 *
 * The pipe is an object of its own, saved once with its size and its buffers,
 * whose boundaries are kept: they are packets, and they say what is full. The
 * ends are files that refer to it.
 *
 * A restart makes the pipe without any end, fills it, and opens each end of the
 * image. So nobody ever sees an end that was closed. What is read with splice(2)
 * or given with vmsplice(2) is copied.
 */
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/pipe_fs_i.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include <uapi/linux/magic.h>

#include "checkpoint.h"

/**
 * struct ckpt_pipe_users - how many ends of a pipe the hierarchy holds
 * @finish: compares them with all ends, behind the last task
 * @inode: the pipe's, which the object table holds
 * @readers: ends that are open for reading
 * @writers: ends that are open for writing
 * @record: the pipe's record, in the image
 */
struct ckpt_pipe_users {
	struct ckpt_finish finish;
	struct inode *inode;
	unsigned int readers;
	unsigned int writers;
	struct ckpt_hdr_pipe *record;
};

static bool ckpt_is_fifo(const struct inode *inode)
{
	return inode->i_sb->s_magic != PIPEFS_MAGIC;
}

/* A file that an outsider has inherited counts as one of the hierarchy. */
static int ckpt_pipe_users_check(struct ckpt_ctx *ctx,
				 struct ckpt_finish *finish)
{
	struct ckpt_pipe_users *users =
		container_of(finish, struct ckpt_pipe_users, finish);
	struct inode *inode = users->inode;
	bool read = READ_ONCE(inode->i_pipe->readers) > users->readers;
	bool written = READ_ONCE(inode->i_pipe->writers) > users->writers;

	if (read || written)
		users->record->flags |= CKPT_PIPE_SHARED;
	/* Processes meet in a FIFO by its name, and will again. */
	if (ckpt_is_fifo(inode))
		return 0;
	if (read)
		ckpt_warn(ctx, finish->task,
			  "pipe:[%lu] is open for reading outside of the hierarchy, where a restart does not reach",
			  inode->i_ino);
	if (written)
		ckpt_warn(ctx, finish->task,
			  "pipe:[%lu] is open for writing outside of the hierarchy, where a restart does not reach",
			  inode->i_ino);
	return 0;
}

static void ckpt_pipe_users_free(struct ckpt_finish *finish)
{
	kfree(container_of(finish, struct ckpt_pipe_users, finish));
}

static int ckpt_pipe_users_add(struct ckpt_ctx *ctx, struct task_struct *task,
			       struct inode *inode, struct ckpt_object *obj,
			       struct ckpt_hdr_pipe *h)
{
	struct ckpt_pipe_users *users;

	users = kzalloc(sizeof(*users), GFP_KERNEL_ACCOUNT);
	if (!users)
		return -ENOMEM;
	users->inode = inode;
	users->finish.task = task;
	users->finish.run = ckpt_pipe_users_check;
	users->finish.free = ckpt_pipe_users_free;
	users->record = h;
	ckpt_finish_add(ctx, &users->finish);
	ckpt_obj_set_data(obj, users);
	return 0;
}

static void ckpt_pipe_users_count(struct ckpt_ctx *ctx, struct file *file)
{
	struct ckpt_pipe_users *users;

	users = ckpt_obj_data(ctx, file_inode(file), CKPT_OBJ_INODE);
	if (!users)
		return;
	users->readers += !!(file->f_mode & FMODE_READ);
	users->writers += !!(file->f_mode & FMODE_WRITE);
}

/* Contents that no record can hold. */
static const char *ckpt_pipe_buf_refusal(const struct pipe_buffer *buf)
{
	if (buf->len > PAGE_SIZE || offset_in_page(buf->offset) + buf->len >
	    PAGE_SIZE)
		return "it holds a buffer of more than a page";
	if (buf->flags & PIPE_BUF_FLAG_WHOLE)
		return "it holds notifications";
	return NULL;
}

static int ckpt_pipe_buf_record(struct ckpt_ctx *ctx,
				struct pipe_inode_info *pipe,
				struct pipe_buffer *buf)
{
	struct ckpt_hdr_pipe_buf *h;
	struct iov_iter iter;
	struct kvec kvec;
	int ret;

	/* A page of a file may still be on its way from the disk. */
	ret = pipe_buf_confirm(pipe, buf);
	if (ret)
		return ret;
	h = ckpt_record(ctx, CKPT_HDR_PIPE_BUF, buf->len);
	if (!h)
		return -ENOMEM;
	if (buf->flags & PIPE_BUF_FLAG_PACKET)
		h->flags |= CKPT_PIPE_BUF_PACKET;
	if (buf->flags & PIPE_BUF_FLAG_CAN_MERGE)
		h->flags |= CKPT_PIPE_BUF_MERGE;
	h->offset = offset_in_page(buf->offset);
	h->size = buf->len;
	kvec.iov_base = h->data;
	kvec.iov_len = buf->len;
	iov_iter_kvec(&iter, ITER_DEST, &kvec, 1, buf->len);
	if (copy_page_to_iter(buf->page, buf->offset, buf->len, &iter) !=
	    buf->len)
		return -EFAULT;
	return 0;
}

static const char *ckpt_pipe_refusal(struct pipe_inode_info *pipe)
{
	const char *why = NULL;
	unsigned int i;

	if (pipe_has_watch_queue(pipe))
		return "it is a notification queue";
	for (i = pipe->tail; i != pipe->head && !why; i++)
		why = ckpt_pipe_buf_refusal(pipe_buf(pipe, i));
	return why;
}

static int ckpt_pipe_record(struct ckpt_ctx *ctx, struct task_struct *task,
			    struct inode *inode, struct ckpt_object *obj)
{
	struct pipe_inode_info *pipe = inode->i_pipe;
	struct ckpt_hdr_pipe *h;
	struct pipe_buffer *buf;
	unsigned int i;
	u32 nr = 0;
	int ret;

	/* An empty one is left over from a write that failed. */
	for (i = pipe->tail; i != pipe->head; i++)
		nr += !!pipe_buf(pipe, i)->len;
	h = ckpt_record(ctx, CKPT_HDR_PIPE, 0);
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->size = pipe->max_usage * PAGE_SIZE;
	h->nr_bufs = nr;
	ret = ckpt_pipe_users_add(ctx, task, inode, obj, h);
	if (!ret && ckpt_is_fifo(inode)) {
		h->flags |= CKPT_PIPE_FIFO;
		ret = ckpt_record_path(ctx, &ctx->via->f_path);
	}
	for (i = pipe->tail; i != pipe->head && !ret; i++) {
		buf = pipe_buf(pipe, i);
		if (buf->len)
			ret = ckpt_pipe_buf_record(ctx, pipe, buf);
	}
	return ret;
}

/**
 * ckpt_pipe_checkpoint - capture a pipe, without its ends
 * @ctx: checkpoint context; @ctx->via is an end of the pipe
 * @task: task that has an end open
 * @inode: the pipe's
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int ckpt_pipe_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			 struct inode *inode, struct ckpt_object *obj)
{
	struct pipe_inode_info *pipe = inode->i_pipe;
	const char *why;
	char *buf;
	int ret = 0;

	/* An outsider may use it meanwhile. */
	pipe_lock(pipe);
	why = ckpt_pipe_refusal(pipe);
	if (!why)
		ret = ckpt_pipe_record(ctx, task, inode, obj);
	pipe_unlock(pipe);
	if (!why)
		return ret;

	buf = __getname();
	if (!buf)
		return -ENOMEM;
	ret = ckpt_refuse(ctx, task, -EBADF, "pipe %s: %s",
			  ckpt_file_name(ctx->via, buf), why);
	__putname(buf);
	return ret;
}

/* A FIFO is found again by its path. */
static int ckpt_fifo_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
			      struct file *file)
{
	char *buf, *name;
	const char *why;
	int ret = 0;

	buf = __getname();
	if (!buf)
		return -ENOMEM;
	why = ckpt_path_refusal(ctx, &file->f_path, buf, &name);
	if (why)
		ret = ckpt_refuse(ctx, task, -EBADF, "FIFO %s: %s", name, why);
	__putname(buf);
	return ret;
}

/**
 * pipe_checkpoint - capture an end of a pipe or FIFO
 * @ctx: checkpoint context
 * @task: task that has it open
 * @file: the end
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int pipe_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		    struct file *file, struct ckpt_object *obj)
{
	struct inode *inode = file_inode(file);
	bool fifo = ckpt_is_fifo(inode);
	struct ckpt_hdr_file *h;
	s32 ref;
	int ret;

	if (fifo) {
		ret = ckpt_fifo_refusals(ctx, task, file);
		if (ret)
			return ret;
	}
	ctx->via = file;
	ref = ckpt_obj_checkpoint(ctx, task, inode, CKPT_OBJ_INODE);
	ctx->via = NULL;
	/* 0: refused, in a dry run. */
	if (ref <= 0)
		return ref;
	ckpt_pipe_users_count(ctx, file);

	h = ckpt_file_record(ctx, file, obj,
			     fifo ? CKPT_FILE_FIFO : CKPT_FILE_PIPE);
	if (!h)
		return -ENOMEM;
	h->inode_ref = ref;
	if (fifo && file->f_pipe && file->f_pipe == inode->i_pipe->w_counter)
		h->marks |= CKPT_FILEF_NO_WRITER_YET;
	return 0;
}

/* An end that never waits for another one. */
static struct file *ckpt_pipe_hold(const struct path *path)
{
	return dentry_open(path, O_RDWR | O_NONBLOCK, current_cred());
}

/* Put the next buffer of the image into a pipe; NULL to leave it out. */
static int ckpt_pipe_fill_buf(struct ckpt_ctx *ctx,
			      struct pipe_inode_info *pipe)
{
	struct ckpt_hdr_pipe_buf *h;
	struct pipe_buffer *buf;
	struct page *page;
	int ret = -EINVAL;

	h = ckpt_next_record(ctx, CKPT_HDR_PIPE_BUF);
	if (IS_ERR(h))
		return PTR_ERR(h);
	if (!h->size || h->offset > PAGE_SIZE ||
	    h->size > PAGE_SIZE - h->offset) {
		ckpt_err(ctx, current, ret, "a pipe's buffer of %u bytes at %u",
			 h->size, h->offset);
		goto out;
	}
	ret = 0;
	if (!pipe)
		goto out;
	ret = -ENOMEM;
	page = alloc_page(GFP_HIGHUSER | __GFP_ACCOUNT | __GFP_ZERO);
	if (!page)
		goto out;
	memcpy_to_page(page, h->offset, h->data, h->size);

	pipe_lock(pipe);
	if (pipe_full(pipe->head, pipe->tail, pipe->max_usage)) {
		ret = ckpt_err(ctx, current, -EINVAL,
			       "a pipe of %u buffers is full before its last",
			       pipe->max_usage);
		put_page(page);
	} else {
		buf = pipe_head_buf(pipe);
		*buf = (struct pipe_buffer) {
			.page	= page,
			.offset	= h->offset,
			.len	= h->size,
			.ops	= &nosteal_pipe_buf_ops,
		};
		if (h->flags & CKPT_PIPE_BUF_PACKET)
			buf->flags |= PIPE_BUF_FLAG_PACKET;
		if (h->flags & CKPT_PIPE_BUF_MERGE)
			buf->flags |= PIPE_BUF_FLAG_CAN_MERGE;
		pipe->head++;
		ret = 0;
	}
	pipe_unlock(pipe);
out:
	kvfree(h);
	return ret;
}

/*
 * Is what was in a FIFO still there? It outlives the hierarchy with others who
 * have it open. Nothing is put behind what someone else has put in.
 */
static bool ckpt_pipe_kept(const struct ckpt_hdr_pipe *h,
			   struct pipe_inode_info *pipe)
{
	bool kept;

	pipe_lock(pipe);
	kept = !pipe_empty(pipe->head, pipe->tail);
	if (h->flags & CKPT_PIPE_SHARED)
		kept |= pipe->readers > 1 || pipe->writers > 1;
	pipe_unlock(pipe);
	return kept;
}

/* Size and contents of a pipe; @hold is an end of it. */
static int ckpt_pipe_fill(struct ckpt_ctx *ctx, const struct ckpt_hdr_pipe *h,
			  struct file *hold)
{
	struct pipe_inode_info *pipe = file_inode(hold)->i_pipe;
	bool kept = ckpt_pipe_kept(h, pipe);
	int ret = 0;
	u32 i;

	if (kept && h->nr_bufs)
		ckpt_warn(ctx, current,
			  "a FIFO is in use: what was in it at the checkpoint is not put in again");
	if (!kept && h->size != pipe->max_usage * PAGE_SIZE)
		ret = pipe_fcntl(hold, F_SETPIPE_SZ, h->size);
	if (ret >= 0 && !kept && h->size != pipe->max_usage * PAGE_SIZE)
		ret = -EINVAL;
	if (ret < 0)
		return ckpt_err(ctx, current, ret,
				"a pipe of %u bytes cannot be made", h->size);
	for (i = 0; i < h->nr_bufs; i++) {
		ret = ckpt_pipe_fill_buf(ctx, kept ? NULL : pipe);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

static int ckpt_pipe_make(struct ckpt_inode *pipe, struct file **hold)
{
	struct file *ends[2];
	int ret;

	ret = create_pipe_files(ends, 0);
	if (ret)
		return ret;
	pipe->path = ends[0]->f_path;
	path_get(&pipe->path);
	__fput_sync(ends[1]);
	*hold = ends[0];
	return 0;
}

static int ckpt_fifo_find(struct ckpt_ctx *ctx, const struct ckpt_hdr_pipe *h,
			  struct ckpt_inode *pipe, struct file **hold)
{
	char *name = ckpt_next_string(ctx);
	int ret;

	if (IS_ERR(name))
		return PTR_ERR(name);
	ret = name[0] == '/' ? kern_path(name, 0, &pipe->path) : -EINVAL;
	if (!ret && !S_ISFIFO(d_inode(pipe->path.dentry)->i_mode))
		ret = -EINVAL;
	/* Who cannot write to it cannot put anything in. */
	if (!ret && (h->nr_bufs || path_permission(&pipe->path, MAY_READ)))
		ret = path_permission(&pipe->path, MAY_WRITE);
	if (!ret) {
		*hold = ckpt_pipe_hold(&pipe->path);
		ret = PTR_ERR_OR_ZERO(*hold);
	}
	if (ret)
		ckpt_err(ctx, current, ret, "cannot restore FIFO %s", name);
	kfree(name);
	return ret;
}

static void ckpt_pipe_free(struct ckpt_inode *pipe)
{
	struct inode *inode = d_inode(pipe->path.dentry);

	put_pipe_info(inode, inode->i_pipe);
}

/* Keep the pipe when its last end is closed: the restored ones come later. */
static void ckpt_pipe_keep(struct ckpt_inode *pipe)
{
	struct inode *inode = d_inode(pipe->path.dentry);

	spin_lock(&inode->i_lock);
	inode->i_pipe->files++;
	spin_unlock(&inode->i_lock);
	pipe->free = ckpt_pipe_free;
}

/**
 * ckpt_pipe_restore - make a pipe, or find a FIFO, and fill it
 * @ctx: restart context
 * @h: its record
 *
 * Return: the pipe, without any end, or an ERR_PTR.
 */
struct ckpt_inode *ckpt_pipe_restore(struct ckpt_ctx *ctx,
				     const struct ckpt_hdr_pipe *h)
{
	struct ckpt_inode *pipe;
	struct file *hold;
	int ret;

	pipe = kzalloc(sizeof(*pipe), GFP_KERNEL_ACCOUNT);
	if (!pipe)
		return ERR_PTR(-ENOMEM);
	if (h->flags & CKPT_PIPE_FIFO)
		ret = ckpt_fifo_find(ctx, h, pipe, &hold);
	else
		ret = ckpt_pipe_make(pipe, &hold);
	if (!ret) {
		ckpt_pipe_keep(pipe);
		ret = ckpt_pipe_fill(ctx, h, hold);
		/* Now, not on the way to user mode: nobody sees this end. */
		__fput_sync(hold);
	}
	if (!ret)
		return pipe;
	if (pipe->free)
		pipe->free(pipe);
	path_put(&pipe->path);
	kfree(pipe);
	return ERR_PTR(ret);
}

static int ckpt_pipe_may_open(const struct path *path, unsigned int flags)
{
	static const int modes[] = {
		[O_RDONLY]	= MAY_READ,
		[O_WRONLY]	= MAY_WRITE,
		[O_RDWR]	= MAY_READ | MAY_WRITE,
	};
	struct inode *inode = d_inode(path->dentry);

	if ((flags & O_ACCMODE) >= ARRAY_SIZE(modes))
		return -EINVAL;
	if (!ckpt_is_fifo(inode))
		return 0;
	if ((flags & O_NOATIME) &&
	    !inode_owner_or_capable(mnt_idmap(path->mnt), inode))
		return -EPERM;
	return path_permission(path, MAY_OPEN | modes[flags & O_ACCMODE]);
}

/**
 * ckpt_pipe_open - open an end of a restored pipe or FIFO
 * @ctx: restart context
 * @h: the end's record
 *
 * Return: the end, or an ERR_PTR.
 */
struct file *ckpt_pipe_open(struct ckpt_ctx *ctx, const struct ckpt_hdr_file *h)
{
	unsigned int flags = h->f_flags & (O_ACCMODE | O_APPEND | O_SYNC |
					   O_NOATIME | O_LARGEFILE);
	bool fifo = h->f_type == CKPT_FILE_FIFO;
	struct ckpt_inode *pipe;
	struct file *file, *hold;
	struct inode *inode;
	int ret;

	pipe = ckpt_obj_fetch(ctx, h->inode_ref, CKPT_OBJ_INODE);
	if (IS_ERR(pipe))
		return ERR_CAST(pipe);
	inode = d_inode(pipe->path.dentry);
	if (pipe->free != ckpt_pipe_free || ckpt_is_fifo(inode) != fifo)
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"file %d is no end of object %d",
					h->objref, h->inode_ref));
	ret = ckpt_pipe_may_open(&pipe->path, flags);
	if (ret)
		return ERR_PTR(ckpt_err(ctx, current, ret,
					"cannot open %s again, flags %#o",
					fifo ? "FIFO" : "pipe", flags));
	/* A FIFO without readers does not open for writing. */
	hold = ckpt_pipe_hold(&pipe->path);
	if (IS_ERR(hold))
		return hold;
	file = dentry_open(&pipe->path, flags | O_NONBLOCK, current_cred());
	__fput_sync(hold);
	if (IS_ERR(file))
		return file;
	file->f_pipe = 0;
	if (h->marks & CKPT_FILEF_NO_WRITER_YET)
		file->f_pipe = inode->i_pipe->w_counter;
	/* As pipe2(2) has it, and opening a FIFO has not. */
	if (!fifo)
		file->f_mode |= FMODE_NOWAIT;
	return file;
}
