// SPDX-License-Identifier: GPL-2.0
/*
 * fds - many open descriptors
 *
 * The variant is files:N, pipes:N or sockets:N: N regular files, or N pairs with
 * bytes under way. Says "open NS NR": how long it took to open(2) NR files, one
 * for each descriptor that it then has. After the restart each pair gives back
 * what was put into it, and each file its name.
 */
#include "prog.h"
#include <sys/resource.h>
#include <sys/socket.h>

#define BYTES 64

static char kind[16];
static long nr, nr_fds;
static int *fds;

static int is(const char *what)
{
	return !strcmp(kind, what);
}

static char *name_of(long i)
{
	static char name[32];

	snprintf(name, sizeof(name), "fd%06ld", i);
	return name;
}

/* What lies in a file, or is under way in a pair. */
static void text_of(long i, char *text)
{
	memset(text, 0, BYTES);
	snprintf(text, BYTES, "%ld of %ld %.15s", i, nr, kind);
}

static void make_files(void)
{
	char text[BYTES];
	long i;
	int fd;

	for (i = 0; i < nr_fds; i++) {
		fd = must(open(prog_path(name_of(i)), O_RDWR | O_CREAT | O_TRUNC, 0666));
		text_of(i, text);
		must(write(fd, text, BYTES));
		close(fd);
	}
}

/* All paths are worked out before the clock runs. */
static void open_files(void)
{
	char **paths = calloc(nr_fds + 1, sizeof(*paths));
	long long begin;
	long i;

	for (i = 0; i < nr_fds; i++)
		paths[i] = strdup(prog_path(name_of(i)));
	begin = now_ns(CLOCK_MONOTONIC);
	for (i = 0; i < nr_fds; i++)
		fds[i] = must(open(paths[i], O_RDWR));
	prog_say("open %lld %ld", now_ns(CLOCK_MONOTONIC) - begin, nr_fds);
	for (i = 0; i < nr_fds; i++)
		free(paths[i]);
	free(paths);
}

static void make_pairs(void)
{
	char text[BYTES];
	long i;

	for (i = 0; i < nr_fds; i++)
		close(fds[i]);
	for (i = 0; i < nr; i++) {
		if (is("pipes"))
			must(pipe(&fds[2 * i]));
		else
			must(socketpair(AF_UNIX, SOCK_STREAM, 0, &fds[2 * i]));
		text_of(i, text);
		must(write(fds[2 * i + 1], text, BYTES));
	}
}

static void verify(void)
{
	char text[BYTES], got[BYTES];
	long i, step = is("files") ? 1 : 2;

	for (i = 0; i < nr && !prog_failed; i++) {
		text_of(i, text);
		memset(got, 0, BYTES);
		want_u64("bytes", read(fds[step * i], got, BYTES), BYTES);
		if (memcmp(text, got, BYTES))
			prog_fail("descriptor %d of %s %ld: read \"%.*s\"", fds[step * i], kind, i, BYTES, got);
	}
}

int main(int argc, char **argv)
{
	struct rlimit many = { 65536, 65536 };

	prog_start(argc, argv);
	if (sscanf(prog_variant, "%15[a-z]:%ld", kind, &nr) != 2)
		must((errno = EINVAL, -1));
	nr_fds = is("files") ? nr : 2 * nr;
	must(setrlimit(RLIMIT_NOFILE, &many));
	fds = calloc(nr_fds + 1, sizeof(*fds));
	make_files();
	open_files();
	if (!is("files"))
		make_pairs();
	/* A test that loses state reads from somewhere else. */
	if (prog_losing && nr)
		lseek(fds[0], 1, SEEK_SET), close(fds[0]);
	prog_ready();
	prog_wait();
	verify();
	prog_done();
}
