// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: seccomp.
 *
 * A filter is an object that refers to the one before it, as in the kernel, so
 * that tasks have in common again what they had in common: seccomp(2) can only
 * bring threads in line whose filters it can tell to be of one family.
 *
 * A restart checks each program as seccomp(2) does, and a task takes on its
 * filter as the very last step: it must not be stopped by it on the way. What
 * the caller of a restart has in force stays, below what the image has.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/slab.h>

#include "internal.h"

/* Checkpoint */

static int ckpt_seccomp_checkpoint(struct ckpt_ctx *ctx,
				   struct task_struct *task, void *ptr,
				   struct ckpt_object *obj)
{
	struct ckpt_hdr_seccomp_filter *h;
	struct checkpoint_seccomp look;
	const struct sock_filter *insn;
	s32 prev_ref = 0;
	u32 i;

	checkpoint_seccomp_look(ptr, &look);
	if (look.listener)
		return ckpt_refuse(ctx, task, -EOPNOTSUPP,
				   "seccomp: a filter notifies a listener");
	if (!look.orig)
		return ckpt_refuse(ctx, task, -EOPNOTSUPP,
				   "seccomp: the program of a filter has not been kept");
	/* Whoever captures a chain begins with the oldest. */
	if (look.prev)
		prev_ref = ckpt_obj_known(ctx, look.prev, CKPT_OBJ_SECCOMP);

	h = ckpt_record(ctx, CKPT_HDR_SECCOMP_FILTER,
			look.orig->len * sizeof(h->insns[0]));
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->prev_ref = prev_ref;
	h->flags = look.log ? CKPT_SECCOMP_LOG : 0;
	h->nr_insns = look.orig->len;
	for (i = 0; i < h->nr_insns; i++) {
		insn = &look.orig->filter[i];
		h->insns[i].code = insn->code;
		h->insns[i].jt = insn->jt;
		h->insns[i].jf = insn->jf;
		h->insns[i].k = insn->k;
	}
	return 0;
}

/**
 * ckpt_seccomp_chain - capture the filters of a task, the oldest first
 * @ctx: checkpoint context
 * @task: task on whose behalf, for messages
 * @filter: its filter, with a reference, or NULL
 *
 * Return: number of the filter's object, 0 for none, or a negative errno.
 */
s32 ckpt_seccomp_chain(struct ckpt_ctx *ctx, struct task_struct *task,
		       struct seccomp_filter *filter)
{
	struct checkpoint_seccomp look = { .prev = filter };
	struct seccomp_filter **chain;
	u32 nr = 0, i = 0;
	s32 ref = 0;

	/* Many tasks have the same: what is known has its chain known. */
	while (look.prev && !ckpt_obj_seen(ctx, look.prev, CKPT_OBJ_SECCOMP)) {
		checkpoint_seccomp_look(look.prev, &look);
		nr++;
	}
	if (!nr)
		return filter ? ckpt_obj_known(ctx, filter, CKPT_OBJ_SECCOMP) :
				0;
	chain = kvmalloc_array(nr, sizeof(*chain), GFP_KERNEL_ACCOUNT);
	if (!chain)
		return -ENOMEM;
	for (look.prev = filter; i < nr; i++) {
		chain[i] = look.prev;
		checkpoint_seccomp_look(look.prev, &look);
	}
	while (i && ref >= 0)
		ref = ckpt_obj_checkpoint(ctx, task, chain[--i],
					  CKPT_OBJ_SECCOMP);
	kvfree(chain);
	return ref;
}

/* Restart */

static struct bpf_prog *ckpt_seccomp_prog(const struct ckpt_hdr_seccomp_filter *h)
{
	struct sock_fprog fprog = { .len = h->nr_insns };
	struct bpf_prog *prog;
	u32 i;

	prog = bpf_prog_alloc(bpf_prog_size(h->nr_insns), __GFP_ACCOUNT);
	if (!prog)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < h->nr_insns; i++)
		prog->insns[i] = (struct sock_filter) {
			.code	= h->insns[i].code,
			.jt	= h->insns[i].jt,
			.jf	= h->insns[i].jf,
			.k	= h->insns[i].k,
		};
	prog->len = h->nr_insns;
	prog->orig_prog = NULL;
	if (bpf_prog_store_orig_filter(prog, &fprog)) {
		__bpf_prog_free(prog);
		return ERR_PTR(-ENOMEM);
	}
	/* Frees the program if it is not valid. */
	return bpf_prepare_filter(prog, seccomp_check_filter);
}

static void *ckpt_seccomp_restore(struct ckpt_ctx *ctx,
				  const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_seccomp_filter *h = (const void *)hdr;
	struct seccomp_filter *prev, *filter = NULL;
	struct bpf_prog *prog;

	if (h->prev_ref) {
		prev = ckpt_obj_fetch(ctx, h->prev_ref, CKPT_OBJ_SECCOMP);
		if (IS_ERR(prev))
			return prev;
		checkpoint_seccomp_get(prev);
	} else {
		prev = checkpoint_seccomp_filter(current);
	}
	prog = h->nr_insns ? ckpt_seccomp_prog(h) : ERR_PTR(-EINVAL);
	if (!IS_ERR(prog)) {
		filter = checkpoint_seccomp_create(prev, prog, h->flags &
						   CKPT_SECCOMP_LOG);
		if (!filter)
			bpf_prog_destroy(prog);
	}
	if (prev)
		checkpoint_seccomp_put(prev);
	if (filter)
		return filter;
	return ERR_PTR(ckpt_err(ctx, current, PTR_ERR_OR_ZERO(prog) ?: -ENOMEM,
				"seccomp filter %d of %u instructions is not valid, or one too many",
				h->objref, h->nr_insns));
}

/**
 * ckpt_seccomp_check - may the caller have what the image says of seccomp?
 * @ctx: restart context
 * @h: objects of the task
 * @r: what the caller is to become; receives mode and filter
 *
 * Return: 0; -EINVAL; -EACCES for filters that the caller may not install;
 * -EPERM for what cannot be added to what is in force.
 */
int ckpt_seccomp_check(struct ckpt_ctx *ctx, const struct ckpt_hdr_task_objs *h,
		       struct ckpt_restore *r)
{
	bool filtered = h->seccomp_mode == SECCOMP_MODE_FILTER;
	struct seccomp_filter *filter = NULL;

	if (!!h->seccomp_ref != filtered ||
	    (h->seccomp_mode && r->task->state == CKPT_TASK_ZOMBIE))
		return ckpt_err(ctx, current, -EINVAL,
				"seccomp mode %u with filter %d",
				h->seccomp_mode, h->seccomp_ref);
	if (!h->seccomp_mode)
		return 0;
	if (h->seccomp_ref)
		filter = ckpt_obj_fetch(ctx, h->seccomp_ref, CKPT_OBJ_SECCOMP);
	if (IS_ERR(filter))
		return PTR_ERR(filter);
	/* What seccomp(2) asks for, which prctl(2) may be called before. */
	if (filter && !(r->task->flags & CKPT_TASKF_NO_NEW_PRIVS) &&
	    !task_no_new_privs(current) &&
	    !ns_capable_noaudit(current_user_ns(), CAP_SYS_ADMIN))
		return ckpt_err(ctx, current, -EACCES,
				"the caller may not install seccomp filters without no_new_privs");
	if (!checkpoint_seccomp_assign(h->seccomp_mode, filter, false))
		return ckpt_err(ctx, current, -EPERM,
				"seccomp mode %u cannot be added to what is in force",
				h->seccomp_mode);
	r->seccomp_mode = h->seccomp_mode;
	r->seccomp = filter;
	return 0;
}

/**
 * ckpt_seccomp_commit - take on mode and filters
 * @ctx: restart context
 * @r: what the caller becomes
 *
 * Return: 0, or -EPERM when a thread has changed what is in force.
 */
int ckpt_seccomp_commit(struct ckpt_ctx *ctx, const struct ckpt_restore *r)
{
	if (!r->seccomp_mode ||
	    checkpoint_seccomp_assign(r->seccomp_mode, r->seccomp, true))
		return 0;
	return ckpt_err(ctx, current, -EPERM,
			"seccomp mode %d cannot be added to what is in force",
			r->seccomp_mode);
}

static void ckpt_seccomp_grab(void *ptr)
{
	checkpoint_seccomp_get(ptr);
}

static void ckpt_seccomp_drop(void *ptr)
{
	checkpoint_seccomp_put(ptr);
}

const struct ckpt_obj_ops ckpt_seccomp_ops = {
	.name		= "seccomp filter",
	.objtype	= CKPT_OBJ_SECCOMP,
	.grab		= ckpt_seccomp_grab,
	.drop		= ckpt_seccomp_drop,
	.checkpoint	= ckpt_seccomp_checkpoint,
	.restore	= ckpt_seccomp_restore,
};
