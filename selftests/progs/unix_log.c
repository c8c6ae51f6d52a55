// SPDX-License-Identifier: GPL-2.0
/*
 * unix_log - a datagram socket connected with one outside, as that of syslog(3)
 *
 * Somebody else has bound "syslog" in the program's directory. Variants: there, and
 * then there is somebody after the restart; gone: nobody; relative: by an address
 * that depends on the directory.
 */
#include "prog.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static int fd;

static void setup(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	snprintf(un.sun_path, sizeof(un.sun_path), prog_is("relative") ? "syslog" : "%s/syslog", prog_dir);
	must(chdir(prog_dir));
	fd = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must(connect(fd, (void *)&un, sizeof(un)));
	must(send(fd, "before", 6, 0));
}

static void lose(void)
{
	fd = must(socket(AF_UNIX, SOCK_DGRAM, 0));
}

static void verify(void)
{
	struct sockaddr_un un = {};
	socklen_t len = sizeof(un);
	char path[200];

	snprintf(path, sizeof(path), "%s/syslog", prog_dir);
	want_u64("peer", getpeername(fd, (void *)&un, &len), 0);
	want_str("address of the peer", un.sun_path, path);
	if (!prog_is("gone")) {
		want_u64("send", send(fd, "after", 5, MSG_NOSIGNAL), 5);
		return;
	}
	want_u64("send", send(fd, "after", 5, MSG_NOSIGNAL), -1);
	want_u64("nobody there", errno, ECONNREFUSED);
}

PROG_MAIN(setup, lose, verify)
