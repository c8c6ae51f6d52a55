// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint: objects that are shared with somebody outside.
 *
 * Each use of an object by a member is counted while the members are captured.
 * An object with more references than that has another user, who will no longer
 * share it with the restarted tasks. That is an error for a container, and
 * worth a word for a subtree.
 */
#include <linux/fdtable.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "internal.h"

/* Somebody who reads /proc has a reference for a moment: look again. */
#define CKPT_LEAK_TRIES	5

/*
 * A mapping or an executable that a child has inherited is an open file of its
 * own after a restart, which nobody can tell. Descriptors share a position.
 */
static bool ckpt_obj_leaks(const struct ckpt_object *obj)
{
	if (!obj->ops->users || !obj->ref ||
	    (obj->ops == &ckpt_file_ops && !obj->nr_fds))
		return false;
	/* One is that of the table of objects. */
	return obj->ops->users(obj->ptr) - 1 > obj->nr_uses;
}

/* Is anything shared with the outside? By whom is found out later. */
static bool ckpt_find_leaks(struct ckpt_ctx *ctx)
{
	struct ckpt_object *obj;
	bool any = false;

	list_for_each_entry(obj, &ctx->obj_list, list) {
		obj->leaks = ckpt_obj_leaks(obj);
		any |= obj->leaks;
	}
	return any;
}

/*
 * May what is shared be no more than a glance at /proc? A file that no
 * descriptor outside leads to is mapped there, and not looked for.
 */
static bool ckpt_leak_unexplained(struct ckpt_ctx *ctx)
{
	struct ckpt_object *obj;

	list_for_each_entry(obj, &ctx->obj_list, list)
		if (obj->leaks && !obj->holder && obj->ops != &ckpt_file_ops)
			return true;
	return false;
}

static void ckpt_note_holder(struct ckpt_ctx *ctx, struct task_struct *task,
			     void *ptr, u32 objtype)
{
	struct ckpt_object *obj = ptr ? ckpt_obj_find(ctx, ptr, objtype) : NULL;

	if (obj && obj->leaks && !obj->holder)
		obj->holder = get_task_struct(task);
}

/* A task outside: what does it have in common with the members? */
static void ckpt_look_for_leaks(struct ckpt_ctx *ctx, struct task_struct *task)
{
	struct files_struct *files;
	struct fdtable *fdt;
	struct file *file;
	unsigned int fd;

	ckpt_note_holder(ctx, task, rcu_access_pointer(task->sighand),
			 CKPT_OBJ_SIGHAND);
	task_lock(task);
	ckpt_note_holder(ctx, task, task->mm, CKPT_OBJ_MM);
	ckpt_note_holder(ctx, task, task->fs, CKPT_OBJ_FS);
	ckpt_note_holder(ctx, task, task->io_context, CKPT_OBJ_IO_CONTEXT);
	files = task->files;
	ckpt_note_holder(ctx, task, files, CKPT_OBJ_FILE_TABLE);
	if (files) {
		fdt = files_fdtable(files);
		for (fd = 0; fd < fdt->max_fds; fd++) {
			file = files_lookup_fd_raw(files, fd);
			if (file)
				ckpt_note_holder(ctx, task, file,
						 CKPT_OBJ_FILE);
		}
	}
	task_unlock(task);
}

static void ckpt_find_holders(struct ckpt_ctx *ctx)
{
	struct task_struct *p, *t;

	rcu_read_lock();
	for_each_process_thread(p, t)
		if (READ_ONCE(t->checkpoint_ctx) != ctx &&
		    !same_thread_group(t, current))
			ckpt_look_for_leaks(ctx, t);
	/* The caller comes last: it may hold a log or an image for a member. */
	ckpt_look_for_leaks(ctx, current);
	rcu_read_unlock();
}

static int ckpt_report_leak(struct ckpt_ctx *ctx, struct ckpt_object *obj)
{
	bool container = !(ctx->uflags & CHECKPOINT_SUBTREE);
	const char *who = obj->holder ? "this task" : "somebody";
	const char *name = obj->ops->name;
	char *buf = __getname();

	if (!buf)
		return -ENOMEM;
	if (obj->ops == &ckpt_file_ops) {
		name = file_path(obj->ptr, buf, PATH_MAX);
		if (IS_ERR(name))
			name = "file (path too long)";
	}
	if (container)
		ckpt_refuse(ctx, obj->holder, -EBUSY,
			    "%s (object %d) is shared with %s outside of the container",
			    name, obj->ref, who);
	else
		ckpt_warn(ctx, obj->holder,
			  "%s (object %d) is shared with %s outside of the hierarchy: the restarted tasks will have their own",
			  name, obj->ref, who);
	__putname(buf);
	return container && !ckpt_dry_run(ctx) ? -EBUSY : 0;
}

/* Tasks of the container that its init has no part in: they entered it. */
static int ckpt_check_entered(struct ckpt_ctx *ctx)
{
	struct pid_namespace *ns = ns_of_pid(ctx->root_pid);
	struct task_struct *task;
	struct pid *pid;
	int nr = 1, ret = 0;

	for (; !ret; nr++) {
		rcu_read_lock();
		pid = find_ge_pid(nr, ns);
		task = pid ? pid_task(pid, PIDTYPE_PID) : NULL;
		if (task && (READ_ONCE(task->checkpoint_ctx) == ctx ||
			     READ_ONCE(task->exit_state)))
			task = NULL;
		if (task)
			get_task_struct(task);
		nr = pid ? pid_nr_ns(pid, ns) : 0;
		rcu_read_unlock();
		if (!nr)
			break;
		if (!task)
			continue;
		ret = ckpt_refuse(ctx, task, -EBUSY,
				  "the task is in the container, but no descendant of its init");
		put_task_struct(task);
	}
	return ret;
}

/**
 * ckpt_leak_check - is anything shared with the outside?
 * @ctx: checkpoint context; every member has been captured
 *
 * Return: 0; -EBUSY for a container that shares an object, or has a task, which
 * the log names; -EINTR.
 */
int ckpt_leak_check(struct ckpt_ctx *ctx)
{
	struct ckpt_object *obj;
	int tries, ret = 0;

	if (ctx->self)
		return 0;
	if (!(ctx->uflags & CHECKPOINT_SUBTREE))
		ret = ckpt_check_entered(ctx);
	if (ret)
		return ret;
	if (!ckpt_find_leaks(ctx))
		return 0;
	ckpt_find_holders(ctx);
	for (tries = 0; tries < CKPT_LEAK_TRIES && ckpt_leak_unexplained(ctx);
	     tries++) {
		schedule_timeout_killable(1);
		if (fatal_signal_pending(current))
			return -EINTR;
		ckpt_find_leaks(ctx);
		ckpt_find_holders(ctx);
	}

	list_for_each_entry(obj, &ctx->obj_list, list) {
		if (obj->ops == &ckpt_file_ops && !obj->holder)
			obj->leaks = false;
		if (obj->leaks)
			ret = ckpt_report_leak(ctx, obj) ?: ret;
	}
	return ret;
}
