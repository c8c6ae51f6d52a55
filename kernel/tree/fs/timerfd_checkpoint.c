// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: timerfd.
 *
 * What has expired so far is in the ticks, as for timerfd_gettime(2), so that
 * only the next expiry is left to be saved: as an instant if the timer was set
 * to one. A restart sets the timer when its task becomes what it was, since
 * reading the rest of the image takes time that does not count.
 */
#include <linux/nsproxy.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/timerfd.h>

#include "checkpoint.h"

static_assert(CKPT_TIMERFDF_ABSTIME == TFD_TIMER_ABSTIME);
static_assert(CKPT_TIMERFDF_CANCEL_ON_SET == TFD_TIMER_CANCEL_ON_SET);

/* The offset of a clock in the time namespace of a task, nanoseconds. */
static s64 timerfd_offset(struct task_struct *task, int clockid)
{
	s64 offset = 0;

#ifdef CONFIG_TIME_NS
	task_lock(task);
	if (task->nsproxy && clockid == CLOCK_MONOTONIC)
		offset = timespec64_to_ns(&task->nsproxy->time_ns->offsets.monotonic);
	else if (task->nsproxy && (clockid == CLOCK_BOOTTIME ||
				   clockid == CLOCK_BOOTTIME_ALARM))
		offset = timespec64_to_ns(&task->nsproxy->time_ns->offsets.boottime);
	task_unlock(task);
#endif
	return offset;
}

static u64 timerfd_value(struct task_struct *task,
			 const struct timerfd_state *state)
{
	s64 value = timespec64_to_ns(&state->value.it_value);

	if (!state->active && !value)
		return 0;
	if (!(state->flags & TFD_TIMER_ABSTIME))
		return max_t(s64, value, 1);
	value = state->expires;
	if (value < KTIME_MAX)
		value += timerfd_offset(task, state->clockid);
	return max_t(s64, value, 1);
}

/**
 * timerfd_checkpoint - capture a timerfd
 * @ctx: checkpoint context
 * @task: task that has it open
 * @file: the timerfd
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int timerfd_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		       struct file *file, struct ckpt_object *obj)
{
	struct timerfd_state state = {};
	struct ckpt_hdr_timerfd *h;
	int ret;

	ret = ckpt_file_record_kind(ctx, file, obj, CKPT_FILE_TIMERFD);
	if (ret)
		return ret;
	h = ckpt_record(ctx, CKPT_HDR_TIMERFD, 0);
	if (!h)
		return -ENOMEM;
	timerfd_file_state(file, &state);
	h->clock = state.clockid;
	h->flags = state.flags | (state.canceled ? CKPT_TIMERFDF_CANCELED : 0);
	h->value = timerfd_value(task, &state);
	h->interval = timespec64_to_ns(&state.value.it_interval);
	h->ticks = state.ticks;
	return 0;
}

/**
 * struct ckpt_timerfd_start - a timerfd that is to be set at the commit
 * @finish: link in the context
 * @file: the timerfd, which the object table holds
 * @state: what it is to be set to
 */
struct ckpt_timerfd_start {
	struct ckpt_finish finish;
	struct file *file;
	struct timerfd_state state;
};

static int ckpt_timerfd_start(struct ckpt_ctx *ctx, struct ckpt_finish *finish)
{
	struct ckpt_timerfd_start *start =
		container_of(finish, struct ckpt_timerfd_start, finish);

	timerfd_file_start(start->file, &start->state);
	return 0;
}

static void ckpt_timerfd_start_free(struct ckpt_finish *finish)
{
	kfree(container_of(finish, struct ckpt_timerfd_start, finish));
}

/* Whoever watches it finds its ticks; they are no event of the restart. */
static void ckpt_timerfd_preset(struct file *file, struct timerfd_state state)
{
	memset(&state.value, 0, sizeof(state.value));
	timerfd_file_start(file, &state);
}

static struct file *ckpt_timerfd_make(struct ckpt_ctx *ctx,
				      const struct ckpt_hdr_timerfd *h)
{
	struct ckpt_timerfd_start *start;
	struct file *file;

	start = kzalloc(sizeof(*start), GFP_KERNEL_ACCOUNT);
	if (!start)
		return ERR_PTR(-ENOMEM);
	file = timerfd_file_create(h->clock, 0);
	if (IS_ERR(file)) {
		kfree(start);
		ckpt_err(ctx, current, PTR_ERR(file),
			 "cannot make a timerfd of clock %u", h->clock);
		return file;
	}
	start->file = file;
	start->state.value.it_value = ns_to_timespec64(h->value);
	start->state.value.it_interval = ns_to_timespec64(h->interval);
	start->state.flags = h->flags & TFD_SETTIME_FLAGS;
	start->state.ticks = h->ticks;
	start->state.canceled = h->flags & CKPT_TIMERFDF_CANCELED;
	ckpt_timerfd_preset(file, start->state);
	start->finish.task = current;
	start->finish.run = ckpt_timerfd_start;
	start->finish.free = ckpt_timerfd_start_free;
	ckpt_finish_add(ctx, &start->finish);
	return file;
}

/**
 * ckpt_timerfd_restore - make a timerfd
 * @ctx: restart context
 * @h: its file record
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_timerfd_restore(struct ckpt_ctx *ctx,
				  const struct ckpt_hdr_file *h)
{
	struct ckpt_hdr_timerfd *timer;
	struct file *file;

	timer = ckpt_next_record(ctx, CKPT_HDR_TIMERFD);
	if (IS_ERR(timer))
		return ERR_CAST(timer);
	if (timer->flags & CKPT_TIMERFDF_CANCELED &&
	    !(timer->flags & CKPT_TIMERFDF_CANCEL_ON_SET))
		file = ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"a timerfd is canceled that cannot be"));
	else
		file = ckpt_timerfd_make(ctx, timer);
	kvfree(timer);
	return file;
}
