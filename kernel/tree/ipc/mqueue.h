/* SPDX-License-Identifier: GPL-2.0 */
/*
 * State of POSIX message queues, for mqueue.c and for checkpoint/restart.
 */
#ifndef _IPC_MQUEUE_H
#define _IPC_MQUEUE_H

#include <linux/fs.h>
#include <linux/mqueue.h>
#include <linux/msg.h>
#include <linux/rbtree.h>
#include <linux/signal_types.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

/* A line of a struct file_operations. */
#ifdef CONFIG_CHECKPOINT
#define MQUEUE_CHECKPOINT_OP	.checkpoint = mqueue_checkpoint,
#else
#define MQUEUE_CHECKPOINT_OP
#endif

struct ckpt_ctx;
struct ckpt_object;

struct posix_msg_tree_node {
	struct rb_node		rb_node;
	struct list_head	msg_list;
	int			priority;
};

struct ext_wait_queue {		/* queue of sleeping tasks */
	struct task_struct *task;
	struct list_head list;
	struct msg_msg *msg;	/* ptr of loaded message */
	int state;		/* one of STATE_* values */
};

struct mqueue_inode_info {
	spinlock_t lock; /* see "Locking" in mqueue.c */
	struct inode vfs_inode;
	wait_queue_head_t wait_q;

	struct rb_root msg_tree;
	struct rb_node *msg_tree_rightmost;
	struct posix_msg_tree_node *node_cache;
	struct mq_attr attr;

	struct sigevent notify;
	struct pid *notify_owner;
	u32 notify_self_exec_id;
	struct user_namespace *notify_user_ns;
	struct ucounts *ucounts;	/* user who created, for accounting */
	struct sock *notify_sock;
	struct sk_buff *notify_cookie;

	/* for tasks waiting for free space and messages, respectively */
	struct ext_wait_queue e_wait_q[2];

	unsigned long qsize; /* size of queue in memory (sum of all msgs) */
};

static inline struct mqueue_inode_info *MQUEUE_I(struct inode *inode)
{
	return container_of(inode, struct mqueue_inode_info, vfs_inode);
}

/* mqueue.c */
int msg_insert(struct msg_msg *msg, struct mqueue_inode_info *info);
int mqueue_create_attr(struct dentry *dentry, umode_t mode, void *arg);

/* mqueue_checkpoint.c */
int mqueue_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		      struct file *file, struct ckpt_object *obj);

#endif /* _IPC_MQUEUE_H */
