// SPDX-License-Identifier: GPL-2.0
/*
 * cpu_gpr - every general-purpose register and the flags survive in the middle of user-mode code
 *
 * The program spins in an instruction that changes no register and no flag: an
 * indirect jump through a word of a shared file mapping, which leads to itself
 * until the test stores the address of the exit there (DIR/spin: the current
 * target, then the exit). Spin and exit differ in the lowest byte only, so the
 * store cannot be seen half done.
 * Variants: a, b: two sets of values and flags; the second is the complement.
 */
#include "prog.h"

enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15, FLAGS, REGS };

static const char *const names[REGS] = {
	"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "flags",
};

/* CF, PF, AF, ZF, SF, DF, OF; DF is set only in one variant. */
#define FLAG_BITS 0xcd5UL

uint64_t cpu_in[REGS], cpu_out[REGS], cpu_rsp;
uint64_t *cpu_target;
extern char cpu_spin[], cpu_exit[];
static unsigned char own_stack[4 * PAGE] __attribute__((aligned(4096)));

void cpu_run(void);
asm(".pushsection .text\n"
    ".globl cpu_run, cpu_spin, cpu_exit\n"
    "cpu_run:\n"
    "	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "	mov %rsp, cpu_rsp(%rip)\n"
    "	mov cpu_target(%rip), %rax\n"
    "	mov %rax, cpu_word(%rip)\n"
    "	pushq cpu_in+16*8(%rip)\n"
    "	popfq\n"
    "	mov cpu_in+1*8(%rip), %rbx\n"
    "	mov cpu_in+2*8(%rip), %rcx\n"
    "	mov cpu_in+3*8(%rip), %rdx\n"
    "	mov cpu_in+4*8(%rip), %rsi\n"
    "	mov cpu_in+5*8(%rip), %rdi\n"
    "	mov cpu_in+6*8(%rip), %rbp\n"
    "	mov cpu_in+7*8(%rip), %rsp\n"
    "	mov cpu_in+8*8(%rip), %r8\n"
    "	mov cpu_in+9*8(%rip), %r9\n"
    "	mov cpu_in+10*8(%rip), %r10\n"
    "	mov cpu_in+11*8(%rip), %r11\n"
    "	mov cpu_in+12*8(%rip), %r12\n"
    "	mov cpu_in+13*8(%rip), %r13\n"
    "	mov cpu_in+14*8(%rip), %r14\n"
    "	mov cpu_in+15*8(%rip), %r15\n"
    "	mov cpu_in+0*8(%rip), %rax\n"
    "	.p2align 8\n"
    "cpu_spin:\n"
    "	jmp *0x10000000\n"
    "	.p2align 5\n"
    "cpu_exit:\n"
    "	mov %rax, cpu_out+0*8(%rip)\n"
    "	mov %rbx, cpu_out+1*8(%rip)\n"
    "	mov %rcx, cpu_out+2*8(%rip)\n"
    "	mov %rdx, cpu_out+3*8(%rip)\n"
    "	mov %rsi, cpu_out+4*8(%rip)\n"
    "	mov %rdi, cpu_out+5*8(%rip)\n"
    "	mov %rbp, cpu_out+6*8(%rip)\n"
    "	mov %rsp, cpu_out+7*8(%rip)\n"
    "	mov %r8, cpu_out+8*8(%rip)\n"
    "	mov %r9, cpu_out+9*8(%rip)\n"
    "	mov %r10, cpu_out+10*8(%rip)\n"
    "	mov %r11, cpu_out+11*8(%rip)\n"
    "	mov %r12, cpu_out+12*8(%rip)\n"
    "	mov %r13, cpu_out+13*8(%rip)\n"
    "	mov %r14, cpu_out+14*8(%rip)\n"
    "	mov %r15, cpu_out+15*8(%rip)\n"
    "	pushfq\n"
    "	popq cpu_out+16*8(%rip)\n"
    "	cld\n"
    "	mov cpu_rsp(%rip), %rsp\n"
    "	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "	ret\n"
    ".popsection\n"
    ".local cpu_word\n"
    ".comm cpu_word, 8\n");

int main(int argc, char **argv)
{
	uint64_t *word, flip = 0;
	int fd, i;

	prog_start(argc, argv);
	if (prog_is("b"))
		flip = ~0UL;
	for (i = 0; i < REGS; i++)
		cpu_in[i] = pattern(4242, i) ^ flip;
	cpu_in[RSP] = (uintptr_t)own_stack + 3 * PAGE;
	cpu_in[FLAGS] = 0x202 | (flip ? 0x455 : 0x880);

	fd = must(open(prog_path("spin"), O_RDWR | O_CREAT | O_TRUNC, 0666));
	must(ftruncate(fd, PAGE));
	word = mmap((void *)0x10000000, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	must((long)word);
	close(fd);
	word[0] = (uintptr_t)cpu_spin;
	word[1] = (uintptr_t)cpu_exit;
	cpu_target = word;

	if (prog_losing) {
		/* System-call residue instead of the program's values. */
		uint64_t rcx = cpu_in[RCX], r11 = cpu_in[R11], flags = cpu_in[FLAGS];

		cpu_in[RCX] = (uintptr_t)cpu_spin;
		cpu_in[R11] = 0x246;
		cpu_in[FLAGS] = 0x246;
		prog_ready();
		cpu_run();
		cpu_in[RCX] = rcx;
		cpu_in[R11] = r11;
		cpu_in[FLAGS] = flags;
	} else {
		prog_ready();
		cpu_run();
	}
	for (i = 0; i < FLAGS; i++)
		want_u64(names[i], cpu_out[i], cpu_in[i]);
	want_u64(names[FLAGS], cpu_out[FLAGS] & FLAG_BITS, cpu_in[FLAGS] & FLAG_BITS);
	prog_done();
}
