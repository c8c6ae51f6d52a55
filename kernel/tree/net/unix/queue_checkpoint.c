// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint: what Unix sockets are connected with, and what waits in them.
 *
 * In two steps behind the last task. The first looks into each socket and
 * captures what is in flight there, which may be further sockets: it goes on
 * until nothing new is found. The second, when every socket of the hierarchy is
 * known, captures peers and messages. What somebody outside sends after the
 * first look stays with the original.
 */
#include <linux/file.h>
#include <linux/net.h>
#include <linux/pid_namespace.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/un.h>
#include <net/tcp_states.h>

#include "../socket_checkpoint.h"
#include "unix_checkpoint.h"

/**
 * struct unix_message - a message that waits in a socket
 * @skb: the message, with a reference
 * @offset: bytes of it that have been read
 * @oob: it is the one out of band
 * @embryo: the connection that it stands for in a listening socket, with a
 *	reference
 * @nr_files: open files in flight
 * @files: these files, with references
 */
struct unix_message {
	struct sk_buff *skb;
	struct sock *embryo;
	u32 offset;
	bool oob;
	u32 nr_files;
	struct file **files;
};

/**
 * struct unix_queue - what waits in a socket
 * @find: first step
 * @fill: second step
 * @sk: the socket, which the table of objects holds
 * @stranger: somebody outside or gone has sent a message, which has been told
 * @messages: messages
 * @nr: how many
 */
struct unix_queue {
	struct ckpt_finish find;
	struct ckpt_finish fill;
	struct sock *sk;
	bool stranger;
	struct unix_message *messages;
	u32 nr;
};

static bool unix_is_stream(const struct sock *sk)
{
	return sk->sk_type == SOCK_STREAM;
}

/* Readers take the files out of a message: @u->iolock keeps them away. */
static int unix_message_look(struct unix_message *message)
{
	struct scm_fp_list *fp = UNIXCB(message->skb).fp;
	int i;

	message->offset = UNIXCB(message->skb).consumed;
	if (!fp || !fp->count)
		return 0;
	message->files = kcalloc(fp->count, sizeof(*message->files),
				 GFP_KERNEL_ACCOUNT);
	if (!message->files)
		return -ENOMEM;
	for (i = 0; i < fp->count; i++)
		message->files[i] = get_file(fp->fp[i]);
	/* As MSG_PEEK: whoever collects garbage must not trust its counts. */
	unix_peek_fpl(fp);
	message->nr_files = fp->count;
	return 0;
}

static const struct sk_buff *unix_oob(const struct sock *sk)
{
#if IS_ENABLED(CONFIG_AF_UNIX_OOB)
	return unix_sk(sk)->oob_skb;
#else
	return NULL;
#endif
}

static int unix_queue_look(struct unix_queue *queue)
{
	struct sk_buff_head *list = &queue->sk->sk_receive_queue;
	bool listening = queue->sk->sk_state == TCP_LISTEN;
	struct unix_sock *u = unix_sk(queue->sk);
	struct unix_message *message;
	struct sk_buff *skb;
	u32 i, max;
	int ret = 0;

	/* A reader outside may wait in it for its memory. */
	if (mutex_lock_killable(&u->iolock))
		return -EINTR;
	max = skb_queue_len_lockless(list);
	if (max) {
		queue->messages = kvcalloc(max, sizeof(*queue->messages),
					   GFP_KERNEL_ACCOUNT);
		if (!queue->messages)
			ret = -ENOMEM;
	}
	if (queue->messages) {
		spin_lock(&list->lock);
		skb_queue_walk(list, skb) {
			if (queue->nr == max)
				break;
			message = &queue->messages[queue->nr++];
			message->oob = skb == unix_oob(queue->sk);
			message->skb = skb_get(skb);
			if (!listening)
				continue;
			/* Somebody outside may accept it, and close it. */
			sock_hold(skb->sk);
			message->embryo = skb->sk;
		}
		spin_unlock(&list->lock);
	}
	for (i = 0; i < queue->nr && !ret; i++)
		ret = unix_message_look(&queue->messages[i]);
	mutex_unlock(&u->iolock);
	return ret;
}

static s32 unix_message_find(struct ckpt_ctx *ctx, struct task_struct *task,
			     struct unix_message *message)
{
	s32 ref = 0;
	u32 i;

	for (i = 0; i < message->nr_files && ref >= 0; i++) {
		ref = ckpt_obj_checkpoint(ctx, task, message->files[i],
					  CKPT_OBJ_FILE);
		/* One reference is ours; the other one is as a descriptor. */
		ckpt_obj_use(ctx, message->files[i], CKPT_OBJ_FILE);
		ckpt_obj_use_fd(ctx, message->files[i]);
	}
	return ref;
}

static int unix_queue_find(struct ckpt_ctx *ctx, struct ckpt_finish *finish)
{
	struct unix_queue *queue = container_of(finish, struct unix_queue, find);
	int ret;
	s32 ref = 0;
	u32 i;

	ret = unix_queue_look(queue);
	if (ret)
		return ret;
	if (queue->nr > CKPT_SOCKET_MAX_MESSAGES)
		return ckpt_refuse(ctx, finish->task, -EBADF,
				   "Unix socket socket:[%lu]: %u messages are too many",
				   sock_i_ino(queue->sk), queue->nr);
	for (i = 0; i < queue->nr && ref >= 0; i++) {
		if (queue->messages[i].embryo)
			ref = ckpt_obj_checkpoint(ctx, finish->task,
						  queue->messages[i].embryo,
						  CKPT_OBJ_SOCKET);
		else
			ref = unix_message_find(ctx, finish->task,
						&queue->messages[i]);
		cond_resched();
	}
	ckpt_finish_add_to(ctx, &queue->fill, CKPT_FINISH_FILL);
	return min(ref, 0);
}

static void unix_queue_free(struct ckpt_finish *finish)
{
	struct unix_queue *queue = container_of(finish, struct unix_queue, find);
	struct unix_message *message;
	u32 i, j;

	for (i = 0; i < queue->nr; i++) {
		message = &queue->messages[i];
		for (j = 0; j < message->nr_files; j++)
			fput(message->files[j]);
		kfree(message->files);
		consume_skb(message->skb);
		if (message->embryo)
			sock_put(message->embryo);
	}
	kvfree(queue->messages);
	kfree(queue);
}

/* The queue belongs to the first step, which is freed after this one. */
static void unix_queue_keep(struct ckpt_finish *finish)
{
}

static int unix_queue_fill(struct ckpt_ctx *ctx, struct ckpt_finish *finish)
{
	struct unix_queue *queue = container_of(finish, struct unix_queue, fill);

	return min(ckpt_obj_checkpoint(ctx, finish->task, queue,
				       CKPT_OBJ_SOCKET_QUEUE), 0);
}

/**
 * unix_queue_later - have the queue of a socket captured behind the last task
 * @ctx: checkpoint context
 * @task: task on whose behalf, for messages
 * @sk: the socket
 *
 * Return: 0 or -ENOMEM.
 */
int unix_queue_later(struct ckpt_ctx *ctx, struct task_struct *task,
		     struct sock *sk)
{
	struct unix_queue *queue = kzalloc(sizeof(*queue), GFP_KERNEL_ACCOUNT);

	if (!queue)
		return -ENOMEM;
	queue->sk = sk;
	queue->find.task = task;
	queue->find.run = unix_queue_find;
	queue->find.free = unix_queue_free;
	queue->fill.task = task;
	queue->fill.run = unix_queue_fill;
	queue->fill.free = unix_queue_keep;
	ckpt_finish_add_to(ctx, &queue->find, CKPT_FINISH_FIND);
	return 0;
}

static int unix_outside(struct ckpt_ctx *ctx, struct task_struct *task,
			const struct sock *sk)
{
	if (!(ctx->uflags & CHECKPOINT_CUT))
		return ckpt_refuse(ctx, task, -EBUSY,
				   "Unix socket socket:[%lu]: its peer is outside of the hierarchy, and CHECKPOINT_CUT is not given",
				   sock_i_ino((struct sock *)sk));
	ckpt_warn(ctx, task,
		  "Unix socket socket:[%lu] is cut from its peer, which is outside of the hierarchy",
		  sock_i_ino((struct sock *)sk));
	return 0;
}

/*
 * Is a datagram socket found by its address, whoever has bound it by then? By
 * one that is relative to some directory, it may be another one.
 */
static bool unix_is_named(struct sock *peer)
{
	/* Pairs with the release of who binds it. */
	struct unix_address *addr = smp_load_acquire(&unix_sk(peer)->addr);

	return peer->sk_type == SOCK_DGRAM && addr &&
	       (addr->name->sun_path[0] == '/' || !addr->name->sun_path[0]);
}

/* How a socket is connected, in its record; @peer has a reference. */
static int unix_peer_fill(struct ckpt_ctx *ctx, struct task_struct *task,
			  struct ckpt_hdr_socket_queue *h, struct sock *sk,
			  struct sock *peer)
{
	int ret = 0;

	h->peer_ref = ckpt_obj_known(ctx, peer, CKPT_OBJ_SOCKET);
	if (h->peer_ref || ckpt_obj_seen(ctx, peer, CKPT_OBJ_SOCKET))
		return 0;
	if (sock_flag(peer, SOCK_DEAD)) {
		h->flags |= CKPT_SOCKQ_PEER_CLOSED;
	} else if (unix_is_named(peer)) {
		h->flags |= CKPT_SOCKQ_PEER_NAMED;
		ckpt_warn(ctx, task,
			  "Unix socket socket:[%lu]: its peer is outside of the hierarchy: a restart connects with who has the address then",
			  sock_i_ino(sk));
	} else {
		ret = unix_outside(ctx, task, sk);
		h->flags |= CKPT_SOCKQ_PEER_CLOSED;
	}
	return ret ?: unix_name_record(ctx, peer);
}

static void unix_creds_fill(struct ckpt_ctx *ctx, struct unix_queue *queue,
			    struct ckpt_hdr_socket_buffer *h,
			    const struct sk_buff *skb)
{
	struct user_namespace *ns = current_user_ns();
	struct pid *pid = UNIXCB(skb).pid;

	if (!uid_valid(UNIXCB(skb).uid) || !gid_valid(UNIXCB(skb).gid))
		return;
	h->flags |= CKPT_SOCKB_CREDS;
	if (pid && ckpt_pid_inside(ctx, pid, PIDTYPE_TGID)) {
		h->pid = pid_nr_ns(pid, ns_of_pid(ctx->root_pid));
	} else if (pid && !queue->stranger) {
		queue->stranger = true;
		ckpt_warn(ctx, queue->fill.task,
			  "Unix socket socket:[%lu]: a message is of a process that is outside of the hierarchy or gone: SCM_CREDENTIALS will say 0",
			  sock_i_ino(queue->sk));
	}
	h->uid = from_kuid_munged(ns, UNIXCB(skb).uid);
	h->gid = from_kgid_munged(ns, UNIXCB(skb).gid);
}

/* Who has sent a message: datagrams tell their reader. */
static int unix_sender_fill(struct ckpt_ctx *ctx,
			    struct ckpt_hdr_socket_buffer *h, struct sock *sk,
			    struct sock *sender)
{
	h->sender_ref = ckpt_obj_known(ctx, sender, CKPT_OBJ_SOCKET);
	if (h->sender_ref)
		return 0;
	/* The reader is held: nobody connects it to something else. */
	if (READ_ONCE(unix_peer(sk)) == sender) {
		h->flags |= CKPT_SOCKB_SENDER_PEER;
		return 0;
	}
	h->flags |= CKPT_SOCKB_SENDER_NAME;
	return unix_name_record(ctx, sender);
}

static int unix_rights_record(struct ckpt_ctx *ctx,
			      const struct unix_message *message)
{
	struct ckpt_hdr_socket_right *h;
	u32 i;

	for (i = 0; i < message->nr_files; i++) {
		h = ckpt_record(ctx, CKPT_HDR_SOCKET_RIGHT, 0);
		if (!h)
			return -ENOMEM;
		h->file_ref = ckpt_obj_known(ctx, message->files[i],
					     CKPT_OBJ_FILE);
	}
	return 0;
}

static int unix_message_record(struct ckpt_ctx *ctx, struct task_struct *task,
			       struct unix_queue *queue,
			       const struct unix_message *message)
{
	struct sk_buff *skb = message->skb;
	struct sock *sk = queue->sk;
	struct ckpt_hdr_socket_buffer *h;
	u32 size = skb->len - message->offset;
	int ret;

	if (size > CKPT_SOCKET_MAX_MESSAGE)
		return ckpt_refuse(ctx, task, -EBADF,
				   "Unix socket socket:[%lu]: a message of %u bytes is too long",
				   sock_i_ino(sk), size);
	h = ckpt_record(ctx, CKPT_HDR_SOCKET_BUFFER, size);
	if (!h)
		return -ENOMEM;
	h->size = size;
	h->nr_files = message->nr_files;
	if (message->oob)
		h->flags |= CKPT_SOCKB_OOB;
	else if (unix_is_stream(sk) && !size)
		h->flags |= CKPT_SOCKB_OOB_READ;
	/* Only datagrams to a socket that wanted it have one. */
	h->tstamp = ktime_to_ns(skb->tstamp);
	unix_creds_fill(ctx, queue, h, skb);
	ret = skb_copy_bits(skb, message->offset, h->data, size);
	if (!ret)
		ret = unix_sender_fill(ctx, h, sk, skb->sk);
	return ret ?: unix_rights_record(ctx, message);
}

/* A connection that waits to be accepted. */
static int unix_embryo_record(struct ckpt_ctx *ctx,
			      const struct unix_message *message)
{
	struct ckpt_hdr_socket_buffer *h;

	h = ckpt_record(ctx, CKPT_HDR_SOCKET_BUFFER, 0);
	if (!h)
		return -ENOMEM;
	h->sender_ref = ckpt_obj_known(ctx, message->embryo, CKPT_OBJ_SOCKET);
	return 0;
}

static int unix_queue_record(struct ckpt_ctx *ctx, struct task_struct *task,
			     struct unix_queue *queue, struct ckpt_object *obj)
{
	struct sock *sk = queue->sk, *peer;
	struct ckpt_hdr_socket_queue *h;
	int ret = 0;
	u32 i;

	h = ckpt_record(ctx, CKPT_HDR_SOCKET_QUEUE, 0);
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->socket_ref = ckpt_obj_known(ctx, sk, CKPT_OBJ_SOCKET);
	h->nr_buffers = queue->nr;
	peer = unix_peer_get(sk);
	if (peer) {
		ret = unix_peer_fill(ctx, task, h, sk, peer);
		sock_put(peer);
	}
	for (i = 0; i < queue->nr && !ret; i++) {
		if (queue->messages[i].embryo)
			ret = unix_embryo_record(ctx, &queue->messages[i]);
		else
			ret = unix_message_record(ctx, task, queue,
						  &queue->messages[i]);
		cond_resched();
	}
	return ret;
}

static int unix_queue_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
				 void *ptr, struct ckpt_object *obj)
{
	return unix_queue_record(ctx, task, ptr, obj);
}

/* The list of what is done behind the last task holds it. */
static void unix_queue_grab(void *ptr)
{
}

const struct ckpt_obj_ops ckpt_socket_queue_ops = {
	.name		= "socket queue",
	.objtype	= CKPT_OBJ_SOCKET_QUEUE,
	.grab		= unix_queue_grab,
	.drop		= unix_queue_grab,
	.free		= unix_queue_restored_free,
	.checkpoint	= unix_queue_checkpoint,
	.restore	= unix_queue_restore,
};
