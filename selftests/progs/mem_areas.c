// SPDX-License-Identifier: GPL-2.0
/* mem_areas - hundreds of anonymous areas of different size keep their contents and the gaps between them */
#include "prog.h"

#define AREAS 300

static unsigned char *mem[AREAS];
static size_t len[AREAS];

static void setup(void)
{
	int i;

	for (i = 0; i < AREAS; i++) {
		len[i] = (1 + i % 7) * PAGE;
		/* One page more on each side: unmapped again, so nothing merges. */
		mem[i] = (unsigned char *)area(len[i] + 2 * PAGE, PROT_READ | PROT_WRITE) + PAGE;
		must(munmap(mem[i] - PAGE, PAGE));
		must(munmap(mem[i] + len[i], PAGE));
		fill(mem[i], len[i], i);
	}
}

static void lose(void)
{
	memset(mem[AREAS / 2] + PAGE, 0, 8);
	must((long)mmap(mem[7] + len[7], PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
}

static void verify(void)
{
	int i;

	for (i = 0; i < AREAS; i++) {
		want_fill("area", mem[i], len[i], i);
		if (mapped(mem[i] - PAGE) || mapped(mem[i] + len[i]))
			prog_fail("area %d: a neighbour page is mapped", i);
		mem[i][len[i] - 1] ^= 1;
	}
}

PROG_MAIN(setup, lose, verify)
