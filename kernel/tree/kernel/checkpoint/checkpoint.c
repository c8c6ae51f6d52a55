// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint: from a pid to an image.
 *
 * Hold the tasks, refuse what cannot be saved, capture, emit, let go. Capture
 * and emit are apart: the first looks at the tasks and writes nothing, the
 * second writes and looks only at the image object.
 */
#include <linux/elf.h>
#include <linux/fs_struct.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/timekeeping.h>
#include <linux/utsname.h>
#include <linux/version.h>
#include <asm/syscall.h>

#include <trace/events/checkpoint.h>

#include "internal.h"

static void ckpt_phase(struct ckpt_ctx *ctx, enum checkpoint_trace_phase phase)
{
	trace_checkpoint_phase(ctx->id, ctx->restart, phase, ctx->pos);
}

/*
 * Find the root process: one that the caller may look into. Whoever is in it
 * when the tasks are held, after an execve(2), is asked for again.
 */
static int ckpt_find_root(struct ckpt_ctx *ctx, pid_t pid)
{
	struct task_struct *task;
	bool init = false;
	int ret = 0;

	rcu_read_lock();
	task = pid ? find_task_by_vpid(pid) : current;
	if (task) {
		get_task_struct(task);
		ctx->root_pid = get_pid(task_tgid(task));
		init = ctx->root_pid && is_child_reaper(ctx->root_pid);
	}
	rcu_read_unlock();
	if (!task)
		return ckpt_err(ctx, NULL, -ESRCH, "there is no task %d", pid);

	if (!ctx->root_pid)
		ret = ckpt_err(ctx, task, -ESRCH, "the task has ended");
	else if (!(ctx->uflags & CHECKPOINT_SUBTREE) && !init)
		ret = ckpt_err(ctx, task, -EINVAL,
			       "not the init of a container, and CHECKPOINT_SUBTREE is not given");
	else if (task->flags & PF_KTHREAD)
		ret = ckpt_err(ctx, task, -EINVAL, "a kernel thread");
	else if (!ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS))
		ret = ckpt_err(ctx, task, -EPERM,
			       "the caller may not trace the task");
	put_task_struct(task);
	return ret;
}

/* The leader of a process may have ended before its threads. */
static struct task_struct *ckpt_first_alive(struct ckpt_ctx *ctx)
{
	u32 i;

	for (i = 0; i < ctx->nr_members; i++)
		if (!ctx->members[i]->zombie)
			return ctx->members[i]->task;
	return ctx->members[0]->task;
}

/* Paths are those of the caller, or those of the task in its own mount ns. */
static void ckpt_set_root(struct ckpt_ctx *ctx)
{
	struct task_struct *task = ckpt_first_alive(ctx);
	struct path root = {};

	task_lock(task);
	if (task->fs && task->nsproxy &&
	    task->nsproxy->mnt_ns != current->nsproxy->mnt_ns)
		get_fs_root(task->fs, &root);
	task_unlock(task);
	if (root.mnt) {
		path_put(&ctx->root);
		ctx->root = root;
	}
}

/* Two clocks show more to the tasks than they do to us. */
static void ckpt_time_offsets(struct ckpt_ctx *ctx,
			      struct ckpt_hdr_container *h)
{
#ifdef CONFIG_TIME_NS
	struct task_struct *task = ckpt_first_alive(ctx);
	const struct timens_offsets *offsets;

	task_lock(task);
	if (task->nsproxy) {
		offsets = &task->nsproxy->time_ns->offsets;
		h->monotonic_offset = timespec64_to_ns(&offsets->monotonic);
		h->boottime_offset = timespec64_to_ns(&offsets->boottime);
	}
	task_unlock(task);
#endif
}

static struct ckpt_hdr_header *ckpt_capture_header(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_header *h;
	struct new_utsname uts;

	h = ckpt_record(ctx, CKPT_HDR_HEADER, 0);
	if (!h)
		return NULL;
	h->magic = CKPT_MAGIC_HEAD;
	h->arch_id = cpu_to_le16(arch_ckpt_id());
	h->rev = CKPT_REV;
	h->page_shift = PAGE_SHIFT;
	h->word_bits = BITS_PER_LONG;
	h->kernel_major = LINUX_VERSION_MAJOR;
	h->kernel_minor = LINUX_VERSION_PATCHLEVEL;
	h->kernel_patch = LINUX_VERSION_SUBLEVEL;
	h->time = ktime_get_real_ns();
	h->monotonic = ktime_get_ns();
	h->boottime = ktime_get_boottime_ns();
	h->uflags = ctx->uflags;
	h->flags = (ctx->self ? CKPT_HEADER_SELF : 0) |
		   (ctx->uflags & CHECKPOINT_SUBTREE ? 0 : CKPT_HEADER_CONTAINER);
	h->feat_required = CKPT_FEATURE_MEMORY | CKPT_FEATURE_FILES |
			   (ctx->self ? CKPT_FEATURE_SELF : 0);
	h->ckpt_id = ctx->id;

	down_read(&uts_sem);
	uts = *utsname();
	up_read(&uts_sem);
	strscpy(h->nodename, uts.nodename, sizeof(h->nodename));
	strscpy(h->release, uts.release, sizeof(h->release));
	strscpy(h->version, uts.version, sizeof(h->version));
	strscpy(h->machine, uts.machine, sizeof(h->machine));
	return h;
}

static int ckpt_capture_frame(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_header_arch *arch;
	struct ckpt_hdr_container *container;
	int ret;

	arch = ckpt_record(ctx, CKPT_HDR_HEADER_ARCH, 0);
	if (!arch)
		return -ENOMEM;
	arch_ckpt_header(arch);

	container = ckpt_record(ctx, CKPT_HDR_CONTAINER, 0);
	if (!container)
		return -ENOMEM;
	ckpt_time_offsets(ctx, container);
	ret = ckpt_record_string(ctx, "/");
	return ret ?: ckpt_collect_record(ctx);
}

static int ckpt_capture(struct ckpt_ctx *ctx, struct ckpt_hdr_header *header)
{
	struct ckpt_member *member;
	u32 i;
	int ret;

	ret = ckpt_collect_pids(ctx);
	if (ctx->nr_members + ctx->nr_ghosts > 1)
		header->feat_required |= CKPT_FEATURE_TREE;
	if (!ret)
		ret = ckpt_capture_frame(ctx);
	for (i = 0; !ret && i < ctx->nr_members; i++) {
		member = ctx->members[i];
		ret = member->zombie ? ckpt_zombie_checkpoint(ctx, member) :
				       ckpt_task_checkpoint(ctx, member);
		cond_resched();
	}
	if (!ret)
		ret = ckpt_ipc_checkpoint(ctx);
	if (!ret)
		ret = ckpt_finish_run(ctx);
	if (!ret)
		ret = ckpt_leak_check(ctx);
	if (!ret)
		ret = ckpt_hold_unchanged(ctx);
	if (!ret)
		ret = ckpt_hold_intact(ctx);
	if (ret == -ENOMEM)
		ckpt_err(ctx, NULL, ret, "out of memory");
	return ret;
}

static void ckpt_kill(struct ckpt_ctx *ctx)
{
	u32 i;

	for (i = 0; i < ctx->nr_members; i++)
		send_sig_info(SIGKILL, SEND_SIG_PRIV, ctx->members[i]->task);
}

/**
 * ckpt_do_checkpoint - save a hierarchy
 * @ctx: checkpoint context
 * @pid: root of the hierarchy in the caller's pid namespace; 0 for the caller
 *
 * Return: the checkpoint identifier; 0 for a dry run without obstacles; or a
 * negative errno, after an error record has been written.
 */
long ckpt_do_checkpoint(struct ckpt_ctx *ctx, pid_t pid)
{
	struct ckpt_hdr_header *header;
	int ret;

	ckpt_phase(ctx, CKPT_TRACE_BEGIN);
	ctx->image = ckpt_image_alloc();
	if (!ctx->image)
		return -ENOMEM;
	ctx->self = !pid || pid == task_pid_vnr(current) ||
		    pid == task_tgid_vnr(current);
	header = ckpt_capture_header(ctx);
	if (!header)
		return -ENOMEM;

	ret = ckpt_find_root(ctx, pid);
	if (ret)
		goto out;

	/* What checkpoint(2) returns in the task that is restarted. */
	if (ctx->self)
		syscall_set_return_value(current, task_pt_regs(current), 0, 0);

	ret = ckpt_hold(ctx);
	/* Again, now that no member can become someone else by execve(2). */
	if (!ret)
		ret = ckpt_check_all_access(ctx);
	if (ret)
		goto release;
	ckpt_set_root(ctx);
	ckpt_phase(ctx, CKPT_TRACE_HELD);

	ret = ckpt_capture(ctx, header);
	if (ret)
		goto release;
	ckpt_phase(ctx, CKPT_TRACE_CAPTURED);

	if (ckpt_dry_run(ctx)) {
		ret = ctx->err;
		goto release;
	}

	ret = ckpt_image_emit(ctx);
	if (!ret)
		ret = ckpt_hold_intact(ctx);
	if (ret)
		goto release;
	ckpt_phase(ctx, CKPT_TRACE_EMITTED);

	if (ctx->uflags & CHECKPOINT_KILL)
		ckpt_kill(ctx);
release:
	/* Tasks that run must not see more users of their objects than are. */
	ckpt_finish_free(ctx);
	ckpt_objs_free(ctx);
	ckpt_release(ctx);
	ckpt_phase(ctx, CKPT_TRACE_RELEASED);
out:
	/* A call that starts over has not written anything. */
	if (ret && ret != -ERESTARTSYS && !ckpt_dry_run(ctx))
		ckpt_image_emit_error(ctx, ret);
	if (ckpt_dry_run(ctx))
		return ret;
	return ret ?: ctx->id;
}
