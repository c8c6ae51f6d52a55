// SPDX-License-Identifier: GPL-2.0
/*
 * lock_family - processes that wait for each other's locks, and that share them
 *
 * Variants: wait: two children, one asleep in F_SETLKW and one in flock(2), for
 * locks of the root. table: a child with the root's descriptor table: what it
 * has locked is the root's as well, and stays when it ends. owner: a pipe whose
 * signals go to a child. watch: a directory that the root and a child watch.
 */
#include "family.h"
#include <sys/file.h>

static int fd, other, ends[2];

static int set_lock(int file, int cmd, int type, off_t start, off_t len)
{
	struct flock fl = { .l_type = type, .l_start = start, .l_len = len };

	return fcntl(file, cmd, &fl);
}

/* Who has a lock on a byte: 0 for nobody. Not through a descriptor that is closed: that would unlock. */
static pid_t holder(int probe, off_t at)
{
	struct flock fl = { .l_type = F_WRLCK, .l_start = at, .l_len = 1 };

	if (fcntl(probe, F_OFD_GETLK, &fl))
		prog_fail("F_OFD_GETLK: %s", strerror(errno));
	return fl.l_type == F_UNLCK ? 0 : fl.l_pid;
}

static void waits_posix(long arg)
{
	must(set_lock(fd, F_SETLK, F_WRLCK, 20, 10));
	member_ready();
	want_u64("F_SETLKW", set_lock(fd, F_SETLKW, F_WRLCK, 0, 10), 0);
	store(board->slot[0], getpid());
	member_wait(1);
}

static void waits_flock(long arg)
{
	int own = must(open(prog_path("other"), O_RDWR));

	close(other);
	member_ready();
	want_u64("flock", flock(own, LOCK_EX), 0);
	store(board->slot[1], getpid());
	member_wait(1);
}

static void wait_for_locks(void)
{
	int probe = must(open(prog_path("data"), O_RDWR));
	pid_t pids[2];

	must(set_lock(fd, F_SETLK, F_WRLCK, 0, 10));
	must(flock(other, LOCK_EX));
	pids[0] = spawn(waits_posix, 0);
	pids[1] = spawn(waits_flock, 0);
	must_soon(load(board->ready) == 2);
	sleep_ms(50);
	prog_ready();
	prog_wait();
	if (prog_losing)
		must(set_lock(fd, F_SETLK, F_UNLCK, 0, 0));
	want_u64("lock of the root", holder(probe, 5), getpid());
	want_u64("lock of the child", holder(probe, 25), pids[0]);
	sleep_ms(50);
	want_u64("still waits for the lock", load(board->slot[0]), 0);
	want_u64("still waits for flock", load(board->slot[1]), 0);
	set_lock(fd, F_SETLK, F_UNLCK, 0, 10);
	flock(other, LOCK_UN);
	want_soon(load(board->slot[0]) == pids[0]);
	want_soon(load(board->slot[1]) == pids[1]);
	want_u64("the lock has changed hands", holder(probe, 5), pids[0]);
	announce(1);
	want_status("child", pids[0], 0, 0);
	want_status("child", pids[1], 0, 0);
	want_u64("its locks went with it", holder(probe, 25), 0);
}

static void share_table(void)
{
	int probe = must(open(prog_path("data"), O_RDWR));
	pid_t pid = must(syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0));

	if (!pid) {
		must(set_lock(fd, F_SETLK, F_WRLCK, 0, 10));
		member_ready();
		member_wait(1);
		_exit(0);
	}
	must_soon(load(board->ready) == 1);
	prog_ready();
	prog_wait();
	if (prog_losing)
		must(set_lock(fd, F_SETLK, F_UNLCK, 0, 0));
	want_u64("lock of both", holder(probe, 5), pid);
	/* The owner of a lock does not run into it. */
	want_u64("it is ours", set_lock(fd, F_SETLK, F_WRLCK, 3, 1), 0);
	announce(1);
	want_status("child", pid, 0, 0);
	want_u64("it stays with the table", holder(probe, 8), pid);
	close(fd);
	want_u64("and goes with the file", holder(probe, 8), 0);
}

static volatile sig_atomic_t told;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	told = info->si_fd;
}

static void is_told(long arg)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

	must(sigaction(SIGRTMIN, &sa, NULL));
	member_ready();
	member_wait(1);
	want_soon(told);
	want_u64("si_fd", told, ends[0]);
}

static void own_signals(void)
{
	pid_t pid;

	must(pipe(ends));
	pid = spawn(is_told, 0);
	must_soon(load(board->ready) == 1);
	must(fcntl(ends[0], F_SETOWN, pid));
	must(fcntl(ends[0], F_SETSIG, SIGRTMIN));
	must(fcntl(ends[0], F_SETFL, O_ASYNC));
	prog_ready();
	prog_wait();
	if (prog_losing)
		must(fcntl(ends[0], F_SETOWN, 0));
	want_u64("owner", fcntl(ends[0], F_GETOWN), pid);
	must(write(ends[1], "x", 1));
	announce(1);
	want_status("child", pid, 0, 0);
}

/* Signals are blocked in both: one that is pending is one that was sent. */
static int signals_pending(void)
{
	struct timespec none = {};
	siginfo_t info;
	sigset_t set;
	int nr = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	while (sigtimedwait(&set, &info, &none) == SIGRTMIN)
		nr++;
	return nr;
}

static void watches(long dir)
{
	must(fcntl(dir, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	member_ready();
	member_wait(1);
}

/* The child watches for what the root does not, and the owner is told of both. */
static void watch_dir(void)
{
	sigset_t set;
	pid_t pid;
	int dir;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	must(mkdir(prog_path("dir"), 0700));
	close(make_file("dir/old", PAGE, 1));
	dir = must(open(prog_path("dir"), O_RDONLY | O_DIRECTORY));
	must(fcntl(dir, F_SETSIG, SIGRTMIN));
	must(fcntl(dir, F_NOTIFY, DN_ATTRIB | DN_MULTISHOT));
	pid = spawn(watches, dir);
	must_soon(load(board->ready) == 1);
	prog_ready();
	prog_wait();
	if (prog_losing)
		must(fcntl(dir, F_NOTIFY, 0));
	want_u64("owner", fcntl(dir, F_GETOWN), getpid());
	want_u64("no signal yet", signals_pending(), 0);
	must(chmod(prog_path("dir/old"), 0400));
	want_u64("signal of the root's watch", signals_pending(), 1);
	close(must(open(prog_path("dir/new"), O_CREAT | O_RDWR, 0600)));
	want_u64("signal of the child's watch", signals_pending(), 1);
	announce(1);
	want_status("child", pid, 0, 0);
	close(must(open(prog_path("dir/other"), O_CREAT | O_RDWR, 0600)));
	want_u64("the child's watch ends with it", signals_pending(), 0);
	must(chmod(prog_path("dir/old"), 0600));
	want_u64("the root's does not", signals_pending(), 1);
	/* The run that is compared begins anew. */
	must(unlink(prog_path("dir/new")));
	must(unlink(prog_path("dir/other")));
}

int main(int argc, char **argv)
{
	prog_start(argc, argv);
	board_make();
	fd = make_file("data", PAGE, 1);
	other = make_file("other", PAGE, 1);
	if (prog_is("wait"))
		wait_for_locks();
	else if (prog_is("table"))
		share_table();
	else if (prog_is("watch"))
		watch_dir();
	else
		own_signals();
	family_done();
}
