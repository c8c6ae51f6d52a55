// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: which address space does current use?
 */
#include <linux/checkpoint_ctx.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/mmu_context.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "checkpoint_internal.h"

/**
 * ckpt_switch_mm - have current use an address space
 * @mm: address space
 *
 * Neither address space comes or goes: the caller has a reference to the one
 * that current leaves.
 */
void ckpt_switch_mm(struct mm_struct *mm)
{
	struct task_struct *tsk = current;
	struct mm_struct *old = tsk->mm;

	sched_mm_cid_before_execve(tsk);
	task_lock(tsk);
	local_irq_disable();
	tsk->active_mm = mm;
	tsk->mm = mm;
	membarrier_update_current_mm(mm);
	/* As in exec_mmap(). */
	if (!IS_ENABLED(CONFIG_ARCH_WANT_IRQS_OFF_ACTIVATE_MM))
		local_irq_enable();
	activate_mm(old, mm);
	if (IS_ENABLED(CONFIG_ARCH_WANT_IRQS_OFF_ACTIVATE_MM))
		local_irq_enable();
	task_unlock(tsk);
	lru_gen_use_mm(mm);
	sched_mm_cid_after_execve(tsk);
}

/**
 * ckpt_commit_mm - take on an address space for good
 * @mm: restored address space
 */
void ckpt_commit_mm(struct mm_struct *mm)
{
	struct mm_struct *old = current->mm;

	exec_mm_release(current, old);
	down_write(&current->signal->exec_update_lock);
	mmget(mm);
	ckpt_switch_mm(mm);
	up_write(&current->signal->exec_update_lock);
	setmax_mm_hiwater_rss(&current->signal->maxrss, old);
	mm_update_next_owner(old);
	mmput(old);
}
