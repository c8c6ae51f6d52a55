// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint: state of a task that is not covered.
 *
 * Save it or refuse it: what no record holds makes the checkpoint fail here,
 * with a line that names it. Kinds of files and memory are refused where they
 * are met (fs/checkpoint.c, mm/checkpoint.c).
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/iocontext.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/seccomp.h>
#include <linux/time_namespace.h>

#include "internal.h"

#ifdef CONFIG_SECURITY_LANDLOCK
#include "../../security/landlock/cred.h"
#include "../../security/landlock/setup.h"
#endif

/* Refuse the task if a condition holds. */
#define REFUSE(ctx, task, cond, err, fmt, ...)				\
({									\
	int __ret = 0;							\
									\
	if (cond)							\
		__ret = ckpt_refuse(ctx, task, err, fmt, ##__VA_ARGS__);\
	__ret;								\
})

static int ckpt_refuse_family(struct ckpt_ctx *ctx, struct task_struct *task)
{
	int ret, nr = get_nr_threads(task);

	/* A self-checkpoint does not capture relations to other tasks. */
	ret = REFUSE(ctx, task, ctx->self && nr > 1, -EOPNOTSUPP,
		     "threads: the process that saves itself has %d", nr);
	/* Of vhost, for instance: it has never been in user mode. */
	if (!ret)
		ret = REFUSE(ctx, task,
			     task->flags & (PF_USER_WORKER | PF_IO_WORKER),
			     -EOPNOTSUPP,
			     "a thread that the kernel has made for the process");
	if (!ret)
		ret = REFUSE(ctx, task, task->ptrace, -EBUSY,
			     "traced by another task");
	return ret;
}

static int ckpt_refuse_namespaces(struct ckpt_ctx *ctx,
				  struct task_struct *task)
{
	bool user, pid = false, time = false, differ = false, gone;
	struct nsproxy *ns;
	int ret;

	rcu_read_lock();
	user = __task_cred(task)->user_ns != current_user_ns();
	rcu_read_unlock();

	task_lock(task);
	ns = task->nsproxy;
	gone = !ns;
	if (ns) {
		pid = ns->pid_ns_for_children != task_active_pid_ns(task);
#ifdef CONFIG_TIME_NS
		time = ns->time_ns != ns->time_ns_for_children;
#endif
		differ = ns != current->nsproxy;
	}
	task_unlock(task);
	if (gone)
		return ckpt_err(ctx, task, -ESRCH, "the task is exiting");

	ret = REFUSE(ctx, task, user, -EPERM,
		     "user namespace that is not the caller's");
	if (!ret)
		ret = REFUSE(ctx, task, pid, -EOPNOTSUPP,
			     "other pid namespace for children");
	if (!ret)
		ret = REFUSE(ctx, task, time, -EOPNOTSUPP,
			     "other time namespace for children");
	if (!ret && differ)
		ckpt_warn(ctx, task,
			  "namespaces differ from the caller's: the restarted task will be in those of who restarts it");
	return ret;
}

/*
 * Members that wait for a futex of this kind have left the queue on their way
 * to the trap and call again, and what a futex is to the kernel goes with the
 * last who waits: the word alone says who owns it, and is memory like any other.
 * An owner that still has something has it for a task that is not held.
 */
static bool ckpt_has_pi_state(struct task_struct *task)
{
	bool has;

	raw_spin_lock_irq(&task->pi_lock);
	has = !list_empty(&task->pi_state_list);
#ifdef CONFIG_RT_MUTEXES
	has |= !RB_EMPTY_ROOT(&task->pi_waiters.rb_root) ||
	       task->pi_blocked_on;
#endif
	raw_spin_unlock_irq(&task->pi_lock);
	return has;
}

static int ckpt_refuse_attached(struct ckpt_ctx *ctx, struct task_struct *task)
{
	bool policy = false, robust = false;
	bool seccomp, cookie = false, events = false, clamp = false;
	int ret;

#ifdef CONFIG_NUMA
	policy = task->mempolicy;
#endif
#if defined(CONFIG_FUTEX) && defined(CONFIG_COMPAT)
	robust = task->compat_robust_list;
#endif
#ifdef CONFIG_SCHED_CORE
	cookie = task->core_cookie;
#endif
#ifdef CONFIG_USER_EVENTS
	events = task->user_event_mm;
#endif
#ifdef CONFIG_UCLAMP_TASK
	clamp = task->uclamp_req[UCLAMP_MIN].user_defined ||
		task->uclamp_req[UCLAMP_MAX].user_defined;
#endif
#ifdef CONFIG_SECCOMP_FILTER
	/* A filter has decided that the task is to end. */
	seccomp = task->seccomp.mode > SECCOMP_MODE_FILTER;
#else
	seccomp = seccomp_mode(&task->seccomp) != SECCOMP_MODE_DISABLED;
#endif
	ret = REFUSE(ctx, task, seccomp, -EOPNOTSUPP,
		     "seccomp: mode %d is in force", seccomp_mode(&task->seccomp));
	if (!ret)
		ret = io_uring_task_refusals(ctx, task);
	if (!ret)
		ret = REFUSE(ctx, task, ckpt_has_pi_state(task), -EBUSY,
			     "priority-inheritance futex that a task outside waits for");
	if (!ret)
		ret = REFUSE(ctx, task, policy, -EOPNOTSUPP,
			     "NUMA memory policy of the task");
	if (!ret)
		ret = REFUSE(ctx, task, cookie, -EOPNOTSUPP,
			     "core scheduling cookie");
	if (!ret)
		ret = REFUSE(ctx, task, events, -EOPNOTSUPP,
			     "user_events registration");
	if (!ret)
		ret = REFUSE(ctx, task, robust, -EOPNOTSUPP,
			     "robust list of a 32-bit system call");
	if (!ret)
		ret = REFUSE(ctx, task, clamp, -EOPNOTSUPP,
			     "utilization clamp");
	return ret;
}

static int ckpt_refuse_landlock(struct ckpt_ctx *ctx, struct task_struct *task)
{
	bool domain = false;

#ifdef CONFIG_SECURITY_LANDLOCK
	rcu_read_lock();
	if (landlock_initialized)
		domain = landlock_cred(__task_cred(task))->domain;
	rcu_read_unlock();
#endif
	return REFUSE(ctx, task, domain, -EOPNOTSUPP, "Landlock domain");
}

static int ckpt_refuse_keys(struct ckpt_ctx *ctx, struct task_struct *task)
{
	int ret = 0;

#ifdef CONFIG_KEYS
	const struct cred *cred = get_task_cred(task);

	ret = REFUSE(ctx, task, cred->thread_keyring || cred->process_keyring,
		     -EOPNOTSUPP, "thread or process keyring");
	if (!ret)
		ret = REFUSE(ctx, task, cred->request_key_auth, -EOPNOTSUPP,
			     "authority to make a key for another task");
	if (!ret && cred->session_keyring)
		ckpt_warn(ctx, task,
			  "session keyring: the restarted task has that of who restarts it");
	put_cred(cred);
#endif
	return ret;
}

/**
 * ckpt_caller_clean - has a task nothing that a restored one must not inherit?
 * @task: current, or a task that waits in restart(2)
 *
 * A restart replaces what is in the image, as execve(2) replaces a program.
 * What it does not replace would stay:
 *
 * - timers, requests and registrations of the caller, which execve(2) ends:
 *   POSIX timers, io_uring, user_events, syscall user dispatch, the robust list of
 *   a 32-bit system call;
 * - what execve(2) lets a program inherit: pending undo operations of System V
 *   semaphores, a NUMA policy, utilization clamps, an I/O context that others
 *   share;
 * - what the architecture keeps per thread: see arch_ckpt_caller_clean().
 *
 * Restrictions may stay, since the caller could not have shed them: seccomp
 * filters, a Landlock domain. So may what an administrator decides: control
 * groups, the core scheduling cookie. Keyrings are left behind with the
 * credentials, rseq and robust lists with the thread record, the LDT, protection
 * keys and linear address masking with the address space.
 */
bool ckpt_caller_clean(struct task_struct *task)
{
	struct io_context *ioc = task->io_context;

	if (ioc && atomic_read(&ioc->active_ref) > 1)
		return false;
#ifdef CONFIG_IO_URING
	if (task->io_uring)
		return false;
#endif
#ifdef CONFIG_POSIX_TIMERS
	if (!hlist_empty(&task->signal->posix_timers))
		return false;
#endif
#ifdef CONFIG_USER_EVENTS
	if (task->user_event_mm)
		return false;
#endif
	if (ckpt_sem_undo(task))
		return false;
#ifdef CONFIG_NUMA
	if (task->mempolicy)
		return false;
#endif
#if defined(CONFIG_FUTEX) && defined(CONFIG_COMPAT)
	if (task->compat_robust_list)
		return false;
#endif
#ifdef CONFIG_UCLAMP_TASK
	if (task->uclamp_req[UCLAMP_MIN].user_defined ||
	    task->uclamp_req[UCLAMP_MAX].user_defined)
		return false;
#endif
	return !test_task_syscall_work(task, SYSCALL_USER_DISPATCH) &&
	       arch_ckpt_caller_clean(task);
}

/**
 * ckpt_task_refusals - refuse a task for what it has that no record holds
 * @ctx: checkpoint context
 * @task: task, held
 *
 * Return: 0; -EOPNOTSUPP for what is not covered; -EBUSY for what passes; -EPERM.
 * In a dry run 0, with every obstacle in the log.
 */
int ckpt_task_refusals(struct ckpt_ctx *ctx, struct task_struct *task)
{
	int ret;

	ret = ckpt_refuse_family(ctx, task);
	if (!ret)
		ret = ckpt_ctty_refusals(ctx, task);
	if (!ret)
		ret = ckpt_refuse_namespaces(ctx, task);
	if (!ret)
		ret = ckpt_refuse_attached(ctx, task);
	if (!ret)
		ret = ckpt_refuse_landlock(ctx, task);
	if (!ret)
		ret = ckpt_refuse_keys(ctx, task);
	if (!ret)
		ret = arch_ckpt_refusals(ctx, task);
	return ret;
}
