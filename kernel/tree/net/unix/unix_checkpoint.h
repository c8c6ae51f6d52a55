/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checkpoint/restart of Unix sockets: interfaces between the files of net/unix.
 */
#ifndef _UNIX_CHECKPOINT_H
#define _UNIX_CHECKPOINT_H

#include <linux/checkpoint_ctx.h>
#include <linux/path.h>
#include <net/af_unix.h>
#include <net/scm.h>

/* What stands before sun_path. */
#define UNIX_NAME_OFFSET	offsetof(struct sockaddr_un, sun_path)

/**
 * struct unix_restored - a restored socket
 * @ctx: the restart that it belongs to
 * @sk: the socket, with a reference
 * @file: its open file, NULL for a connection that has not been accepted
 * @h: its record
 * @path: the file that it is bound to and that the restart has made, or nothing
 * @taken: @file is in use by a file of the image
 * @filled: its queue has been restored
 * @accepted: it waits in a listening socket
 */
struct unix_restored {
	struct ckpt_ctx *ctx;
	struct sock *sk;
	struct file *file;
	struct ckpt_hdr_socket *h;
	struct path path;
	bool taken;
	bool filled;
	bool accepted;
};

/* af_unix.c */
struct sock *unix_create1(struct net *net, struct socket *sock, int kern,
			  int type);
void unix_release_sock(struct sock *sk, int embrion);
unsigned int unix_bsd_hash(struct inode *i);
unsigned int unix_abstract_hash(struct sockaddr_un *sunaddr, int addr_len,
				int type);
void unix_table_double_lock(struct net *net, unsigned int hash1,
			    unsigned int hash2);
void unix_table_double_unlock(struct net *net, unsigned int hash1,
			      unsigned int hash2);
void __unix_set_addr_hash(struct net *net, struct sock *sk,
			  struct unix_address *addr, unsigned int hash);
void unix_insert_bsd_socket(struct sock *sk);
struct sock *__unix_find_socket_byname(struct net *net,
				       struct sockaddr_un *sunname, int len,
				       unsigned int hash);
struct sock *unix_find_socket_byinode(struct inode *i);
int unix_scm_to_skb(struct scm_cookie *scm, struct sk_buff *skb, bool send_fds);
void scm_stat_add(struct sock *sk, struct sk_buff *skb);

/* Bytes of a message that a record holds. */
#define CKPT_SOCKET_MAX_MESSAGE	(1U << 22)
/* Messages that the record of a queue counts. */
#define CKPT_SOCKET_MAX_MESSAGES	1048576U

/* queue_checkpoint.c */
int unix_queue_later(struct ckpt_ctx *ctx, struct task_struct *task,
		     struct sock *sk);
int unix_name_record(struct ckpt_ctx *ctx, struct sock *sk);

/* restart.c */
struct unix_address *unix_next_name(struct ckpt_ctx *ctx);
bool unix_ids_allowed(kuid_t uid, kgid_t gid);
void *unix_socket_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr *hdr);
void unix_restored_free(void *ptr);

/* queue_restart.c */
void *unix_queue_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr *hdr);
void unix_queue_restored_free(void *ptr);
int unix_settle(struct ckpt_ctx *ctx, void *ptr);

#endif /* _UNIX_CHECKPOINT_H */
