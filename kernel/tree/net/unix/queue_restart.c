// SPDX-License-Identifier: GPL-2.0
/*
 * Restart: what Unix sockets are connected with, and what waits in them.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/io_uring.h>
#include <linux/net.h>
#include <linux/pid_namespace.h>
#include <linux/security.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/un.h>
#include <net/tcp_states.h>

#include "../socket_checkpoint.h"
#include "unix_checkpoint.h"

static bool unix_is_connection(const struct sock *sk)
{
	return sk->sk_type == SOCK_STREAM || sk->sk_type == SOCK_SEQPACKET;
}

/*
 * A socket that is closed, and of which only an address is left. It ends with
 * the last who refers to it.
 */
static struct sock *unix_make_closed(struct sock *like,
				     struct unix_address *addr)
{
	struct sock *sk;

	sk = unix_create1(sock_net(like), NULL, 0, like->sk_type);
	if (IS_ERR(sk))
		return sk;
	sk->sk_type = like->sk_type;
	/* Pairs with the acquire of getpeername(2), as in unix_bind(). */
	smp_store_release(&unix_sk(sk)->addr, addr);
	sock_hold(sk);
	unix_release_sock(sk, 0);
	return sk;
}

static struct sock *unix_next_closed(struct ckpt_ctx *ctx, struct sock *like)
{
	struct unix_address *addr = unix_next_name(ctx);
	struct sock *sk;

	if (IS_ERR(addr))
		return ERR_CAST(addr);
	sk = unix_make_closed(like, addr);
	if (IS_ERR(sk))
		kfree(addr);
	return sk;
}

static void unix_set_peer(struct sock *sk, struct sock *peer)
{
	sock_hold(peer);
	unix_state_lock(sk);
	unix_peer(sk) = peer;
	unix_state_unlock(sk);
}

static int unix_connect(struct ckpt_ctx *ctx, struct unix_restored *restored,
			s32 ref)
{
	struct unix_restored *peer = ckpt_obj_fetch(ctx, ref, CKPT_OBJ_SOCKET);
	struct sock *sk = restored->sk;
	int ret = 0;

	if (IS_ERR(peer))
		return PTR_ERR(peer);
	if (peer->sk->sk_type != sk->sk_type ||
	    (unix_is_connection(sk) &&
	     (peer == restored ||
	      peer->h->state != CKPT_SOCKET_CONNECTED)))
		return ckpt_err(ctx, current, -EINVAL,
				"socket %d cannot be connected with %d",
				restored->h->objref, ref);
	if (sk->sk_socket && peer->sk->sk_socket)
		ret = unix_is_connection(sk) ?
		      security_socket_socketpair(sk->sk_socket,
						 peer->sk->sk_socket) :
		      security_unix_may_send(sk->sk_socket,
					     peer->sk->sk_socket);
	if (ret)
		return ckpt_err(ctx, current, ret,
				"socket %d may not be connected with %d",
				restored->h->objref, ref);
	unix_set_peer(sk, peer->sk);
	return 0;
}

/* Whoever has the address now; if nobody has, it is as if they had gone. */
static int unix_connect_by_name(struct ckpt_ctx *ctx,
				struct unix_restored *restored)
{
	struct unix_address *addr = unix_next_name(ctx);
	struct sockaddr_storage name = {};
	struct sock *sk = restored->sk, *closed;
	int ret, len;

	if (IS_ERR_OR_NULL(addr))
		return addr ? PTR_ERR(addr) : -EINVAL;
	/* Of the longest path, the NUL is beyond what connect(2) takes. */
	len = min_t(int, addr->len, sizeof(struct sockaddr_un));
	memcpy(&name, addr->name, len);
	ret = -EINVAL;
	if (sk->sk_type == SOCK_DGRAM && sk->sk_socket &&
	    (!addr->name->sun_path[0] || addr->name->sun_path[0] == '/')) {
		ret = security_socket_connect(sk->sk_socket,
					      (struct sockaddr *)&name, len);
		if (!ret)
			ret = sk->sk_socket->ops->connect(sk->sk_socket,
							  (struct sockaddr *)&name,
							  len, 0);
	}
	if (!ret || ret == -EINVAL) {
		kfree(addr);
		return ret;
	}
	ckpt_warn(ctx, current,
		  "a Unix socket was connected with one outside that nobody has now");
	closed = unix_make_closed(sk, addr);
	if (IS_ERR(closed)) {
		kfree(addr);
		return PTR_ERR(closed);
	}
	unix_set_peer(sk, closed);
	sock_put(closed);
	return 0;
}

static int unix_connect_closed(struct ckpt_ctx *ctx,
			       struct unix_restored *restored)
{
	struct sock *sk = restored->sk, *closed;

	closed = unix_next_closed(ctx, sk);
	if (IS_ERR(closed))
		return PTR_ERR(closed);
	unix_set_peer(sk, closed);
	sock_put(closed);
	return 0;
}

static int unix_restore_peer(struct ckpt_ctx *ctx,
			     struct unix_restored *restored,
			     const struct ckpt_hdr_socket_queue *h)
{
	bool connection = unix_is_connection(restored->sk);
	bool connected = restored->h->state == CKPT_SOCKET_CONNECTED;
	bool peer = h->peer_ref || h->flags;

	if ((connection && peer != connected) ||
	    !!h->peer_ref + hweight32(h->flags) > 1)
		return ckpt_err(ctx, current, -EINVAL,
				"socket %d: peer %d, flags %#x",
				restored->h->objref, h->peer_ref, h->flags);
	if (h->peer_ref)
		return unix_connect(ctx, restored, h->peer_ref);
	if (h->flags & CKPT_SOCKQ_PEER_NAMED)
		return unix_connect_by_name(ctx, restored);
	if (h->flags & CKPT_SOCKQ_PEER_CLOSED)
		return unix_connect_closed(ctx, restored);
	return 0;
}

static struct scm_fp_list *unix_fp_alloc(void)
{
	struct scm_fp_list *fp;

	fp = kzalloc(sizeof(*fp), GFP_KERNEL_ACCOUNT);
	if (!fp)
		return NULL;
	fp->max = SCM_MAX_FD;
	INIT_LIST_HEAD(&fp->vertices);
	fp->user = get_uid(current_user());
	return fp;
}

static int unix_next_files(struct ckpt_ctx *ctx, struct scm_cookie *scm, u32 nr)
{
	struct ckpt_hdr_socket_right *h;
	struct file *file;
	u32 i;

	if (!nr)
		return 0;
	scm->fp = unix_fp_alloc();
	if (!scm->fp)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		h = ckpt_next_record(ctx, CKPT_HDR_SOCKET_RIGHT);
		if (IS_ERR(h))
			return PTR_ERR(h);
		file = ckpt_obj_fetch(ctx, h->file_ref, CKPT_OBJ_FILE);
		kvfree(h);
		if (IS_ERR(file))
			return PTR_ERR(file);
		/* sendmsg(2) does not take it either. */
		if (io_is_uring_fops(file))
			return -EINVAL;
		scm->fp->count_unix += !!unix_get_socket(file);
		scm->fp->fp[scm->fp->count++] = get_file(file);
	}
	return 0;
}

static int unix_restore_creds(struct ckpt_ctx *ctx,
			      const struct ckpt_hdr_socket_buffer *h,
			      struct scm_cookie *scm)
{
	scm->creds.uid = INVALID_UID;
	scm->creds.gid = INVALID_GID;
	if (!(h->flags & CKPT_SOCKB_CREDS))
		return 0;
	scm->creds.uid = make_kuid(current_user_ns(), h->uid);
	scm->creds.gid = make_kgid(current_user_ns(), h->gid);
	if (!uid_valid(scm->creds.uid) || !gid_valid(scm->creds.gid))
		return -EINVAL;
	if (!unix_ids_allowed(scm->creds.uid, scm->creds.gid))
		return ckpt_err(ctx, current, -EPERM,
				"a message from user %u, group %u", h->uid,
				h->gid);
	if (!h->pid)
		return 0;
	scm->pid = ckpt_get_pid_of(ctx, h->pid);
	return scm->pid ? 0 :
	       ckpt_err(ctx, current, -EINVAL, "a message from process %d",
			h->pid);
}

/* Who has sent a message, with a reference. */
static struct sock *unix_next_sender(struct ckpt_ctx *ctx,
				     const struct ckpt_hdr_socket_buffer *h,
				     struct sock *sk)
{
	struct unix_restored *sender;
	struct sock *peer;

	if (h->flags & CKPT_SOCKB_SENDER_NAME)
		return unix_next_closed(ctx, sk);
	if (h->flags & CKPT_SOCKB_SENDER_PEER) {
		peer = unix_peer_get(sk);
		return peer ?: ERR_PTR(-EINVAL);
	}
	sender = ckpt_obj_fetch(ctx, h->sender_ref, CKPT_OBJ_SOCKET);
	if (IS_ERR(sender))
		return ERR_CAST(sender);
	if (sender->sk->sk_type != sk->sk_type ||
	    (unix_is_connection(sk) && unix_peer(sk) != sender->sk))
		return ERR_PTR(-EINVAL);
	sock_hold(sender->sk);
	return sender->sk;
}

/*
 * Each message of somebody who is closed or outside has a sender of its own, and
 * none has to answer for the size of all. Who is not the peer may have queued no
 * more of them than this.
 */
static int unix_check_room(struct ckpt_ctx *ctx, struct sock *sk)
{
	u32 max = READ_ONCE(sk->sk_max_ack_backlog);

	if (skb_queue_len_lockless(&sk->sk_receive_queue) <= max ||
	    ns_capable(sock_net(sk)->user_ns, CAP_NET_ADMIN))
		return 0;
	return ckpt_err(ctx, current, -ENOBUFS,
			"a Unix socket with more than %u datagrams of others: net.unix.max_dgram_qlen",
			max);
}

/* In pieces like those that sendmsg(2) makes. */
static struct sk_buff *unix_make_skb(const struct ckpt_hdr_socket_buffer *h,
				     u32 size)
{
	struct sk_buff *skb;
	u32 paged = 0;
	int ret;

	if (size > SKB_MAX_ALLOC)
		paged = PAGE_ALIGN(min_t(u32, size - SKB_MAX_ALLOC,
					 MAX_SKB_FRAGS * PAGE_SIZE));
	skb = alloc_skb_with_frags(size - paged, paged,
				   PAGE_ALLOC_COSTLY_ORDER, &ret,
				   GFP_KERNEL_ACCOUNT);
	if (!skb)
		return ERR_PTR(ret);
	skb_put(skb, size - paged);
	skb->data_len = paged;
	skb->len = size;
	if (skb_store_bits(skb, 0, h->data, h->size)) {
		kfree_skb(skb);
		return ERR_PTR(-EFAULT);
	}
	return skb;
}

/* As sendmsg(2) queues it. */
static int unix_put_message(struct ckpt_ctx *ctx, struct sock *sk,
			    struct sock *sender, struct scm_cookie *scm,
			    const struct ckpt_hdr_socket_buffer *h)
{
	bool oob_read = h->flags & CKPT_SOCKB_OOB_READ;
	bool oob = h->flags & CKPT_SOCKB_OOB;
	struct unix_sock *u = unix_sk(sk);
	struct sk_buff *skb;
	int ret;

	/* An honest sender has never had more than that under way. */
	if (sk_wmem_alloc_get(sender) > 2 * READ_ONCE(sender->sk_sndbuf))
		return ckpt_err(ctx, current, -EINVAL,
				"a Unix socket with more than its sender may send");
	skb = unix_make_skb(h, h->size + oob_read);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	skb_set_owner_w(skb, sender);
	ret = unix_scm_to_skb(scm, skb, true);
	if (ret) {
		kfree_skb(skb);
		return ret;
	}
	UNIXCB(skb).consumed = oob_read;
	skb->tstamp = ns_to_ktime(h->tstamp);

	unix_state_lock(sk);
	scm_stat_add(sk, skb);
	spin_lock(&sk->sk_receive_queue.lock);
#if IS_ENABLED(CONFIG_AF_UNIX_OOB)
	if (oob)
		WRITE_ONCE(u->oob_skb, skb);
#endif
	__skb_queue_tail(&sk->sk_receive_queue, skb);
	spin_unlock(&sk->sk_receive_queue.lock);
	unix_state_unlock(sk);
	return 0;
}

static bool unix_message_valid(const struct sock *sk,
			       const struct ckpt_hdr_socket_buffer *h)
{
	u32 who = h->flags & (CKPT_SOCKB_SENDER_PEER | CKPT_SOCKB_SENDER_NAME);

	if (hweight32(who) + !!h->sender_ref != 1)
		return false;
	/* In a connection, nobody but the peer sends. */
	if (h->flags & CKPT_SOCKB_SENDER_NAME && unix_is_connection(sk))
		return false;
	if (h->flags & (CKPT_SOCKB_OOB | CKPT_SOCKB_OOB_READ)) {
		if (sk->sk_type != SOCK_STREAM ||
		    !IS_ENABLED(CONFIG_AF_UNIX_OOB))
			return false;
#if IS_ENABLED(CONFIG_AF_UNIX_OOB)
		if (h->flags & CKPT_SOCKB_OOB && unix_sk(sk)->oob_skb)
			return false;
#endif
		return h->size == !!(h->flags & CKPT_SOCKB_OOB) &&
		       !(h->flags & CKPT_SOCKB_OOB &&
			 h->flags & CKPT_SOCKB_OOB_READ);
	}
	return h->size || sk->sk_type != SOCK_STREAM;
}

static int unix_next_message(struct ckpt_ctx *ctx, struct sock *sk,
			     const struct ckpt_hdr_socket_buffer *h)
{
	struct scm_cookie scm = {};
	struct sock *sender;
	int ret;

	if (!unix_message_valid(sk, h))
		return ckpt_err(ctx, current, -EINVAL,
				"a message of %u bytes, flags %#x", h->size,
				h->flags);
	if (h->flags & CKPT_SOCKB_SENDER_NAME) {
		ret = unix_check_room(ctx, sk);
		if (ret)
			return ret;
	}
	sender = unix_next_sender(ctx, h, sk);
	if (IS_ERR(sender))
		return PTR_ERR(sender);
	ret = unix_next_files(ctx, &scm, h->nr_files);
	if (!ret)
		ret = unix_restore_creds(ctx, h, &scm);
	if (!ret)
		ret = unix_put_message(ctx, sk, sender, &scm, h);
	scm_destroy(&scm);
	sock_put(sender);
	return ret;
}

/* A connection that waits to be accepted, as connect(2) leaves it. */
static int unix_next_embryo(struct ckpt_ctx *ctx, struct sock *sk,
			    const struct ckpt_hdr_socket_buffer *h)
{
	struct unix_restored *embryo;
	struct unix_sock *u = unix_sk(sk), *newu;
	struct sk_buff *skb;

	embryo = ckpt_obj_fetch(ctx, h->sender_ref, CKPT_OBJ_SOCKET);
	if (IS_ERR(embryo))
		return PTR_ERR(embryo);
	if (embryo->file || embryo->accepted || h->flags || h->nr_files ||
	    h->size || embryo->sk->sk_type != sk->sk_type)
		return ckpt_err(ctx, current, -EINVAL,
				"socket %d does not wait to be accepted",
				h->sender_ref);
	skb = sock_wmalloc(embryo->sk, 1, 0, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	newu = unix_sk(embryo->sk);
	newu->listener = sk;
	if (u->path.dentry) {
		path_get(&u->path);
		newu->path = u->path;
	}
	refcount_inc(&u->addr->refcnt);
	/* Pairs with the acquire of getsockname(2), as in unix_bind(). */
	smp_store_release(&newu->addr, u->addr);
	embryo->accepted = true;
	unix_state_lock(sk);
	spin_lock(&sk->sk_receive_queue.lock);
	__skb_queue_tail(&sk->sk_receive_queue, skb);
	spin_unlock(&sk->sk_receive_queue.lock);
	unix_state_unlock(sk);
	return 0;
}

static int unix_fill(struct ckpt_ctx *ctx, struct unix_restored *restored,
		     u32 nr)
{
	struct ckpt_hdr_socket_buffer *h;
	struct sock *sk = restored->sk;
	int ret = 0;
	u32 i;

	for (i = 0; i < nr && !ret; i++) {
		h = ckpt_next_record(ctx, CKPT_HDR_SOCKET_BUFFER);
		if (IS_ERR(h))
			return PTR_ERR(h);
		if (restored->h->state == CKPT_SOCKET_LISTENING)
			ret = unix_next_embryo(ctx, sk, h);
		else
			ret = unix_next_message(ctx, sk, h);
		kvfree(h);
		cond_resched();
	}
	return ret;
}

/* What would have kept messages out. */
static void unix_shut(struct unix_restored *restored, bool closed)
{
	const struct ckpt_hdr_socket *h = restored->h;
	struct sock *sk = restored->sk;
	int how = 0;

	if (h->flags & CKPT_SOCKF_SHUT_RD)
		how |= RCV_SHUTDOWN;
	if (h->flags & CKPT_SOCKF_SHUT_WR)
		how |= SEND_SHUTDOWN;
	if (closed && unix_is_connection(sk))
		how = SHUTDOWN_MASK;
	unix_state_lock(sk);
	WRITE_ONCE(sk->sk_shutdown, how);
	WRITE_ONCE(sk->sk_err, h->error);
	unix_state_unlock(sk);
}

/**
 * unix_queue_restore - connect a restored socket, and put into it what it held
 * @ctx: restart context
 * @hdr: record of the queue
 *
 * Return: something that is no error, or an ERR_PTR.
 */
void *unix_queue_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_socket_queue *h = (const void *)hdr;
	struct unix_restored *restored;
	int ret;

	restored = ckpt_obj_fetch(ctx, h->socket_ref, CKPT_OBJ_SOCKET);
	if (IS_ERR(restored))
		return restored;
	/* One that waits is in the queue of who listens before it is filled. */
	if (restored->filled || (!restored->file && !restored->accepted))
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"queue %d of socket %d stands in the wrong place",
					h->objref, h->socket_ref));
	restored->filled = true;
	ret = unix_restore_peer(ctx, restored, h);
	if (!ret)
		ret = unix_fill(ctx, restored, h->nr_buffers);
	if (ret)
		return ERR_PTR(ckpt_err(ctx, current, ret,
					"the queue of socket %d cannot be restored",
					h->socket_ref));
	unix_shut(restored, h->flags & CKPT_SOCKQ_PEER_CLOSED);
	return restored;
}

/**
 * unix_queue_restored_free - nothing: the queue is part of its socket
 * @ptr: what unix_queue_restore() returned
 */
void unix_queue_restored_free(void *ptr)
{
}

/**
 * unix_settle - does a restored socket fit to its peer?
 * @ctx: restart context; everything has been read
 * @ptr: the struct unix_restored
 *
 * Return: 0 or -EINVAL.
 */
int unix_settle(struct ckpt_ctx *ctx, void *ptr)
{
	struct unix_restored *restored = ptr;
	struct sock *peer = unix_peer_get(restored->sk);
	bool fits = restored->filled;

	if (peer && unix_is_connection(restored->sk) &&
	    !sock_flag(peer, SOCK_DEAD))
		fits &= READ_ONCE(unix_peer(peer)) == restored->sk;
	if (peer)
		sock_put(peer);
	if (fits)
		return 0;
	return ckpt_err(ctx, NULL, -EINVAL,
			"socket %d is connected on one side only, or has no queue",
			restored->h->objref);
}
