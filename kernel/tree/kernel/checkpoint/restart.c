// SPDX-License-Identifier: GPL-2.0
/*
 * Restart: from an image to a running hierarchy.
 *
 * User space has created the tasks. Each calls restart(2) and waits
 * (member.c); the coordinator, an ancestor of all, calls it too, reads the task
 * array off the stream and gives each task its place in it (coordinate.c). The
 * tasks then restore their state in the order of the array, each reading its
 * own part of the stream. What they build stays on the side until the trailer
 * has proved the image good; only then do they become it, and only when all
 * have, does one run.
 *
 * When anything goes wrong, every task that takes part is killed.
 *
 * A self-restart (RESTART_TASKSELF) is the same without the waiting; a failure
 * returns to a caller that is as it was.
 */
#include <linux/iocontext.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <asm/syscall.h>

#include <trace/events/checkpoint.h>

#include "internal.h"

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

/**
 * ckpt_read_frame - read everything up to the first task's state
 * @ctx: restart context, which has a member for the root
 *
 * Return: 0 or a negative errno.
 */
int ckpt_read_frame(struct ckpt_ctx *ctx)
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

	return ckpt_read_array(ctx);
}

/**
 * ckpt_return_value - what the interrupted call returns
 *
 * The signal path may yet restart the call.
 */
long ckpt_return_value(void)
{
	return syscall_get_return_value(current, task_pt_regs(current));
}

/**
 * ckpt_perish - no way back
 *
 * The task is neither what it was nor what it was to become.
 */
long ckpt_perish(void)
{
	send_sig_info(SIGKILL, SEND_SIG_PRIV, current);
	return -EINTR;
}

/* Does changing the caller change nobody else? */
static bool ckpt_caller_alone(void)
{
	return ckpt_caller_clean(current) && thread_group_empty(current) &&
	       refcount_read(&ckpt_task_sighand(current)->count) == 1;
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
	int ret = 0;

	trace_checkpoint_phase(ctx->id, true, CKPT_TRACE_BEGIN, 0);
	ckpt_terminal_note(ctx);
	if (!ckpt_caller_alone())
		ret = ckpt_err(ctx, current, -EBUSY,
			       "the caller has threads, POSIX timers or io_uring, or shares signal handlers or an I/O context");
	else if (!ckpt_member_add(ctx, NULL))
		ret = -ENOMEM;
	if (!ret)
		ret = ckpt_read_frame(ctx);
	if (!ret && ctx->nr_members > 1)
		ret = ckpt_err(ctx, NULL, -EINVAL,
			       "image of %u tasks, the caller can become one",
			       ctx->nr_members);
	if (!ret)
		ret = ckpt_task_restore(ctx, &r, ctx->members[0]);
	if (!ret && r.task->state == CKPT_TASK_ZOMBIE)
		ret = ckpt_err(ctx, NULL, -EINVAL, "image of a zombie");
	if (!ret)
		ret = ckpt_read_tail(ctx);
	if (!ret)
		ret = ckpt_settle_shared(ctx);
	if (!ret)
		ret = ckpt_ctty_settle(ctx);
	if (!ret) {
		trace_checkpoint_phase(ctx->id, true, CKPT_TRACE_RESTORED,
				       ctx->pos);
		/* While there is a way back: are they valid? */
		ret = ckpt_cpu_commit(ctx, &r);
	}
	ckpt_read_end(ctx);
	if (!ret) {
		changed = true;
		WRITE_ONCE(ctx->phase, CKPT_PHASE_COMMIT);
		ckpt_finish_self(ctx, &r);
		ret = ckpt_task_commit(ctx, &r);
	}
	if (!ret && changed)
		ret = ckpt_cpu_commit(ctx, &r);
	if (!ret)
		ckpt_timers_start(r.timers);
	ckpt_restore_free(&r);
	if (ret == -ENOMEM)
		ckpt_err(ctx, NULL, ret, "out of memory");
	if (ret)
		return changed ? ckpt_perish() : ret;
	ckpt_task_resume();
	trace_checkpoint_phase(ctx->id, true, CKPT_TRACE_COMMITTED, ctx->pos);
	ckpt_ctty_start(ctx);
	return ckpt_return_value();
}
