// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint: open sockets.
 *
 * Each family saves its own; one that does not is refused by name.
 */
#include <linux/net.h>
#include <linux/socket.h>
#include <net/sock.h>

#include "socket_checkpoint.h"

static const char *sock_family_name(int family)
{
	switch (family) {
	case AF_INET:
		return "IPv4";
	case AF_INET6:
		return "IPv6";
	case AF_NETLINK:
		return "netlink";
	case AF_PACKET:
		return "packet";
	case AF_VSOCK:
		return "vsock";
	case AF_ALG:
		return "AF_ALG";
	case AF_XDP:
		return "AF_XDP";
	}
	return "of another family";
}

static const char *sock_type_name(int type)
{
	switch (type) {
	case SOCK_STREAM:
		return "stream";
	case SOCK_DGRAM:
		return "datagram";
	case SOCK_SEQPACKET:
		return "seqpacket";
	case SOCK_RAW:
		return "raw";
	}
	return "of another type";
}

/**
 * sock_checkpoint - capture an open socket
 * @ctx: checkpoint context
 * @task: task that has it open
 * @file: the socket's file
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int sock_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		    struct file *file, struct ckpt_object *obj)
{
	struct socket *sock = sock_from_file(file);
	const struct proto_ops *ops = READ_ONCE(sock->ops);
	int family = ops ? ops->family : AF_UNSPEC;

#ifdef CONFIG_UNIX
	if (family == PF_UNIX && sock->sk)
		return unix_checkpoint(ctx, task, file, obj);
#endif
	return ckpt_refuse(ctx, task, -EBADF,
			   "socket:[%lu], family %d (%s), type %d (%s): this kind of socket is not supported",
			   file_inode(file)->i_ino, family,
			   sock_family_name(family), sock->type,
			   sock_type_name(sock->type));
}
