// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: shared anonymous memory.
 *
 * mmap(2) makes it of a file of the kernel's own instance of tmpfs that has no
 * path. Its inode is an object of the image, with the pages that exist as its
 * contents, so that it is saved once however many areas of however many tasks
 * show it. An open file refers to the inode, and areas to the open file, as
 * with any other shared mapping.
 */
#include <linux/checkpoint_ctx.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/pagevec.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/swapops.h>

#include "internal.h"
#include "checkpoint_internal.h"

/* What shmem_zero_setup() calls it; System V memory has names of its own. */
#define SHMEM_ANON_NAME		"dev/zero"

/* Flags of an open file that are restored: one may open /proc/PID/map_files. */
#define SHMEM_CKPT_O_FLAGS	(O_ACCMODE | O_APPEND | O_NONBLOCK | \
				 O_LARGEFILE | O_NOATIME)

/**
 * shmem_ckpt_anonymous - does a file stand for memory that no path leads to?
 * @file: the file
 */
bool shmem_ckpt_anonymous(struct file *file)
{
	if (file->f_mode & FMODE_PATH)
		return false;
	if (memfd_ckpt_is(file_inode(file)))
		return true;
	return shmem_file(file) && IS_PRIVATE(file_inode(file)) &&
	       !strcmp(file->f_path.dentry->d_name.name, SHMEM_ANON_NAME);
}

/* Checkpoint */

static int shmem_ckpt_flush(struct ckpt_ctx *ctx, struct inode *inode,
			    struct ckpt_walk *w)
{
	int ret = 0;

	if (w->nr)
		ret = ckpt_record_inode_pages(ctx, inode, w->addrs, w->pages,
					      w->nr);
	if (!ret)
		w->nr = 0;
	if (!ret && fatal_signal_pending(current))
		ret = -EINTR;
	return ret;
}

static int shmem_ckpt_add(struct ckpt_ctx *ctx, struct inode *inode,
			  struct ckpt_walk *w, pgoff_t index, struct page *page)
{
	int ret = 0;

	if (w->nr == CKPT_CHUNK_PAGES)
		ret = shmem_ckpt_flush(ctx, inode, w);
	if (ret)
		return ret;
	if (page)
		get_page(page);
	w->addrs[w->nr] = (u64)index << PAGE_SHIFT;
	w->pages[w->nr++] = page;
	return 0;
}

/* An entry of the page cache: pages, or where in swap they are. */
static int shmem_ckpt_entry(struct ckpt_ctx *ctx, struct inode *inode,
			    struct ckpt_walk *w, pgoff_t index,
			    struct folio *folio)
{
	struct page *page = NULL;
	unsigned long nr, i;
	int ret = 0;

	if (xa_is_value(folio)) {
		nr = 1UL << xa_get_order(&inode->i_mapping->i_pages, index);
		index = round_down(index, nr);
		if (is_poisoned_swp_entry(radix_to_swp_entry(folio)))
			w->bad = (index << PAGE_SHIFT) | 1;
	} else if (folio_test_uptodate(folio)) {
		nr = folio_nr_pages(folio);
		index = folio->index;
		page = folio_page(folio, 0);
		if (folio_test_hwpoison(folio) || folio_test_has_hwpoisoned(folio))
			w->bad = (index << PAGE_SHIFT) | 1;
	} else {
		/* Set aside by fallocate(2), never written to. */
		return 0;
	}
	if (w->bad)
		return -EIO;
	for (i = 0; !ret && i < nr; i++)
		ret = shmem_ckpt_add(ctx, inode, w, index + i,
				     page ? page + i : NULL);
	return ret;
}

/**
 * shmem_ckpt_pages - capture the pages of an inode of tmpfs that exist
 * @ctx: checkpoint context
 * @inode: the inode
 * @w: room for pages
 *
 * Return: 0, -EIO with @w->bad set for a page that is lost, -ENOMEM, -EINTR.
 */
int shmem_ckpt_pages(struct ckpt_ctx *ctx, struct inode *inode,
		     struct ckpt_walk *w)
{
	pgoff_t indices[PAGEVEC_SIZE], next = 0;
	struct folio_batch batch;
	unsigned int i;
	int ret = 0;

	folio_batch_init(&batch);
	while (!ret && find_get_entries(inode->i_mapping, &next, ULONG_MAX - 1,
					&batch, indices)) {
		for (i = 0; !ret && i < folio_batch_count(&batch); i++)
			ret = shmem_ckpt_entry(ctx, inode, w, indices[i],
					       batch.folios[i]);
		folio_batch_remove_exceptionals(&batch);
		folio_batch_release(&batch);
		cond_resched();
	}
	return ret ?: shmem_ckpt_flush(ctx, inode, w);
}

/**
 * shmem_ckpt_refusals - refuse what no record holds of an inode of tmpfs
 * @ctx: checkpoint context
 * @task: task on whose behalf, for messages
 * @inode: the inode
 *
 * mbind(2) of shared memory stays with the inode, not with the area.
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int shmem_ckpt_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
			struct inode *inode)
{
	int ret = 0;

#ifdef CONFIG_NUMA
	if (!RB_EMPTY_ROOT(&SHMEM_I(inode)->policy.root))
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
				  "shared memory: NUMA memory policy");
#endif
	return ret;
}

/**
 * shmem_ckpt_contents - capture what is in an inode of tmpfs, to the end
 * @ctx: checkpoint context
 * @task: task on whose behalf, for messages
 * @inode: the inode
 *
 * Return: 0, -EIO for a page that is lost, -ENOMEM, -EINTR.
 */
int shmem_ckpt_contents(struct ckpt_ctx *ctx, struct task_struct *task,
			struct inode *inode)
{
	struct ckpt_walk w;
	int ret;

	ret = ckpt_walk_init(&w, CKPT_CHUNK_PAGES);
	if (!ret)
		ret = shmem_ckpt_pages(ctx, inode, &w);
	if (!ret)
		ret = ckpt_record_inode_pages(ctx, inode, NULL, NULL, 0);
	if (w.bad)
		ckpt_err(ctx, task, ret,
			 "page at %lx of shared memory has been lost to a memory error",
			 w.bad & PAGE_MASK);
	ckpt_walk_free(&w);
	return ret;
}

/**
 * shmem_ckpt_inode - capture shared anonymous memory
 * @ctx: checkpoint context
 * @task: task on whose behalf, for messages
 * @inode: the memory
 * @obj: its object
 *
 * Return: 0, -EIO for a page that is lost, -EOPNOTSUPP, -ENOMEM, -EINTR.
 */
int shmem_ckpt_inode(struct ckpt_ctx *ctx, struct task_struct *task,
		     struct inode *inode, struct ckpt_object *obj)
{
	struct ckpt_hdr_shmem *h;
	int ret;

	ret = shmem_ckpt_refusals(ctx, task, inode);
	if (ret)
		return ret;
	h = ckpt_record(ctx, CKPT_HDR_SHMEM, 0);
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	if (SHMEM_I(inode)->flags & VM_NORESERVE)
		h->flags |= CKPT_SHMEM_NORESERVE;
	h->size = i_size_read(inode);
	return shmem_ckpt_contents(ctx, task, inode);
}

/**
 * shmem_ckpt_file - capture an open file of shared anonymous memory
 * @ctx: checkpoint context
 * @task: task on whose behalf, for messages
 * @file: the file
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int shmem_ckpt_file(struct ckpt_ctx *ctx, struct task_struct *task,
		    struct file *file, struct ckpt_object *obj)
{
	struct inode *inode = file_inode(file);
	struct ckpt_hdr_file *h;
	s32 ref;

	ref = ckpt_obj_checkpoint(ctx, task, inode, CKPT_OBJ_INODE);
	if (ref < 0)
		return ref;
	h = ckpt_record(ctx, CKPT_HDR_FILE, 0);
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->f_type = CKPT_FILE_SHMEM;
	h->f_flags = file->f_flags & SHMEM_CKPT_O_FLAGS;
	h->i_mode = inode->i_mode;
	h->f_pos = file->f_pos;
	h->ino = inode->i_ino;
	h->dev_major = MAJOR(inode->i_sb->s_dev);
	h->dev_minor = MINOR(inode->i_sb->s_dev);
	h->size = i_size_read(inode);
	h->inode_ref = ref;
	/* Only what memfd_create(2) has returned itself can write so. */
	if ((file->f_mode & (FMODE_WRITE | FMODE_WRITER)) == FMODE_WRITE &&
	    memfd_ckpt_is(inode))
		h->marks = CKPT_FILEF_MADE;
	return 0;
}

/* Restart */

static int shmem_ckpt_fill(struct ckpt_ctx *ctx, struct inode *inode,
			   const u64 *offsets, u32 nr)
{
	struct page **pages, *page;
	u32 run, have, i;
	int ret = 0;

	pages = kmalloc_array(CKPT_READ_PAGES, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	while (nr && !ret) {
		run = min_t(u32, nr, CKPT_READ_PAGES);
		for (have = 0; !ret && have < run; have++) {
			page = shmem_read_mapping_page(inode->i_mapping,
						       offsets[have] >>
						       PAGE_SHIFT);
			if (IS_ERR(page)) {
				ret = ckpt_err(ctx, current, PTR_ERR(page),
					       "cannot fill the page at %llx of shared memory",
					       offsets[have]);
				break;
			}
			pages[have] = page;
		}
		if (!ret)
			ret = ckpt_read_pages(ctx, pages, have);
		for (i = 0; i < have; i++) {
			/* Whoever reclaims a clean page forgets it. */
			set_page_dirty_lock(pages[i]);
			flush_dcache_page(pages[i]);
			put_page(pages[i]);
		}
		offsets += have;
		nr -= have;
		cond_resched();
	}
	kfree(pages);
	return ret;
}

/**
 * shmem_ckpt_fill_all - read the contents of an inode of tmpfs from the image
 * @ctx: restart context
 * @inode: the inode, which nobody else has
 *
 * Return: 0 or a negative errno.
 */
int shmem_ckpt_fill_all(struct ckpt_ctx *ctx, struct inode *inode)
{
	u64 next = 0, *offsets;
	u32 nr;
	int ret = 0;

	while (!ret) {
		offsets = ckpt_next_chunk(ctx, &next, i_size_read(inode), &nr);
		if (IS_ERR_OR_NULL(offsets))
			return PTR_ERR_OR_ZERO(offsets);
		ret = shmem_ckpt_fill(ctx, inode, offsets, nr);
		kvfree(offsets);
	}
	return ret;
}

/**
 * shmem_ckpt_inode_restore - make shared anonymous memory, as mmap(2) does
 * @ctx: restart context
 * @h: its record
 *
 * Return: the inode or an ERR_PTR.
 */
struct ckpt_inode *shmem_ckpt_inode_restore(struct ckpt_ctx *ctx,
					    const struct ckpt_hdr_shmem *h)
{
	unsigned long flags = 0;
	struct ckpt_inode *inode;
	struct file *file;
	int ret;

	/* In this mode mmap(2) does not listen to MAP_NORESERVE. */
	if ((h->flags & CKPT_SHMEM_NORESERVE) &&
	    sysctl_overcommit_memory != OVERCOMMIT_NEVER)
		flags = VM_NORESERVE;
	if (!h->size || h->size > MAX_LFS_FILESIZE || !PAGE_ALIGNED(h->size))
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"shared memory of %llu bytes",
					h->size));
	inode = kzalloc(sizeof(*inode), GFP_KERNEL_ACCOUNT);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	file = shmem_kernel_file_setup(SHMEM_ANON_NAME, h->size, flags);
	if (IS_ERR(file)) {
		ret = ckpt_err(ctx, current, PTR_ERR(file),
			       "cannot make shared memory of %llu bytes",
			       h->size);
		kfree(inode);
		return ERR_PTR(ret);
	}
	inode->path = file->f_path;
	path_get(&inode->path);
	fput(file);

	ret = shmem_ckpt_fill_all(ctx, d_inode(inode->path.dentry));
	if (!ret)
		return inode;
	path_put(&inode->path);
	kfree(inode);
	return ERR_PTR(ret);
}

/**
 * shmem_ckpt_restore - open shared anonymous memory
 * @ctx: restart context
 * @h: record of the open file
 *
 * Return: the file or an ERR_PTR.
 */
struct file *shmem_ckpt_restore(struct ckpt_ctx *ctx,
				const struct ckpt_hdr_file *h)
{
	struct ckpt_inode *inode;
	struct file *file;
	loff_t pos = 0;
	bool made;

	inode = ckpt_obj_fetch(ctx, h->inode_ref, CKPT_OBJ_INODE);
	if (IS_ERR(inode))
		return ERR_CAST(inode);
	made = memfd_ckpt_is(d_inode(inode->path.dentry));
	if ((!made && !shmem_mapping(d_inode(inode->path.dentry)->i_mapping)) ||
	    (h->marks && (!made || (h->f_flags & O_ACCMODE) != O_RDWR)) ||
	    h->f_flags & ~SHMEM_CKPT_O_FLAGS ||
	    (h->f_flags & O_ACCMODE) == O_ACCMODE)
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"file of shared memory with flags %#o and inode %d",
					h->f_flags, h->inode_ref));
	if (h->marks)
		file = memfd_ckpt_open(&inode->path, h->f_flags);
	else
		file = dentry_open(&inode->path, h->f_flags, current_cred());
	if (!IS_ERR(file) && h->f_pos)
		pos = vfs_llseek(file, h->f_pos, SEEK_SET);
	if (pos < 0) {
		fput(file);
		file = ERR_PTR(pos);
	}
	if (IS_ERR(file))
		ckpt_err(ctx, current, PTR_ERR(file),
			 "shared memory cannot be opened at %lld", h->f_pos);
	return file;
}
