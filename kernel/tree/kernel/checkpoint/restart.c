// SPDX-License-Identifier: GPL-2.0
/*
 * Restart: from an image to a running hierarchy.
 *
 * User space has created the tasks. Each calls restart(2) and waits; the
 * coordinator, an ancestor of all, calls it too, reads the task array off the
 * stream and gives each task its place in it. The tasks then restore their
 * state in the order of the array, each reading its own part of the stream.
 * What they build stays on the side until the trailer has proved the image
 * good; only then do they become it, and only when all have, does one run.
 *
 * When anything goes wrong, every task that takes part is killed.
 *
 * A self-restart (RESTART_TASKSELF) is the same without the waiting; a failure
 * returns to a caller that is as it was.
 */
#include <linux/cgroup.h>
#include <linux/iocontext.h>
#include <linux/list.h>
#include <linux/nsproxy.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <asm/syscall.h>

#include <trace/events/checkpoint.h>

#include "internal.h"

/**
 * struct ckpt_waiter - a task that waits in restart(2) for a coordinator
 * @list: link in ckpt_waiters
 * @task: the task, which is current
 * @ctx: the operation it has been drawn into, NULL before
 * @index: its place in the task array
 * @ghost: it only holds a pid
 * @end: a ghost may end
 */
struct ckpt_waiter {
	struct list_head list;
	struct task_struct *task;
	struct ckpt_ctx *ctx;
	u32 index;
	bool ghost;
	bool end;
};

static LIST_HEAD(ckpt_waiters);
static DEFINE_SPINLOCK(ckpt_waiters_lock);
static DECLARE_WAIT_QUEUE_HEAD(ckpt_waiters_wait);

/**
 * ckpt_abort - end a restart with an error
 * @ctx: restart context
 * @err: negative errno
 */
void ckpt_abort(struct ckpt_ctx *ctx, int err)
{
	/* From a task's exit, too: no lock that sleeps. */
	cmpxchg(&ctx->err, 0, err);
	wake_up_all(&ctx->wait);
}

static int ckpt_check_header(struct ckpt_ctx *ctx,
			     const struct ckpt_hdr_header *h)
{
	u16 arch = le16_to_cpu(h->arch_id);

	if (h->magic != CKPT_MAGIC_HEAD)
		return ckpt_err(ctx, NULL, -EINVAL, "not a checkpoint image");
	if (arch != arch_ckpt_id())
		return ckpt_err(ctx, NULL, -EINVAL,
				"image of architecture %u, this is %u", arch,
				arch_ckpt_id());
	if (h->rev != CKPT_REV)
		return ckpt_err(ctx, NULL, -EINVAL,
				"image of revision %u, this kernel reads %u",
				h->rev, CKPT_REV);
	if (h->page_shift != PAGE_SHIFT || h->word_bits != BITS_PER_LONG)
		return ckpt_err(ctx, NULL, -EINVAL,
				"image with %lu-byte pages and %u-bit words",
				h->page_shift < BITS_PER_LONG ?
				1UL << h->page_shift : 0, h->word_bits);
	if (h->feat_required & ~CKPT_FEATURES)
		return ckpt_err(ctx, NULL, -EINVAL,
				"image needs unknown features %llx",
				h->feat_required & ~CKPT_FEATURES);
	ctx->self = h->flags & CKPT_HEADER_SELF;
	ctx->boottime = h->boottime;
	return 0;
}

/* Room for the root of the hierarchy, which is the only task so far. */
static int ckpt_alloc_member(struct ckpt_ctx *ctx)
{
	ctx->members = kvzalloc(sizeof(*ctx->members), GFP_KERNEL_ACCOUNT);
	if (!ctx->members)
		return -ENOMEM;
	ctx->nr_members = 1;
	return 0;
}

static int ckpt_read_members(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_tree *tree;
	struct ckpt_hdr_pids *pids;
	u32 nr, i;

	tree = ckpt_next_record(ctx, CKPT_HDR_TREE);
	if (IS_ERR(tree))
		return PTR_ERR(tree);
	nr = tree->nr_tasks;
	kvfree(tree);
	if (nr != 1)
		return ckpt_err(ctx, NULL, -EINVAL,
				"image of %u tasks, this kernel restores one",
				nr);

	for (i = 0; i < nr; i++) {
		pids = ckpt_next_record(ctx, CKPT_HDR_PIDS);
		if (IS_ERR(pids))
			return PTR_ERR(pids);
		ctx->members[i].pids = *pids;
		kvfree(pids);
		if (ctx->members[i].pids.pid <= 0 ||
		    ctx->members[i].pids.pid != ctx->members[i].pids.tgid ||
		    !(ctx->members[i].pids.flags & CKPT_PIDS_ROOT))
			return ckpt_err(ctx, NULL, -EINVAL,
					"entry %u of the task array is not valid",
					i);
	}
	return 0;
}

/* Everything up to the first task's state. */
static int ckpt_read_frame(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_header_arch *arch;
	struct ckpt_hdr_header *header;
	void *container;
	char *root;
	int ret;

	header = ckpt_next_record(ctx, CKPT_HDR_HEADER);
	if (IS_ERR(header))
		return PTR_ERR(header);
	ret = ckpt_check_header(ctx, header);
	kvfree(header);
	if (ret)
		return ret;

	arch = ckpt_next_record(ctx, CKPT_HDR_HEADER_ARCH);
	if (IS_ERR(arch))
		return PTR_ERR(arch);
	ret = arch_ckpt_header_check(ctx, arch);
	kvfree(arch);
	if (ret)
		return ret;

	container = ckpt_next_record(ctx, CKPT_HDR_CONTAINER);
	if (IS_ERR(container))
		return PTR_ERR(container);
	kvfree(container);
	root = ckpt_next_string(ctx);
	if (IS_ERR(root))
		return PTR_ERR(root);
	kfree(root);

	return ckpt_read_members(ctx);
}

/* What the interrupted call returns; the signal path may yet restart it. */
static long ckpt_return_value(void)
{
	return syscall_get_return_value(current, task_pt_regs(current));
}

/* No way back: the task is neither what it was nor what it was to become. */
static long ckpt_perish(void)
{
	send_sig_info(SIGKILL, SEND_SIG_PRIV, current);
	return -EINTR;
}

/* What execve(2) would clear, and the restored task must not inherit. */
static bool ckpt_caller_plain(void)
{
#ifdef CONFIG_IO_URING
	if (current->io_uring)
		return false;
#endif
#ifdef CONFIG_POSIX_TIMERS
	if (!hlist_empty(&current->signal->posix_timers))
		return false;
#endif
#ifdef CONFIG_USER_EVENTS
	if (current->user_event_mm)
		return false;
#endif
	return !test_task_syscall_work(current, SYSCALL_USER_DISPATCH);
}

/* Does changing the caller change nobody else? */
static bool ckpt_caller_alone(void)
{
	struct io_context *ioc = current->io_context;

	return ckpt_caller_plain() && thread_group_empty(current) &&
	       refcount_read(&ckpt_task_sighand(current)->count) == 1 &&
	       (!ioc || atomic_read(&ioc->active_ref) == 1);
}

/**
 * ckpt_restart_self - the caller becomes the one task of the image
 * @ctx: restart context
 *
 * Return: what the system call that the image was taken in returns, or a
 * negative errno with the caller as it was.
 */
long ckpt_restart_self(struct ckpt_ctx *ctx)
{
	struct ckpt_restore r = {};
	bool changed = false;
	int ret;

	trace_checkpoint_phase(ctx->id, true, CKPT_TRACE_BEGIN, 0);
	if (!ckpt_caller_alone())
		ret = ckpt_err(ctx, current, -EBUSY,
			       "the caller has threads, POSIX timers or io_uring, or shares signal handlers or an I/O context");
	else
		ret = ckpt_alloc_member(ctx);
	if (!ret)
		ret = ckpt_read_frame(ctx);
	if (!ret)
		ret = ckpt_task_restore(ctx, &r, &ctx->members[0]);
	if (!ret)
		ret = ckpt_read_tail(ctx);
	if (!ret) {
		trace_checkpoint_phase(ctx->id, true, CKPT_TRACE_RESTORED,
				       ctx->pos);
		ret = ckpt_task_commit(ctx, &r, &changed);
	}
	ckpt_restore_free(&r);
	if (ret == -ENOMEM)
		ckpt_err(ctx, NULL, ret, "out of memory");
	if (ret)
		return changed ? ckpt_perish() : ret;
	trace_checkpoint_phase(ctx->id, true, CKPT_TRACE_COMMITTED, ctx->pos);
	return ckpt_return_value();
}

/* Is it the turn of the member with this index to read the stream? */
static bool ckpt_turn(struct ckpt_ctx *ctx, u32 index)
{
	/* Pairs with the release of who passes the stream on. */
	return smp_load_acquire(&ctx->active) == index;
}

/* Has the restart come to a phase, or beyond? */
static bool ckpt_phase_is(struct ckpt_ctx *ctx, enum ckpt_phase phase)
{
	/* Pairs with the release of the coordinator. */
	return smp_load_acquire(&ctx->phase) >= phase;
}

static int ckpt_member_work(struct ckpt_ctx *ctx, u32 index)
{
	struct ckpt_restore r = {};
	bool changed;
	int ret;

	ret = wait_event_killable(ctx->wait, READ_ONCE(ctx->err) ||
				  ckpt_turn(ctx, index));
	if (!ret)
		ret = READ_ONCE(ctx->err);
	if (!ret)
		ret = ckpt_task_restore(ctx, &r, &ctx->members[index]);
	if (ret == -ENOMEM)
		ckpt_err(ctx, NULL, ret, "out of memory");
	if (!ret) {
		ctx->members[index].done = true;
		/* Pairs with the acquire of who waits for it. */
		smp_store_release(&ctx->active, index + 1);
		wake_up_all(&ctx->wait);
		ret = wait_event_killable(ctx->wait, READ_ONCE(ctx->err) ||
					  ckpt_phase_is(ctx, CKPT_PHASE_COMMIT));
	}
	if (!ret)
		ret = READ_ONCE(ctx->err);
	if (!ret)
		ret = ckpt_task_commit(ctx, &r, &changed);
	ckpt_restore_free(&r);
	if (!ret) {
		spin_lock(&ckpt_waiters_lock);
		ctx->nr_committed++;
		spin_unlock(&ckpt_waiters_lock);
		wake_up_all(&ctx->wait);
		ret = wait_event_killable(ctx->wait, READ_ONCE(ctx->err) ||
					  ckpt_phase_is(ctx, CKPT_PHASE_RELEASE));
	}
	return ret ?: READ_ONCE(ctx->err);
}

/**
 * ckpt_restart_member - wait for a coordinator, and be restored
 * @uflags: flags of the system call
 *
 * Return: what the system call that the task was in when the image was taken
 * returns; or a negative errno, the task being killed.
 */
long ckpt_restart_member(unsigned long uflags)
{
	struct ckpt_waiter waiter = {
		.task = current,
		.ghost = uflags & RESTART_GHOST,
	};
	struct ckpt_ctx *ctx;
	int ret;

	if (!ckpt_caller_alone())
		return -EBUSY;

	spin_lock(&ckpt_waiters_lock);
	list_add_tail(&waiter.list, &ckpt_waiters);
	spin_unlock(&ckpt_waiters_lock);
	wake_up_all(&ckpt_waiters_wait);

	ret = wait_event_killable(ckpt_waiters_wait,
				  READ_ONCE(waiter.ctx) ||
				  READ_ONCE(waiter.end));
	spin_lock(&ckpt_waiters_lock);
	list_del(&waiter.list);
	spin_unlock(&ckpt_waiters_lock);

	if (waiter.end)
		do_group_exit(0);
	ctx = waiter.ctx;
	if (!ctx)
		return -EINTR;

	/* Drawn in: from now on there is only success or death. */
	if (!ret)
		ret = ckpt_member_work(ctx, waiter.index);
	if (ret)
		ckpt_abort(ctx, ret);

	spin_lock_irq(&ckpt_task_sighand(current)->siglock);
	current->checkpoint_ctx = NULL;
	spin_unlock_irq(&ckpt_task_sighand(current)->siglock);
	spin_lock(&ckpt_waiters_lock);
	ctx->nr_drawn--;
	spin_unlock(&ckpt_waiters_lock);
	wake_up_all(&ctx->wait);
	ckpt_ctx_put(ctx);
	return ret ? ckpt_perish() : ckpt_return_value();
}

static struct ckpt_waiter *ckpt_find_waiter(struct task_struct *task)
{
	struct ckpt_waiter *waiter;

	lockdep_assert_held(&ckpt_waiters_lock);
	list_for_each_entry(waiter, &ckpt_waiters, list)
		if (waiter->task == task && !waiter->ghost)
			return waiter;
	return NULL;
}

static bool ckpt_is_waiting(struct task_struct *task)
{
	bool waiting;

	spin_lock(&ckpt_waiters_lock);
	waiting = ckpt_find_waiter(task);
	spin_unlock(&ckpt_waiters_lock);
	return waiting || READ_ONCE(task->exit_state) ||
	       (READ_ONCE(task->flags) & PF_EXITING);
}

/* Wait until @task sits in restart(2), and give it its place in the array. */
static int ckpt_draw(struct ckpt_ctx *ctx, struct task_struct *task, u32 index)
{
	struct ckpt_waiter *waiter;
	int ret = 0;

	/* Nobody tells when it ends, so look again from time to time. */
	do {
		ret = wait_event_killable_timeout(ckpt_waiters_wait,
						  ckpt_is_waiting(task),
						  HZ / 10 ?: 1);
	} while (!ret);
	if (ret < 0)
		return ckpt_err(ctx, task, -EINTR,
				"interrupted while waiting for the task");
	/* Asked now, since a task that waits does not execve(2) any more. */
	if (!ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS))
		return ckpt_err(ctx, task, -EPERM,
				"the caller may not trace the task");
	ret = 0;

	spin_lock(&ckpt_waiters_lock);
	waiter = ckpt_find_waiter(task);
	if (!waiter) {
		ret = -ESRCH;
	} else {
		spin_lock_irq(&ckpt_task_sighand(task)->siglock);
		if (task->checkpoint_ctx || task->ptrace) {
			ret = -EBUSY;
		} else {
			refcount_inc(&ctx->users);
			task->checkpoint_ctx = ctx;
			waiter->index = index;
			ctx->members[index].held = true;
			ctx->nr_drawn++;
			WRITE_ONCE(waiter->ctx, ctx);
		}
		spin_unlock_irq(&ckpt_task_sighand(task)->siglock);
	}
	spin_unlock(&ckpt_waiters_lock);
	wake_up_all(&ckpt_waiters_wait);
	if (ret)
		return ckpt_err(ctx, task, ret, ret == -ESRCH ?
				"the task has ended" :
				"the task is traced, or in another operation");
	return 0;
}

static int ckpt_find_root(struct ckpt_ctx *ctx, pid_t pid)
{
	struct task_struct *task;
	int ret;

	ret = ckpt_alloc_member(ctx);
	if (ret)
		return ret;
	rcu_read_lock();
	task = find_task_by_vpid(pid);
	if (task && same_thread_group(rcu_dereference(task->real_parent),
				      current))
		get_task_struct(task);
	else
		task = NULL;
	rcu_read_unlock();
	if (!task)
		return ckpt_err(ctx, NULL, -ESRCH,
				"task %d is not a child of the caller", pid);
	ctx->members[0].task = task;
	return 0;
}

/* With RESTART_FROZEN: the cgroup that will hold the hierarchy still. */
static int ckpt_freeze_cgroup(struct ckpt_ctx *ctx, bool freeze)
{
	struct task_struct *task = ctx->members[0].task;
	struct cgroup *cgrp, *own;
	int ret = 0;

	if (!(ctx->uflags & RESTART_FROZEN))
		return 0;

	cgroup_lock();
	rcu_read_lock();
	cgrp = task_dfl_cgroup(task);
	own = task_dfl_cgroup(current);
	rcu_read_unlock();
	if (!ns_capable(current->nsproxy->cgroup_ns->user_ns, CAP_SYS_ADMIN))
		ret = -EPERM;
	else if (!cgroup_parent(cgrp) || cgroup_is_descendant(own, cgrp))
		ret = -EBUSY;
	else if (freeze)
		cgroup_freeze(cgrp, true);
	cgroup_unlock();
	if (ret == -EPERM)
		return ckpt_err(ctx, task, ret,
				"RESTART_FROZEN: the caller may not freeze cgroups");
	if (ret)
		return ckpt_err(ctx, task, ret,
				"RESTART_FROZEN: the task is in the root cgroup, or in that of the caller");
	return 0;
}

/* Is @task a child, or a child of a child, ... of the caller? */
static bool ckpt_is_descendant(struct task_struct *task)
{
	bool found = false;

	rcu_read_lock();
	while (!found && task->pid > 1) {
		task = rcu_dereference(task->real_parent);
		found = same_thread_group(task, current);
	}
	rcu_read_unlock();
	return found;
}

static void ckpt_end_ghosts(void)
{
	struct ckpt_waiter *waiter;

	spin_lock(&ckpt_waiters_lock);
	list_for_each_entry(waiter, &ckpt_waiters, list)
		if (waiter->ghost && ckpt_is_descendant(waiter->task))
			WRITE_ONCE(waiter->end, true);
	spin_unlock(&ckpt_waiters_lock);
	wake_up_all(&ckpt_waiters_wait);
}

/* One may sit in a read of an image that does not come. */
static void ckpt_kill_drawn(struct ckpt_ctx *ctx)
{
	u32 i;

	for (i = 0; i < ctx->nr_members; i++)
		if (ctx->members[i].held)
			send_sig_info(SIGKILL, SEND_SIG_PRIV,
				      ctx->members[i].task);
}

static bool ckpt_none_drawn(struct ckpt_ctx *ctx)
{
	bool none;

	spin_lock(&ckpt_waiters_lock);
	none = !ctx->nr_drawn;
	spin_unlock(&ckpt_waiters_lock);
	return none;
}

static int ckpt_coordinate(struct ckpt_ctx *ctx, pid_t pid)
{
	int ret;

	/*
	 * The root first, even before the image: so it ends with the restart
	 * whatever goes wrong. It does not begin before all is known.
	 */
	WRITE_ONCE(ctx->active, U32_MAX);
	ret = ckpt_find_root(ctx, pid);
	if (!ret)
		ret = ckpt_draw(ctx, ctx->members[0].task, 0);
	if (!ret)
		ret = ckpt_freeze_cgroup(ctx, false);
	if (!ret)
		ret = ckpt_read_frame(ctx);
	if (ret)
		return ret;
	if (task_pid_nr_ns(ctx->members[0].task,
			   task_active_pid_ns(ctx->members[0].task)) !=
	    ctx->members[0].pids.pid)
		ckpt_warn(ctx, ctx->members[0].task,
			  "the task had the pid %d",
			  ctx->members[0].pids.pid);

	/* Pairs with the acquire of who waits for it. */
	smp_store_release(&ctx->active, 0);
	wake_up_all(&ctx->wait);

	ret = wait_event_killable(ctx->wait, READ_ONCE(ctx->err) ||
				  ckpt_turn(ctx, ctx->nr_members));
	if (!ret)
		ret = READ_ONCE(ctx->err);
	if (!ret)
		ret = ckpt_read_tail(ctx);
	if (ret)
		return ret;
	trace_checkpoint_phase(ctx->id, true, CKPT_TRACE_RESTORED, ctx->pos);

	/* Pairs with the acquire of who waits for it. */
	smp_store_release(&ctx->phase, CKPT_PHASE_COMMIT);
	wake_up_all(&ctx->wait);
	ret = wait_event_killable(ctx->wait, READ_ONCE(ctx->err) ||
				  READ_ONCE(ctx->nr_committed) ==
				  ctx->nr_members);
	if (!ret)
		ret = READ_ONCE(ctx->err);
	if (!ret)
		ret = ckpt_freeze_cgroup(ctx, true);
	if (ret)
		return ret;
	trace_checkpoint_phase(ctx->id, true, CKPT_TRACE_COMMITTED, ctx->pos);

	/* Tasks that run must not see more users of their objects than are. */
	ckpt_objs_free(ctx);
	/* Pairs with the acquire of who waits for it. */
	smp_store_release(&ctx->phase, CKPT_PHASE_RELEASE);
	wake_up_all(&ctx->wait);
	return 0;
}

/**
 * ckpt_restart_coordinate - restore a hierarchy that waits in restart(2)
 * @ctx: restart context
 * @pid: its root, a child of the caller
 *
 * Return: 0 when every task has been restored and may run; or a negative
 * errno, every task that had been drawn in being killed.
 */
long ckpt_restart_coordinate(struct ckpt_ctx *ctx, pid_t pid)
{
	int ret;

	trace_checkpoint_phase(ctx->id, true, CKPT_TRACE_BEGIN, 0);
	ret = ckpt_coordinate(ctx, pid);
	if (ret == -ERESTARTSYS)
		ret = -EINTR;
	if (ret) {
		ckpt_abort(ctx, ret);
		ckpt_kill_drawn(ctx);
	}
	ckpt_end_ghosts();
	/* They do not sleep for long: each has been woken up to succeed or die. */
	if (wait_event_killable(ctx->wait, ckpt_none_drawn(ctx)) && !ret)
		ret = -EINTR;
	return ret;
}
