// SPDX-License-Identifier: GPL-2.0
/*
 * mem_lock - locked memory is locked again
 *
 * Variants: mlock; onfault (mlock2 with MLOCK_ONFAULT); all (MCL_CURRENT);
 * future (MCL_CURRENT | MCL_FUTURE); future_onfault (MCL_FUTURE | MCL_ONFAULT).
 */
#include "prog.h"

#define LEN (16 * PAGE)

static unsigned char *mem;

static void setup(void)
{
	mem = area(LEN, PROT_READ | PROT_WRITE);
	must(madvise(mem, LEN, MADV_NOHUGEPAGE));
	if (prog_is("mlock"))
		must(mlock(mem + PAGE, LEN / 2));
	if (prog_is("onfault"))
		must(mlock2(mem + PAGE, LEN / 2, MLOCK_ONFAULT));
	if (prog_is("all"))
		must(mlockall(MCL_CURRENT));
	if (prog_is("future"))
		must(mlockall(MCL_CURRENT | MCL_FUTURE));
	if (prog_is("future_onfault"))
		must(mlockall(MCL_FUTURE | MCL_ONFAULT));
	fill(mem, 2 * PAGE, 1);
}

static void lose(void)
{
	must(munlockall());
}

static void verify(void)
{
	int one = prog_is("mlock") || prog_is("onfault");
	int future = prog_is("future") || prog_is("future_onfault");
	int onfault = prog_is("onfault") || prog_is("future_onfault");
	unsigned char *p;

	if (!prog_is("future_onfault")) {
		want_u64("VmFlags lo", vm_flag(mem + PAGE, "lo"), 1);
		want_u64("VmFlags lo outside", vm_flag(mem, "lo"), !one);
	}
	if (prog_is("mlock"))
		want_u64("locked page is present", pagemap(mem + 5 * PAGE) & PM_PRESENT, PM_PRESENT);
	if (prog_is("onfault"))
		want_u64("untouched page is present", pagemap(mem + 5 * PAGE) & PM_PRESENT, 0);
	want_fill("contents", mem, 2 * PAGE, 1);

	p = area(LEN, PROT_READ | PROT_WRITE);
	want_u64("VmFlags lo of a new area", vm_flag(p, "lo"), future);
	want_u64("new area is present", pagemap(p + PAGE) & PM_PRESENT, future && !onfault ? PM_PRESENT : 0);
}

PROG_MAIN(setup, lose, verify)
