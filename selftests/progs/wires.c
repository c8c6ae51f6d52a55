// SPDX-License-Identifier: GPL-2.0
/*
 * wires - processes that talk through pipes, an eventfd and epoll go on talking
 *
 * Variants: pipeline: two children, each asleep in a read of a pipe that the
 * one before it writes to, each with nothing but its ends open. sockets: the
 * same with connected sockets. events: a child
 * asleep in epoll_wait(2) for an eventfd of all; the root's epoll instance
 * watches a pipe that only the child can read from by now. hung: a child asleep
 * in a write to a full pipe.
 */
#include "family.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

static int a[2], b[2], c[2], event, ep;

static void move(int in, int out, int plus)
{
	char byte;
	int ret;

	while ((ret = read(in, &byte, 1)) == 1) {
		byte += plus;
		want_u64("write", write(out, &byte, 1), 1);
	}
	want_u64("end of the pipe", ret, 0);
}

static void first(long arg)
{
	close(a[1]), close(b[0]), close(c[0]), close(c[1]);
	member_ready();
	move(a[0], b[1], 1);
}

static void second(long arg)
{
	close(a[0]), close(a[1]), close(b[1]), close(c[0]);
	member_ready();
	move(b[0], c[1], 10);
}

static int answer(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned char byte = 0;
	int ret;

	if (poll(&p, 1, LIMIT_MS) != 1)
		return -1;
	ret = read(fd, &byte, 1);
	return ret == 1 ? byte : -2;
}

static void wire(int *fds)
{
	if (prog_is("sockets"))
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	else
		must(pipe(fds));
}

static void pipeline(void)
{
	pid_t pids[2];

	wire(a), wire(b), wire(c);
	pids[0] = spawn(first, 0);
	pids[1] = spawn(second, 0);
	close(a[0]), close(b[0]), close(b[1]), close(c[1]);
	must_soon(load(board->ready) == 2);
	prog_ready();
	prog_wait();
	if (prog_losing) {
		wire(b);
		must(dup2(b[1], a[1]));
	}
	must(write(a[1], "A", 1));
	want_u64("answer", answer(c[0]), 'A' + 11);
	must(write(a[1], "M", 1));
	want_u64("second answer", answer(c[0]), 'M' + 11);
	if (prog_losing) {
		kill(pids[0], SIGKILL), kill(pids[1], SIGKILL);
		return;
	}
	/* The end of one reaches the next, when nobody else has its write end. */
	close(a[1]);
	want_status("first child", pids[0], 0, 0);
	want_status("second child", pids[1], 0, 0);
	want_u64("end", answer(c[0]), -2);
}

static void waiter(long arg)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = 5 };
	int set = must(epoll_create1(0));
	char buf[8];
	uint64_t n = 0;

	must(epoll_ctl(set, EPOLL_CTL_ADD, event, &ev));
	ev.data.u32 = 0;
	member_ready();
	want_u64("epoll_wait", epoll_wait(set, &ev, 1, -1), 1);
	want_u64("data", ev.data.u32, 5);
	must(read(event, &n, 8));
	want_u64("counter", n, 6);
	want_u64("contents", read(a[0], buf, 8), 2);
}

static void events(void)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = 9 };
	uint64_t n = 6;
	pid_t pid;

	must(pipe(a));
	event = must(eventfd(0, 0));
	pid = spawn(waiter, 0);
	ep = must(epoll_create1(0));
	must(epoll_ctl(ep, EPOLL_CTL_ADD, a[0], &ev));
	close(a[0]);
	must_soon(load(board->ready) == 1);
	prog_ready();
	prog_wait();
	if (prog_losing)
		must(dup2(must(eventfd(0, 0)), event));
	want_u64("events", epoll_wait(ep, &ev, 1, 0), 0);
	must(write(a[1], "xy", 2));
	ev.data.u32 = 0;
	want_u64("events", epoll_wait(ep, &ev, 1, 0), 1);
	want_u64("data", ev.data.u32, 9);
	must(write(event, &n, 8));
	want_status("child", pid, 0, 0);
	if (prog_losing)
		kill(pid, SIGKILL);
	/* The file of the item went with the child. */
	want_u64("events after the end", epoll_wait(ep, &ev, 1, 0), 0);
}

static void writer(long arg)
{
	close(a[0]);
	member_ready();
	want_u64("write", write(a[1], "behind it", 9), 9);
}

static void hung(void)
{
	static char full[16 * PAGE], got[16 * PAGE];
	pid_t pid;

	must(pipe(a));
	fill(full, sizeof(full), 3);
	if (must(write(a[1], full, sizeof(full))) != sizeof(full))
		prog_say("SETUP: short write");
	pid = spawn(writer, 0);
	close(a[1]);
	must_soon(load(board->ready) == 1);
	prog_ready();
	prog_wait();
	if (prog_losing)
		must(read(a[0], got, 8));
	want_u64("read", read(a[0], got, sizeof(got)), sizeof(got));
	want_fill("contents", got, sizeof(got), 3);
	want_status("child", pid, 0, 0);
	want_u64("what it wrote", read(a[0], got, sizeof(got)), 9);
	want_u64("end", read(a[0], got, sizeof(got)), 0);
}

int main(int argc, char **argv)
{
	prog_start(argc, argv);
	board_make();
	if (prog_is("pipeline") || prog_is("sockets"))
		pipeline();
	else if (prog_is("events"))
		events();
	else
		hung();
	family_done();
}
