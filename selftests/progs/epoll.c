// SPDX-License-Identifier: GPL-2.0
/*
 * epoll - what an epoll instance watches is as it was, taken edges stay taken
 *
 * Variants: items; order; nested; wide (many items).
 */
#include "prog.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>

enum { LEVEL, IDLE, TAKEN, EDGE, FIRED, ARMED, EXCLUSIVE, GONE, REUSED, READER, HUP, NR };

static int ep, outer, fd[NR], keep, second;

static void watch(int set, int what, uint32_t events, uint64_t data)
{
	struct epoll_event ev = { .events = events, .data.u64 = data };

	must(epoll_ctl(set, EPOLL_CTL_ADD, what, &ev));
}

static void add(int what)
{
	uint64_t one = 1;

	must(write(what, &one, 8));
}

/* The events that the set has now: a bit of *bits for each small number in data. */
static int look(int set, uint64_t *bits)
{
	struct epoll_event ev[32];
	int i, n = must(epoll_wait(set, ev, 32, 0));

	*bits = 0;
	for (i = 0; i < n; i++)
		*bits |= 1ULL << (ev[i].data.u64 & 31);
	return n;
}

#define DATA 0x123456789abcde00ULL

static void items_setup(void)
{
	int pipes[2], i, old;
	uint64_t bits;

	ep = must(epoll_create1(EPOLL_CLOEXEC));
	for (i = 0; i <= EXCLUSIVE; i++)
		fd[i] = must(eventfd(i == IDLE ? 0 : 1, EFD_NONBLOCK));
	watch(ep, fd[TAKEN], EPOLLIN | EPOLLET, DATA + TAKEN);
	watch(ep, fd[FIRED], EPOLLIN | EPOLLONESHOT, DATA + FIRED);
	must(pipe2(pipes, O_NONBLOCK));
	must(write(pipes[1], "x", 1));
	close(pipes[1]);
	fd[HUP] = pipes[0];
	watch(ep, fd[HUP], EPOLLIN | EPOLLET, DATA + HUP);
	/* Takes both edges, and the one shot. */
	if (look(ep, &bits) != 3)
		prog_say("SETUP: first look: %#llx", (unsigned long long)bits);
	watch(ep, fd[LEVEL], EPOLLIN, DATA + LEVEL);
	watch(ep, fd[IDLE], EPOLLIN, DATA + IDLE);
	watch(ep, fd[EDGE], EPOLLIN | EPOLLET, DATA + EDGE);
	watch(ep, fd[ARMED], EPOLLIN | EPOLLONESHOT, DATA + ARMED);
	watch(ep, fd[EXCLUSIVE], EPOLLIN | EPOLLEXCLUSIVE, DATA + EXCLUSIVE);
	/* Descriptors that are closed by now, or name another file. */
	old = must(eventfd(1, 0));
	watch(ep, old, EPOLLIN, DATA + GONE);
	fd[GONE] = must(fcntl(old, F_DUPFD, 60));
	close(old);
	old = must(eventfd(1, 0));
	keep = must(fcntl(old, F_DUPFD, 70));
	watch(ep, keep, EPOLLIN, DATA + REUSED);
	fd[REUSED] = old;
	must(dup2(fd[IDLE], keep));
	must(pipe2(pipes, O_NONBLOCK));
	fd[READER] = pipes[0];
	second = pipes[1];
	watch(ep, fd[READER], EPOLLIN | EPOLLRDHUP, DATA + READER);
}

static void items_lose(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.u64 = DATA + TAKEN };

	must(epoll_ctl(ep, EPOLL_CTL_MOD, fd[TAKEN], &ev));
}

static void items_verify(void)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = DATA + FIRED };
	uint64_t bits, want = 1 << LEVEL | 1 << EDGE | 1 << ARMED | 1 << EXCLUSIVE | 1 << GONE | 1 << REUSED;

	look(ep, &bits);
	want_u64("first look", bits, want);
	want &= ~(1 << EDGE | 1 << ARMED);
	look(ep, &bits);
	want_u64("second look", bits, want);
	add(fd[TAKEN]);
	add(fd[IDLE]);
	add(fd[FIRED]);
	must(write(second, "x", 1));
	want |= 1 << TAKEN | 1 << IDLE | 1 << READER;
	look(ep, &bits);
	want_u64("after events", bits, want);
	want &= ~(1 << TAKEN);
	must(epoll_ctl(ep, EPOLL_CTL_MOD, fd[FIRED], &ev));
	want |= 1 << FIRED;
	close(second);
	look(ep, &bits);
	want_u64("after EPOLL_CTL_MOD", bits, want);
	/* By the number it had: it names the idle one now, which is not watched by it. */
	want_u64("EPOLL_CTL_DEL of a reused number", epoll_ctl(ep, EPOLL_CTL_DEL, keep, NULL), -1);
	want_u64("errno", errno, ENOENT);
	want_u64("EPOLL_CTL_DEL of the exclusive one", epoll_ctl(ep, EPOLL_CTL_DEL, fd[EXCLUSIVE], NULL), 0);
	/* Once the number names the file again, it can be taken out. */
	must(dup2(fd[REUSED], keep));
	want_u64("EPOLL_CTL_DEL", epoll_ctl(ep, EPOLL_CTL_DEL, keep, NULL), 0);
	want &= ~(1 << REUSED | 1 << EXCLUSIVE);
	look(ep, &bits);
	want_u64("after EPOLL_CTL_DEL", bits, want);
}

/* The order in which events are handed out, two at a time. */
static void order_setup(void)
{
	static const int order[] = { 3, 1, 4, 0, 2 };
	int i;

	ep = must(epoll_create1(0));
	for (i = 0; i < 5; i++) {
		fd[i] = must(eventfd(0, 0));
		watch(ep, fd[i], EPOLLIN, i);
	}
	for (i = 0; i < 5; i++)
		add(fd[order[i]]);
}

static void order_verify(void)
{
	static const int order[] = { 3, 1, 4, 0, 2 };
	struct epoll_event ev;
	int i;

	for (i = 0; i < 5; i++) {
		must(epoll_wait(ep, &ev, 1, 0));
		want_u64("event", ev.data.u64, order[i]);
	}
}

static void order_lose(void)
{
	struct epoll_event ev;

	must(epoll_wait(ep, &ev, 1, 0));
}

/*
 * The outer instance stands before the inner one in the table. It has seen the
 * edge of the inner one; the second inner one has news.
 */
static void nested_setup(void)
{
	uint64_t bits;

	outer = must(epoll_create1(0));
	ep = must(epoll_create1(0));
	second = must(epoll_create1(0));
	fd[0] = must(eventfd(1, 0));
	fd[1] = must(eventfd(0, 0));
	watch(ep, fd[0], EPOLLIN, 0);
	watch(second, ep, EPOLLIN, 3);
	watch(outer, ep, EPOLLIN | EPOLLET, 1);
	look(outer, &bits);
	watch(outer, second, EPOLLIN | EPOLLET, 2);
}

static void nested_verify(void)
{
	uint64_t bits;

	look(outer, &bits);
	want_u64("outer", bits, 1 << 2);
	look(outer, &bits);
	want_u64("outer again", bits, 0);
	look(second, &bits);
	want_u64("second", bits, 1 << 3);
	look(ep, &bits);
	want_u64("inner", bits, 1 << 0);
	watch(ep, fd[1], EPOLLIN, 1);
	look(outer, &bits);
	want_u64("outer after EPOLL_CTL_ADD", bits, 0);
	add(fd[1]);
	look(outer, &bits);
	want_u64("outer after an event", bits, 1 << 1 | 1 << 2);
	want_u64("loop", epoll_ctl(ep, EPOLL_CTL_ADD, outer, &(struct epoll_event){ .events = EPOLLIN }), -1);
	want_u64("errno", errno, ELOOP);
}

static void nested_lose(void)
{
	add(fd[0]);
}

#define WIDE 1600

static void wide_setup(void)
{
	int i, what;

	ep = must(epoll_create1(0));
	fd[0] = must(eventfd(1, 0));
	fd[1] = must(eventfd(0, 0));
	/* Two files under hundreds of numbers, each used twice. */
	for (i = 0; i < WIDE; i++) {
		what = must(dup2(fd[i % 2], 100 + i / 2));
		watch(ep, what, EPOLLIN, i);
	}
}

static void wide_verify(void)
{
	static struct epoll_event ev[WIDE + 1];
	static char seen[WIDE];
	int i, n = must(epoll_wait(ep, ev, WIDE + 1, 0));

	want_u64("events", n, WIDE / 2);
	for (i = 0; i < n; i++)
		seen[ev[i].data.u64 % WIDE] = 1;
	for (i = 0; i < WIDE; i += 2)
		want_u64("seen", seen[i], 1);
}

static void wide_lose(void)
{
	uint64_t n;

	must(read(fd[0], &n, 8));
}

static const struct {
	const char *name;
	void (*setup)(void), (*lose)(void), (*verify)(void);
} variants[] = {
	{ "items", items_setup, items_lose, items_verify },
	{ "order", order_setup, order_lose, order_verify },
	{ "nested", nested_setup, nested_lose, nested_verify },
	{ "wide", wide_setup, wide_lose, wide_verify },
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
