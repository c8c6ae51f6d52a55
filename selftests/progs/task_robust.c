// SPDX-License-Identifier: GPL-2.0
/* task_robust - the robust futex list that was registered last is the registered one */
#include "prog.h"
#include <linux/futex.h>

static struct robust_list_head own;

static void setup(void)
{
	own.list.next = &own.list;
	must(syscall(SYS_set_robust_list, &own, sizeof(own)));
}

static void lose(void)
{
	must(syscall(SYS_set_robust_list, NULL, sizeof(own)));
}

static void verify(void)
{
	struct robust_list_head *head = NULL;
	size_t len = 0;

	must(syscall(SYS_get_robust_list, 0, &head, &len));
	want_u64("head", (uintptr_t)head, (uintptr_t)&own);
	want_u64("length", len, sizeof(own));
}

PROG_MAIN(setup, lose, verify)
