// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: address spaces.
 *
 * Capturing walks the page tables and takes references to the pages that
 * cannot be had elsewhere: those that are anonymous. Nothing is faulted in.
 *
 * Restoring builds a new address space. The restarting task uses it while it
 * does so, because that is what mmap(2), madvise(2) and mlock(2) work on, and
 * goes back to its own until the commit.
 */
#include <linux/checkpoint_ctx.h>
#include <linux/binfmts.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/ksm.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/mman.h>
#include <linux/mmu_context.h>
#include <linux/namei.h>
#include <linux/pagewalk.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/swapops.h>
#include <linux/syscalls.h>
#include <linux/userfaultfd_k.h>
#include <uapi/linux/membarrier.h>

#include "internal.h"

/* Pages in a chunk: 32 MiB of 4 KiB pages. */
#define CKPT_CHUNK_PAGES	8192

/* madvise(2) in force: a bit of vm_flags for a value of the call. */
static const struct {
	unsigned long vm_flag;
	int advice;
} ckpt_advice[] = {
	{ VM_RAND_READ,		MADV_RANDOM },
	{ VM_SEQ_READ,		MADV_SEQUENTIAL },
	{ VM_DONTCOPY,		MADV_DONTFORK },
	{ VM_DONTDUMP,		MADV_DONTDUMP },
	{ VM_WIPEONFORK,	MADV_WIPEONFORK },
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	{ VM_HUGEPAGE,		MADV_HUGEPAGE },
	{ VM_NOHUGEPAGE,	MADV_NOHUGEPAGE },
#endif
#ifdef CONFIG_KSM
	{ VM_MERGEABLE,		MADV_MERGEABLE },
#endif
};

/* Attributes of the address space: a bit of mm->flags for one of the image. */
static const struct {
	int mm_flag;
	u64 flag;
} ckpt_mm_flags[] = {
	{ MMF_DISABLE_THP,		CKPT_MMF_THP_DISABLE },
	{ MMF_HAS_MDWE,			CKPT_MMF_MDWE },
	{ MMF_HAS_MDWE_NO_INHERIT,	CKPT_MMF_MDWE_NO_INHERIT },
};

/* membarrier(2): states of an address space for the registering command. */
static const struct {
	int state;
	u64 cmd;
} ckpt_membarrier[] = {
#ifdef CONFIG_MEMBARRIER
	{ MEMBARRIER_STATE_GLOBAL_EXPEDITED |
	  MEMBARRIER_STATE_GLOBAL_EXPEDITED_READY,
	  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED },
	{ MEMBARRIER_STATE_PRIVATE_EXPEDITED |
	  MEMBARRIER_STATE_PRIVATE_EXPEDITED_READY,
	  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED },
	{ MEMBARRIER_STATE_PRIVATE_EXPEDITED_SYNC_CORE |
	  MEMBARRIER_STATE_PRIVATE_EXPEDITED_SYNC_CORE_READY,
	  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE },
	{ MEMBARRIER_STATE_PRIVATE_EXPEDITED_RSEQ |
	  MEMBARRIER_STATE_PRIVATE_EXPEDITED_RSEQ_READY,
	  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ },
#endif
};

/* Pages */

/**
 * struct ckpt_walk - pages on their way from the page tables to the image
 * @addrs: addresses
 * @pages: pages with a reference; NULL for one that is swapped out
 * @nr: how many
 * @bad: address of a page that has been lost to a memory error
 */
struct ckpt_walk {
	u64 *addrs;
	struct page **pages;
	u32 nr;
	unsigned long bad;
};

static void ckpt_walk_add(struct ckpt_walk *w, unsigned long addr,
			  struct page *page)
{
	if (page)
		get_page(page);
	w->addrs[w->nr] = addr;
	w->pages[w->nr++] = page;
}

static void ckpt_walk_pte(struct ckpt_walk *w, struct vm_area_struct *vma,
			  unsigned long addr, pte_t pte)
{
	struct page *page;
	swp_entry_t entry;

	if (pte_none(pte))
		return;
	if (pte_present(pte)) {
		/* NULL for the zero page, which is as good as no page. */
		page = vm_normal_page(vma, addr, pte);
		if (page && PageAnon(page))
			ckpt_walk_add(w, addr, page);
		return;
	}
	entry = pte_to_swp_entry(pte);
	if (is_hwpoison_entry(entry) || is_poisoned_swp_entry(entry))
		w->bad = addr;
	else if (!is_pte_marker_entry(entry))
		ckpt_walk_add(w, addr, NULL);
}

static void ckpt_walk_huge(struct ckpt_walk *w, struct vm_area_struct *vma,
			   unsigned long addr, unsigned long end, pmd_t pmd)
{
	struct page *page = NULL;

	if (pmd_present(pmd)) {
		page = vm_normal_page_pmd(vma, addr, pmd);
		if (!page || !PageAnon(page))
			return;
		/* The range need not begin with the huge page. */
		page += (addr & ~HPAGE_PMD_MASK) >> PAGE_SHIFT;
	}
	for (; addr < end; addr += PAGE_SIZE) {
		ckpt_walk_add(w, addr, page);
		if (page)
			page++;
	}
}

static int ckpt_walk_pmd(pmd_t *pmd, unsigned long addr, unsigned long end,
			 struct mm_walk *walk)
{
	struct vm_area_struct *vma = walk->vma;
	struct ckpt_walk *w = walk->private;
	pte_t *start, *pte;
	spinlock_t *ptl; /* of the page table */

	ptl = pmd_trans_huge_lock(pmd, vma);
	if (ptl) {
		ckpt_walk_huge(w, vma, addr, end, *pmd);
		spin_unlock(ptl);
		return 0;
	}
	start = pte_offset_map_lock(vma->vm_mm, pmd, addr, &ptl);
	if (!start) {
		walk->action = ACTION_AGAIN;
		return 0;
	}
	for (pte = start; addr < end; pte++, addr += PAGE_SIZE)
		ckpt_walk_pte(w, vma, addr, ptep_get(pte));
	pte_unmap_unlock(start, ptl);
	cond_resched();
	return 0;
}

static const struct mm_walk_ops ckpt_walk_ops = {
	.pmd_entry	= ckpt_walk_pmd,
	.walk_lock	= PGWALK_RDLOCK,
};

static int ckpt_walk_flush(struct ckpt_ctx *ctx, struct mm_struct *mm,
			   struct ckpt_walk *w)
{
	int ret;

	if (!w->nr)
		return 0;
	ret = ckpt_record_pages(ctx, mm, w->addrs, w->pages, w->nr);
	if (!ret)
		w->nr = 0;
	return ret;
}

/* The pages of an area that cannot be had elsewhere, in chunks. */
static int ckpt_vma_pages(struct ckpt_ctx *ctx, struct vm_area_struct *vma,
			  struct ckpt_walk *w)
{
	unsigned long addr = vma->vm_start, end;
	int ret = 0;

	/* Only what has been written to privately makes an anon_vma. */
	if (!vma->anon_vma || (vma->vm_flags & VM_DROPPABLE))
		addr = vma->vm_end;

	while (!ret && addr < vma->vm_end) {
		/* Never more than a chunk, so that there is room for all. */
		end = min(addr + (CKPT_CHUNK_PAGES - w->nr) * PAGE_SIZE,
			  vma->vm_end);
		ret = walk_page_range(vma->vm_mm, addr, end, &ckpt_walk_ops, w);
		if (!ret && w->bad)
			ret = -EIO;
		addr = end;
		if (!ret && w->nr > CKPT_CHUNK_PAGES / 2)
			ret = ckpt_walk_flush(ctx, vma->vm_mm, w);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	}
	if (!ret)
		ret = ckpt_walk_flush(ctx, vma->vm_mm, w);
	return ret;
}

/* Areas: checkpoint */

static const char *ckpt_vma_special(struct vm_area_struct *vma)
{
	if (vma->vm_file || !vma->vm_ops || !vma->vm_ops->name)
		return NULL;
	return vma->vm_ops->name(vma);
}

static bool ckpt_vma_known_special(const char *name)
{
	return name && (!strcmp(name, "[vdso]") || !strcmp(name, "[vvar]"));
}

/* What no record holds of an area. */
static const char *ckpt_vma_refusal(struct vm_area_struct *vma)
{
	const char *special = ckpt_vma_special(vma);

	if (is_vm_hugetlb_page(vma))
		return "hugetlb memory";
	if (userfaultfd_armed(vma))
		return "registered with userfaultfd";
	if (vma->vm_flags & VM_SHADOW_STACK)
		return "shadow stack";
	if (vma->vm_flags & VM_SYNC)
		return "synchronous mapping (MAP_SYNC)";
	if (special)
		return ckpt_vma_known_special(special) ? NULL :
			"mapped by the kernel for something that is not supported";
	if (vma->vm_flags & (VM_IO | VM_PFNMAP | VM_MIXEDMAP))
		return "memory of a device";
	if (vma_pkey(vma) && !arch_ckpt_pkey_derived(vma))
		return "memory protection key";
#ifdef CONFIG_NUMA
	if (vma->vm_policy)
		return "NUMA memory policy";
#endif
	if (!vma->vm_file && !vma_is_anonymous(vma))
		return "unknown kind of memory";
	return NULL;
}

static u32 ckpt_vma_prot(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & VM_READ ? PROT_READ : 0) |
	       (vma->vm_flags & VM_WRITE ? PROT_WRITE : 0) |
	       (vma->vm_flags & VM_EXEC ? PROT_EXEC : 0);
}

static void ckpt_vma_fill(struct vm_area_struct *vma, struct ckpt_hdr_vma *h,
			  s32 file_ref, bool named)
{
	int i;

	h->start = vma->vm_start;
	h->end = vma->vm_end;
	h->prot = ckpt_vma_prot(vma);
	h->map_flags = vma->vm_flags & VM_MAYSHARE ? MAP_SHARED : MAP_PRIVATE;
	if (vma->vm_flags & VM_DROPPABLE)
		h->map_flags = MAP_DROPPABLE;
	else if (vma->vm_flags & VM_NORESERVE)
		h->map_flags |= MAP_NORESERVE;
	if (vma->vm_flags & VM_GROWSDOWN)
		h->map_flags |= MAP_GROWSDOWN;
	h->flags = (vma->vm_flags & VM_LOCKED ? CKPT_VMAF_LOCKED : 0) |
		   (vma->vm_flags & VM_LOCKONFAULT ? CKPT_VMAF_LOCKONFAULT : 0) |
		   (vma->vm_flags & VM_SEALED ? CKPT_VMAF_SEALED : 0) |
		   ((vma->vm_flags & (VM_ACCOUNT | VM_WRITE)) == VM_ACCOUNT ?
		    CKPT_VMAF_COMMITTED : 0) |
		   (named ? CKPT_VMAF_NAMED : 0);
	for (i = 0; i < ARRAY_SIZE(ckpt_advice); i++)
		if (vma->vm_flags & ckpt_advice[i].vm_flag)
			h->advice |= 1ULL << ckpt_advice[i].advice;
	h->file_ref = file_ref;
	if (vma->vm_file)
		h->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
}

static int ckpt_vma_checkpoint(struct ckpt_ctx *ctx, struct vm_area_struct *vma,
			       struct ckpt_walk *w)
{
	const char *special = ckpt_vma_special(vma);
	struct anon_vma_name *name = anon_vma_name(vma);
	struct ckpt_hdr_vma *h;
	s32 ref = 0;
	int ret;

	/* A dry run has said so already. */
	if (ckpt_vma_refusal(vma))
		return 0;
	if (vma->vm_file) {
		/* Captured before, unless the areas have changed meanwhile. */
		ref = ckpt_obj_known(ctx, vma->vm_file, CKPT_OBJ_FILE);
		if (!ref && !ckpt_dry_run(ctx))
			return -EBUSY;
	}

	h = ckpt_record(ctx, CKPT_HDR_VMA, 0);
	if (!h)
		return -ENOMEM;
	ckpt_vma_fill(vma, h, ref, name);
	if (special) {
		h->kind = CKPT_VMA_SPECIAL;
		ret = ckpt_record_string(ctx, special);
	} else {
		h->kind = vma->vm_file ? CKPT_VMA_FILE : CKPT_VMA_ANON;
		ret = name ? ckpt_record_string(ctx, name->name) : 0;
	}
	if (!ret)
		ret = ckpt_vma_pages(ctx, vma, w);
	if (!ret)
		ret = ckpt_record_pages(ctx, vma->vm_mm, NULL, NULL, 0);
	return ret;
}

/**
 * struct ckpt_area - what there is to say about an area without its lock
 * @start: first address
 * @end: first address behind it
 * @file: mapped file with a reference, or NULL
 * @why: why it is refused, or NULL
 * @special: name of a special mapping, or NULL
 */
struct ckpt_area {
	unsigned long start;
	unsigned long end;
	struct file *file;
	const char *why;
	const char *special;
};

/* Neither looking up paths nor writing the log goes with the mmap lock. */
static struct ckpt_area *ckpt_mm_areas(struct mm_struct *mm, u32 *nr)
{
	struct ckpt_area *areas = NULL;
	struct vm_area_struct *vma;
	struct vma_iterator vmi;
	u32 max;

	for (;;) {
		max = READ_ONCE(mm->map_count);
		areas = kvcalloc(max, sizeof(*areas), GFP_KERNEL_ACCOUNT);
		if (!areas)
			return ERR_PTR(-ENOMEM);
		if (mmap_read_lock_killable(mm)) {
			kvfree(areas);
			return ERR_PTR(-EINTR);
		}
		if (mm->map_count <= max)
			break;
		mmap_read_unlock(mm);
		kvfree(areas);
	}
	*nr = 0;
	vma_iter_init(&vmi, mm, 0);
	for_each_vma(vmi, vma) {
		struct ckpt_area *area = &areas[(*nr)++];

		area->start = vma->vm_start;
		area->end = vma->vm_end;
		area->special = ckpt_vma_special(vma);
		area->why = ckpt_vma_refusal(vma);
		if (vma->vm_file)
			area->file = get_file(vma->vm_file);
	}
	mmap_read_unlock(mm);
	return areas;
}

static int ckpt_area_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
				const struct ckpt_area *area)
{
	s32 ref;

	if (area->why)
		return ckpt_refuse(ctx, task, -EOPNOTSUPP,
				   "memory %lx-%lx%s%s: %s", area->start,
				   area->end, area->special ? " " : "",
				   area->special ?: "", area->why);
	if (!area->file)
		return 0;
	ref = ckpt_obj_checkpoint(ctx, task, area->file, CKPT_OBJ_FILE);
	return ref < 0 ? ref : 0;
}

/* The files first: their records stand before the address space's. */
static int ckpt_mm_files(struct ckpt_ctx *ctx, struct task_struct *task,
			 struct mm_struct *mm, s32 *exe_ref)
{
	struct ckpt_area *areas;
	struct file *exe;
	u32 nr, i;
	int ret = 0;

	exe = get_mm_exe_file(mm);
	*exe_ref = exe ? ckpt_obj_checkpoint(ctx, task, exe, CKPT_OBJ_FILE) : 0;
	if (exe)
		fput(exe);
	if (*exe_ref < 0)
		return *exe_ref;

	areas = ckpt_mm_areas(mm, &nr);
	if (IS_ERR(areas))
		return PTR_ERR(areas);
	for (i = 0; i < nr; i++) {
		if (!ret)
			ret = ckpt_area_checkpoint(ctx, task, &areas[i]);
		if (areas[i].file)
			fput(areas[i].file);
	}
	kvfree(areas);
	return ret;
}

static int ckpt_mm_record(struct ckpt_ctx *ctx, struct mm_struct *mm,
			  struct ckpt_object *obj, s32 exe_ref)
{
	struct ckpt_hdr_mm *h;
	u32 nr_auxv = AT_VECTOR_SIZE, i;

	/* Up to and including the last pair, which is AT_NULL. */
	for (i = 0; i < AT_VECTOR_SIZE; i += 2)
		if (mm->saved_auxv[i] == AT_NULL) {
			nr_auxv = min_t(u32, i + 2, AT_VECTOR_SIZE);
			break;
		}

	h = ckpt_record(ctx, CKPT_HDR_MM, nr_auxv * sizeof(u64));
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->nr_vmas = mm->map_count;
	h->exe_ref = exe_ref;
	h->dumpable = get_dumpable(mm);
	for (i = 0; i < ARRAY_SIZE(ckpt_mm_flags); i++)
		if (test_bit(ckpt_mm_flags[i].mm_flag, &mm->flags))
			h->flags |= ckpt_mm_flags[i].flag;
	if (test_bit(MMF_VM_MERGE_ANY, &mm->flags))
		h->flags |= CKPT_MMF_MERGE_ANY;
	if (mm->def_flags & VM_LOCKED)
		h->flags |= CKPT_MMF_MLOCK_FUTURE;
	if (mm->def_flags & VM_LOCKONFAULT)
		h->flags |= CKPT_MMF_MLOCK_ONFAULT;
	if (!test_bit(MMF_TOPDOWN, &mm->flags))
		h->flags |= CKPT_MMF_LEGACY_LAYOUT;
	h->dump_filter = (mm->flags & MMF_DUMP_FILTER_MASK) >>
			 MMF_DUMP_FILTER_SHIFT;
#ifdef CONFIG_MEMBARRIER
	for (i = 0; i < ARRAY_SIZE(ckpt_membarrier); i++)
		if (atomic_read(&mm->membarrier_state) &
		    ckpt_membarrier[i].state)
			h->membarrier |= ckpt_membarrier[i].cmd;
#endif
	spin_lock(&mm->arg_lock);
	h->start_code = mm->start_code;
	h->end_code = mm->end_code;
	h->start_data = mm->start_data;
	h->end_data = mm->end_data;
	h->start_brk = mm->start_brk;
	h->brk = mm->brk;
	h->start_stack = mm->start_stack;
	h->arg_start = mm->arg_start;
	h->arg_end = mm->arg_end;
	h->env_start = mm->env_start;
	h->env_end = mm->env_end;
	spin_unlock(&mm->arg_lock);
	h->mmap_base = mm->mmap_base;
	h->nr_auxv = nr_auxv;
	for (i = 0; i < nr_auxv; i++)
		h->auxv[i] = mm->saved_auxv[i];
	return 0;
}

static int ckpt_mm_context_record(struct ckpt_ctx *ctx, struct mm_struct *mm)
{
	struct ckpt_hdr_mm_context *h;
	unsigned long addr;
	const void *image;
	size_t size;

	h = ckpt_record(ctx, CKPT_HDR_MM_CONTEXT, 0);
	if (!h)
		return -ENOMEM;
	image = arch_ckpt_vdso(mm, &addr, &size);
	if (image) {
		h->vdso = addr;
		h->vdso_size = size;
		h->vdso_checksum = xxh64(image, size, 0);
	}
	return 0;
}

static int ckpt_mm_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
			    struct mm_struct *mm)
{
	int ret = 0;

#ifdef CONFIG_AIO
	if (rcu_access_pointer(mm->ioctx_table))
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
				  "asynchronous I/O context");
#endif
	return ret ?: arch_ckpt_mm_refusals(ctx, task, mm);
}

static int ckpt_mm_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			      void *ptr, struct ckpt_object *obj)
{
	struct mm_struct *mm = ptr;
	struct vma_iterator vmi;
	struct vm_area_struct *vma;
	struct ckpt_walk w = {};
	s32 exe_ref;
	u32 i;
	int ret;

	ret = ckpt_mm_refusals(ctx, task, mm);
	if (ret)
		return ret;
	ret = ckpt_mm_files(ctx, task, mm, &exe_ref);
	if (ret)
		return ret;
	w.addrs = kvmalloc_array(CKPT_CHUNK_PAGES, sizeof(*w.addrs),
				 GFP_KERNEL);
	w.pages = kvmalloc_array(CKPT_CHUNK_PAGES, sizeof(*w.pages),
				 GFP_KERNEL);
	if (!w.addrs || !w.pages) {
		ret = -ENOMEM;
		goto free;
	}
	if (mmap_read_lock_killable(mm)) {
		ret = -EINTR;
		goto free;
	}
	ret = ckpt_mm_record(ctx, mm, obj, exe_ref);
	if (!ret)
		ret = ckpt_mm_context_record(ctx, mm);
	vma_iter_init(&vmi, mm, 0);
	if (!ret)
		for_each_vma(vmi, vma) {
			ret = ckpt_vma_checkpoint(ctx, vma, &w);
			if (ret)
				break;
		}
	mmap_read_unlock(mm);
	for (i = 0; i < w.nr; i++)
		if (w.pages[i])
			put_page(w.pages[i]);
	if (w.bad)
		ckpt_err(ctx, task, ret,
			 "page %lx has been lost to a memory error", w.bad);
	else if (ret == -EBUSY)
		ckpt_err(ctx, task, ret,
			 "memory changes: it is shared with a task that runs");
free:
	kvfree(w.addrs);
	kvfree(w.pages);
	return ret;
}

/* Which address space does current use? */

/*
 * Neither address space comes or goes: the caller has a reference to the one
 * that current leaves.
 */
static void ckpt_switch_mm(struct mm_struct *mm)
{
	struct task_struct *tsk = current;
	struct mm_struct *old = tsk->mm;

	sched_mm_cid_before_execve(tsk);
	task_lock(tsk);
	local_irq_disable();
	tsk->active_mm = mm;
	tsk->mm = mm;
	membarrier_update_current_mm(mm);
	/* As in exec_mmap(). */
	if (!IS_ENABLED(CONFIG_ARCH_WANT_IRQS_OFF_ACTIVATE_MM))
		local_irq_enable();
	activate_mm(old, mm);
	if (IS_ENABLED(CONFIG_ARCH_WANT_IRQS_OFF_ACTIVATE_MM))
		local_irq_enable();
	task_unlock(tsk);
	lru_gen_use_mm(mm);
	sched_mm_cid_after_execve(tsk);
}

/**
 * ckpt_commit_mm - take on an address space for good
 * @mm: restored address space
 */
void ckpt_commit_mm(struct mm_struct *mm)
{
	struct mm_struct *old = current->mm;

	exec_mm_release(current, old);
	down_write(&current->signal->exec_update_lock);
	mmget(mm);
	ckpt_switch_mm(mm);
	up_write(&current->signal->exec_update_lock);
	setmax_mm_hiwater_rss(&current->signal->maxrss, old);
	mm_update_next_owner(old);
	mmput(old);
}

/* Areas: restart; current uses the new address space. */

static bool ckpt_vma_flags_valid(const struct ckpt_hdr_vma *h)
{
	bool anon = h->kind == CKPT_VMA_ANON, file = h->kind == CKPT_VMA_FILE;
	u32 type = h->map_flags & MAP_TYPE;

	if (h->map_flags & ~(MAP_TYPE | MAP_NORESERVE | MAP_GROWSDOWN))
		return false;
	switch (type) {
	case MAP_PRIVATE:
		break;
	case MAP_SHARED:
		if (!file)
			return false;
		break;
	case MAP_DROPPABLE:
		if (!anon)
			return false;
		break;
	default:
		return false;
	}
	if ((h->map_flags & MAP_GROWSDOWN) && !anon)
		return false;
	if (file ? !h->file_ref : h->file_ref || h->offset)
		return false;
	if ((h->flags & CKPT_VMAF_COMMITTED) &&
	    (type != MAP_PRIVATE || (h->prot & PROT_WRITE) ||
	     (h->map_flags & MAP_NORESERVE) || h->kind == CKPT_VMA_SPECIAL))
		return false;
	return PAGE_ALIGNED(h->offset) &&
	       !((h->flags & CKPT_VMAF_NAMED) && h->kind == CKPT_VMA_SPECIAL);
}

static int ckpt_vma_check(struct ckpt_ctx *ctx, const struct ckpt_hdr_vma *h,
			  u64 behind)
{
	if (h->start >= h->end || !PAGE_ALIGNED(h->start) ||
	    !PAGE_ALIGNED(h->end) || h->end > TASK_SIZE || h->start < behind)
		return ckpt_err(ctx, current, -EINVAL,
				"memory %llx-%llx is not where it can be",
				h->start, h->end);
	if (!ckpt_vma_flags_valid(h))
		return ckpt_err(ctx, current, -EINVAL,
				"memory %llx-%llx: flags, offset or file are not valid",
				h->start, h->end);
	return 0;
}

static int ckpt_vma_advise(struct ckpt_ctx *ctx, const struct ckpt_hdr_vma *h)
{
	u64 advice = h->advice;
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(ckpt_advice); i++) {
		if (!(advice & 1ULL << ckpt_advice[i].advice))
			continue;
		advice &= ~(1ULL << ckpt_advice[i].advice);
		ret = do_madvise(current->mm, h->start, h->end - h->start,
				 ckpt_advice[i].advice);
		if (ret)
			return ckpt_err(ctx, current, ret,
					"memory %llx-%llx: advice %d",
					h->start, h->end,
					ckpt_advice[i].advice);
	}
	if (advice)
		return ckpt_err(ctx, current, -EINVAL,
				"memory %llx-%llx: unknown advice %llx",
				h->start, h->end, advice);
	return 0;
}

static int ckpt_vma_map(struct ckpt_ctx *ctx, const struct ckpt_hdr_vma *h)
{
	unsigned long addr, populate, flags = h->map_flags | MAP_FIXED_NOREPLACE;
	struct file *file = NULL;
	vm_flags_t vm_flags = 0;
	long committed = 0;
	int ret;

	if (h->kind == CKPT_VMA_FILE) {
		file = ckpt_obj_fetch(ctx, h->file_ref, CKPT_OBJ_FILE);
		if (IS_ERR(file))
			return PTR_ERR(file);
	} else {
		flags |= MAP_ANONYMOUS;
	}
	if (h->flags & (CKPT_VMAF_LOCKED | CKPT_VMAF_LOCKONFAULT)) {
		if (!can_do_mlock())
			return ckpt_err(ctx, current, -EPERM,
					"memory %llx-%llx: the caller may not lock it",
					h->start, h->end);
		vm_flags |= VM_LOCKED;
		if (h->flags & CKPT_VMAF_LOCKONFAULT)
			vm_flags |= VM_LOCKONFAULT;
	}

	ret = security_mmap_file(file, h->prot, flags);
	if (!ret && (h->flags & CKPT_VMAF_COMMITTED)) {
		/* It was writable once; mmap(2) counts only what is. */
		committed = (h->end - h->start) >> PAGE_SHIFT;
		vm_flags |= VM_ACCOUNT;
		ret = security_vm_enough_memory_mm(current->mm, committed);
	}
	if (ret)
		return ckpt_err(ctx, current, ret,
				"memory %llx-%llx cannot be mapped", h->start,
				h->end);
	if (mmap_write_lock_killable(current->mm)) {
		vm_unacct_memory(committed);
		return -EINTR;
	}
	addr = do_mmap(file, h->start, h->end - h->start, h->prot, flags,
		       vm_flags, h->offset >> PAGE_SHIFT, &populate, NULL);
	mmap_write_unlock(current->mm);
	if (IS_ERR_VALUE(addr)) {
		vm_unacct_memory(committed);
		return ckpt_err(ctx, current, addr,
				"memory %llx-%llx cannot be mapped", h->start,
				h->end);
	}
	return ckpt_vma_advise(ctx, h);
}

/* What the kernel maps by itself is there already; is it as it was? */
static int ckpt_vma_special_check(struct ckpt_ctx *ctx,
				  const struct ckpt_hdr_vma *h)
{
	struct vm_area_struct *vma;
	const char *found;
	char *name;
	bool same;

	name = ckpt_next_string(ctx);
	if (IS_ERR(name))
		return PTR_ERR(name);
	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, h->start);
	found = vma ? ckpt_vma_special(vma) : NULL;
	same = found && !strcmp(found, name) && vma->vm_start == h->start &&
	       vma->vm_end == h->end && ckpt_vma_prot(vma) == h->prot;
	mmap_read_unlock(current->mm);
	if (!same)
		ckpt_err(ctx, current, -EINVAL,
			 "memory %llx-%llx: this kernel cannot map %s there",
			 h->start, h->end, name);
	kfree(name);
	return same ? 0 : -EINVAL;
}

static int ckpt_vma_name(struct ckpt_ctx *ctx, const struct ckpt_hdr_vma *h)
{
	struct anon_vma_name *anon_name;
	char *name;
	int ret;

	name = ckpt_next_string(ctx);
	if (IS_ERR(name))
		return PTR_ERR(name);
	anon_name = anon_vma_name_alloc(name);
	ret = anon_name ? mmap_write_lock_killable(current->mm) : -ENOMEM;
	if (!ret) {
		ret = madvise_set_anon_name(current->mm, h->start,
					    h->end - h->start, anon_name);
		mmap_write_unlock(current->mm);
		if (ret)
			ckpt_err(ctx, current, ret,
				 "memory %llx-%llx: name %s", h->start, h->end,
				 name);
	}
	anon_vma_name_put(anon_name);
	kfree(name);
	return ret;
}

static int ckpt_chunk_restore(struct ckpt_ctx *ctx,
			      const struct ckpt_hdr_vma *h, u64 nr, u64 *last)
{
	u64 *addrs;
	u64 i;
	int ret;

	addrs = kvmalloc_array(nr, sizeof(*addrs), GFP_KERNEL_ACCOUNT);
	if (!addrs)
		return -ENOMEM;
	ret = ckpt_read(ctx, addrs, nr * sizeof(*addrs));
	for (i = 0; !ret && i < nr; i++) {
		if (!PAGE_ALIGNED(addrs[i]) || addrs[i] < *last ||
		    addrs[i] >= h->end)
			ret = ckpt_err(ctx, current, -EINVAL,
				       "page %llx does not belong to memory %llx-%llx",
				       addrs[i], h->start, h->end);
		*last = addrs[i] + PAGE_SIZE;
	}
	if (!ret && !PAGE_ALIGNED(ctx->pos))
		ret = ckpt_err(ctx, current, -EINVAL, "pages are not aligned");
	if (!ret)
		ret = ckpt_read_to_user(ctx, current->mm, addrs, nr);
	kvfree(addrs);
	return ret;
}

static int ckpt_vma_fill_pages(struct ckpt_ctx *ctx,
			       const struct ckpt_hdr_vma *h)
{
	struct ckpt_hdr_pgarr *chunk;
	u64 nr, len, last = h->start;
	bool private = (h->map_flags & MAP_TYPE) == MAP_PRIVATE;
	int ret;

	do {
		chunk = ckpt_next_record(ctx, CKPT_HDR_PGARR);
		if (IS_ERR(chunk))
			return PTR_ERR(chunk);
		nr = chunk->nr_pages;
		len = sizeof(*chunk) + nr * (sizeof(u64) + PAGE_SIZE);
		ret = chunk->h.len == len && (!nr || private) ? 0 : -EINVAL;
		kvfree(chunk);
		if (ret)
			return ckpt_err(ctx, current, ret,
					"chunk of %llu pages for memory %llx-%llx is not valid",
					nr, h->start, h->end);
		if (nr)
			ret = ckpt_chunk_restore(ctx, h, nr, &last);
	} while (!ret && nr);
	return ret;
}

static int ckpt_vma_restore(struct ckpt_ctx *ctx, u64 *behind, u32 *nr_special)
{
	struct ckpt_hdr_vma *h = ckpt_next_record(ctx, CKPT_HDR_VMA);
	int ret;

	if (IS_ERR(h))
		return PTR_ERR(h);
	ret = ckpt_vma_check(ctx, h, *behind);
	if (!ret && h->kind == CKPT_VMA_SPECIAL)
		ret = ckpt_vma_special_check(ctx, h);
	else if (!ret)
		ret = ckpt_vma_map(ctx, h);
	if (!ret && (h->flags & CKPT_VMAF_NAMED))
		ret = ckpt_vma_name(ctx, h);
	if (!ret)
		ret = ckpt_vma_fill_pages(ctx, h);
	if (!ret && (h->flags & CKPT_VMAF_LOCKED) &&
	    !(h->flags & CKPT_VMAF_LOCKONFAULT))
		mm_populate(h->start, h->end - h->start);
	if (!ret && (h->flags & CKPT_VMAF_SEALED))
		ret = do_mseal(h->start, h->end - h->start, 0);
	*behind = h->end;
	*nr_special += h->kind == CKPT_VMA_SPECIAL;
	kvfree(h);
	return ret;
}

static int ckpt_mm_vdso(struct ckpt_ctx *ctx, u32 *mapped)
{
	struct ckpt_hdr_mm_context *h;
	unsigned long addr;
	const void *image;
	size_t size;
	int ret = 0;

	h = ckpt_next_record(ctx, CKPT_HDR_MM_CONTEXT);
	if (IS_ERR(h))
		return PTR_ERR(h);
	if (memchr_inv(h->arch, 0, sizeof(h->arch)))
		ret = ckpt_err(ctx, current, -EINVAL,
			       "unknown state of the address space");
	if (!ret && h->vdso) {
		ret = arch_ckpt_map_vdso(h->vdso);
		image = ret ? NULL : arch_ckpt_vdso(current->mm, &addr, &size);
		if (!image || addr != h->vdso || size != h->vdso_size ||
		    xxh64(image, size, 0) != h->vdso_checksum)
			ret = ckpt_err(ctx, current, ret ?: -EINVAL,
				       "the vdso of this kernel is not that of the image");
	}
	*mapped = current->mm->map_count;
	kvfree(h);
	return ret;
}

static int ckpt_mm_layout_check(struct ckpt_ctx *ctx,
				const struct ckpt_hdr_mm *h)
{
	u64 addrs[] = {
		h->start_code, h->end_code, h->start_data, h->end_data,
		h->start_brk, h->brk, h->start_stack, h->arg_start, h->arg_end,
		h->env_start, h->env_end, h->mmap_base,
	};
	int i;

	/* What PR_SET_MM_MAP asks for. */
	for (i = 0; i < ARRAY_SIZE(addrs); i++)
		if (addrs[i] > TASK_SIZE)
			goto bad;
	if (h->start_code > h->end_code || h->start_data > h->end_data ||
	    h->start_brk > h->brk || h->arg_start > h->arg_end ||
	    h->env_start > h->env_end || !PAGE_ALIGNED(h->mmap_base) ||
	    h->mmap_base < mmap_min_addr || h->nr_auxv > AT_VECTOR_SIZE ||
	    h->nr_auxv % 2 || h->dump_filter & ~(MMF_DUMP_FILTER_MASK >>
						 MMF_DUMP_FILTER_SHIFT))
		goto bad;
	return 0;
bad:
	return ckpt_err(ctx, current, -EINVAL,
			"layout of the address space is not valid");
}

static int ckpt_mm_set_exe(struct ckpt_ctx *ctx, s32 ref)
{
	struct file *exe;
	int ret;

	if (!ref)
		return 0;
	exe = ckpt_obj_fetch(ctx, ref, CKPT_OBJ_FILE);
	if (IS_ERR(exe))
		return PTR_ERR(exe);
	/* What PR_SET_MM_EXE_FILE asks for. */
	ret = -EACCES;
	if (S_ISREG(file_inode(exe)->i_mode) && !path_noexec(&exe->f_path))
		ret = file_permission(exe, MAY_EXEC);
	if (!ret)
		ret = set_mm_exe_file(current->mm, exe);
	if (ret)
		ckpt_err(ctx, current, ret,
			 "the executable cannot be executed");
	return ret;
}

static int ckpt_mm_set_layout(struct ckpt_ctx *ctx, const struct ckpt_hdr_mm *h)
{
	struct mm_struct *mm = current->mm;
	u64 cmds = h->membarrier;
	u32 i;

	spin_lock(&mm->arg_lock);
	mm->start_code = h->start_code;
	mm->end_code = h->end_code;
	mm->start_data = h->start_data;
	mm->end_data = h->end_data;
	mm->start_brk = h->start_brk;
	mm->brk = h->brk;
	mm->start_stack = h->start_stack;
	mm->arg_start = h->arg_start;
	mm->arg_end = h->arg_end;
	mm->env_start = h->env_start;
	mm->env_end = h->env_end;
	spin_unlock(&mm->arg_lock);
	for (i = 0; i < h->nr_auxv; i++)
		mm->saved_auxv[i] = h->auxv[i];
	/* Who reads it stops there. */
	mm->saved_auxv[AT_VECTOR_SIZE - 2] = AT_NULL;
	mm->saved_auxv[AT_VECTOR_SIZE - 1] = AT_NULL;

	if (h->flags & (CKPT_MMF_MLOCK_FUTURE | CKPT_MMF_MLOCK_ONFAULT)) {
		if (!can_do_mlock())
			return ckpt_err(ctx, current, -EPERM,
					"the caller may not lock memory");
		mm->def_flags |= VM_LOCKED;
		if (h->flags & CKPT_MMF_MLOCK_ONFAULT)
			mm->def_flags |= VM_LOCKONFAULT;
	}
	if (h->flags & CKPT_MMF_MERGE_ANY) {
		int ret = -EINTR;

		if (!mmap_write_lock_killable(mm)) {
			ret = ksm_enable_merge_any(mm);
			mmap_write_unlock(mm);
		}
		if (ret)
			return ckpt_err(ctx, current, ret,
					"PR_SET_MEMORY_MERGE");
	}
	for (i = 0; i < ARRAY_SIZE(ckpt_mm_flags); i++)
		if (h->flags & ckpt_mm_flags[i].flag)
			set_bit(ckpt_mm_flags[i].mm_flag, &mm->flags);
	for (i = 0; i < ARRAY_SIZE(ckpt_membarrier); i++)
		if (cmds & ckpt_membarrier[i].cmd) {
			cmds &= ~ckpt_membarrier[i].cmd;
#ifdef CONFIG_MEMBARRIER
			atomic_or(ckpt_membarrier[i].state,
				  &mm->membarrier_state);
#endif
		}
	if (cmds)
		return ckpt_err(ctx, current, -EINVAL,
				"unknown membarrier registrations %llx", cmds);
	return 0;
}

/* Fill the address space that current has just begun to use. */
static int ckpt_mm_build(struct ckpt_ctx *ctx, const struct ckpt_hdr_mm *h,
			 struct linux_binfmt *binfmt)
{
	struct mm_struct *mm = current->mm;
	u32 mapped, nr_special = 0, i;
	u64 behind = 0;
	int ret;

	/* Who writes a core dump: what execve(2) would set. */
	set_binfmt(binfmt);
	/* The search for a place, as the image's process had it. */
	arch_pick_mmap_layout(mm, &current->signal->rlim[RLIMIT_STACK]);
	mm->mmap_base = h->mmap_base;
	assign_bit(MMF_TOPDOWN, &mm->flags,
		   !(h->flags & CKPT_MMF_LEGACY_LAYOUT));

	ret = ckpt_mm_vdso(ctx, &mapped);
	for (i = 0; !ret && i < h->nr_vmas; i++) {
		ret = ckpt_vma_restore(ctx, &behind, &nr_special);
		cond_resched();
	}
	if (!ret && nr_special != mapped)
		ret = ckpt_err(ctx, current, -EINVAL,
			       "the vdso comes with %u mappings, the image has %u",
			       mapped, nr_special);
	if (!ret)
		ret = ckpt_mm_set_exe(ctx, h->exe_ref);
	if (!ret)
		ret = ckpt_mm_set_layout(ctx, h);
	return ret;
}

static struct mm_struct *ckpt_mm_new(const struct ckpt_hdr_mm *h)
{
	struct mm_struct *mm = mm_alloc();
	u32 dumpable = h->dumpable;

	if (!mm)
		return NULL;
	/* Dumps that belong to root are nothing prctl(2) would let one ask for. */
	if (dumpable == SUID_DUMP_ROOT && !capable(CAP_SYS_ADMIN))
		dumpable = SUID_DUMP_DISABLE;
	mm->task_size = TASK_SIZE;
	mm->def_flags = 0;
	/* What mm_init() has taken over from the caller and cannot be shed. */
	mm->flags &= BIT(MMF_HAS_MDWE) | BIT(MMF_HAS_MDWE_NO_INHERIT);
	mm->flags |= dumpable | h->dump_filter << MMF_DUMP_FILTER_SHIFT;
	atomic_set(&mm->membarrier_state, 0);
	lru_gen_add_mm(mm);
	return mm;
}

static void *ckpt_mm_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_mm *h = (const void *)hdr;
	struct mm_struct *mm, *old = current->mm;
	unsigned int personality = current->personality;
	int ret;

	ret = ckpt_mm_layout_check(ctx, h);
	if (ret)
		return ERR_PTR(ret);
	mm = ckpt_mm_new(h);
	if (!mm)
		return ERR_PTR(-ENOMEM);

	/* The caller's own taste must not change what is mapped. */
	current->personality &= ~(READ_IMPLIES_EXEC | ADDR_COMPAT_LAYOUT);
	ckpt_switch_mm(mm);
	ret = ckpt_mm_build(ctx, h, old->binfmt);
	ckpt_switch_mm(old);
	current->personality = personality;
	if (!ret)
		return mm;
	mmput(mm);
	return ERR_PTR(ret);
}

static void ckpt_mm_grab(void *ptr)
{
	mmget(ptr);
}

static void ckpt_mm_drop(void *ptr)
{
	mmput(ptr);
}

const struct ckpt_obj_ops ckpt_mm_ops = {
	.name		= "address space",
	.objtype	= CKPT_OBJ_MM,
	.record		= CKPT_HDR_MM,
	.grab		= ckpt_mm_grab,
	.drop		= ckpt_mm_drop,
	.checkpoint	= ckpt_mm_checkpoint,
	.restore	= ckpt_mm_restore,
};
