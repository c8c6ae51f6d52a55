// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: options of sockets, as getsockopt(2) and setsockopt(2) have
 * them.
 */
#include <linux/net.h>
#include <linux/sockptr.h>
#include <net/sock.h>

#include "socket_checkpoint.h"

/**
 * struct sock_ckpt_option - an option of level SOL_SOCKET
 * @optname: SO_*
 * @optlen: bytes of its value
 * @value: the first int of the value that a new socket has
 */
struct sock_ckpt_option {
	u32 optname;
	u32 optlen;
	int value;
};

/*
 * In the order in which they are set. The sizes of the buffers come first, for
 * setting one locks it, and SO_LOCK_FILTER last.
 */
static const struct sock_ckpt_option sock_ckpt_options_known[] = {
	{ SO_SNDBUF,		sizeof(int), -1 },
	{ SO_RCVBUF,		sizeof(int), -1 },
	{ SO_BUF_LOCK,		sizeof(int), -1 },
	{ SO_DEBUG,		sizeof(int) },
	{ SO_REUSEADDR,		sizeof(int) },
	{ SO_DONTROUTE,		sizeof(int) },
	{ SO_BROADCAST,		sizeof(int) },
	{ SO_KEEPALIVE,		sizeof(int) },
	{ SO_OOBINLINE,		sizeof(int) },
	{ SO_NO_CHECK,		sizeof(int) },
	{ SO_PRIORITY,		sizeof(int) },
	{ SO_LINGER,		sizeof(struct linger) },
	{ SO_PASSCRED,		sizeof(int) },
	{ SO_PASSPIDFD,		sizeof(int) },
	{ SO_PASSSEC,		sizeof(int) },
	{ SO_RCVLOWAT,		sizeof(int), 1 },
	{ SO_RCVTIMEO_NEW,	sizeof(struct __kernel_sock_timeval) },
	{ SO_SNDTIMEO_NEW,	sizeof(struct __kernel_sock_timeval) },
	{ SO_TIMESTAMP_OLD,	sizeof(int) },
	{ SO_TIMESTAMPNS_OLD,	sizeof(int) },
	{ SO_TIMESTAMP_NEW,	sizeof(int) },
	{ SO_TIMESTAMPNS_NEW,	sizeof(int) },
	{ SO_TIMESTAMPING_OLD,	sizeof(struct so_timestamping) },
	{ SO_TIMESTAMPING_NEW,	sizeof(struct so_timestamping) },
	{ SO_PEEK_OFF,		sizeof(int), -1 },
	{ SO_MARK,		sizeof(int) },
	{ SO_RCVMARK,		sizeof(int) },
	{ SO_RXQ_OVFL,		sizeof(int) },
	{ SO_WIFI_STATUS,	sizeof(int) },
	{ SO_NOFCS,		sizeof(int) },
	{ SO_SELECT_ERR_QUEUE,	sizeof(int) },
	{ SO_BINDTOIFINDEX,	sizeof(int) },
	{ SO_TXTIME,		sizeof(struct sock_txtime) },
#ifdef CONFIG_NET_RX_BUSY_POLL
	{ SO_BUSY_POLL,		sizeof(int) },
	{ SO_PREFER_BUSY_POLL,	sizeof(int) },
	{ SO_BUSY_POLL_BUDGET,	sizeof(int) },
#endif
	{ SO_MAX_PACING_RATE,	sizeof(unsigned long), -1 },
	{ SO_LOCK_FILTER,	sizeof(int) },
};

static bool sock_ckpt_is_default(const struct sock_ckpt_option *known,
				 const u8 *optval)
{
	u8 fresh[sizeof_field(struct ckpt_socket_option, optval)] = {};

	switch (known->optname) {
	case SO_SNDBUF:
	case SO_RCVBUF:
	case SO_BUF_LOCK:
		/* Setting the sizes changes it. */
		return false;
	case SO_MAX_PACING_RATE:
		memset(fresh, 0xff, sizeof(unsigned long));
		break;
	default:
		memcpy(fresh, &known->value, sizeof(int));
	}
	return !memcmp(fresh, optval, known->optlen);
}

/**
 * sock_ckpt_options - the options of a socket that are not those of a new one
 * @sk: the socket, which has a struct socket
 * @options: room for them
 * @max: for how many there is room
 *
 * Return: how many there are.
 */
u32 sock_ckpt_options(struct sock *sk, struct ckpt_socket_option *options,
		      u32 max)
{
	const struct sock_ckpt_option *known;
	struct ckpt_socket_option option;
	u32 i, nr = 0;
	int len;

	for (i = 0; i < ARRAY_SIZE(sock_ckpt_options_known); i++) {
		known = &sock_ckpt_options_known[i];
		option = (struct ckpt_socket_option){
			.optname = known->optname,
			.optlen = known->optlen,
		};
		len = known->optlen;
		/* This one is given out whichever of the two was set. */
		if (known->optname == SO_TIMESTAMPING_OLD &&
		    sock_flag(sk, SOCK_TSTAMP_NEW))
			continue;
		if (sk_getsockopt(sk, SOL_SOCKET, known->optname,
				  KERNEL_SOCKPTR(option.optval),
				  KERNEL_SOCKPTR(&len)) ||
		    sock_ckpt_is_default(known, option.optval))
			continue;
		if (nr < max)
			options[nr] = option;
		nr++;
	}
	return nr;
}

static const struct sock_ckpt_option *sock_ckpt_option_find(u32 optname)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sock_ckpt_options_known); i++)
		if (sock_ckpt_options_known[i].optname == optname)
			return &sock_ckpt_options_known[i];
	return NULL;
}

/* getsockopt(2) gives twice what setsockopt(2) has been asked for. */
static int sock_ckpt_set_size(struct socket *sock, u32 optname, int size)
{
	bool send = optname == SO_SNDBUF;
	int ret, half = size / 2;

	if (size < 0)
		return -EINVAL;
	/* The size of a new one may be beyond what may be asked for. */
	if ((send ? sock->sk->sk_sndbuf : sock->sk->sk_rcvbuf) == size)
		return 0;
	ret = sock_setsockopt(sock, SOL_SOCKET, optname, KERNEL_SOCKPTR(&half),
			      sizeof(half));
	if (ret || (send ? sock->sk->sk_sndbuf : sock->sk->sk_rcvbuf) >= size - 1)
		return ret;
	/* Above the limit, and not without the right to that. */
	return sock_setsockopt(sock, SOL_SOCKET,
			       send ? SO_SNDBUFFORCE : SO_RCVBUFFORCE,
			       KERNEL_SOCKPTR(&half), sizeof(half));
}

static int sock_ckpt_set_option(struct socket *sock,
				const struct ckpt_socket_option *option)
{
	const struct sock_ckpt_option *known;
	u8 optval[sizeof(option->optval)];
	int value;

	known = sock_ckpt_option_find(option->optname);
	if (!known || known->optlen != option->optlen)
		return -EINVAL;
	memcpy(optval, option->optval, sizeof(optval));
	memcpy(&value, optval, sizeof(value));
	if (option->optname == SO_SNDBUF || option->optname == SO_RCVBUF)
		return sock_ckpt_set_size(sock, option->optname, value);
	return sock_setsockopt(sock, SOL_SOCKET, option->optname,
			       KERNEL_SOCKPTR(optval), option->optlen);
}

/**
 * sock_ckpt_set_options - set options of a restored socket
 * @ctx: restart context
 * @sock: the socket
 * @options: the options
 * @nr: how many
 *
 * Return: 0 or a negative errno.
 */
int sock_ckpt_set_options(struct ckpt_ctx *ctx, struct socket *sock,
			  const struct ckpt_socket_option *options, u32 nr)
{
	int ret;
	u32 i;

	for (i = 0; i < nr; i++) {
		ret = sock_ckpt_set_option(sock, &options[i]);
		if (ret)
			return ckpt_err(ctx, current, ret,
					"socket option %u cannot be set",
					options[i].optname);
	}
	return 0;
}
