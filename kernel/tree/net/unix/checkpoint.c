// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint: Unix sockets.
 *
 * A socket is an object that its open file refers to, or the listening socket
 * in which it waits to be accepted. What it is connected with and what waits in
 * it comes behind the last task: sockets refer to each other, and a message may
 * hold the descriptor of any of them.
 */
#include <linux/file.h>
#include <linux/mount.h>
#include <linux/net.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>
#include <linux/un.h>
#include <net/net_namespace.h>
#include <net/tcp_states.h>

#include "../../fs/checkpoint.h"
#include "../socket_checkpoint.h"
#include "unix_checkpoint.h"

/* Options that a socket can have. */
#define UNIX_MAX_OPTIONS	64

/* More of a socket than a record holds. */
static const char *ckpt_unix_refusal(struct task_struct *task, struct sock *sk)
{
	struct net *net = NULL;
	const char *why = NULL;

	task_lock(task);
	if (task->nsproxy)
		net = task->nsproxy->net_ns;
	if (net && !net_eq(sock_net(sk), net))
		why = "it is of another network namespace than the task";
	task_unlock(task);
	if (why)
		return why;
	if (rcu_access_pointer(sk->sk_filter))
		return "a filter is attached to it";
	if (sk->sk_prot != &unix_stream_proto && sk->sk_prot != &unix_dgram_proto)
		return "it is in a socket map of BPF";
#ifdef CONFIG_BPF_SYSCALL
	if (rcu_access_pointer(sk->sk_bpf_storage))
		return "a BPF program keeps data with it";
#endif
	if (sk->sk_err && sk->sk_err != ECONNRESET)
		return "an error is pending that Unix sockets do not have";
	return NULL;
}

/**
 * unix_name_record - append a record with the address of a socket
 * @ctx: checkpoint context
 * @sk: the socket, which may be closed
 *
 * Return: 0 or -ENOMEM.
 */
int unix_name_record(struct ckpt_ctx *ctx, struct sock *sk)
{
	/* Pairs with the release of who binds it. */
	struct unix_address *addr = smp_load_acquire(&unix_sk(sk)->addr);
	u32 len = addr ? addr->len - UNIX_NAME_OFFSET : 0;
	struct ckpt_hdr_socket_name *h;

	h = ckpt_record(ctx, CKPT_HDR_SOCKET_NAME, len);
	if (!h)
		return -ENOMEM;
	h->len = len;
	if (addr)
		memcpy(h->name, addr->name->sun_path, len);
	return 0;
}

/* Is a socket found by its address? One that was accepted is not. */
static bool unix_is_bound(struct sock *sk)
{
	struct unix_sock *u = unix_sk(sk);
	/* Pairs with the release of who binds it. */
	struct unix_address *addr = smp_load_acquire(&u->addr);
	struct sock *found;

	if (!addr)
		return false;
	if (!addr->name->sun_path[0])
		return sk->sk_hash > UNIX_HASH_MOD;
	if (!u->path.dentry)
		return false;
	found = unix_find_socket_byinode(d_backing_inode(u->path.dentry));
	if (found)
		sock_put(found);
	return found == sk;
}

/*
 * The path of the file that a socket is bound to, NULL if nobody can find it by
 * that any more. 0 in *@ret for a refusal in a dry run.
 */
static char *unix_bound_path(struct ckpt_ctx *ctx, struct task_struct *task,
			     struct sock *sk, char *buf, int *ret)
{
	const struct path *path = &unix_sk(sk)->path;
	const char *why;
	char *name;

	if (d_unlinked(path->dentry) && !d_inode(path->dentry)->i_nlink)
		return NULL;
	why = ckpt_path_refusal(ctx, path, buf, &name);
	if (IS_ERR(why))
		*ret = PTR_ERR(why);
	else if (why)
		*ret = ckpt_refuse(ctx, task, -EBADF, "Unix socket %s: %s",
				   name, why);
	else
		return name;
	return NULL;
}

static int unix_peercred_record(struct ckpt_ctx *ctx, struct task_struct *task,
				const struct cred *cred, struct pid *pid)
{
	struct group_info *groups = cred->group_info;
	struct user_namespace *ns = current_user_ns();
	struct ckpt_hdr_socket_peercred *h;
	int i;

	h = ckpt_record(ctx, CKPT_HDR_SOCKET_PEERCRED,
			groups->ngroups * sizeof(u32));
	if (!h)
		return -ENOMEM;
	if (pid && ckpt_pid_inside(ctx, pid, PIDTYPE_TGID))
		h->pid = pid_nr_ns(pid, ns_of_pid(ctx->root_pid));
	else
		ckpt_warn(ctx, task,
			  "a socket was connected by a process that is outside of the hierarchy or gone: SO_PEERCRED will say 0");
	h->uid = from_kuid_munged(ns, cred->euid);
	h->gid = from_kgid_munged(ns, cred->egid);
	h->nr_groups = groups->ngroups;
	for (i = 0; i < groups->ngroups; i++)
		h->groups[i] = from_kgid_munged(ns, groups->gid[i]);
	return 0;
}

static u32 unix_state(const struct sock *sk)
{
	switch (READ_ONCE(sk->sk_state)) {
	case TCP_LISTEN:
		return CKPT_SOCKET_LISTENING;
	case TCP_ESTABLISHED:
		return CKPT_SOCKET_CONNECTED;
	}
	return CKPT_SOCKET_UNCONNECTED;
}

static void unix_fill_record(struct ckpt_hdr_socket *h, struct sock *sk,
			     const struct file *file)
{
	struct user_namespace *ns = current_user_ns();
	const struct inode *inode;

	h->family = AF_UNIX;
	h->sock_type = sk->sk_type;
	h->state = unix_state(sk);
	h->error = READ_ONCE(sk->sk_err);
	if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
		h->flags |= CKPT_SOCKF_SHUT_RD;
	if (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN)
		h->flags |= CKPT_SOCKF_SHUT_WR;
	if (h->state == CKPT_SOCKET_LISTENING)
		h->backlog = READ_ONCE(sk->sk_max_ack_backlog);
	if (!file) {
		h->flags |= CKPT_SOCKF_EMBRYO;
		return;
	}
	inode = file_inode(file);
	h->uid = from_kuid_munged(ns, inode->i_uid);
	h->gid = from_kgid_munged(ns, inode->i_gid);
	h->mode = inode->i_mode & S_IALLUGO;
}

static void unix_fill_node(struct ckpt_hdr_socket *h, struct sock *sk)
{
	struct inode *inode = d_inode(unix_sk(sk)->path.dentry);

	h->flags |= CKPT_SOCKF_PATH;
	h->node_uid = from_kuid_munged(current_user_ns(), inode->i_uid);
	h->node_gid = from_kgid_munged(current_user_ns(), inode->i_gid);
	h->node_mode = inode->i_mode & S_IALLUGO;
}

/*
 * @ctx->via is the socket's open file. One that waits to be accepted has none,
 * even if somebody outside accepts it meanwhile.
 */
static int unix_record(struct ckpt_ctx *ctx, struct task_struct *task,
		       struct sock *sk, struct ckpt_object *obj,
		       const char *path, bool bound)
{
	struct ckpt_socket_option *options;
	const struct cred *cred = NULL;
	struct ckpt_hdr_socket *h;
	struct pid *pid = NULL;
	int ret = -ENOMEM;
	u32 nr = 0;

	options = kcalloc(UNIX_MAX_OPTIONS, sizeof(*options),
			  GFP_KERNEL_ACCOUNT);
	if (!options)
		return -ENOMEM;
	if (ctx->via)
		nr = sock_ckpt_options(sk, options, UNIX_MAX_OPTIONS);
	spin_lock(&sk->sk_peer_lock);
	if (sk->sk_peer_cred)
		cred = get_cred(sk->sk_peer_cred);
	pid = get_pid(sk->sk_peer_pid);
	spin_unlock(&sk->sk_peer_lock);

	h = ckpt_record(ctx, CKPT_HDR_SOCKET, nr * sizeof(*options));
	if (!h)
		goto out;
	ret = 0;
	h->objref = ckpt_obj_number(ctx, obj);
	unix_fill_record(h, sk, ctx->via);
	h->nr_options = nr;
	memcpy(h->options, options, nr * sizeof(*options));
	if (bound)
		h->flags |= CKPT_SOCKF_BOUND;
	if (path)
		unix_fill_node(h, sk);
	if (cred)
		h->flags |= CKPT_SOCKF_PEERCRED;
	/*
	 * The address of one that waits is that of the listening socket. Pairs
	 * with the release of who binds it.
	 */
	if (smp_load_acquire(&unix_sk(sk)->addr) &&
	    !(h->flags & CKPT_SOCKF_EMBRYO)) {
		h->flags |= CKPT_SOCKF_NAME;
		ret = unix_name_record(ctx, sk);
	}
	if (!ret && path)
		ret = ckpt_record_string(ctx, path);
	if (!ret && cred)
		ret = unix_peercred_record(ctx, task, cred, pid);
out:
	if (cred)
		put_cred(cred);
	put_pid(pid);
	kfree(options);
	return ret;
}

static int unix_socket_checkpoint(struct ckpt_ctx *ctx,
				  struct task_struct *task, void *ptr,
				  struct ckpt_object *obj)
{
	unsigned int obstacles = ctx->obstacles;
	struct sock *sk = ptr;
	char *buf, *path = NULL;
	const char *why;
	bool bound;
	int ret = 0;

	why = ckpt_unix_refusal(task, sk);
	if (why)
		return ckpt_refuse(ctx, task, -EBADF,
				   "Unix socket socket:[%lu]: %s",
				   sock_i_ino(sk), why);
	buf = __getname();
	if (!buf)
		return -ENOMEM;
	bound = unix_is_bound(sk);
	if (bound && unix_sk(sk)->path.dentry) {
		path = unix_bound_path(ctx, task, sk, buf, &ret);
		/* Its file is gone: there is nothing to find it by. */
		bound = path;
	}
	if (!ret && ctx->obstacles == obstacles)
		ret = unix_record(ctx, task, sk, obj, path, bound);
	if (!ret && ctx->obstacles == obstacles)
		ret = unix_queue_later(ctx, task, sk);
	__putname(buf);
	return ret;
}

/**
 * unix_checkpoint - capture an open Unix socket
 * @ctx: checkpoint context
 * @task: task that has it open
 * @file: the socket's file
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int unix_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		    struct file *file, struct ckpt_object *obj)
{
	struct ckpt_hdr_socket_file *h;
	s32 ref;
	int ret;

	ctx->via = file;
	ref = ckpt_obj_checkpoint(ctx, task, sock_from_file(file)->sk,
				  CKPT_OBJ_SOCKET);
	ctx->via = NULL;
	/* 0: refused, in a dry run. */
	if (ref <= 0)
		return ref;
	ret = ckpt_file_record_kind(ctx, file, obj, CKPT_FILE_SOCKET);
	if (ret)
		return ret;
	h = ckpt_record(ctx, CKPT_HDR_SOCKET_FILE, 0);
	if (!h)
		return -ENOMEM;
	h->socket_ref = ref;
	return 0;
}

static void unix_socket_grab(void *ptr)
{
	sock_hold(ptr);
}

static void unix_socket_drop(void *ptr)
{
	sock_put(ptr);
}

const struct ckpt_obj_ops ckpt_socket_ops = {
	.name		= "socket",
	.objtype	= CKPT_OBJ_SOCKET,
	.grab		= unix_socket_grab,
	.drop		= unix_socket_drop,
	.free		= unix_restored_free,
	.checkpoint	= unix_socket_checkpoint,
	.restore	= unix_socket_restore,
	.settle		= unix_settle,
};
