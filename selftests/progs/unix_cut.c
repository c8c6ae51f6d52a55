// SPDX-License-Identifier: GPL-2.0
/*
 * unix_cut - the peer of a Unix socket stays behind: what it sent is there, and then it is gone
 */
#include "prog.h"
#include <sys/socket.h>

static int fd;

static void setup(void)
{
	int fds[2];
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	must(write(fds[1], "from outside", 12));
	pid = must(fork());
	if (!pid) {
		if (fork())
			_exit(0);
		/* Not a child of the program any more. */
		while (!prog_may_go() && !access(prog_dir, F_OK))
			sleep_ms(20);
		_exit(0);
	}
	must(waitpid(pid, NULL, 0));
	fd = fds[0];
	close(fds[1]);
}

static void lose(void)
{
}

static void verify(void)
{
	char buf[100];

	want_u64("message", recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 12);
	want(!memcmp(buf, "from outside", 12));
	want_u64("end of file", recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 0);
	want_u64("send", send(fd, "x", 1, MSG_NOSIGNAL), -1);
	want_u64("send", errno, EPIPE);
}

PROG_MAIN(setup, lose, verify)
