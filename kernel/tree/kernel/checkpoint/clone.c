// SPDX-License-Identifier: GPL-2.0
/*
 * clone_with_pids(2): clone(2) with chosen pids.
 */
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/syscalls.h>

#include "internal.h"

/**
 * sys_clone_with_pids - create a process or thread with chosen pids
 * @clone_flags: as of clone(2): CLONE_* and the exit signal; no CLONE_SETTLS
 * @newsp: as of clone(2)
 * @parent_tidptr: as of clone(2)
 * @child_tidptr: as of clone(2)
 * @pid_set: the pids, outermost pid namespace first, the last one being that
 *	in the child's own; 0 stands for any
 *
 * Return: the child's pid, 0 in the child, or a negative errno: -EBUSY for a
 * pid that is taken; -EINVAL for more pids than there are pid namespaces, or
 * for one that is out of range; -EPERM without CAP_SYS_ADMIN or
 * CAP_CHECKPOINT_RESTORE in the user namespace that owns a pid namespace in
 * which a pid is asked for; or what clone(2) fails with.
 */
SYSCALL_DEFINE5(clone_with_pids, unsigned long, clone_flags,
		void __user *, newsp, int __user *, parent_tidptr,
		int __user *, child_tidptr,
		struct target_pid_set __user *, pid_set)
{
	struct kernel_clone_args args = {
		.flags		= lower_32_bits(clone_flags) & ~CSIGNAL,
		.pidfd		= parent_tidptr,
		.child_tid	= child_tidptr,
		.parent_tid	= parent_tidptr,
		.exit_signal	= lower_32_bits(clone_flags) & CSIGNAL,
		.stack		= (unsigned long)newsp,
	};
	pid_t pids[MAX_PID_NS_LEVEL + 1];
	struct target_pid_set set;
	pid_t ret;
	int i;

	if (clone_flags & CLONE_SETTLS || clone_flags >> 32)
		return -EINVAL;
	if (copy_from_user(&set, pid_set, sizeof(set)))
		return -EFAULT;
	if (set.num_pids < 0 || set.num_pids > ARRAY_SIZE(pids))
		return -EINVAL;
	if (copy_from_user(pids, (__force void __user *)set.target_pids,
			   set.num_pids * sizeof(*pids)))
		return -EFAULT;

	/* The core wants the innermost namespace first. */
	for (i = 0; i < set.num_pids / 2; i++)
		swap(pids[i], pids[set.num_pids - 1 - i]);
	if (set.num_pids) {
		args.set_tid = pids;
		args.set_tid_size = set.num_pids | CLONE_PIDS_ANY;
	}

	ret = kernel_clone(&args);
	return ret == -EEXIST ? -EBUSY : ret;
}
