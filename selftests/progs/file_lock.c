// SPDX-License-Identifier: GPL-2.0
/*
 * file_lock - locks and leases on files
 *
 * Locks are looked at from an open file of its own, which conflicts with each,
 * and by what /proc/locks says of the file.
 */
#include "prog.h"
#include <sys/file.h>

static int fd, other, shared;
static char before[2048];

static void set_lock(int file, int cmd, int type, off_t start, off_t len)
{
	struct flock fl = { .l_type = type, .l_start = start, .l_len = len };

	must(fcntl(file, cmd, &fl));
}

/* What somebody else would run into at a byte. */
static void want_lock(const char *what, off_t at, int type, off_t start, off_t len, pid_t pid)
{
	struct flock fl = { .l_type = F_WRLCK, .l_start = at, .l_len = 1 };
	int probe = must(open(prog_path("data"), O_RDWR));

	if (fcntl(probe, F_OFD_GETLK, &fl))
		prog_fail("%s: %s", what, strerror(errno));
	if (!want_u64(what, fl.l_type, type) || type == F_UNLCK)
		return;
	want_u64(what, fl.l_start, start);
	want_u64(what, fl.l_len, len);
	want_u64(what, fl.l_pid, pid);
	/* Closing it would release the POSIX locks. */
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/*
 * The lines of /proc/locks about a file, without their numbers. Others take and
 * release locks meanwhile, so lines may be seen in any order, and twice.
 */
static void proc_locks(char *buf, size_t size)
{
	FILE *f = fopen("/proc/locks", "r");
	static char lines[64][256];
	char line[256], id[32], *at;
	size_t used = 0, nr = 0, i;
	struct stat st;

	must(fstat(fd, &st));
	snprintf(id, sizeof(id), ":%lu ", (unsigned long)st.st_ino);
	while (f && fgets(line, sizeof(line), f)) {
		at = strchr(line, ' ');
		if (at && strstr(line, id) && nr < ARRAY_SIZE(lines))
			strcpy(lines[nr++], at);
	}
	if (f)
		fclose(f);
	qsort(lines, nr, sizeof(lines[0]), by_text);
	buf[0] = 0;
	for (i = 0; i < nr; i++)
		if (!i || strcmp(lines[i], lines[i - 1]))
			used += snprintf(buf + used, size - used, "%s", lines[i]);
}

static void setup(void)
{
	fd = make_file("data", 4 * PAGE, 1);
	if (prog_is("posix")) {
		other = must(open(prog_path("data"), O_RDONLY));
		set_lock(fd, F_SETLK, F_WRLCK, 10, 20);
		set_lock(other, F_SETLK, F_RDLCK, 100, 50);
		set_lock(fd, F_SETLK, F_WRLCK, 1000, 0);
	} else if (prog_is("ofd")) {
		other = must(open(prog_path("data"), O_RDWR));
		shared = must(dup(fd));
		set_lock(fd, F_OFD_SETLK, F_WRLCK, 5, 5);
		set_lock(other, F_OFD_SETLK, F_RDLCK, 50, 1);
		set_lock(fd, F_OFD_SETLK, F_RDLCK, 50, 1);
	} else if (prog_is("flock")) {
		must(flock(fd, LOCK_EX));
		other = must(dup(fd));
	} else if (prog_is("flock_shared")) {
		other = must(open(prog_path("data"), O_RDONLY));
		must(flock(fd, LOCK_SH));
		must(flock(other, LOCK_SH));
	} else if (prog_is("lease_write")) {
		must(fcntl(fd, F_SETLEASE, F_WRLCK));
	} else if (prog_is("lease_read")) {
		close(fd);
		fd = must(open(prog_path("data"), O_RDONLY));
		must(fcntl(fd, F_SETLEASE, F_RDLCK));
		must(fcntl(fd, F_SETSIG, SIGRTMIN + 1));
	}
	proc_locks(before, sizeof(before));
}

static void lose(void)
{
	int other_owner = fork();

	/* POSIX locks are lost with any close, the others with the last. */
	if (!other_owner)
		_exit(0);
	waitpid(other_owner, NULL, 0);
	if (prog_is("posix"))
		set_lock(fd, F_SETLK, F_UNLCK, 15, 1);
	else if (prog_is("ofd"))
		set_lock(fd, F_OFD_SETLK, F_UNLCK, 5, 2);
	else if (prog_is("lease_write") || prog_is("lease_read"))
		fcntl(fd, F_SETLEASE, F_UNLCK);
	else
		flock(other, LOCK_UN), flock(fd, LOCK_UN);
}

static int broken_fd = -1;

static void on_break(int sig, siginfo_t *info, void *context)
{
	broken_fd = info->si_fd;
}

/* Somebody opens the file: the holder of the lease is told. */
static void want_break(int sig, int fd_told)
{
	struct sigaction sa = { .sa_sigaction = on_break, .sa_flags = SA_SIGINFO };
	int probe;

	sigaction(sig, &sa, NULL);
	probe = open(prog_path("data"), O_RDWR | O_NONBLOCK);
	want_u64("open of a leased file", probe == -1 && errno == EWOULDBLOCK, 1);
	want_u64("descriptor of the lease's signal", broken_fd, fd_told);
}

static void verify(void)
{
	char after[2048];
	int probe;

	proc_locks(after, sizeof(after));
	if (!before[0])
		prog_fail("no locks in /proc/locks");
	want_str("/proc/locks", after, before);
	if (prog_is("posix")) {
		want_lock("write lock", 15, F_WRLCK, 10, 20, getpid());
		want_lock("before it", 9, F_UNLCK, 0, 0, 0);
		want_lock("behind it", 30, F_UNLCK, 0, 0, 0);
		want_lock("read lock", 149, F_RDLCK, 100, 50, getpid());
		want_lock("to the end", 1 << 30, F_WRLCK, 1000, 0, getpid());
		/* They are the process's: it may change them. */
		set_lock(fd, F_SETLK, F_UNLCK, 0, 0);
		want_lock("released", 15, F_UNLCK, 0, 0, 0);
	} else if (prog_is("ofd")) {
		want_lock("write lock", 7, F_WRLCK, 5, 5, -1);
		want_lock("read lock", 50, F_RDLCK, 50, 1, -1);
		/* One of the two read locks goes with its file. */
		close(other);
		want_lock("read lock of the first", 50, F_RDLCK, 50, 1, -1);
		close(fd);
		want_lock("still open", 7, F_WRLCK, 5, 5, -1);
		close(shared);
		want_lock("closed", 7, F_UNLCK, 0, 0, 0);
	} else if (prog_is("flock") || prog_is("flock_shared")) {
		probe = must(open(prog_path("data"), O_RDONLY));
		want_u64("exclusive", flock(probe, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK, 1);
		want_u64("shared", flock(probe, LOCK_SH | LOCK_NB), prog_is("flock") ? -1UL : 0);
		flock(probe, LOCK_UN);
		close(fd);
		want_u64("still open", flock(probe, LOCK_EX | LOCK_NB), -1UL);
		close(other);
		want_u64("closed", flock(probe, LOCK_EX | LOCK_NB), 0);
	} else if (prog_is("lease_write")) {
		want_u64("lease", fcntl(fd, F_GETLEASE), F_WRLCK);
		want_break(SIGIO, 0);
	} else {
		want_u64("lease", fcntl(fd, F_GETLEASE), F_RDLCK);
		want_break(SIGRTMIN + 1, fd);
	}
}

PROG_MAIN(setup, lose, verify)
