// SPDX-License-Identifier: GPL-2.0
/*
 * tiny - a program with a small image, for tests that damage images
 *
 * Has one of each: a descriptor shared by two numbers, a handler, a pending
 * signal, an interval timer, a private file mapping with a changed page, a pipe
 * and a FIFO with contents, an eventfd, an epoll instance inside another one,
 * a sealed memory file with an older area, two seccomp filters, timers of each
 * kind, a signalfd, a pidfd, inotify with an event, asynchronous I/O, a file and
 * a directory without a name, O_PATH, a namespace, a signal owner, a directory
 * that is watched by F_NOTIFY, locks.
 */
#include "prog.h"
#include <linux/aio_abi.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>

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

static void make_memfd(void)
{
	int fd = must(memfd_create("a", MFD_ALLOW_SEALING));
	unsigned char *mem;

	must(ftruncate(fd, 4 * PAGE));
	mem = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
	must((long)mem);
	fill(mem, 8, 3);
	must(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK));
}

static void make_filters(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { 1, &allow };

	/* Who is not root may not have one otherwise. */
	if (getuid())
		must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog));
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &prog));
}

static void make_timers(void)
{
	struct itimerspec its = { .it_value.tv_nsec = MS, .it_interval.tv_sec = 5000 };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	int id, fd = must(timerfd_create(CLOCK_REALTIME, 0));

	must(timerfd_settime(fd, 0, &its, NULL));
	must(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id));
	must(syscall(SYS_timer_settime, id, 0, &its, NULL));
	must(syscall(SYS_timer_create, CLOCK_PROCESS_CPUTIME_ID, &ev, &id));
	its.it_value.tv_sec = 7000;
	must(syscall(SYS_timer_settime, id, 0, &its, NULL));
	ev.sigev_notify = 4;
	ev._sigev_un._tid = gettid();
	must(syscall(SYS_timer_create, CLOCK_BOOTTIME, &ev, &id));
	must(syscall(SYS_timer_settime, id, TIMER_ABSTIME, &its, NULL));
	sleep_ms(20);
}

static void make_notice(const sigset_t *set)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd = must(signalfd(-1, set, 0)), ep = must(epoll_create1(0));

	must(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	must(syscall(SYS_pidfd_open, getpid(), 0));
	fd = must(inotify_init1(IN_NONBLOCK));
	rmdir(prog_path("dir/12345678"));
	rmdir(prog_path("dir"));
	must(mkdir(prog_path("dir"), 0700));
	must(inotify_add_watch(fd, prog_path("dir"), IN_CREATE));
	must(mkdir(prog_path("dir/12345678"), 0700));
}

static void make_aio(int fd)
{
	struct iocb cb = {
		.aio_fildes = fd, .aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_buf = (uintptr_t)&cb.aio_offset, .aio_nbytes = 0,
	}, *list = &cb;
	aio_context_t ctx = 0;

	must(syscall(SYS_io_setup, 4, &ctx));
	must(syscall(SYS_io_submit, ctx, 1, &list));
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
	rmdir(prog_path("lost"));
	must(mkdir(prog_path("lost"), 0700));
	must(chdir(prog_path("lost")));
	must(rmdir(prog_path("lost")));
	must(open(prog_dir, O_PATH));
	must(open("/proc/self/ns/uts", O_RDONLY));
	must(fcntl(must(open(prog_path("dir"), O_RDONLY | O_DIRECTORY)), F_NOTIFY,
		   DN_RENAME | DN_MULTISHOT));
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
	make_timers();
	make_notice(&set);
	make_aio(fd);
	make_memfd();
	make_files();
	make_filters();
	prog_ready();
	prog_wait();
	if (prog_losing)
		memset(mem + PAGE, 0, 8);
	want_fill("changed page", mem + PAGE, PAGE, 2);
	prog_done();
}
