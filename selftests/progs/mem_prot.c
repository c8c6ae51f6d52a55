// SPDX-License-Identifier: GPL-2.0
/*
 * mem_prot - contents survive behind every protection, and each protection is in force again
 *
 * Variants: plain; exec_only, PROT_EXEC alone, which some processors can only
 * do with a protection key that the kernel chooses itself.
 */
#include "prog.h"
#include <setjmp.h>

static const int prots[] = {
	PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
	PROT_READ | PROT_WRITE | PROT_EXEC, PROT_WRITE, PROT_EXEC,
};

static unsigned char *mem[ARRAY_SIZE(prots)];
static sigjmp_buf back;

static void on_segv(int sig)
{
	siglongjmp(back, 1);
}

static int can_read(const volatile unsigned char *p)
{
	if (sigsetjmp(back, 1))
		return 0;
	(void)*p;
	return 1;
}

static int can_write(volatile unsigned char *p)
{
	if (sigsetjmp(back, 1))
		return 0;
	*p = *p;
	return 1;
}

static void setup(void)
{
	unsigned int i;

	signal(SIGSEGV, on_segv);
	for (i = 0; i < ARRAY_SIZE(prots); i++) {
		if (prots[i] == PROT_EXEC && !prog_is("exec_only"))
			continue;
		mem[i] = area(3 * PAGE, PROT_READ | PROT_WRITE);
		fill(mem[i], 3 * PAGE, i);
		must(mprotect(mem[i], 3 * PAGE, prots[i]));
	}
}

static void lose(void)
{
	unsigned int i;

	/* Readable pages come back, but with the default protection. */
	for (i = 0; i < ARRAY_SIZE(prots); i++)
		if (mem[i])
			must(mprotect(mem[i], 3 * PAGE, PROT_READ | PROT_WRITE));
}

static void verify(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(prots); i++) {
		char what[32];

		if (!mem[i])
			continue;
		snprintf(what, sizeof(what), "protection %d", prots[i]);
		want_u64("VmFlags rd", vm_flag(mem[i], "rd"), !!(prots[i] & PROT_READ));
		want_u64("VmFlags wr", vm_flag(mem[i], "wr"), !!(prots[i] & PROT_WRITE));
		want_u64("VmFlags ex", vm_flag(mem[i], "ex"), !!(prots[i] & PROT_EXEC));
		if (prots[i] == PROT_NONE || prots[i] == PROT_READ)
			want_u64(what, can_write(mem[i]), 0);
		if (prots[i] == PROT_NONE)
			want_u64(what, can_read(mem[i]), 0);
		must(mprotect(mem[i], 3 * PAGE, PROT_READ | PROT_WRITE));
		want_fill(what, mem[i], 3 * PAGE, i);
		want_u64(what, can_write(mem[i]), 1);
	}
}

PROG_MAIN(setup, lose, verify)
