// SPDX-License-Identifier: GPL-2.0
/*
 * Restart: a task that waits in restart(2), and what it does once a
 * coordinator has drawn it in.
 */
#include <linux/checkpoint.h>
#include <linux/completion.h>
#include <linux/hashtable.h>
#include <linux/pid_namespace.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait_bit.h>

#include "internal.h"

/**
 * struct ckpt_waiter - a task that waits in restart(2) for a coordinator
 * @node: link in ckpt_waiters
 * @task: the task, which is current
 * @ctx: the operation it has been drawn into, NULL before
 * @member: its place there
 * @turn: it may read its state, or, for a ghost, end
 * @ghost: it only holds a pid
 * @owner: a restart that needs the pid, which may be over
 * @end: a ghost may end
 */
struct ckpt_waiter {
	struct hlist_node node;
	struct task_struct *task;
	struct ckpt_ctx *ctx;
	struct ckpt_member *member;
	struct completion turn;
	bool ghost;
	const struct ckpt_ctx *owner;
	bool end;
};

static DEFINE_HASHTABLE(ckpt_waiters, 8);
static DEFINE_SPINLOCK(ckpt_waiters_lock);
static struct ckpt_waiter *ckpt_find_waiter(struct task_struct *task)
{
	struct ckpt_waiter *waiter;

	lockdep_assert_held(&ckpt_waiters_lock);
	hash_for_each_possible(ckpt_waiters, waiter, node, (unsigned long)task)
		if (waiter->task == task)
			return waiter;
	return NULL;
}

/* Sleep until the coordinator says that the restart has come to a phase. */
static int ckpt_await(struct ckpt_ctx *ctx, struct ckpt_member *member,
		      enum ckpt_phase phase)
{
	int ret;

	do {
		ret = wait_for_completion_killable(&member->turn);
		if (!ret)
			ret = READ_ONCE(ctx->err);
	} while (!ret && READ_ONCE(ctx->phase) < phase);
	return ret;
}

/* Wait until the coordinator has loaded the registers: not even death ends it. */
static int ckpt_await_release(struct ckpt_ctx *ctx, struct ckpt_member *member)
{
	int ret;

	do {
		wait_for_completion(&member->turn);
		ret = READ_ONCE(ctx->err);
	} while (!ret && READ_ONCE(ctx->phase) < CKPT_PHASE_RELEASE);
	return ret;
}

/**
 * ckpt_first_turn - have a member that has been drawn in read its state
 * @member: the member, which has not been woken up since it came
 *
 * Who gives the turn is about to sleep, so another CPU has nothing to gain.
 */
void ckpt_first_turn(struct ckpt_member *member)
{
	struct ckpt_waiter *waiter;

	spin_lock(&ckpt_waiters_lock);
	waiter = ckpt_find_waiter(member->task);
	/* Gone when it has been killed, which ends the restart. */
	if (waiter && waiter->member == member)
		complete_on_current_cpu(&waiter->turn);
	spin_unlock(&ckpt_waiters_lock);
}

static int ckpt_member_restore(struct ckpt_ctx *ctx, struct ckpt_member *member)
{
	u32 next;
	int ret;

	ret = READ_ONCE(ctx->err);
	if (ret)
		return ret;
	/* The coordinator looks at it, so it stays until the restart ends. */
	member->restore = kzalloc(sizeof(*member->restore), GFP_KERNEL_ACCOUNT);
	ret = member->restore ?
	      ckpt_task_restore(ctx, member->restore, member) : -ENOMEM;
	if (ret == -ENOMEM)
		ckpt_err(ctx, NULL, ret, "out of memory");
	if (ret)
		return ret;

	member->zombie = member->restore->task->state == CKPT_TASK_ZOMBIE;
	/* One after the other: nobody else writes this meanwhile. */
	next = ctx->nr_restored + 1;
	/* Pairs with the acquire of the coordinator. */
	smp_store_release(&ctx->nr_restored, next);
	if (next < ctx->nr_members)
		ckpt_first_turn(ctx->members[next]);
	else
		wake_up_all(&ctx->wait);
	return 0;
}

static int ckpt_member_commit(struct ckpt_ctx *ctx, struct ckpt_member *member)
{
	struct ckpt_restore *r = member->restore;
	int ret;

	ret = ckpt_await(ctx, member, CKPT_PHASE_COMMIT);
	if (!ret && member->zombie)
		ret = ckpt_zombie_commit(ctx, r);
	else if (!ret)
		ret = ckpt_task_commit(ctx, r);
	if (ret)
		return ret;
	if (member->next)
		complete(&member->next->turn);
	if (atomic_inc_return(&ctx->nr_committed) == ctx->nr_members)
		wake_up_all(&ctx->wait);
	return member->zombie ? ckpt_await(ctx, member, CKPT_PHASE_EXIT) :
				ckpt_await_release(ctx, member);
}

/*
 * Leave the operation.
 *
 * Return: the child that has been tied to @member, with a reference, or NULL.
 */
static struct task_struct *ckpt_member_leave(struct ckpt_ctx *ctx,
					     struct ckpt_member *member)
{
	struct task_struct *child;

	spin_lock_irq(&ckpt_task_sighand(current)->siglock);
	current->checkpoint_ctx = NULL;
	spin_unlock_irq(&ckpt_task_sighand(current)->siglock);
	spin_lock(&ckpt_waiters_lock);
	child = member->vfork_child;
	member->vfork_child = NULL;
	member->vfork = NULL;
	ctx->nr_drawn--;
	spin_unlock(&ckpt_waiters_lock);
	wake_up_all(&ctx->wait);
	ckpt_ctx_put(ctx);
	return child;
}

/**
 * ckpt_tie_vfork - tie a task in vfork(2) to its child
 * @member: the task, which does not run yet, but may be killed
 * @child: the child, likewise
 */
void ckpt_tie_vfork(struct ckpt_member *member, struct task_struct *child)
{
	spin_lock(&ckpt_waiters_lock);
	if (member->vfork) {
		member->vfork_child = get_task_struct(child);
		task_lock(child);
		child->vfork_done = member->vfork;
		task_unlock(child);
	}
	spin_unlock(&ckpt_waiters_lock);
}

/* The child must not wake up who is no longer there. */
static void ckpt_untie_vfork(struct task_struct *child)
{
	task_lock(child);
	child->vfork_done = NULL;
	task_unlock(child);
	put_task_struct(child);
}

static void __noreturn ckpt_end_zombie(u32 code)
{
	if (thread_group_empty(current))
		do_group_exit(code);
	do_exit(code);
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
	struct ckpt_member *member;
	struct task_struct *child;
	struct completion vfork;
	struct ckpt_ctx *ctx;
	sigset_t all;
	bool zombie;
	u32 code;
	int ret;

	if (!ckpt_caller_clean(current))
		return -EBUSY;

	/*
	 * Only death ends the wait; and what the image has pending must not be
	 * for a thread that has not got its mask yet.
	 */
	sigfillset(&all);
	set_current_blocked(&all);

	init_completion(&vfork);
	init_completion(&waiter.turn);
	spin_lock(&ckpt_waiters_lock);
	hash_add(ckpt_waiters, &waiter.node, (unsigned long)current);
	spin_unlock(&ckpt_waiters_lock);
	/* Pairs with the barrier of who prepares to wait for this task. */
	smp_mb();
	wake_up_var(current);

	ret = wait_for_completion_killable(&waiter.turn);
	spin_lock(&ckpt_waiters_lock);
	hash_del(&waiter.node);
	spin_unlock(&ckpt_waiters_lock);

	if (waiter.end)
		do_group_exit(0);
	ctx = waiter.ctx;
	if (!ctx)
		return -EINTR;

	/* Drawn in: from now on there is only success or death. */
	member = waiter.member;
	member->vfork = &vfork;
	if (!ret)
		ret = ckpt_member_restore(ctx, member);
	if (!ret)
		ret = ckpt_member_commit(ctx, member);
	if (ret == -ERESTARTSYS && !READ_ONCE(ctx->err))
		ret = ckpt_err(ctx, current, -ESRCH,
			       "the task has been killed");
	if (ret)
		ckpt_abort(ctx, ret);
	zombie = !ret && member->zombie;
	code = zombie ? member->restore->task->exit_code : 0;
	/* Every task is complete: nothing that a timer does harms the restart. */
	if (!ret && !zombie)
		ckpt_timers_start(member->restore->timers);
	child = ckpt_member_leave(ctx, member);
	if (zombie)
		ckpt_end_zombie(code);
	if (!ret)
		ckpt_task_resume();
	/* It was in vfork(2): so it is again, until the child lets it go. */
	if (child && !ret)
		wait_for_vfork_done(child, &vfork);
	else if (child)
		ckpt_untie_vfork(child);
	return ret ? ckpt_perish() : ckpt_return_value();
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

/* Wait until @task sits in restart(2), or ends. */
static int ckpt_await_arrival(struct ckpt_ctx *ctx, struct task_struct *task)
{
	long ret;

	if (ckpt_is_waiting(task))
		return READ_ONCE(ctx->err);
	/* Nobody tells when it ends, so look again from time to time. */
	do {
		ret = ___wait_var_event(task,
					___wait_cond_timeout(ckpt_is_waiting(task)),
					TASK_KILLABLE, 0, HZ / 10 ?: 1,
					__ret = schedule_timeout(__ret));
	} while (!ret && !READ_ONCE(ctx->err));
	if (ret < 0)
		return ckpt_err(ctx, task, -EINTR,
				"interrupted while waiting for the task");
	return READ_ONCE(ctx->err);
}

/**
 * ckpt_draw - give a task that waits in restart(2) its place
 * @ctx: restart context
 * @member: the place, which names the task
 *
 * Return: 0; -ESRCH for a task that has ended, -EBUSY for one that is traced or
 * in another operation, -EPERM for one the caller may not trace; -EINTR.
 */
int ckpt_draw(struct ckpt_ctx *ctx, struct ckpt_member *member)
{
	struct task_struct *task = member->task;
	struct ckpt_waiter *waiter;
	int ret;

	ret = ckpt_await_arrival(ctx, task);
	if (ret)
		return ret;
	/* Asked now, since a task that waits does not execve(2) any more. */
	if (!ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS))
		return ckpt_err(ctx, task, -EPERM,
				"the caller may not trace the task");

	spin_lock(&ckpt_waiters_lock);
	waiter = ckpt_find_waiter(task);
	if (!waiter || waiter->ghost) {
		ret = -ESRCH;
	} else {
		spin_lock_irq(&ckpt_task_sighand(task)->siglock);
		if (task->checkpoint_ctx || task->ptrace) {
			ret = -EBUSY;
		} else {
			refcount_inc(&ctx->users);
			task->checkpoint_ctx = ctx;
			ctx->nr_drawn++;
			member->drawn = true;
			waiter->member = member;
			waiter->ctx = ctx;
		}
		spin_unlock_irq(&ckpt_task_sighand(task)->siglock);
	}
	spin_unlock(&ckpt_waiters_lock);
	if (ret)
		return ckpt_err(ctx, task, ret, ret == -ESRCH ?
				"the task has ended" :
				"the task is traced, or in another operation");
	return 0;
}

/* Is @task a child, or a child of a child, ... of @top? */
static bool ckpt_descends(struct task_struct *task, struct task_struct *top)
{
	bool found = false;

	rcu_read_lock();
	while (!found && task->pid > 1) {
		task = rcu_dereference(task->real_parent);
		found = same_thread_group(task, top);
	}
	rcu_read_unlock();
	return found;
}

/**
 * ckpt_kill_drawn - end every task that takes part or was to take part
 * @ctx: restart context
 */
void ckpt_kill_drawn(struct ckpt_ctx *ctx)
{
	struct task_struct *root = ctx->nr_members ? ctx->members[0]->task :
						     NULL;
	struct ckpt_waiter *waiter;
	int bucket;
	u32 i;

	/* Those below the root that wait for their turn to be drawn in. */
	spin_lock(&ckpt_waiters_lock);
	hash_for_each(ckpt_waiters, bucket, waiter, node)
		if (root && ckpt_descends(waiter->task, root))
			send_sig_info(SIGKILL, SEND_SIG_PRIV, waiter->task);
	spin_unlock(&ckpt_waiters_lock);

	for (i = 0; i < ctx->nr_members; i++) {
		if (!ctx->members[i]->drawn)
			continue;
		send_sig_info(SIGKILL, SEND_SIG_PRIV, ctx->members[i]->task);
		/* Those that wait for their registers do so until here. */
		complete(&ctx->members[i]->turn);
	}
}

/**
 * ckpt_none_drawn - have all that took part left?
 * @ctx: restart context
 */
bool ckpt_none_drawn(struct ckpt_ctx *ctx)
{
	bool none;

	spin_lock(&ckpt_waiters_lock);
	none = !ctx->nr_drawn;
	spin_unlock(&ckpt_waiters_lock);
	return none;
}

/**
 * ckpt_has_pids - has a task its numbers in the inner pid namespaces?
 * @task: the task
 * @pids: its entry of the task array
 * @ns: pid namespace of the root
 */
bool ckpt_has_pids(struct task_struct *task, const struct ckpt_hdr_pids *pids,
		   struct pid_namespace *ns)
{
	struct pid *pid = get_task_pid(task, PIDTYPE_PID);
	bool same;
	u32 i;

	same = pid && pid->level == ns->level + pids->nr_levels;
	for (i = 0; same && i < pids->nr_levels; i++)
		same = pid->numbers[ns->level + 1 + i].nr == pids->levels[i];
	put_pid(pid);
	return same;
}

static int ckpt_find_ghost(struct ckpt_ctx *ctx, struct ckpt_ghost *ghost,
			   struct pid_namespace *ns)
{
	struct ckpt_waiter *waiter;
	struct task_struct *task;
	bool found = false;
	int ret = 0;

	rcu_read_lock();
	task = find_task_by_pid_ns(ghost->pids->pid, ns);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	if (task) {
		ret = ckpt_await_arrival(ctx, task);
		spin_lock(&ckpt_waiters_lock);
		waiter = ckpt_find_waiter(task);
		found = waiter && waiter->ghost && !waiter->owner &&
			ckpt_descends(task, current) &&
			ckpt_has_pids(task, ghost->pids, ns);
		if (found)
			waiter->owner = ctx;
		spin_unlock(&ckpt_waiters_lock);
		ghost->pid = get_task_pid(task, PIDTYPE_PID);
		ghost->task = task;
	}
	if (!ret && !found)
		ret = ckpt_err(ctx, NULL, -EINVAL,
			       "no ghost holds the number %d of a group or session",
			       ghost->pids->pid);
	return ret;
}

/**
 * ckpt_find_ghosts - find who holds the numbers without a leader
 * @ctx: restart context
 * @ns: pid namespace of the root
 *
 * Return: 0; -EINVAL for a number that no ghost holds; -EINTR.
 */
int ckpt_find_ghosts(struct ckpt_ctx *ctx, struct pid_namespace *ns)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < ctx->nr_ghosts; i++)
		ret = ckpt_find_ghost(ctx, &ctx->ghosts[i], ns);
	return ret;
}

/**
 * ckpt_end_ghosts - every ghost of the restart has done its duty
 * @ctx: restart context
 *
 * Those too that nobody has asked for, if they stand below the root: another
 * thread of the caller may have a restart with ghosts of its own.
 */
void ckpt_end_ghosts(struct ckpt_ctx *ctx)
{
	struct task_struct *root = ctx->nr_members ? ctx->members[0]->task :
						     NULL;
	struct ckpt_waiter *waiter;
	int bucket;

	spin_lock(&ckpt_waiters_lock);
	hash_for_each(ckpt_waiters, bucket, waiter, node) {
		if (!waiter->ghost || waiter->end)
			continue;
		if (waiter->owner != ctx &&
		    !(root && ckpt_descends(waiter->task, root)))
			continue;
		waiter->end = true;
		complete(&waiter->turn);
	}
	spin_unlock(&ckpt_waiters_lock);
}

/**
 * ckpt_await_ghosts - wait until the ghosts are gone
 * @ctx: restart context; its ghosts have been told to end
 *
 * Their parents ignore SIGCHLD until they become what they restore.
 *
 * Return: 0, or -EINTR.
 */
int ckpt_await_ghosts(struct ckpt_ctx *ctx)
{
	u32 i;

	for (i = 0; i < ctx->nr_ghosts; i++)
		while (!READ_ONCE(ctx->ghosts[i].task->exit_state)) {
			schedule_timeout_killable(1);
			if (fatal_signal_pending(current))
				return -EINTR;
		}
	return 0;
}
