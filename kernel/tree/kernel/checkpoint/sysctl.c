// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: kernel.ckpt_unpriv_allowed.
 *
 * 0: both calls need CAP_SYS_ADMIN in the initial user namespace
 * 1: restart needs CAP_SYS_ADMIN in the caller's user namespace (default)
 * 2: neither does
 *
 * Whatever the value, checkpoint needs the right to ptrace each task, and
 * restart does nothing that the caller could not do by other system calls.
 */
#include <linux/init.h>
#include <linux/sysctl.h>

#include "internal.h"

static struct ctl_table ckpt_sysctls[] = {
	{
		.procname	= "ckpt_unpriv_allowed",
		.data		= &sysctl_ckpt_unpriv_allowed,
		.maxlen		= sizeof(int),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_TWO,
	},
};

static int __init ckpt_sysctl_init(void)
{
	register_sysctl_init("kernel", ckpt_sysctls);
	return 0;
}
late_initcall(ckpt_sysctl_init);
