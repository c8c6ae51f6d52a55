// SPDX-License-Identifier: GPL-2.0
/* task_membarrier - registrations for expedited membarrier(2) commands are in force again */
#include "prog.h"
#include <linux/membarrier.h>

#ifndef MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ
#define MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ (1 << 7)
#define MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ (1 << 8)
#endif

static const int cmds[][2] = {
	{ MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, MEMBARRIER_CMD_PRIVATE_EXPEDITED },
	{ MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE },
	{ MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0 },
};

static void setup(void)
{
	unsigned int i;

	/* A registration cannot be taken back: the twin makes none. */
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		long have = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

		if (have == -1 || !(have & cmds[i][0]))
			prog_unsupported("MEMBARRIER_CMD_QUERY answers %#lx", have);
		if (!prog_losing)
			must(syscall(SYS_membarrier, cmds[i][0], 0, 0));
	}
}

static void lose(void)
{
}

static void verify(void)
{
	unsigned int i;
	long got;

	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		if (cmds[i][1])
			want_u64("expedited command", syscall(SYS_membarrier, cmds[i][1], 0, 0), 0);
	/* MEMBARRIER_CMD_GET_REGISTRATIONS, since 6.3 */
	got = syscall(SYS_membarrier, 1 << 9, 0, 0);
	if (got >= 0)
		want_u64("registrations", got, cmds[0][0] | cmds[1][0] | cmds[2][0]);
}

PROG_MAIN(setup, lose, verify)
