// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: memory files with huge pages.
 *
 * memfd_create(2) with MFD_HUGETLB makes one, and so does mmap(2) for each
 * MAP_HUGETLB. The image has their contents in pages of the usual size. A
 * restart takes huge pages of the same size from the pool, through
 * fallocate(2), and reserves what mmap(2) reserves; it fails if there are too
 * few.
 */
#include <linux/checkpoint_ctx.h>
#include <linux/fcntl.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/magic.h>
#include <linux/pagemap.h>
#include <linux/pagewalk.h>
#include <linux/slab.h>
#include <linux/swapops.h>

#include "checkpoint_internal.h"

/**
 * hugetlb_ckpt_is - is an inode that of a file of huge pages?
 * @inode: the inode
 */
bool hugetlb_ckpt_is(const struct inode *inode)
{
	return inode->i_sb->s_magic == HUGETLBFS_MAGIC;
}

/**
 * hugetlb_ckpt_is_mmap - has mmap(2) made the file?
 * @name: its name
 */
bool hugetlb_ckpt_is_mmap(const char *name)
{
	return !strcmp(name, HUGETLB_ANON_FILE);
}

/**
 * hugetlb_ckpt_shift - how large are the huge pages of a file?
 * @inode: its inode
 *
 * Return: binary logarithm of their size.
 */
unsigned int hugetlb_ckpt_shift(struct inode *inode)
{
	return huge_page_shift(hstate_inode(inode));
}

/**
 * hugetlb_ckpt_check - can a memory file with huge pages be made here?
 * @ctx: restart context
 * @h: its record
 *
 * Return: 0, or -EINVAL for a size of pages that this machine has not, or a
 * file that is no multiple of it.
 */
int hugetlb_ckpt_check(struct ckpt_ctx *ctx, const struct ckpt_hdr_memfd *h)
{
	struct hstate *hstate = NULL;

	if (h->huge_shift > PAGE_SHIFT && h->huge_shift < BITS_PER_LONG)
		hstate = hstate_sizelog(h->huge_shift);
	if (!hstate)
		return ckpt_err(ctx, current, -EINVAL,
				"this machine has no huge pages of %#llx bytes",
				1ULL << (h->huge_shift & 63));
	if (h->size & ~huge_page_mask(hstate))
		return ckpt_err(ctx, current, -EINVAL,
				"%llu bytes are no multiple of huge pages of %lu",
				h->size, huge_page_size(hstate));
	return 0;
}

/**
 * hugetlb_ckpt_mmap_file - make a file as mmap(2) does for MAP_HUGETLB
 * @h: its record, which hugetlb_ckpt_check() has passed
 *
 * Return: the file or an ERR_PTR.
 */
struct file *hugetlb_ckpt_mmap_file(const struct ckpt_hdr_memfd *h)
{
	return hugetlb_file_setup(HUGETLB_ANON_FILE, h->size, VM_NORESERVE,
				  HUGETLB_ANONHUGE_INODE, h->huge_shift);
}

/* Read @nr pages that begin at @offset and lie in one huge page. */
static int hugetlb_ckpt_fill_some(struct ckpt_ctx *ctx, struct file *file,
				  const u64 *offsets, u32 nr)
{
	struct hstate *h = hstate_file(file);
	loff_t start = offsets[0] & huge_page_mask(h);
	struct folio *folio;
	struct page **pages;
	u32 i, run;
	int ret;

	ret = vfs_fallocate(file, FALLOC_FL_KEEP_SIZE, start,
			    huge_page_size(h));
	if (ret)
		return ckpt_err(ctx, current, ret == -ENOSPC ? -ENOMEM : ret,
				"there is no free huge page of %lu bytes",
				huge_page_size(h));
	folio = filemap_get_folio(file->f_mapping, start >> PAGE_SHIFT);
	if (IS_ERR(folio))
		return PTR_ERR(folio);
	pages = kmalloc_array(CKPT_READ_PAGES, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		ret = -ENOMEM;
	while (!ret && nr) {
		run = min_t(u32, nr, CKPT_READ_PAGES);
		for (i = 0; i < run; i++)
			pages[i] = folio_page(folio, (offsets[i] - start) >>
						     PAGE_SHIFT);
		ret = ckpt_read_pages(ctx, pages, run);
		offsets += run;
		nr -= run;
		cond_resched();
	}
	folio_mark_dirty(folio);
	folio_put(folio);
	kfree(pages);
	return ret;
}

/**
 * hugetlb_ckpt_fill_all - read the contents of a file from the image
 * @ctx: restart context
 * @file: the file, which nobody else has
 *
 * Return: 0 or a negative errno.
 */
int hugetlb_ckpt_fill_all(struct ckpt_ctx *ctx, struct file *file)
{
	unsigned long mask = huge_page_mask(hstate_file(file));
	u64 next = 0, *offsets;
	u32 nr, at, run;
	int ret = 0;

	while (!ret) {
		offsets = ckpt_next_chunk(ctx, &next,
					  i_size_read(file_inode(file)), &nr);
		if (IS_ERR_OR_NULL(offsets))
			return PTR_ERR_OR_ZERO(offsets);
		for (at = 0; !ret && at < nr; at += run) {
			for (run = 1; at + run < nr; run++)
				if ((offsets[at] ^ offsets[at + run]) & mask)
					break;
			ret = hugetlb_ckpt_fill_some(ctx, file, offsets + at,
						     run);
		}
		kvfree(offsets);
	}
	return ret;
}

/**
 * hugetlb_ckpt_entry - capture a part of a huge page of an area, if private
 * @pte: page table entry of the huge page
 * @hmask: mask of its size
 * @addr: start of the part
 * @end: end of the part
 * @walk: the walk, whose private data are the pages that it finds
 *
 * Return: 0
 */
int hugetlb_ckpt_entry(pte_t *pte, unsigned long hmask, unsigned long addr,
		       unsigned long end, struct mm_walk *walk)
{
	struct ckpt_walk *w = walk->private;
	struct page *page = NULL;
	bool saved = false;
	swp_entry_t swp;
	spinlock_t *ptl; /* of the page table */
	pte_t entry;

	ptl = huge_pte_lock(hstate_vma(walk->vma), walk->mm, pte);
	entry = huge_ptep_get(walk->mm, addr & hmask, pte);
	if (pte_present(entry)) {
		page = pte_page(entry);
		saved = PageAnon(page);
		page += (addr & ~hmask) >> PAGE_SHIFT;
	} else if (!huge_pte_none(entry)) {
		swp = pte_to_swp_entry(entry);
		if (is_hwpoison_entry(swp) || is_poisoned_swp_entry(swp))
			w->bad = addr;
		else
			/* On its way to another place; found out later. */
			saved = !is_pte_marker_entry(swp);
	}
	for (; saved && addr < end; addr += PAGE_SIZE) {
		ckpt_walk_add(w, addr, page);
		if (page)
			page++;
	}
	spin_unlock(ptl);
	return 0;
}
