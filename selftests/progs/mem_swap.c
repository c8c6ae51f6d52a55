// SPDX-License-Identifier: GPL-2.0
/* mem_swap - pages that are in swap at the checkpoint are in the image (the test adds swap beforehand) */
#include "prog.h"

#define PAGES 256UL

static unsigned char *mem;

static void setup(void)
{
	unsigned long i, swapped = 0;
	int try;

	mem = area(PAGES * PAGE, PROT_READ | PROT_WRITE);
	must(madvise(mem, PAGES * PAGE, MADV_NOHUGEPAGE));
	fill(mem, PAGES * PAGE, 9);
	for (try = 0; try < 50; try++) {
		if (madvise(mem, PAGES * PAGE, MADV_PAGEOUT))
			prog_unsupported("MADV_PAGEOUT: %s", strerror(errno));
		for (i = swapped = 0; i < PAGES; i++)
			swapped += !!(pagemap(mem + i * PAGE) & PM_SWAPPED);
		if (swapped > PAGES / 2)
			return;
		sleep_ms(20);
	}
	prog_unsupported("only %lu of %lu pages went to swap in 50 tries of MADV_PAGEOUT", swapped, PAGES);
}

static void lose(void)
{
	/* Swapped pages were taken for absent ones. */
	must(madvise(mem + 10 * PAGE, PAGE, MADV_DONTNEED));
}

static void verify(void)
{
	want_fill("swapped memory", mem, PAGES * PAGE, 9);
}

PROG_MAIN(setup, lose, verify)
