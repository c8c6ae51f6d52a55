/* SPDX-License-Identifier: GPL-2.0 */
/* unix.h - Unix sockets of a program, and what is sent through them */
#ifndef UNIX_H
#define UNIX_H

#include "prog.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static int a, b, listener;
static char buf[1 << 20], data[1 << 20];

static inline void pair(int type)
{
	int fds[2];

	must(socketpair(AF_UNIX, type, 0, fds));
	a = fds[0];
	b = fds[1];
}

static inline void put(int fd, size_t n, uint64_t seed)
{
	fill(data, n + 8, seed);
	if (must(send(fd, data, n, MSG_NOSIGNAL)) != (long)n)
		prog_say("SETUP: short send of %zu", n);
}

static inline void want_get(const char *what, int fd, size_t n, uint64_t seed)
{
	ssize_t got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	fill(data, n + 8, seed);
	want_u64(what, got, n);
	if (got == (ssize_t)n && memcmp(buf, data, n))
		prog_fail("%s: other bytes", what);
}

static inline void want_nothing(const char *what, int fd)
{
	want_u64(what, recv(fd, buf, sizeof(buf), MSG_DONTWAIT), -1);
	want_u64(what, errno, EAGAIN);
}

/* A path is short enough for sun_path only from where it lies. */
static inline socklen_t name(struct sockaddr_un *un, const char *text, int abstract)
{
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	strcpy(un->sun_path + abstract, text);
	return offsetof(struct sockaddr_un, sun_path) + strlen(text) + 1;
}

static inline void want_name(const char *what, int fd, int peer, const char *text, int abstract)
{
	struct sockaddr_un got = {}, un;
	socklen_t len = sizeof(got), right = text ? name(&un, text, abstract) : offsetof(struct sockaddr_un, sun_path);

	must(peer ? getpeername(fd, (void *)&got, &len) : getsockname(fd, (void *)&got, &len));
	want_u64(what, len, right);
	if (text && memcmp(&got, &un, right))
		prog_fail("%s: got %s", what, got.sun_path + abstract);
}

/* Of the abstract name space, which all programs share. */
static inline const char *own_name(void)
{
	static char text[30];

	snprintf(text, sizeof(text), "linux-cr-%d", getpid());
	return text;
}

static inline int make_listener(const char *text, int abstract, int type)
{
	struct sockaddr_un un;
	socklen_t len = name(&un, text, abstract);
	int fd = must(socket(AF_UNIX, type, 0));

	must(bind(fd, (void *)&un, len));
	must(listen(fd, 5));
	return fd;
}

static inline int make_client(const char *text, int abstract, int type)
{
	struct sockaddr_un un;
	socklen_t len = name(&un, text, abstract);
	int fd = must(socket(AF_UNIX, type, 0));

	must(connect(fd, (void *)&un, len));
	return fd;
}

static inline void send_fds(int fd, const int *fds, int n)
{
	union {
		char room[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} u = {};
	struct iovec iov = { "x", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.room, .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	must(sendmsg(fd, &msg, 0));
}

static inline int recv_fds(int fd, int *fds, int max)
{
	char room[CMSG_SPACE(8 * sizeof(int))];
	struct iovec iov = { buf, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *cmsg;
	int n;

	if (recvmsg(fd, &msg, MSG_DONTWAIT) != 1)
		return -1;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return 0;
	n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(cmsg), (n < max ? n : max) * sizeof(int));
	return n;
}

static inline void drain(void)
{
	while (recv(a, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	while (recv(b, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

#endif
