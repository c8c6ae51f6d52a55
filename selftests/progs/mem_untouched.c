// SPDX-License-Identifier: GPL-2.0
/* mem_untouched - a large area of which few pages were written costs few pages, and stays absent where it was */
#include "prog.h"

#define LEN (256UL << 20)
#define STEP (16UL << 20)

static unsigned char *mem;

static void setup(void)
{
	size_t at;

	mem = area(LEN, PROT_READ | PROT_WRITE);
	must(madvise(mem, LEN, MADV_NOHUGEPAGE));
	for (at = 0; at < LEN; at += STEP)
		fill(mem + at, PAGE, at);
}

static void lose(void)
{
	/* A restart that fills in the holes. */
	mem[STEP / 2] = 1;
}

static void verify(void)
{
	size_t at;

	for (at = 0; at < LEN; at += STEP) {
		want_fill("written page", mem + at, PAGE, at);
		want_u64("page after a written one is present", pagemap(mem + at + PAGE) & (PM_PRESENT | PM_SWAPPED), 0);
		want_u64("page between is present", pagemap(mem + at + STEP / 2) & (PM_PRESENT | PM_SWAPPED), 0);
	}
	want_u64("untouched memory", mem[LEN - 1], 0);
}

PROG_MAIN(setup, lose, verify)
