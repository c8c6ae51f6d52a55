// SPDX-License-Identifier: GPL-2.0
/*
 * terminal - a program in a pseudo terminal, and who types there
 *
 *	terminal DIR ROOT COMMAND [ARGUMENT...]
 *
 * runs a command with the root directory ROOT in a new session whose
 * controlling terminal is the slave. It types what is added to the file
 * DIR/keys, and adds what the command shows to DIR/screen. It ends when the
 * command does, with its status.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static long must(long ret, const char *what)
{
	if (ret < 0) {
		perror(what);
		exit(125);
	}
	return ret;
}

static void run(const char *slave, const char *root, char **command)
{
	char *cwd = getcwd(NULL, 0);
	int fd;

	must(setsid(), "setsid");
	fd = must(open(slave, O_RDWR), slave);
	must(ioctl(fd, TIOCSCTTY, 0), "TIOCSCTTY");
	for (int n = 0; n < 3; n++)
		must(dup2(fd, n), "dup2");
	if (fd > 2)
		close(fd);
	must(chroot(root), root);
	must(chdir(cwd), cwd);
	execv(command[0], command);
	must(-1, command[0]);
}

/* Copy what is at hand. Returns whether there was something. */
static int copy(int from, int to)
{
	char buf[4096];
	ssize_t n = read(from, buf, sizeof(buf));

	for (ssize_t done = 0; done < n;)
		done += must(write(to, buf + done, n - done), "write");
	return n > 0;
}

int main(int argc, char **argv)
{
	struct winsize size = { .ws_row = 25, .ws_col = 80 };
	char slave[64];
	int status;

	if (argc < 4)
		return 125;
	must(chdir(argv[1]), argv[1]);
	int keys = must(open("keys", O_RDONLY | O_CREAT, 0600), "keys");
	int screen = must(open("screen", O_WRONLY | O_CREAT | O_APPEND, 0600), "screen");
	int master = must(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), "posix_openpt");

	must(grantpt(master), "grantpt");
	must(unlockpt(master), "unlockpt");
	must(ptsname_r(master, slave, sizeof(slave)), "ptsname_r");
	must(ioctl(master, TIOCSWINSZ, &size), "TIOCSWINSZ");
	pid_t child = must(fork(), "fork");

	if (!child)
		run(slave, argv[2], argv + 3);
	for (;;) {
		struct pollfd p = { .fd = master, .events = POLLIN };

		copy(keys, master);
		poll(&p, 1, 20);
		if (p.revents & (POLLIN | POLLHUP))
			copy(master, screen);
		if (waitpid(child, &status, WNOHANG) == child)
			break;
	}
	/* What the command said last. */
	while (copy(master, screen))
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
