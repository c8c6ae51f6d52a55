// SPDX-License-Identifier: GPL-2.0
/*
 * fifo - FIFOs are found again by name, with what was in them
 *
 * Variants: rdwr; both (an end each way); packet; early (a reader that has had
 * no writer: no POLLHUP yet); late (whose writer is gone); deaf (a writer whose
 * reader is gone); kept (an outsider has it open all the time).
 */
#include "prog.h"
#include <poll.h>

static int fd = -1, w = -1;

static int end(int flags)
{
	return must(open(prog_path("fifo"), flags));
}

static int revents(int what, int events)
{
	struct pollfd p = { .fd = what, .events = events };

	must(poll(&p, 1, 0));
	return p.revents;
}

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	must(mkfifo(prog_path("fifo"), 0600));
	if (prog_is("rdwr") || prog_is("kept")) {
		fd = w = end(O_RDWR | O_NONBLOCK | O_APPEND);
	} else {
		fd = end(O_RDONLY | O_NONBLOCK);
		if (!prog_is("early"))
			w = end(O_WRONLY);
	}
	if (prog_is("packet")) {
		must(fcntl(w, F_SETFL, O_DIRECT));
		must(write(w, "abc", 3));
	}
	if (w >= 0)
		must(write(w, "in the pipe", 11));
	if (prog_is("late")) {
		close(w);
		w = -1;
	}
	if (prog_is("deaf")) {
		close(fd);
		fd = -1;
	}
}

static void lose(void)
{
	char buf[4];

	if (prog_is("early")) {
		close(end(O_WRONLY));
	} else if (prog_is("deaf")) {
		fd = end(O_RDONLY | O_NONBLOCK);
	} else {
		must(read(fd, buf, 2));
	}
}

static void verify(void)
{
	char buf[32] = "";

	if (prog_is("early")) {
		want_u64("before a writer", revents(fd, POLLIN), 0);
		w = end(O_WRONLY);
		close(w);
		want_u64("after a writer", revents(fd, POLLIN), POLLHUP);
		return;
	}
	if (prog_is("deaf")) {
		want_u64("write", write(w, "x", 1), -1);
		want_u64("errno", errno, EPIPE);
		want_u64("poll", revents(w, POLLOUT), POLLOUT | POLLERR);
		return;
	}
	if (prog_is("packet")) {
		want_u64("O_DIRECT", fcntl(w, F_GETFL) & O_DIRECT, O_DIRECT);
		want_u64("packet", read(fd, buf, 31), 3);
	}
	want_u64("poll", revents(fd, POLLIN), prog_is("late") ? POLLIN | POLLHUP : POLLIN);
	want_u64("read", read(fd, buf, 31), 11);
	want_u64("contents", memcmp(buf, "in the pipe", 11), 0);
	if (prog_is("late")) {
		want_u64("end", read(fd, buf, 31), 0);
		return;
	}
	want_u64("read from the empty one", read(fd, buf, 31), -1);
	want_u64("errno", errno, EAGAIN);
	want_u64("write", write(w, "more", 4), 4);
	want_u64("read", read(fd, buf, 31), 4);
	if (prog_is("rdwr"))
		want_u64("flags", fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND), O_RDWR | O_NONBLOCK | O_APPEND);
}

PROG_MAIN(setup, lose, verify)
