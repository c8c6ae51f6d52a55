// SPDX-License-Identifier: GPL-2.0
/*
 * cpu_trap - a signal frame tells of the last fault of the thread, as before
 *
 * Number, error code and address of a fault are in every frame from then on,
 * until the next fault.
 */
#include "prog.h"
#include <setjmp.h>

static sigjmp_buf back;
static volatile uint64_t trap, error, address;

static void fault(int sig)
{
	siglongjmp(back, 1);
}

static void look(int sig, siginfo_t *info, void *ctx)
{
	greg_t *regs = ((ucontext_t *)ctx)->uc_mcontext.gregs;

	trap = regs[REG_TRAPNO];
	error = regs[REG_ERR];
	address = regs[REG_CR2];
}

/* Writes to an address where nothing is. */
static void touch(uintptr_t where)
{
	if (!sigsetjmp(back, 1))
		*(volatile char *)where = 1;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = fault };

	prog_start(argc, argv);
	must(sigaction(SIGSEGV, &sa, NULL));
	sa.sa_sigaction = look;
	sa.sa_flags = SA_SIGINFO;
	must(sigaction(SIGUSR1, &sa, NULL));
	touch(0x1238);

	prog_ready();
	prog_wait();
	if (prog_losing)
		touch(0x2468);
	raise(SIGUSR1);
	want_u64("number", trap, 14);
	want_u64("error code", error, 6);
	want_u64("address", address, 0x1238);
	prog_done();
}
