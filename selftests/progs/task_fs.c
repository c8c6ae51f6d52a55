// SPDX-License-Identifier: GPL-2.0
/*
 * task_fs - umask, working directory and root
 *
 * Variants: cwd; root, a chroot(2) with the working directory inside;
 * outside, a chroot with the working directory outside of it.
 */
#include "prog.h"

static struct stat cwd, root;

static void want_inode(const char *what, const char *path, const struct stat *st)
{
	struct stat now;

	must(stat(path, &now));
	want_u64(what, now.st_ino, st->st_ino);
	want_u64(what, now.st_dev, st->st_dev);
}

static void setup(void)
{
	must(mkdir(prog_path("jail"), 0777));
	must(mkdir(prog_path("jail/sub dir"), 0777));
	umask(0);
	if (prog_is("cwd")) {
		must(chdir(prog_path("jail/sub dir")));
	} else {
		/* DIR becomes the root: DIR/result is /result from now on. */
		if (prog_is("outside"))
			must(chdir("/proc"));
		else
			must(chdir(prog_path("jail/sub dir")));
		must(chroot(prog_dir));
		prog_dir = "";
	}
	umask(0135);
	must(stat(".", &cwd));
	must(stat("/", &root));
}

static void lose(void)
{
	umask(022);
	if (!prog_is("outside"))
		must(chdir(".."));
}

static void verify(void)
{
	struct stat st;
	char buf[4096];
	int fd;

	want_inode("working directory", ".", &cwd);
	want_inode("root", "/", &root);
	if (prog_is("root"))
		want_str("getcwd", getcwd(buf, sizeof(buf)) ? buf : strerror(errno), "/jail/sub dir");
	if (prog_is("outside")) {
		/* The kernel says so with a prefix, the C library with an errno. */
		must(syscall(SYS_getcwd, buf, sizeof(buf)));
		want_str("getcwd", buf, "(unreachable)/proc");
		want_u64("a file of the directory outside", access("self", F_OK), 0);
	}
	fd = must(open(prog_path("made"), O_WRONLY | O_CREAT | O_EXCL, 0777));
	must(fstat(fd, &st));
	want_u64("mode of a new file", st.st_mode & 0777, 0777 & ~0135);
	close(fd);
	want_u64("umask", umask(0), 0135);
}

PROG_MAIN(setup, lose, verify)
