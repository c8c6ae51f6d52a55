// SPDX-License-Identifier: GPL-2.0
/*
 * cpu_fpu - vector and floating-point registers survive in the middle of user-mode code
 *
 * Loads every register with a value of its own, spins in user mode (see
 * cpu_gpr), stores them and compares.
 * Variants: x87 (eight stack registers and the control word), sse (with
 * MXCSR), avx, avx512 (with mask registers).
 */
#include "prog.h"
#include <cpuid.h>

#define REGS 32

static unsigned char in[REGS][64] __attribute__((aligned(64)));
static unsigned char out[REGS][64] __attribute__((aligned(64)));
static uint64_t mask_in[8], mask_out[8];
static long double st_in[8], st_out[8];
static uint32_t mxcsr_in, mxcsr_out;
static uint16_t fcw_in, fcw_out, fsw_out;

/* Stores of the compiler's own between load and store would spoil the test. */
#define SPIN							\
	"	lea 2f(%%rip), %%rcx\n"				\
	"	mov %%rcx, 8(%0)\n"				\
	"	lea 1f(%%rip), %%rcx\n"				\
	"	mov %%rcx, (%0)\n"				\
	"	movb $1, 16(%0)\n"				\
	"	.p2align 8\n"					\
	"1:	jmp *(%0)\n"					\
	"	.p2align 5\n"					\
	"2:\n"

#define EACH8(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7)
#define EACH16(op) EACH8(op) op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#define EACH32(op) EACH16(op) op(16) op(17) op(18) op(19) op(20) op(21) op(22) op(23) \
	op(24) op(25) op(26) op(27) op(28) op(29) op(30) op(31)

static uint64_t *word;

static void run_x87(void)
{
#define LD(n) "	fldt " #n "*16(%1)\n"
#define ST(n) "	fstpt " #n "*16(%2)\n"
	asm volatile("fninit\n"
		     EACH8(LD)
		     "	fldcw %3\n"
		     SPIN
		     "	fnstcw %4\n"
		     "	fnstsw %5\n"
		     EACH8(ST)
		     "	fninit\n"
		     : : "r"(word), "r"(st_in), "r"(st_out), "m"(fcw_in), "m"(fcw_out), "m"(fsw_out)
		     : "rcx", "memory");
#undef LD
#undef ST
}

static void run_sse(void)
{
#define LD(n) "	movaps " #n "*64(%1), %%xmm" #n "\n"
#define ST(n) "	movaps %%xmm" #n ", " #n "*64(%2)\n"
	uint32_t usual;

	asm volatile("stmxcsr %0" : "=m"(usual));
	asm volatile("	ldmxcsr %3\n"
		     EACH16(LD)
		     SPIN
		     EACH16(ST)
		     "	stmxcsr %4\n"
		     : : "r"(word), "r"(in), "r"(out), "m"(mxcsr_in), "m"(mxcsr_out)
		     : "rcx", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
		       "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	asm volatile("ldmxcsr %0" : : "m"(usual));
#undef LD
#undef ST
}

static void run_avx(void)
{
#define LD(n) "	vmovaps " #n "*64(%1), %%ymm" #n "\n"
#define ST(n) "	vmovaps %%ymm" #n ", " #n "*64(%2)\n"
	asm volatile(EACH16(LD)
		     SPIN
		     EACH16(ST)
		     "	vzeroupper\n"
		     : : "r"(word), "r"(in), "r"(out)
		     : "rcx", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
		       "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
#undef LD
#undef ST
}

static void run_avx512(void)
{
#define LD(n) "	vmovaps " #n "*64(%1), %%zmm" #n "\n"
#define ST(n) "	vmovaps %%zmm" #n ", " #n "*64(%2)\n"
#define LDK(n) "	kmovw " #n "*8(%3), %%k" #n "\n"
#define STK(n) "	kmovw %%k" #n ", " #n "*8(%4)\n"
	asm volatile(EACH32(LD)
		     EACH8(LDK)
		     SPIN
		     EACH8(STK)
		     EACH32(ST)
		     "	vzeroupper\n"
		     : : "r"(word), "r"(in), "r"(out), "r"(mask_in), "r"(mask_out)
		     : "rcx", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
		       "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
#undef LD
#undef ST
}

/* In the twin the upper half of register 3 is lost, or the control word. */
int main(int argc, char **argv)
{
	int fd, i, regs = 16, bytes = 0;

	prog_start(argc, argv);
	fd = must(open(prog_path("spin"), O_RDWR | O_CREAT | O_TRUNC, 0666));
	must(ftruncate(fd, PAGE));
	word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must((long)word);
	close(fd);

	for (i = 0; i < REGS; i++)
		fill(in[i], 64, 900 + i);
	for (i = 0; i < 8; i++) {
		mask_in[i] = pattern(901, i) & 0xffff;
		st_in[i] = 1.0L / (3 + i);
	}
	/* Round up, all exceptions masked, flush to zero, two sticky flags. */
	mxcsr_in = 0x1f80 | 0x4000 | 0x8000 | 0x21;
	fcw_in = 0x0b7f;

	if (prog_is("x87")) {
		if (prog_losing)
			fcw_in = 0x037f;
		prog_ready();
		run_x87();
		fcw_in = 0x0b7f;
		want_u64("x87 control word", fcw_out, fcw_in);
		want_u64("top of the x87 stack", fsw_out >> 11 & 7, 0);
		for (i = 0; i < 8; i++)
			want_u64("x87 register", memcmp(&st_out[i], &st_in[7 - i], 10), 0);
		prog_done();
	}
	if (prog_is("sse")) {
		bytes = 16;
		if (prog_losing)
			mxcsr_in = 0x1f80;
		prog_ready();
		run_sse();
		want_u64("mxcsr", mxcsr_out, 0x1f80 | 0x4000 | 0x8000 | 0x21);
	}
	if (prog_is("avx")) {
		bytes = 32;
		if (!__builtin_cpu_supports("avx"))
			prog_unsupported("CPUID: no AVX");
		if (prog_losing)
			memset(in[3] + 16, 0, 16);
		prog_ready();
		run_avx();
		fill(in[3], 64, 903);
	}
	if (prog_is("avx512")) {
		bytes = 64;
		regs = 32;
		if (!__builtin_cpu_supports("avx512f"))
			prog_unsupported("CPUID: no AVX512F");
		if (prog_losing)
			memset(in[30] + 32, 0, 32);
		prog_ready();
		run_avx512();
		fill(in[30], 64, 930);
		for (i = 0; i < 8; i++)
			want_u64("mask register", mask_out[i] & 0xffff, mask_in[i]);
	}
	for (i = 0; i < regs; i++)
		if (memcmp(in[i], out[i], bytes))
			prog_fail("vector register %d: got %016llx..., want %016llx...", i,
				  *(unsigned long long *)out[i], *(unsigned long long *)in[i]);
	prog_done();
}
