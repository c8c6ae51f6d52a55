// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: texts of messages, of either kind of queue.
 *
 * A queue is looked at twice: how much room do its messages need, and, when
 * there is that much, what are they?
 */
#include <linux/mm.h>
#include <linux/msg.h>
#include <linux/security.h>
#include <linux/slab.h>

#include "checkpoint.h"

/* Copy the text of a message, of which only a part is in one piece. */
static void ckpt_msg_copy(struct msg_msg *msg, char *text, bool in)
{
	size_t len = msg->m_ts, part = min(len, DATALEN_MSG);
	struct msg_msgseg *seg = msg->next;
	void *data = msg + 1;

	while (len) {
		if (in)
			memcpy(data, text, part);
		else
			memcpy(text, data, part);
		text += part;
		len -= part;
		if (!len)
			break;
		data = seg + 1;
		seg = seg->next;
		part = min(len, DATALEN_SEG);
	}
}

/**
 * ckpt_msg_make - make a message
 * @type: its type or priority
 * @text: its text
 * @size: bytes of it
 *
 * Return: the message or an ERR_PTR.
 */
struct msg_msg *ckpt_msg_make(long type, char *text, size_t size)
{
	struct msg_msg *msg = alloc_msg(size);
	int ret;

	if (!msg)
		return ERR_PTR(-ENOMEM);
	msg->m_type = type;
	msg->m_ts = size;
	ckpt_msg_copy(msg, text, true);
	ret = security_msg_msg_alloc(msg);
	if (!ret)
		return msg;
	free_msg(msg);
	return ERR_PTR(ret);
}

static size_t ckpt_msg_room(size_t size)
{
	return ALIGN(sizeof(struct ckpt_msg_entry) + size, 8);
}

/**
 * ckpt_msg_look_begin - begin to look at the messages of a queue
 * @look: what has been allocated so far; zeros at first
 */
void ckpt_msg_look_begin(struct ckpt_msg_look *look)
{
	look->nr = 0;
	look->need = 0;
}

/**
 * ckpt_msg_look_add - look at a message
 * @look: where it is copied to, if there is room
 * @msg: the message, in a queue that is locked
 */
void ckpt_msg_look_add(struct ckpt_msg_look *look, struct msg_msg *msg)
{
	struct ckpt_msg_entry *entry = look->buf + look->need;

	look->need += ckpt_msg_room(msg->m_ts);
	if (look->need > look->size)
		return;
	entry->type = msg->m_type;
	entry->size = msg->m_ts;
	ckpt_msg_copy(msg, entry->text, false);
	look->nr++;
}

/**
 * ckpt_msg_look_grow - make room for the messages that have been seen
 * @look: it has too little of it; the queue is not locked
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_msg_look_grow(struct ckpt_msg_look *look)
{
	kvfree(look->buf);
	look->buf = kvmalloc(look->need, GFP_KERNEL_ACCOUNT);
	look->size = look->buf ? look->need : 0;
	return look->buf ? 0 : -ENOMEM;
}

/**
 * ckpt_msg_look_next - the message behind another one
 * @entry: that one
 */
const struct ckpt_msg_entry *
ckpt_msg_look_next(const struct ckpt_msg_entry *entry)
{
	return (const void *)entry + ckpt_msg_room(entry->size);
}
