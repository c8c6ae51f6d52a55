// SPDX-License-Identifier: GPL-2.0
/* mem_mremap - areas that mremap(2) moved, grew and shrank keep contents, place and offset */
#include "prog.h"

static unsigned char *anon, *file, *small;

static void setup(void)
{
	int fd = make_file("data", 32 * PAGE, 50);
	unsigned char *a = area(16 * PAGE, PROT_READ | PROT_WRITE);
	unsigned char *target = area(64 * PAGE, PROT_NONE);
	unsigned char *f;

	fill(a, 16 * PAGE, 1);
	anon = mremap(a + 4 * PAGE, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + 20 * PAGE);
	must((long)anon);
	anon = mremap(anon, 8 * PAGE, 12 * PAGE, MREMAP_MAYMOVE);
	must((long)anon);

	f = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 8 * PAGE);
	must((long)f);
	close(fd);
	fill(f + 5 * PAGE, PAGE, 60);
	file = mremap(f + 4 * PAGE, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + 40 * PAGE);
	must((long)file);

	small = area(8 * PAGE, PROT_READ | PROT_WRITE);
	fill(small, 8 * PAGE, 2);
	must((long)mremap(small, 8 * PAGE, 3 * PAGE, 0));
}

static void lose(void)
{
	must((long)mremap(anon, 12 * PAGE, 8 * PAGE, 0));
	must(madvise(file, 8 * PAGE, MADV_DONTNEED));
}

static void verify(void)
{
	uint64_t *p = (void *)anon;
	size_t i;

	for (i = 0; i < 8 * PAGE / 8; i++)
		if (p[i] != pattern(1, 4 * PAGE / 8 + i)) {
			prog_fail("moved word %zu: got %#llx", i, (unsigned long long)p[i]);
			break;
		}
	want_u64("grown part is mapped", mapped(anon + 11 * PAGE), 1);
	if (mapped(anon + 11 * PAGE))
		want_u64("grown part", anon[11 * PAGE], 0);
	for (i = 0; i < 8; i++)
		want_fill("moved file page", file + i * PAGE, PAGE, i == 1 ? 60 : 50 + 8 + 4 + i);
	want_fill("shrunk area", small, 3 * PAGE, 2);
	want_u64("cut off part is mapped", mapped(small + 4 * PAGE), 0);

	if (prog_failed)
		return;

	/* It can be moved once more. */
	p = mremap(anon, 12 * PAGE, 40 * PAGE, MREMAP_MAYMOVE);
	must((long)p);
	want_u64("moved again", p[0], pattern(1, 4 * PAGE / 8));
}

PROG_MAIN(setup, lose, verify)
