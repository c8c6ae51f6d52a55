// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: what went wrong, where and why.
 *
 * Each problem is one line: tags in brackets, then the text. The line goes to
 * the log descriptor of the system call. The first error is kept: it becomes
 * the error record of a failed image.
 *
 *	[err -9][pid 42 (vi)][obj 7] file /tmp/x: unlinked
 *
 * err is a negative errno, pid the task at fault, pos the position in the
 * image (restart), obj the number of the object at hand.
 */
#include <linux/ctype.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/checkpoint.h>

/**
 * struct ckpt_line - a line of the log that has not been written yet
 * @list: link in the context, in order
 * @len: bytes of @text, the newline included
 * @text: the line
 */
struct ckpt_line {
	struct list_head list;
	size_t len;
	char text[];
};

static void ckpt_log_write(struct ckpt_ctx *ctx, struct ckpt_line *line)
{
	struct kvec kvec = { .iov_base = line->text, .iov_len = line->len };
	struct iov_iter iter;

	if (!ctx->logfile)
		return;
	iov_iter_kvec(&iter, ITER_SOURCE, &kvec, 1, line->len);
	/* A log that cannot be written must not fail what it reports on. */
	ckpt_file_io(ctx->logfile, &iter);
}

/**
 * ckpt_log_flush - write the lines that wait
 * @ctx: context
 *
 * Context: may wait for who reads the log.
 */
void ckpt_log_flush(struct ckpt_ctx *ctx)
{
	struct ckpt_line *line;

	mutex_lock(&ctx->log_lock);
	while ((line = list_first_entry_or_null(&ctx->log, struct ckpt_line,
						list))) {
		list_del(&line->list);
		ckpt_log_write(ctx, line);
		kfree(line);
	}
	mutex_unlock(&ctx->log_lock);
}

static void ckpt_log(struct ckpt_ctx *ctx, struct task_struct *task, int err,
		     const char *fmt, va_list args)
{
	size_t len, i, max = CKPT_ERR_LEN;
	char comm[TASK_COMM_LEN];
	struct ckpt_line *entry;
	char *line;

	entry = kmalloc(struct_size(entry, text, max + 1), GFP_KERNEL);
	if (!entry)
		return;
	line = entry->text;

	if (err)
		len = scnprintf(line, max, "[err %d]", err);
	else
		len = scnprintf(line, max, "[warn]");
	if (task)
		len += scnprintf(line + len, max - len, "[pid %d (%s)]",
				 task_pid_vnr(task),
				 get_task_comm(comm, task));
	if (ctx->restart)
		len += scnprintf(line + len, max - len, "[pos %llu]", ctx->pos);
	len += scnprintf(line + len, max - len, " ");
	len += vscnprintf(line + len, max - len, fmt, args);
	/* One line, whatever names files have. */
	for (i = 0; i < len; i++)
		if (iscntrl(line[i]))
			line[i] = '?';

	mutex_lock(&ctx->log_lock);
	if (err && !ctx->msg[0])
		strscpy(ctx->msg, line, sizeof(ctx->msg));
	trace_checkpoint_log(ctx->id, err, line);
	line[len++] = '\n';
	entry->len = len;
	list_add_tail(&entry->list, &ctx->log);
	mutex_unlock(&ctx->log_lock);
	/*
	 * Not while a task waits to end: it may be who reads the log. Who is
	 * being killed cannot write any more: others will.
	 */
	if (!READ_ONCE(ctx->looking) && !fatal_signal_pending(current))
		ckpt_log_flush(ctx);
}

/**
 * ckpt_set_err - remember the first error
 * @ctx: checkpoint or restart context
 * @err: negative errno
 */
void ckpt_set_err(struct ckpt_ctx *ctx, int err)
{
	cmpxchg(&ctx->err, 0, err);
}

/**
 * ckpt_err - report an error
 * @ctx: checkpoint or restart context
 * @task: task it is about, or NULL
 * @err: negative errno
 * @fmt: text without a newline
 *
 * Return: @err, so that it can be returned at once.
 */
int ckpt_err(struct ckpt_ctx *ctx, struct task_struct *task, int err,
	     const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	ckpt_log(ctx, task, err, fmt, args);
	va_end(args);
	ckpt_set_err(ctx, err);
	return err;
}

/**
 * ckpt_refuse - state that cannot be checkpointed
 * @ctx: checkpoint context
 * @task: task that has it
 * @err: negative errno
 * @fmt: which object, and why, without a newline
 *
 * A dry run goes on after a refusal, to find the others too.
 *
 * Return: @err, or 0 in a dry run.
 */
int ckpt_refuse(struct ckpt_ctx *ctx, struct task_struct *task, int err,
		const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	ckpt_log(ctx, task, err, fmt, args);
	va_end(args);
	ckpt_set_err(ctx, err);
	ctx->obstacles++;
	return ckpt_dry_run(ctx) ? 0 : err;
}

/**
 * ckpt_warn - something the user should know, but no error
 * @ctx: checkpoint or restart context
 * @task: task it is about, or NULL
 * @fmt: text without a newline
 */
void ckpt_warn(struct ckpt_ctx *ctx, struct task_struct *task,
	       const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	ckpt_log(ctx, task, 0, fmt, args);
	va_end(args);
}
