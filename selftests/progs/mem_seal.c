// SPDX-License-Identifier: GPL-2.0
/* mem_seal - memory sealed with mseal(2) is sealed again */
#include "prog.h"

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

static unsigned char *mem;

static void setup(void)
{
	mem = area(6 * PAGE, PROT_READ | PROT_WRITE);
	fill(mem, 6 * PAGE, 1);
	/* The twin never seals: a seal cannot be broken. */
	if (!prog_losing && syscall(SYS_mseal, mem + 2 * PAGE, 2 * PAGE, 0))
		prog_unsupported("mseal: %s", strerror(errno));
	if (prog_losing && syscall(SYS_mseal, mem, 0, 0) && errno == ENOSYS)
		prog_unsupported("mseal: %s", strerror(errno));
}

static void lose(void)
{
}

static void verify(void)
{
	want_fill("contents", mem, 6 * PAGE, 1);
	want_u64("munmap", munmap(mem + 2 * PAGE, PAGE) ? errno : 0, EPERM);
	want_u64("mprotect", mprotect(mem + 3 * PAGE, PAGE, PROT_READ) ? errno : 0, EPERM);
	want_u64("munmap before", munmap(mem, 2 * PAGE), 0);
	want_u64("munmap behind", munmap(mem + 4 * PAGE, 2 * PAGE), 0);
}

PROG_MAIN(setup, lose, verify)
