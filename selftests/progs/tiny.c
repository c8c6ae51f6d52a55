// SPDX-License-Identifier: GPL-2.0
/*
 * tiny - a program with a small image, for tests that damage images
 *
 * Has one of each: a descriptor shared by two numbers, a handler, a pending
 * signal, an interval timer, a private file mapping with a changed page, a pipe
 * and a FIFO with contents, an eventfd, an epoll instance inside another one, a
 * file and a directory without a name, O_PATH, a namespace, a signal owner, locks.
 */
#include "prog.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/time.h>

static void on_signal(int sig)
{
}

static int pipes[2], fifo, event;

static void make_events(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int inner, outer;

	/* Lengths that leave no padding, which would pass as data. */
	must(pipe2(pipes, O_DIRECT | O_NONBLOCK));
	must(write(pipes[1], "first...", 8));
	must(write(pipes[1], "second..second..", 16));
	unlink(prog_path("fifo"));
	must(mkfifo(prog_path("fifo"), 0600));
	fifo = must(open(prog_path("fifo"), O_RDWR | O_NONBLOCK));
	must(write(fifo, "third...", 8));
	event = must(eventfd(3, EFD_SEMAPHORE));
	inner = must(epoll_create1(0));
	outer = must(epoll_create1(0));
	must(epoll_ctl(inner, EPOLL_CTL_ADD, pipes[0], &ev));
	must(epoll_ctl(inner, EPOLL_CTL_ADD, event, &ev));
	must(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &ev));
}

static void make_files(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_start = 100, .l_len = 10 };
	int gone, locked;

	must(fcntl(pipes[0], F_SETOWN, getpid()));
	must(fcntl(pipes[0], F_SETFL, O_ASYNC | O_DIRECT | O_NONBLOCK));
	gone = make_file("gone", PAGE, 3);
	must(ftruncate(gone, 3 * PAGE));
	must(unlink(prog_path("gone")));
	rmdir(prog_path("dir"));
	must(mkdir(prog_path("dir"), 0700));
	must(chdir(prog_path("dir")));
	must(rmdir(prog_path("dir")));
	must(open(prog_dir, O_PATH));
	must(open("/proc/self/ns/uts", O_RDONLY));
	/* The last record is one whose absence is noticed. */
	locked = make_file("locked", PAGE, 4);
	must(fcntl(locked, F_SETLK, &fl));
	must(flock(locked, LOCK_EX));
}

int main(int argc, char **argv)
{
	struct itimerval it = { .it_value.tv_sec = 10000, .it_interval.tv_sec = 20000 };
	unsigned char *mem;
	sigset_t set;
	int fd;

	prog_start(argc, argv);
	fd = make_file("data", 4 * PAGE, 1);
	must(dup2(fd, 9));
	mem = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	must((long)mem);
	fill(mem + PAGE, PAGE, 2);
	signal(SIGUSR2, on_signal);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGUSR1);
	must(setitimer(ITIMER_REAL, &it, NULL));
	make_events();
	make_files();
	prog_ready();
	prog_wait();
	if (prog_losing)
		memset(mem + PAGE, 0, 8);
	want_fill("changed page", mem + PAGE, PAGE, 2);
	prog_done();
}
