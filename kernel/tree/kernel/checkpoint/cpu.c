// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: CPU state, through the register sets that ptrace and
 * core dumps use.
 *
 * A register set can be read of any task that is off its CPU, and of current.
 * It can be written only for a task that is not current. So the task that
 * restores itself sleeps while a worker writes its registers; that way neither
 * the FPU nor the segment registers need code per architecture.
 */
#include <linux/elf.h>
#include <linux/regset.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "internal.h"

static bool ckpt_regset_active(struct task_struct *task,
			       const struct user_regset *regset)
{
	return regset->core_note_type && regset->regset_get &&
	       (!regset->active || regset->active(task, regset) > 0);
}

/**
 * ckpt_cpu_count - how many register sets has a task?
 * @task: task, off its CPU or current
 */
int ckpt_cpu_count(struct task_struct *task)
{
	const struct user_regset_view *view = task_user_regset_view(task);
	int i, nr = 0;

	for (i = 0; i < view->n; i++)
		nr += ckpt_regset_active(task, &view->regsets[i]);
	return nr;
}

/**
 * ckpt_cpu_checkpoint - capture the register sets of a task
 * @ctx: checkpoint context
 * @task: task, off its CPU or current
 *
 * Return: 0 or a negative errno; -EOPNOTSUPP for a set that cannot be written.
 */
int ckpt_cpu_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task)
{
	const struct user_regset_view *view = task_user_regset_view(task);
	const struct user_regset *regset;
	struct ckpt_hdr_regset *h;
	void *data;
	int i, size, ret;

	for (i = 0; i < view->n; i++) {
		regset = &view->regsets[i];
		if (!ckpt_regset_active(task, regset))
			continue;
		if (!regset->set) {
			ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
					  "register set %#x cannot be restored",
					  regset->core_note_type);
			if (ret)
				return ret;
			continue;
		}
		data = NULL;
		size = regset_get_alloc(task, regset,
					regset->n * regset->size, &data);
		if (size < 0)
			return ckpt_err(ctx, task, size,
					"cannot read register set %#x",
					regset->core_note_type);
		h = ckpt_record(ctx, CKPT_HDR_REGSET, size);
		if (h) {
			h->note_type = regset->core_note_type;
			h->size = size;
			memcpy(h->data, data, size);
		}
		kvfree(data);
		if (!h)
			return -ENOMEM;
	}
	return 0;
}

static const struct user_regset *ckpt_regset_find(u32 note_type)
{
	const struct user_regset_view *view = task_user_regset_view(current);
	int i;

	for (i = 0; i < view->n; i++)
		if (view->regsets[i].core_note_type == note_type)
			return &view->regsets[i];
	return NULL;
}

/**
 * ckpt_cpu_restore - read the register sets of a task
 * @ctx: restart context
 * @r: what the task will become
 *
 * Return: 0 or a negative errno; -EINVAL for a set that this machine does not
 * have, or has in another size.
 */
int ckpt_cpu_restore(struct ckpt_ctx *ctx, struct ckpt_restore *r)
{
	const struct user_regset *regset;
	struct ckpt_hdr_regset *h;
	u32 i, j, nr = r->thread->nr_regsets;
	bool general = false;

	r->regsets = kcalloc(nr, sizeof(*r->regsets), GFP_KERNEL_ACCOUNT);
	if (!r->regsets)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		h = ckpt_next_record(ctx, CKPT_HDR_REGSET);
		if (IS_ERR(h))
			return PTR_ERR(h);
		r->regsets[r->nr_regsets++] = h;

		regset = ckpt_regset_find(h->note_type);
		if (!regset || !regset->set || !h->size ||
		    h->size % regset->size ||
		    h->size > regset->n * regset->size)
			return ckpt_err(ctx, current, -EINVAL,
					"register set %#x of %u bytes: this machine cannot load it",
					h->note_type, h->size);
		for (j = 0; j < i; j++)
			if (r->regsets[j]->note_type == h->note_type)
				return ckpt_err(ctx, current, -EINVAL,
						"register set %#x stands there twice",
						h->note_type);
		general |= h->note_type == NT_PRSTATUS;
	}
	if (!general)
		return ckpt_err(ctx, current, -EINVAL,
				"no general registers");
	return 0;
}

struct ckpt_cpu_work {
	struct work_struct work;
	struct completion done;
	struct task_struct *task;
	const struct user_regset *regset;
	const void *data;
	u32 size;
	void *old;
	int ret;
};

static void ckpt_cpu_worker(struct work_struct *work)
{
	struct ckpt_cpu_work *w = container_of(work, struct ckpt_cpu_work,
					       work);
	unsigned int full = w->regset->n * w->regset->size;
	int ret;

	/* The task has queued us and is about to sleep. */
	while (!wait_task_inactive(w->task, TASK_UNINTERRUPTIBLE))
		cond_resched();

	/* Keep what was there, for a way back. */
	ret = w->old ? 0 : regset_get_alloc(w->task, w->regset, full, &w->old);
	if (ret >= 0)
		ret = w->regset->set(w->task, w->regset, 0, w->size, w->data,
				     NULL);
	w->ret = ret < 0 ? ret : 0;
	complete(&w->done);
}

/* Have a worker write a register set of current. */
static int ckpt_cpu_set(const struct user_regset *regset, const void *data,
			u32 size, void **old)
{
	struct ckpt_cpu_work w = {
		.task = current,
		.regset = regset,
		.data = data,
		.size = size,
		.old = *old,
	};

	INIT_WORK_ONSTACK(&w.work, ckpt_cpu_worker);
	init_completion(&w.done);
	queue_work(system_unbound_wq, &w.work);
	wait_for_completion(&w.done);
	destroy_work_on_stack(&w.work);
	*old = w.old;
	return w.ret;
}

/**
 * ckpt_cpu_commit - load the register sets
 * @ctx: restart context
 * @r: what the task becomes
 *
 * Return: 0; or a negative errno with the registers as they were.
 */
int ckpt_cpu_commit(struct ckpt_ctx *ctx, struct ckpt_restore *r)
{
	const struct user_regset *regset;
	void **old;
	u32 i;
	int ret = 0;

	old = kcalloc(r->nr_regsets, sizeof(*old), GFP_KERNEL);
	if (!old)
		return -ENOMEM;
	for (i = 0; i < r->nr_regsets && !ret; i++) {
		regset = ckpt_regset_find(r->regsets[i]->note_type);
		ret = ckpt_cpu_set(regset, r->regsets[i]->data,
				   r->regsets[i]->size, &old[i]);
		if (ret)
			ret = ckpt_err(ctx, current, -EINVAL,
				       "register set %#x is not valid: %d",
				       r->regsets[i]->note_type, ret);
	}
	for (; ret && i; i--) {
		regset = ckpt_regset_find(r->regsets[i - 1]->note_type);
		if (old[i - 1])
			ckpt_cpu_set(regset, old[i - 1],
				     regset->n * regset->size, &old[i - 1]);
	}
	for (i = 0; i < r->nr_regsets; i++)
		kvfree(old[i]);
	kfree(old);
	return ret;
}
