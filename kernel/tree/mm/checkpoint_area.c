// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: areas of an address space.
 *
 * In the terms of mmap(2), madvise(2), mlock(2), mseal(2) and prctl(2). When
 * they are restored, current uses the new address space.
 */
#include <linux/checkpoint_ctx.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/mman.h>
#include <linux/pkeys.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/userfaultfd_k.h>

#include "internal.h"
#include "checkpoint_internal.h"

/* PR_SET_VMA_ANON_NAME: bytes of a name, with the NUL. */
#define CKPT_VMA_NAME_MAX	80

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

/* The ring of a context is mapped again as io_setup(2) maps it. */
static bool ckpt_ring_changed(struct vm_area_struct *vma)
{
	unsigned long given = VM_SEALED | VM_LOCKED | VM_LOCKONFAULT;
	int i;

	if (!aio_is_ring(vma))
		return false;
	for (i = 0; i < ARRAY_SIZE(ckpt_advice); i++)
		given |= ckpt_advice[i].vm_flag;
	return vma_pkey(vma) || vma->vm_flags & given ||
	       (vma->vm_flags & VM_ACCESS_FLAGS) != (VM_READ | VM_WRITE);
}

/* What no record holds of an area. */
static const char *ckpt_vma_refusal(struct vm_area_struct *vma)
{
	const char *special = ckpt_vma_special(vma), *why = NULL;

	/* What ckpt_read_to_user() cannot do is write to these. */
	if (is_vm_hugetlb_page(vma) && vma->anon_vma &&
	    !(vma->vm_flags & VM_WRITE))
		return "private huge pages that are read-only by now";
	if (is_vm_hugetlb_page(vma) && userfaultfd_armed(vma))
		return "huge pages registered with userfaultfd";
	if (vma->vm_flags & VM_SHADOW_STACK)
		return "shadow stack";
	if (vma->vm_flags & VM_SYNC)
		return "synchronous mapping (MAP_SYNC)";
	if (ckpt_ring_changed(vma))
		return "ring of asynchronous I/O with other rights or advice than of io_setup(2)";
	if (special)
		return ckpt_vma_known_special(special) ? NULL :
			"mapped by the kernel for something that is not supported";
	if (io_uring_is_ring(vma))
		why = ckpt_ioring_area_refusal(vma);
	else if (vma->vm_flags & (VM_IO | VM_PFNMAP | VM_MIXEDMAP))
		why = "memory of a device";
	if (why)
		return why;
	if (vma_pkey(vma) && !arch_ckpt_pkey_derived(vma) &&
	    (vma->vm_flags & VM_ACCESS_FLAGS) == VM_EXEC)
		return "execute-only with a memory protection key of its own";
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
		   (userfaultfd_armed(vma) ? CKPT_VMAF_USERFAULT : 0) |
		   (named ? CKPT_VMAF_NAMED : 0);
	for (i = 0; i < ARRAY_SIZE(ckpt_advice); i++)
		if (vma->vm_flags & ckpt_advice[i].vm_flag)
			h->advice |= 1ULL << ckpt_advice[i].advice;
	if (!arch_ckpt_pkey_derived(vma))
		h->pkey = vma_pkey(vma);
	h->file_ref = file_ref;
	if (vma->vm_file)
		h->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
}

/* The memory file, if the area was there before it was sealed; 0 if not. */
static s32 ckpt_vma_unsealed(struct ckpt_ctx *ctx, struct vm_area_struct *vma)
{
	const vm_flags_t writable = VM_SHARED | VM_MAYWRITE;

	if (!vma->vm_file || (vma->vm_flags & writable) != writable ||
	    !memfd_ckpt_future_sealed(vma->vm_file))
		return 0;
	return ckpt_obj_known(ctx, file_inode(vma->vm_file), CKPT_OBJ_INODE);
}

/**
 * ckpt_vma_checkpoint - capture an area with its pages
 * @ctx: checkpoint context
 * @vma: the area; the mmap lock is held
 * @w: room for pages
 *
 * Return: 0; -EBUSY when the areas have changed; what ckpt_vma_pages() fails
 * with.
 */
int ckpt_vma_checkpoint(struct ckpt_ctx *ctx, struct vm_area_struct *vma,
			struct ckpt_walk *w)
{
	const char *special = ckpt_vma_special(vma);
	struct anon_vma_name *name = anon_vma_name(vma);
	struct ckpt_hdr_vma *h;
	s32 ref = 0;
	int ret;

	/* A dry run has said so already; rings have a record of their own. */
	if (ckpt_vma_refusal(vma) || aio_is_ring(vma))
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
	h->unsealed_ref = ckpt_vma_unsealed(ctx, vma);
	if (special) {
		h->kind = CKPT_VMA_SPECIAL;
		ret = ckpt_record_string(ctx, special);
	} else {
		h->kind = vma->vm_file ? CKPT_VMA_FILE : CKPT_VMA_ANON;
		ret = name ? ckpt_record_string(ctx, name->name) : 0;
	}
	return ret ?: ckpt_vma_pages(ctx, vma, w);
}

/**
 * ckpt_mm_areas - what there is to say about the areas of an address space
 * @mm: address space
 * @nr: set to how many
 *
 * Neither looking up paths nor writing the log goes with the mmap lock.
 *
 * Return: the areas, to be freed with kvfree(), their files with fput(); or
 * an ERR_PTR.
 */
struct ckpt_area *ckpt_mm_areas(struct mm_struct *mm, u32 *nr)
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
#ifdef CONFIG_USERFAULTFD
		area->uffd = vma->vm_userfaultfd_ctx.ctx;
#endif
		if (vma->vm_file && !aio_is_ring(vma))
			area->file = get_file(vma->vm_file);
	}
	mmap_read_unlock(mm);
	return areas;
}

/* The name of what is mapped tells more than where. */
static int ckpt_area_refuse(struct ckpt_ctx *ctx, struct task_struct *task,
			    const struct ckpt_area *area)
{
	const char *name = area->special;
	char *buf = NULL;
	int ret;

	if (area->file) {
		buf = __getname();
		if (!buf)
			return -ENOMEM;
		name = d_path(file_user_path(area->file), buf, PATH_MAX);
		if (IS_ERR(name))
			name = "(path too long)";
	}
	ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
			  "memory %lx-%lx%s%s: %s", area->start, area->end,
			  name ? " " : "", name ?: "", area->why);
	if (buf)
		__putname(buf);
	return ret;
}

/**
 * ckpt_area_checkpoint - refuse an area, or capture the file that it maps
 * @ctx: checkpoint context
 * @task: task on whose behalf, for messages
 * @area: the area
 *
 * Return: 0 or a negative errno.
 */
int ckpt_area_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			 const struct ckpt_area *area)
{
	s32 ref;

	if (area->why)
		return ckpt_area_refuse(ctx, task, area);
	if (area->uffd && !ckpt_userfault_inside(ctx, area->uffd))
		return ckpt_refuse(ctx, task, -EBUSY,
				   "memory %lx-%lx: registered with a userfaultfd that no task of the hierarchy has open",
				   area->start, area->end);
	if (!area->file)
		return 0;
	ref = ckpt_obj_checkpoint(ctx, task, area->file, CKPT_OBJ_FILE);
	ckpt_obj_use(ctx, area->file, CKPT_OBJ_FILE);
	ckpt_shm_use(ctx, area->file);
	return ref < 0 ? ref : 0;
}

/* Restart: current uses the new address space. */

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
	if (h->unsealed_ref && type != MAP_SHARED)
		return false;
	if (h->pkey && (h->pkey >= arch_max_pkey() || h->prot == PROT_EXEC ||
			h->kind == CKPT_VMA_SPECIAL))
		return false;
	if ((h->flags & CKPT_VMAF_USERFAULT) && h->kind == CKPT_VMA_SPECIAL)
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

/* No page comes into being beside another one until the area is watched again. */
static int ckpt_vma_keep_holes(struct ckpt_ctx *ctx,
			       const struct ckpt_hdr_vma *h, u64 *advice)
{
	int ret = 0;

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	*advice &= ~(1ULL << MADV_HUGEPAGE | 1ULL << MADV_NOHUGEPAGE);
	ret = do_madvise(current->mm, h->start, h->end - h->start,
			 MADV_NOHUGEPAGE);
	if (ret)
		ckpt_err(ctx, current, ret,
			 "memory %llx-%llx cannot do without huge pages",
			 h->start, h->end);
#endif
	return ret;
}

static int ckpt_vma_advise(struct ckpt_ctx *ctx, const struct ckpt_hdr_vma *h)
{
	u64 advice = h->advice;
	int i, ret = 0;

	if (h->flags & CKPT_VMAF_USERFAULT)
		ret = ckpt_vma_keep_holes(ctx, h, &advice);
	if (ret)
		return ret;
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

/* The seal of a memory file that restart has made, for an area from before. */
static struct file *ckpt_vma_sealed(struct ckpt_ctx *ctx,
				    const struct ckpt_hdr_vma *h,
				    struct file *file)
{
	struct ckpt_inode *inode;

	if (!h->unsealed_ref)
		return NULL;
	inode = ckpt_obj_fetch(ctx, h->unsealed_ref, CKPT_OBJ_INODE);
	if (IS_ERR(inode))
		return ERR_CAST(inode);
	if (d_inode(inode->path.dentry) == file_inode(file) &&
	    memfd_ckpt_future_sealed(file))
		return file;
	return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
				"memory %llx-%llx does not show the memory file %d",
				h->start, h->end, h->unsealed_ref));
}

static int ckpt_vma_map(struct ckpt_ctx *ctx, const struct ckpt_hdr_vma *h)
{
	unsigned long addr, populate, flags = h->map_flags | MAP_FIXED_NOREPLACE;
	struct file *file = NULL, *sealed;
	vm_flags_t vm_flags = 0;
	long committed = 0;
	int ret;

	if (h->kind == CKPT_VMA_FILE) {
		file = ckpt_obj_fetch(ctx, h->file_ref, CKPT_OBJ_FILE);
		if (IS_ERR(file))
			return PTR_ERR(file);
		ret = h->prot & PROT_EXEC ?
		      ckpt_file_may_run(ctx, h->file_ref, file) : 0;
		if (ret)
			return ret;
	} else {
		flags |= MAP_ANONYMOUS;
	}
	/* As pkey_mprotect(2) asks mprotect(2). */
	vm_flags |= arch_calc_vm_prot_bits(0, h->pkey);
	sealed = ckpt_vma_sealed(ctx, h, file);
	if (IS_ERR(sealed))
		return PTR_ERR(sealed);
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
	if (sealed)
		memfd_ckpt_set_future_seal(sealed, false);
	addr = do_mmap(file, h->start, h->end - h->start, h->prot, flags,
		       vm_flags, h->offset >> PAGE_SHIFT, &populate, NULL);
	if (sealed)
		memfd_ckpt_set_future_seal(sealed, true);
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

/* The rules of PR_SET_VMA_ANON_NAME. */
static bool ckpt_vma_name_valid(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if (*c <= 0x1f || *c >= 0x7f || strchr("\\`$[]", *c))
			return false;
	return c - name < CKPT_VMA_NAME_MAX;
}

static int ckpt_vma_name(struct ckpt_ctx *ctx, const struct ckpt_hdr_vma *h)
{
	struct anon_vma_name *anon_name;
	char *name;
	int ret;

	name = ckpt_next_string(ctx);
	if (IS_ERR(name))
		return PTR_ERR(name);
	if (!ckpt_vma_name_valid(name)) {
		kfree(name);
		return ckpt_err(ctx, current, -EINVAL,
				"memory %llx-%llx: its name is not valid",
				h->start, h->end);
	}
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

/*
 * What mprotect(2) asks a security module when code is to be executed that was
 * changed after it had been mapped.
 */
static int ckpt_vma_execmod(struct ckpt_ctx *ctx, const struct ckpt_hdr_vma *h)
{
	struct vm_area_struct *vma;
	int ret = 0;

	if (mmap_read_lock_killable(current->mm))
		return -EINTR;
	vma = vma_lookup(current->mm, h->start);
	if (vma && vma->anon_vma)
		ret = security_file_mprotect(vma, h->prot, h->prot);
	mmap_read_unlock(current->mm);
	if (ret)
		ckpt_err(ctx, current, ret,
			 "memory %llx-%llx: changed code may not be executed",
			 h->start, h->end);
	return ret;
}

/**
 * ckpt_vma_restore - map the next area of the image and fill it
 * @ctx: restart context
 * @behind: end of the areas before it; moved to its end
 * @nr_special: counts those that the kernel maps by itself
 *
 * Return: 0 or a negative errno.
 */
int ckpt_vma_restore(struct ckpt_ctx *ctx, u64 *behind, u32 *nr_special)
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
	if (!ret && h->kind == CKPT_VMA_FILE && (h->prot & PROT_EXEC))
		ret = ckpt_vma_execmod(ctx, h);
	if (!ret && (h->flags & CKPT_VMAF_LOCKED) &&
	    !(h->flags & (CKPT_VMAF_LOCKONFAULT | CKPT_VMAF_USERFAULT)))
		mm_populate(h->start, h->end - h->start);
	if (!ret && (h->flags & CKPT_VMAF_SEALED))
		ret = do_mseal(h->start, h->end - h->start, 0);
	*behind = h->end;
	*nr_special += h->kind == CKPT_VMA_SPECIAL;
	kvfree(h);
	return ret;
}
