// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: asynchronous I/O.
 *
 * A context is its ring, which the kernel maps, and requests. With requests in
 * flight the checkpoint is refused; else the ring comes back where it was, with
 * the events that have not been read.
 */
#include <linux/aio_abi.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "checkpoint.h"

/* Unread events that a record holds. */
#define CKPT_AIO_EVENTS_MAX	65536

static_assert(sizeof(struct io_event) == sizeof(struct ckpt_io_event));

static int aio_record(struct ckpt_ctx *ctx, const struct aio_state *state,
		      const struct io_event *events)
{
	size_t len = state->unread * sizeof(*events);
	struct ckpt_hdr_aio_context *h;

	h = ckpt_record(ctx, CKPT_HDR_AIO_CONTEXT, len);
	if (!h)
		return -ENOMEM;
	h->id = state->id;
	h->bytes = state->size;
	h->max_reqs = state->max_reqs;
	h->nr = state->nr;
	h->head = state->head;
	h->tail = state->tail;
	h->unread = state->unread;
	memcpy(h->events, events, len);
	return 0;
}

/* Is the ring of a context where it says? */
static bool aio_has_ring(struct mm_struct *mm, const struct aio_state *state)
{
	struct vm_area_struct *vma;
	bool has;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, state->id);
	has = vma && aio_is_ring(vma);
	mmap_read_unlock(mm);
	return has;
}

static int aio_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
			struct mm_struct *mm, const struct aio_state *state)
{
	if (!aio_has_ring(mm, state))
		return ckpt_refuse(ctx, task, -EBUSY,
				   "asynchronous I/O context %#lx: its ring is not mapped as a whole",
				   state->id);
	if (state->in_flight)
		return ckpt_refuse(ctx, task, -EBUSY,
				   "asynchronous I/O context %#lx: %u requests in flight",
				   state->id, state->in_flight);
	if (state->unread > CKPT_AIO_EVENTS_MAX)
		return ckpt_refuse(ctx, task, -EOPNOTSUPP,
				   "asynchronous I/O context %#lx: %u events have not been read",
				   state->id, state->unread);
	return 0;
}

/**
 * aio_checkpoint - capture the contexts of an address space
 * @ctx: checkpoint context
 * @task: task on whose behalf, for messages
 * @mm: address space
 * @nr_rings: how many rings it maps
 *
 * Return: 0 or a negative errno.
 */
int aio_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		   struct mm_struct *mm, u32 nr_rings)
{
	struct io_event *events = NULL;
	struct aio_state state = {};
	struct ckpt_hdr_aio *h;
	unsigned int index = 0;
	u32 nr = 0;
	int ret = 0;

	h = ckpt_record(ctx, CKPT_HDR_AIO, 0);
	if (!h)
		return -ENOMEM;
	h->nr_contexts = nr_rings;
	if (nr_rings) {
		events = kvmalloc_array(CKPT_AIO_EVENTS_MAX, sizeof(*events),
					GFP_KERNEL_ACCOUNT);
		if (!events)
			return -ENOMEM;
	}
	while (!ret && aio_context_state(mm, &index, &state, events,
					 events ? CKPT_AIO_EVENTS_MAX : 0)) {
		nr++;
		ret = aio_refusals(ctx, task, mm, &state);
		if (!ret && nr <= nr_rings &&
		    state.unread <= CKPT_AIO_EVENTS_MAX)
			ret = aio_record(ctx, &state, events);
	}
	kvfree(events);
	/* A dry run counts the contexts that it has refused. */
	if (!ret && nr != nr_rings && !ckpt_dry_run(ctx))
		ret = ckpt_err(ctx, task, -EBUSY,
			       "asynchronous I/O contexts come or go: memory is shared with a task that runs");
	return ret;
}

static int aio_restore_context(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_aio_context *h;
	struct aio_state state = {};
	int ret;

	h = ckpt_next_record(ctx, CKPT_HDR_AIO_CONTEXT);
	if (IS_ERR(h))
		return PTR_ERR(h);
	state.id = h->id;
	state.size = h->bytes;
	state.max_reqs = h->max_reqs;
	state.nr = h->nr;
	state.head = h->head;
	state.tail = h->tail;
	state.unread = h->unread;
	ret = -EINVAL;
	if (state.id && PAGE_ALIGNED(state.id) && state.max_reqs && state.nr)
		ret = aio_context_restore(&state,
					  (const void *)h->events);
	if (ret)
		ckpt_err(ctx, current, ret,
			 "asynchronous I/O context %#lx with a ring of %u events cannot be made",
			 state.id, state.nr);
	kvfree(h);
	return ret;
}

/**
 * aio_restore - make the contexts of the address space that current fills
 * @ctx: restart context
 * @h: how many there are
 *
 * Return: 0 or a negative errno.
 */
int aio_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr_aio *h)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < h->nr_contexts; i++)
		ret = aio_restore_context(ctx);
	return ret;
}
