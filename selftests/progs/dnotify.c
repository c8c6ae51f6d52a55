// SPDX-License-Identifier: GPL-2.0
/*
 * dnotify - a process that watches a directory with F_NOTIFY
 *
 * Variants: often: with DN_MULTISHOT. once: one event ends the watch. thread: a
 * thread is told, by a signal of its own. ownerless: F_SETOWN has taken the owner
 * away, and names it again. none: the watch has ended.
 */
#include "prog.h"

#define SIG (SIGRTMIN + 3)

static int dir, copy;
static volatile sig_atomic_t told, told_fd, told_code;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	told++;
	told_fd = info->si_fd;
	told_code = info->si_code;
}

static void touch(const char *name)
{
	close(must(open(prog_path(name), O_CREAT | O_RDWR, 0600)));
}

static void setup(void)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	struct f_owner_ex owner = { F_OWNER_TID, getpid() };
	int mask = DN_CREATE | DN_DELETE;

	must(sigaction(SIG, &sa, NULL));
	must(mkdir(prog_path("dir"), 0700));
	touch("dir/old");
	dir = must(open(prog_path("dir"), O_RDONLY | O_DIRECTORY));
	copy = must(fcntl(dir, F_DUPFD, 40));
	must(fcntl(copy, F_SETSIG, SIG));
	if (!prog_is("once"))
		mask |= DN_MULTISHOT;
	must(fcntl(copy, F_NOTIFY, mask));
	if (prog_is("thread"))
		must(fcntl(dir, F_SETOWN_EX, &owner));
	if (prog_is("ownerless"))
		must(fcntl(dir, F_SETOWN, 0));
	if (prog_is("none"))
		must(fcntl(dir, F_NOTIFY, 0));
}

static void lose(void)
{
	if (prog_is("none"))
		must(fcntl(copy, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	else
		must(fcntl(copy, F_NOTIFY, 0));
}

static void verify(void)
{
	struct f_owner_ex owner = {};

	want_u64("no signal yet", told, 0);
	must(fcntl(dir, F_GETOWN_EX, &owner));
	want_u64("owner", owner.pid, prog_is("ownerless") ? 0 : getpid());
	if (!prog_is("ownerless"))
		want_u64("type of owner", owner.type,
			 prog_is("thread") ? F_OWNER_TID : F_OWNER_PID);
	want_u64("F_GETSIG", fcntl(dir, F_GETSIG), SIG);
	if (prog_is("ownerless"))
		must(fcntl(dir, F_SETOWN, getpid()));
	/* What was not asked for. */
	must(chmod(prog_path("dir/old"), 0400));
	want_u64("signal of DN_ATTRIB", told, 0);
	touch("dir/new");
	if (prog_is("none")) {
		want_u64("signal without a watch", told, 0);
		must(unlink(prog_path("dir/new")));
		return;
	}
	want_u64("signal of DN_CREATE", told, 1);
	want_u64("si_fd", told_fd, copy);
	want_u64("si_code", told_code, POLL_MSG);
	must(unlink(prog_path("dir/new")));
	want_u64("signals in the end", told, prog_is("once") ? 1 : 2);
	/* The watch is that of the descriptor table: closing ends it. */
	close(copy);
	touch("dir/new");
	want_u64("signals after close", told, prog_is("once") ? 1 : 2);
	must(unlink(prog_path("dir/new")));
}

PROG_MAIN(setup, lose, verify)
