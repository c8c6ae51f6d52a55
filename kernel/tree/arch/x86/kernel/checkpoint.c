// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: what only x86-64 has.
 */
#include <linux/checkpoint_ctx.h>
#include <linux/elf.h>
#include <linux/mm.h>
#include <linux/mmu_context.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/security.h>
#include <linux/uaccess.h>

#include <asm/desc.h>
#include <asm/fpu/xcr.h>
#include <asm/fpu/xstate.h>
#include <asm/mmu.h>
#include <asm/prctl.h>
#include <asm/proto.h>
#include <asm/tsc.h>
#include <asm/vdso.h>

/**
 * arch_ckpt_id - this architecture in the header of an image
 */
u16 arch_ckpt_id(void)
{
	return CKPT_ARCH_X86_64;
}

/**
 * arch_ckpt_header - say what the CPU offers
 * @h: record to fill
 */
void arch_ckpt_header(struct ckpt_hdr_header_arch *h)
{
	h->elf_machine = EM_X86_64;
	h->fpu_size = fpu_user_cfg.max_size;
	h->features = fpu_user_cfg.max_features;
	h->hwcap = ELF_HWCAP;
	h->hwcap2 = ELF_HWCAP2;
}

/**
 * arch_ckpt_header_check - can this CPU load the image's state?
 * @ctx: restart context
 * @h: record of the image
 *
 * The register file comes as one piece whose size and layout follow from the
 * features in use, so they have to be the same.
 */
int arch_ckpt_header_check(struct ckpt_ctx *ctx,
			   const struct ckpt_hdr_header_arch *h)
{
	if (h->elf_machine != EM_X86_64)
		return ckpt_err(ctx, NULL, -EINVAL,
				"image of machine %u, this is %u",
				h->elf_machine, EM_X86_64);
	if (h->features != fpu_user_cfg.max_features ||
	    h->fpu_size != fpu_user_cfg.max_size)
		return ckpt_err(ctx, NULL, -EINVAL,
				"image with CPU features %llx in %u bytes, this machine has %llx in %u",
				h->features, h->fpu_size,
				fpu_user_cfg.max_features,
				fpu_user_cfg.max_size);
	return 0;
}

static bool task_is_x32(struct task_struct *task)
{
	const struct vdso_image *image;

	task_lock(task);
	image = task->mm ? task->mm->context.vdso_image : NULL;
	task_unlock(task);
	return image && image != &vdso_image_64;
}

static bool ckpt_has_tls(struct task_struct *task)
{
	int i;

	for (i = 0; i < GDT_ENTRY_TLS_ENTRIES; i++)
		if (!desc_empty(&task->thread.tls_array[i]))
			return true;
	return false;
}

static bool ckpt_has_breakpoints(struct task_struct *task)
{
	return memchr_inv(task->thread.ptrace_bps, 0,
			  sizeof(task->thread.ptrace_bps));
}

/* For the process itself, or for its guests. */
static bool ckpt_has_dynamic(struct task_struct *task)
{
	struct fpu *fpu = &task->group_leader->thread.fpu;

	return (READ_ONCE(fpu->perm.__state_perm) |
		READ_ONCE(fpu->guest_perm.__state_perm)) &
	       XFEATURE_MASK_USER_DYNAMIC;
}

/**
 * arch_ckpt_refusals - refuse what the architecture has and no record holds
 * @ctx: checkpoint context
 * @task: task
 */
int arch_ckpt_refusals(struct ckpt_ctx *ctx, struct task_struct *task)
{
	int ret = 0;

	if (!user_64bit_mode(task_pt_regs(task)))
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP, "32-bit task");
	if (!ret && task_is_x32(task))
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP, "x32 task");
#ifdef CONFIG_X86_USER_SHADOW_STACK
	if (!ret && (task->thread.features || task->thread.features_locked))
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP, "shadow stack");
#endif
#ifdef CONFIG_X86_IOPL_IOPERM
	if (!ret && task->thread.io_bitmap)
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
				  "I/O permission bitmap (ioperm)");
	if (!ret && task->thread.iopl_emul)
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP, "I/O privilege level %d",
				  (int)task->thread.iopl_emul);
#endif
	if (!ret && ckpt_has_tls(task))
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
				  "TLS descriptors (set_thread_area)");
	if (!ret && ckpt_has_breakpoints(task))
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
				  "hardware breakpoints that a tracer left");
	if (!ret && ckpt_has_dynamic(task))
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
				  "permission for dynamic CPU features (AMX)");
	return ret;
}

/**
 * arch_ckpt_caller_clean - would a restored task inherit nothing of the CPU's?
 * @task: current, or a task that waits in restart(2)
 *
 * What arch_ckpt_refusals() refuses is in no image, and stays with the thread
 * that calls restart(2).
 */
bool arch_ckpt_caller_clean(struct task_struct *task)
{
#ifdef CONFIG_X86_USER_SHADOW_STACK
	if (task->thread.features || task->thread.features_locked)
		return false;
#endif
#ifdef CONFIG_X86_IOPL_IOPERM
	if (task->thread.io_bitmap || task->thread.iopl_emul)
		return false;
#endif
	if (ckpt_has_dynamic(task))
		return false;
	return user_64bit_mode(task_pt_regs(task)) && !task_is_x32(task) &&
	       !ckpt_has_tls(task) && !ckpt_has_breakpoints(task);
}

/* Traps of the CPU, and those that the kernel counts among them. */
#define CKPT_TRAP_MAX	255

/**
 * arch_ckpt_thread - thread state without a register set
 * @task: task
 * @h: record to fill
 *
 * Every signal frame tells of the last fault: its number, error code and
 * address. Its SIGSEGV may still be pending.
 */
void arch_ckpt_thread(struct task_struct *task, struct ckpt_hdr_thread *h)
{
	h->arch[0] = task->thread.trap_nr;
	h->arch[1] = task->thread.error_code;
	h->arch[2] = task->thread.cr2;
}

/**
 * arch_ckpt_thread_check - check what arch_ckpt_thread() saves
 * @ctx: restart context
 * @h: record
 */
int arch_ckpt_thread_check(struct ckpt_ctx *ctx,
			   const struct ckpt_hdr_thread *h)
{
	if (h->arch[0] > CKPT_TRAP_MAX || h->arch[3])
		return ckpt_err(ctx, current, -EINVAL,
				"last fault %llu is not valid, or unknown thread state",
				h->arch[0]);
	return 0;
}

/**
 * arch_ckpt_thread_commit - load what arch_ckpt_thread() saves
 * @h: record
 */
void arch_ckpt_thread_commit(const struct ckpt_hdr_thread *h)
{
	current->thread.trap_nr = h->arch[0];
	current->thread.error_code = h->arch[1];
	current->thread.cr2 = h->arch[2];
}

/**
 * arch_ckpt_task_flags - attributes that are flags of the thread
 * @task: task
 *
 * Return: CKPT_TASKF_*.
 */
u64 arch_ckpt_task_flags(struct task_struct *task)
{
	return (test_tsk_thread_flag(task, TIF_NOTSC) ?
		CKPT_TASKF_TSC_SIGSEGV : 0) |
	       (test_tsk_thread_flag(task, TIF_NOCPUID) ?
		CKPT_TASKF_CPUID_FAULT : 0);
}

/**
 * arch_ckpt_set_task_flags - take on what arch_ckpt_task_flags() tells
 * @flags: CKPT_TASKF_*
 */
void arch_ckpt_set_task_flags(u64 flags)
{
	set_tsc_mode(flags & CKPT_TASKF_TSC_SIGSEGV ? PR_TSC_SIGSEGV :
						      PR_TSC_ENABLE);
	if (boot_cpu_has(X86_FEATURE_CPUID_FAULT))
		do_arch_prctl_common(ARCH_SET_CPUID,
				     !(flags & CKPT_TASKF_CPUID_FAULT));
}

/**
 * arch_ckpt_mm_refusals - refuse what the architecture keeps for an mm
 * @ctx: checkpoint context
 * @task: task
 * @mm: its address space
 */
int arch_ckpt_mm_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
			  struct mm_struct *mm)
{
	int ret = 0;

#ifdef CONFIG_MODIFY_LDT_SYSCALL
	if (mm->context.ldt)
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
				  "local descriptor table (modify_ldt)");
#endif
#ifdef CONFIG_ADDRESS_MASKING
	if (!ret && mm->context.lam_cr3_mask)
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
				  "linear address masking");
#endif
	return ret;
}

/**
 * arch_ckpt_mm_context - save what the architecture keeps for an mm
 * @mm: address space
 * @h: record to fill
 */
void arch_ckpt_mm_context(struct mm_struct *mm, struct ckpt_hdr_mm_context *h)
{
#ifdef CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS
	h->arch[0] = mm->context.pkey_allocation_map;
	if (mm->context.execute_only_pkey > 0)
		h->arch[1] = mm->context.execute_only_pkey;
#endif
}

/**
 * arch_ckpt_mm_context_restore - give current's mm what the image says
 * @ctx: restart context
 * @h: record
 *
 * Return: 0, or -EINVAL for keys that this machine does not have.
 */
int arch_ckpt_mm_context_restore(struct ckpt_ctx *ctx,
				 const struct ckpt_hdr_mm_context *h)
{
	u64 keys = h->arch[0], execute_only = h->arch[1];

	if (h->arch[2] || h->arch[3])
		goto bad;
#ifdef CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS
	/* Key 0 is always there. */
	if (keys >> arch_max_pkey() || !(keys & 1) ||
	    execute_only >= arch_max_pkey() ||
	    (execute_only && !(keys & BIT(execute_only))))
		goto bad;
	current->mm->context.pkey_allocation_map = keys;
	if (execute_only)
		current->mm->context.execute_only_pkey = execute_only;
	return 0;
#else
	if (keys <= 1 && !execute_only)
		return 0;
#endif
bad:
	return ckpt_err(ctx, current, -EINVAL,
			"memory protection keys %llx and %llu for execution, or unknown state of the address space",
			keys, execute_only);
}

/**
 * arch_ckpt_pkey_derived - does mmap(2) give an area its protection key?
 * @vma: area with a key
 *
 * An area that can be executed and nothing else gets the key that stands for
 * that.
 */
bool arch_ckpt_pkey_derived(struct vm_area_struct *vma)
{
#ifdef CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS
	return (vma->vm_flags & VM_ACCESS_FLAGS) == VM_EXEC &&
	       vma_pkey(vma) == vma->vm_mm->context.execute_only_pkey;
#else
	return false;
#endif
}

/**
 * arch_ckpt_vdso - the vdso of an address space
 * @mm: address space
 * @addr: receives its address
 * @size: receives its size in bytes
 *
 * Return: its contents in the kernel, NULL when there is none.
 */
const void *arch_ckpt_vdso(struct mm_struct *mm, unsigned long *addr,
			   size_t *size)
{
	const struct vdso_image *image = mm->context.vdso_image;

	if (!image)
		return NULL;
	*addr = (unsigned long)mm->context.vdso;
	*size = image->size;
	return image->data;
}

/**
 * arch_ckpt_map_vdso - map the vdso into current's address space
 * @addr: its address
 *
 * Return: 0 or a negative errno; the caller looks whether it is there.
 */
int arch_ckpt_map_vdso(unsigned long addr)
{
	const struct vdso_image *image = &vdso_image_64;

	/* The variables stand before the code. */
	addr += image->sym_vvar_start;
	if (!PAGE_ALIGNED(addr) || addr < mmap_min_addr || addr >= TASK_SIZE)
		return -EINVAL;
	return map_vdso_once(image, addr);
}
