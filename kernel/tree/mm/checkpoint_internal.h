/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checkpoint/restart: interfaces between the files of mm/ that save and restore
 * address spaces.
 */
#ifndef _MM_CHECKPOINT_INTERNAL_H
#define _MM_CHECKPOINT_INTERNAL_H

#include <linux/types.h>

/* Pages in a chunk: 32 MiB of 4 KiB pages. */
#define CKPT_CHUNK_PAGES	8192

struct ckpt_ctx;
struct ckpt_hdr_vma;
struct file;
struct mm_struct;
struct page;
struct task_struct;
struct vm_area_struct;

/**
 * struct ckpt_walk - pages on their way from the page tables to the image
 * @addrs: addresses
 * @pages: pages with a reference; NULL for one that is swapped out
 * @nr: how many
 * @bad: address of a page that has been lost to a memory error, or its offset
 *	and 1
 */
struct ckpt_walk {
	u64 *addrs;
	struct page **pages;
	u32 nr;
	unsigned long bad;
};

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

/* checkpoint_area.c */
struct ckpt_area *ckpt_mm_areas(struct mm_struct *mm, u32 *nr);
int ckpt_area_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			 const struct ckpt_area *area);
int ckpt_vma_checkpoint(struct ckpt_ctx *ctx, struct vm_area_struct *vma,
			struct ckpt_walk *w);
int ckpt_vma_restore(struct ckpt_ctx *ctx, u64 *behind, u32 *nr_special);

/* checkpoint_pages.c */
int ckpt_walk_init(struct ckpt_walk *w);
void ckpt_walk_free(struct ckpt_walk *w);
int ckpt_vma_pages(struct ckpt_ctx *ctx, struct vm_area_struct *vma,
		   struct ckpt_walk *w);
int ckpt_vma_fill_pages(struct ckpt_ctx *ctx, const struct ckpt_hdr_vma *h);

/* checkpoint_switch.c */
void ckpt_switch_mm(struct mm_struct *mm);

#endif /* _MM_CHECKPOINT_INTERNAL_H */
