// SPDX-License-Identifier: GPL-2.0
/*
 * memfd - files of memfd_create(2) come back with contents, seals and everybody who shared them
 *
 * Variants: contents; seals; exec, a program that was started from one.
 */
#include "prog.h"

#define SIZE (10 * PAGE + 100)

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#define MFD_EXEC 0x10U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif

static int open_again(int fd, int flags)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return open(name, flags);
}

static void link_of(int fd, char *link, size_t size)
{
	char name[64];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = must(readlink(name, link, size - 1));
	link[n] = 0;
}

/* contents */

static int fd, reader, copy, executable;
static unsigned char *shared, *readonly, *private;
static struct stat before;

static int zeros(const unsigned char *p, size_t len)
{
	while (len && !*p)
		p++, len--;
	return !len;
}

static void setup_contents(void)
{
	static const struct timespec times[2] = { { 1000, 1 }, { 2000, 2 } };

	fd = must(memfd_create("with a name\n", MFD_CLOEXEC));
	must(ftruncate(fd, SIZE));
	shared = mmap(NULL, 11 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must((long)shared);
	fill(shared, PAGE, 1);
	fill(shared + 7 * PAGE, PAGE, 7);
	/* Behind the end of the file, in its last page. */
	fill(shared + 10 * PAGE, PAGE, 10);
	private = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 6 * PAGE);
	must((long)private);
	fill(private, PAGE, 66);
	must(lseek(fd, 1234, SEEK_SET));
	copy = must(dup(fd));
	must(fchown(fd, 12, 34));
	must(fchmod(fd, 0640));
	reader = must(open_again(fd, O_RDONLY));
	must(lseek(reader, 77, SEEK_SET));
	readonly = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 0);
	must((long)readonly);
	executable = must(memfd_create("", MFD_EXEC));
	must(futimens(executable, times));
	must(fstat(fd, &before));
}

static void verify_contents(void)
{
	char link[300], one;
	struct stat now;
	pid_t pid;
	int status;

	must(fstat(fd, &now));
	want_u64("size", now.st_size, SIZE);
	want_u64("mode", now.st_mode, S_IFREG | 0640);
	want_u64("uid", now.st_uid, 12);
	want_u64("gid", now.st_gid, 34);
	want_u64("mtime", now.st_mtim.tv_sec * SEC + now.st_mtim.tv_nsec, before.st_mtim.tv_sec * SEC + before.st_mtim.tv_nsec);
	want_u64("blocks", now.st_blocks, before.st_blocks);
	/* Mapping a file counts as reading it. */
	must(fstat(executable, &now));
	want_u64("atime", now.st_atim.tv_sec * SEC + now.st_atim.tv_nsec, 1000 * SEC + 1);
	want_u64("mtime", now.st_mtim.tv_sec * SEC + now.st_mtim.tv_nsec, 2000 * SEC + 2);
	want_fill("page 0", shared, PAGE, 1);
	want("holes" && zeros(shared + PAGE, 6 * PAGE));
	want_fill("page 7", shared + 7 * PAGE, PAGE, 7);
	want_fill("page 10", shared + 10 * PAGE, PAGE, 10);
	want_fill("private page", private, PAGE, 66);
	want_fill("page seen privately", private + PAGE, PAGE, 7);
	want_u64("seals", must(fcntl(fd, F_GET_SEALS)), F_SEAL_SEAL);
	want_u64("flags", must(fcntl(fd, F_GETFL)) & O_ACCMODE, O_RDWR);
	want_u64("close-on-exec", must(fcntl(fd, F_GETFD)), FD_CLOEXEC);
	want_u64("position", must(lseek(fd, 0, SEEK_CUR)), 1234);
	must(lseek(copy, 4321, SEEK_SET));
	want_u64("shared position", must(lseek(fd, 0, SEEK_CUR)), 4321);
	want_u64("position of the reader", must(lseek(reader, 0, SEEK_CUR)), 77);
	want_u64("flags of the reader", must(fcntl(reader, F_GETFL)) & O_ACCMODE, O_RDONLY);
	want("writing with the reader" && write(reader, "x", 1) == -1 && errno == EBADF);
	want("making the reader's area writable" && mprotect(readonly, PAGE, PROT_READ | PROT_WRITE) == -1 && errno == EACCES);
	link_of(fd, link, sizeof(link));
	want_str("name", link, "/memfd:with a name\n (deleted)");
	link_of(reader, link, sizeof(link));
	want_str("name of the reader", link, "/memfd:with a name\n (deleted)");
	link_of(executable, link, sizeof(link));
	want_str("empty name", link, "/memfd: (deleted)");

	shared[50] ^= 0xff;
	want_u64("mapped twice", readonly[50], shared[50]);
	must(pread(fd, &one, 1, 50));
	want_u64("mapped and read", (unsigned char)one, shared[50]);
	must(pwrite(fd, "Q", 1, 9 * PAGE));
	want_u64("written and mapped", shared[9 * PAGE], 'Q');
	want_u64("written and seen privately", private[3 * PAGE], 'Q');

	/* It can be executed although a descriptor can write to it. */
	must(ftruncate(executable, 0));
	must(write(executable, "#!/nothing\n", 11));
	pid = must(vfork());
	if (!pid) {
		char *const argv[] = { "x", NULL };

		fexecve(executable, argv, argv + 1);
		_exit(errno == ENOENT ? 0 : errno);
	}
	must(waitpid(pid, &status, 0));
	want_u64("errno of an execution", WEXITSTATUS(status), 0);
}

static void lose_contents(void)
{
	int other = must(memfd_create("other", MFD_CLOEXEC));

	must(ftruncate(other, SIZE));
	must(dup2(other, reader));
	must((long)mmap(shared, 11 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, other, 0));
}

/* seals */

static const struct {
	const char *name;
	unsigned int flags, seals, found;
} sealed[] = {
	{ "none", MFD_ALLOW_SEALING, 0, 0 },
	{ "size", MFD_ALLOW_SEALING, F_SEAL_GROW | F_SEAL_SHRINK, F_SEAL_GROW | F_SEAL_SHRINK },
	{ "write", MFD_ALLOW_SEALING, F_SEAL_WRITE, F_SEAL_WRITE },
	{ "future", MFD_ALLOW_SEALING, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL },
	{ "both", MFD_ALLOW_SEALING, F_SEAL_FUTURE_WRITE | F_SEAL_WRITE, F_SEAL_FUTURE_WRITE | F_SEAL_WRITE },
	{ "noexec", MFD_NOEXEC_SEAL, 0, F_SEAL_EXEC },
	{ "exec", MFD_EXEC | MFD_ALLOW_SEALING, F_SEAL_EXEC | F_SEAL_SEAL,
	  F_SEAL_EXEC | F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE },
};
#define NR ARRAY_SIZE(sealed)

static int fds[NR];
static unsigned char *old[NR], *ro[NR];

static void setup_seals(void)
{
	for (unsigned int i = 0; i < NR; i++) {
		unsigned int seals = sealed[i].seals;

		fds[i] = must(memfd_create(sealed[i].name, sealed[i].flags));
		must(ftruncate(fds[i], 2 * PAGE));
		must(pwrite(fds[i], sealed[i].name, strlen(sealed[i].name) + 1, PAGE));
		if (!(seals & (F_SEAL_WRITE | F_SEAL_EXEC))) {
			old[i] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[i], 0);
			must((long)old[i]);
			must(mprotect(old[i], PAGE, PROT_READ));
		}
		if (seals)
			must(fcntl(fds[i], F_ADD_SEALS, seals));
		ro[i] = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fds[i], 0);
		must((long)ro[i]);
	}
}

static int writable(void *p)
{
	int ret = mprotect(p, PAGE, PROT_READ | PROT_WRITE) ? errno : 0;

	mprotect(p, PAGE, PROT_READ);
	return ret;
}

static void verify_seals(void)
{
	for (unsigned int i = 0; i < NR; i++) {
		const char *name = sealed[i].name;
		unsigned int seals = sealed[i].found;
		int denied = seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
		struct stat st;
		void *p;

		want_str("contents", (char *)ro[i] + PAGE, name);
		want_u64(name, must(fcntl(fds[i], F_GET_SEALS)), seals);
		must(fstat(fds[i], &st));
		want_u64("may be executed", !!(st.st_mode & 0111), sealed[i].flags != MFD_NOEXEC_SEAL);
		want_u64("its sealed area", writable(ro[i]), denied ? EACCES : 0);
		if (old[i]) {
			want_u64("its older area", writable(old[i]), 0);
			must(mprotect(old[i], PAGE, PROT_READ | PROT_WRITE));
			old[i][20] ^= 0x55;
			want_u64("shared", ro[i][20], old[i][20]);
		}
		p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[i], 0);
		want_u64("a new area", p == MAP_FAILED ? errno : 0, denied ? EPERM : 0);
		want_u64("a write", pwrite(fds[i], "abc", 3, 100) == 3 ? 0 : errno, denied ? EPERM : 0);
		want_u64("smaller", ftruncate(fds[i], PAGE) ? errno : 0, seals & F_SEAL_SHRINK ? EPERM : 0);
		want_u64("larger", ftruncate(fds[i], 5 * PAGE) ? errno : 0, seals & F_SEAL_GROW ? EPERM : 0);
		want_u64("another mode", fchmod(fds[i], st.st_mode ^ 0111) ? errno : 0, seals & F_SEAL_EXEC ? EPERM : 0);
		want_u64("another seal", fcntl(fds[i], F_ADD_SEALS, F_SEAL_SHRINK) ? errno : 0, seals & F_SEAL_SEAL ? EPERM : 0);
	}
}

/* Memory without the seals. */
static void lose_seals(void)
{
	for (unsigned int i = 1; i < NR; i++) {
		int other = must(memfd_create(sealed[i].name, MFD_EXEC));

		must(ftruncate(other, 2 * PAGE));
		must(pwrite(other, sealed[i].name, strlen(sealed[i].name) + 1, PAGE));
		must(dup2(other, fds[i]));
		close(other);
	}
}

/* exec: main() starts it from a memory file, unless it is to have lost that. */

static void verify_exec(void)
{
	char link[300];
	ssize_t n;

	n = must(readlink("/proc/self/exe", link, sizeof(link) - 1));
	link[n] = 0;
	want_str("/proc/self/exe", link, "/memfd:program (deleted)");
}

static void setup(void)
{
	if (prog_is("contents"))
		setup_contents();
	else if (prog_is("seals"))
		setup_seals();
}

static void lose(void)
{
	if (prog_is("contents"))
		lose_contents();
	else if (prog_is("seals"))
		lose_seals();
}

static void verify(void)
{
	if (prog_is("contents"))
		verify_contents();
	else if (prog_is("seals"))
		verify_seals();
	else
		verify_exec();
}

int main(int argc, char **argv)
{
	char link[300] = "";

	if (argc > 3 && !strcmp(argv[3], "exec") && !strcmp(argv[2], "keep") &&
	    readlink("/proc/self/exe", link, sizeof(link) - 1) > 0 && strncmp(link, "/memfd:", 7)) {
		int from = open("/proc/self/exe", O_RDONLY), to = memfd_create("program", 0);
		char buf[PAGE];
		ssize_t n;

		while ((n = read(from, buf, sizeof(buf))) > 0)
			if (write(to, buf, n) != n)
				return 2;
		fexecve(to, argv, environ);
		return 2;
	}
	prog_start(argc, argv);
	setup();
	prog_ready();
	prog_wait();
	if (prog_losing)
		lose();
	verify();
	prog_done();
}
