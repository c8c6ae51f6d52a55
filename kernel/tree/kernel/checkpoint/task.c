// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: one task, from its identity to the objects it uses.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/fs_struct.h>
#include <linux/futex.h>
#include <linux/personality.h>
#include <linux/pid_namespace.h>
#include <linux/prctl.h>
#include <linux/rseq.h>
#include <linux/sched/coredump.h>
#include <linux/sched/cputime.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/syscall_user_dispatch.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <asm/syscall.h>

#include "internal.h"

/* As in kernel/sys.c. */
#define CKPT_IO_FLUSHER	(PF_MEMALLOC_NOIO | PF_LOCAL_THROTTLE)

static const struct {
	u64 flag;
	unsigned int pf;
} ckpt_task_flags[] = {
	{ CKPT_TASKF_FORKNOEXEC,  PF_FORKNOEXEC },
	{ CKPT_TASKF_SUPERPRIV,	  PF_SUPERPRIV },
	{ CKPT_TASKF_IO_FLUSHER,  CKPT_IO_FLUSHER },
	{ CKPT_TASKF_MCE_PROCESS, PF_MCE_PROCESS },
	{ CKPT_TASKF_MCE_EARLY,	  PF_MCE_EARLY },
};

/* Counters of /proc/PID/io; all zero in a kernel without them. */
static void ckpt_io_get(struct task_struct *task, struct ckpt_hdr_task *h)
{
#ifdef CONFIG_TASK_XACCT
	h->rchar = task->ioac.rchar;
	h->wchar = task->ioac.wchar;
	h->syscr = task->ioac.syscr;
	h->syscw = task->ioac.syscw;
#endif
#ifdef CONFIG_TASK_IO_ACCOUNTING
	h->read_bytes = task->ioac.read_bytes;
	h->write_bytes = task->ioac.write_bytes;
	h->cancelled_write_bytes = task->ioac.cancelled_write_bytes;
#endif
}

static void ckpt_io_set(const struct ckpt_hdr_task *h)
{
#ifdef CONFIG_TASK_XACCT
	current->ioac.rchar = h->rchar;
	current->ioac.wchar = h->wchar;
	current->ioac.syscr = h->syscr;
	current->ioac.syscw = h->syscw;
#endif
#ifdef CONFIG_TASK_IO_ACCOUNTING
	current->ioac.read_bytes = h->read_bytes;
	current->ioac.write_bytes = h->write_bytes;
	current->ioac.cancelled_write_bytes = h->cancelled_write_bytes;
#endif
}

/* What wait(2) tells. */
static u32 ckpt_exit_code(struct task_struct *task)
{
	struct signal_struct *sig = task->signal;
	u32 code;

	read_lock(&tasklist_lock);
	code = (sig->flags & SIGNAL_GROUP_EXIT) && thread_group_empty(task) ?
	       sig->group_exit_code : task->exit_code;
	read_unlock(&tasklist_lock);
	return code & 0xffff;
}

static int ckpt_identity_checkpoint(struct ckpt_ctx *ctx,
				    struct ckpt_member *member)
{
	struct task_struct *task = member->task, *child;
	struct ckpt_hdr_task *h;
	int i;

	h = ckpt_record(ctx, CKPT_HDR_TASK, 0);
	if (!h)
		return -ENOMEM;
	h->pid = member->pids->pid;
	if (member->zombie) {
		h->state = CKPT_TASK_ZOMBIE;
		h->exit_code = ckpt_exit_code(task);
	} else {
		h->state = task->jobctl & JOBCTL_STOPPED ? CKPT_TASK_STOPPED :
							   CKPT_TASK_RUNNING;
	}
	child = member->zombie ? NULL : ckpt_vfork_child(task);
	if (child) {
		h->vfork_pid = task_pid_nr_ns(child, ns_of_pid(ctx->root_pid));
		/* What vfork(2) returns when the child lets it go on. */
		syscall_set_return_value(task, task_pt_regs(task), 0,
					 task_pid_nr_ns(child,
							task_active_pid_ns(task)));
		put_task_struct(child);
	}
	h->exit_signal = task->exit_signal;
	h->pdeath_signal = task->pdeath_signal;
	h->personality = task->personality;
	for (i = 0; i < ARRAY_SIZE(ckpt_task_flags); i++)
		if ((task->flags & ckpt_task_flags[i].pf) ==
		    ckpt_task_flags[i].pf)
			h->flags |= ckpt_task_flags[i].flag;
	if (task_no_new_privs(task))
		h->flags |= CKPT_TASKF_NO_NEW_PRIVS;
	if (!member->zombie)
		h->flags |= arch_ckpt_task_flags(task);
	task_cputime_adjusted(task, &h->utime, &h->stime);
	h->start_time = task->start_time;
	h->start_boottime = task->start_boottime;
	h->minflt = task->min_flt;
	h->majflt = task->maj_flt;
	h->nvcsw = task->nvcsw;
	h->nivcsw = task->nivcsw;
	ckpt_io_get(task, h);
	get_task_comm(h->comm, task);
	return 0;
}

static u32 ckpt_spec_ctrl(struct task_struct *task)
{
	static const int which[] = {
		PR_SPEC_STORE_BYPASS, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_L1D_FLUSH,
	};
	u32 ctrl = 0;
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(which); i++) {
		ret = arch_prctl_spec_ctrl_get(task, which[i]);
		if (ret > 0)
			ctrl |= (ret & 0xff) << (8 * i);
	}
	return ctrl;
}

/*
 * No call is being dispatched: a task gets to where it is held only after the
 * signal of the call before has been queued.
 */
static void ckpt_dispatch_get(struct task_struct *task,
			      struct ckpt_hdr_thread *h)
{
#ifdef CONFIG_GENERIC_ENTRY
	struct syscall_user_dispatch *sd = &task->syscall_dispatch;

	/* A child of fork(2) has it off and what its parent had besides. */
	if (!test_task_syscall_work(task, SYSCALL_USER_DISPATCH))
		return;
	h->dispatch_mode = PR_SYS_DISPATCH_ON;
	h->dispatch_offset = sd->offset;
	h->dispatch_len = sd->len;
	h->dispatch_selector = (unsigned long)sd->selector;
#endif
}

static int ckpt_thread_checkpoint(struct ckpt_ctx *ctx,
				  struct task_struct *task)
{
	struct ckpt_hdr_thread *h;

	h = ckpt_record(ctx, CKPT_HDR_THREAD, 0);
	if (!h)
		return -ENOMEM;
	h->nr_regsets = ckpt_cpu_count(task);
#ifdef CONFIG_RSEQ
	h->rseq_addr = (unsigned long)task->rseq;
	h->rseq_len = task->rseq ? task->rseq_len : 0;
	h->rseq_sig = task->rseq_sig;
#endif
	h->clear_child_tid = (unsigned long)task->clear_child_tid;
	h->set_child_tid = (unsigned long)task->set_child_tid;
	h->robust_list = (unsigned long)task->robust_list;
	h->robust_list_len = task->robust_list ? sizeof(*task->robust_list) : 0;
	h->ss_sp = task->sas_ss_sp;
	h->ss_size = task->sas_ss_size;
	h->ss_flags = task->sas_ss_flags;
	h->spec_ctrl = ckpt_spec_ctrl(task);
	ckpt_dispatch_get(task, h);
	arch_ckpt_thread(task, h);
	return 0;
}

/**
 * struct ckpt_pins - the objects a task uses, with references
 * @mm: address space
 * @files: descriptor table
 * @fs: root and working directory
 * @sighand: signal handlers
 * @cred: credentials
 * @seccomp: seccomp filter
 * @seccomp_mode: seccomp mode
 * @io_context: I/O context that it shares, or NULL
 */
struct ckpt_pins {
	struct mm_struct *mm;
	struct files_struct *files;
	struct fs_struct *fs;
	struct sighand_struct *sighand;
	const struct cred *cred;
	struct seccomp_filter *seccomp;
	int seccomp_mode;
	struct io_context *io_context;
};

/* The task is being looked at, so it has all of them, or none. */
static int ckpt_pin(struct ckpt_ctx *ctx, struct task_struct *task,
		    struct ckpt_pins *pins)
{
	task_lock(task);
	if (task->mm && task->files && task->fs) {
		pins->mm = task->mm;
		ckpt_mm_ops.grab(pins->mm);
		pins->files = task->files;
		ckpt_file_table_ops.grab(pins->files);
		pins->fs = task->fs;
		ckpt_fs_ops.grab(pins->fs);
	}
	task_unlock(task);
	if (!pins->mm)
		return ckpt_err(ctx, task, -ESRCH, "the task is exiting");
	pins->sighand = ckpt_task_sighand(task);
	ckpt_sighand_ops.grab(pins->sighand);
	pins->cred = get_task_cred(task);
	pins->io_context = ckpt_io_context_get(task);
#ifdef CONFIG_SECCOMP_FILTER
	pins->seccomp = checkpoint_seccomp_filter(task);
	pins->seccomp_mode = task->seccomp.mode;
#endif
	return 0;
}

static void ckpt_unpin(struct ckpt_pins *pins)
{
	if (!pins->mm)
		return;
	ckpt_mm_ops.drop(pins->mm);
	ckpt_file_table_ops.drop(pins->files);
	ckpt_fs_ops.drop(pins->fs);
	ckpt_sighand_ops.drop(pins->sighand);
	put_cred(pins->cred);
	if (pins->io_context)
		ckpt_io_context_ops.drop(pins->io_context);
#ifdef CONFIG_SECCOMP_FILTER
	if (pins->seccomp)
		checkpoint_seccomp_put(pins->seccomp);
#endif
}

static int ckpt_objs_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
				const struct ckpt_pins *pins)
{
	struct {
		void *ptr;
		u32 objtype;
		s32 ref;
	} objs[] = {
		{ (void *)pins->cred, CKPT_OBJ_CRED },
		{ pins->fs, CKPT_OBJ_FS },
		{ pins->files, CKPT_OBJ_FILE_TABLE },
		{ pins->sighand, CKPT_OBJ_SIGHAND },
		{ task->signal, CKPT_OBJ_SIGNAL },
		{ pins->mm, CKPT_OBJ_MM },
		{ pins->io_context, CKPT_OBJ_IO_CONTEXT },
	};
	struct ckpt_hdr_task_objs *h;
	s32 seccomp_ref;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(objs); i++) {
		/* A zombie has no more than credentials and its process. */
		if (!objs[i].ptr)
			continue;
		objs[i].ref = ckpt_obj_checkpoint(ctx, task, objs[i].ptr,
						  objs[i].objtype);
		if (objs[i].ref < 0)
			return objs[i].ref;
		ckpt_obj_use(ctx, objs[i].ptr, objs[i].objtype);
	}

	seccomp_ref = ckpt_seccomp_chain(ctx, task, pins->seccomp);
	if (seccomp_ref < 0)
		return seccomp_ref;

	h = ckpt_record(ctx, CKPT_HDR_TASK_OBJS, 0);
	if (!h)
		return -ENOMEM;
	h->cred_ref = objs[0].ref;
	h->fs_ref = objs[1].ref;
	h->files_ref = objs[2].ref;
	h->sighand_ref = objs[3].ref;
	h->signal_ref = objs[4].ref;
	h->mm_ref = objs[5].ref;
	h->io_ref = objs[6].ref;
	h->seccomp_ref = seccomp_ref;
	h->seccomp_mode = pins->seccomp_mode;
	return 0;
}

/* What only the task itself has; nothing here waits for user space. */
static int ckpt_own_checkpoint(struct ckpt_ctx *ctx, struct ckpt_member *member)
{
	struct task_struct *task = member->task;
	int ret;

	ret = ckpt_task_refusals(ctx, task);
	if (!ret)
		ret = ckpt_identity_checkpoint(ctx, member);
	if (!ret)
		ret = ckpt_thread_checkpoint(ctx, task);
	if (!ret)
		ret = ckpt_cpu_checkpoint(ctx, task);
	if (!ret)
		ret = ckpt_block_checkpoint(ctx, task);
	if (!ret)
		ret = ckpt_sem_undo_look(ctx, task, member->pids->pid);
	if (!ret)
		ret = ckpt_sched_checkpoint(ctx, task);
	if (!ret)
		ret = ckpt_sigtask_checkpoint(ctx, task);
	if (!ret)
		ret = ckpt_sigpending_checkpoint(ctx, task,
						 CKPT_SIGQUEUE_PRIVATE);
	return ret;
}

/**
 * ckpt_task_checkpoint - capture the state of a task
 * @ctx: checkpoint context
 * @member: the task, held or current
 *
 * Return: 0 or a negative errno.
 */
int ckpt_task_checkpoint(struct ckpt_ctx *ctx, struct ckpt_member *member)
{
	struct ckpt_pins pins = {};
	int ret;

	ret = ckpt_look(ctx, member->task);
	if (ret)
		return ret;
	ret = ckpt_own_checkpoint(ctx, member);
	if (!ret)
		ret = ckpt_pin(ctx, member->task, &pins);
	ckpt_look_away(ctx);
	if (!ret)
		ret = ckpt_objs_checkpoint(ctx, member->task, &pins);
	ckpt_unpin(&pins);
	return ret;
}

/**
 * ckpt_zombie_checkpoint - capture what is left of a task that has ended
 * @ctx: checkpoint context
 * @member: the task; its parent, which is held, has not waited for it
 *
 * Return: 0 or a negative errno.
 */
int ckpt_zombie_checkpoint(struct ckpt_ctx *ctx, struct ckpt_member *member)
{
	struct ckpt_pins pins = {};
	int ret;

	ret = ckpt_identity_checkpoint(ctx, member);
	if (ret)
		return ret;
	pins.cred = get_task_cred(member->task);
	ret = ckpt_objs_checkpoint(ctx, member->task, &pins);
	put_cred(pins.cred);
	return ret;
}

static bool ckpt_identity_valid(const struct ckpt_hdr_task *h,
				const struct ckpt_hdr_pids *pids)
{
	bool leader = pids->pid == pids->tgid;

	if (leader ? h->exit_signal < 0 || !valid_signal(h->exit_signal) :
	    h->exit_signal != -1)
		return false;
	if (h->state == CKPT_TASK_ZOMBIE)
		return leader && !h->vfork_pid;
	return !h->exit_code;
}

static int ckpt_identity_restore(struct ckpt_ctx *ctx, struct ckpt_restore *r,
				 const struct ckpt_member *member)
{
	struct ckpt_hdr_task *h = ckpt_next_record(ctx, CKPT_HDR_TASK);

	if (IS_ERR(h))
		return PTR_ERR(h);
	r->task = h;
	r->root = member->pids->flags & CKPT_PIDS_ROOT;
	if (h->pid != member->pids->pid)
		return ckpt_err(ctx, current, -EINVAL,
				"state of task %d where %d belongs", h->pid,
				member->pids->pid);
	if (!ckpt_identity_valid(h, member->pids))
		return ckpt_err(ctx, current, -EINVAL,
				"state, exit code or exit signal is not valid");
	if (h->utime > CKPT_CPUTIME_MAX || h->stime > CKPT_CPUTIME_MAX)
		return ckpt_err(ctx, current, -EINVAL,
				"CPU times are not valid");
	if ((h->flags & CKPT_TASKF_IO_FLUSHER) && !capable(CAP_SYS_RESOURCE))
		return ckpt_err(ctx, current, -EPERM,
				"the caller may not use PR_SET_IO_FLUSHER");
	return 0;
}

static bool ckpt_rseq_valid(const struct ckpt_hdr_thread *h)
{
	if (!h->rseq_addr)
		return !h->rseq_len;
#ifdef CONFIG_RSEQ
	/* What rseq(2) demands. */
	return h->rseq_len >= 32 &&
	       IS_ALIGNED(h->rseq_addr, __alignof__(struct rseq)) &&
	       (h->rseq_len == 32 ? IS_ALIGNED(h->rseq_addr, 32) :
		h->rseq_len >= offsetof(struct rseq, end)) &&
	       access_ok(u64_to_user_ptr(h->rseq_addr), h->rseq_len);
#else
	return false;
#endif
}

/* What prctl(2) demands, found out before anything changes. */
static bool ckpt_dispatch_valid(const struct ckpt_hdr_thread *h)
{
#ifdef CONFIG_GENERIC_ENTRY
	char __user *selector;
#endif

	if (h->dispatch_mode == PR_SYS_DISPATCH_OFF)
		return !h->dispatch_offset && !h->dispatch_len &&
		       !h->dispatch_selector;
#ifdef CONFIG_GENERIC_ENTRY
	if ((unsigned long)h->dispatch_offset != h->dispatch_offset ||
	    (unsigned long)h->dispatch_len != h->dispatch_len ||
	    (unsigned long)h->dispatch_selector != h->dispatch_selector)
		return false;
	if (h->dispatch_offset &&
	    h->dispatch_offset + h->dispatch_len <= h->dispatch_offset)
		return false;
	selector = u64_to_user_ptr(h->dispatch_selector);
	return !selector || access_ok(untagged_addr(selector), 1);
#else
	return false;
#endif
}

static int ckpt_thread_restore(struct ckpt_ctx *ctx, struct ckpt_restore *r)
{
	struct ckpt_hdr_thread *h = ckpt_next_record(ctx, CKPT_HDR_THREAD);

	if (IS_ERR(h))
		return PTR_ERR(h);
	r->thread = h;
	if (!ckpt_rseq_valid(h))
		return ckpt_err(ctx, current, -EINVAL,
				"rseq area at %llx is not valid", h->rseq_addr);
	if (h->robust_list_len != (h->robust_list ?
				   sizeof(struct robust_list_head) : 0))
		return ckpt_err(ctx, current, -EINVAL,
				"robust list of %llu bytes",
				h->robust_list_len);
	if (!ckpt_dispatch_valid(h))
		return ckpt_err(ctx, current, -EINVAL,
				"syscall user dispatch of %llx, %llu bytes, selector %llx is not valid",
				h->dispatch_offset, h->dispatch_len,
				h->dispatch_selector);
	if (h->ss_flags & ~(SS_DISABLE | SS_AUTODISARM))
		return ckpt_err(ctx, current, -EINVAL,
				"signal stack flags %#x", h->ss_flags);
	return arch_ckpt_thread_check(ctx, h);
}

static int ckpt_objs_restore(struct ckpt_ctx *ctx, struct ckpt_restore *r)
{
	struct ckpt_hdr_task_objs *h;
	int ret = 0;

	h = ckpt_next_record(ctx, CKPT_HDR_TASK_OBJS);
	if (IS_ERR(h))
		return PTR_ERR(h);
	r->signal = ckpt_obj_fetch(ctx, h->signal_ref, CKPT_OBJ_SIGNAL);
	r->cred = ckpt_obj_fetch(ctx, h->cred_ref, CKPT_OBJ_CRED);
	if (IS_ERR(r->signal) || IS_ERR(r->cred))
		ret = -EINVAL;
	else
		ret = ckpt_cred_check(ctx, r->cred) ?:
		      ckpt_seccomp_check(ctx, h, r);
	if (r->task->state == CKPT_TASK_ZOMBIE)
		goto out;
	r->mm = ckpt_obj_fetch(ctx, h->mm_ref, CKPT_OBJ_MM);
	r->files = ckpt_obj_fetch(ctx, h->files_ref, CKPT_OBJ_FILE_TABLE);
	r->fs = ckpt_obj_fetch(ctx, h->fs_ref, CKPT_OBJ_FS);
	r->sighand = ckpt_obj_fetch(ctx, h->sighand_ref, CKPT_OBJ_SIGHAND);
	if (h->io_ref)
		r->io_context = ckpt_obj_fetch(ctx, h->io_ref,
					       CKPT_OBJ_IO_CONTEXT);
	if (IS_ERR(r->mm) || IS_ERR(r->files) || IS_ERR(r->fs) ||
	    IS_ERR(r->sighand) || IS_ERR(r->io_context))
		ret = -EINVAL;
	if (!ret)
		r->timers = ckpt_timers_get(r->signal->timers);
out:
	kvfree(h);
	return ret;
}

/**
 * ckpt_task_restore - read the state that the caller will become
 * @ctx: restart context
 * @r: receives it; to be freed with ckpt_restore_free() whatever happens
 * @member: the task's entry in the task array
 *
 * Nothing about the caller has changed when this returns.
 *
 * Return: 0 or a negative errno.
 */
int ckpt_task_restore(struct ckpt_ctx *ctx, struct ckpt_restore *r,
		      const struct ckpt_member *member)
{
	void *p;
	int ret;

	ret = ckpt_identity_restore(ctx, r, member);
	if (!ret && r->task->state == CKPT_TASK_ZOMBIE)
		return ckpt_objs_restore(ctx, r);
	if (!ret)
		ret = ckpt_thread_restore(ctx, r);
	if (!ret)
		ret = ckpt_cpu_restore(ctx, r);
	if (!ret)
		ret = ckpt_block_restore(ctx, r);
	if (ret)
		return ret;

	p = ckpt_sched_restore(ctx);
	if (IS_ERR(p))
		return PTR_ERR(p);
	r->sched = p;
	p = ckpt_next_record(ctx, CKPT_HDR_SIGTASK);
	if (IS_ERR(p))
		return PTR_ERR(p);
	r->sigtask = p;
	p = ckpt_sigpending_restore(ctx, CKPT_SIGQUEUE_PRIVATE);
	if (IS_ERR(p))
		return PTR_ERR(p);
	r->pending = p;

	return ckpt_objs_restore(ctx, r);
}

/**
 * ckpt_restore_free - free what a task has read
 * @r: restored state; the objects belong to the context
 */
void ckpt_restore_free(struct ckpt_restore *r)
{
	u32 i;

	kvfree(r->task);
	kvfree(r->thread);
	for (i = 0; i < r->nr_regsets; i++)
		kvfree(r->regsets[i]);
	kfree(r->regsets);
	kvfree(r->block);
	kvfree(r->sched);
	kvfree(r->sigtask);
	kvfree(r->pending);
	ckpt_timers_put(r->timers);
}

static void ckpt_spec_ctrl_commit(struct ckpt_ctx *ctx, u32 ctrl)
{
	static const int which[] = {
		PR_SPEC_STORE_BYPASS, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_L1D_FLUSH,
	};
	u32 i, want;
	int ret;

	for (i = 0; i < ARRAY_SIZE(which); i++) {
		want = ctrl >> (8 * i) & 0xff;
		if (!(want & PR_SPEC_PRCTL) ||
		    arch_prctl_spec_ctrl_get(current, which[i]) == want)
			continue;
		ret = arch_prctl_spec_ctrl_set(current, which[i],
					       want & ~PR_SPEC_PRCTL);
		if (ret)
			ckpt_warn(ctx, current,
				  "speculation control %d cannot be set to %#x: %d",
				  which[i], want, ret);
	}
}

static void ckpt_identity_commit(struct ckpt_ctx *ctx,
				 const struct ckpt_hdr_task *h, bool root)
{
	u64 now = ktime_get_boottime_ns(), age;
	char comm[TASK_COMM_LEN];
	int i;

	for (i = 0; i < ARRAY_SIZE(ckpt_task_flags); i++) {
		current->flags &= ~ckpt_task_flags[i].pf;
		if (h->flags & ckpt_task_flags[i].flag)
			current->flags |= ckpt_task_flags[i].pf;
	}
	if (h->flags & CKPT_TASKF_NO_NEW_PRIVS)
		task_set_no_new_privs(current);
	arch_ckpt_set_task_flags(h->flags);
	current->personality = h->personality;
	/* Who restarts the hierarchy waits for its root in its own way. */
	if (!root)
		current->exit_signal = h->exit_signal;
	current->min_flt = h->minflt;
	current->maj_flt = h->majflt;
	current->nvcsw = h->nvcsw;
	current->nivcsw = h->nivcsw;
	/* As old as it was, on whatever clock this machine has. */
	age = ctx->boottime - h->start_boottime;
	if (age <= now) {
		current->start_boottime = now - age;
		current->start_time = max_t(s64, ktime_get_ns() - age, 0);
	}
	ckpt_io_set(h);
	strscpy(comm, h->comm, sizeof(comm));
	set_task_comm(current, comm);
}

static int ckpt_thread_commit(struct ckpt_ctx *ctx,
			      const struct ckpt_hdr_thread *h)
{
#ifdef CONFIG_RSEQ
	current->rseq = u64_to_user_ptr(h->rseq_addr);
	current->rseq_len = h->rseq_len;
	current->rseq_sig = h->rseq_sig;
#endif
	current->clear_child_tid = u64_to_user_ptr(h->clear_child_tid);
	current->set_child_tid = u64_to_user_ptr(h->set_child_tid);
	current->robust_list = u64_to_user_ptr(h->robust_list);
	current->sas_ss_sp = h->ss_sp;
	current->sas_ss_size = h->ss_size;
	current->sas_ss_flags = h->ss_flags;
	ckpt_spec_ctrl_commit(ctx, h->spec_ctrl);
	arch_ckpt_thread_commit(h);
	/* The caller of restart(2) has it off. */
	if (h->dispatch_mode == PR_SYS_DISPATCH_OFF)
		return 0;
	return set_syscall_user_dispatch(h->dispatch_mode, h->dispatch_offset,
					 h->dispatch_len,
					 u64_to_user_ptr(h->dispatch_selector));
}

/**
 * ckpt_task_commit - become what has been restored, but for the registers
 * @ctx: restart context
 * @r: what the caller becomes
 *
 * The registers come later, since leaving an address space may clear some. The
 * caller returns to user mode by way of the signal code, as the task did that
 * the image was taken of: so an interrupted system call restarts.
 *
 * Return: 0 or a negative errno.
 */
int ckpt_task_commit(struct ckpt_ctx *ctx, struct ckpt_restore *r)
{
	int ret, dumpable = get_dumpable(r->mm);

	ret = ckpt_signal_begin(r);
	if (ret)
		return ret;
	ckpt_commit_mm(r->mm);
	ckpt_commit_files(r->files);
	ckpt_commit_fs(r->fs);
	ckpt_identity_commit(ctx, r->task, r->root);
	ckpt_sched_set_cputime(current, r->task->utime, r->task->stime);
	ret = ckpt_sched_commit(ctx, r->sched);
	if (!ret)
		ret = ckpt_io_context_commit(ctx, r->io_context);
	if (!ret)
		ret = ckpt_signal_commit(ctx, r);
	ckpt_sem_undo_begin();
	if (!ret)
		ret = ckpt_finish_commit(ctx, r);
	if (ret)
		return ret;
	ret = ckpt_thread_commit(ctx, r->thread);
	if (ret)
		return ret;
	ckpt_block_commit(ctx, r);
	ret = ckpt_cred_commit(ctx, r);
	if (ret)
		return ret;

	/* New credentials take these away. */
	current->pdeath_signal = r->task->pdeath_signal;
	set_dumpable(current->mm, dumpable);

	/* Last, for it is what stops a task from doing any of this. */
	ret = ckpt_seccomp_commit(ctx, r);
	if (ret)
		return ret;

	if (r->task->state == CKPT_TASK_STOPPED)
		ckpt_stop_commit(r);
	set_thread_flag(TIF_SIGPENDING);
	return 0;
}

/**
 * ckpt_task_resume - the caller has its registers, and is about to run
 *
 * It has been off the CPU: a restartable sequence that it was in ends. That is
 * now, for it must not be found inside when restart(2) ends.
 */
void ckpt_task_resume(void)
{
#ifdef CONFIG_RSEQ
	if (!current->rseq)
		return;
	preempt_disable();
	rseq_preempt(current);
	preempt_enable();
	rseq_handle_notify_resume(NULL, task_pt_regs(current));
#endif
}

/**
 * ckpt_zombie_commit - become what is left of a task that has ended
 * @ctx: restart context
 * @r: what the caller becomes
 *
 * Return: 0 or a negative errno.
 */
int ckpt_zombie_commit(struct ckpt_ctx *ctx, struct ckpt_restore *r)
{
	int ret;

	ret = ckpt_signal_begin(r);
	if (ret)
		return ret;
	ckpt_identity_commit(ctx, r->task, r->root);
	if (!r->signal->live)
		ckpt_usage_commit(r->signal->h);
	ret = ckpt_cred_commit(ctx, r);
	/* Its parent has been told when it ended; see ckpt_settle_zombies(). */
	if (thread_group_empty(current))
		current->exit_signal = 0;
	return ret;
}
