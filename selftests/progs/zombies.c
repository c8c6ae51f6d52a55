// SPDX-License-Identifier: GPL-2.0
/*
 * zombies - children that have ended and that nobody has waited for
 *
 * Variants: status: exit codes, signals, a core dump; rusage: what wait4(2) says
 * about the times; nowait: looked at with WNOWAIT before; wclone: an exit signal
 * other than SIGCHLD; leaders: dead leaders of a session and of a group with
 * members; grandchild: in the middle of the tree; quiet: nobody hears of them
 * a second time; many: 100 of them.
 */
#include "family.h"
#include <sys/resource.h>

static pid_t pids[128];
static int n;
static volatile sig_atomic_t chld;

static void on_chld(int sig)
{
	chld++;
}

static void exits(long code)
{
	_exit(code);
}

static void killed(long sig)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	raise(sig);
	_exit(99);
}

static void dumps(long sig)
{
	struct rlimit all = { 1 << 20, 1 << 20 };

	setrlimit(RLIMIT_CORE, &all);
	must(prctl(PR_SET_DUMPABLE, 1));
	raise(sig);
	_exit(99);
}

static void burns(long ms)
{
	struct timespec ts;

	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	while (ts.tv_sec * SEC + ts.tv_nsec < ms * MS);
	_exit(3);
}

static void zombie(pid_t pid)
{
	siginfo_t info;

	must(waitid(P_PID, pid, &info, WEXITED | WNOWAIT | __WALL));
	pids[n++] = pid;
}

static void peek(pid_t pid, siginfo_t *info, struct rusage *ru)
{
	memset(info, 0, sizeof(*info));
	memset(ru, 0, sizeof(*ru));
	if (syscall(SYS_waitid, P_PID, pid, info, WEXITED | WNOWAIT | WNOHANG | __WALL, ru))
		prog_fail("waitid(%d): %s", pid, strerror(errno));
}

static siginfo_t info_before;
static struct rusage ru_before;

static void in_session(long arg)
{
	member_ready();
	member_wait(1);
	want_u64("session of the member", getsid(0), board->slot[0]);
	want_u64("group of the member", getpgrp(), board->slot[arg]);
	want_u64("signals of the member", kill(-board->slot[arg], 0), 0);
	store(board->slot[8], board->slot[8] + 1);
	member_done();
}

/* slot 0: session leader, slot 1: leader of another group in that session */
static void leads_session(long arg)
{
	pid_t pid;

	must(setsid());
	board->slot[0] = getpid();
	spawn(in_session, 0);
	pid = must(fork());
	if (!pid) {
		must(setpgid(0, 0));
		board->slot[1] = getpid();
		spawn(in_session, 1);
		must_soon(load(board->ready) == 2);
		_exit(11);
	}
	must(waitid(P_PID, pid, &info_before, WEXITED | WNOWAIT));
	must_soon(load(board->ready) == 2);
	_exit(12);
}

static void middle(long arg)
{
	pid_t pid = spawn(exits, 33);

	zombie(pid);
	member_ready();
	if (prog_losing)
		waitpid(pid, NULL, 0);
	member_wait(1);
	want_status("zombie of a child", pid, 0, EXITED(33));
	member_done();
}

static void setup(void)
{
	struct sigaction sa = { .sa_handler = on_chld, .sa_flags = SA_RESTART };
	int i;

	board_make();
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	if (prog_is("status")) {
		zombie(spawn(exits, 0));
		zombie(spawn(exits, 7));
		zombie(spawn(exits, 255));
		zombie(spawn(killed, SIGTERM));
		zombie(spawn(killed, SIGKILL));
		zombie(spawn(killed, SIGSEGV));
		zombie(spawn(dumps, SIGABRT));
	} else if (prog_is("rusage") || prog_is("nowait")) {
		zombie(spawn(burns, 150));
		peek(pids[0], &info_before, &ru_before);
	} else if (prog_is("wclone")) {
		pid_t pid = must(syscall(SYS_clone, prog_losing ? SIGCHLD : SIGWINCH, NULL, NULL, NULL, 0));

		if (!pid)
			_exit(21);
		zombie(pid);
		pid = must(syscall(SYS_clone, 0, NULL, NULL, NULL, 0));
		if (!pid)
			_exit(22);
		zombie(pid);
	} else if (prog_is("leaders")) {
		zombie(spawn(leads_session, 0));
	} else if (prog_is("grandchild")) {
		pids[n++] = spawn(middle, 0);
		must_soon(load(board->ready) == 1);
	} else if (prog_is("quiet")) {
		must(sigaction(SIGCHLD, &sa, NULL));
		zombie(spawn(exits, 1));
		zombie(spawn(exits, 2));
		must_soon(chld > 0);
		sleep_ms(20);
		chld = 0;
	} else if (prog_is("many")) {
		for (i = 0; i < 100; i++)
			zombie(spawn(exits, i));
	} else {
		must((errno = EINVAL, -1));
	}
}

static void lose(void)
{
	if (prog_is("quiet"))
		kill(getpid(), SIGCHLD);
	else if (prog_is("leaders"))
		announce(1), waitpid(pids[0], NULL, 0);
	else if (!prog_is("grandchild") && !prog_is("wclone"))
		waitpid(pids[n / 2], NULL, 0);
}

static long long usec(struct timeval tv)
{
	return tv.tv_sec * 1000000LL + tv.tv_usec;
}

/* A restored zombie dies once more, which takes a little time that the scheduler counts. */
static void want_times(const struct rusage *ru, const struct rusage *before)
{
	want_between("ru_utime, microseconds", usec(ru->ru_utime), usec(before->ru_utime), usec(before->ru_utime) + 10000);
	want_between("ru_stime, microseconds", usec(ru->ru_stime), usec(before->ru_stime), usec(before->ru_stime) + 10000);
	want_between("ru_nvcsw", ru->ru_nvcsw, before->ru_nvcsw, before->ru_nvcsw + 2);
	want_between("ru_nivcsw", ru->ru_nivcsw, before->ru_nivcsw, before->ru_nivcsw + 2);
}

static void verify_rusage(void)
{
	struct rusage ru;
	siginfo_t info;
	int status;

	peek(pids[0], &info, &ru);
	want_u64("si_code", info.si_code, info_before.si_code);
	want_u64("si_status", info.si_status, 3);
	want_times(&ru, &ru_before);
	want_u64("ru_minflt", ru.ru_minflt, ru_before.ru_minflt);
	want_u64("ru_maxrss", ru.ru_maxrss, ru_before.ru_maxrss);
	want_u64("wait4", wait4(pids[0], &status, WNOHANG, &ru), pids[0]);
	want_u64("status", status, EXITED(3));
	memset(&ru, 0, sizeof(ru));
	getrusage(RUSAGE_CHILDREN, &ru);
	want_times(&ru, &ru_before);
}

static void verify(void)
{
	static const int statuses[] = { 0, EXITED(7), EXITED(255), SIGTERM, SIGKILL, SIGSEGV, SIGABRT | 0x80 };
	int i;

	if (prog_is("status")) {
		for (i = 0; i < n; i++)
			want_status("zombie", pids[i], 0, statuses[i]);
	} else if (prog_is("rusage") || prog_is("nowait")) {
		verify_rusage();
	} else if (prog_is("wclone")) {
		want_u64("without __WCLONE", waitpid(pids[0], NULL, WNOHANG), -1);
		want_status("zombie with SIGWINCH", pids[0], __WCLONE, EXITED(21));
		want_u64("without __WCLONE", waitpid(pids[1], NULL, WNOHANG), -1);
		want_status("zombie with no signal", pids[1], __WALL, EXITED(22));
	} else if (prog_is("leaders")) {
		want_u64("session of the zombie", getsid(pids[0]), pids[0]);
		announce(1);
		want_status("dead leader of a session", pids[0], 0, EXITED(12));
		want_status("dead leader of a group", board->slot[1], 0, EXITED(11));
		want_soon(load(board->slot[8]) == 2);
		want_u64("wait for a member", waitpid(-1, NULL, 0) > 0, 1);
		want_u64("wait for the other member", waitpid(-1, NULL, 0) > 0, 1);
	} else if (prog_is("grandchild")) {
		announce(1);
		want_status("parent of the zombie", pids[0], 0, 0);
	} else if (prog_is("quiet")) {
		sleep_ms(50);
		want_u64("SIGCHLD for children that were dead before", chld, 0);
		want_status("zombie", pids[0], 0, EXITED(1));
		want_status("zombie", pids[1], 0, EXITED(2));
	} else if (prog_is("many")) {
		for (i = 0; i < n; i++)
			want_status("zombie", pids[i], 0, EXITED(i));
	}
	want_u64("children left", waitpid(-1, NULL, WNOHANG | __WALL), -1);
	want_u64("errno", errno, ECHILD);
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
