// SPDX-License-Identifier: GPL-2.0
/* task_comm - the name, with its odd characters, and the command line it overwrote */
#include "prog.h"

#define NAME "a (b) c\"d\\e f"

static char *arg;
static size_t arg_len;

static int read_all(const char *path, char *buf, size_t len)
{
	int fd = must(open(path, O_RDONLY | O_CLOEXEC));
	ssize_t n = must(read(fd, buf, len - 1));

	close(fd);
	buf[n] = 0;
	return n;
}

static void lose(void)
{
	must(prctl(PR_SET_NAME, "restart"));
	memset(arg, 'y', arg_len);
}

int main(int argc, char **argv)
{
	char buf[4096];
	size_t i;

	prog_start(argc, argv);
	prog_dir = strdup(argv[1]);
	must(prctl(PR_SET_NAME, NAME));
	/* As setproctitle does. */
	arg = argv[1];
	arg_len = strlen(arg);
	memset(arg, 'x', arg_len);

	prog_ready();
	prog_wait();
	if (prog_losing)
		lose();

	must(prctl(PR_GET_NAME, buf));
	want_str("PR_GET_NAME", buf, NAME);
	read_all("/proc/self/comm", buf, sizeof(buf));
	want_str("/proc/self/comm", buf, NAME "\n");
	read_all("/proc/self/cmdline", buf, sizeof(buf));
	for (i = 0; i < arg_len; i++)
		want_u64("/proc/self/cmdline", buf[strlen(buf) + 1 + i], 'x');
	prog_done();
}
