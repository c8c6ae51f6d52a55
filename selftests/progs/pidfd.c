// SPDX-License-Identifier: GPL-2.0
/*
 * pidfd - pidfds refer to the tasks that they referred to
 *
 * A child that runs, a child that is a zombie, a child that has been waited
 * for, a thread, the program itself; and a child that has its parent's.
 */
#include "family.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>

#ifndef PIDFD_NONBLOCK
#define PIDFD_NONBLOCK O_NONBLOCK
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

static int of_child, of_zombie, of_gone, of_thread, of_self, ep;
static pid_t child, zombie, tid;

static int pidfd(pid_t pid, int flags)
{
	return must(syscall(SYS_pidfd_open, pid, flags));
}

/* The Pid line of /proc/self/fdinfo. */
static int pid_of(int fd)
{
	char path[64], line[128];
	int pid = -2;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pid: %d", &pid) == 1)
			break;
	if (f)
		fclose(f);
	return pid;
}

static int polled(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0 ? p.revents : 0;
}

static void run(long arg)
{
	int parent = pidfd(getppid(), 0);

	member_ready();
	member_wait(1);
	want_u64("parent", pid_of(parent), getppid());
	want_u64("signal 0 to the parent", syscall(SYS_pidfd_send_signal, parent, 0, NULL, 0), 0);
	member_wait(2);
}

static void quit(long arg)
{
	_exit(arg);
}

static void *wait_long(void *arg)
{
	store(tid, gettid());
	for (;;)
		pause();
	return NULL;
}

static void setup(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	siginfo_t info;
	pthread_t t;
	pid_t gone;

	board_make();
	child = spawn(run, 0);
	must_soon(load(board->ready) == 1);
	zombie = spawn(quit, 9);
	gone = spawn(quit, 3);
	must(pthread_create(&t, NULL, wait_long, NULL) ? -1 : 0);
	must_soon(load(tid));
	of_child = pidfd(child, PIDFD_NONBLOCK);
	of_zombie = pidfd(zombie, 0);
	of_gone = pidfd(gone, 0);
	of_thread = pidfd(tid, PIDFD_THREAD);
	of_self = must(dup(pidfd(getpid(), 0)));
	must(waitid(P_PID, zombie, &info, WEXITED | WNOWAIT));
	must(waitpid(gone, NULL, 0));
	ep = must(epoll_create1(0));
	ev.data.u64 = 1;
	must(epoll_ctl(ep, EPOLL_CTL_ADD, of_child, &ev));
}

static void lose(void)
{
	must(dup2(of_self, of_child));
	must(dup2(of_self, of_zombie));
	must(dup2(of_self, of_gone));
	must(dup2(of_self, of_thread));
}

static void verify(void)
{
	struct epoll_event ev = {};
	siginfo_t info = {};

	announce(1);
	want_u64("child", pid_of(of_child), child);
	want_u64("flags", fcntl(of_child, F_GETFL), O_RDWR | PIDFD_NONBLOCK);
	want_u64("FD_CLOEXEC", fcntl(of_child, F_GETFD), FD_CLOEXEC);
	want_u64("FD_CLOEXEC of a duplicate", fcntl(of_self, F_GETFD), 0);
	want_u64("zombie", pid_of(of_zombie), zombie);
	want_u64("gone", pid_of(of_gone), -1);
	want_u64("thread", pid_of(of_thread), tid);
	want_u64("flags", fcntl(of_thread, F_GETFL), O_RDWR | PIDFD_THREAD);
	want_u64("self", pid_of(of_self), getpid());
	want_u64("poll of the child", polled(of_child), 0);
	want_u64("poll of the zombie", polled(of_zombie), POLLIN);
	want_u64("poll of the one that is gone", polled(of_gone), POLLIN | POLLHUP);
	want_u64("poll of the thread", polled(of_thread), 0);
	want_u64("signal to the one that is gone", syscall(SYS_pidfd_send_signal, of_gone, 0, NULL, 0), -1);
	want_u64("errno", errno, ESRCH);
	want_u64("signal 0 to the thread", syscall(SYS_pidfd_send_signal, of_thread, 0, NULL, 0), 0);
	want_u64("waitid of the child that runs", waitid(P_PIDFD, of_child, &info, WEXITED), -1);
	want_u64("errno", errno, prog_losing ? ECHILD : EAGAIN);
	if (want_u64("waitid of the zombie", waitid(P_PIDFD, of_zombie, &info, WEXITED), 0))
		want_u64("its status", info.si_status, 9);
	want_u64("epoll_wait", epoll_wait(ep, &ev, 1, 0), 0);
	announce(2);
	want_u64("epoll_wait when it ends", epoll_wait(ep, &ev, 1, LIMIT_MS), 1);
	want_status("child", child, 0, 0);
}

int main(int argc, char **argv)
{
	prog_start(argc, argv);
	setup();
	prog_ready();
	prog_wait();
	if (prog_losing)
		lose();
	verify();
	family_done();
}
