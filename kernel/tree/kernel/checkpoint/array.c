// SPDX-License-Identifier: GPL-2.0
/*
 * Restart: the task array of an image.
 *
 * It is read before any task's state, by the coordinator, and checked here once
 * and for all: whatever number stands in it names a task or a ghost of it, and
 * whoever is referred to stands earlier.
 */
#include <linux/pid.h>
#include <linux/slab.h>

#include "internal.h"

/**
 * ckpt_array_index - find something by its number from now on
 * @ctx: context
 * @nr: the number, in the pid namespace of the root
 * @entry: a member, or for a ghost the value that is its index plus one
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_array_index(struct ckpt_ctx *ctx, s32 nr, void *entry)
{
	return xa_err(xa_store(&ctx->by_pid, nr, entry, GFP_KERNEL_ACCOUNT));
}

/**
 * ckpt_member_of - the member with a pid
 * @ctx: context, whose task array is complete
 * @pid: pid in the pid namespace of the root
 *
 * Return: the member, or NULL.
 */
struct ckpt_member *ckpt_member_of(struct ckpt_ctx *ctx, s32 pid)
{
	void *entry = pid > 0 ? xa_load(&ctx->by_pid, pid) : NULL;

	return entry && !xa_is_value(entry) ? entry : NULL;
}

/**
 * ckpt_task_of - the task that becomes the member with a pid
 * @ctx: restart context whose members have been found
 * @pid: pid in the pid namespace of the root
 *
 * Return: the task, which stays as long as the context, or NULL.
 */
struct task_struct *ckpt_task_of(struct ckpt_ctx *ctx, s32 pid)
{
	struct ckpt_member *member = ckpt_member_of(ctx, pid);

	if (!member)
		return NULL;
	/* In a self-restart the one member is the caller. */
	return member->task ?: current;
}

/**
 * ckpt_member_task - the task with a pid, if it will run
 * @ctx: restart context
 * @pid: pid in the pid namespace of the root
 *
 * Return: the task, or NULL.
 */
struct task_struct *ckpt_member_task(struct ckpt_ctx *ctx, s32 pid)
{
	struct ckpt_member *member = ckpt_member_of(ctx, pid);

	if (!member || member->zombie)
		return NULL;
	return member->task ?: current;
}

/**
 * ckpt_member_pid - the number of a task
 * @ctx: restart context
 * @pid: pid in the pid namespace of the root
 *
 * Return: the number, with a reference, or NULL.
 */
struct pid *ckpt_member_pid(struct ckpt_ctx *ctx, s32 pid)
{
	struct ckpt_member *member = ckpt_member_of(ctx, pid);

	return member ? get_task_pid(member->task ?: current, PIDTYPE_PID) :
			NULL;
}

/**
 * ckpt_ghost_of - the ghost with a number
 * @ctx: restart context
 * @nr: number in the pid namespace of the root
 *
 * Return: the ghost, or NULL.
 */
struct ckpt_ghost *ckpt_ghost_of(struct ckpt_ctx *ctx, s32 nr)
{
	void *entry = nr > 0 ? xa_load(&ctx->by_pid, nr) : NULL;

	return entry && xa_is_value(entry) ?
	       &ctx->ghosts[xa_to_value(entry) - 1] : NULL;
}

static bool ckpt_levels_valid(const struct ckpt_hdr_pids *pids)
{
	u32 i;

	for (i = 0; i < pids->nr_levels; i++)
		if (pids->levels[i] <= 0)
			return false;
	return true;
}

/* Entries before @pids are in the index, @pids is not yet. */
static bool ckpt_pids_valid(struct ckpt_ctx *ctx,
			    const struct ckpt_hdr_pids *pids, bool root)
{
	struct ckpt_member *leader, *parent, *thread;

	if (pids->pid <= 0 || xa_load(&ctx->by_pid, pids->pid) ||
	    pids->flags & CKPT_PIDS_GHOST || !ckpt_levels_valid(pids))
		return false;
	if (root != !!(pids->flags & CKPT_PIDS_ROOT))
		return false;
	/* Who leads a session leads a group of the same number. */
	if (pids->sid == pids->tgid && pids->pgid != pids->tgid)
		return false;
	if (pids->pid != pids->tgid) {
		leader = ckpt_member_of(ctx, pids->tgid);
		return leader && leader->pids->pid == leader->pids->tgid &&
		       leader->pids->ppid == pids->ppid &&
		       leader->pids->ptid == pids->ptid &&
		       leader->pids->pgid == pids->pgid &&
		       leader->pids->sid == pids->sid &&
		       leader->pids->nr_levels == pids->nr_levels;
	}
	if (root)
		return !pids->ppid && !pids->ptid && !pids->nr_levels;
	parent = ckpt_member_of(ctx, pids->ppid);
	thread = ckpt_member_of(ctx, pids->ptid);
	return parent && parent->pids->pid == parent->pids->tgid &&
	       thread && thread->pids->tgid == pids->ppid &&
	       parent->pids->nr_levels <= pids->nr_levels;
}

static int ckpt_read_member(struct ckpt_ctx *ctx, u32 i)
{
	struct ckpt_member *member;
	struct ckpt_hdr_pids *pids;

	pids = ckpt_next_record(ctx, CKPT_HDR_PIDS);
	if (IS_ERR(pids))
		return PTR_ERR(pids);
	/* The first has been drawn in before the image was read. */
	member = i ? ckpt_member_add(ctx, NULL) : ctx->members[0];
	if (!member) {
		kvfree(pids);
		return -ENOMEM;
	}
	member->pids = pids;
	if (!ckpt_pids_valid(ctx, pids, !i))
		return ckpt_err(ctx, NULL, -EINVAL,
				"entry %u of the task array (pid %d) is not valid",
				i, pids->pid);
	return ckpt_array_index(ctx, pids->pid, member);
}

static int ckpt_read_ghost(struct ckpt_ctx *ctx, u32 i)
{
	struct ckpt_hdr_pids *pids;
	struct ckpt_ghost *ghost;

	pids = ckpt_next_record(ctx, CKPT_HDR_PIDS);
	if (IS_ERR(pids))
		return PTR_ERR(pids);
	ghost = ckpt_ghost_add(ctx);
	if (!ghost) {
		kvfree(pids);
		return -ENOMEM;
	}
	ghost->pids = pids;
	if (pids->flags != CKPT_PIDS_GHOST || pids->pid <= 0 || pids->tgid ||
	    pids->ppid || pids->ptid || pids->pgid || pids->sid ||
	    !ckpt_levels_valid(pids) ||
	    xa_load(&ctx->by_pid, pids->pid))
		return ckpt_err(ctx, NULL, -EINVAL,
				"ghost %u of the task array (%d) is not valid",
				i, pids->pid);
	return ckpt_array_index(ctx, pids->pid, xa_mk_value(i + 1));
}

/*
 * A group belongs to one session: that of its leader, or, when that has gone,
 * that of whoever of its members comes first.
 */
static bool ckpt_group_valid(struct ckpt_ctx *ctx,
			     const struct ckpt_hdr_pids *pids)
{
	struct ckpt_member *leader;
	struct ckpt_ghost *ghost;

	if (pids->sid) {
		leader = ckpt_member_of(ctx, pids->sid);
		if (leader ? leader->pids->sid != pids->sid :
		    !ckpt_ghost_of(ctx, pids->sid))
			return false;
	}
	if (!pids->pgid)
		return !pids->sid;
	leader = ckpt_member_of(ctx, pids->pgid);
	if (leader)
		return leader->pids->pgid == pids->pgid &&
		       leader->pids->sid == pids->sid;
	ghost = ckpt_ghost_of(ctx, pids->pgid);
	if (!ghost)
		return false;
	if (ghost->sid < 0)
		ghost->sid = pids->sid;
	return ghost->sid == pids->sid;
}

/**
 * ckpt_read_array - read and check the task array
 * @ctx: restart context, which has a member for the root
 *
 * Return: 0 or a negative errno.
 */
int ckpt_read_array(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_tree *tree;
	u32 nr, nr_ghosts, i;
	int ret = 0;

	tree = ckpt_next_record(ctx, CKPT_HDR_TREE);
	if (IS_ERR(tree))
		return PTR_ERR(tree);
	nr = tree->nr_tasks;
	nr_ghosts = tree->nr_ghosts;
	kvfree(tree);
	if (!nr)
		return ckpt_err(ctx, NULL, -EINVAL, "image without a task");

	for (i = 0; !ret && i < nr; i++)
		ret = ckpt_read_member(ctx, i);
	for (i = 0; !ret && i < nr_ghosts; i++)
		ret = ckpt_read_ghost(ctx, i);
	for (i = 0; !ret && i < nr; i++)
		if (!ckpt_group_valid(ctx, ctx->members[i]->pids))
			ret = ckpt_err(ctx, NULL, -EINVAL,
				       "group or session of task %d is not valid",
				       ctx->members[i]->pids->pid);
	return ret;
}
