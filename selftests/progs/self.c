// SPDX-License-Identifier: GPL-2.0
/*
 * self - checkpoints itself into DIR/image and checks what comes back
 *
 * The first time checkpoint(2) returns a positive number, which goes to
 * DIR/result as "ckpt N"; the program then waits for DIR/go and ends. Each time
 * it comes back through restart(2) it returns 0: the program compares its
 * memory, registers, file position and mask with what they were and gives the
 * verdict.
 * Variants: pid0 (checkpoint(0)), pid (checkpoint(getpid())), lost: the twin.
 */
#include "prog.h"
#include "ckpt.h"

#define LEN (1UL << 20)

int main(int argc, char **argv)
{
	uint64_t mask = 1 << (SIGUSR1 - 1), now = 0;
	register uint64_t a asm("rbx") = 0;
	unsigned char *mem, *stack;
	volatile double x = 2.5;
	int image, data, ret, calls = 0;

	prog_start(argc, argv);
	mem = area(LEN, PROT_READ | PROT_WRITE);
	fill(mem, LEN, 6);
	stack = __builtin_alloca(3 * PAGE);
	fill(stack, 3 * PAGE, 7);
	data = make_file("data", PAGE, 8);
	must(lseek(data, 1234, SEEK_SET));
	must(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8));
	image = must(open(prog_path("image"), O_WRONLY | O_CREAT | O_TRUNC, 0666));
	a = 0x1122334455667788;
	asm volatile("" : "+r"(a));

	if (prog_losing) {
		/* Comes back with 0, as after a restart, but with other memory. */
		ret = 0;
		mem[LEN / 2] ^= 1;
		prog_ready();
	} else {
		ret = checkpoint(prog_is("pid0") ? 0 : getpid(), image, CHECKPOINT_SUBTREE, CHECKPOINT_FD_NONE);
	}
	calls++;
	asm volatile("" : "+r"(a));
	if (ret < 0) {
		prog_say("SETUP: checkpoint: %s", strerror(errno));
		_exit(2);
	}
	if (ret > 0) {
		prog_say("ckpt %d", ret);
		prog_ready();
		prog_wait();
		_exit(0);
	}
	want_u64("return value of checkpoint", ret, 0);
	want_u64("times it returned in this life", calls, 1);
	want_u64("callee-saved register", a, 0x1122334455667788);
	want_u64("floating point", x == 2.5, 1);
	want_fill("memory", mem, LEN, 6);
	want_fill("stack", stack, 3 * PAGE, 7);
	want_u64("position", lseek(data, 0, SEEK_CUR), 1234);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &now, 8);
	want_u64("mask", now, mask);
	prog_done();
}
