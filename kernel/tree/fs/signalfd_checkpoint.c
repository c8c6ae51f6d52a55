// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: signalfd.
 *
 * A signalfd is a set of signals: what is pending belongs to who reads it. A
 * task that was asleep in read(2) starts the call over.
 */
#include <linux/signal.h>
#include <linux/slab.h>

#include "checkpoint.h"

/**
 * signalfd_checkpoint - capture a signalfd
 * @ctx: checkpoint context
 * @task: task that has it open
 * @file: the signalfd
 * @obj: its object
 *
 * Return: 0 or -ENOMEM.
 */
int signalfd_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			struct file *file, struct ckpt_object *obj)
{
	sigset_t mask = signalfd_file_mask(file);
	struct ckpt_hdr_signalfd *h;
	int ret;

	ret = ckpt_file_record_kind(ctx, file, obj, CKPT_FILE_SIGNALFD);
	if (ret)
		return ret;
	h = ckpt_record(ctx, CKPT_HDR_SIGNALFD, 0);
	if (!h)
		return -ENOMEM;
	signotset(&mask);
	h->mask = mask.sig[0];
	return 0;
}

/**
 * ckpt_signalfd_restore - make a signalfd
 * @ctx: restart context
 * @h: its file record
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_signalfd_restore(struct ckpt_ctx *ctx,
				   const struct ckpt_hdr_file *h)
{
	struct ckpt_hdr_signalfd *sig;
	struct file *file;
	sigset_t mask;

	sig = ckpt_next_record(ctx, CKPT_HDR_SIGNALFD);
	if (IS_ERR(sig))
		return ERR_CAST(sig);
	sigemptyset(&mask);
	mask.sig[0] = sig->mask;
	kvfree(sig);
	sigdelsetmask(&mask, sigmask(SIGKILL) | sigmask(SIGSTOP));
	signotset(&mask);
	file = signalfd_file_create(&mask, 0);
	if (IS_ERR(file))
		ckpt_err(ctx, current, PTR_ERR(file), "cannot make a signalfd");
	return file;
}
