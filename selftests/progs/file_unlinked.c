// SPDX-License-Identifier: GPL-2.0
/*
 * file_unlinked - files and directories that have no name any more
 */
#include "prog.h"
#include <dirent.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SIZE (40 * PAGE + 123)
#define HOLE (4 * PAGE)
#define DATA (30 * PAGE)

static int fd, second, third = -1;
static char *shared, *private;
static struct stat before;
static struct timespec times[2] = { { 1000000000, 0 }, { 1100000000, 5000000 } };

static int open_again(int file, int flags)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
	return must(open(name, flags));
}

/* Data, a hole, data that ends within a page. */
static void fill_file(int file)
{
	char buf[PAGE];
	unsigned int i;

	for (i = 0; i < SIZE / PAGE + 1; i++) {
		size_t len = i * PAGE + PAGE > SIZE ? SIZE % PAGE : PAGE;

		if (i * PAGE >= HOLE && i * PAGE < DATA)
			continue;
		fill(buf, sizeof(buf), 7 + i);
		if (pwrite(file, buf, len, i * PAGE) != (ssize_t)len)
			must(-1);
	}
}

static void want_file(const char *what, int file)
{
	static const char zero[PAGE];
	char buf[PAGE];
	unsigned int i;

	for (i = 0; i < SIZE / PAGE + 1; i++) {
		size_t len = i * PAGE + PAGE > SIZE ? SIZE % PAGE : PAGE;

		if (!want_u64(what, pread(file, buf, sizeof(buf), i * PAGE), len))
			return;
		if (i * PAGE >= HOLE && i * PAGE < DATA)
			want_u64("hole", memcmp(buf, zero, PAGE), 0);
		else if (!want_fill(what, buf, len, 7 + i))
			return;
	}
}

static void setup_exe(char **argv)
{
	char self[4200];
	ssize_t n = must(readlink("/proc/self/exe", self, sizeof(self) - 1));
	int in, out;
	char buf[65536];

	self[n] = 0;
	in = must(open(self, O_RDONLY | O_CLOEXEC));
	out = must(open(prog_path("daemon"), O_WRONLY | O_CREAT | O_CLOEXEC, 0755));
	while ((n = must(read(in, buf, sizeof(buf)))) > 0)
		must(write(out, buf, n));
	close(in);
	close(out);
	setenv("AGAIN", "1", 1);
	must(execv(prog_path("daemon"), argv));
}

/* Another file has the name now, as after an upgrade. */
static void replace(const char *name, const char *with)
{
	int file = must(open(prog_path(with), O_WRONLY | O_CREAT, 0755));

	must(write(file, "new", 3));
	close(file);
	must(rename(prog_path(with), prog_path(name)));
}

static void setup_paths(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = must(socket(AF_UNIX, SOCK_STREAM, 0));

	fd = make_file("data", PAGE, 1);
	close(fd);
	must(symlink("data", prog_path("link")));
	must(mkdir(prog_path("dir"), 0700));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", prog_path("sock"));
	must(bind(sock, (struct sockaddr *)&addr, sizeof(addr)));
	close(sock);
	fd = must(open(prog_path("data"), O_PATH));
	second = must(open(prog_path("link"), O_PATH | O_NOFOLLOW));
	third = must(open(prog_path("dir"), O_PATH | O_DIRECTORY));
	must(dup2(must(open(prog_path("sock"), O_PATH)), 30));
	close(third + 1);
	must(unlinkat(third, "none", 0) == -1 ? 0 : -1);
	make_file("gone", PAGE, 3);
	must(dup2(must(open(prog_path("gone"), O_PATH)), 31));
	close(third + 1);
	close(third + 2);
	must(unlink(prog_path("gone")));
}

static void setup(void)
{
	if (prog_is("code"))
		return;
	if (prog_is("paths")) {
		setup_paths();
		return;
	}
	if (prog_is("dir") || prog_is("cwd")) {
		must(mkdir(prog_path("dir"), 0750));
		must(mkdir(prog_path("dir/below"), 0751));
		fd = must(open(prog_path("dir/below"), O_RDONLY | O_DIRECTORY));
		must(futimens(fd, times));
		if (prog_is("cwd"))
			must(fchdir(fd));
		must(rmdir(prog_path("dir/below")));
		must(rmdir(prog_path("dir")));
		must(fstat(fd, &before));
		return;
	}
	if (prog_is("exe")) {
		replace("daemon", "daemon.new");
		fd = must(open("/proc/self/exe", O_RDONLY));
		must(fstat(fd, &before));
		return;
	}
	if (prog_is("tmpfile") || prog_is("tmpfile_excl")) {
		fd = open(prog_dir, O_TMPFILE | O_RDWR | (prog_is("tmpfile") ? 0 : O_EXCL), 0600);
		if (fd < 0 && errno == EOPNOTSUPP)
			prog_unsupported("O_TMPFILE: %s", strerror(errno));
		must(fd);
	} else {
		fd = must(open(prog_path("data"), O_RDWR | O_CREAT, 0600));
	}
	fill_file(fd);
	if (prog_is("log")) {
		close(fd);
		fd = must(open(prog_path("data"), O_WRONLY | O_APPEND));
	}
	if (prog_is("shared")) {
		shared = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		must((long)shared);
		private = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		must((long)private);
		fill(private, PAGE, 99);
		second = open_again(fd, O_RDONLY);
		third = must(dup(fd));
	}
	must(fchmod(fd, 0640));
	if (prog_is("replaced"))
		replace("data", "data.new");
	else if (prog_is("renamed"))
		must(rename(prog_path("data"), prog_path("other")));
	else if (!strstr(prog_variant, "tmpfile"))
		must(unlink(prog_path("data")));
	must(lseek(fd, 12345, SEEK_SET));
	must(futimens(fd, times));
	must(fstat(fd, &before));
}

static void lose(void)
{
	if (prog_is("paths")) {
		must(dup2(must(open("/dev/null", O_RDONLY)), second));
	} else if (prog_is("dir") || prog_is("cwd")) {
		must(dup2(must(open("/", O_RDONLY)), fd));
		must(chdir("/"));
	} else if (prog_is("exe")) {
		must(ftruncate(must(open("/dev/null", O_RDONLY)), 0) == -1 ? 0 : -1);
		must(dup2(must(open(prog_path("daemon"), O_RDONLY)), fd));
	} else {
		must(ftruncate(fd, DATA - PAGE));
	}
}

static void want_stat(int file, nlink_t links)
{
	struct stat st;

	must(fstat(file, &st));
	want_u64("mode", st.st_mode, before.st_mode);
	want_u64("uid", st.st_uid, before.st_uid);
	want_u64("gid", st.st_gid, before.st_gid);
	want_u64("links", st.st_nlink, links);
	want_u64("device", st.st_dev, before.st_dev);
	if (S_ISREG(before.st_mode))
		want_u64("size", st.st_size, before.st_size);
	want_u64("mtime", st.st_mtim.tv_sec, before.st_mtim.tv_sec);
	want_u64("mtime, ns", st.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

static void want_empty_dir(void)
{
	DIR *dir = fdopendir(dup(fd));
	struct stat st;

	want_stat(fd, before.st_nlink);
	/* No more than the entries of any directory, perhaps not even those. */
	while (dir) {
		struct dirent *e = readdir(dir);

		if (!e)
			break;
		if (e->d_name[0] != '.')
			prog_fail("entry %s", e->d_name);
	}
	if (dir)
		closedir(dir);
	want_u64("nothing can be made in it", openat(fd, "x", O_CREAT | O_RDWR, 0600) == -1 && errno == ENOENT, 1);
	if (!prog_is("cwd"))
		return;
	must(stat(".", &st));
	must(fstat(fd, &before));
	want_u64("working directory is the open one", st.st_ino, before.st_ino);
}

static void want_paths(void)
{
	char buf[64] = "";
	struct stat st;
	int file;

	want_u64("flags", fcntl(fd, F_GETFL) & O_PATH, O_PATH);
	want_u64("no read", read(fd, buf, 1) == -1 && errno == EBADF, 1);
	file = open_again(fd, O_RDONLY);
	want_u64("opened", read(file, buf, sizeof(buf)), sizeof(buf));
	memset(buf, 0, sizeof(buf));
	readlinkat(second, "", buf, sizeof(buf) - 1);
	want_str("link", buf, "data");
	must(fstat(second, &st));
	want_u64("link itself", st.st_mode & S_IFMT, S_IFLNK);
	want_u64("below the directory", mkdirat(third, "below", 0700), 0);
	must(fstat(30, &st));
	want_u64("socket", st.st_mode & S_IFMT, S_IFSOCK);
	must(fstat(31, &st));
	want_u64("unlinked", st.st_nlink, 0);
	want_u64("size of the unlinked", st.st_size, PAGE);
}

static void want_mappings(void)
{
	char buf[PAGE];

	want_fill("shared mapping", shared + PAGE, PAGE, 8);
	want_fill("private mapping, changed", private, PAGE, 99);
	want_fill("private mapping, not changed", private + PAGE, PAGE, 8);
	fill(shared, PAGE, 55);
	must(pread(second, buf, PAGE, 0));
	want_fill("another file shows it", buf, PAGE, 55);
	want_u64("read-only", write(second, "x", 1), -1UL);
	want_u64("position of the other", lseek(second, 0, SEEK_CUR), 0);
	want_u64("position in common", lseek(third, 0, SEEK_CUR), 12345);
}

static void verify(void)
{
	struct stat now;

	if (prog_is("code"))
		return;
	if (prog_is("paths")) {
		want_paths();
		return;
	}
	if (prog_is("dir") || prog_is("cwd")) {
		want_empty_dir();
		return;
	}
	want_stat(fd, prog_is("renamed") ? 1 : 0);
	if (prog_is("exe")) {
		must(stat("/proc/self/exe", &now));
		must(fstat(fd, &before));
		want_u64("the executable is the open file", now.st_ino, before.st_ino);
		want_u64("nobody writes to it", open("/proc/self/exe", O_RDWR) == -1 && errno == ETXTBSY, 1);
		return;
	}
	want_u64("position", lseek(fd, 0, SEEK_CUR), 12345);
	if (prog_is("log")) {
		must(fstat(fd, &before));
		want_u64("append", write(fd, "line", 4), 4);
		must(fstat(fd, &now));
		want_u64("it has grown", now.st_size, before.st_size + 4);
		return;
	}
	want_file("contents", fd);
	if (prog_is("shared"))
		want_mappings();
	must(fstat(fd, &now));
	if (now.st_blocks * 512 > (long long)(SIZE - (DATA - HOLE)) + 16 * PAGE && !prog_is("renamed"))
		prog_fail("hole is filled: %lld blocks", (long long)now.st_blocks);
	if (prog_is("renamed")) {
		struct stat st;

		must(stat(prog_path("other"), &st));
		want_u64("same file", st.st_ino, now.st_ino);
	}
	if (strstr(prog_variant, "tmpfile")) {
		char name[64];
		int ret;

		want_u64("flags", fcntl(fd, F_GETFL) & O_TMPFILE, O_TMPFILE);
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		ret = linkat(AT_FDCWD, name, AT_FDCWD, prog_path("linked"), AT_SYMLINK_FOLLOW);
		want_u64("linkat", ret, prog_is("tmpfile") ? 0 : -1UL);
	}
}

int main(int argc, char **argv)
{
	prog_start(argc, argv);
	if ((prog_is("exe") || prog_is("code")) && !getenv("AGAIN"))
		setup_exe(argv);
	setup();
	prog_ready();
	prog_wait();
	if (prog_losing)
		lose();
	verify();
	prog_done();
}
