// SPDX-License-Identifier: GPL-2.0
/*
 * mem_file - a private file mapping: changed pages come back from the image, the others from the file
 *
 * The test changes page UNCHANGED_PAGE of DIR/data while the program is dead:
 * the program must then see what the file holds.
 * Variants: same, the mapping is as long as the file; longer, half of it lies
 * behind the end of the file; shorter, it covers a piece of the file that
 * begins at an offset and ends inside.
 */
#include "prog.h"
#include <setjmp.h>

#define FILE_PAGES 2048UL
#define UNCHANGED_PAGE 1000UL

static unsigned char *mem;
static size_t pages, first;
static sigjmp_buf back;

static void on_bus(int sig)
{
	siglongjmp(back, sig);
}

static int changed(size_t page)
{
	return page % 100 == 1;
}

static void setup(void)
{
	int fd = make_file("data", FILE_PAGES * PAGE, 7);
	size_t i;

	pages = FILE_PAGES;
	if (prog_is("longer"))
		pages = 2 * FILE_PAGES;
	if (prog_is("shorter")) {
		first = 500;
		pages = 1000;
	}
	mem = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, first * PAGE);
	must((long)mem);
	close(fd);
	for (i = 0; i < pages && first + i < FILE_PAGES; i++) {
		if (changed(i))
			fill(mem + i * PAGE, PAGE, 100000 + i);
		else
			*(volatile unsigned char *)(mem + i * PAGE);
	}
	signal(SIGBUS, on_bus);
	signal(SIGSEGV, on_bus);
}

static void lose(void)
{
	/* The changed pages come back from the file too. */
	must(madvise(mem, pages * PAGE, MADV_DONTNEED));
}

static void verify(void)
{
	int fd = must(open(prog_path("data"), O_RDONLY));
	unsigned char buf[PAGE];
	size_t i;

	for (i = 0; i < pages && first + i < FILE_PAGES; i++) {
		if (changed(i)) {
			want_fill("changed page", mem + i * PAGE, PAGE, 100000 + i);
			continue;
		}
		must(pread(fd, buf, PAGE, (first + i) * PAGE));
		if (memcmp(buf, mem + i * PAGE, PAGE))
			prog_fail("page %zu differs from the file", first + i);
	}
	/* A write goes to the program's copy, not to the file. */
	mem[0] ^= 0xff;
	must(pread(fd, buf, PAGE, first * PAGE));
	want_u64("file after a write to memory", buf[0], (unsigned char)(mem[0] ^ 0xff));
	close(fd);

	if (prog_is("longer")) {
		int sig = sigsetjmp(back, 1);

		if (!sig) {
			mem[(FILE_PAGES + 1) * PAGE] = 1;
			prog_fail("no signal behind the end of the file");
		} else {
			want_u64("signal behind the end of the file", sig, SIGBUS);
		}
	}
}

PROG_MAIN(setup, lose, verify)
