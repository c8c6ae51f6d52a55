// SPDX-License-Identifier: GPL-2.0
/*
 * mem_shared_anon - shared anonymous memory comes back with its contents, and stays shared
 *
 * Variants: anon, MAP_ANONYMOUS; dev_zero, a shared mapping of /dev/zero. One
 * piece is mapped three times: as a whole with a gap and a part without access,
 * from an offset, and from the start in another place. Another piece has been
 * made longer than its memory. A third is large and reserved nothing.
 */
#include "prog.h"

#define PAGES 64UL
#define BIG (1UL << 30)

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

static unsigned char *mem, *again, *offset, *grown, *big;
static int named;

static unsigned char *shared(size_t len, int flags)
{
	int fd = prog_is("dev_zero") ? must(open("/dev/zero", O_RDWR)) : -1;
	unsigned char *p;

	p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		 MAP_SHARED | flags | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
	must((long)p);
	if (fd >= 0)
		close(fd);
	return p;
}

/* With size 0, mremap(2) maps shared memory once more. */
static unsigned char *once_more(unsigned char *p, size_t len)
{
	unsigned char *q = mremap(p, 0, len, MREMAP_MAYMOVE);

	must((long)q);
	return q;
}

static void setup(void)
{
	mem = shared(PAGES * PAGE, 0);
	fill(mem, 10 * PAGE, 1);
	fill(mem + 20 * PAGE, PAGE, 20);
	fill(mem + 40 * PAGE, 2 * PAGE, 40);
	again = once_more(mem, 4 * PAGE);
	offset = once_more(mem + 8 * PAGE, 2 * PAGE);
	must(munmap(mem + 30 * PAGE, 3 * PAGE));
	must(mprotect(mem + 40 * PAGE, 2 * PAGE, PROT_NONE));
	must(madvise(mem + 50 * PAGE, PAGE, MADV_DONTFORK));
	must(mlock(mem, 2 * PAGE));
	named = !prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, mem + 60 * PAGE, PAGE, "shared name");

	grown = shared(8 * PAGE, 0);
	fill(grown, 8 * PAGE, 8);
	grown = mremap(grown, 8 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
	must((long)grown);

	big = shared(BIG, MAP_NORESERVE);
	fill(big + BIG / 2, PAGE, 100);
}

/* What a restart that knows private memory only would make of it. */
static void lose(void)
{
	unsigned char copy[4 * PAGE];

	memcpy(copy, again, sizeof(copy));
	must((long)mmap(again, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	memcpy(again, copy, sizeof(copy));
}

static int zeros(const unsigned char *p, size_t len)
{
	while (len && !*p)
		p++, len--;
	return !len;
}

/* Does the kernel find a page at the address? The program would get SIGBUS. */
static int readable(const void *p)
{
	int fds[2], ret;

	must(pipe(fds));
	ret = write(fds[1], p, 8);
	close(fds[0]);
	close(fds[1]);
	return ret == 8;
}

static void check_shared(const char *what, unsigned char *one, unsigned char *other)
{
	one[100] ^= 0xff;
	want_u64(what, other[100], one[100]);
	other[101] ^= 0xff;
	want_u64(what, one[101], other[101]);
}

static void check_child(void)
{
	int status = 0;
	pid_t pid;

	pid = must(fork());
	if (!pid) {
		fill(mem + 22 * PAGE, PAGE, 22);
		_exit(mapped(mem + 50 * PAGE) ? 1 : 0);
	}
	must(waitpid(pid, &status, 0));
	want_u64("status of a child without the MADV_DONTFORK page", status, 0);
	want_fill("what a child wrote", mem + 22 * PAGE, PAGE, 22);
}

static void verify(void)
{
	want_fill("start", mem, 10 * PAGE, 1);
	want_fill("page 20", mem + 20 * PAGE, PAGE, 20);
	want_u64("holes are zero", zeros(mem + 21 * PAGE, 9 * PAGE), 1);
	want_u64("the end is zero", zeros(mem + 43 * PAGE, 21 * PAGE), 1);
	want_u64("VmFlags sh", vm_flag(mem, "sh"), 1);
	want_u64("VmFlags lo", vm_flag(mem, "lo"), 1);
	want_u64("VmFlags lo behind", vm_flag(mem + 5 * PAGE, "lo"), 0);
	want_u64("gap", mapped(mem + 31 * PAGE), 0);
	want_u64("no access", vm_flag(mem + 40 * PAGE, "rd"), 0);
	must(mprotect(mem + 40 * PAGE, 2 * PAGE, PROT_READ));
	want_fill("behind no access", mem + 40 * PAGE, 2 * PAGE, 40);
	if (named) {
		char line[512] = "";
		FILE *f = fopen("/proc/self/maps", "re");
		int found = 0;

		while (f && fgets(line, sizeof(line), f))
			found |= strstr(line, "shared name") != NULL;
		fclose(f);
		want_u64("name", found, 1);
	}
	check_shared("mapped twice", mem, again);
	check_shared("mapped from an offset", mem + 8 * PAGE, offset);
	check_child();

	want_fill("grown", grown, 8 * PAGE, 8);
	want_u64("last page of the memory", readable(grown + 7 * PAGE), 1);
	want_u64("behind the memory", readable(grown + 8 * PAGE), 0);

	want_fill("page of the large piece", big + BIG / 2, PAGE, 100);
	want_u64("beside it", zeros(big + BIG / 2 + PAGE, PAGE), 1);
	want_u64("VmFlags nr", vm_flag(big, "nr"), 1);
}

PROG_MAIN(setup, lose, verify)
