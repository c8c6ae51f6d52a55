// SPDX-License-Identifier: GPL-2.0
/*
 * task_rseq_cs - a restartable sequence that a checkpoint interrupts is aborted, not continued
 *
 * The program spins in a sequence that commits when a word of a shared file
 * mapping (DIR/spin) is not 0. The test stores it there while the program is
 * dead: a sequence that goes on over the restart sees it and commits. Whenever
 * the kernel aborts the sequence, it begins anew as long as the word is 0.
 */
#include "prog.h"
#include <linux/rseq.h>
#include <sys/rseq.h>

uint32_t *cs_word;
uint64_t cs_aborts;

/* 1 when the sequence has committed, 0 when it was aborted with the word set. */
int cs_run(volatile struct rseq *area);
asm(".pushsection .data.rel, \"aw\"\n"
    "	.balign 32\n"
    "cs_desc:\n"
    "	.long 0, 0\n"
    "	.quad 1f, 2f - 1f, 3f\n"
    ".popsection\n"
    ".pushsection .text\n"
    ".globl cs_run\n"
    "cs_run:\n"
    "	mov cs_word(%rip), %rsi\n"
    "4:	lea cs_desc(%rip), %rax\n"
    "	mov %rax, 8(%rdi)\n"
    "1:	pause\n"
    "	cmpl $0, (%rsi)\n"
    "	je 1b\n"
    "	mov $1, %eax\n"
    "2:	movq $0, 8(%rdi)\n"
    "	ret\n"
    "	.byte 0x0f, 0xb9, 0x3d\n" /* the signature is an operand of ud1 */
    "	.long 0x53053053\n"
    "3:	incq cs_aborts(%rip)\n"
    "	cmpl $0, (%rsi)\n"
    "	je 4b\n"
    "	xor %eax, %eax\n"
    "	ret\n"
    ".popsection\n");

int main(int argc, char **argv)
{
	volatile struct rseq *area;
	int fd;

	prog_start(argc, argv);
	if (!__rseq_size)
		prog_unsupported("the C library registered no rseq area (__rseq_size is 0)");
	area = (volatile struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
	fd = must(open(prog_path("spin"), O_RDWR | O_CREAT, 0666));
	must(ftruncate(fd, PAGE));
	cs_word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must((long)cs_word);
	/* The harness copies these 8 bytes over the first 8 when the program may go on. */
	cs_word[2] = 1;
	close(fd);
	prog_ready();
	if (prog_losing)
		*cs_word = 1;
	want_u64("sequence continued behind the checkpoint", cs_run(area), 0);
	want_u64("rseq_cs", area->rseq_cs, 0);
	prog_wait();
	prog_done();
}
