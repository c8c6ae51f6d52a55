// SPDX-License-Identifier: GPL-2.0
/* mem_brk - the heap keeps its contents and its end, and can grow and shrink */
#include "prog.h"

static unsigned char *heap, *end;

static void setup(void)
{
	heap = sbrk(0);
	if ((uintptr_t)heap % PAGE)
		must((long)sbrk(PAGE - (uintptr_t)heap % PAGE));
	heap = sbrk(20 * PAGE + 24);
	must((long)heap);
	end = heap + 20 * PAGE + 24;
	fill(heap, 20 * PAGE + 24, 1);
}

static void lose(void)
{
	must((long)sbrk(-2 * (long)PAGE));
}

static void verify(void)
{
	/* Ask the kernel, not the C library. */
	want_u64("break", syscall(SYS_brk, 0), (uintptr_t)end);
	if (prog_failed)
		return;
	want_fill("heap", heap, 20 * PAGE + 24, 1);
	want_u64("grow", syscall(SYS_brk, end + 3 * PAGE), (uintptr_t)end + 3 * PAGE);
	fill(heap, 23 * PAGE, 2);
	want_fill("grown heap", heap, 23 * PAGE, 2);
	want_u64("shrink", syscall(SYS_brk, heap + PAGE), (uintptr_t)heap + PAGE);
	want_u64("mapped behind the break", mapped(heap + 2 * PAGE), 0);
}

PROG_MAIN(setup, lose, verify)
