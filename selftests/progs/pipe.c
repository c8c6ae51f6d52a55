// SPDX-License-Identifier: GPL-2.0
/*
 * pipe - pipes hold what was in them, their ends are open or closed as before
 *
 * Variants: data, packet, size, eof, epipe, ends, splice; read and write: asleep
 * in the call until a handler that runs after the restart lets it go on.
 */
#include "prog.h"
#include <poll.h>
#include <sys/ioctl.h>

static int r, w, both, extra;
static char buf[4 << 20];
static volatile int runs;

static void make(int flags)
{
	int fds[2];

	must(pipe2(fds, flags));
	r = fds[0];
	w = fds[1];
}

static void put(size_t n, uint64_t seed)
{
	static char data[1 << 20];

	fill(data, n + 8, seed);
	if (must(write(w, data, n)) != (long)n)
		prog_say("SETUP: short write of %zu", n);
}

static void want_get(const char *what, size_t n, uint64_t seed)
{
	static char data[1 << 20];
	ssize_t got = read(r, buf, n);

	fill(data, n + 8, seed);
	want_u64(what, got, n);
	if (got == (ssize_t)n && memcmp(buf, data, n))
		prog_fail("%s: other bytes", what);
}

static int bytes(void)
{
	int n = -1;

	ioctl(r, FIONREAD, &n);
	return n;
}

/* How many bytes fit, one at a time or a page at a time. */
static size_t room(size_t piece)
{
	size_t n = 0;
	ssize_t ret;

	must(fcntl(w, F_SETFL, fcntl(w, F_GETFL) | O_NONBLOCK));
	while ((ret = write(w, buf, piece)) > 0)
		n += ret;
	return n;
}

static void drain(void)
{
	must(fcntl(r, F_SETFL, O_NONBLOCK));
	while (read(r, buf, sizeof(buf)) > 0)
		;
}

static size_t had_room;

/* A buffer that has been read in part, small writes that share one, a long one. */
static void data_setup(void)
{
	make(O_CLOEXEC);
	put(100, 1);
	must(read(r, buf, 40));
	put(3000, 2);
	put(10001, 3);
	put(7, 4);
	/* What fits is found out in another one that is just the same. */
	both = r, extra = w;
	make(0);
	put(100, 1);
	must(read(r, buf, 40));
	put(3000, 2);
	put(10001, 3);
	put(7, 4);
	had_room = room(1);
	close(r);
	close(w);
	r = both, w = extra;
}

static void data_verify(void)
{
	char first[104];

	want_u64("FD_CLOEXEC", fcntl(r, F_GETFD), FD_CLOEXEC);
	want_u64("flags of the read end", fcntl(r, F_GETFL), O_RDONLY);
	want_u64("flags of the write end", fcntl(w, F_GETFL), O_WRONLY);
	want_u64("bytes", bytes(), 60 + 3000 + 10001 + 7);
	want_u64("room", room(1), had_room);
	fill(first, sizeof(first), 1);
	want_u64("first read", read(r, buf, 60), 60);
	want(!memcmp(buf, first + 40, 60));
	want_get("second", 3000, 2);
	want_get("third", 10001, 3);
	want_get("fourth", 7, 4);
	drain();
	must(fcntl(w, F_SETFL, 0));
	put(65536, 5);
	want_get("as new", 65536, 5);
}

/* Packets keep their boundaries, and what comes behind them is none. */
static void packet_setup(void)
{
	make(O_DIRECT);
	put(10, 1);
	put(20, 2);
	put(PAGE, 3);
	must(fcntl(w, F_SETFL, 0));
	put(30, 4);
	must(fcntl(w, F_SETFL, O_DIRECT));
	put(5, 5);
}

static void packet_verify(void)
{
	want_u64("flags of the write end", fcntl(w, F_GETFL), O_WRONLY | O_DIRECT);
	want_u64("packet 1", read(r, buf, sizeof(buf)), 10);
	want_u64("packet 2, in part", read(r, buf, 8), 8);
	want_u64("packet 3", read(r, buf, sizeof(buf)), PAGE);
	want_u64("no packet, and one behind", read(r, buf, 30), 30);
	want_u64("packet 5", read(r, buf, sizeof(buf)), 5);
	put(9, 6);
	put(9, 7);
	want_u64("new packet", read(r, buf, sizeof(buf)), 9);
	want_u64("new packet", read(r, buf, sizeof(buf)), 9);
}

/* A pipe of another size that is full, in pieces smaller than a page. */
static void size_setup(void)
{
	int i;

	make(O_DIRECT | O_NONBLOCK);
	must(fcntl(w, F_SETPIPE_SZ, 32 * PAGE));
	for (i = 0; i < 32; i++)
		put(100 + i, i);
}

static void size_verify(void)
{
	int i;

	want_u64("F_GETPIPE_SZ", fcntl(r, F_GETPIPE_SZ), 32 * PAGE);
	want_u64("write to the full pipe", write(w, "x", 1), -1);
	want_u64("errno", errno, EAGAIN);
	for (i = 0; i < 32; i++)
		want_get("piece", 100 + i, i);
	want_u64("read from the empty pipe", read(r, buf, 1), -1);
	want_u64("errno", errno, EAGAIN);
}

static void eof_setup(void)
{
	make(0);
	put(5000, 1);
	close(w);
	w = -1;
}

static void eof_verify(void)
{
	struct pollfd p = { .fd = r, .events = POLLIN };

	must(fcntl(r, F_SETFL, O_NONBLOCK));
	want_u64("poll", poll(&p, 1, 0), 1);
	want_u64("revents", p.revents, POLLIN | POLLHUP);
	want_get("contents", 5000, 1);
	want_u64("end", read(r, buf, 1), 0);
}

static void epipe_setup(void)
{
	make(O_NONBLOCK);
	put(100, 1);
	close(r);
	signal(SIGPIPE, SIG_IGN);
}

static void epipe_verify(void)
{
	struct pollfd p = { .fd = w, .events = POLLOUT };

	want_u64("poll", poll(&p, 1, 0), 1);
	want_u64("revents", p.revents, POLLOUT | POLLERR);
	want_u64("write", write(w, "x", 1), -1);
	want_u64("errno", errno, EPIPE);
}

static void epipe_lose(void)
{
	make(O_NONBLOCK);
}

/* Several files of one pipe: opened again through /proc, and duplicated. */
static void ends_setup(void)
{
	char name[64];

	make(0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", r);
	both = must(open(name, O_RDWR | O_NONBLOCK));
	extra = must(dup(r));
	put(100, 1);
	close(w);
	must(fcntl(extra, F_SETFL, O_NONBLOCK));
}

static void ends_verify(void)
{
	want_u64("flags of the read end", fcntl(r, F_GETFL), O_RDONLY | O_NONBLOCK);
	want_u64("flags of the other one", fcntl(both, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
	want_get("contents", 100, 1);
	want_u64("read: a writer is there", read(extra, buf, 1), -1);
	want_u64("errno", errno, EAGAIN);
	want_u64("write", write(both, "abc", 3), 3);
	want_u64("read", read(extra, buf, 10), 3);
	close(both);
	want_u64("read: the last writer is gone", read(r, buf, 1), 0);
}

static void ends_lose(void)
{
	must(fcntl(extra, F_SETFL, 0));
	must(write(both, "x", 1));
}

/* Buffers that are pages of a file. */
static void splice_setup(void)
{
	int fd = make_file("data", 4 * PAGE, 9);
	off_t off = 100;

	make(0);
	if (must(splice(fd, &off, w, NULL, 3 * PAGE, 0)) != 3 * PAGE)
		prog_say("SETUP: short splice");
	put(10, 1);
	close(fd);
}

static void splice_verify(void)
{
	int fd = must(open(prog_path("data"), O_RDWR)), i;
	static char want[4 * PAGE];

	must(pread(fd, want, sizeof(want), 0));
	/* Not the page of the file any more. */
	want_u64("bytes", bytes(), 3 * PAGE + 10);
	for (i = 0; i < 3; i++) {
		want_u64("read", read(r, buf, PAGE), PAGE);
		want(!memcmp(buf, want + 100 + i * PAGE, PAGE));
	}
	want_get("behind it", 10, 1);
}

static void drain_lose(void)
{
	must(fcntl(r, F_SETFL, O_NONBLOCK));
	must(read(r, buf, 50));
}

static void on_signal(int sig)
{
	runs++;
	if (prog_is("read"))
		put(6, 1);
	else
		must(read(r, buf, 2 * PAGE));
}

static void call(void)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	int ret, err;

	must(sigaction(SIGUSR1, &sa, NULL));
	make(prog_losing ? O_NONBLOCK : 0);
	if (prog_is("write"))
		put(16 * PAGE, 2);
	prog_ready();
	ret = prog_is("read") ? read(r, buf, 100) : write(w, "0123456789", 10);
	err = ret < 0 ? errno : 0;
	prog_wait();
	want_u64("return value", ret, prog_is("read") ? 6 : 10);
	want_u64("errno", err, 0);
	want_u64("handler runs", runs, 1);
	want_u64("bytes", bytes(), prog_is("read") ? 0 : 14 * PAGE + 10);
}

static const struct {
	const char *name;
	void (*setup)(void), (*lose)(void), (*verify)(void);
} variants[] = {
	{ "data", data_setup, drain_lose, data_verify },
	{ "packet", packet_setup, drain_lose, packet_verify },
	{ "size", size_setup, drain_lose, size_verify },
	{ "eof", eof_setup, drain_lose, eof_verify },
	{ "epipe", epipe_setup, epipe_lose, epipe_verify },
	{ "ends", ends_setup, ends_lose, ends_verify },
	{ "splice", splice_setup, drain_lose, splice_verify },
};

int main(int argc, char **argv)
{
	unsigned int i;

	prog_start(argc, argv);
	if (prog_is("read") || prog_is("write")) {
		call();
		prog_done();
	}
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
