// SPDX-License-Identifier: GPL-2.0
/*
 * userfaultfd - what is watched, missing, write-protected or unmapped is so again
 *
 * Variants: missing: private and shared memory with pages that came in every
 * way, and some that did not; locked memory with holes; huge: missing pages
 * beside others in memory where huge pages are wanted; wp: write-protected pages that
 * are there, that are zeros, that are not there, of shared memory; async: pages
 * that count as written; minor: pages of a file that are mapped or not; plain:
 * flags, features, an instance before UFFDIO_API, and one of a process that has
 * ended; family: a process whose faults another one resolves; small: for hostile
 * images.
 */
#include "family.h"
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>

/* Not every header has them. */
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif

#define NR 16

static int fd = -1, early = -1, gone = -1;
static unsigned char *anon, *shared, *locked, *alias, *huge;
static unsigned char fresh[PAGE] __attribute__((aligned(PAGE)));

static int make(int flags, uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int made = must(syscall(SYS_userfaultfd, flags));

	must(ioctl(made, UFFDIO_API, &api));
	return made;
}

static void watch(void *at, size_t len, uint64_t mode)
{
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)at, .len = len }, .mode = mode,
	};

	must(ioctl(fd, UFFDIO_REGISTER, &reg));
}

static void unwatch(void *at, size_t len)
{
	struct uffdio_range range = { .start = (uintptr_t)at, .len = len };

	must(ioctl(fd, UFFDIO_UNREGISTER, &range));
}

static void copy(void *at, int value)
{
	struct uffdio_copy c = { .dst = (uintptr_t)at, .src = (uintptr_t)fresh, .len = PAGE };

	memset(fresh, value, PAGE);
	must(ioctl(fd, UFFDIO_COPY, &c));
}

static void zeros(void *at)
{
	struct uffdio_zeropage z = { .range = { .start = (uintptr_t)at, .len = PAGE } };

	must(ioctl(fd, UFFDIO_ZEROPAGE, &z));
}

static void protect(void *at, size_t len, int on)
{
	struct uffdio_writeprotect wp = {
		.range = { .start = (uintptr_t)at, .len = len },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	must(ioctl(fd, UFFDIO_WRITEPROTECT, &wp));
}

static void map_again(void *at)
{
	struct uffdio_continue c = { .range = { .start = (uintptr_t)at, .len = PAGE } };

	must(ioctl(fd, UFFDIO_CONTINUE, &c));
}

/* A thread looks at a byte, or writes it. */
static struct touch {
	volatile unsigned char *at;
	int write;
	int got;
	volatile int done;
} touched;

static void *toucher(void *arg)
{
	struct touch *t = arg;

	if (t->write)
		*t->at = t->write;
	t->got = *t->at;
	t->done = 1;
	return NULL;
}

#define NONE 0
#define MISSING 1
#define WP 2
#define MINOR 3

/* What fault touching a page makes; it is resolved. */
static int fault_of(unsigned char *at, int write, int *got)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned char *page = (void *)((uintptr_t)at & -PAGE);
	struct uffd_msg msg;
	int what = NONE;
	pthread_t thread;

	touched = (struct touch){ .at = at, .write = write };
	must(pthread_create(&thread, NULL, toucher, &touched) ? -1 : 0);
	while (!touched.done) {
		if (poll(&p, 1, 10) <= 0 || read(fd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		if (msg.event != UFFD_EVENT_PAGEFAULT || (msg.arg.pagefault.address & -PAGE) != (uintptr_t)page)
			prog_fail("event %#x at %#llx", msg.event, (unsigned long long)msg.arg.pagefault.address);
		if (msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP) {
			what = WP;
			protect(page, PAGE, 0);
		} else if (msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR) {
			what = MINOR;
			map_again(page);
		} else {
			what = MISSING;
			copy(page, 0x77);
		}
	}
	pthread_join(thread, NULL);
	if (got)
		*got = touched.got;
	return what;
}

static void want_page(const char *name, unsigned char *mem, int page, int write, int fault, int value)
{
	char what[64];
	int got = -1;

	snprintf(what, sizeof(what), "fault of page %d, %s", page, name);
	want_u64(what, fault_of(mem + page * PAGE + 5, write, &got), fault);
	snprintf(what, sizeof(what), "page %d, %s", page, name);
	want_u64(what, got, value);
}

static unsigned char *shared_area(void)
{
	return (void *)must(mmap(NULL, NR * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

static void missing_setup(void)
{
	fd = make(O_CLOEXEC | O_NONBLOCK, 0);
	anon = area(NR * PAGE, PROT_READ | PROT_WRITE);
	anon[0] = 11;
	shared = shared_area();
	shared[5] = 21;
	locked = area(NR * PAGE, PROT_READ | PROT_WRITE);
	must(mlock(locked, NR * PAGE));
	memset(locked, 31, NR * PAGE);
	must(madvise(locked + PAGE, 2 * PAGE, 24 /* MADV_DONTNEED_LOCKED */));
	/* Not the first and not the last page. */
	watch(anon, (NR - 1) * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	watch(shared, NR * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	watch(locked, NR * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	copy(anon + PAGE, 12);
	zeros(anon + 2 * PAGE);
	copy(shared + PAGE, 22);
	zeros(shared + 2 * PAGE);
	must(madvise(anon, PAGE, MADV_DONTNEED));
	must(madvise(shared, PAGE, MADV_DONTNEED));
}

static void missing_lose(void)
{
	unwatch(anon, NR * PAGE);
}

static void missing_verify(void)
{
	want_page("private, dropped", anon, 0, 0, MISSING, 0x77);
	want_page("private, copied", anon, 1, 0, NONE, 12);
	want_page("private, zero", anon, 2, 0, NONE, 0);
	want_page("private", anon, 3, 9, MISSING, 9);
	want_page("private, not watched", anon, NR - 1, 0, NONE, 0);
	want_page("shared, in the file", shared, 0, 0, NONE, 21);
	want_page("shared, copied", shared, 1, 0, NONE, 22);
	want_page("shared, zero", shared, 2, 0, NONE, 0);
	want_page("shared", shared, 3, 0, MISSING, 0x77);
	want_page("locked", locked, 0, 0, NONE, 31);
	want_page("locked, dropped", locked, 1, 0, MISSING, 0x77);
	want_page("locked", locked, 3, 0, NONE, 31);
}

#define HUGE (2UL << 20)

static void huge_setup(void)
{
	fd = make(O_CLOEXEC | O_NONBLOCK, 0);
	huge = area(2 * HUGE, PROT_READ | PROT_WRITE);
	huge = (void *)(((uintptr_t)huge + HUGE - 1) & -HUGE);
	must(madvise(huge, HUGE, MADV_HUGEPAGE));
	watch(huge, HUGE, UFFDIO_REGISTER_MODE_MISSING);
	copy(huge + 7 * PAGE, 41);
}

static void huge_lose(void)
{
	unwatch(huge, HUGE);
}

static void huge_verify(void)
{
	want_page("beside others", huge, 7, 0, NONE, 41);
	want_page("beside others", huge, 8, 0, MISSING, 0x77);
	want_page("beside others", huge, 300, 0, MISSING, 0x77);
	/* What was wanted is wanted again. */
	unwatch(huge, HUGE);
	must(madvise(huge, HUGE, MADV_DONTNEED));
	huge[0] = 1;
}

static volatile int byte;

static void wp_setup(void)
{
	int i;

	fd = make(O_CLOEXEC | O_NONBLOCK, UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_HUGETLBFS_SHMEM);
	anon = area(NR * PAGE, PROT_READ | PROT_WRITE);
	shared = shared_area();
	for (i = 0; i < 8; i++)
		anon[i * PAGE + 5] = shared[i * PAGE + 5] = i + 1;
	byte = anon[8 * PAGE];
	watch(anon, NR * PAGE, UFFDIO_REGISTER_MODE_WP | UFFDIO_REGISTER_MODE_MISSING);
	watch(shared, NR * PAGE, UFFDIO_REGISTER_MODE_WP);
	protect(anon, 4 * PAGE, 1);
	/* The page of zeros, and one that is not there. */
	protect(anon + 8 * PAGE, 2 * PAGE, 1);
	protect(shared + 2 * PAGE, 2 * PAGE, 1);
	protect(shared + 10 * PAGE, PAGE, 1);
	protect(anon + PAGE, PAGE, 0);
}

static void wp_lose(void)
{
	protect(anon, NR * PAGE, 0);
}

static void wp_verify(void)
{
	want_page("private, protected", anon, 0, 0, NONE, 1);
	want_page("private, protected", anon, 0, 50, WP, 50);
	want_page("private, not any more", anon, 1, 51, NONE, 51);
	want_page("private, protected", anon, 3, 52, WP, 52);
	want_page("private, free", anon, 4, 53, NONE, 53);
	want_page("private, zero", anon, 8, 0, NONE, 0);
	want_page("private, zero", anon, 8, 54, WP, 54);
	want_page("private, absent", anon, 10, 0, MISSING, 0x77);
	want_page("shared, free", shared, 1, 55, NONE, 55);
	want_page("shared, protected", shared, 2, 0, NONE, 3);
	want_page("shared, protected", shared, 2, 56, WP, 56);
	want_page("shared, absent", shared, 10, 57, WP, 57);
	want_page("shared, absent", shared, 11, 58, NONE, 58);
}

/* PAGEMAP_SCAN with PAGE_IS_WRITTEN, which not every header has. */
static unsigned int written(void *at, size_t len)
{
	struct region { uint64_t start, end, categories; } regions[NR];
	struct {
		uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
		uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
	} arg = {
		.size = sizeof(arg), .start = (uintptr_t)at, .end = (uintptr_t)at + len,
		.vec = (uintptr_t)regions, .vec_len = NR,
		.category_mask = 2 /* PAGE_IS_WRITTEN */, .return_mask = 2,
	};
	int map = must(open("/proc/self/pagemap", O_RDONLY));
	int i, n = must(ioctl(map, _IOWR('f', 16, typeof(arg)), &arg));
	unsigned int mask = 0;
	uint64_t page;

	close(map);
	for (i = 0; i < n; i++)
		for (page = regions[i].start; page < regions[i].end; page += PAGE)
			mask |= 1u << ((page - (uintptr_t)at) / PAGE);
	return mask;
}

static void async_setup(void)
{
	int i;

	fd = make(O_CLOEXEC | O_NONBLOCK, UFFD_FEATURE_WP_ASYNC);
	anon = area(NR * PAGE, PROT_READ | PROT_WRITE);
	for (i = 0; i < 8; i++)
		anon[i * PAGE + 5] = i + 1;
	watch(anon, NR * PAGE, UFFDIO_REGISTER_MODE_WP);
	protect(anon, NR * PAGE, 1);
	anon[3 * PAGE] = 1;
	anon[12 * PAGE] = 1;
	must(written(anon, NR * PAGE) == (1 << 3 | 1 << 12) ? 0 : -1);
}

static void async_lose(void)
{
	protect(anon, NR * PAGE, 0);
}

static void async_verify(void)
{
	want_u64("written pages", written(anon, NR * PAGE), 1 << 3 | 1 << 12);
	anon[5 * PAGE] = 1;
	anon[14 * PAGE] = 1;
	want_u64("written pages", written(anon, NR * PAGE), 1 << 3 | 1 << 5 | 1 << 12 | 1 << 14);
}

static void minor_setup(void)
{
	int file = must(syscall(SYS_memfd_create, "minor", 0)), i;

	must(ftruncate(file, NR * PAGE));
	alias = (void *)must(mmap(NULL, NR * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
	shared = (void *)must(mmap(NULL, NR * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
	close(file);
	for (i = 0; i < 8; i++)
		alias[i * PAGE + 5] = i + 1;
	fd = make(O_CLOEXEC | O_NONBLOCK, UFFD_FEATURE_MINOR_SHMEM);
	watch(shared, NR * PAGE, UFFDIO_REGISTER_MODE_MINOR);
	map_again(shared + 2 * PAGE);
	map_again(shared + 5 * PAGE);
}

static void minor_lose(void)
{
	must(madvise(shared, NR * PAGE, MADV_DONTNEED));
}

static void minor_verify(void)
{
	want_page("not mapped", shared, 1, 0, MINOR, 2);
	want_page("mapped", shared, 2, 60, NONE, 60);
	want_page("not mapped", shared, 3, 61, MINOR, 61);
	want_page("mapped", shared, 5, 0, NONE, 6);
	want_page("alias", alias, 4, 0, NONE, 5);
}

static void plain_setup(void)
{
	pid_t child;

	fd = make(O_NONBLOCK, UFFD_FEATURE_THREAD_ID | UFFD_FEATURE_EXACT_ADDRESS);
	early = must(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
	child = must(syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL));
	if (!child) {
		gone = make(O_CLOEXEC, 0);
		must(dup2(gone, 100));
		close(gone);
		_exit(0);
	}
	must(waitpid(child, NULL, 0));
	gone = 100;
	anon = area(NR * PAGE, PROT_READ | PROT_WRITE);
}

static void plain_lose(void)
{
	struct uffdio_api api = { .api = UFFD_API };

	must(ioctl(early, UFFDIO_API, &api));
	must(fcntl(early, F_SETFD, 0));
}

static void plain_verify(void)
{
	struct uffdio_register reg = { .range = { .start = (uintptr_t)anon, .len = NR * PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	struct uffd_msg msg;
	pthread_t thread;

	want_u64("flags", fcntl(fd, F_GETFL), O_RDONLY | O_NONBLOCK);
	want_u64("flags", fcntl(early, F_GETFL), O_RDONLY);
	want_u64("FD_CLOEXEC", fcntl(early, F_GETFD), FD_CLOEXEC);
	want_u64("UFFDIO_API again", ioctl(fd, UFFDIO_API, &api), -1);
	want_u64("UFFDIO_REGISTER before UFFDIO_API", ioctl(early, UFFDIO_REGISTER, &reg), -1);
	api = (struct uffdio_api){ .api = UFFD_API };
	want_u64("UFFDIO_API", ioctl(early, UFFDIO_API, &api), 0);
	want_u64("memory of nobody", ioctl(gone, UFFDIO_REGISTER, &reg), -1);
	want_u64("errno", errno, ENOMEM);
	if (prog_failed)
		return;
	want_u64("UFFDIO_REGISTER", ioctl(fd, UFFDIO_REGISTER, &reg), 0);
	touched = (struct touch){ .at = anon + 3 * PAGE + 5 };
	must(pthread_create(&thread, NULL, toucher, &touched) ? -1 : 0);
	want_soon(read(fd, &msg, sizeof(msg)) == sizeof(msg));
	want_u64("exact address", msg.arg.pagefault.address, (uintptr_t)anon + 3 * PAGE + 5);
	want(msg.arg.pagefault.feat.ptid && msg.arg.pagefault.feat.ptid != (uint32_t)getpid());
	copy(anon + 3 * PAGE, 1);
	pthread_join(thread, NULL);
}

static void resolver(long arg)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct uffd_msg msg;

	member_ready();
	member_wait(1);
	while (load(board->phase) < 2) {
		if (poll(&p, 1, 10) <= 0 || read(fd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		add(board->slot[0], 1);
		copy((void *)((uintptr_t)msg.arg.pagefault.address & -PAGE), 0x66);
	}
}

static void family(void)
{
	pid_t child;

	board_make();
	fd = make(O_CLOEXEC | O_NONBLOCK, 0);
	anon = area(NR * PAGE, PROT_READ | PROT_WRITE);
	anon[5] = 3;
	watch(anon, NR * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	child = spawn(resolver, 0);
	must_soon(load(board->ready) == 1);
	prog_ready();
	prog_wait();
	if (prog_losing)
		unwatch(anon, NR * PAGE);
	announce(1);
	want_u64("first page", anon[5], 3);
	want_u64("second page", anon[PAGE], 0x66);
	want_u64("last page", anon[(NR - 1) * PAGE], 0x66);
	want_u64("faults", load(board->slot[0]), 2);
	announce(2);
	want_status("child", child, 0, 0);
}

static void small(void)
{
	fd = make(O_CLOEXEC | O_NONBLOCK, 0);
	anon = area(NR * PAGE, PROT_READ | PROT_WRITE);
	watch(anon, NR * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	zeros(anon + PAGE);
	prog_ready();
	prog_wait();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*setup)(void), (*lose)(void), (*verify)(void);
	} variants[] = {
		{ "missing", missing_setup, missing_lose, missing_verify },
		{ "huge", huge_setup, huge_lose, huge_verify },
		{ "wp", wp_setup, wp_lose, wp_verify },
		{ "async", async_setup, async_lose, async_verify },
		{ "minor", minor_setup, minor_lose, minor_verify },
		{ "plain", plain_setup, plain_lose, plain_verify },
	};
	size_t i;

	prog_start(argc, argv);
	if (prog_is("family")) {
		family();
		family_done();
	}
	if (prog_is("small")) {
		small();
		prog_done();
	}
	for (i = 0; i < ARRAY_SIZE(variants); i++) {
		if (!prog_is(variants[i].name))
			continue;
		variants[i].setup();
		prog_ready();
		prog_wait();
		if (prog_losing)
			variants[i].lose();
		variants[i].verify();
		prog_done();
	}
	prog_say("SETUP: no variant %s", prog_variant);
	return 2;
}
