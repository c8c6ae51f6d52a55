/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checkpoint/restart of terminals: interfaces between the files of drivers/tty.
 */
#ifndef _TTY_CHECKPOINT_H
#define _TTY_CHECKPOINT_H

#include <linux/checkpoint_ctx.h>
#include <linux/fs.h>
#include <linux/tty.h>

#if defined(CONFIG_CHECKPOINT) && defined(CONFIG_UNIX98_PTYS)

/* A line of a struct file_operations. */
#define TTY_CHECKPOINT_OP	.checkpoint = tty_checkpoint,

/**
 * struct pty_request - who opens the multiplexor inside the kernel wants a number
 * @index: the number of the slave, negative for any
 */
struct pty_request {
	int index;
};

/**
 * pty_wanted_index - the number that who opens the multiplexor wants
 * @filp: the file, which open(2) leaves without private data
 *
 * Return: the number, or -1 for any.
 */
static inline int pty_wanted_index(struct file *filp)
{
	struct pty_request *request = filp->private_data;

	filp->private_data = NULL;
	return request ? request->index : -1;
}

#else

#define TTY_CHECKPOINT_OP

static inline int pty_wanted_index(struct file *filp)
{
	return -1;
}

#endif

/* The terminal of an open file, hung up or not. */
static inline struct tty_struct *tty_of_file(struct file *file)
{
	struct tty_file_private *priv = file->private_data;

	return priv->tty;
}

/* tty_checkpoint.c */
int tty_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		   struct file *file, struct ckpt_object *obj);

/* tty_io.c */
void tty_file_hang_up(struct file *filp);

/* pty_checkpoint.c */
bool tty_is_unix98(const struct tty_struct *tty);
bool tty_is_unix98_slave(const struct tty_struct *tty);
void pty_count_file(struct ckpt_ctx *ctx, struct tty_struct *master,
		    struct file *file);

/**
 * struct ckpt_tty - a restored pseudo terminal
 * @master: its master
 * @slave: the other end
 * @h: its record
 * @ends: the slave's record and the master's
 * @taken: the master is in a descriptor table
 * @opened: so is the slave, and it is not hung up
 */
struct ckpt_tty {
	struct file *master;
	struct tty_struct *slave;
	struct ckpt_hdr_pty *h;
	struct ckpt_hdr_pty_end *ends[2];
	bool taken;
	bool opened;
};

/* n_tty_checkpoint.c */
struct n_tty_data;
void n_tty_ckpt_count(const struct tty_struct *tty,
		      struct ckpt_hdr_pty_end *end);
u16 *n_tty_ckpt_get(const struct tty_struct *tty,
		    struct ckpt_hdr_pty_end *end, u16 *cell);
bool n_tty_ckpt_valid(const struct ckpt_hdr_pty_end *end);
void n_tty_ckpt_set(struct tty_struct *tty, const struct ckpt_hdr_pty_end *end);

#endif /* _TTY_CHECKPOINT_H */
