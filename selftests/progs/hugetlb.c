// SPDX-License-Identifier: GPL-2.0
/*
 * hugetlb - huge pages come back as huge pages, with their contents and reservations
 *
 * Variants: private, with a page that was never touched; shared, MAP_ANONYMOUS;
 * memfd, MFD_HUGETLB with seals and a private area of it; file, of a hugetlbfs
 * in DIR/huge.
 */
#include "prog.h"
#include <sys/mount.h>

#define HUGE (2UL << 20)

#ifndef MFD_HUGETLB
#define MFD_HUGETLB 4U
#endif
#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB (21 << 26)
#endif

static unsigned char *mem, *second;
static int fd = -1;

static void *map(size_t len, int flags, int f, off_t offset)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, f, offset);

	must((long)p);
	return p;
}

static void setup(void)
{
	const int anon = MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB;

	if (prog_is("private")) {
		mem = map(3 * HUGE, MAP_PRIVATE | anon, -1, 0);
		must(madvise(mem, HUGE, MADV_DONTFORK));
	} else if (prog_is("shared")) {
		mem = map(3 * HUGE, MAP_SHARED | anon, -1, 0);
		second = mremap(mem, 0, HUGE, MREMAP_MAYMOVE);
		if (second == MAP_FAILED)
			second = mem;
	} else {
		if (prog_is("memfd"))
			fd = must(memfd_create("huge", MFD_HUGETLB | MFD_ALLOW_SEALING | MAP_HUGE_2MB));
		else
			fd = must(open(prog_path("huge/file"), O_RDWR | O_CREAT, 0600));
		must(ftruncate(fd, 3 * HUGE));
		mem = map(3 * HUGE, MAP_SHARED, fd, 0);
		second = map(HUGE, MAP_PRIVATE, fd, HUGE);
		second[5] = 0x55;
	}
	fill(mem, HUGE, 1);
	fill(mem + 2 * HUGE, HUGE, 2);
	if (prog_is("memfd"))
		must(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE));
}

static long meminfo(const char *field)
{
	char line[256];
	long n = -1;
	FILE *f = fopen("/proc/meminfo", "re");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, field, strlen(field)) && line[strlen(field)] == ':')
			n = atol(line + strlen(field) + 1);
	if (f)
		fclose(f);
	return n;
}

static void verify(void)
{
	size_t i;

	want_fill("page 0", mem, HUGE, 1);
	want_fill("page 2", mem + 2 * HUGE, HUGE, 2);
	want_str("KernelPageSize", smaps(mem, "KernelPageSize"), "2048 kB");
	want_u64("VmFlags ht", vm_flag(mem, "ht"), 1);
	want_u64("shared", vm_flag(mem, "sh"), !prog_is("private"));
	for (i = 0; i < HUGE && !mem[HUGE + i]; i++)
		;
	want_u64("zeros of the page between", i, HUGE);
	if (prog_is("private")) {
		want_u64("VmFlags dc", vm_flag(mem, "dc"), 1);
	} else if (prog_is("shared")) {
		mem[77] ^= 0xff;
		want_u64("mapped twice", second[77], mem[77]);
	} else {
		want_u64("private page", second[5], 0x55);
		want_u64("private area", vm_flag(second, "sh"), 0);
		mem[HUGE + 5] = 0x66;
		want_u64("private page is not shared", second[5], 0x55);
	}
	if (prog_is("memfd")) {
		char link[64] = "", name[32];

		want_u64("seals", must(fcntl(fd, F_GET_SEALS)), F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE);
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		must(readlink(name, link, sizeof(link) - 1));
		want_str("name", link, "/memfd:huge (deleted)");
		want("a new area" && mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
		want("smaller" && ftruncate(fd, HUGE) == -1 && errno == EPERM);
	}
	/* The whole area had its pages reserved, and is full now: nothing of it is taken from others. */
	want("reservations" && meminfo("HugePages_Free") >= meminfo("HugePages_Rsvd"));
}

/* What a restart that does not know huge pages would make of it. */
static void lose(void)
{
	void *p = mmap(NULL, 3 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must((long)p);
	memcpy(p, mem, 3 * HUGE);
	mem = p;
}

PROG_MAIN(setup, lose, verify)
