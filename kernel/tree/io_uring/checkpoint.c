// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: io_uring.
 *
 * A ring at rest is memory that a program shares with the kernel, and a few
 * counters that the kernel believes rather than the memory. Requests in flight,
 * and whatever has been registered, are refused by name. Whoever submits gets its
 * part of a ring (struct io_uring_task) anew when it does so.
 *
 * The program knows where in the memory everything is, so that a restart wants a
 * kernel that puts it in the same places.
 */
#include <linux/checkpoint_ctx.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <uapi/linux/io_uring.h>

#include "../fs/checkpoint.h"
#include "io_uring.h"

/* Flags of rings that are saved. */
#define CKPT_IORING_FLAGS	(IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | \
				 IORING_SETUP_SUBMIT_ALL | \
				 IORING_SETUP_COOP_TASKRUN | \
				 IORING_SETUP_TASKRUN_FLAG | \
				 IORING_SETUP_SQE128 | IORING_SETUP_CQE32 | \
				 IORING_SETUP_SINGLE_ISSUER | \
				 IORING_SETUP_DEFER_TASKRUN | \
				 IORING_SETUP_NO_SQARRAY)

/* Pages in a chunk. */
#define CKPT_IORING_PAGES	128

static_assert(offsetof(struct io_sqring_offsets, resv1) == 7 * sizeof(u32));
static_assert(offsetof(struct io_cqring_offsets, resv1) == 7 * sizeof(u32));

/* Why can a ring with these flags not be saved? NULL if it can. */
static const char *ckpt_ioring_kind(u32 flags)
{
	if (flags & IORING_SETUP_IOPOLL)
		return "polls for I/O (IOPOLL)";
	if (flags & IORING_SETUP_SQPOLL)
		return "has a thread that submits (SQPOLL)";
	if (flags & IORING_SETUP_R_DISABLED)
		return "is not enabled yet (R_DISABLED)";
	if (flags & IORING_SETUP_ATTACH_WQ)
		return "shares workers (ATTACH_WQ)";
	if (flags & IORING_SETUP_NO_MMAP)
		return "is in memory of the program (NO_MMAP)";
	return flags & ~CKPT_IORING_FLAGS ? "has flags that are not supported" :
	       NULL;
}

/* Why can a ring not be saved? NULL if it can. Its lock is held. */
static const char *ckpt_ioring_refusal(struct io_ring_ctx *ring)
{
	const char *why = ckpt_ioring_kind(ring->flags);

	if (why)
		return why;
	if (ring->file_data)
		return "has registered files";
	if (ring->buf_data)
		return "has registered buffers";
	if (rcu_access_pointer(ring->io_ev_fd))
		return "has a registered eventfd";
	if (!xa_empty(&ring->personalities))
		return "has registered personalities";
	if (!xa_empty(&ring->io_bl_xa))
		return "has provided buffers";
	if (ring->restricted || ring->restrictions.registered)
		return "has registered restrictions";
	if (ring->iowq_limits_set)
		return "has registered limits of workers";
	if (ring->clockid != CLOCK_MONOTONIC)
		return "has a registered clock";
#ifdef CONFIG_NET_RX_BUSY_POLL
	if (ring->napi_enabled)
		return "has registered busy polling (NAPI)";
#endif
	if (ring->compat)
		return "was made by a 32-bit system call";
	if (!list_empty(&ring->cq_overflow_list) || READ_ONCE(ring->check_cq))
		return "has completions that did not fit into its queue";
	return NULL;
}

/* Requests of a task, on whichever ring. */
static s64 ckpt_ioring_in_flight(struct task_struct *task)
{
	struct io_uring_task *tctx = task->io_uring;

	/* Some are counted in advance. */
	return percpu_counter_sum(&tctx->inflight) - tctx->cached_refs;
}

static bool ckpt_ioring_registered_rings(struct task_struct *task)
{
	int i;

	for (i = 0; i < IO_RINGFD_REG_MAX; i++)
		if (task->io_uring->registered_rings[i])
			return true;
	return false;
}

/**
 * io_uring_task_refusals - refuse a task for what it has with io_uring
 * @ctx: checkpoint context
 * @task: task, held
 *
 * When the task is killed its workers go, but not struct io_uring_task.
 *
 * Return: 0 or a negative errno.
 */
int io_uring_task_refusals(struct ckpt_ctx *ctx, struct task_struct *task)
{
	s64 nr;

	if (!task->io_uring)
		return 0;
	nr = ckpt_ioring_in_flight(task);
	if (nr)
		return ckpt_refuse(ctx, task, -EBUSY,
				   "io_uring: %lld requests in flight", nr);
	if (ckpt_ioring_registered_rings(task))
		return ckpt_refuse(ctx, task, -EOPNOTSUPP,
				   "io_uring: the task has registered descriptors of rings");
	if (task->io_uring->wq_affinity)
		return ckpt_refuse(ctx, task, -EOPNOTSUPP,
				   "io_uring: the workers of the task have been told where to run");
	return 0;
}

/**
 * io_uring_is_ring - is an area the memory of a ring?
 * @vma: the area; the mmap lock is held
 */
bool io_uring_is_ring(struct vm_area_struct *vma)
{
	return vma->vm_file && io_is_uring_fops(vma->vm_file);
}

/**
 * ckpt_ioring_area_refusal - why could a ring not be mapped like that again?
 * @vma: the area; the mmap lock is held
 *
 * Return: the reason or NULL.
 */
const char *ckpt_ioring_area_refusal(struct vm_area_struct *vma)
{
	struct io_ring_ctx *ring = vma->vm_file->private_data;

	if (!(vma->vm_flags & VM_SHARED))
		return "private mapping of an io_uring";
	switch ((u64)vma->vm_pgoff << PAGE_SHIFT) {
	case IORING_OFF_SQ_RING:
	case IORING_OFF_CQ_RING:
		return NULL;
	case IORING_OFF_SQES:
		if (vma_pages(vma) >= ring->n_sqe_pages)
			return NULL;
	}
	return "part of an io_uring, or its provided buffers";
}

/* A member, as a pid; 0 for none. */
static s32 ckpt_ioring_owner(struct ckpt_ctx *ctx,
			     const struct io_ring_ctx *ring)
{
	bool single = ring->flags & IORING_SETUP_SINGLE_ISSUER;
	struct task_struct *task;
	bool owns;
	u32 i;

	for (i = 0; i < ctx->nr_members; i++) {
		task = ctx->members[i]->task;
		task_lock(task);
		owns = single ? ring->submitter_task == task && task->mm :
				task->mm && task->mm == ring->mm_account;
		task_unlock(task);
		if (owns)
			return task_pid_nr_ns(task, ns_of_pid(ctx->root_pid));
	}
	return 0;
}

static int ckpt_ioring_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
				struct io_ring_ctx *ring, s32 pid)
{
	const char *why;

	mutex_lock(&ring->uring_lock);
	why = ckpt_ioring_refusal(ring);
	mutex_unlock(&ring->uring_lock);
	if (why)
		return ckpt_refuse(ctx, task, -EOPNOTSUPP, "an io_uring %s",
				   why);
	if ((ring->flags & IORING_SETUP_SINGLE_ISSUER) && !pid)
		return ckpt_refuse(ctx, task, -EBUSY,
				   "an io_uring can only be used by a task that has ended or is outside of the hierarchy");
	return 0;
}

/* As io_uring_create() tells a program. */
static void ckpt_ioring_offsets(const struct io_ring_ctx *ring, u32 *sq, u32 *cq)
{
	sq[0] = offsetof(struct io_rings, sq.head);
	sq[1] = offsetof(struct io_rings, sq.tail);
	sq[2] = offsetof(struct io_rings, sq_ring_mask);
	sq[3] = offsetof(struct io_rings, sq_ring_entries);
	sq[4] = offsetof(struct io_rings, sq_flags);
	sq[5] = offsetof(struct io_rings, sq_dropped);
	sq[6] = ring->sq_array ? (char *)ring->sq_array - (char *)ring->rings :
		0;
	cq[0] = offsetof(struct io_rings, cq.head);
	cq[1] = offsetof(struct io_rings, cq.tail);
	cq[2] = offsetof(struct io_rings, cq_ring_mask);
	cq[3] = offsetof(struct io_rings, cq_ring_entries);
	cq[4] = offsetof(struct io_rings, cq_overflow);
	cq[5] = offsetof(struct io_rings, cqes);
	cq[6] = offsetof(struct io_rings, cq_flags);
}

static int ckpt_ioring_pages(struct ckpt_ctx *ctx, struct page **pages, u32 nr)
{
	u64 offsets[CKPT_IORING_PAGES];
	u32 done, n, i;
	int ret = 0;

	for (done = 0; !ret && done < nr; done += n) {
		n = min_t(u32, nr - done, CKPT_IORING_PAGES);
		for (i = 0; i < n; i++) {
			offsets[i] = (u64)(done + i) << PAGE_SHIFT;
			get_page(pages[done + i]);
		}
		ret = ckpt_record_pages(ctx, current->mm, offsets,
					pages + done, n);
		for (i = 0; ret && i < n; i++)
			put_page(pages[done + i]);
	}
	return ret ?: ckpt_record_pages(ctx, current->mm, NULL, NULL, 0);
}

/**
 * io_uring_checkpoint - capture an io_uring
 * @ctx: checkpoint context
 * @task: task that has it open or mapped
 * @file: the io_uring
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int io_uring_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			struct file *file, struct ckpt_object *obj)
{
	struct io_ring_ctx *ring = file->private_data;
	unsigned int obstacles = ctx->obstacles;
	s32 pid = ckpt_ioring_owner(ctx, ring);
	struct ckpt_hdr_io_uring *h;
	int ret;

	ret = ckpt_ioring_refusals(ctx, task, ring, pid);
	if (ret || ctx->obstacles != obstacles)
		return ret;
	ret = ckpt_file_record_kind(ctx, file, obj, CKPT_FILE_IO_URING);
	if (ret)
		return ret;
	h = ckpt_record(ctx, CKPT_HDR_IO_URING, 0);
	if (!h)
		return -ENOMEM;
	h->flags = ring->flags;
	h->sq_entries = ring->sq_entries;
	h->cq_entries = ring->cq_entries;
	h->sq_head = ring->cached_sq_head;
	h->cq_tail = ring->cached_cq_tail;
	h->cq_extra = ring->cq_extra;
	h->pid = pid;
	h->rings_size = (u64)ring->n_ring_pages << PAGE_SHIFT;
	h->sqes_size = (u64)ring->n_sqe_pages << PAGE_SHIFT;
	ckpt_ioring_offsets(ring, h->sq_off, h->cq_off);
	ret = ckpt_ioring_pages(ctx, ring->ring_pages, ring->n_ring_pages);
	if (!ret)
		ret = ckpt_ioring_pages(ctx, ring->sqe_pages,
					ring->n_sqe_pages);
	return ret;
}

/* Fill memory of a ring from the image. */
static int ckpt_ioring_read_chunk(struct ckpt_ctx *ctx, struct page **pages,
				  const u64 *offsets, u32 nr)
{
	struct page **chunk;
	u32 done, n, i;
	int ret = 0;

	chunk = kmalloc_array(CKPT_READ_PAGES, sizeof(*chunk), GFP_KERNEL);
	if (!chunk)
		return -ENOMEM;
	for (done = 0; !ret && done < nr; done += n) {
		n = min_t(u32, nr - done, CKPT_READ_PAGES);
		for (i = 0; i < n; i++)
			chunk[i] = pages[offsets[done + i] >> PAGE_SHIFT];
		ret = ckpt_read_pages(ctx, chunk, n);
		for (i = 0; i < n; i++)
			flush_dcache_page(chunk[i]);
	}
	kfree(chunk);
	return ret;
}

static int ckpt_ioring_read(struct ckpt_ctx *ctx, struct page **pages,
			    u32 nr_pages)
{
	u64 next = 0, *offsets;
	u32 nr;
	int ret = 0;

	while (!ret) {
		offsets = ckpt_next_chunk(ctx, &next,
					  (u64)nr_pages << PAGE_SHIFT, &nr);
		if (IS_ERR_OR_NULL(offsets))
			return PTR_ERR_OR_ZERO(offsets);
		ret = ckpt_ioring_read_chunk(ctx, pages, offsets, nr);
		kvfree(offsets);
	}
	return ret;
}

static bool ckpt_ioring_same(const struct io_ring_ctx *ring,
			     const struct ckpt_hdr_io_uring *h)
{
	u32 sq[7], cq[7];

	ckpt_ioring_offsets(ring, sq, cq);
	return ring->sq_entries == h->sq_entries &&
	       ring->cq_entries == h->cq_entries &&
	       (u64)ring->n_ring_pages << PAGE_SHIFT == h->rings_size &&
	       (u64)ring->n_sqe_pages << PAGE_SHIFT == h->sqes_size &&
	       !memcmp(sq, h->sq_off, sizeof(sq)) &&
	       !memcmp(cq, h->cq_off, sizeof(cq));
}

static int ckpt_ioring_fill(struct ckpt_ctx *ctx, struct io_ring_ctx *ring,
			    const struct ckpt_hdr_io_uring *h)
{
	struct io_rings *rings = ring->rings;
	int ret;

	if (!ckpt_ioring_same(ring, h))
		return ckpt_err(ctx, current, -EINVAL,
				"an io_uring of %u and %u entries is not the same on this kernel",
				h->sq_entries, h->cq_entries);
	ret = ckpt_ioring_read(ctx, ring->ring_pages, ring->n_ring_pages);
	if (!ret)
		ret = ckpt_ioring_read(ctx, ring->sqe_pages, ring->n_sqe_pages);
	/* Programs read these, and may have damaged theirs. */
	rings->sq_ring_mask = ring->sq_entries - 1;
	rings->cq_ring_mask = ring->cq_entries - 1;
	rings->sq_ring_entries = ring->sq_entries;
	rings->cq_ring_entries = ring->cq_entries;
	ring->cached_sq_head = h->sq_head;
	ring->cached_cq_tail = h->cq_tail;
	ring->cq_extra = h->cq_extra;
	WRITE_ONCE(ring->restoring, true);
	return ret;
}

/**
 * struct ckpt_ioring_late - a ring that gets its owner at the commit
 * @finish: link in the context
 * @file: the ring, which the object table holds
 * @owned: the task that commits owns it
 */
struct ckpt_ioring_late {
	struct ckpt_finish finish;
	struct file *file;
	bool owned;
};

static int ckpt_ioring_own(struct ckpt_ctx *ctx, struct ckpt_finish *finish)
{
	struct ckpt_ioring_late *late =
		container_of(finish, struct ckpt_ioring_late, finish);
	struct io_ring_ctx *ring = late->file->private_data;

	mutex_lock(&ring->uring_lock);
	WRITE_ONCE(ring->restoring, false);
	/* Nothing is accounted to the other one, unless somebody was quick. */
	if (late->owned && !ring->buf_data) {
		mmgrab(current->mm);
		mmdrop(ring->mm_account);
		ring->mm_account = current->mm;
	}
	if (ring->flags & IORING_SETUP_SINGLE_ISSUER)
		WRITE_ONCE(ring->submitter_task, get_task_struct(current));
	mutex_unlock(&ring->uring_lock);
	return 0;
}

static void ckpt_ioring_late_free(struct ckpt_finish *finish)
{
	kfree(container_of(finish, struct ckpt_ioring_late, finish));
}

static int ckpt_ioring_later(struct ckpt_ctx *ctx, struct file *file,
			     const struct ckpt_hdr_io_uring *h)
{
	struct task_struct *task = current;
	struct ckpt_ioring_late *late;

	if (h->pid)
		task = ckpt_member_task(ctx, h->pid);
	if (!task || (!h->pid && (h->flags & IORING_SETUP_SINGLE_ISSUER)))
		return ckpt_err(ctx, current, -EINVAL,
				"an io_uring cannot belong to task %d", h->pid);
	late = kzalloc(sizeof(*late), GFP_KERNEL_ACCOUNT);
	if (!late)
		return -ENOMEM;
	late->file = file;
	late->owned = h->pid;
	late->finish.task = task;
	late->finish.run = ckpt_ioring_own;
	late->finish.free = ckpt_ioring_late_free;
	ckpt_finish_add(ctx, &late->finish);
	return 0;
}

static struct file *ckpt_ioring_make(struct ckpt_ctx *ctx,
				     const struct ckpt_hdr_io_uring *h)
{
	struct io_uring_params p = {
		.flags = h->flags,
		.cq_entries = h->cq_entries,
	};
	struct file *file;

	/* Limits are not to be found by clamping. */
	if (h->flags & ~CKPT_IORING_FLAGS || !h->sq_entries || !h->cq_entries)
		file = ERR_PTR(-EINVAL);
	else
		file = io_uring_file_create(h->sq_entries, &p);
	if (IS_ERR(file))
		ckpt_err(ctx, current, PTR_ERR(file),
			 "cannot make an io_uring of %u and %u entries, flags %#x",
			 h->sq_entries, h->cq_entries, h->flags);
	return file;
}

/**
 * io_uring_restore - make an io_uring
 * @ctx: restart context
 * @h: its file record
 *
 * Return: the file or an ERR_PTR.
 */
struct file *io_uring_restore(struct ckpt_ctx *ctx,
			      const struct ckpt_hdr_file *h)
{
	struct ckpt_hdr_io_uring *uring;
	struct file *file;
	int ret;

	uring = ckpt_next_record(ctx, CKPT_HDR_IO_URING);
	if (IS_ERR(uring))
		return ERR_CAST(uring);
	file = ckpt_ioring_make(ctx, uring);
	if (IS_ERR(file))
		goto out;
	ret = ckpt_ioring_fill(ctx, file->private_data, uring);
	if (!ret)
		ret = ckpt_ioring_later(ctx, file, uring);
	if (ret) {
		fput(file);
		file = ERR_PTR(ret);
	}
out:
	kvfree(uring);
	return file;
}
