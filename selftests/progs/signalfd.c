// SPDX-License-Identifier: GPL-2.0
/*
 * signalfd - a signalfd takes the signals that it took
 *
 * Variants: state: set, flags and duplicates, and a signal that is pending;
 * read: asleep in read(2), until a signal comes after the restart; epoll:
 * asleep in epoll_wait(2) likewise; family: a parent and a child that watch the
 * same signalfd, each for its own signals.
 */
#include "family.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

static int fd, twin, empty;

static sigset_t two(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 4);
	return set;
}

static int make(int flags)
{
	sigset_t set = two();

	must(sigprocmask(SIG_BLOCK, &set, NULL));
	/* Nobody can have these two. */
	sigaddset(&set, SIGKILL);
	sigaddset(&set, SIGSTOP);
	return must(signalfd(-1, &set, flags));
}

/* What comes, or minus the errno. */
static int take(int from, struct signalfd_siginfo *info)
{
	memset(info, 0, sizeof(*info));
	if (read(from, info, sizeof(*info)) != sizeof(*info))
		return -errno;
	return info->ssi_signo;
}

static void state_setup(void)
{
	union sigval v = { .sival_int = 99 };
	sigset_t none;

	fd = make(SFD_NONBLOCK);
	twin = must(dup(fd));
	sigemptyset(&none);
	empty = must(signalfd(-1, &none, SFD_CLOEXEC));
	must(sigqueue(getpid(), SIGRTMIN + 4, v));
}

static void state_lose(void)
{
	struct signalfd_siginfo info;
	sigset_t set;

	take(fd, &info);
	sigemptyset(&set);
	must(signalfd(fd, &set, 0));
	must(fcntl(empty, F_SETFD, 0));
}

static void mask_of(int of, char *line, int size)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", of);
	f = fopen(path, "re");
	while (f && fgets(line, size, f))
		if (!strncmp(line, "sigmask:", 8))
			break;
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = 0;
}

static void state_verify(void)
{
	struct signalfd_siginfo info;
	char line[128] = "", want[128];

	want_u64("O_NONBLOCK", fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
	want_u64("FD_CLOEXEC", fcntl(fd, F_GETFD), 0);
	want_u64("flags of the empty one", fcntl(empty, F_GETFL), O_RDWR);
	want_u64("its FD_CLOEXEC", fcntl(empty, F_GETFD), FD_CLOEXEC);
	mask_of(fd, line, sizeof(line));
	snprintf(want, sizeof(want), "sigmask:\t%016llx", 1ULL << (SIGUSR1 - 1) | 1ULL << (SIGRTMIN + 3));
	want_str("set", line, want);
	mask_of(empty, line, sizeof(line));
	want_str("the empty set", line, "sigmask:\t0000000000000000");
	want_u64("pending signal", take(twin, &info), SIGRTMIN + 4);
	want_u64("its value", info.ssi_int, 99);
	want_u64("its code", (uint32_t)info.ssi_code, (uint32_t)SI_QUEUE);
	must(kill(getpid(), SIGUSR1));
	if (!prog_losing) {
		want_u64("a new signal", take(fd, &info), SIGUSR1);
		want_u64("its sender", info.ssi_pid, getpid());
		want_u64("nothing left", take(fd, &info), -EAGAIN);
	}
}

static void read_call(void)
{
	struct signalfd_siginfo info;
	int sig;

	fd = make(prog_losing ? SFD_NONBLOCK : 0);
	prog_ready();
	sig = take(fd, &info);
	prog_wait();
	want_u64("signal", sig, SIGUSR1);
}

static void epoll_call(void)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 7 };
	struct signalfd_siginfo info;
	int ep, n;

	fd = make(SFD_NONBLOCK);
	ep = must(epoll_create1(0));
	must(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	ev.data.u64 = 0;
	prog_ready();
	n = epoll_wait(ep, &ev, 1, prog_losing ? 0 : -1);
	prog_wait();
	want_u64("events", n, 1);
	want_u64("data", ev.data.u64, 7);
	want_u64("signal", take(fd, &info), prog_losing ? -EAGAIN : SIGUSR1);
}

static int ep;

/* Both processes have the descriptors of the root; each has an epoll of its own. */
static void watch(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.u64 = getpid() };

	ep = must(epoll_create1(0));
	must(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
}

static void want_watched(const char *who, int sig)
{
	struct signalfd_siginfo info;
	struct epoll_event ev = {};

	want_u64(who, epoll_wait(ep, &ev, 1, LIMIT_MS), 1);
	want_u64("data", ev.data.u64, getpid());
	want_u64("signal", take(fd, &info), sig);
}

static void member(long arg)
{
	watch();
	member_ready();
	member_wait(1);
	if (prog_losing)
		must(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL));
	/* For nobody else but the child. */
	want_watched("child", SIGUSR1);
}

static void family(void)
{
	struct epoll_event ev;
	pid_t child;

	board_make();
	fd = make(SFD_NONBLOCK);
	child = spawn(member, 0);
	must_soon(load(board->ready) == 1);
	watch();
	prog_ready();
	prog_wait();
	must(kill(child, SIGUSR1));
	want_u64("events of the parent", epoll_wait(ep, &ev, 1, 100), 0);
	announce(1);
	want_status("child", child, 0, 0);
	must(kill(getpid(), SIGRTMIN + 4));
	want_watched("parent", SIGRTMIN + 4);
}

int main(int argc, char **argv)
{
	prog_start(argc, argv);
	if (prog_is("read")) {
		read_call();
	} else if (prog_is("epoll")) {
		epoll_call();
	} else if (prog_is("family")) {
		family();
		family_done();
	} else {
		state_setup();
		prog_ready();
		prog_wait();
		if (prog_losing)
			state_lose();
		state_verify();
	}
	prog_done();
}
