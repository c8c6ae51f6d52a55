/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checkpoint/restart: the hooks that core code calls.
 *
 * What a subsystem needs in order to save and restore its own objects is in
 * <linux/checkpoint_ctx.h>.
 */
#ifndef _LINUX_CHECKPOINT_H
#define _LINUX_CHECKPOINT_H

#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/jobctl.h>
#include <linux/signal_types.h>
#include <linux/time64.h>

struct bpf_prog;
struct epoll_event;
struct sembuf;
struct seccomp_filter;
struct sock_filter;
struct sock_fprog;
struct sock_fprog_kern;

/* In kernel_clone_args::set_tid_size: a 0 in set_tid means any pid. */
#define CLONE_PIDS_ANY	BIT(31)

/* Functions of seccomp.c and filter.c that kernel/checkpoint/seccomp.c uses. */
int seccomp_check_filter(struct sock_filter *filter, unsigned int flen);
int bpf_prog_store_orig_filter(struct bpf_prog *fp,
			       const struct sock_fprog *fprog);
struct bpf_prog *bpf_prepare_filter(struct bpf_prog *fp,
				    int (*trans)(struct sock_filter *filter,
						 unsigned int flen));

#ifdef CONFIG_CHECKPOINT

/**
 * struct checkpoint_seccomp - what there is to save of a seccomp filter
 * @prev: the filter that was installed before, or NULL
 * @orig: the program as it was given to the kernel, or NULL
 * @log: SECCOMP_FILTER_FLAG_LOG
 * @listener: somebody is told of the filter's notifications
 */
struct checkpoint_seccomp {
	struct seccomp_filter *prev;
	const struct sock_fprog_kern *orig;
	bool log;
	bool listener;
};

struct seccomp_filter *checkpoint_seccomp_filter(struct task_struct *task);
void checkpoint_seccomp_get(struct seccomp_filter *filter);
void checkpoint_seccomp_put(struct seccomp_filter *filter);
void checkpoint_seccomp_look(struct seccomp_filter *filter,
			     struct checkpoint_seccomp *look);
struct seccomp_filter *checkpoint_seccomp_create(struct seccomp_filter *prev,
						 struct bpf_prog *prog,
						 bool log);
bool checkpoint_seccomp_assign(int mode, struct seccomp_filter *filter,
			       bool set);

/**
 * checkpoint_trap_pending - must @task stop for a checkpoint?
 * @task: task to look at
 */
static inline bool checkpoint_trap_pending(struct task_struct *task)
{
	return task->jobctl & JOBCTL_TRAP_CKPT;
}

/**
 * checkpoint_fork - a new task is in no checkpoint and no restart
 * @p: the new task
 */
static inline void checkpoint_fork(struct task_struct *p)
{
	p->checkpoint_ctx = NULL;
}

void checkpoint_trap(void);
void __checkpoint_exit(struct task_struct *task);

/**
 * checkpoint_exit - tell a checkpoint or restart that a member ends
 * @task: the exiting task, which is current
 */
static inline void checkpoint_exit(struct task_struct *task)
{
	/* PF_EXITING is set: who begins to hold the task now will see it. */
	smp_mb();
	if (unlikely(READ_ONCE(task->checkpoint_ctx)))
		__checkpoint_exit(task);
}

/**
 * checkpoint_wait_end - when does a wait that may be frozen end?
 * @ts: relative timeout, or NULL for none
 *
 * Return: the end in CLOCK_MONOTONIC, KTIME_MAX without a timeout.
 */
static inline ktime_t checkpoint_wait_end(const struct timespec64 *ts)
{
	if (!ts)
		return KTIME_MAX;
	if (!timespec64_valid(ts))
		return 0; /* the wait itself refuses it */
	return ktime_add_safe(ktime_get(), timespec64_to_ktime(*ts));
}

long checkpoint_sigtimedwait(const sigset_t __user *uthese,
			     siginfo_t __user *uinfo, ktime_t end);
int checkpoint_epoll_wait(int epfd, struct epoll_event __user *events,
			  int maxevents, const struct timespec64 *to,
			  const sigset_t __user *sigmask);
int checkpoint_semtimedop(int semid, struct sembuf __user *sops,
			  unsigned int nsops, ktime_t end);

#else /* !CONFIG_CHECKPOINT */

static inline bool checkpoint_trap_pending(struct task_struct *task)
{
	return false;
}

static inline void checkpoint_fork(struct task_struct *p) { }
static inline void checkpoint_trap(void) { }
static inline void checkpoint_exit(struct task_struct *task) { }

static inline ktime_t checkpoint_wait_end(const struct timespec64 *ts)
{
	return 0;
}

static inline long checkpoint_sigtimedwait(const sigset_t __user *uthese,
					   siginfo_t __user *uinfo, ktime_t end)
{
	return -EINTR;
}

static inline int checkpoint_epoll_wait(int epfd,
					struct epoll_event __user *events,
					int maxevents,
					const struct timespec64 *to,
					const sigset_t __user *sigmask)
{
	return -EINTR;
}

static inline int checkpoint_semtimedop(int semid, struct sembuf __user *sops,
					unsigned int nsops, ktime_t end)
{
	return -EINTR;
}

#endif /* CONFIG_CHECKPOINT */

/* Entry points of core code that checkpoint/restart uses from other files. */
struct completion;

int wait_for_vfork_done(struct task_struct *child, struct completion *vfork);
int do_sigtimedwait(const sigset_t *which, kernel_siginfo_t *info,
		    const struct timespec64 *ts);
int do_epoll_pwait(int epfd, struct epoll_event __user *events, int maxevents,
		   struct timespec64 *to, const sigset_t __user *sigmask,
		   size_t sigsetsize);
long do_semtimedop(int semid, struct sembuf __user *tsops, unsigned int nsops,
		   const struct timespec64 *timeout);
int do_setitimer(int which, struct itimerspec64 *value,
		 struct itimerspec64 *ovalue);

#endif /* _LINUX_CHECKPOINT_H */
