// SPDX-License-Identifier: GPL-2.0
/*
 * mem_shared_swap - pages of shared memory that are in swap at the checkpoint are in the image
 *
 * Variants: anonymous, and memfd.
 */
#include "prog.h"

#define PAGES 256UL

static unsigned char *mem;

static void setup(void)
{
	long swapped = 0;
	int fd, try;

	fd = prog_is("memfd") ? must(memfd_create("swapped", 0)) : -1;
	if (fd >= 0)
		must(ftruncate(fd, PAGES * PAGE));
	mem = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
	must((long)mem);
	fill(mem, PAGES * PAGE, 9);
	for (try = 0; try < 50; try++) {
		if (madvise(mem, PAGES * PAGE, MADV_PAGEOUT))
			prog_unsupported("MADV_PAGEOUT: %s", strerror(errno));
		/* The page tables do not tell, but smaps does. */
		swapped = strtol(smaps(mem, "Swap"), NULL, 10);
		if (swapped > (long)(PAGES * PAGE / 2048))
			return;
		sleep_ms(20);
	}
	prog_unsupported("only %ld KiB of %lu pages went to swap in 50 tries of MADV_PAGEOUT", swapped, PAGES);
}

static void lose(void)
{
	/* Swapped pages were taken for absent ones. */
	must(madvise(mem + 10 * PAGE, PAGE, MADV_REMOVE));
}

static void verify(void)
{
	want_fill("swapped memory", mem, PAGES * PAGE, 9);
	want_u64("VmFlags sh", vm_flag(mem, "sh"), 1);
}

PROG_MAIN(setup, lose, verify)
