// SPDX-License-Identifier: GPL-2.0
/* task_ioprio - I/O priority; variants: be, best effort; rt, real time; idle; none, never set */
#include "prog.h"

#define IOPRIO(class, level) ((class) << 13 | (level))

static int set;

static void setup(void)
{
	if (prog_is("be"))
		set = IOPRIO(2, 6);
	if (prog_is("rt"))
		set = IOPRIO(1, 3);
	if (prog_is("idle"))
		set = IOPRIO(3, 0);
	if (set)
		must(syscall(SYS_ioprio_set, 1, 0, set));
	set = must(syscall(SYS_ioprio_get, 1, 0));
}

static void lose(void)
{
	must(syscall(SYS_ioprio_set, 1, 0, prog_is("none") ? IOPRIO(2, 1) : 0));
}

static void verify(void)
{
	want_u64("ioprio_get", syscall(SYS_ioprio_get, 1, 0), set);
}

PROG_MAIN(setup, lose, verify)
