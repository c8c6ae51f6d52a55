// SPDX-License-Identifier: GPL-2.0
/* cpu_base - the fs and gs bases and the segment selectors survive */
#include "prog.h"
#include <asm/prctl.h>

static __thread uint64_t tls = 0x746c73;
static uint64_t *gs;
static unsigned long fs_base;

static unsigned long base(int code)
{
	unsigned long value = 0;

	must(syscall(SYS_arch_prctl, code, &value));
	return value;
}

static void setup(void)
{
	gs = area(PAGE, PROT_READ | PROT_WRITE);
	gs[0] = 0x6773;
	must(syscall(SYS_arch_prctl, ARCH_SET_GS, gs));
	fs_base = base(ARCH_GET_FS);
	tls = 0x736c74;
}

static void lose(void)
{
	must(syscall(SYS_arch_prctl, ARCH_SET_GS, 0));
}

static void verify(void)
{
	uint64_t value;
	uint16_t sel[6];

	want_u64("fs base", base(ARCH_GET_FS), fs_base);
	want_u64("gs base", base(ARCH_GET_GS), (uintptr_t)gs);
	want_u64("thread-local variable", tls, 0x736c74);
	if (prog_failed)
		return;
	asm volatile("mov %%gs:0, %0" : "=r"(value));
	want_u64("%gs:0", value, 0x6773);
	asm volatile("mov %%cs, %0; mov %%ss, %1; mov %%ds, %2; mov %%es, %3; mov %%fs, %4; mov %%gs, %5"
		     : "=m"(sel[0]), "=m"(sel[1]), "=r"(sel[2]), "=r"(sel[3]), "=r"(sel[4]), "=r"(sel[5]));
	want_u64("cs", sel[0], 0x33);
	want_u64("ss", sel[1], 0x2b);
	want_u64("ds", sel[2], 0);
	want_u64("es", sel[3], 0);
	want_u64("fs", sel[4], 0);
	want_u64("gs", sel[5], 0);
}

PROG_MAIN(setup, lose, verify)
