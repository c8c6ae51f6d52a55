// SPDX-License-Identifier: GPL-2.0
/*
 * term_job - a job of a shell on a terminal that is somebody else's
 *
 * The program is the shell: it has the terminal DIR/pts/0, whose master the test
 * holds, and starts the job, whose pid is in DIR/job. The job is checkpointed,
 * without the shell, and restarted on another terminal.
 *
 * Variants: job: in the foreground, in a group of its own; background: not in
 * the foreground; leader: the process that leads the session is checkpointed.
 */
#include "family.h"
#include <sys/ioctl.h>
#include <termios.h>

static int tty;
static volatile int interrupts, stops;

static void on_signal(int sig)
{
	if (sig == SIGINT)
		interrupts++;
	else
		stops++;
}

static void job(void)
{
	static const int others[] = { SIGHUP, SIGTTIN, SIGTTOU, SIGQUIT };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	char line[64] = "";
	size_t i;

	must(sigaction(SIGINT, &sa, NULL));
	for (i = 0; i < ARRAY_SIZE(others); i++)
		must(sigaction(others[i], &sa, NULL));
	prog_ready();
	prog_wait();
	if (prog_losing) {
		close(tty);
		tty = must(open("/dev/null", O_RDWR));
	}
	want_u64("isatty", isatty(tty), 1);
	want_u64("interrupts of the restart", interrupts, 0);
	if (prog_is("leader")) {
		want_u64("tcgetpgrp", tcgetpgrp(tty), -1);
		want_u64("open of /dev/tty", open("/dev/tty", O_RDWR), -1);
	} else if (prog_is("background")) {
		want(tcgetpgrp(tty) != getpgrp());
	} else {
		want_u64("tcgetpgrp", tcgetpgrp(tty), getpgrp());
	}
	if (!prog_is("background")) {
		want_u64("read", read(tty, line, sizeof(line)), 6);
		want_str("read", line, "input\n");
	}
	want_u64("write", write(tty, "output\n", 7), 7);
	if (prog_is("job"))
		want_soon(interrupts == 1);
	want_u64("other signals", stops, 0);
	prog_done();
}

int main(int argc, char **argv)
{
	pid_t pid;
	FILE *f;

	prog_start(argc, argv);
	must(setsid());
	tty = must(open(prog_path("pts/0"), O_RDWR));
	must(tcgetsid(tty));
	if (prog_is("leader"))
		job();
	signal(SIGTTOU, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	pid = must(fork());
	if (!pid) {
		must(setpgid(0, 0));
		if (prog_is("job"))
			must(tcsetpgrp(tty, getpid()));
		signal(SIGTTOU, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		f = fopen(prog_path("job"), "we");
		fprintf(f, "%d\n", getpid());
		fclose(f);
		job();
	}
	must(waitpid(pid, NULL, 0));
	return 0;
}
