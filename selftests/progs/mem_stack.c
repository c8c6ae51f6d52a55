// SPDX-License-Identifier: GPL-2.0
/*
 * mem_stack - the stack keeps its contents and still grows
 *
 * Variants: main, the stack of the process, checkpointed 200 calls deep;
 * mapped, a MAP_GROWSDOWN area.
 */
#include "prog.h"

#define FRAME (2 * PAGE)
#define DEPTH 200

static unsigned char *low;

static int grows(int depth, uint64_t seed)
{
	uint64_t frame[FRAME / 8];
	int ok;

	fill(frame, FRAME, seed + depth);
	asm volatile("" : : "r"(frame) : "memory");
	ok = depth ? grows(depth - 1, seed) : 1;
	asm volatile("" : : "r"(frame) : "memory");
	return want_fill("new frame", frame, FRAME, seed + depth) && ok;
}

static void deep(int depth)
{
	uint64_t frame[FRAME / 8];

	fill(frame, FRAME, depth);
	asm volatile("" : : "r"(frame) : "memory");
	if (depth) {
		deep(depth - 1);
	} else {
		prog_ready();
		prog_wait();
		if (prog_losing)
			frame[1] = 0;
		grows(DEPTH, 1000);
	}
	asm volatile("" : : "r"(frame) : "memory");
	want_fill("frame", frame, FRAME, depth);
}

static void mapped_stack(void)
{
	unsigned char *top;
	int i;

	low = area(4096 * PAGE, PROT_NONE);
	must(munmap(low, 4096 * PAGE));
	top = low + 4096 * PAGE;
	must((long)mmap(top - 4 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0));
	fill(top - 8 * PAGE, 8 * PAGE, 5);

	prog_ready();
	prog_wait();
	if (prog_losing)
		must((long)mmap(top - 8 * PAGE, 8 * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	want_fill("grown area", top - 8 * PAGE, 8 * PAGE, 5);
	want_u64("VmFlags gd", vm_flag(top - PAGE, "gd"), 1);
	if (prog_failed)
		return;
	for (i = 9; i < 200; i++) {
		top[-i * (long)PAGE] = i;
		want_u64("new page", top[-i * (long)PAGE], i);
	}
}

int main(int argc, char **argv)
{
	prog_start(argc, argv);
	if (prog_is("mapped"))
		mapped_stack();
	else
		deep(DEPTH);
	prog_done();
}
