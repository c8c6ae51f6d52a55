// SPDX-License-Identifier: GPL-2.0
/*
 * sig_altstack - the alternate signal stack is registered again
 *
 * Variants: unused, registered while the program waits on its normal stack;
 * inside, the program waits in a handler that runs on it; disarm, registered
 * with SS_AUTODISARM.
 */
#include "prog.h"

#define SIZE (16 * PAGE)

static unsigned char *stack;
static volatile int runs;

static void want_altstack(int flags)
{
	stack_t ss;

	must(sigaltstack(NULL, &ss));
	want_u64("ss_sp", (uintptr_t)ss.ss_sp, (uintptr_t)stack);
	want_u64("ss_size", ss.ss_size, SIZE);
	want_u64("ss_flags", (unsigned int)ss.ss_flags, (unsigned int)flags);
}

static void lose(void)
{
	stack_t ss = { .ss_sp = stack, .ss_size = 8 * PAGE, .ss_flags = 0 };

	if (!prog_is("inside"))
		must(sigaltstack(&ss, NULL));
}

static void on_signal(int sig)
{
	unsigned char here;

	runs++;
	if (&here < stack || &here >= stack + SIZE)
		prog_fail("handler runs on %p, not on the alternate stack at %p", &here, stack);
	if (runs == 1 && prog_is("inside")) {
		uint64_t frame[256];

		fill(frame, sizeof(frame), 8);
		asm volatile("" : : "r"(frame) : "memory");
		prog_ready();
		prog_wait();
		if (prog_losing)
			frame[200] = 0;
		asm volatile("" : : "r"(frame) : "memory");
		want_altstack(SS_ONSTACK);
		want_fill("frame on the alternate stack", frame, sizeof(frame), 8);
	}
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	stack_t ss = { .ss_size = SIZE };
	int flags = 0;

	prog_start(argc, argv);
	stack = area(SIZE, PROT_READ | PROT_WRITE);
	ss.ss_sp = stack;
	if (prog_is("disarm"))
		flags = (int)(1U << 31);
	ss.ss_flags = flags;
	must(sigaltstack(&ss, NULL));
	must(sigaction(SIGUSR1, &sa, NULL));
	if (prog_is("inside")) {
		raise(SIGUSR1);
	} else {
		prog_ready();
		prog_wait();
		if (prog_losing)
			lose();
	}
	want_altstack(flags);
	raise(SIGUSR1);
	want_u64("handler runs", runs, prog_is("inside") ? 2 : 1);
	want_altstack(flags);
	prog_done();
}
