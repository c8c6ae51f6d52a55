// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: userfaultfd.
 *
 * An instance watches memory of the process that has made it. Whoever held tasks
 * waited for has gone: a fault in user mode happens again when the task runs, and
 * in a system call it keeps the task from being held. So only others can have a
 * fault outstanding.
 *
 * Beside the areas and their pages it matters what is not there, and which pages
 * are write-protected or mapped: where that cannot be told from the contents,
 * the record of a range does.
 *
 * A restart makes an instance that watches the memory of nobody, as if the
 * process had ended. A task that has its own memory again has it watched.
 */
#include <linux/mm.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/pagewalk.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/userfaultfd_k.h>

#include "checkpoint.h"

/* Runs of pages in a record. */
#define CKPT_USERFAULT_RUNS	4096

/* The memory of a process that has ended: nobody has it, and it never goes. */
static struct mm_struct userfault_no_mm = {
	.mm_mt			= MTREE_INIT_EXT(mm_mt, MM_MT_FLAGS,
						 userfault_no_mm.mmap_lock),
	.mm_users		= ATOMIC_INIT(0),
	.mm_count		= ATOMIC_INIT(1),
	.write_protect_seq	= SEQCNT_ZERO(userfault_no_mm.write_protect_seq),
	MMAP_LOCK_INITIALIZER(userfault_no_mm)
	.page_table_lock	= __SPIN_LOCK_UNLOCKED(userfault_no_mm.page_table_lock),
	.mmlist			= LIST_HEAD_INIT(userfault_no_mm.mmlist),
	.task_size		= PAGE_MASK,
	.cpu_bitmap		= { [BITS_TO_LONGS(NR_CPUS)] = 0 },
};

/**
 * struct userfault_walk - what there is to say about watched pages
 * @runs: runs of pages, with room for CKPT_USERFAULT_RUNS
 * @nr: how many
 */
struct userfault_walk {
	struct ckpt_userfault_run *runs;
	u32 nr;
};

static bool ckpt_is_userfaultfd(const struct file *file)
{
	return file->f_op->checkpoint == userfaultfd_checkpoint;
}

static bool userfault_task_has(struct task_struct *task, const void *uffd)
{
	unsigned int fd = 0;
	struct file *file;
	bool has = false;

	while (!has) {
		rcu_read_lock();
		file = task_lookup_next_fdget_rcu(task, &fd);
		rcu_read_unlock();
		if (!file)
			break;
		has = ckpt_is_userfaultfd(file) && file->private_data == uffd;
		fput(file);
		fd++;
	}
	return has;
}

/**
 * ckpt_userfault_inside - has a task of the hierarchy a userfaultfd open?
 * @ctx: checkpoint context
 * @uffd: what an area says that watches it
 */
bool ckpt_userfault_inside(struct ckpt_ctx *ctx, const void *uffd)
{
	u32 i;

	for (i = 0; i < ctx->nr_members; i++) {
		if (userfault_task_has(ctx->members[i]->task, uffd))
			return true;
		cond_resched();
	}
	return false;
}

static void userfault_add(struct userfault_walk *w, unsigned long addr,
			  u32 flags)
{
	struct ckpt_userfault_run *run = w->nr ? &w->runs[w->nr - 1] : NULL;

	if (!flags)
		return;
	if (!run || run->flags != flags ||
	    run->start + run->nr_pages * PAGE_SIZE != addr) {
		run = &w->runs[w->nr++];
		*run = (struct ckpt_userfault_run){
			.start = addr,
			.flags = flags,
		};
	}
	run->nr_pages++;
}

static u32 userfault_pte(struct vm_area_struct *vma, unsigned long addr,
			 pte_t pte)
{
	struct page *page;
	u32 flags = 0;

	if (pte_none(pte))
		return 0;
	if (!pte_present(pte))
		return pte_swp_uffd_wp_any(pte) ? CKPT_USERFAULT_WP : 0;
	if (pte_uffd_wp(pte))
		flags |= CKPT_USERFAULT_WP;
	page = vm_normal_page(vma, addr, pte);
	if (!page && !(vma->vm_flags & VM_SHARED) && is_zero_pfn(pte_pfn(pte)))
		flags |= CKPT_USERFAULT_ZERO;
	if (page && !PageAnon(page) && userfaultfd_minor(vma))
		flags |= CKPT_USERFAULT_MAPPED;
	return flags;
}

static u32 userfault_huge(struct vm_area_struct *vma, unsigned long addr,
			  pmd_t pmd)
{
	struct page *page;
	u32 flags = 0;

	if (!pmd_present(pmd))
		return is_swap_pmd(pmd) && pmd_swp_uffd_wp(pmd) ?
		       CKPT_USERFAULT_WP : 0;
	if (pmd_uffd_wp(pmd))
		flags |= CKPT_USERFAULT_WP;
	page = vm_normal_page_pmd(vma, addr, pmd);
	if (is_huge_zero_pmd(pmd))
		flags |= CKPT_USERFAULT_ZERO;
	else if (page && !PageAnon(page) && userfaultfd_minor(vma))
		flags |= CKPT_USERFAULT_MAPPED;
	return flags;
}

static int userfault_walk_pmd(pmd_t *pmd, unsigned long addr, unsigned long end,
			      struct mm_walk *walk)
{
	struct vm_area_struct *vma = walk->vma;
	struct userfault_walk *w = walk->private;
	pte_t *start, *pte;
	spinlock_t *ptl; /* of the page table */
	u32 flags;

	ptl = pmd_trans_huge_lock(pmd, vma);
	if (ptl) {
		flags = userfault_huge(vma, addr & HPAGE_PMD_MASK, *pmd);
		for (; addr < end; addr += PAGE_SIZE)
			userfault_add(w, addr, flags);
		spin_unlock(ptl);
		return 0;
	}
	start = pte_offset_map_lock(vma->vm_mm, pmd, addr, &ptl);
	if (!start) {
		walk->action = ACTION_AGAIN;
		return 0;
	}
	for (pte = start; addr < end; pte++, addr += PAGE_SIZE)
		userfault_add(w, addr, userfault_pte(vma, addr, ptep_get(pte)));
	pte_unmap_unlock(start, ptl);
	cond_resched();
	return 0;
}

static const struct mm_walk_ops userfault_walk_ops = {
	.pmd_entry	= userfault_walk_pmd,
	.walk_lock	= PGWALK_RDLOCK,
};

static u64 userfault_modes(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & VM_UFFD_MISSING ?
		UFFDIO_REGISTER_MODE_MISSING : 0) |
	       (vma->vm_flags & VM_UFFD_WP ? UFFDIO_REGISTER_MODE_WP : 0) |
	       (vma->vm_flags & VM_UFFD_MINOR ?
		UFFDIO_REGISTER_MODE_MINOR : 0);
}

static int userfault_record(struct ckpt_ctx *ctx, struct vm_area_struct *vma,
			    unsigned long start, unsigned long end,
			    struct userfault_walk *w)
{
	size_t len = w->nr * sizeof(*w->runs);
	struct ckpt_hdr_userfault_range *h;

	h = ckpt_record(ctx, CKPT_HDR_USERFAULT_RANGE, len);
	if (!h)
		return -ENOMEM;
	h->start = start;
	h->end = end;
	h->modes = userfault_modes(vma);
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	if (vma->vm_flags & VM_HUGEPAGE)
		h->advice = MADV_HUGEPAGE;
	if (vma->vm_flags & VM_NOHUGEPAGE)
		h->advice = MADV_NOHUGEPAGE;
#endif
	h->nr_runs = w->nr;
	memcpy(h->runs, w->runs, len);
	w->nr = 0;
	return 0;
}

/* The mmap lock is held. */
static int userfault_area(struct ckpt_ctx *ctx, struct vm_area_struct *vma,
			  struct userfault_walk *w, u32 *nr)
{
	unsigned long start = vma->vm_start, addr = start, end;
	int ret = 0;

	while (!ret && addr < vma->vm_end) {
		/* Never more pages than there is room for runs. */
		end = min(addr + (CKPT_USERFAULT_RUNS - w->nr) * PAGE_SIZE,
			  vma->vm_end);
		ret = walk_page_range(vma->vm_mm, addr, end,
				      &userfault_walk_ops, w);
		addr = end;
		if (!ret && (addr == vma->vm_end ||
			     w->nr > CKPT_USERFAULT_RUNS / 2)) {
			ret = userfault_record(ctx, vma, start, addr, w);
			start = addr;
			++*nr;
		}
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	}
	return ret;
}

static int userfault_ranges(struct ckpt_ctx *ctx, struct mm_struct *mm,
			    const struct userfaultfd_ctx *uffd, u32 *nr)
{
	struct vm_area_struct *vma;
	struct userfault_walk w = {};
	struct vma_iterator vmi;
	int ret = 0;

	w.runs = kvmalloc_array(CKPT_USERFAULT_RUNS, sizeof(*w.runs),
				GFP_KERNEL_ACCOUNT);
	if (!w.runs)
		return -ENOMEM;
	if (mmap_read_lock_killable(mm)) {
		ret = -EINTR;
		goto out;
	}
	vma_iter_init(&vmi, mm, 0);
	for_each_vma(vmi, vma) {
		/* Those are refused with the areas. */
		if (vma->vm_userfaultfd_ctx.ctx != uffd ||
		    is_vm_hugetlb_page(vma))
			continue;
		ret = userfault_area(ctx, vma, &w, nr);
		if (ret)
			break;
	}
	mmap_read_unlock(mm);
out:
	kvfree(w.runs);
	return ret;
}

/* A member whose memory it is, as a pid; 0 for none. */
static s32 userfault_owner(struct ckpt_ctx *ctx, const struct mm_struct *mm)
{
	struct task_struct *task;
	bool has;
	u32 i;

	for (i = 0; i < ctx->nr_members; i++) {
		task = ctx->members[i]->task;
		task_lock(task);
		has = task->mm == mm;
		task_unlock(task);
		if (has)
			return task_pid_nr_ns(task, ns_of_pid(ctx->root_pid));
	}
	return 0;
}

static bool userfault_waits(struct wait_queue_head *queue)
{
	bool waits;

	spin_lock_irq(&queue->lock);
	waits = !list_empty(&queue->head);
	spin_unlock_irq(&queue->lock);
	return waits;
}

static int userfault_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
			      struct userfaultfd_ctx *uffd, bool lives, s32 pid)
{
	if (lives && !pid)
		return ckpt_refuse(ctx, task, -EBUSY,
				   "userfaultfd watches memory of a process outside of the hierarchy");
	if (userfault_waits(&uffd->fault_pending_wqh) ||
	    userfault_waits(&uffd->fault_wqh))
		return ckpt_refuse(ctx, task, -EBUSY,
				   "userfaultfd: a task outside of the hierarchy waits for a fault to be resolved");
	if (userfault_waits(&uffd->event_wqh) ||
	    atomic_read(&uffd->mmap_changing))
		return ckpt_refuse(ctx, task, -EBUSY,
				   "userfaultfd: an event has not been read");
	return 0;
}

/**
 * userfaultfd_checkpoint - capture a userfaultfd
 * @ctx: checkpoint context
 * @task: task that has it open
 * @file: the userfaultfd
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int userfaultfd_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			   struct file *file, struct ckpt_object *obj)
{
	struct userfaultfd_ctx *uffd = file->private_data;
	unsigned int obstacles = ctx->obstacles;
	bool lives = mmget_not_zero(uffd->mm);
	struct ckpt_hdr_userfaultfd *h;
	s32 pid;
	int ret;

	pid = lives ? userfault_owner(ctx, uffd->mm) : 0;
	ret = userfault_refusals(ctx, task, uffd, lives, pid);
	if (!ret && obstacles == ctx->obstacles)
		ret = ckpt_file_record_kind(ctx, file, obj,
					    CKPT_FILE_USERFAULTFD);
	if (ret || obstacles != ctx->obstacles)
		goto out;
	h = ckpt_record(ctx, CKPT_HDR_USERFAULTFD, 0);
	if (!h) {
		ret = -ENOMEM;
		goto out;
	}
	h->api = userfaultfd_state(file, &h->features);
	h->flags = uffd->flags;
	h->pid = pid;
	if (lives)
		ret = userfault_ranges(ctx, uffd->mm, uffd, &h->nr_ranges);
out:
	if (lives)
		mmput(uffd->mm);
	return ret;
}

/**
 * struct ckpt_userfault_late - memory that is watched from the commit on
 * @finish: link in the context
 * @file: the userfaultfd, which the object table holds
 * @ranges: what it watches, in the order of the image
 */
struct ckpt_userfault_late {
	struct ckpt_finish finish;
	struct file *file;
	struct list_head ranges;
};

/**
 * struct ckpt_userfault_range - a range that is to be watched
 * @list: link
 * @h: its record
 */
struct ckpt_userfault_range {
	struct list_head list;
	struct ckpt_hdr_userfault_range *h;
};

/* What is there already need not come. */
static int userfault_fill(struct userfaultfd_ctx *uffd, u64 start, u64 len,
			  bool mapped)
{
	ssize_t done;

	while (len) {
		done = mapped ? mfill_atomic_continue(uffd, start, len, 0) :
				mfill_atomic_zeropage(uffd, start, len);
		if (done == -EEXIST)
			done = PAGE_SIZE;
		if (done < 0)
			return done;
		start += done;
		len -= done;
	}
	return 0;
}

static int userfault_fill_run(struct userfaultfd_ctx *uffd,
			      const struct ckpt_userfault_run *run)
{
	u64 len = (u64)run->nr_pages << PAGE_SHIFT;
	int ret = 0;

	if (run->flags & (CKPT_USERFAULT_ZERO | CKPT_USERFAULT_MAPPED))
		ret = userfault_fill(uffd, run->start, len,
				     run->flags & CKPT_USERFAULT_MAPPED);
	if (!ret && (run->flags & CKPT_USERFAULT_WP))
		ret = mwriteprotect_range(uffd, run->start, len, true);
	return ret;
}

/* Huge pages were not to come into being while the area was filled. */
static int userfault_advise(const struct ckpt_hdr_userfault_range *h)
{
	int ret = 0;

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	VMA_ITERATOR(vmi, current->mm, h->start);
	struct vm_area_struct *vma;

	if (h->advice == MADV_HUGEPAGE)
		ret = do_madvise(current->mm, h->start, h->end - h->start,
				 MADV_HUGEPAGE);
	if (h->advice)
		return ret;
	if (mmap_write_lock_killable(current->mm))
		return -EINTR;
	for_each_vma_range(vmi, vma, h->end)
		if (userfaultfd_armed(vma))
			vm_flags_clear(vma, VM_NOHUGEPAGE);
	mmap_write_unlock(current->mm);
#endif
	return ret;
}

static int userfault_restore_range(struct ckpt_ctx *ctx,
				   struct userfaultfd_ctx *uffd,
				   const struct ckpt_hdr_userfault_range *h)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < h->nr_runs; i++) {
		ret = userfault_fill_run(uffd, &h->runs[i]);
		cond_resched();
	}
	if (!ret)
		ret = userfault_advise(h);
	if (ret)
		ckpt_err(ctx, current, ret,
			 "memory %llx-%llx: pages that userfaultfd watches cannot be as they were",
			 h->start, h->end);
	return ret;
}

static int userfault_watch(struct ckpt_ctx *ctx, struct ckpt_finish *finish)
{
	struct ckpt_userfault_late *late =
		container_of(finish, struct ckpt_userfault_late, finish);
	struct userfaultfd_ctx *uffd = late->file->private_data;
	struct ckpt_userfault_range *range;
	bool basic;
	int ret;

	mmgrab(current->mm);
	/* Others may look at it by now; nobody has it for good. */
	WRITE_ONCE(uffd->mm, current->mm);
	mmdrop(&userfault_no_mm);
	list_for_each_entry(range, &late->ranges, list) {
		struct uffdio_range where = {
			.start = range->h->start,
			.len = range->h->end - range->h->start,
		};

		ret = userfaultfd_register_modes(uffd, &where, range->h->modes,
						 &basic);
		if (ret)
			return ckpt_err(ctx, current, ret,
					"memory %llx-%llx cannot be registered with userfaultfd, modes %#llx",
					range->h->start, range->h->end,
					range->h->modes);
	}
	list_for_each_entry(range, &late->ranges, list) {
		ret = userfault_restore_range(ctx, uffd, range->h);
		if (ret)
			return ret;
	}
	return 0;
}

static void userfault_late_free(struct ckpt_finish *finish)
{
	struct ckpt_userfault_late *late =
		container_of(finish, struct ckpt_userfault_late, finish);
	struct ckpt_userfault_range *range, *next;

	list_for_each_entry_safe(range, next, &late->ranges, list) {
		kvfree(range->h);
		kfree(range);
	}
	kfree(late);
}

static bool userfault_range_valid(const struct ckpt_hdr_userfault_range *h)
{
	u64 behind = h->start, len;
	u32 i;

	if (!PAGE_ALIGNED(h->start) || !PAGE_ALIGNED(h->end) ||
	    h->start >= h->end || h->end > TASK_SIZE ||
	    (h->advice && h->advice != MADV_HUGEPAGE &&
	     h->advice != MADV_NOHUGEPAGE))
		return false;
	for (i = 0; i < h->nr_runs; i++) {
		len = (u64)h->runs[i].nr_pages << PAGE_SHIFT;
		if (!PAGE_ALIGNED(h->runs[i].start) || !len ||
		    h->runs[i].flags & ~(CKPT_USERFAULT_ZERO |
					 CKPT_USERFAULT_MAPPED |
					 CKPT_USERFAULT_WP) ||
		    h->runs[i].start < behind || h->runs[i].start >= h->end ||
		    len > h->end - h->runs[i].start)
			return false;
		behind = h->runs[i].start + len;
	}
	return true;
}

static int userfault_read_range(struct ckpt_ctx *ctx,
				struct ckpt_userfault_late *late)
{
	struct ckpt_userfault_range *range;

	range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
	if (!range)
		return -ENOMEM;
	range->h = ckpt_next_record(ctx, CKPT_HDR_USERFAULT_RANGE);
	if (IS_ERR(range->h)) {
		int ret = PTR_ERR(range->h);

		kfree(range);
		return ret;
	}
	list_add_tail(&range->list, &late->ranges);
	if (userfault_range_valid(range->h))
		return 0;
	return ckpt_err(ctx, current, -EINVAL,
			"memory %llx-%llx that userfaultfd watches is not valid",
			range->h->start, range->h->end);
}

static int userfault_read(struct ckpt_ctx *ctx, struct file *file,
			  const struct ckpt_hdr_userfaultfd *h)
{
	struct task_struct *task = ckpt_member_task(ctx, h->pid);
	struct ckpt_userfault_late *late;
	int ret = 0;
	u32 i;

	/* That of a process that has ended. */
	if (!h->pid && !h->nr_ranges)
		return 0;
	if (!task || (h->nr_ranges && !h->api))
		return ckpt_err(ctx, current, -EINVAL,
				"userfaultfd cannot watch memory of task %d",
				h->pid);
	late = kzalloc(sizeof(*late), GFP_KERNEL_ACCOUNT);
	if (!late)
		return -ENOMEM;
	late->file = file;
	INIT_LIST_HEAD(&late->ranges);
	late->finish.task = task;
	late->finish.run = userfault_watch;
	late->finish.free = userfault_late_free;
	for (i = 0; !ret && i < h->nr_ranges; i++) {
		ret = userfault_read_range(ctx, late);
		cond_resched();
	}
	if (ret)
		userfault_late_free(&late->finish);
	else
		ckpt_finish_add(ctx, &late->finish);
	return ret;
}

/**
 * ckpt_userfaultfd_restore - make a userfaultfd
 * @ctx: restart context
 * @h: its file record
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_userfaultfd_restore(struct ckpt_ctx *ctx,
				      const struct ckpt_hdr_file *h)
{
	struct ckpt_hdr_userfaultfd *uffd;
	struct file *file;
	int ret;

	uffd = ckpt_next_record(ctx, CKPT_HDR_USERFAULTFD);
	if (IS_ERR(uffd))
		return ERR_CAST(uffd);
	if (uffd->flags & ~(UFFD_SHARED_FCNTL_FLAGS | UFFD_USER_MODE_ONLY) ||
	    (uffd->features && !uffd->api))
		file = ERR_PTR(-EINVAL);
	else
		file = userfaultfd_restore(uffd->flags, uffd->api,
					   uffd->features, &userfault_no_mm);
	if (IS_ERR(file)) {
		ckpt_err(ctx, current, PTR_ERR(file),
			 "cannot make a userfaultfd with features %#llx, flags %#x",
			 uffd->features, uffd->flags);
		goto out;
	}
	ret = userfault_read(ctx, file, uffd);
	if (ret) {
		fput(file);
		file = ERR_PTR(ret);
	}
out:
	kvfree(uffd);
	return file;
}
