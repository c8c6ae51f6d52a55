/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checkpoint/restart: interfaces between the files of mm/ that save and restore
 * address spaces.
 */
#ifndef _MM_CHECKPOINT_INTERNAL_H
#define _MM_CHECKPOINT_INTERNAL_H

#include <linux/checkpoint_ctx.h>
#include <linux/err.h>
#include <linux/pgtable.h>
#include <linux/types.h>

/* Pages in a chunk: 32 MiB of 4 KiB pages. */
#define CKPT_CHUNK_PAGES	8192

struct ckpt_ctx;
struct ckpt_hdr_vma;
struct file;
struct inode;
struct mm_struct;
struct mm_walk;
struct page;
struct path;
struct task_struct;
struct vm_area_struct;

/**
 * struct ckpt_walk - pages on their way from the page tables to the image
 * @addrs: addresses
 * @pages: pages with a reference; NULL for one that is swapped out
 * @nr: how many
 * @max: for how many there is room
 * @bad: address of a page that has been lost to a memory error, or its offset
 *	and 1
 */
struct ckpt_walk {
	u64 *addrs;
	struct page **pages;
	u32 nr;
	u32 max;
	unsigned long bad;
};

/**
 * struct ckpt_area - what there is to say about an area without its lock
 * @start: first address
 * @end: first address behind it
 * @file: mapped file with a reference, or NULL
 * @why: why it is refused, or NULL
 * @special: name of a special mapping, or NULL
 * @uffd: what watches it, only to be compared, or NULL
 */
struct ckpt_area {
	unsigned long start;
	unsigned long end;
	struct file *file;
	const char *why;
	const char *special;
	const void *uffd;
};

/* checkpoint_area.c */
struct ckpt_area *ckpt_mm_areas(struct mm_struct *mm, u32 *nr);
int ckpt_area_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			 const struct ckpt_area *area);
int ckpt_vma_checkpoint(struct ckpt_ctx *ctx, struct vm_area_struct *vma,
			struct ckpt_walk *w);
int ckpt_vma_restore(struct ckpt_ctx *ctx, u64 *behind, u32 *nr_special);

/* checkpoint_pages.c */
int ckpt_walk_init(struct ckpt_walk *w, unsigned long most);
void ckpt_walk_free(struct ckpt_walk *w);
void ckpt_walk_add(struct ckpt_walk *w, unsigned long addr, struct page *page);
int ckpt_vma_pages(struct ckpt_ctx *ctx, struct vm_area_struct *vma,
		   struct ckpt_walk *w);
int ckpt_vma_fill_pages(struct ckpt_ctx *ctx, const struct ckpt_hdr_vma *h);

/* shmem_checkpoint.c */
int shmem_ckpt_pages(struct ckpt_ctx *ctx, struct inode *inode,
		     struct ckpt_walk *w);

/* hugetlb_checkpoint.c */
#ifdef CONFIG_HUGETLBFS
bool hugetlb_ckpt_is(const struct inode *inode);
bool hugetlb_ckpt_is_mmap(const char *name);
unsigned int hugetlb_ckpt_shift(struct inode *inode);
int hugetlb_ckpt_check(struct ckpt_ctx *ctx, const struct ckpt_hdr_memfd *h);
struct file *hugetlb_ckpt_mmap_file(const struct ckpt_hdr_memfd *h);
int hugetlb_ckpt_fill_all(struct ckpt_ctx *ctx, struct file *file);
int hugetlb_ckpt_entry(pte_t *pte, unsigned long hmask, unsigned long addr,
		       unsigned long end, struct mm_walk *walk);
#else
static inline bool hugetlb_ckpt_is(const struct inode *inode)
{
	return false;
}

static inline bool hugetlb_ckpt_is_mmap(const char *name)
{
	return false;
}

static inline unsigned int hugetlb_ckpt_shift(struct inode *inode)
{
	return 0;
}

static inline int hugetlb_ckpt_check(struct ckpt_ctx *ctx,
				     const struct ckpt_hdr_memfd *h)
{
	return ckpt_err(ctx, current, -EINVAL,
			"this kernel has no huge pages");
}

static inline struct file *
hugetlb_ckpt_mmap_file(const struct ckpt_hdr_memfd *h)
{
	return ERR_PTR(-EINVAL);
}

static inline int hugetlb_ckpt_fill_all(struct ckpt_ctx *ctx, struct file *file)
{
	return -EINVAL;
}
#endif

/* memfd.c */
int check_sysctl_memfd_noexec(unsigned int *flags);
unsigned int *memfd_file_seals_ptr(struct file *file);
struct file *memfd_file_create(const char *name, unsigned int flags);

/* memfd_checkpoint.c */
#ifdef CONFIG_MEMFD_CREATE
bool memfd_ckpt_future_sealed(struct file *file);
void memfd_ckpt_set_future_seal(struct file *file, bool on);
struct file *memfd_ckpt_open(const struct path *path, int flags);
#else
static inline bool memfd_ckpt_future_sealed(struct file *file)
{
	return false;
}

static inline void memfd_ckpt_set_future_seal(struct file *file, bool on)
{
}

static inline struct file *memfd_ckpt_open(const struct path *path, int flags)
{
	return ERR_PTR(-EOPNOTSUPP);
}
#endif

/* checkpoint_switch.c */
void ckpt_switch_mm(struct mm_struct *mm);

#endif /* _MM_CHECKPOINT_INTERNAL_H */
