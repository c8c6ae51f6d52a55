// SPDX-License-Identifier: GPL-2.0
/*
 * pty_job - a session with job control under a pseudo terminal of the root
 *
 * The root has the master, like script(1) or a terminal multiplexor. Below it is
 * a session leader with a foreground group and a background group, and a process
 * that has given up its terminal. Whatever signals the death and the restart may
 * cause are counted: there must be none.
 *
 * Variants: session: all wait; blocked: the foreground sleeps in a read, the
 * background has been stopped by one, and is brought to the foreground by the
 * leader; gone: the foreground group has ended; ahead: a character that sends a
 * signal has been typed, and waits behind what has not been read.
 */
#include "family.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

enum { LEADER, FORE, BACK, NONE, NR };

/* Slots: the pids, then a counter per member and signal. */
#define PIDS 0
#define FDS 8
#define TEXT 16
#define COUNTS 20
#define MASTER_PID 6

static const int watched[] = { SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGWINCH };
static int m, tty, current_tty, self;
static char name[4200], buf[8192];

static int64_t *count_of(int who, int sig)
{
	size_t i;

	for (i = 0; watched[i] != sig; i++)
		;
	return &board->slot[COUNTS + who * ARRAY_SIZE(watched) + i];
}

static void on_signal(int sig)
{
	add(*count_of(self, sig), 1);
}

/*
 * Handlers that do not let a call go on: a read that is not allowed ends. Where
 * reads in the background stop, those that are continued go on.
 */
static void watch(int default_too)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = default_too ? SA_RESTART : 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(watched); i++)
		if (!default_too || (watched[i] != SIGTTIN && watched[i] != SIGTTOU))
			must(sigaction(watched[i], &sa, NULL));
}

static pid_t pid_of(int who)
{
	return load(board->slot[PIDS + who]);
}

static int64_t all_counts(void)
{
	int64_t sum = 0;
	int who;
	size_t i;

	for (who = 0; who < NR; who++)
		for (i = 0; i < ARRAY_SIZE(watched); i++)
			sum += load(*count_of(who, watched[i]));
	return sum;
}

static void forget_counts(void)
{
	int who;
	size_t i;

	for (who = 0; who < NR; who++)
		for (i = 0; i < ARRAY_SIZE(watched); i++)
			store(*count_of(who, watched[i]), 0);
}

/* What each member sees of its terminal. */
static void look(void)
{
	struct stat st, as;
	char link[64] = "";

	want_u64("getsid", getsid(0), pid_of(LEADER));
	if (self == NONE) {
		want_u64("tcgetpgrp without a terminal", tcgetpgrp(tty), -1);
		want_u64("open of /dev/tty without one", open("/dev/tty", O_RDWR), -1);
		return;
	}
	want_u64("tcgetpgrp", tcgetpgrp(tty), load(board->slot[TEXT]));
	want_u64("tcgetsid", tcgetsid(tty), pid_of(LEADER));
	want_u64("tcgetsid of /dev/tty", tcgetsid(current_tty), pid_of(LEADER));
	want_u64("terminal in stat", proc_stat(getpid(), 7), proc_stat(pid_of(LEADER), 7));
	want_u64("foreground in stat", proc_stat(getpid(), 8), load(board->slot[TEXT]));
	want_u64("fstat", fstat(tty, &st), 0);
	want_u64("terminal in stat", proc_stat(getpid(), 7), st.st_rdev);
	want_u64("fstat", fstat(current_tty, &as), 0);
	want_u64("device of /dev/tty", as.st_rdev, 5 << 8);
	snprintf(buf, sizeof(buf), "/proc/self/fd/%d", current_tty);
	must(readlink(buf, link, sizeof(link) - 1));
	want_str("path of /dev/tty", link, "/dev/tty");
}

static void live(void)
{
	member_ready();
	member_wait(1);
	look();
	add(board->ready, 1);
	if (self == BACK && prog_is("session")) {
		member_wait(3);
		want_u64("read in the background", read(tty, buf, 100), -1);
		want_u64("errno", errno, EINTR);
		want_u64("SIGTTIN", load(*count_of(BACK, SIGTTIN)), 1);
		add(board->ready, 1);
	}
	if (self == FORE && prog_is("session")) {
		member_wait(4);
		want_u64("read in the foreground", read(tty, buf, 100), 6);
		want(!memcmp(buf, "input\n", 6));
		add(board->ready, 1);
	}
	member_wait(9);
	member_done();
}

static void begin(int who)
{
	self = who;
	if (who != LEADER)
		must(setpgid(0, 0));
	store(board->slot[PIDS + who], getpid());
	if (who == NONE)
		must(ioctl(tty, TIOCNOTTY));
}

static void job(long who)
{
	begin(who);
	if (prog_is("blocked") && who != NONE) {
		int want = who == FORE ? 5 : 7;

		/* To be stopped is what SIGTTIN does if nobody handles it. */
		watch(1);
		add(board->ready, 1);
		if (who == BACK)
			must_soon(tcgetpgrp(tty) == pid_of(FORE));
		must_soon(tcgetpgrp(tty) != pid_of(LEADER));
		if (read(tty, buf, 100) != want)
			prog_fail("read: %s, want %d bytes", strerror(errno), want);
		want(!memcmp(buf, who == FORE ? "fore\n" : "back-1\n", want));
		add(board->ready, 1);
		member_wait(9);
		member_done();
	}
	watch(0);
	if (prog_is("gone") && who == FORE) {
		member_ready();
		must_soon(load(board->slot[TEXT]));
		_exit(0);
	}
	live();
}

static void leader(long unused)
{
	pid_t fore, back;
	int status;

	must(setsid());
	tty = must(open(name, O_RDWR));
	current_tty = must(open("/dev/tty", O_RDWR));
	close(m);
	begin(LEADER);
	fore = spawn(job, FORE);
	back = spawn(job, BACK);
	spawn(job, NONE);
	must_soon(pid_of(FORE) && pid_of(BACK) && pid_of(NONE));
	signal(SIGTTOU, SIG_IGN);
	must_soon(!setpgid(fore, fore) || errno == EACCES || 1);
	must(tcsetpgrp(tty, fore));
	store(board->slot[TEXT], fore);
	watch(0);
	signal(SIGTTOU, SIG_IGN);
	if (prog_is("gone"))
		must(waitpid(fore, NULL, 0));
	if (!prog_is("blocked")) {
		member_ready();
		member_wait(1);
		if (prog_losing)
			must(tcsetpgrp(tty, getpgrp()));
		look();
		add(board->ready, 1);
		member_wait(5);
		want_u64("tcsetpgrp", tcsetpgrp(tty, getpgrp()), 0);
		want_u64("tcgetpgrp", tcgetpgrp(tty), getpgrp());
		add(board->ready, 1);
		member_wait(9);
		member_done();
	}

	/* A shell: the background stops, and is brought to the foreground. */
	must(waitpid(back, &status, WUNTRACED));
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTTIN)
		must((errno = ECHILD, -1));
	member_ready();
	member_wait(1);
	if (prog_losing)
		must(kill(back, SIGKILL));
	want_u64("tcgetpgrp", tcgetpgrp(tty), fore);
	add(board->ready, 1);
	member_wait(5);
	want_u64("no other stop", waitpid(back, &status, WUNTRACED | WCONTINUED | WNOHANG), 0);
	want_u64("tcsetpgrp", tcsetpgrp(tty, back), 0);
	want_u64("SIGCONT", kill(-back, SIGCONT), 0);
	add(board->ready, 1);
	member_wait(9);
	member_done();
}

static void drain(void)
{
	struct pollfd p = { m, POLLIN, 0 };

	while (poll(&p, 1, 200) > 0 && read(m, buf, sizeof(buf)) > 0)
		;
}

static void setup(void)
{
	int zero = 0, n;

	board_make();
	/* A devpts of our own, or that of all. */
	snprintf(name, sizeof(name), "%s", prog_path("pts/ptmx"));
	if (access(name, F_OK))
		snprintf(name, sizeof(name), "/dev/pts/ptmx");
	m = must(open(name, O_RDWR | O_NOCTTY));
	must(ioctl(m, TIOCSPTLCK, &zero));
	must(ioctl(m, TIOCGPTN, &n));
	sprintf(strrchr(name, '/'), "/%d", n);
	store(board->slot[MASTER_PID], getpid());
	spawn(leader, 0);
	must_soon(load(board->ready) == NR);
	if (prog_is("blocked"))
		must_soon(proc_state(pid_of(BACK)) == 'T');
	if (prog_is("ahead")) {
		struct termios t;
		int i;

		/* Signals, but no lines: 4095 characters fit. */
		must(tcgetattr(m, &t));
		t.c_lflag &= ~(ICANON | ECHO);
		must(tcsetattr(m, TCSANOW, &t));
		for (i = 0; i < 5000; i++)
			must(write(m, "x", 1));
		must(write(m, "\x03", 1));
		must(poll(NULL, 0, 50));
	}
	drain();
	forget_counts();
}

static void verify_blocked(void)
{
	want_u64("signals of the restart", all_counts(), 0);
	want_u64("state of the background", proc_state(pid_of(BACK)), 'T');
	announce(1);
	want_soon(load(board->ready) == NR + 2);
	must(write(m, "fore\n", 5));
	want_soon(load(board->ready) == NR + 3);
	announce(5);
	want_soon(load(board->ready) == NR + 4);
	must(write(m, "back-1\n", 7));
	want_soon(load(board->ready) == NR + 5);
	want_u64("SIGCONT of the background", load(*count_of(BACK, SIGCONT)), 1);
	want_u64("SIGHUP", load(*count_of(LEADER, SIGHUP)), 0);
	want_u64("SIGTTIN", load(*count_of(FORE, SIGTTIN)), 0);
}

static void verify(void)
{
	pid_t fore = pid_of(FORE);
	int there = prog_is("gone") ? NR - 1 : NR, got = -1;

	/* From the side of the master. */
	want_u64("TIOCGPGRP of the master", ioctl(m, TIOCGPGRP, &got), 0);
	want_u64("foreground", got, fore);
	want_u64("TIOCGSID of the master", ioctl(m, TIOCGSID, &got), 0);
	want_u64("session", got, pid_of(LEADER));
	if (prog_is("blocked")) {
		verify_blocked();
		return;
	}
	want_u64("signals of the restart", all_counts(), 0);
	announce(1);
	want_soon(load(board->ready) == NR + (uint32_t)there);
	want_u64("signals of the restart", all_counts(), 0);
	if (prog_is("ahead")) {
		tty = must(open(name, O_RDWR | O_NOCTTY | O_NONBLOCK));
		if (prog_losing)
			tcflush(tty, TCIOFLUSH);
		want_u64("read", read(tty, buf, 64), 64);
		while (read(tty, buf, 64) > 0 && !load(*count_of(FORE, SIGINT)))
			sleep_ms(1);
		want_soon(load(*count_of(FORE, SIGINT)) == 1);
		want_u64("signals", all_counts(), 1);
		return;
	}
	if (prog_is("session")) {
		must(write(m, "\x03", 1));
		want_soon(load(*count_of(FORE, SIGINT)) == 1);
		want_u64("signals of ^C", all_counts(), 1);
		announce(3);
		want_soon(load(board->ready) == 2 * NR + 1);
		announce(4);
		must(write(m, "input\n", 6));
		want_soon(load(board->ready) == 2 * NR + 2);
		want_u64("signals", all_counts(), 2);
	}
	announce(5);
	want_soon(load(board->ready) == NR + (uint32_t)there + 1 + 2 * prog_is("session"));
	/* The end of the terminal is told to the leader. */
	close(m);
	want_soon(load(*count_of(LEADER, SIGHUP)) == 1);
}

int main(int argc, char **argv)
{
	prog_start(argc, argv);
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	setup();
	prog_ready();
	prog_wait();
	verify();
	announce(9);
	while (waitpid(-1, NULL, 0) > 0)
		;
	family_done();
}
