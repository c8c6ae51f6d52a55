// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: CPU state, through the register sets that ptrace and
 * core dumps use.
 *
 * A register set can be read of any task that is off its CPU, and of current.
 * It can be written only for a task that is not current. So a task sleeps while
 * the coordinator writes its registers, or, when it restarts itself, a worker;
 * that way neither the FPU nor the segment registers need code per architecture.
 */
#include <linux/delay.h>
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

static const struct user_regset *ckpt_regset_find(struct task_struct *task,
						  u32 note_type)
{
	const struct user_regset_view *view = task_user_regset_view(task);
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

		regset = ckpt_regset_find(current, h->note_type);
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

/**
 * struct ckpt_cpu_work - what a worker is to write into whose registers
 * @work: the work
 * @done: it has been done
 * @task: the task, which sleeps until then
 * @r: the register sets
 * @old: receives what was there, each allocated
 * @bad: the register set that could not be written
 * @ret: 0 or a negative errno
 */
struct ckpt_cpu_work {
	struct work_struct work;
	struct completion done;
	struct task_struct *task;
	const struct ckpt_restore *r;
	void **old;
	u32 bad;
	int ret;
};

/* Keep what was there in *@old, for a way back, unless @old is NULL. */
static int ckpt_cpu_set(struct task_struct *task,
			const struct ckpt_hdr_regset *h, void **old)
{
	const struct user_regset *regset = ckpt_regset_find(task, h->note_type);
	int ret = 0;

	if (old)
		ret = regset_get_alloc(task, regset, regset->n * regset->size,
				       old);
	if (ret >= 0)
		ret = regset->set(task, regset, 0, h->size, h->data, NULL);
	return ret < 0 ? ret : 0;
}

static void ckpt_cpu_set_all(struct ckpt_cpu_work *w)
{
	const struct user_regset *regset;
	u32 i;

	for (i = 0; i < w->r->nr_regsets && !w->ret; i++) {
		w->bad = i;
		w->ret = ckpt_cpu_set(w->task, w->r->regsets[i], &w->old[i]);
	}
	for (; w->ret && i; i--) {
		regset = ckpt_regset_find(w->task,
					  w->r->regsets[i - 1]->note_type);
		if (w->old[i - 1])
			regset->set(w->task, regset, 0,
				    regset->n * regset->size, w->old[i - 1],
				    NULL);
	}
}

/*
 * The task is about to sleep, where no signal ends it. If we took the CPU from
 * it, wait_task_inactive() would sleep for a tick to give it back.
 */
static void ckpt_cpu_await(struct task_struct *task)
{
	while (READ_ONCE(task->on_rq) && !READ_ONCE(task->se.sched_delayed))
		usleep_range(10, 50);
	while (!wait_task_inactive(task, TASK_UNINTERRUPTIBLE))
		cond_resched();
}

static void ckpt_cpu_worker(struct work_struct *work)
{
	struct ckpt_cpu_work *w = container_of(work, struct ckpt_cpu_work,
					       work);

	ckpt_cpu_await(w->task);
	ckpt_cpu_set_all(w);
	complete(&w->done);
}

static int ckpt_cpu_invalid(struct ckpt_ctx *ctx, struct task_struct *task,
			    const struct ckpt_hdr_regset *h, int err)
{
	return ckpt_err(ctx, task, -EINVAL,
			"register set %#x is not valid: %d", h->note_type,
			err);
}

/**
 * ckpt_cpu_load - load the register sets of another task
 * @ctx: restart context
 * @task: the task, which is about to sleep in TASK_UNINTERRUPTIBLE
 * @r: what it becomes
 *
 * Return: 0 or a negative errno, the task being neither the old nor the new one.
 */
int ckpt_cpu_load(struct ckpt_ctx *ctx, struct task_struct *task,
		  const struct ckpt_restore *r)
{
	int ret = 0;
	u32 i;

	ckpt_cpu_await(task);
	for (i = 0; !ret && i < r->nr_regsets; i++) {
		ret = ckpt_cpu_set(task, r->regsets[i], NULL);
		if (ret)
			ret = ckpt_cpu_invalid(ctx, task, r->regsets[i], ret);
	}
	return ret;
}

/**
 * ckpt_cpu_commit - load the register sets of the caller
 * @ctx: restart context
 * @r: what the task becomes
 *
 * Return: 0; or a negative errno with the registers as they were.
 */
int ckpt_cpu_commit(struct ckpt_ctx *ctx, struct ckpt_restore *r)
{
	struct ckpt_cpu_work w = { .task = current, .r = r };
	u32 i;

	w.old = kcalloc(r->nr_regsets, sizeof(*w.old), GFP_KERNEL);
	if (!w.old)
		return -ENOMEM;
	INIT_WORK_ONSTACK(&w.work, ckpt_cpu_worker);
	init_completion(&w.done);
	queue_work(system_unbound_wq, &w.work);
	wait_for_completion(&w.done);
	destroy_work_on_stack(&w.work);

	for (i = 0; i < r->nr_regsets; i++)
		kvfree(w.old[i]);
	kfree(w.old);
	if (!w.ret)
		return 0;
	return ckpt_cpu_invalid(ctx, current, r->regsets[w.bad], w.ret);
}
