// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: address spaces.
 *
 * Restoring builds a new address space. The restarting task uses it while it
 * does so, because that is what mmap(2), madvise(2) and mlock(2) work on, and
 * goes back to its own until the commit.
 */
#include <linux/checkpoint_ctx.h>
#include <linux/binfmts.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ksm.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/namei.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <uapi/linux/membarrier.h>

#include "internal.h"
#include "checkpoint_internal.h"

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
	ckpt_obj_use(ctx, exe, CKPT_OBJ_FILE);
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
			  struct ckpt_object *obj, s32 exe_ref, u32 nr_rings)
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
	h->nr_vmas = mm->map_count - nr_rings;
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
	arch_ckpt_mm_context(mm, h);
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
	return arch_ckpt_mm_refusals(ctx, task, mm);
}

/* Asynchronous I/O follows the areas: its rings are areas of its own making. */
static int ckpt_mm_aio(struct ckpt_ctx *ctx, struct task_struct *task,
		       struct mm_struct *mm, u32 nr_rings)
{
#ifdef CONFIG_AIO
	return aio_checkpoint(ctx, task, mm, nr_rings);
#else
	return ckpt_record(ctx, CKPT_HDR_AIO, 0) ? 0 : -ENOMEM;
#endif
}

static int ckpt_mm_aio_restore(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_aio *h = ckpt_next_record(ctx, CKPT_HDR_AIO);
	int ret = 0;

	if (IS_ERR(h))
		return PTR_ERR(h);
#ifdef CONFIG_AIO
	ret = aio_restore(ctx, h);
#else
	if (h->nr_contexts)
		ret = ckpt_err(ctx, current, -EINVAL,
			       "this kernel has no asynchronous I/O");
#endif
	kvfree(h);
	return ret;
}

static int ckpt_mm_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			      void *ptr, struct ckpt_object *obj)
{
	struct mm_struct *mm = ptr;
	struct vma_iterator vmi;
	struct vm_area_struct *vma;
	struct ckpt_walk w;
	u32 nr_rings = 0;
	s32 exe_ref;
	int ret;

	ret = ckpt_mm_refusals(ctx, task, mm);
	if (ret)
		return ret;
	ret = ckpt_mm_files(ctx, task, mm, &exe_ref);
	if (ret)
		return ret;
	/* Areas may come and go: it is no more than a good guess. */
	ret = ckpt_walk_init(&w, READ_ONCE(mm->total_vm));
	if (!ret && mmap_read_lock_killable(mm))
		ret = -EINTR;
	if (ret)
		goto free;
	vma_iter_init(&vmi, mm, 0);
	for_each_vma(vmi, vma)
		nr_rings += aio_is_ring(vma);
	ret = ckpt_mm_record(ctx, mm, obj, exe_ref, nr_rings);
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
	if (w.bad)
		ckpt_err(ctx, task, ret,
			 "page %lx has been lost to a memory error", w.bad);
	else if (ret == -EBUSY)
		ckpt_err(ctx, task, ret,
			 "memory changes: it is shared with a task that runs");
	/* It says itself why not. */
	if (!ret)
		ret = ckpt_mm_aio(ctx, task, mm, nr_rings);
free:
	ckpt_walk_free(&w);
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
	ret = arch_ckpt_mm_context_restore(ctx, h);
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
	ret = ckpt_file_may_run(ctx, ref, exe);
	if (ret)
		return ret;
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
	if (!ret)
		ret = ckpt_mm_aio_restore(ctx);
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

static long ckpt_mm_users(void *ptr)
{
	struct mm_struct *mm = ptr;

	return atomic_read(&mm->mm_users);
}

const struct ckpt_obj_ops ckpt_mm_ops = {
	.name		= "address space",
	.objtype	= CKPT_OBJ_MM,
	.grab		= ckpt_mm_grab,
	.drop		= ckpt_mm_drop,
	.checkpoint	= ckpt_mm_checkpoint,
	.restore	= ckpt_mm_restore,
	.users		= ckpt_mm_users,
};
