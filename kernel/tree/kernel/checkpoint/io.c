// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: file input and output.
 */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/uio.h>

#include "internal.h"

/**
 * ckpt_file_io - read or write at the position of a file
 * @file: file open for it
 * @iter: what to write, or where to read to; advanced by what was done
 *
 * As read(2) and write(2) do, but until all is done.
 *
 * Return: 0 when all has been done; -EPIPE when the file ends before that;
 * otherwise what the call would have failed with.
 */
int ckpt_file_io(struct file *file, struct iov_iter *iter)
{
	bool write = iov_iter_rw(iter) == ITER_SOURCE;
	bool stream = file->f_mode & FMODE_STREAM;
	bool lock = file->f_mode & FMODE_ATOMIC_POS;
	ssize_t ret = 0;
	loff_t pos;

	if (lock)
		mutex_lock(&file->f_pos_lock);
	while (iov_iter_count(iter)) {
		pos = file->f_pos;
		if (write)
			ret = vfs_iter_write(file, iter, stream ? NULL : &pos,
					     0);
		else
			ret = vfs_iter_read(file, iter, stream ? NULL : &pos,
					    0);
		if (ret <= 0)
			break;
		if (!stream)
			file->f_pos = pos;
	}
	if (lock)
		mutex_unlock(&file->f_pos_lock);

	if (!iov_iter_count(iter))
		return 0;
	if (!ret)
		return write ? -EIO : -EPIPE;
	/* A system call that has begun does not start over. */
	if (ret == -ERESTARTSYS || ret == -ERESTARTNOINTR ||
	    ret == -ERESTARTNOHAND || ret == -ERESTART_RESTARTBLOCK)
		return -EINTR;
	return ret;
}
