// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint: which tasks make up a hierarchy, and the task array.
 *
 * The hierarchy is the root process with its threads, their children and so
 * on. A process stands behind its parent and a thread behind the leader of its
 * process, so that a restart can make them in this order.
 */
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "internal.h"

/* Tasks that have been found, without references. */
struct ckpt_found {
	struct task_struct **tasks;
	u32 nr;
	u32 max;
};

/* Counts even what there is no room for. */
static void ckpt_found_add(struct ckpt_found *found, struct task_struct *task)
{
	if (found->nr < found->max)
		found->tasks[found->nr] = task;
	found->nr++;
}

static void ckpt_found_process(struct ckpt_found *found,
			       struct task_struct *leader)
{
	struct task_struct *t;

	ckpt_found_add(found, leader);
	for_each_thread(leader, t)
		/* A thread that has ended leaves nothing to save. */
		if (t != leader && !t->exit_state)
			ckpt_found_add(found, t);
}

static void ckpt_find_tasks(struct ckpt_found *found, struct task_struct *root)
{
	struct task_struct *child;
	u32 i;

	lockdep_assert_held(&tasklist_lock);
	ckpt_found_process(found, root);
	for (i = 0; i < found->nr && i < found->max; i++)
		list_for_each_entry(child, &found->tasks[i]->children, sibling)
			if (child->exit_state != EXIT_DEAD)
				ckpt_found_process(found, child);
}

/**
 * ckpt_members_free - forget the members
 * @ctx: context
 */
void ckpt_members_free(struct ckpt_ctx *ctx)
{
	u32 i;

	for (i = 0; i < ctx->nr_members; i++) {
		if (ctx->members[i]->task)
			put_task_struct(ctx->members[i]->task);
		kvfree(ctx->members[i]->pids);
		if (ctx->members[i]->restore)
			ckpt_restore_free(ctx->members[i]->restore);
		kfree(ctx->members[i]->restore);
		kfree(ctx->members[i]);
	}
	kvfree(ctx->members);
	ctx->members = NULL;
	ctx->nr_members = 0;
	ctx->max_members = 0;

	for (i = 0; i < ctx->nr_ghosts; i++) {
		if (ctx->ghosts[i].task)
			put_task_struct(ctx->ghosts[i].task);
		put_pid(ctx->ghosts[i].pid);
		kvfree(ctx->ghosts[i].pids);
	}
	kvfree(ctx->ghosts);
	ctx->ghosts = NULL;
	ctx->nr_ghosts = 0;
	ctx->max_ghosts = 0;
	xa_destroy(&ctx->by_pid);
}

/* Room for one more element of an array; it grows as it is filled. */
static void *ckpt_grow(void *array, u32 nr, u32 *max, size_t size)
{
	u32 want = max_t(u32, 16, *max * 2);
	void *more;

	if (nr < *max)
		return array;
	more = kvrealloc(array, want * size, GFP_KERNEL_ACCOUNT);
	if (more)
		*max = want;
	return more;
}

/**
 * ckpt_member_add - one member more
 * @ctx: context
 * @task: the task or NULL; its reference passes over
 *
 * Return: the member, or NULL when memory is short.
 */
struct ckpt_member *ckpt_member_add(struct ckpt_ctx *ctx,
				    struct task_struct *task)
{
	struct ckpt_member *member, **members;

	members = ckpt_grow(ctx->members, ctx->nr_members, &ctx->max_members,
			    sizeof(*members));
	if (!members)
		return NULL;
	ctx->members = members;
	member = kzalloc(sizeof(*member), GFP_KERNEL_ACCOUNT);
	if (!member)
		return NULL;
	init_completion(&member->turn);
	member->task = task;
	members[ctx->nr_members++] = member;
	return member;
}

/**
 * ckpt_ghost_add - one ghost more
 * @ctx: context
 *
 * Return: the ghost, or NULL when memory is short.
 */
struct ckpt_ghost *ckpt_ghost_add(struct ckpt_ctx *ctx)
{
	struct ckpt_ghost *ghosts;

	ghosts = ckpt_grow(ctx->ghosts, ctx->nr_ghosts, &ctx->max_ghosts,
			   sizeof(*ghosts));
	if (!ghosts)
		return NULL;
	ctx->ghosts = ghosts;
	memset(&ghosts[ctx->nr_ghosts], 0, sizeof(*ghosts));
	ghosts[ctx->nr_ghosts].sid = -1;
	return &ghosts[ctx->nr_ghosts++];
}

/* The root process; NULL when it has been reaped. The caller holds a lock. */
static struct task_struct *ckpt_collect_root(struct ckpt_ctx *ctx)
{
	struct task_struct *root = pid_task(ctx->root_pid, PIDTYPE_TGID);

	return root && root->exit_state != EXIT_DEAD ? root : NULL;
}

/**
 * ckpt_collect - find out who is in the hierarchy
 * @ctx: checkpoint context; its members are replaced
 *
 * Return: 0, -ESRCH when the root has ended, -ENOMEM.
 */
int ckpt_collect(struct ckpt_ctx *ctx)
{
	struct ckpt_found found = { .max = 64 };
	struct task_struct *root;
	int ret = 0;
	u32 i;

	for (;;) {
		found.tasks = kvmalloc_array(found.max, sizeof(*found.tasks),
					     GFP_KERNEL_ACCOUNT);
		if (!found.tasks)
			return -ENOMEM;
		found.nr = 0;
		read_lock(&tasklist_lock);
		root = ckpt_collect_root(ctx);
		if (root && ctx->self)
			ckpt_found_add(&found, current);
		else if (root)
			ckpt_find_tasks(&found, root);
		for (i = 0; found.nr <= found.max && i < found.nr; i++)
			get_task_struct(found.tasks[i]);
		read_unlock(&tasklist_lock);
		if (found.nr <= found.max)
			break;
		kvfree(found.tasks);
		found.max = found.nr + found.nr / 2;
	}

	ckpt_members_free(ctx);
	for (i = 0; i < found.nr; i++)
		if (ret || !ckpt_member_add(ctx, found.tasks[i])) {
			ret = -ENOMEM;
			put_task_struct(found.tasks[i]);
		}
	kvfree(found.tasks);
	if (!ret && !found.nr)
		ret = ckpt_err(ctx, NULL, -ESRCH, "the task has ended");
	return ret;
}

/**
 * ckpt_collect_same - are there no more tasks in the hierarchy than members?
 * @ctx: checkpoint context; every member is held
 *
 * None can have left without a word.
 */
bool ckpt_collect_same(struct ckpt_ctx *ctx)
{
	struct task_struct *child;
	u32 i, nr = 0;

	if (ctx->self)
		return true;
	read_lock(&tasklist_lock);
	for (i = 0; i < ctx->nr_members; i++)
		list_for_each_entry(child, &ctx->members[i]->task->children,
				    sibling)
			nr += child->exit_state != EXIT_DEAD;
	read_unlock(&tasklist_lock);
	/* Each leader but the root is the child of a member. */
	for (i = 1; i < ctx->nr_members; i++)
		nr -= thread_group_leader(ctx->members[i]->task);
	return !nr;
}

/* Is @task in the hierarchy? The caller holds tasklist_lock or RCU. */
static bool ckpt_in_hierarchy(struct ckpt_ctx *ctx, struct task_struct *task)
{
	struct pid *root = ctx->root_pid;

	for (;;) {
		if (task_tgid(task) == root)
			return true;
		if (task->pid <= 1)
			return false;
		task = rcu_dereference_check(task->real_parent,
					     lockdep_is_held(&tasklist_lock));
	}
}

/* Numbers in the pid namespaces below the root's, the outermost first. */
static struct ckpt_hdr_pids *ckpt_pids_alloc(struct pid *pid,
					     struct pid_namespace *ns)
{
	struct ckpt_hdr_pids *pids;
	u32 nr, i;

	nr = pid->level > ns->level ? pid->level - ns->level : 0;
	pids = kvzalloc(struct_size(pids, levels, nr), GFP_KERNEL_ACCOUNT);
	if (!pids)
		return NULL;
	pids->nr_levels = nr;
	for (i = 0; i < nr; i++)
		pids->levels[i] = pid->numbers[ns->level + 1 + i].nr;
	pids->pid = pid_nr_ns(pid, ns);
	return pids;
}

/*
 * Number of a group or session as the image has it: 0 for one whose leader is
 * outside. *@ghost is set to one that has lost its leader.
 */
static s32 ckpt_leader_nr(struct ckpt_ctx *ctx, struct pid *pid,
			  struct pid_namespace *ns, struct pid **ghost)
{
	struct task_struct *leader;

	if (!pid)
		return 0;
	leader = pid_task(pid, PIDTYPE_PID);
	if (ctx->self ? leader != current :
	    leader && !ckpt_in_hierarchy(ctx, leader))
		return 0;
	/* A number of an outer namespace cannot be given again. */
	if (!leader && pid_nr_ns(pid, ns))
		*ghost = pid;
	return pid_nr_ns(pid, ns);
}

/**
 * ckpt_note_ghost - note a number without a leader
 * @ctx: checkpoint context
 * @pid: the number
 * @ns: pid namespace of the root
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_note_ghost(struct ckpt_ctx *ctx, struct pid *pid,
		    struct pid_namespace *ns)
{
	struct ckpt_ghost *ghost;
	s32 nr = pid_nr_ns(pid, ns);

	if (xa_load(&ctx->by_pid, nr))
		return 0;
	ghost = ckpt_ghost_add(ctx);
	if (!ghost)
		return -ENOMEM;
	ghost->pids = ckpt_pids_alloc(pid, ns);
	if (!ghost->pids)
		return -ENOMEM;
	ghost->pids->flags = CKPT_PIDS_GHOST;
	return ckpt_array_index(ctx, nr, xa_mk_value(ctx->nr_ghosts));
}

/**
 * ckpt_has_member - is a task part of the hierarchy?
 * @ctx: checkpoint context, whose task array is complete
 * @pid: its pid in the pid namespace of the root
 */
bool ckpt_has_member(struct ckpt_ctx *ctx, s32 pid)
{
	return ckpt_member_of(ctx, pid);
}

/**
 * ckpt_sighand_owner - whose signals wake up a wait queue?
 * @ctx: checkpoint context, which has captured all tasks
 * @whead: a wait queue, which may be gone
 *
 * Return: the first task that has it in its signal handlers, 0 for none.
 */
s32 ckpt_sighand_owner(struct ckpt_ctx *ctx, const void *whead)
{
	struct task_struct *task;

	if (!whead)
		return 0;
	/* No more than an address, unless it is found. */
	task = ckpt_obj_data(ctx, container_of((wait_queue_head_t *)whead,
					       struct sighand_struct,
					       signalfd_wqh),
			     CKPT_OBJ_SIGHAND);
	return task ? task_pid_nr_ns(task, ns_of_pid(ctx->root_pid)) : 0;
}

static bool ckpt_shares_undo(struct task_struct *task)
{
#ifdef CONFIG_SYSVIPC
	return task->sysvsem.undo_list && task->sysvsem.undo_list ==
	       task->group_leader->sysvsem.undo_list;
#else
	return false;
#endif
}

static int ckpt_member_pids(struct ckpt_ctx *ctx, struct ckpt_member *member,
			    struct pid_namespace *ns)
{
	struct pid *self, *ghosts[2] = {}, *pgrp = NULL, *session = NULL;
	struct task_struct *task = member->task, *parent;
	struct ckpt_hdr_pids *pids;
	int i, ret = 0;

	/* Who has been let go, by whomever, has no number any more. */
	self = get_task_pid(task, PIDTYPE_PID);
	if (!self)
		return ckpt_err(ctx, task, -ESRCH, "the task has ended");
	pids = ckpt_pids_alloc(self, ns);
	put_pid(self);
	if (!pids)
		return -ENOMEM;
	member->pids = pids;

	read_lock(&tasklist_lock);
	parent = rcu_dereference_protected(task->real_parent,
					   lockdep_is_held(&tasklist_lock));
	pids->tgid = task_tgid_nr_ns(task, ns);
	if (task_tgid(task) == ctx->root_pid) {
		pids->ppid = 0;
		if (pids->pid == pids->tgid)
			pids->flags |= CKPT_PIDS_ROOT;
	} else {
		pids->ppid = task_tgid_nr_ns(parent, ns);
		pids->ptid = task_pid_nr_ns(parent, ns);
	}
	if (pids->pid != pids->tgid && ckpt_shares_undo(task))
		pids->flags |= CKPT_PIDS_SYSVSEM;
	pids->pgid = ckpt_leader_nr(ctx, task_pgrp(task), ns, &ghosts[0]);
	pids->sid = ckpt_leader_nr(ctx, task_session(task), ns, &ghosts[1]);
	/* A group in a session of ours, led by one who is not: keep the number. */
	if (pids->sid && !pids->pgid && pid_nr_ns(task_pgrp(task), ns)) {
		ghosts[0] = task_pgrp(task);
		pids->pgid = pid_nr_ns(ghosts[0], ns);
	}
	pgrp = get_pid(ghosts[0]);
	session = get_pid(ghosts[1]);
	read_unlock(&tasklist_lock);

	for (i = 0; !ret && i < ARRAY_SIZE(ghosts); i++)
		if (ghosts[i])
			ret = ckpt_note_ghost(ctx, ghosts[i], ns);
	put_pid(pgrp);
	put_pid(session);
	if (!ret && (pids->pid <= 0 || pids->tgid <= 0))
		ret = ckpt_err(ctx, task, -ESRCH, "the task has ended");
	return ret;
}

/**
 * ckpt_collect_pids - fill in the task array
 * @ctx: checkpoint context, all members held
 *
 * Return: 0, -ENOMEM, or -ESRCH when a task has ended meanwhile.
 */
int ckpt_collect_pids(struct ckpt_ctx *ctx)
{
	struct pid_namespace *ns = ns_of_pid(ctx->root_pid);
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < ctx->nr_members; i++) {
		ret = ckpt_member_pids(ctx, ctx->members[i], ns);
		if (!ret)
			ret = ckpt_array_index(ctx, ctx->members[i]->pids->pid,
					       ctx->members[i]);
	}
	return ret ?: ckpt_ctty_ghosts(ctx, ns);
}

/**
 * ckpt_pid_inside - is a task, process or process group in the task array?
 * @ctx: checkpoint context whose task array is complete
 * @pid: its number
 * @type: what it is the number of
 *
 * Return: true if a restart has something of that number.
 */
bool ckpt_pid_inside(struct ckpt_ctx *ctx, struct pid *pid, enum pid_type type)
{
	s32 nr = pid_nr_ns(pid, ns_of_pid(ctx->root_pid));
	const struct ckpt_hdr_pids *pids;
	u32 i;

	for (i = 0; nr && i < ctx->nr_members; i++) {
		pids = ctx->members[i]->pids;
		if (nr == (type == PIDTYPE_PGID ? pids->pgid : pids->pid))
			return true;
	}
	return false;
}

static int ckpt_pids_record(struct ckpt_ctx *ctx,
			    const struct ckpt_hdr_pids *pids)
{
	struct ckpt_hdr_pids *h;
	struct ckpt_hdr hdr;

	h = ckpt_record(ctx, CKPT_HDR_PIDS, pids->nr_levels * sizeof(s32));
	if (!h)
		return -ENOMEM;
	hdr = h->h;
	memcpy(h, pids, struct_size(pids, levels, pids->nr_levels));
	h->h = hdr;
	return 0;
}

/**
 * ckpt_collect_record - capture the task array
 * @ctx: checkpoint context
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_collect_record(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_tree *tree;
	int ret = 0;
	u32 i;

	tree = ckpt_record(ctx, CKPT_HDR_TREE, 0);
	if (!tree)
		return -ENOMEM;
	tree->nr_tasks = ctx->nr_members;
	tree->nr_ghosts = ctx->nr_ghosts;
	for (i = 0; !ret && i < ctx->nr_members; i++)
		ret = ckpt_pids_record(ctx, ctx->members[i]->pids);
	for (i = 0; !ret && i < ctx->nr_ghosts; i++)
		ret = ckpt_pids_record(ctx, ctx->ghosts[i].pids);
	return ret;
}
