// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: interrupted system calls that continue with the time that
 * was left.
 *
 * A call that was interrupted for the checkpoint and returns
 * -ERESTART_RESTARTBLOCK has left a function and its arguments behind, with an
 * absolute end. In the image the function is a name, and the end is what was
 * left of the time. Other interrupted calls start over with their registers.
 */
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/posix-timers.h>
#include <linux/sched/signal.h>
#include <linux/thread_info.h>
#include <linux/timekeeping.h>
#include <uapi/linux/time.h>
#include <asm/syscall.h>

#include "internal.h"
#include "../futex/futex.h"

static long ckpt_sigtimedwait_restart(struct restart_block *block);
static long ckpt_epoll_restart(struct restart_block *block);
#ifdef CONFIG_SYSVIPC
static long ckpt_semtimedop_restart(struct restart_block *block);
#endif

/* Has the sleep of current been ended only by who freezes it? */
static bool ckpt_only_frozen(void)
{
	return checkpoint_trap_pending(current) || freezing(current) ||
	       (current->jobctl & JOBCTL_TRAP_FREEZE);
}

/* Return of rt_sigtimedwait(2) when it was interrupted. */
static long ckpt_sigtimedwait_interrupted(const sigset_t __user *uthese,
					  siginfo_t __user *uinfo, ktime_t end)
{
	struct restart_block *block = &current->restart_block;

	/* As without us: any signal ends the wait. */
	if (!ckpt_only_frozen())
		return -EINTR;

	block->futex.uaddr = (u32 __user *)uthese;
	block->futex.uaddr2 = (u32 __user *)uinfo;
	block->futex.time = end;
	return set_restart_fn(block, ckpt_sigtimedwait_restart);
}

/**
 * checkpoint_sigtimedwait - go on waiting after having been frozen
 * @uthese: signals to wait for
 * @uinfo: where the signal's details go, or NULL
 * @end: end of the wait, CLOCK_MONOTONIC; KTIME_MAX for none
 *
 * rt_sigtimedwait(2) fails with EINTR after a freeze where other calls go on.
 * A checkpoint would make that visible to a program that nobody has signalled.
 *
 * Return: -ERESTART_RESTARTBLOCK after a freeze, otherwise -EINTR.
 */
long checkpoint_sigtimedwait(const sigset_t __user *uthese,
			     siginfo_t __user *uinfo, ktime_t end)
{
	return ckpt_sigtimedwait_interrupted(uthese, uinfo, end);
}

static long ckpt_sigtimedwait_restart(struct restart_block *block)
{
	const sigset_t __user *uthese = (sigset_t __user *)block->futex.uaddr;
	siginfo_t __user *uinfo = (siginfo_t __user *)block->futex.uaddr2;
	ktime_t end = block->futex.time, left;
	kernel_siginfo_t info;
	struct timespec64 ts;
	sigset_t these;
	int ret;

	block->fn = do_no_restart_syscall;
	if (copy_from_user(&these, uthese, sizeof(these)))
		return -EFAULT;
	left = ktime_sub(end, ktime_get());
	ts = ktime_to_timespec64(max_t(ktime_t, left, 0));

	ret = do_sigtimedwait(&these, &info, end == KTIME_MAX ? NULL : &ts);
	if (ret == -EINTR)
		return ckpt_sigtimedwait_interrupted(uthese, uinfo, end);
	if (ret > 0 && uinfo && copy_siginfo_to_user(uinfo, &info))
		ret = -EFAULT;
	return ret;
}

/**
 * checkpoint_epoll_wait - go on waiting for events after having been frozen
 * @epfd: descriptor of the epoll instance
 * @events: where events go
 * @maxevents: how many fit
 * @to: end of the wait, CLOCK_MONOTONIC; NULL for none
 * @sigmask: signal mask of the wait, or NULL
 *
 * epoll_wait(2) and its kin fail with EINTR after a freeze where other calls go
 * on, see checkpoint_sigtimedwait().
 *
 * Return: -ERESTART_RESTARTBLOCK after a freeze, otherwise -EINTR.
 */
int checkpoint_epoll_wait(int epfd, struct epoll_event __user *events,
			  int maxevents, const struct timespec64 *to,
			  const sigset_t __user *sigmask)
{
	struct restart_block *block = &current->restart_block;

	if (!ckpt_only_frozen())
		return -EINTR;
	block->futex.uaddr = (u32 __user *)events;
	block->futex.uaddr2 = (u32 __user *)sigmask;
	block->futex.val = epfd;
	block->futex.flags = maxevents;
	block->futex.time = to ? timespec64_to_ktime(*to) : KTIME_MAX;
	return set_restart_fn(block, ckpt_epoll_restart);
}

static long ckpt_epoll_restart(struct restart_block *block)
{
	struct epoll_event __user *events = (void __user *)block->futex.uaddr;
	const sigset_t __user *mask = (void __user *)block->futex.uaddr2;
	ktime_t end = block->futex.time;
	struct timespec64 ts = ktime_to_timespec64(end);

	block->fn = do_no_restart_syscall;
	return do_epoll_pwait(block->futex.val, events, block->futex.flags,
			      end == KTIME_MAX ? NULL : &ts, mask,
			      sizeof(sigset_t));
}

#ifdef CONFIG_SYSVIPC
/**
 * checkpoint_semtimedop - go on waiting for semaphores after having been frozen
 * @semid: the set
 * @sops: operations
 * @nsops: how many
 * @end: end of the wait, CLOCK_MONOTONIC; KTIME_MAX for none
 *
 * semop(2) and semtimedop(2) fail with EINTR after a freeze where other calls go
 * on, see checkpoint_sigtimedwait().
 *
 * Return: an error that has the call go on after a freeze, otherwise -EINTR.
 */
int checkpoint_semtimedop(int semid, struct sembuf __user *sops,
			  unsigned int nsops, ktime_t end)
{
	struct restart_block *block = &current->restart_block;

	if (!ckpt_only_frozen())
		return -EINTR;
	if (end == KTIME_MAX)
		return -ERESTARTNOHAND;
	block->futex.uaddr = (u32 __user *)sops;
	block->futex.val = semid;
	block->futex.flags = nsops;
	block->futex.time = end;
	return set_restart_fn(block, ckpt_semtimedop_restart);
}

static long ckpt_semtimedop_restart(struct restart_block *block)
{
	struct sembuf __user *sops = (void __user *)block->futex.uaddr;
	ktime_t left = ktime_sub(block->futex.time, ktime_get());
	struct timespec64 ts = ktime_to_timespec64(max_t(ktime_t, left, 0));

	block->fn = do_no_restart_syscall;
	return do_semtimedop(block->futex.val, sops, block->futex.flags, &ts);
}
#endif

static ktime_t ckpt_clock_now(clockid_t clockid)
{
	switch (clockid) {
	case CLOCK_REALTIME:
		return ktime_get_real();
	case CLOCK_BOOTTIME:
		return ktime_get_boottime();
	case CLOCK_TAI:
		return ktime_get_clocktai();
	default:
		return ktime_get();
	}
}

static s64 ckpt_time_left(ktime_t end, ktime_t now)
{
	return max_t(s64, ktime_sub(end, now), 0);
}

static int ckpt_block_nanosleep(struct ckpt_ctx *ctx, struct task_struct *task,
				struct ckpt_hdr_restart_block *h)
{
	struct restart_block *block = &task->restart_block;

	h->clockid = block->nanosleep.clockid;
	h->flags = CKPT_RESTARTF_TIMEOUT;
	if (block->nanosleep.type == TT_COMPAT)
		return ckpt_refuse(ctx, task, -EOPNOTSUPP,
				   "nanosleep with 32-bit time");
	if (block->nanosleep.type == TT_NATIVE) {
		h->flags |= CKPT_RESTARTF_RMTP;
		h->addr = (unsigned long)block->nanosleep.rmtp;
	}
	h->remaining = ckpt_time_left(block->nanosleep.expires,
				      ckpt_clock_now(h->clockid));
	return 0;
}

static int ckpt_block_futex(struct ckpt_ctx *ctx, struct task_struct *task,
			    struct ckpt_hdr_restart_block *h)
{
	struct restart_block *block = &task->restart_block;
	u32 flags = block->futex.flags;

	if (flags & ~(FLAGS_SIZE_MASK | FLAGS_SHARED | FLAGS_CLOCKRT |
		      FLAGS_HAS_TIMEOUT) ||
	    (flags & FLAGS_SIZE_MASK) != FLAGS_SIZE_32)
		return ckpt_refuse(ctx, task, -EOPNOTSUPP,
				   "futex wait with flags %#x", flags);
	h->addr = (unsigned long)block->futex.uaddr;
	h->val = block->futex.val;
	h->bitset = block->futex.bitset;
	h->op = (flags & FLAGS_SHARED ? 0 : FUTEX_PRIVATE_FLAG) |
		(flags & FLAGS_CLOCKRT ? FUTEX_CLOCK_REALTIME : 0);
	if (!(flags & FLAGS_HAS_TIMEOUT))
		return 0;
	h->flags = CKPT_RESTARTF_TIMEOUT;
	if (flags & FLAGS_CLOCKRT) {
		h->flags |= CKPT_RESTARTF_ABSTIME;
		h->remaining = block->futex.time;
	} else {
		h->remaining = ckpt_time_left(block->futex.time, ktime_get());
	}
	return 0;
}

static void ckpt_block_poll(struct task_struct *task,
			    struct ckpt_hdr_restart_block *h)
{
	struct restart_block *block = &task->restart_block;

	h->addr = (unsigned long)block->poll.ufds;
	h->nr = block->poll.nfds;
	if (block->poll.has_timeout) {
		h->flags = CKPT_RESTARTF_TIMEOUT;
		h->remaining = ckpt_time_left(ktime_set(block->poll.tv_sec,
							block->poll.tv_nsec),
					      ktime_get());
	}
}

/* What the waits have that go on only after a freeze. */
static void ckpt_block_frozen(struct task_struct *task,
			      struct ckpt_hdr_restart_block *h)
{
	struct restart_block *block = &task->restart_block;

	h->addr = (unsigned long)block->futex.uaddr;
	if (h->kind != CKPT_RESTART_SEMTIMEDOP)
		h->addr2 = (unsigned long)block->futex.uaddr2;
	if (block->futex.time != KTIME_MAX) {
		h->flags = CKPT_RESTARTF_TIMEOUT;
		h->remaining = ckpt_time_left(block->futex.time, ktime_get());
	}
}

/**
 * ckpt_block_checkpoint - capture how an interrupted call goes on
 * @ctx: checkpoint context
 * @task: task
 *
 * Return: 0 or a negative errno; -EOPNOTSUPP for a call that is not known.
 */
int ckpt_block_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task)
{
	struct restart_block *block = &task->restart_block;
	struct ckpt_hdr_restart_block *h;

	h = ckpt_record(ctx, CKPT_HDR_RESTART_BLOCK, 0);
	if (!h)
		return -ENOMEM;

	/* The block outlives the call; only an interrupted one looks at it. */
	if (block->fn == do_no_restart_syscall || task == current ||
	    syscall_get_nr(task, task_pt_regs(task)) == -1 ||
	    syscall_get_error(task, task_pt_regs(task)) !=
	    -ERESTART_RESTARTBLOCK) {
		h->kind = CKPT_RESTART_NONE;
		return 0;
	}
	if (block->fn == hrtimer_nanosleep_restart) {
		h->kind = CKPT_RESTART_NANOSLEEP;
		return ckpt_block_nanosleep(ctx, task, h);
	}
	if (block->fn == do_restart_poll) {
		h->kind = CKPT_RESTART_POLL;
		ckpt_block_poll(task, h);
		return 0;
	}
	if (block->fn == futex_wait_restart) {
		h->kind = CKPT_RESTART_FUTEX;
		return ckpt_block_futex(ctx, task, h);
	}
	if (block->fn == ckpt_sigtimedwait_restart) {
		h->kind = CKPT_RESTART_SIGTIMEDWAIT;
		h->nr = sizeof(sigset_t);
		ckpt_block_frozen(task, h);
		return 0;
	}
	if (block->fn == ckpt_epoll_restart) {
		h->kind = CKPT_RESTART_EPOLL;
		h->nr = block->futex.flags;
		h->val = block->futex.val;
		ckpt_block_frozen(task, h);
		return 0;
	}
#ifdef CONFIG_SYSVIPC
	if (block->fn == ckpt_semtimedop_restart) {
		h->kind = CKPT_RESTART_SEMTIMEDOP;
		h->nr = block->futex.flags;
		h->val = block->futex.val;
		ckpt_block_frozen(task, h);
		return 0;
	}
#endif
	return ckpt_refuse(ctx, task, -EOPNOTSUPP, "interrupted system call %d: %ps",
			   syscall_get_nr(task, task_pt_regs(task)), block->fn);
}

/**
 * ckpt_block_restore - read and check how an interrupted call goes on
 * @ctx: restart context
 * @r: what the task will become
 *
 * Return: 0 or a negative errno.
 */
int ckpt_block_restore(struct ckpt_ctx *ctx, struct ckpt_restore *r)
{
	struct ckpt_hdr_restart_block *h;
	bool bad = false;

	h = ckpt_next_record(ctx, CKPT_HDR_RESTART_BLOCK);
	if (IS_ERR(h))
		return PTR_ERR(h);
	r->block = h;

	switch (h->kind) {
	case CKPT_RESTART_NONE:
		break;
	case CKPT_RESTART_NANOSLEEP:
		bad = h->clockid != CLOCK_MONOTONIC &&
		      h->clockid != CLOCK_REALTIME &&
		      h->clockid != CLOCK_BOOTTIME && h->clockid != CLOCK_TAI;
		bad |= !(h->flags & CKPT_RESTARTF_TIMEOUT);
		break;
	case CKPT_RESTART_FUTEX:
		bad = h->op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME) ||
		      !h->bitset;
		break;
	case CKPT_RESTART_POLL:
		bad = h->nr > INT_MAX;
		break;
	case CKPT_RESTART_SIGTIMEDWAIT:
		bad = h->nr != sizeof(sigset_t);
		break;
	case CKPT_RESTART_EPOLL:
		bad = h->nr > INT_MAX || h->val > INT_MAX;
		break;
#ifdef CONFIG_SYSVIPC
	case CKPT_RESTART_SEMTIMEDOP:
		bad = h->nr > INT_MAX || h->val > INT_MAX ||
		      !(h->flags & CKPT_RESTARTF_TIMEOUT);
		break;
#endif
	default:
		return ckpt_err(ctx, current, -EINVAL,
				"interrupted system call of kind %u is not supported",
				h->kind);
	}
	if (bad || h->remaining < 0)
		return ckpt_err(ctx, current, -EINVAL,
				"interrupted system call of kind %u is not valid",
				h->kind);
	return 0;
}

static u32 ckpt_futex_flags(const struct ckpt_hdr_restart_block *h)
{
	u32 flags = futex_to_flags(h->op);

	if (h->flags & CKPT_RESTARTF_TIMEOUT)
		flags |= FLAGS_HAS_TIMEOUT;
	return flags;
}

/**
 * ckpt_block_commit - have the call go on with what was left of its time
 * @ctx: restart context
 * @r: what the task becomes
 */
void ckpt_block_commit(struct ckpt_ctx *ctx, struct ckpt_restore *r)
{
	struct restart_block *block = &current->restart_block;
	const struct ckpt_hdr_restart_block *h = r->block;
	bool timeout = h->flags & CKPT_RESTARTF_TIMEOUT;
	struct timespec64 ts;
	ktime_t end;

	end = timeout ? ktime_add_safe(ktime_get(), h->remaining) : KTIME_MAX;
	block->fn = do_no_restart_syscall;

	switch (h->kind) {
	case CKPT_RESTART_NANOSLEEP:
		block->nanosleep.clockid = h->clockid;
		block->nanosleep.type = h->flags & CKPT_RESTARTF_RMTP ?
					TT_NATIVE : TT_NONE;
		block->nanosleep.rmtp = u64_to_user_ptr(h->addr);
		block->nanosleep.expires =
			ktime_add_safe(ckpt_clock_now(h->clockid),
				       h->remaining);
		set_restart_fn(block, hrtimer_nanosleep_restart);
		break;
	case CKPT_RESTART_POLL:
		ts = ktime_to_timespec64(end);
		block->poll.ufds = u64_to_user_ptr(h->addr);
		block->poll.nfds = h->nr;
		block->poll.has_timeout = timeout;
		block->poll.tv_sec = ts.tv_sec;
		block->poll.tv_nsec = ts.tv_nsec;
		set_restart_fn(block, do_restart_poll);
		break;
	case CKPT_RESTART_FUTEX:
		block->futex.uaddr = u64_to_user_ptr(h->addr);
		block->futex.val = h->val;
		block->futex.bitset = h->bitset;
		block->futex.flags = ckpt_futex_flags(h);
		block->futex.time = h->flags & CKPT_RESTARTF_ABSTIME ?
				    h->remaining : end;
		set_restart_fn(block, futex_wait_restart);
		break;
	case CKPT_RESTART_SIGTIMEDWAIT:
		block->futex.uaddr = u64_to_user_ptr(h->addr);
		block->futex.uaddr2 = u64_to_user_ptr(h->addr2);
		block->futex.time = end;
		set_restart_fn(block, ckpt_sigtimedwait_restart);
		break;
	case CKPT_RESTART_EPOLL:
		block->futex.uaddr = u64_to_user_ptr(h->addr);
		block->futex.uaddr2 = u64_to_user_ptr(h->addr2);
		block->futex.val = h->val;
		block->futex.flags = h->nr;
		block->futex.time = end;
		set_restart_fn(block, ckpt_epoll_restart);
		break;
#ifdef CONFIG_SYSVIPC
	case CKPT_RESTART_SEMTIMEDOP:
		block->futex.uaddr = u64_to_user_ptr(h->addr);
		block->futex.val = h->val;
		block->futex.flags = h->nr;
		block->futex.time = end;
		set_restart_fn(block, ckpt_semtimedop_restart);
		break;
#endif
	}
}
