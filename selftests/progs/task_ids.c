// SPDX-License-Identifier: GPL-2.0
/* task_ids - the process has the numbers it had, for itself and for others */
#include "prog.h"

static pid_t pid, tid;

static void setup(void)
{
	pid = getpid();
	tid = gettid();
}

static void lose(void)
{
	/* Goes on under another number. */
	if (must(fork()))
		_exit(0);
}

static void verify(void)
{
	char link[32], path[32] = "";

	want_u64("getpid", getpid(), pid);
	want_u64("gettid", syscall(SYS_gettid), tid);
	snprintf(link, sizeof(link), "%d", pid);
	must(readlink("/proc/self", path, sizeof(path) - 1));
	want_str("/proc/self", path, link);
	want_u64("kill with signal 0", kill(pid, 0), 0);
	want_u64("children", waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, 1);
}

PROG_MAIN(setup, lose, verify)
