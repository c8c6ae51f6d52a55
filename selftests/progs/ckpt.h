/* SPDX-License-Identifier: GPL-2.0 */
/* ckpt.h - the three system calls, for programs that make them themselves */
#ifndef CKPT_H
#define CKPT_H

#include <linux/checkpoint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __NR_checkpoint
#define __NR_checkpoint 600
#define __NR_restart 601
#define __NR_clone_with_pids 602
#endif

static inline int checkpoint(pid_t pid, int fd, unsigned long flags, int logfd)
{
	return syscall(__NR_checkpoint, pid, fd, flags, logfd);
}

static inline int restart(pid_t pid, int fd, unsigned long flags, int logfd)
{
	return syscall(__NR_restart, pid, fd, flags, logfd);
}

static inline int clone_with_pids(unsigned long flags, void *stack, int *parent_tid, int *child_tid,
				  struct target_pid_set *pids)
{
	return syscall(__NR_clone_with_pids, flags, stack, parent_tid, child_tid, pids);
}

#endif
