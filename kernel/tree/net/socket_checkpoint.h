/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checkpoint/restart of sockets: interfaces between the files of net/.
 */
#ifndef _NET_SOCKET_CHECKPOINT_H
#define _NET_SOCKET_CHECKPOINT_H

#include <linux/checkpoint_ctx.h>
#include <linux/fs.h>
#include <linux/net.h>

/* A line of a struct file_operations. */
#ifdef CONFIG_CHECKPOINT
#define SOCKET_CHECKPOINT_OP	.checkpoint = sock_checkpoint,
#else
#define SOCKET_CHECKPOINT_OP
#endif

/* socket_checkpoint.c */
int sock_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		    struct file *file, struct ckpt_object *obj);

/* socket_options_checkpoint.c */
u32 sock_ckpt_options(struct sock *sk, struct ckpt_socket_option *options,
		      u32 max);
int sock_ckpt_set_options(struct ckpt_ctx *ctx, struct socket *sock,
			  const struct ckpt_socket_option *options, u32 nr);

/* unix/checkpoint.c */
int unix_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		    struct file *file, struct ckpt_object *obj);

#endif /* _NET_SOCKET_CHECKPOINT_H */
