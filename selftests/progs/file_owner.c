// SPDX-License-Identifier: GPL-2.0
/*
 * file_owner - files that send signals: F_SETOWN, F_SETSIG, O_ASYNC
 */
#include "prog.h"
#include <sys/ioctl.h>

static int ends[2], copy;
static volatile sig_atomic_t got_signal, got_fd, got_code;

#define SIG (SIGRTMIN + 3)

static void on_signal(int sig, siginfo_t *info, void *context)
{
	got_signal = sig;
	got_fd = info->si_fd;
	got_code = info->si_code;
}

static void setup(void)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	struct f_owner_ex owner = { F_OWNER_TID, getpid() };

	must(sigaction(SIG, &sa, NULL));
	must(sigaction(SIGIO, &sa, NULL));
	if (prog_is("file")) {
		ends[0] = make_file("data", PAGE, 1);
		must(fcntl(ends[0], F_SETSIG, SIG));
	} else {
		must(pipe(ends));
	}
	if (prog_is("group")) {
		must(setpgid(0, 0));
		must(fcntl(ends[0], F_SETOWN, -getpid()));
	} else if (prog_is("process")) {
		must(fcntl(ends[0], F_SETOWN, getpid()));
	} else {
		must(fcntl(ends[0], F_SETOWN_EX, &owner));
	}
	if (!prog_is("process"))
		must(fcntl(ends[0], F_SETSIG, SIG));
	/* The number that O_ASYNC is set through is what signals name. */
	copy = must(fcntl(ends[0], F_DUPFD, 40));
	if (!prog_is("file"))
		must(fcntl(copy, F_SETFL, O_ASYNC));
}

static void lose(void)
{
	if (prog_is("thread") || prog_is("file"))
		must(fcntl(ends[0], F_SETSIG, 0));
	else
		must(fcntl(ends[0], F_SETOWN, 0));
}

static void verify(void)
{
	int sig = prog_is("process") ? 0 : SIG;
	struct f_owner_ex owner = {};
	uid_t ids[2] = { -1, -1 };

	want_u64("F_GETSIG", fcntl(ends[0], F_GETSIG), sig);
	must(fcntl(ends[0], F_GETOWN_EX, &owner));
	want_u64("owner", owner.pid, getpid());
	want_u64("type of owner", owner.type, prog_is("group") ? F_OWNER_PGRP :
		 prog_is("process") ? F_OWNER_PID : F_OWNER_TID);
	/* F_GETOWNER_UIDS */
	if (!fcntl(ends[0], 17, ids)) {
		want_u64("uid of owner", ids[0], getuid());
		want_u64("euid of owner", ids[1], geteuid());
	}
	if (prog_is("file"))
		return;
	want_u64("O_ASYNC", fcntl(ends[0], F_GETFL) & O_ASYNC, O_ASYNC);
	want_u64("no signal yet", got_signal, 0);
	must(write(ends[1], "x", 1));
	want_u64("signal", got_signal, sig ? sig : SIGIO);
	if (sig) {
		want_u64("si_fd", got_fd, copy);
		want_u64("si_code", got_code, POLL_IN);
	}
}

PROG_MAIN(setup, lose, verify)
