// SPDX-License-Identifier: GPL-2.0
/*
 * Restart: Unix sockets.
 *
 * A socket is made, bound and told to listen as by system calls, with the rights
 * of the caller. The file that it was bound to outlives the program that made
 * it: if it is still there and nobody listens behind it, the socket is bound to
 * it again; otherwise it is made anew.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/net.h>
#include <linux/nsproxy.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/un.h>
#include <net/net_namespace.h>
#include <net/tcp_states.h>

#include "../socket_checkpoint.h"
#include "unix_checkpoint.h"

/**
 * unix_ids_allowed - may the caller name others as a sender?
 * @uid: user
 * @gid: group
 *
 * Return: as sendmsg(2) decides about SCM_CREDENTIALS.
 */
bool unix_ids_allowed(kuid_t uid, kgid_t gid)
{
	const struct cred *cred = current_cred();

	return (uid_eq(uid, cred->uid) || uid_eq(uid, cred->euid) ||
		uid_eq(uid, cred->suid) ||
		ns_capable(cred->user_ns, CAP_SETUID)) &&
	       (gid_eq(gid, cred->gid) || gid_eq(gid, cred->egid) ||
		gid_eq(gid, cred->sgid) ||
		ns_capable(cred->user_ns, CAP_SETGID));
}

/**
 * unix_next_name - read an address
 * @ctx: restart context
 *
 * Return: the address, NULL for none, or an ERR_PTR.
 */
struct unix_address *unix_next_name(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_socket_name *h;
	struct unix_address *addr = NULL;
	struct sockaddr_un *name;
	u32 len;

	h = ckpt_next_record(ctx, CKPT_HDR_SOCKET_NAME);
	if (IS_ERR(h))
		return ERR_CAST(h);
	len = h->len;
	if (!len)
		goto out;
	/* A path ends in a NUL, which is the 109th byte of the longest. */
	if (len > sizeof(name->sun_path) + !!h->name[0] ||
	    (h->name[0] && strnlen((char *)h->name, len) != len - 1)) {
		addr = ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"a Unix socket's address of %u bytes is none",
					len));
		goto out;
	}
	addr = kmalloc(sizeof(*addr) + UNIX_NAME_OFFSET + len,
		       GFP_KERNEL_ACCOUNT);
	if (!addr) {
		addr = ERR_PTR(-ENOMEM);
		goto out;
	}
	refcount_set(&addr->refcnt, 1);
	addr->len = UNIX_NAME_OFFSET + len;
	addr->name->sun_family = AF_UNIX;
	memcpy((u8 *)addr->name + UNIX_NAME_OFFSET, h->name, len);
out:
	kvfree(h);
	return addr;
}

/* Only to be told by getsockname(2): nobody finds the socket. */
static void unix_set_name(struct sock *sk, struct unix_address *addr)
{
	/* Pairs with the acquire of getsockname(2), as in unix_bind(). */
	smp_store_release(&unix_sk(sk)->addr, addr);
}

/* The caller of unix_bind_at() owns the address unless it returns 0. */
static int unix_bind_abstract_name(struct sock *sk, struct unix_address *addr)
{
	struct net *net = sock_net(sk);
	unsigned int old_hash = sk->sk_hash, new_hash;
	int ret = 0;

	new_hash = unix_abstract_hash(addr->name, addr->len, sk->sk_type);
	unix_table_double_lock(net, old_hash, new_hash);
	if (__unix_find_socket_byname(net, addr->name, addr->len, new_hash))
		ret = -EADDRINUSE;
	else
		__unix_set_addr_hash(net, sk, addr, new_hash);
	unix_table_double_unlock(net, old_hash, new_hash);
	return ret;
}

static void unix_bind_inode(struct sock *sk, struct unix_address *addr,
			    const struct path *path)
{
	unsigned int new_hash = unix_bsd_hash(d_inode(path->dentry));
	unsigned int old_hash = sk->sk_hash;
	struct net *net = sock_net(sk);

	path_get(path);
	unix_table_double_lock(net, old_hash, new_hash);
	unix_sk(sk)->path = *path;
	__unix_set_addr_hash(net, sk, addr, new_hash);
	unix_table_double_unlock(net, old_hash, new_hash);
	unix_insert_bsd_socket(sk);
}

/* As bind(2): the directory says who may. */
static int unix_make_node(const struct ckpt_hdr_socket *h, const char *name,
			  struct path *path)
{
	umode_t mode = S_IFSOCK | h->node_mode;
	struct path parent;
	struct dentry *dentry;
	int ret;

	dentry = kern_path_create(AT_FDCWD, name, &parent, 0);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	ret = security_path_mknod(&parent, dentry, mode, 0);
	if (!ret)
		ret = vfs_mknod(mnt_idmap(parent.mnt), d_inode(parent.dentry),
				dentry, mode, 0);
	if (!ret) {
		path->mnt = mntget(parent.mnt);
		path->dentry = dget(dentry);
	}
	done_path_create(&parent, dentry);
	return ret;
}

static void unix_remove_node(struct path *path)
{
	struct dentry *parent = dget_parent(path->dentry);
	struct inode *dir = d_inode(parent);

	if (!mnt_want_write(path->mnt)) {
		inode_lock_nested(dir, I_MUTEX_PARENT);
		if (path->dentry->d_parent == parent &&
		    !d_unhashed(path->dentry))
			vfs_unlink(mnt_idmap(path->mnt), dir, path->dentry,
				   NULL);
		inode_unlock(dir);
		mnt_drop_write(path->mnt);
	}
	dput(parent);
	path_put(path);
	*path = (struct path){};
}

static int unix_set_node(const struct ckpt_hdr_socket *h,
			 const struct path *path)
{
	struct inode *inode = d_inode(path->dentry);
	struct user_namespace *ns = current_user_ns();
	struct iattr attr = {};
	int ret;

	attr.ia_uid = make_kuid(ns, h->node_uid);
	attr.ia_gid = make_kgid(ns, h->node_gid);
	if (!uid_valid(attr.ia_uid) || !gid_valid(attr.ia_gid))
		return -EINVAL;
	attr.ia_vfsuid = make_vfsuid(mnt_idmap(path->mnt), i_user_ns(inode),
				     attr.ia_uid);
	attr.ia_vfsgid = make_vfsgid(mnt_idmap(path->mnt), i_user_ns(inode),
				     attr.ia_gid);
	attr.ia_mode = S_IFSOCK | h->node_mode;
	if (!uid_eq(inode->i_uid, attr.ia_uid))
		attr.ia_valid |= ATTR_UID | ATTR_CTIME;
	if (!gid_eq(inode->i_gid, attr.ia_gid))
		attr.ia_valid |= ATTR_GID | ATTR_CTIME;
	if (inode->i_mode != attr.ia_mode)
		attr.ia_valid |= ATTR_MODE | ATTR_CTIME;
	if (!attr.ia_valid)
		return 0;
	ret = mnt_want_write(path->mnt);
	if (ret)
		return ret;
	inode_lock(inode);
	ret = notify_change(mnt_idmap(path->mnt), path->dentry, &attr, NULL);
	inode_unlock(inode);
	mnt_drop_write(path->mnt);
	return ret;
}

/*
 * The file that the original was bound to. Who could remove it and bind another
 * one in its place may have it: its owner.
 */
static int unix_take_node(const struct path *path)
{
	struct inode *inode = d_inode(path->dentry);
	struct sock *other;

	if (!S_ISSOCK(inode->i_mode))
		return -EADDRINUSE;
	if (!inode_owner_or_capable(mnt_idmap(path->mnt), inode))
		return -EACCES;
	other = unix_find_socket_byinode(inode);
	if (!other)
		return 0;
	sock_put(other);
	return -EADDRINUSE;
}

static int unix_bind_path(struct ckpt_ctx *ctx, struct unix_restored *restored,
			  struct unix_address *addr)
{
	char *name = ckpt_next_string(ctx);
	struct path path = {};
	int ret;

	if (IS_ERR(name))
		return PTR_ERR(name);
	ret = name[0] == '/' ? kern_path(name, 0, &path) : -EINVAL;
	if (!ret) {
		ret = unix_take_node(&path);
	} else if (ret == -ENOENT) {
		ret = unix_make_node(restored->h, name, &path);
		if (!ret) {
			restored->path = path;
			path_get(&path);
			ret = unix_set_node(restored->h, &path);
		}
	}
	/* Two restarts may both have found it free: as two that bind(2). */
	if (!ret)
		unix_bind_inode(restored->sk, addr, &path);
	path_put(&path);
	if (ret)
		ckpt_err(ctx, current, ret, "cannot bind a Unix socket to %s",
			 name);
	kfree(name);
	return ret;
}

static int unix_restore_name(struct ckpt_ctx *ctx,
			     struct unix_restored *restored)
{
	const struct ckpt_hdr_socket *h = restored->h;
	struct unix_address *addr;
	int ret = 0;

	if (!(h->flags & CKPT_SOCKF_NAME))
		return 0;
	addr = unix_next_name(ctx);
	if (IS_ERR_OR_NULL(addr))
		return addr ? PTR_ERR(addr) : -EINVAL;
	if (h->flags & CKPT_SOCKF_PATH) {
		ret = unix_bind_path(ctx, restored, addr);
	} else if (h->flags & CKPT_SOCKF_BOUND) {
		ret = addr->name->sun_path[0] ? -EINVAL :
		      unix_bind_abstract_name(restored->sk, addr);
		if (ret)
			ckpt_err(ctx, current, ret,
				 "cannot bind a Unix socket to the abstract address %*pE",
				 (int)(addr->len - UNIX_NAME_OFFSET - 1),
				 addr->name->sun_path + 1);
	} else {
		unix_set_name(restored->sk, addr);
	}
	if (ret)
		kfree(addr);
	return ret;
}

/* Whom SO_PEERCRED names: whom the caller could name as a sender. */
static struct cred *unix_make_peercred(struct ckpt_ctx *ctx,
				       const struct ckpt_hdr_socket_peercred *h)
{
	struct user_namespace *ns = current_user_ns();
	kuid_t uid = make_kuid(ns, h->uid);
	kgid_t gid = make_kgid(ns, h->gid);
	struct group_info *groups;
	struct cred *cred;
	bool allowed;
	u32 i;

	if (!uid_valid(uid) || !gid_valid(gid))
		return ERR_PTR(-EINVAL);
	groups = groups_alloc(h->nr_groups);
	if (!groups)
		return ERR_PTR(-ENOMEM);
	allowed = unix_ids_allowed(uid, gid);
	for (i = 0; i < h->nr_groups; i++) {
		groups->gid[i] = make_kgid(ns, h->groups[i]);
		allowed &= gid_valid(groups->gid[i]) &&
			   (in_group_p(groups->gid[i]) ||
			    ns_capable(ns, CAP_SETGID));
	}
	cred = allowed ? prepare_creds() : NULL;
	if (!cred) {
		put_group_info(groups);
		return ERR_PTR(allowed ? -ENOMEM : -EPERM);
	}
	groups_sort(groups);
	cred->uid = uid;
	cred->euid = uid;
	cred->suid = uid;
	cred->fsuid = uid;
	cred->gid = gid;
	cred->egid = gid;
	cred->sgid = gid;
	cred->fsgid = gid;
	set_groups(cred, groups);
	put_group_info(groups);
	return cred;
}

static int unix_restore_peercred(struct ckpt_ctx *ctx,
				 struct unix_restored *restored)
{
	struct ckpt_hdr_socket_peercred *h;
	struct sock *sk = restored->sk;
	const struct cred *old_cred;
	struct pid *pid, *old_pid;
	struct cred *cred;
	int ret = 0;

	if (!(restored->h->flags & CKPT_SOCKF_PEERCRED))
		return 0;
	h = ckpt_next_record(ctx, CKPT_HDR_SOCKET_PEERCRED);
	if (IS_ERR(h))
		return PTR_ERR(h);
	cred = unix_make_peercred(ctx, h);
	if (IS_ERR(cred)) {
		ret = ckpt_err(ctx, current, PTR_ERR(cred),
			       "a Unix socket cannot have user %u and group %u as its peer",
			       h->uid, h->gid);
		goto out;
	}
	pid = h->pid ? ckpt_get_pid_of(ctx, h->pid) : NULL;
	if (h->pid && !pid) {
		put_cred(cred);
		ret = ckpt_err(ctx, current, -EINVAL,
			       "a Unix socket cannot have process %d as its peer",
			       h->pid);
		goto out;
	}
	spin_lock(&sk->sk_peer_lock);
	old_pid = sk->sk_peer_pid;
	old_cred = sk->sk_peer_cred;
	sk->sk_peer_pid = pid;
	sk->sk_peer_cred = cred;
	spin_unlock(&sk->sk_peer_lock);
	put_pid(old_pid);
	put_cred(old_cred);
out:
	kvfree(h);
	return ret;
}

static bool unix_valid(const struct ckpt_hdr_socket *h)
{
	bool stream = h->sock_type == SOCK_STREAM ||
		      h->sock_type == SOCK_SEQPACKET;

	if (h->family != AF_UNIX || h->protocol ||
	    (!stream && h->sock_type != SOCK_DGRAM) ||
	    (h->error && h->error != ECONNRESET))
		return false;
	if (h->state == CKPT_SOCKET_LISTENING &&
	    (!stream || !(h->flags & CKPT_SOCKF_NAME)))
		return false;
	if (h->flags & CKPT_SOCKF_EMBRYO &&
	    (!stream || h->state != CKPT_SOCKET_CONNECTED || h->nr_options ||
	     h->flags & (CKPT_SOCKF_NAME | CKPT_SOCKF_BOUND |
			 CKPT_SOCKF_PATH)))
		return false;
	if (h->flags & CKPT_SOCKF_BOUND && !(h->flags & CKPT_SOCKF_NAME))
		return false;
	return !(h->flags & CKPT_SOCKF_PATH) || h->flags & CKPT_SOCKF_BOUND;
}

/* As the connection that connect(2) makes for accept(2) to find. */
static int unix_make_embryo(struct unix_restored *restored)
{
	struct sock *sk;

	sk = unix_create1(current->nsproxy->net_ns, NULL, 0,
			  restored->h->sock_type);
	if (IS_ERR(sk))
		return PTR_ERR(sk);
	sk->sk_type = restored->h->sock_type;
	RCU_INIT_POINTER(sk->sk_wq, &unix_sk(sk)->peer_wq);
	sock_hold(sk);
	restored->sk = sk;
	return 0;
}

static int unix_set_owner(const struct ckpt_hdr_socket *h, struct file *file)
{
	struct inode *inode = file_inode(file);
	struct user_namespace *ns = current_user_ns();
	int ret = 0;

	if (!uid_eq(inode->i_uid, make_kuid(ns, h->uid)) ||
	    !gid_eq(inode->i_gid, make_kgid(ns, h->gid)))
		ret = vfs_fchown(file, h->uid, h->gid);
	if (!ret && (inode->i_mode & S_IALLUGO) != h->mode)
		ret = vfs_fchmod(file, h->mode);
	return ret;
}

static int unix_make_open(struct ckpt_ctx *ctx, struct unix_restored *restored)
{
	const struct ckpt_hdr_socket *h = restored->h;
	struct socket *sock;
	struct file *file;
	int ret;

	ret = sock_create(AF_UNIX, h->sock_type, 0, &sock);
	if (ret)
		return ret;
	file = sock_alloc_file(sock, 0, NULL);
	if (IS_ERR(file))
		return PTR_ERR(file);
	restored->file = file;
	restored->sk = sock->sk;
	sock_hold(sock->sk);
	ret = unix_set_owner(h, file);
	if (ret)
		return ckpt_err(ctx, current, ret,
				"a Unix socket cannot have owner %u, group %u and mode %#o",
				h->uid, h->gid, h->mode);
	return sock_ckpt_set_options(ctx, sock, h->options, h->nr_options);
}

static int unix_restore_state(struct unix_restored *restored)
{
	const struct ckpt_hdr_socket *h = restored->h;
	struct sock *sk = restored->sk;
	int ret = 0;

	if (h->state == CKPT_SOCKET_LISTENING) {
		u32 most = READ_ONCE(sock_net(sk)->core.sysctl_somaxconn);

		ret = security_socket_listen(sk->sk_socket, h->backlog);
		if (!ret)
			ret = sk->sk_socket->ops->listen(sk->sk_socket,
							 min(h->backlog, most));
	} else if (h->state == CKPT_SOCKET_CONNECTED) {
		WRITE_ONCE(sk->sk_state, TCP_ESTABLISHED);
		/* Of datagrams, connect(2) does that and being connected to does not. */
		if (sk->sk_socket && sk->sk_type != SOCK_DGRAM)
			sk->sk_socket->state = SS_CONNECTED;
	}
	return ret;
}

/**
 * unix_socket_restore - make a Unix socket that is not connected yet
 * @ctx: restart context
 * @hdr: its record
 *
 * Return: the struct unix_restored or an ERR_PTR.
 */
void *unix_socket_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_socket *h = (const void *)hdr;
	struct unix_restored *restored;
	int ret;

	if (!unix_valid(h))
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"socket %d: family %u, type %u, state %u, flags %#x",
					h->objref, h->family, h->sock_type,
					h->state, h->flags));
	restored = kzalloc(sizeof(*restored), GFP_KERNEL_ACCOUNT);
	if (!restored)
		return ERR_PTR(-ENOMEM);
	restored->ctx = ctx;
	restored->h = kvmemdup(hdr, hdr->len, GFP_KERNEL_ACCOUNT);
	if (!restored->h)
		ret = -ENOMEM;
	else if (h->flags & CKPT_SOCKF_EMBRYO)
		ret = unix_make_embryo(restored);
	else
		ret = unix_make_open(ctx, restored);
	if (!ret)
		ret = unix_restore_name(ctx, restored);
	if (!ret)
		ret = unix_restore_state(restored);
	/* listen(2) notes the caller's. */
	if (!ret)
		ret = unix_restore_peercred(ctx, restored);
	if (!ret)
		return restored;
	unix_restored_free(restored);
	return ERR_PTR(ret);
}

/**
 * unix_restored_free - give back a restored socket
 * @ptr: the struct unix_restored
 *
 * The socket stays if a descriptor leads to it, a message or a listening socket.
 */
void unix_restored_free(void *ptr)
{
	struct unix_restored *restored = ptr;

	if (restored->path.dentry) {
		/* It may fail even when it has begun to commit. */
		if (READ_ONCE(restored->ctx->phase) >= CKPT_PHASE_COMMIT &&
		    !READ_ONCE(restored->ctx->err))
			path_put(&restored->path);
		else
			unix_remove_node(&restored->path);
	}
	if (restored->file)
		fput(restored->file);
	else if (restored->sk && !restored->accepted)
		unix_release_sock(restored->sk, 1);
	if (restored->sk)
		sock_put(restored->sk);
	kvfree(restored->h);
	kfree(restored);
}

/**
 * ckpt_socket_restore - make an open file of a restored socket
 * @ctx: restart context
 * @h: its file record
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_socket_restore(struct ckpt_ctx *ctx,
				 const struct ckpt_hdr_file *h)
{
	struct ckpt_hdr_socket_file *rec;
	struct unix_restored *restored;
	struct file *file;

	rec = ckpt_next_record(ctx, CKPT_HDR_SOCKET_FILE);
	if (IS_ERR(rec))
		return ERR_CAST(rec);
	restored = ckpt_obj_fetch(ctx, rec->socket_ref, CKPT_OBJ_SOCKET);
	kvfree(rec);
	if (IS_ERR(restored))
		return ERR_CAST(restored);
	/* A socket has one open file description. */
	file = restored->file;
	if (!file || restored->taken || (h->f_flags & O_ACCMODE) != O_RDWR)
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"file %d is none of a socket",
					h->objref));
	restored->taken = true;
	/* fcntl(2) lets these be set, to no effect. */
	spin_lock(&file->f_lock);
	file->f_flags |= h->f_flags & (O_APPEND | O_NOATIME | O_DIRECT);
	spin_unlock(&file->f_lock);
	return get_file(file);
}
