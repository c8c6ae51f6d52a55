// SPDX-License-Identifier: GPL-2.0
/*
 * unix - Unix sockets are connected as before, and hold what was in them
 *
 * Variants: see the table at the end.
 */
#include "unix.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <linux/sockios.h>

static int c, d;

static void stream_setup(void)
{
	pair(SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
	put(a, 100, 1);
	must(recv(b, buf, 40, 0));
	put(a, 100000, 2);
	put(b, 7, 3);
}

static void stream_verify(void)
{
	int n = 0;

	want_u64("FD_CLOEXEC", fcntl(a, F_GETFD), FD_CLOEXEC);
	want_u64("flags", fcntl(b, F_GETFL), O_RDWR | O_NONBLOCK);
	must(ioctl(b, FIONREAD, &n));
	want_u64("bytes", n, 60 + 100000);
	fill(data, 108, 1);
	want_u64("rest", recv(b, buf, 60, 0), 60);
	want(!memcmp(buf, data + 40, 60));
	for (n = 0; n < 100000;) {
		ssize_t got = recv(b, buf + n, 100000 - n, 0);

		if (got <= 0)
			break;
		n += got;
	}
	fill(data, 100008, 2);
	want_u64("long message", n, 100000);
	want(!memcmp(buf, data, 100000));
	want_get("other way", a, 7, 3);
	want_nothing("no more", a);
	want_nothing("no more", b);
	must(ioctl(a, SIOCOUTQ, &n));
	want_u64("nothing under way", n, 0);
	put(a, 5000, 4);
	want_get("as new", b, 5000, 4);
	close(a);
	want_u64("end of file", recv(b, buf, 1, 0), 0);
}

static void messages_setup(void)
{
	pair(prog_is("dgram") ? SOCK_DGRAM : SOCK_SEQPACKET);
	put(a, 10, 1);
	put(a, 0, 2);
	put(a, 90000, 3);
	put(b, 20, 4);
}

static void messages_verify(void)
{
	want_get("first", b, 10, 1);
	want_get("empty", b, 0, 2);
	want_get("long", b, 90000, 3);
	want_nothing("no more", b);
	want_get("other way", a, 20, 4);
	put(b, 9, 5);
	want_get("as new", a, 9, 5);
}

static void rights_setup(void)
{
	int fds[3], pipes[2], file = make_file("data", PAGE, 1);

	pair(SOCK_STREAM);
	must(pipe(pipes));
	must(write(pipes[1], "in the pipe", 11));
	must(lseek(file, 17, SEEK_SET));
	fds[0] = pipes[0];
	fds[1] = file;
	fds[2] = a;
	send_fds(a, fds, 3);
	close(pipes[0]);
	c = pipes[1];
	/* The position is one with that of the file in flight. */
	d = file;
}

static void rights_verify(void)
{
	int fds[3] = { -1, -1, -1 };

	want_u64("descriptors", recv_fds(b, fds, 3), 3);
	must(write(c, "!", 1));
	want_u64("pipe", read(fds[0], buf, 100), 12);
	want(!memcmp(buf, "in the pipe!", 12));
	must(lseek(d, 3, SEEK_CUR));
	want_u64("position", lseek(fds[1], 0, SEEK_CUR), 20);
	put(fds[2], 30, 6);
	want_get("by the one that was in flight", b, 30, 6);
}

/* Both ends are known only to each other, and to a third socket in which one is in flight. */
static void cycle_setup(void)
{
	int fds[2], x, y;

	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
	x = fds[0], y = fds[1];
	put(x, 11, 1);
	send_fds(x, &x, 1);
	send_fds(y, &y, 1);
	send_fds(y, &x, 1);
	pair(SOCK_STREAM);
	send_fds(a, &y, 1);
	close(x);
	close(y);
}

static void cycle_verify(void)
{
	int x = -1, y = -1, z = -1;

	if (!want_u64("descriptor", recv_fds(b, &y, 1), 1))
		return;
	want_get("message in the one in flight", y, 11, 1);
	want_u64("descriptor in the one in flight", recv_fds(y, &x, 1), 1);
	want_u64("descriptor of the reader itself", recv_fds(x, &z, 1), 1);
	put(z, 5, 2);
	want_u64("descriptor behind it", recv_fds(x, &z, 1), 1);
	want_get("new message", x, 5, 2);
	put(z, 6, 3);
	want_get("by itself", y, 6, 3);
}

static void creds_setup(void)
{
	int on = 1;

	pair(SOCK_DGRAM);
	must(setsockopt(b, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	put(a, 10, 1);
}

static void creds_lose(void)
{
	drain();
	put(a, 11, 1);
}

static void want_cred(const char *what, const struct ucred *got)
{
	want_u64(what, got->pid, getpid());
	want_u64(what, got->uid, getuid());
	want_u64(what, got->gid, getgid());
}

static void creds_verify(void)
{
	char room[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec iov = { buf, 100 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct ucred peer = {};
	socklen_t len = sizeof(peer);
	struct cmsghdr *cmsg;

	must(getsockopt(a, SOL_SOCKET, SO_PEERCRED, &peer, &len));
	want_cred("SO_PEERCRED", &peer);
	want_u64("message", recvmsg(b, &msg, MSG_DONTWAIT), 10);
	cmsg = CMSG_FIRSTHDR(&msg);
	want(cmsg && cmsg->cmsg_type == SCM_CREDENTIALS);
	if (cmsg)
		want_cred("SCM_CREDENTIALS", (void *)CMSG_DATA(cmsg));
}

static void path_setup(void)
{
	must(chdir(prog_dir));
	listener = make_listener("socket", 0, SOCK_STREAM);
	must(chmod("socket", 0604));
	a = make_client("socket", 0, SOCK_STREAM);
	b = must(accept(listener, NULL, NULL));
	put(a, 10, 1);
	put(b, 20, 2);
}

static void path_lose(void)
{
	unlink("socket");
	drain();
}

static void path_verify(void)
{
	struct stat st = {};

	want_u64("file", stat("socket", &st), 0);
	want_u64("mode of the file", st.st_mode, S_IFSOCK | 0604);
	want_name("address of who listens", listener, 0, "socket", 0);
	want_name("address of who was accepted", b, 0, "socket", 0);
	want_name("peer of who connected", a, 1, "socket", 0);
	want_name("address of who connected", a, 0, NULL, 0);
	want_get("message", b, 10, 1);
	want_get("message", a, 20, 2);
	if (prog_losing)
		return;
	c = make_client("socket", 0, SOCK_STREAM);
	d = must(accept(listener, NULL, NULL));
	put(c, 30, 3);
	want_get("new connection", d, 30, 3);
}

static void abstract_setup(void)
{
	int on = 1;

	listener = make_listener(own_name(), 1, SOCK_SEQPACKET);
	a = make_client(own_name(), 1, SOCK_SEQPACKET);
	b = must(accept(listener, NULL, NULL));
	/* Found by an address that the kernel has chosen. */
	c = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must(setsockopt(c, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	must(bind(c, (void *)&(struct sockaddr_un){ .sun_family = AF_UNIX }, sizeof(sa_family_t)));
	put(a, 10, 1);
}

static void abstract_verify(void)
{
	const char *text = own_name();
	struct sockaddr_un un;
	socklen_t len = sizeof(un);

	want_name("address of who listens", listener, 0, text, 1);
	want_get("message", b, 10, 1);
	d = make_client(text, 1, SOCK_SEQPACKET);
	want_u64("new connection", accept(listener, NULL, NULL) >= 0, 1);
	must(getsockname(c, (void *)&un, &len));
	want_u64("chosen address", len, offsetof(struct sockaddr_un, sun_path) + 6);
	d = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must(connect(d, (void *)&un, len));
	put(d, 5, 2);
	want_get("by the chosen address", c, 5, 2);
}

/* Connections that nobody has accepted, with what was sent already. */
static void backlog_setup(void)
{
	must(chdir(prog_dir));
	listener = make_listener("socket", 0, SOCK_STREAM);
	a = make_client("socket", 0, SOCK_STREAM);
	b = make_client("socket", 0, SOCK_STREAM);
	c = make_client("socket", 0, SOCK_STREAM);
	put(a, 10, 1);
	put(b, 20, 2);
	send_fds(b, &listener, 1);
	put(c, 30, 3);
	close(c);
}

static void backlog_lose(void)
{
	close(must(accept(listener, NULL, NULL)));
}

static void backlog_verify(void)
{
	struct ucred peer = {};
	socklen_t len = sizeof(peer);
	int fd = -1;

	d = must(accept(listener, NULL, NULL));
	want_get("message to the first", d, 10, 1);
	must(getsockopt(d, SOL_SOCKET, SO_PEERCRED, &peer, &len));
	want_cred("SO_PEERCRED", &peer);
	want_name("address of the first", d, 0, "socket", 0);
	put(d, 40, 4);
	want_get("answer", a, 40, 4);
	d = must(accept(listener, NULL, NULL));
	want_u64("message to the second", recv(d, buf, 20, MSG_DONTWAIT), 20);
	if (!want_u64("descriptor to the second", recv_fds(d, &fd, 1), 1))
		return;
	d = must(accept(fd, NULL, NULL));
	want_get("message of the third, which is closed", d, 30, 3);
	want_u64("end of file", recv(d, buf, 1, MSG_DONTWAIT), 0);
	fcntl(listener, F_SETFL, O_NONBLOCK);
	want_u64("no more", accept(listener, NULL, NULL), -1);
}

/* The file is gone: nobody finds the socket, and it keeps its address. */
static void gone_setup(void)
{
	must(chdir(prog_dir));
	listener = make_listener("socket", 0, SOCK_STREAM);
	a = make_client("socket", 0, SOCK_STREAM);
	must(unlink("socket"));
	b = must(accept(listener, NULL, NULL));
	close(listener);
	listener = make_listener("socket", 0, SOCK_STREAM);
	must(unlink("socket"));
	put(a, 10, 1);
}

static void gone_verify(void)
{
	struct stat st;

	want_u64("no file", stat("socket", &st), -1);
	want_name("address of who listens", listener, 0, "socket", 0);
	want_name("peer", a, 1, "socket", 0);
	want_get("message", b, 10, 1);
}

static void shut_setup(void)
{
	pair(SOCK_STREAM);
	put(a, 10, 1);
	must(shutdown(a, SHUT_WR));
	c = a, d = b;
	pair(SOCK_STREAM);
	put(a, 10, 1);
	must(shutdown(b, SHUT_RD));
}

static void shut_lose(void)
{
	pair(SOCK_STREAM);
}

static void shut_verify(void)
{
	want_get("sent before the end", d, 10, 1);
	want_u64("end of file", recv(d, buf, 1, MSG_DONTWAIT), 0);
	want_u64("no way", send(c, "x", 1, MSG_NOSIGNAL), -1);
	put(d, 20, 2);
	want_get("other way", c, 20, 2);
	want_get("sent before the reader closed", b, 10, 1);
	want_u64("closed for reading", recv(b, buf, 1, MSG_DONTWAIT), 0);
	want_u64("nobody reads", send(a, "x", 1, MSG_NOSIGNAL), -1);
}

static void hup_setup(void)
{
	must(chdir(prog_dir));
	pair(SOCK_STREAM);
	put(a, 10, 1);
	close(a);
	c = b;
	pair(SOCK_STREAM);
	put(a, 10, 1);
	close(b);
	d = a;
	listener = make_listener("socket", 0, SOCK_STREAM);
	a = make_client("socket", 0, SOCK_STREAM);
	close(must(accept(listener, NULL, NULL)));
	pair(SOCK_DGRAM);
	close(b);
	b = make_client("socket", 0, SOCK_STREAM);
}

static void hup_lose(void)
{
	recv(d, buf, 1, 0);
}

static void hup_verify(void)
{
	struct pollfd p = { .fd = c, .events = POLLIN | POLLOUT };

	want_u64("poll", poll(&p, 1, 0), 1);
	want_u64("events", p.revents, POLLIN | POLLOUT | POLLHUP);
	want_get("sent before the end", c, 10, 1);
	want_u64("end of file", recv(c, buf, 1, 0), 0);
	want_u64("reset", recv(d, buf, 1, 0), -1);
	want_u64("reset", errno, ECONNRESET);
	want_u64("once", recv(d, buf, 1, 0), 0);
	want_u64("nobody there", send(d, "x", 1, MSG_NOSIGNAL), -1);
	want_u64("nobody there", errno, EPIPE);
	want_u64("datagram to nobody", send(a, "x", 1, MSG_NOSIGNAL), -1);
	want_u64("datagram to nobody", errno, ECONNREFUSED);
	want_name("peer of who waits", b, 1, "socket", 0);
}

static const struct {
	int name, value;
} options[] = {
	{ SO_PASSCRED, 1 }, { SO_BROADCAST, 1 }, { SO_KEEPALIVE, 1 },
	{ SO_PRIORITY, 5 }, { SO_RCVLOWAT, 77 }, { SO_TIMESTAMPNS, 1 },
	{ SO_MARK, 0x1234 }, { SO_PEEK_OFF, 3 }, { SO_REUSEADDR, 1 },
	{ SO_LOCK_FILTER, 1 },
};

static void options_setup(void)
{
	struct timeval timeout = { .tv_sec = 12, .tv_usec = 500000 };
	struct linger linger = { 1, 33 };
	int size = 30000;
	size_t i;

	pair(SOCK_STREAM);
	for (i = 0; i < ARRAY_SIZE(options); i++)
		must(setsockopt(a, SOL_SOCKET, options[i].name, &options[i].value, sizeof(int)));
	must(setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)));
	must(setsockopt(a, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	must(setsockopt(a, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
	size = 1 << 20;
	must(setsockopt(a, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)));
	must(fchown(b, 12, 34));
	must(fchmod(b, 0640));
}

static void options_lose(void)
{
	pair(SOCK_STREAM);
}

static void options_verify(void)
{
	struct timeval timeout = {};
	struct linger linger = {};
	socklen_t len;
	struct stat st;
	int value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		value = -1;
		len = sizeof(value);
		must(getsockopt(a, SOL_SOCKET, options[i].name, &value, &len));
		if (value != options[i].value)
			prog_fail("option %d: got %d, want %d", options[i].name, value, options[i].value);
		must(getsockopt(b, SOL_SOCKET, options[i].name, &value, &len));
		if (value == options[i].value)
			prog_fail("option %d of the other end is set", options[i].name);
	}
	len = sizeof(timeout);
	must(getsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &timeout, &len));
	want_u64("SO_RCVTIMEO", timeout.tv_sec * 1000 + timeout.tv_usec / 1000, 12500);
	len = sizeof(linger);
	must(getsockopt(a, SOL_SOCKET, SO_LINGER, &linger, &len));
	want_u64("SO_LINGER", linger.l_onoff * 1000 + linger.l_linger, 1033);
	len = sizeof(value);
	must(getsockopt(a, SOL_SOCKET, SO_SNDBUF, &value, &len));
	want_u64("SO_SNDBUF", value, 60000);
	must(getsockopt(a, SOL_SOCKET, SO_RCVBUF, &value, &len));
	want_u64("SO_RCVBUF", value, 2 << 20);
	must(getsockopt(a, SOL_SOCKET, 72 /* SO_BUF_LOCK */, &value, &len));
	want_u64("SO_BUF_LOCK", value, 3);
	must(getsockopt(b, SOL_SOCKET, 72, &value, &len));
	want_u64("SO_BUF_LOCK of the other end", value, 0);
	must(fstat(b, &st));
	want_u64("st_uid", st.st_uid, 12);
	want_u64("st_gid", st.st_gid, 34);
	want_u64("mode", st.st_mode, S_IFSOCK | 0640);
}

/* Datagrams of several senders, one of which is closed. */
static void server_setup(void)
{
	struct sockaddr_un un;
	socklen_t len;

	must(chdir(prog_dir));
	a = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	len = name(&un, "server", 0);
	must(bind(a, (void *)&un, len));
	b = make_client("server", 0, SOCK_DGRAM);
	len = name(&un, "first", 0);
	must(bind(b, (void *)&un, len));
	c = make_client("server", 0, SOCK_DGRAM);
	len = name(&un, "second", 0);
	must(bind(c, (void *)&un, len));
	put(b, 10, 1);
	put(c, 20, 2);
	put(b, 30, 3);
	close(c);
	c = must(socket(AF_UNIX, SOCK_DGRAM, 0));
}

static void server_lose(void)
{
	recv(a, buf, 100, 0);
}

static void want_from(size_t n, uint64_t seed, const char *who)
{
	struct sockaddr_un un = {};
	socklen_t len = sizeof(un);

	fill(data, n + 8, seed);
	want_u64("datagram", recvfrom(a, buf, sizeof(buf), MSG_DONTWAIT, (void *)&un, &len), n);
	want(!memcmp(buf, data, n));
	want_str("sender", un.sun_path, who);
}

static void server_verify(void)
{
	struct sockaddr_un un;
	socklen_t len;

	want_from(10, 1, "first");
	want_from(20, 2, "second");
	want_from(30, 3, "first");
	len = name(&un, "first", 0);
	want_u64("answer", sendto(a, "answer", 6, MSG_NOSIGNAL, (void *)&un, len), 6);
	want_u64("answer arrives", recv(b, buf, 100, MSG_DONTWAIT), 6);
	put(b, 40, 4);
	want_from(40, 4, "first");
	len = name(&un, "server", 0);
	want_u64("by name", sendto(c, "x", 1, MSG_NOSIGNAL, (void *)&un, len), 1);
}

static void oob_setup(void)
{
	pair(SOCK_STREAM);
	put(a, 10, 1);
	must(send(a, "!", 1, MSG_OOB));
	put(a, 10, 2);
	c = a, d = b;
	pair(SOCK_STREAM);
	put(a, 10, 1);
	must(send(a, "?", 1, MSG_OOB));
	put(a, 10, 2);
	must(recv(b, buf, 1, MSG_OOB));
}

static void oob_verify(void)
{
	int mark = -1;

	want_u64("out of band", recv(d, buf, 1, MSG_OOB | MSG_DONTWAIT), 1);
	want_u64("byte", buf[0], '!');
	want_get("up to the mark", d, 10, 1);
	must(ioctl(d, SIOCATMARK, &mark));
	want_u64("at the mark", mark, 1);
	want_get("behind the mark", d, 10, 2);
	want_get("up to the one that was read", b, 10, 1);
	must(ioctl(b, SIOCATMARK, &mark));
	want_u64("at the mark", mark, 1);
	want_get("behind it", b, 10, 2);
}

/* What has been told once is not told again. */
static void epoll_setup(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };

	pair(SOCK_STREAM);
	c = must(epoll_create1(0));
	must(epoll_ctl(c, EPOLL_CTL_ADD, b, &ev));
	put(a, 10, 1);
	must(epoll_wait(c, &ev, 1, 0) == 1 ? 0 : -1);
	d = must(epoll_create1(0));
	must(epoll_ctl(d, EPOLL_CTL_ADD, b, &ev));
}

static void epoll_lose(void)
{
	put(a, 10, 1);
}

static void epoll_verify(void)
{
	struct epoll_event ev;

	want_u64("told", epoll_wait(c, &ev, 1, 0), 0);
	want_u64("not told", epoll_wait(d, &ev, 1, 0), 1);
	put(a, 10, 2);
	want_u64("new", epoll_wait(c, &ev, 1, 1000), 1);
}

static void stamp_setup(void)
{
	int on = 1;

	pair(SOCK_DGRAM);
	must(setsockopt(b, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)));
	put(a, 10, 1);
	c = now_ns(CLOCK_REALTIME) / SEC;
}

static void stamp_lose(void)
{
	drain();
	sleep_ms(2100);
	put(a, 10, 1);
}

static void stamp_verify(void)
{
	char room[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec iov = { buf, 100 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct timespec ts = {};
	struct cmsghdr *cmsg;

	want_u64("message", recvmsg(b, &msg, MSG_DONTWAIT), 10);
	cmsg = CMSG_FIRSTHDR(&msg);
	want(cmsg && cmsg->cmsg_type == SO_TIMESTAMPNS);
	if (cmsg)
		memcpy(&ts, CMSG_DATA(cmsg), sizeof(ts));
	want_between("time of arrival", ts.tv_sec, c - 1, c);
}

/* As long as a path can be, and the longest name of the other kind. */
static void longest_setup(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	must(chdir(prog_dir));
	memset(un.sun_path, 'x', sizeof(un.sun_path));
	a = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must(bind(a, (void *)&un, sizeof(un)));
	b = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must(connect(b, (void *)&un, sizeof(un)));
	put(b, 10, 1);
	un.sun_path[0] = 0;
	snprintf(un.sun_path + 1, 20, "%d", getpid());
	c = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must(bind(c, (void *)&un, sizeof(un)));
}

static void longest_lose(void)
{
	recv(a, buf, 100, 0);
}

static void longest_verify(void)
{
	struct sockaddr_un un = {};
	char path[sizeof(un.sun_path) + 1] = {};
	union {
		struct sockaddr_un un;
		char room[128];
	} u = {};
	socklen_t len = sizeof(u);

	memset(path, 'x', sizeof(un.sun_path));
	must(getsockname(a, (void *)&u, &len));
	want_u64("length of a path", len, sizeof(un) + 1);
	want_str("path", u.un.sun_path, path);
	want_get("message", a, 10, 1);
	put(b, 20, 2);
	want_get("by the connection", a, 20, 2);
	len = sizeof(u);
	must(getsockname(c, (void *)&u, &len));
	want_u64("length of a name", len, sizeof(un));
	d = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must(connect(d, (void *)&u, len));
	put(d, 5, 3);
	want_get("by the name", c, 5, 3);
}

/* A little of everything, for damaged images. */
static void lab_setup(void)
{
	backlog_setup();
	server_setup();
	rights_setup();
	oob_setup();
	messages_setup();
}

static void lab_verify(void)
{
}

static const struct {
	const char *name;
	void (*setup)(void), (*lose)(void), (*verify)(void);
} variants[] = {
	{ "stream", stream_setup, drain, stream_verify },
	{ "dgram", messages_setup, drain, messages_verify },
	{ "seqpacket", messages_setup, drain, messages_verify },
	{ "rights", rights_setup, drain, rights_verify },
	{ "cycle", cycle_setup, drain, cycle_verify },
	{ "creds", creds_setup, creds_lose, creds_verify },
	{ "path", path_setup, path_lose, path_verify },
	{ "abstract", abstract_setup, drain, abstract_verify },
	{ "backlog", backlog_setup, backlog_lose, backlog_verify },
	{ "gone", gone_setup, drain, gone_verify },
	{ "shut", shut_setup, shut_lose, shut_verify },
	{ "hup", hup_setup, hup_lose, hup_verify },
	{ "options", options_setup, options_lose, options_verify },
	{ "server", server_setup, server_lose, server_verify },
	{ "oob", oob_setup, drain, oob_verify },
	{ "epoll", epoll_setup, epoll_lose, epoll_verify },
	{ "stamp", stamp_setup, stamp_lose, stamp_verify },
	{ "longest", longest_setup, longest_lose, longest_verify },
	{ "lab", lab_setup, drain, lab_verify },
};

int main(int argc, char **argv)
{
	unsigned int i;

	prog_start(argc, argv);
	for (i = 0; i < ARRAY_SIZE(variants) - 1 && !prog_is(variants[i].name); i++)
		;
	variants[i].setup();
	prog_ready();
	prog_wait();
	if (prog_losing)
		variants[i].lose();
	variants[i].verify();
	prog_done();
}
