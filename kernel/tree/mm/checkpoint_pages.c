// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: contents of areas.
 *
 * Capturing walks the page tables and takes references to the pages that
 * cannot be had elsewhere: those that are anonymous. Nothing is faulted in.
 */
#include <linux/checkpoint_ctx.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagewalk.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/swapops.h>

#include "internal.h"
#include "checkpoint_internal.h"

/**
 * ckpt_walk_add - add a page to those that go into the image
 * @w: the pages, with room for it
 * @addr: its address
 * @page: the page, or NULL for one that is to be found out later
 */
void ckpt_walk_add(struct ckpt_walk *w, unsigned long addr, struct page *page)
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
#ifdef CONFIG_HUGETLBFS
	.hugetlb_entry	= hugetlb_ckpt_entry,
#endif
	.walk_lock	= PGWALK_RDLOCK,
};

/**
 * ckpt_walk_init - make room for a chunk of pages
 * @w: the pages
 * @most: never more than that many are to come
 *
 * Return: 0 or -ENOMEM; ckpt_walk_free() must follow in either case.
 */
int ckpt_walk_init(struct ckpt_walk *w, unsigned long most)
{
	*w = (struct ckpt_walk){};
	w->max = clamp(most, 16, CKPT_CHUNK_PAGES);
	w->addrs = kvmalloc_array(w->max, sizeof(*w->addrs), GFP_KERNEL);
	w->pages = kvmalloc_array(w->max, sizeof(*w->pages), GFP_KERNEL);
	return w->addrs && w->pages ? 0 : -ENOMEM;
}

/**
 * ckpt_walk_free - drop the pages that have not come into the image
 * @w: the pages
 */
void ckpt_walk_free(struct ckpt_walk *w)
{
	u32 i;

	for (i = 0; i < w->nr; i++)
		if (w->pages[i])
			put_page(w->pages[i]);
	kvfree(w->addrs);
	kvfree(w->pages);
}

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

/**
 * ckpt_vma_pages - capture the pages of an area that cannot be had elsewhere
 * @ctx: checkpoint context
 * @vma: the area
 * @w: room for pages
 *
 * Return: 0; -EIO with @w->bad set for a page that is lost; -ENOMEM, -EINTR.
 */
int ckpt_vma_pages(struct ckpt_ctx *ctx, struct vm_area_struct *vma,
		   struct ckpt_walk *w)
{
	unsigned long addr = vma->vm_start, end;
	int ret = 0;

	/* Only what has been written to privately makes an anon_vma. */
	if (!vma->anon_vma || (vma->vm_flags & VM_DROPPABLE))
		addr = vma->vm_end;

	while (!ret && addr < vma->vm_end) {
		/* Never more than a chunk, so that there is room for all. */
		end = min(addr + (w->max - w->nr) * PAGE_SIZE, vma->vm_end);
		ret = walk_page_range(vma->vm_mm, addr, end, &ckpt_walk_ops, w);
		if (!ret && w->bad)
			ret = -EIO;
		addr = end;
		if (!ret && w->nr > w->max / 2)
			ret = ckpt_walk_flush(ctx, vma->vm_mm, w);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	}
	if (!ret)
		ret = ckpt_walk_flush(ctx, vma->vm_mm, w);
	if (!ret)
		ret = ckpt_record_pages(ctx, vma->vm_mm, NULL, NULL, 0);
	return ret;
}

/**
 * ckpt_next_chunk - read the head of the next chunk of pages
 * @ctx: restart context
 * @from: where the next page may be at the earliest; moved behind the last one
 * @end: where there can be no page any more
 * @nr: set to the number of pages, whose contents are next in the stream
 *
 * Return: addresses or offsets of the pages, to be freed with kvfree(); NULL
 * for the chunk that ends the contents; or an ERR_PTR.
 */
u64 *ckpt_next_chunk(struct ckpt_ctx *ctx, u64 *from, u64 end, u32 *nr)
{
	struct ckpt_hdr_pgarr *chunk = ckpt_next_record(ctx, CKPT_HDR_PGARR);
	u64 *addrs, len;
	u32 i;
	int ret;

	if (IS_ERR(chunk))
		return ERR_CAST(chunk);
	*nr = chunk->nr_pages;
	len = sizeof(*chunk) + *nr * (sizeof(u64) + PAGE_SIZE);
	ret = chunk->h.len == len ? 0 : -EINVAL;
	kvfree(chunk);
	if (ret)
		return ERR_PTR(ckpt_err(ctx, current, ret,
					"chunk of %u pages for memory up to %llx is not valid",
					*nr, end));
	if (!*nr)
		return NULL;
	addrs = kvmalloc_array(*nr, sizeof(*addrs), GFP_KERNEL_ACCOUNT);
	if (!addrs)
		return ERR_PTR(-ENOMEM);
	ret = ckpt_read(ctx, addrs, *nr * sizeof(*addrs));
	for (i = 0; !ret && i < *nr; i++) {
		if (!PAGE_ALIGNED(addrs[i]) || addrs[i] < *from ||
		    addrs[i] >= end)
			ret = ckpt_err(ctx, current, -EINVAL,
				       "page %llx does not belong to memory %llx-%llx",
				       addrs[i], *from, end);
		*from = addrs[i] + PAGE_SIZE;
	}
	if (!ret && !PAGE_ALIGNED(ctx->pos))
		ret = ckpt_err(ctx, current, -EINVAL, "pages are not aligned");
	if (!ret)
		return addrs;
	kvfree(addrs);
	return ERR_PTR(ret);
}

/**
 * ckpt_vma_fill_pages - read the contents of an area from the image
 * @ctx: restart context
 * @h: the area, which current has mapped
 *
 * Return: 0 or a negative errno.
 */
int ckpt_vma_fill_pages(struct ckpt_ctx *ctx, const struct ckpt_hdr_vma *h)
{
	u64 next = h->start, *addrs;
	u32 nr;
	int ret = 0;

	while (!ret) {
		addrs = ckpt_next_chunk(ctx, &next, h->end, &nr);
		if (IS_ERR_OR_NULL(addrs))
			return PTR_ERR_OR_ZERO(addrs);
		if ((h->map_flags & MAP_TYPE) == MAP_PRIVATE)
			ret = ckpt_read_to_user(ctx, current->mm, addrs, nr);
		else
			ret = ckpt_err(ctx, current, -EINVAL,
				       "memory %llx-%llx has %u pages and is not private",
				       h->start, h->end, nr);
		kvfree(addrs);
	}
	return ret;
}
