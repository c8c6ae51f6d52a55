// SPDX-License-Identifier: GPL-2.0
/*
 * mem_shared_file - a shared file mapping stays shared: both directions, before and after
 *
 * Variants: write, readable and writable; read, mapped read-only from a file
 * open for writing (mprotect may still make it writable); rdonly, from a file
 * open for reading (mprotect may not).
 */
#include "prog.h"

#define PAGES 64UL

static unsigned char *mem;

static void setup(void)
{
	int fd = make_file("data", PAGES * PAGE, 3);
	int prot = PROT_READ;

	if (prog_is("rdonly")) {
		close(fd);
		fd = must(open(prog_path("data"), O_RDONLY));
	}
	if (prog_is("write"))
		prot |= PROT_WRITE;
	mem = mmap(NULL, PAGES * PAGE, prot, MAP_SHARED, fd, 0);
	must((long)mem);
	close(fd);
	if (prog_is("write"))
		fill(mem + 5 * PAGE, PAGE, 5005);
}

static void lose(void)
{
	int prot = PROT_READ | (prog_is("write") ? PROT_WRITE : 0);
	int fd = must(open(prog_path("data"), O_RDWR));

	must((long)mmap(mem, PAGES * PAGE, prot, MAP_PRIVATE | MAP_FIXED, fd, 0));
	close(fd);
}

static void verify(void)
{
	int fd = must(open(prog_path("data"), O_RDWR));
	unsigned char buf[PAGE];
	size_t i;

	for (i = 0; i < PAGES; i++) {
		uint64_t seed = prog_is("write") && i == 5 ? 5005 : 3 + i;

		want_fill("page", mem + i * PAGE, PAGE, seed);
	}
	want_u64("VmFlags ms", vm_flag(mem, "ms"), 1);

	fill(buf, PAGE, 77);
	must(pwrite(fd, buf, PAGE, 9 * PAGE));
	want_fill("write(2) seen in memory", mem + 9 * PAGE, PAGE, 77);

	if (!prog_is("write")) {
		int ret = mprotect(mem, PAGES * PAGE, PROT_READ | PROT_WRITE);

		want_u64("mprotect", ret, prog_is("rdonly") ? -1 : 0);
	}
	if (!prog_is("rdonly") && !prog_failed) {
		fill(mem + 11 * PAGE, PAGE, 88);
		must(pread(fd, buf, PAGE, 11 * PAGE));
		want_fill("memory seen in read(2)", buf, PAGE, 88);
	}
	close(fd);
}

PROG_MAIN(setup, lose, verify)
