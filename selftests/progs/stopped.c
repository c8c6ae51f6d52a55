// SPDX-License-Identifier: GPL-2.0
/*
 * stopped - stopped children come back stopped, and their parent hears of it as before
 *
 * Variants: unwaited, waited: whether the parent has waited for the stop by
 * SIGSTOP; tstp: stopped by SIGTSTP; continued: stopped and continued, not
 * waited for; threads: a process of several threads; quiet: no signal about it.
 */
#include "family.h"
#include <pthread.h>

static pid_t child;
static volatile sig_atomic_t chld;

static void on_chld(int sig)
{
	chld++;
}

static void *spin(void *arg)
{
	for (;;) {
		add(board->slot[1], 1);
		sleep_ms(5);
	}
	return NULL;
}

static void count(long arg)
{
	pthread_t t;

	if (prog_is("threads") && (errno = pthread_create(&t, NULL, spin, NULL)))
		must(-1);
	/* A stop by SIGTSTP wants a group that is not orphaned. */
	setpgid(0, 0);
	member_ready();
	while (load(board->phase) < 2) {
		add(board->slot[0], 1);
		sleep_ms(5);
	}
	_exit(6);
}

static int peek_stop(int options)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	must(waitid(P_PID, child, &info, options | WNOHANG | WNOWAIT));
	return info.si_pid ? info.si_status : 0;
}

static void setup(void)
{
	struct sigaction sa = { .sa_handler = on_chld, .sa_flags = SA_RESTART };
	int sig = prog_is("tstp") ? SIGTSTP : SIGSTOP;

	board_make();
	must(sigaction(SIGCHLD, &sa, NULL));
	child = spawn(count, 0);
	must_soon(load(board->ready) == 1 && load(board->slot[0]) > 3);
	must(kill(child, sig));
	must_soon(peek_stop(WSTOPPED) == sig);
	if (prog_is("waited"))
		must(waitpid(child, NULL, WUNTRACED));
	if (prog_is("continued")) {
		must(kill(child, SIGCONT));
		must_soon(peek_stop(WCONTINUED) == SIGCONT);
	}
	must_soon(chld > 0);
	sleep_ms(50);
	chld = 0;
}

static void lose(void)
{
	if (prog_is("unwaited") || prog_is("tstp") || prog_is("threads"))
		waitpid(child, NULL, WUNTRACED);
	else if (prog_is("continued"))
		waitpid(child, NULL, WCONTINUED);
	else
		kill(child, SIGCONT);
}

static void verify(void)
{
	int sig = prog_is("tstp") ? SIGTSTP : SIGSTOP, status = -1;
	int64_t before = load(board->slot[0]), other = load(board->slot[1]);

	sleep_ms(60);
	want_u64("SIGCHLD since then", chld, 0);
	if (prog_is("continued")) {
		want_soon(load(board->slot[0]) > before);
		want_u64("stop that is over", peek_stop(WSTOPPED), 0);
		want_u64("wait for the continuation", waitpid(child, &status, WCONTINUED | WNOHANG), child);
		want_u64("its status", status, 0xffff);
		want_u64("wait again", waitpid(child, &status, WCONTINUED | WNOHANG), 0);
	} else {
		want_u64("state", proc_state(child), 'T');
		want_u64("it has run while stopped", load(board->slot[0]), before);
		want_u64("its thread has run while stopped", load(board->slot[1]), other);
		if (!prog_is("waited")) {
			want_u64("wait for the stop", waitpid(child, &status, WUNTRACED | WNOHANG), child);
			want_u64("its status", status, sig << 8 | 0x7f);
		}
		want_u64("wait again", waitpid(child, &status, WUNTRACED | WNOHANG), 0);
		must(kill(child, SIGCONT));
		want_soon(load(board->slot[0]) > before);
		if (prog_is("threads"))
			want_soon(load(board->slot[1]) > other);
		want_soon(peek_stop(WCONTINUED) == SIGCONT);
		want_soon(chld == 1);
	}
	/* It can be stopped again. */
	must(kill(child, SIGSTOP));
	want_soon(peek_stop(WSTOPPED) == SIGSTOP);
	must(kill(child, SIGCONT));
	announce(2);
	want_status("child", child, 0, EXITED(6));
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
