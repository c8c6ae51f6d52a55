// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: System V message queues.
 *
 * Who waits for a message, or for room, calls again.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/msg.h>
#include <linux/percpu_counter.h>
#include <linux/security.h>
#include <linux/slab.h>

#include "checkpoint.h"

#define CKPT_MSG_MAX	1048576

static struct msg_queue *ckpt_msg(struct kern_ipc_perm *perm)
{
	return container_of(perm, struct msg_queue, q_perm);
}

static int ckpt_msg_emit(struct ckpt_ctx *ctx, struct task_struct *task, int id,
			 const struct ckpt_msg_look *look)
{
	const struct ckpt_msg_entry *entry = look->buf;
	struct ckpt_hdr_msg *h;
	u32 i;

	for (i = 0; i < look->nr; i++) {
		if (entry->size > CKPT_MSG_MAX)
			return ckpt_refuse(ctx, task, -EOPNOTSUPP,
					   "message queue %d: a message of %llu bytes",
					   id, entry->size);
		h = ckpt_record(ctx, CKPT_HDR_MSG, entry->size);
		if (!h)
			return -ENOMEM;
		h->mtype = entry->type;
		h->size = entry->size;
		memcpy(h->text, entry->text, entry->size);
		entry = ckpt_msg_look_next(entry);
		cond_resched();
	}
	return 0;
}

static int ckpt_msg_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			       void *ptr, struct ckpt_object *obj)
{
	struct kern_ipc_perm *perm = ptr;
	struct msg_queue *msq = ckpt_msg(perm);
	struct ckpt_msg_look look = {};
	struct ckpt_hdr_msg_queue *h;
	struct msg_msg *msg;
	int ret;

	h = ckpt_record(ctx, CKPT_HDR_MSG_QUEUE, 0);
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	for (;;) {
		ipc_lock_object(perm);
		ckpt_msg_look_begin(&look);
		list_for_each_entry(msg, &msq->q_messages, m_list)
			ckpt_msg_look_add(&look, msg);
		if (look.need <= look.size)
			break;
		ipc_unlock_object(perm);
		ret = ckpt_msg_look_grow(&look);
		if (ret)
			return ret;
	}
	ckpt_ipc_store(h->perm, perm);
	h->nr_messages = look.nr;
	h->qbytes = msq->q_qbytes;
	h->stime = msq->q_stime;
	h->rtime = msq->q_rtime;
	h->ctime = msq->q_ctime;
	h->lspid = ckpt_ipc_pid(ctx, msq->q_lspid);
	h->lrpid = ckpt_ipc_pid(ctx, msq->q_lrpid);
	ipc_unlock_object(perm);
	ret = ckpt_msg_emit(ctx, task, perm->id, &look);
	kvfree(look.buf);
	return ret;
}

static bool ckpt_msg_used(struct ckpt_ctx *ctx, struct kern_ipc_perm *perm)
{
	struct msg_queue *msq = ckpt_msg(perm);
	bool used;

	ipc_lock_object(perm);
	used = ckpt_ipc_pid(ctx, msq->q_lspid) ||
	       ckpt_ipc_pid(ctx, msq->q_lrpid);
	ipc_unlock_object(perm);
	return used;
}

/* Restart */

static struct msg_msg *ckpt_msg_read(struct ckpt_ctx *ctx,
				     const struct ckpt_ipc *ipc)
{
	struct ckpt_hdr_msg *h = ckpt_next_record(ctx, CKPT_HDR_MSG);
	struct msg_msg *msg;
	int ret;

	if (IS_ERR(h))
		return ERR_CAST(h);
	/* What msgsnd(2) asks for. */
	if (h->mtype < 1 || h->mtype > LONG_MAX ||
	    h->size > ipc->ns->msg_ctlmax) {
		ret = ckpt_err(ctx, current, -EINVAL,
			       "message queue %d: a message of type %lld and %u bytes",
			       ipc->wanted.id, h->mtype, h->size);
		kvfree(h);
		return ERR_PTR(ret);
	}
	msg = ckpt_msg_make(h->mtype, h->text, h->size);
	kvfree(h);
	if (IS_ERR(msg))
		return msg;
	ret = security_msg_queue_msgsnd(ipc->perm, msg, 0);
	if (!ret)
		return msg;
	free_msg(msg);
	return ERR_PTR(ret);
}

static int ckpt_msg_fill(struct ckpt_ctx *ctx, struct ckpt_ipc *ipc,
			 const struct ckpt_hdr_msg_queue *h)
{
	struct msg_queue *msq = ckpt_msg(ipc->perm);
	/* IPC_SET may have made a queue smaller than it was when filled. */
	u64 room = max_t(u64, h->qbytes, ipc->ns->msg_ctlmnb);
	struct msg_msg *msg;
	u64 bytes = 0;
	bool valid;
	u32 i;

	for (i = 0; i < h->nr_messages; i++) {
		msg = ckpt_msg_read(ctx, ipc);
		if (IS_ERR(msg))
			return PTR_ERR(msg);
		bytes += msg->m_ts;
		if (bytes > room || i >= room) {
			free_msg(msg);
			return ckpt_err(ctx, current, -EINVAL,
					"message queue %d holds more than it can",
					ipc->wanted.id);
		}
		ipc_lock_object(ipc->perm);
		valid = ipc_valid_object(ipc->perm);
		if (valid) {
			list_add_tail(&msg->m_list, &msq->q_messages);
			msq->q_cbytes += msg->m_ts;
			msq->q_qnum++;
			percpu_counter_add_local(&ipc->ns->percpu_msg_bytes,
						 msg->m_ts);
			percpu_counter_add_local(&ipc->ns->percpu_msg_hdrs, 1);
		}
		ipc_unlock_object(ipc->perm);
		if (!valid) {
			free_msg(msg);
			return ckpt_err(ctx, current, -EIDRM,
					"message queue %d has been removed",
					ipc->wanted.id);
		}
		cond_resched();
	}
	return 0;
}

static void *ckpt_msg_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_msg_queue *h = (const void *)hdr;
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	struct ipc_params params = {};
	struct msg_queue *msq;
	struct ckpt_ipc *ipc;
	int ret;

	/* What IPC_SET asks for. */
	if (h->qbytes > INT_MAX)
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"message queue %d of %llu bytes",
					h->perm->id, h->qbytes));
	if (h->qbytes > ns->msg_ctlmnb && !capable(CAP_SYS_RESOURCE))
		return ERR_PTR(ckpt_err(ctx, current, -EPERM,
					"message queue %d of %llu bytes, the caller may make one of %u",
					h->perm->id, h->qbytes,
					ns->msg_ctlmnb));
	ipc = ckpt_ipc_create(ctx, &ckpt_msg_type, h->perm, &params,
			      h->ctime);
	if (IS_ERR(ipc))
		return ipc;
	ret = ckpt_msg_fill(ctx, ipc, h);
	if (ret) {
		ckpt_ipc_free(ipc);
		return ERR_PTR(ret);
	}
	msq = ckpt_msg(ipc->perm);
	ipc_lock_object(ipc->perm);
	if (ipc_valid_object(ipc->perm)) {
		msq->q_qbytes = h->qbytes;
		msq->q_stime = h->stime;
		msq->q_rtime = h->rtime;
		msq->q_ctime = h->ctime;
		ckpt_ipc_update_pid(ctx, &msq->q_lspid, h->lspid);
		ckpt_ipc_update_pid(ctx, &msq->q_lrpid, h->lrpid);
	}
	ipc_unlock_object(ipc->perm);
	return ipc;
}

static void ckpt_msg_drop(void *ptr)
{
	ipc_rcu_putref(ptr, msg_rcu_free);
}

const struct ckpt_ipc_type ckpt_msg_type = {
	.name		= "message queue",
	.objtype	= CKPT_OBJ_MSG,
	.ids		= IPC_MSG_IDS,
	.create		= newque,
	.remove		= freeque,
	.rcu_free	= msg_rcu_free,
	.used		= ckpt_msg_used,
};

const struct ckpt_obj_ops ckpt_msg_ops = {
	.name		= "message queue",
	.objtype	= CKPT_OBJ_MSG,
	.grab		= ckpt_ipc_grab,
	.drop		= ckpt_msg_drop,
	.free		= ckpt_ipc_free,
	.checkpoint	= ckpt_msg_checkpoint,
	.restore	= ckpt_msg_restore,
	.settle		= ckpt_ipc_settle,
};
