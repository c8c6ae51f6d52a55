// SPDX-License-Identifier: GPL-2.0
/* mem_thp - contents of transparent huge pages come back, whole ones and those with a hole */
#include "prog.h"

#define HUGE (2UL << 20)

static unsigned char *mem;

static void setup(void)
{
	unsigned char *p = area(5 * HUGE, PROT_READ | PROT_WRITE);
	long kb;

	mem = (unsigned char *)(((uintptr_t)p + HUGE - 1) & -HUGE);
	must(madvise(mem, 4 * HUGE, MADV_HUGEPAGE));
	fill(mem, 4 * HUGE, 21);
	kb = atol(smaps(mem, "AnonHugePages"));
	if (!kb)
		prog_unsupported("AnonHugePages of smaps is 0 kB after MADV_HUGEPAGE");
	/* The third one loses a page and is mapped in pieces from then on. */
	must(madvise(mem + 2 * HUGE + 7 * PAGE, PAGE, MADV_DONTNEED));
	must(mprotect(mem + 3 * HUGE + 9 * PAGE, PAGE, PROT_READ));
}

static void lose(void)
{
	memset(mem + HUGE + 3 * PAGE, 0, PAGE);
}

static void verify(void)
{
	unsigned char *hole = mem + 2 * HUGE + 7 * PAGE;
	size_t i;

	for (i = 0; i < PAGE; i++)
		if (hole[i]) {
			prog_fail("hole has contents at %zu", i);
			break;
		}
	fill(hole, PAGE, 0);
	memset(hole, 0, PAGE);
	for (i = 0; i < 4 * HUGE / 8; i++) {
		uint64_t got = ((uint64_t *)mem)[i];

		if ((unsigned char *)mem + i * 8 >= hole && (unsigned char *)mem + i * 8 < hole + PAGE)
			continue;
		if (got != pattern(21, i)) {
			prog_fail("word %zu: got %#llx, want %#llx", i, (unsigned long long)got,
				  (unsigned long long)pattern(21, i));
			break;
		}
	}
	want_u64("VmFlags hg", vm_flag(mem, "hg"), 1);
}

PROG_MAIN(setup, lose, verify)
