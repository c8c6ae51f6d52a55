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

/* The root task, with a reference; it must be one the caller may look into. */
static struct task_struct *ckpt_root_task(struct ckpt_ctx *ctx, pid_t pid)
{
	struct task_struct *task;
	bool init = false;
	struct pid *tgid;
	int ret = 0;

	rcu_read_lock();
	task = pid ? find_task_by_vpid(pid) : current;
	if (task) {
		task = get_task_struct(task->group_leader);
		tgid = task_tgid(task);
		init = tgid && is_child_reaper(tgid);
	}
	rcu_read_unlock();
	if (!task)
		return ERR_PTR(ckpt_err(ctx, NULL, -ESRCH,
					"there is no task %d", pid));

	if (!(ctx->uflags & CHECKPOINT_SUBTREE) && !init)
		ret = ckpt_err(ctx, task, -EINVAL,
			       "not the init of a container, and CHECKPOINT_SUBTREE is not given");
	else if (task->flags & PF_KTHREAD)
		ret = ckpt_err(ctx, task, -EINVAL, "a kernel thread");
	else if (!ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS))
		ret = ckpt_err(ctx, task, -EPERM,
			       "the caller may not trace the task");
	if (ret) {
		put_task_struct(task);
		return ERR_PTR(ret);
	}
	return task;
}

/* Again, now that no member can become someone else by execve(2). */
static int ckpt_check_access(struct ckpt_ctx *ctx)
{
	struct task_struct *task;
	u32 i;

	for (i = 0; i < ctx->nr_members; i++) {
		task = ctx->members[i].task;
		if (!ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS))
			return ckpt_err(ctx, task, -EPERM,
					"the caller may not trace the task");
	}
	return 0;
}

static int ckpt_add_member(struct ckpt_ctx *ctx, struct task_struct *task)
{
	struct pid_namespace *ns;
	struct ckpt_member *member;

	member = kvzalloc(sizeof(*member), GFP_KERNEL_ACCOUNT);
	if (!member)
		return -ENOMEM;
	member->task = get_task_struct(task);
	ctx->members = member;
	ctx->nr_members = 1;

	rcu_read_lock();
	ns = task_active_pid_ns(task);
	if (ns) {
		member->pids.pid = task_pid_nr_ns(task, ns);
		member->pids.tgid = task_tgid_nr_ns(task, ns);
		member->pids.ppid =
			task_tgid_nr_ns(rcu_dereference(task->real_parent), ns);
		member->pids.pgid = task_pgrp_nr_ns(task, ns);
		member->pids.sid = task_session_nr_ns(task, ns);
	}
	rcu_read_unlock();
	member->pids.flags = CKPT_PIDS_ROOT;
	if (!member->pids.pid)
		return ckpt_err(ctx, task, -ESRCH, "the task has ended");
	return 0;
}

/* Paths are those of the caller, or those of the task in its own mount ns. */
static int ckpt_set_root(struct ckpt_ctx *ctx, struct task_struct *task)
{
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
	return 0;
}

static int ckpt_capture_header(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_header *h;
	struct new_utsname uts;

	h = ckpt_record(ctx, CKPT_HDR_HEADER, 0);
	if (!h)
		return -ENOMEM;
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
	return 0;
}

static int ckpt_capture_frame(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_header_arch *arch;
	struct ckpt_hdr_tree *tree;
	struct ckpt_hdr_pids *pids;
	struct ckpt_hdr hdr;
	u32 i;
	int ret;

	arch = ckpt_record(ctx, CKPT_HDR_HEADER_ARCH, 0);
	if (!arch)
		return -ENOMEM;
	arch_ckpt_header(arch);

	if (!ckpt_record(ctx, CKPT_HDR_CONTAINER, 0))
		return -ENOMEM;
	ret = ckpt_record_string(ctx, "/");
	if (ret)
		return ret;

	tree = ckpt_record(ctx, CKPT_HDR_TREE, 0);
	if (!tree)
		return -ENOMEM;
	tree->nr_tasks = ctx->nr_members;
	for (i = 0; i < ctx->nr_members; i++) {
		pids = ckpt_record(ctx, CKPT_HDR_PIDS, 0);
		if (!pids)
			return -ENOMEM;
		hdr = pids->h;
		*pids = ctx->members[i].pids;
		pids->h = hdr;
	}
	return 0;
}

static int ckpt_capture(struct ckpt_ctx *ctx)
{
	u32 i;
	int ret;

	ret = ckpt_capture_frame(ctx);
	for (i = 0; !ret && i < ctx->nr_members; i++) {
		ret = ckpt_task_refusals(ctx, ctx->members[i].task);
		if (!ret)
			ret = ckpt_task_checkpoint(ctx, &ctx->members[i]);
	}
	if (!ret)
		ret = ckpt_finish_run(ctx);
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
		send_sig_info(SIGKILL, SEND_SIG_PRIV, ctx->members[i].task);
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
	struct task_struct *task;
	int ret;

	ckpt_phase(ctx, CKPT_TRACE_BEGIN);
	ctx->image = ckpt_image_alloc();
	if (!ctx->image)
		return -ENOMEM;
	ctx->self = !pid || pid == task_pid_vnr(current) ||
		    pid == task_tgid_vnr(current);
	ret = ckpt_capture_header(ctx);
	if (ret)
		return ret;

	task = ckpt_root_task(ctx, pid);
	if (IS_ERR(task)) {
		ret = PTR_ERR(task);
		goto out;
	}
	ret = ckpt_add_member(ctx, task);
	if (!ret)
		ret = ckpt_set_root(ctx, task);
	put_task_struct(task);
	if (ret)
		goto out;

	/* What checkpoint(2) returns in the task that is restarted. */
	if (ctx->self)
		syscall_set_return_value(current, task_pt_regs(current), 0, 0);

	ret = ckpt_hold(ctx);
	if (!ret)
		ret = ckpt_check_access(ctx);
	if (ret)
		goto release;
	ckpt_phase(ctx, CKPT_TRACE_HELD);

	ret = ckpt_capture(ctx);
	ckpt_captured(ctx);
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
	ckpt_captured(ctx);
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
