// SPDX-License-Identifier: GPL-2.0
/*
 * inotify - watches and events that were not read are as they were
 *
 * Variants: watches: files, a directory, a symbolic link, one watch that was
 * removed, flags; events: a queue of them, with names and cookies; quiet: a
 * directory whose files the program has open, which must see nothing of its own
 * checkpoint and restart; read: asleep in read(2).
 */
#include "prog.h"
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/epoll.h>
#include <poll.h>

#ifndef IN_MASK_CREATE
#define IN_MASK_CREATE 0x10000000
#endif

static int in, other;
static int wd_dir, wd_file, wd_link, wd_once, wd_gone;

static char queue[65536];
static char *at, *end;

/* The next event, or NULL. */
static struct inotify_event *next(int fd)
{
	struct inotify_event *ev;
	int n;

	if (at == end) {
		n = read(fd, queue, sizeof(queue));
		if (n <= 0)
			return NULL;
		at = queue;
		end = queue + n;
	}
	ev = (struct inotify_event *)at;
	at += sizeof(*ev) + ev->len;
	return ev;
}

static void want_event(int fd, int wd, uint32_t mask, const char *name)
{
	struct inotify_event *ev = next(fd);

	if (!ev) {
		prog_fail("no event %#x of watch %d: %s", mask, wd, strerror(errno));
		return;
	}
	want_u64("wd", ev->wd, wd);
	want_u64("mask", ev->mask, mask);
	want_str("name", ev->len ? ev->name : "", name);
}

static void want_none(int fd)
{
	struct inotify_event *ev = next(fd);

	if (ev)
		prog_fail("event %#x of watch %d, \"%s\"", ev->mask, ev->wd, ev->len ? ev->name : "");
}

static void touch(const char *name)
{
	int fd = must(open(prog_path(name), O_WRONLY | O_CREAT, 0666));

	must(write(fd, "x", 1));
	close(fd);
}

static void watches_setup(void)
{
	must(mkdir(prog_path("dir"), 0777));
	touch("file");
	touch("once");
	touch("gone");
	must(symlink("file", prog_path("link")));
	in = must(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
	other = must(inotify_init1(IN_NONBLOCK));
	wd_dir = must(inotify_add_watch(in, prog_path("dir"), IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_EXCL_UNLINK));
	wd_gone = must(inotify_add_watch(in, prog_path("gone"), IN_MODIFY));
	wd_file = must(inotify_add_watch(in, prog_path("file"), IN_CLOSE_WRITE));
	wd_link = must(inotify_add_watch(in, prog_path("link"), IN_DELETE_SELF | IN_DONT_FOLLOW));
	wd_once = must(inotify_add_watch(in, prog_path("once"), IN_MODIFY | IN_ONESHOT));
	must(inotify_rm_watch(in, wd_gone));
	want_event(in, wd_gone, IN_IGNORED, "");
}

static void watches_lose(void)
{
	must(inotify_rm_watch(in, wd_dir));
	must(inotify_rm_watch(in, wd_link));
	must(inotify_add_watch(in, prog_path("gone"), IN_MODIFY));
	must(fcntl(in, F_SETFL, O_NONBLOCK));
}

static void watches_verify(void)
{
	uint32_t cookie;
	struct inotify_event *ev;

	want_u64("flags", fcntl(in, F_GETFL), O_RDONLY | O_NONBLOCK);
	want_u64("FD_CLOEXEC", fcntl(in, F_GETFD), FD_CLOEXEC);
	want_none(in);
	want_none(other);
	touch("dir/new");
	want_event(in, wd_dir, IN_CREATE, "new");
	must(rename(prog_path("dir/new"), prog_path("dir/newer")));
	ev = next(in);
	cookie = ev ? ev->cookie : 0;
	want_u64("mask", ev ? ev->mask : 0, IN_MOVED_FROM);
	ev = next(in);
	want_u64("mask", ev ? ev->mask : 0, IN_MOVED_TO);
	want_u64("cookie", ev ? ev->cookie : 1, cookie);
	touch("file");
	want_event(in, wd_file, IN_CLOSE_WRITE, "");
	touch("once");
	want_event(in, wd_once, IN_MODIFY, "");
	want_event(in, wd_once, IN_IGNORED, "");
	must(unlink(prog_path("link")));
	want_event(in, wd_link, IN_DELETE_SELF, "");
	want_event(in, wd_link, IN_IGNORED, "");
	want_none(in);
	want_u64("next watch", inotify_add_watch(in, prog_path("gone"), IN_MODIFY), wd_once + 1);
}

static void events_setup(void)
{
	int i;

	must(mkdir(prog_path("dir"), 0777));
	touch("victim");
	in = must(inotify_init1(0));
	wd_dir = must(inotify_add_watch(in, prog_path("dir"), IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE));
	wd_gone = must(inotify_add_watch(in, prog_path("victim"), IN_DELETE_SELF));
	touch("dir/a");
	must(rename(prog_path("dir/a"), prog_path("dir/a name of another length")));
	must(mkdir(prog_path("dir/sub"), 0777));
	must(unlink(prog_path("victim")));
	for (i = 0; i < 200; i++) {
		char name[32];

		snprintf(name, sizeof(name), "dir/many%d", i);
		touch(name);
	}
}

static void events_lose(void)
{
	must(fcntl(in, F_SETFL, O_NONBLOCK));
	next(in);
	at = end;
	while (next(in))
		at = end;
	touch("dir/a");
}

static void events_verify(void)
{
	struct inotify_event *ev;
	uint32_t cookie = 0;
	int i, bytes = 0;

	must(fcntl(in, F_SETFL, O_NONBLOCK));
	must(ioctl(in, FIONREAD, &bytes));
	want_between("FIONREAD", bytes, 206 * (int)sizeof(*ev), 65536);
	want_event(in, wd_dir, IN_CREATE, "a");
	ev = next(in);
	if (ev) {
		cookie = ev->cookie;
		want_u64("mask", ev->mask, IN_MOVED_FROM);
		want_str("name", ev->len ? ev->name : "", "a");
	}
	want_between("cookie", cookie, 1, UINT32_MAX);
	ev = next(in);
	if (ev) {
		want_u64("cookie", ev->cookie, cookie);
		want_u64("mask", ev->mask, IN_MOVED_TO);
		want_str("name", ev->len ? ev->name : "", "a name of another length");
	}
	want_event(in, wd_dir, IN_CREATE | IN_ISDIR, "sub");
	want_event(in, wd_gone, IN_DELETE_SELF, "");
	want_event(in, wd_gone, IN_IGNORED, "");
	for (i = 0; i < 200 && !prog_failed; i++) {
		char name[32];

		snprintf(name, sizeof(name), "many%d", i);
		want_event(in, wd_dir, IN_CREATE, name);
	}
	want_none(in);
	touch("dir/last");
	want_event(in, wd_dir, IN_CREATE, "last");
}

static int held, ep;

static void quiet_setup(void)
{
	struct epoll_event ev = { .events = EPOLLIN };

	must(mkdir(prog_path("dir"), 0777));
	touch("dir/held");
	held = must(open(prog_path("dir/held"), O_RDWR));
	must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, held, 0) == MAP_FAILED ? -1 : 0);
	in = must(inotify_init1(IN_NONBLOCK));
	must(inotify_add_watch(in, prog_path("dir"), IN_ALL_EVENTS));
	must(inotify_add_watch(in, prog_path("dir/held"), IN_ALL_EVENTS));
	ep = must(epoll_create1(0));
	must(epoll_ctl(ep, EPOLL_CTL_ADD, in, &ev));
}

static void quiet_lose(void)
{
	touch("dir/held");
}

static void quiet_verify(void)
{
	struct epoll_event ev;

	want_u64("epoll_wait", epoll_wait(ep, &ev, 1, 0), 0);
	want_none(in);
	touch("dir/new");
	want_u64("epoll_wait", epoll_wait(ep, &ev, 1, 5000), 1);
}

static void read_call(void)
{
	struct inotify_event *ev;

	touch("file");
	in = must(inotify_init1(prog_losing ? IN_NONBLOCK : 0));
	wd_file = must(inotify_add_watch(in, prog_path("file"), IN_ATTRIB));
	prog_ready();
	ev = next(in);
	prog_wait();
	if (!ev)
		prog_fail("read: %s", strerror(errno));
	else
		want_u64("mask", ev->mask, IN_ATTRIB);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*setup)(void), (*lose)(void), (*verify)(void);
	} variants[] = {
		{ "watches", watches_setup, watches_lose, watches_verify },
		{ "events", events_setup, events_lose, events_verify },
		{ "quiet", quiet_setup, quiet_lose, quiet_verify },
	};
	size_t i;

	prog_start(argc, argv);
	if (prog_is("read")) {
		read_call();
		prog_done();
	}
	for (i = 0; i < ARRAY_SIZE(variants); i++) {
		if (!prog_is(variants[i].name))
			continue;
		variants[i].setup();
		prog_ready();
		prog_wait();
		if (prog_losing)
			variants[i].lose();
		variants[i].verify();
		prog_done();
	}
	prog_say("SETUP: no variant %s", prog_variant);
	return 2;
}
