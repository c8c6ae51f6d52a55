// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: System V shared memory.
 *
 * A segment is an object, saved once with its contents. An attachment is an
 * area like any other, whose open file refers to the segment.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/shm.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <uapi/linux/shm.h>

#include "checkpoint.h"

static struct shmid_kernel *ckpt_shm(struct kern_ipc_perm *perm)
{
	return container_of(perm, struct shmid_kernel, shm_perm);
}

/* The segment that a file shows, with a reference, or NULL. */
static struct kern_ipc_perm *ckpt_shm_of(struct file *file)
{
	struct shm_file_data *sfd = file->private_data;
	struct kern_ipc_perm *perm;

	perm = ckpt_ipc_find(sfd->ns, &ckpt_shm_type, sfd->id);
	/* An attached segment stays; this one may have taken its number. */
	if (perm && READ_ONCE(ckpt_shm(perm)->shm_file) != sfd->file) {
		ipc_rcu_putref(perm, shm_rcu_free);
		perm = NULL;
	}
	return perm;
}

/**
 * shm_checkpoint - capture an open file that attaches shared memory
 * @ctx: checkpoint context
 * @task: task on whose behalf, for messages
 * @file: the file
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int shm_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		   struct file *file, struct ckpt_object *obj)
{
	struct shm_file_data *sfd = file->private_data;
	struct ckpt_hdr_shm_file *h;
	struct kern_ipc_perm *perm;
	s32 ref;

	if (!ckpt_ipc_ns_is(ctx, sfd->ns))
		return ckpt_refuse(ctx, task, -EOPNOTSUPP,
				   "shared memory segment %d of another IPC namespace",
				   sfd->id);
	perm = ckpt_shm_of(file);
	if (!perm)
		return ckpt_err(ctx, task, -EIDRM,
				"shared memory segment %d has been removed",
				sfd->id);
	ref = ckpt_obj_checkpoint(ctx, task, perm, CKPT_OBJ_SHM);
	ipc_rcu_putref(perm, shm_rcu_free);
	if (ref <= 0)
		return ref;
	if (!ckpt_file_record(ctx, file, obj, CKPT_FILE_SHM))
		return -ENOMEM;
	h = ckpt_record(ctx, CKPT_HDR_SHM_FILE, 0);
	if (!h)
		return -ENOMEM;
	h->shm_ref = ref;
	return 0;
}

/**
 * ckpt_shm_use - count an attachment
 * @ctx: checkpoint context
 * @file: file of an area of a member
 */
void ckpt_shm_use(struct ckpt_ctx *ctx, struct file *file)
{
	struct kern_ipc_perm *perm;

	if (file->f_op != &shm_file_operations &&
	    file->f_op != &shm_file_operations_huge)
		return;
	perm = ckpt_shm_of(file);
	if (!perm)
		return;
	ckpt_obj_use(ctx, perm, CKPT_OBJ_SHM);
	ipc_rcu_putref(perm, shm_rcu_free);
}

static int ckpt_shm_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			       void *ptr, struct ckpt_object *obj)
{
	struct kern_ipc_perm *perm = ptr;
	struct shmid_kernel *shp = ckpt_shm(perm);
	struct file *file = NULL;
	struct ckpt_hdr_shm *h;
	struct inode *inode;
	int ret = 0;

	ipc_lock_object(perm);
	if (ipc_valid_object(perm))
		file = get_file(shp->shm_file);
	ipc_unlock_object(perm);
	/* Removed from outside, and nobody has attached it. */
	if (!file)
		return 0;
	inode = file_inode(file);
	if (is_file_hugepages(file)) {
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
				  "shared memory segment %d: huge pages (SHM_HUGETLB)",
				  perm->id);
		goto out;
	}
	ret = shmem_ckpt_refusals(ctx, task, inode);
	if (ret)
		goto out;
	h = ckpt_record(ctx, CKPT_HDR_SHM, 0);
	if (!h) {
		ret = -ENOMEM;
		goto out;
	}
	h->objref = ckpt_obj_number(ctx, obj);
	if (SHMEM_I(inode)->flags & VM_NORESERVE)
		h->flags |= CKPT_SHM_NORESERVE;
	ipc_lock_object(perm);
	if (perm->mode & SHM_LOCKED)
		h->flags |= CKPT_SHM_LOCKED;
	if (perm->mode & SHM_DEST)
		h->flags |= CKPT_SHM_DEST;
	ckpt_ipc_store(h->perm, perm);
	h->size = shp->shm_segsz;
	h->atime = shp->shm_atim;
	h->dtime = shp->shm_dtim;
	h->ctime = shp->shm_ctim;
	h->cpid = ckpt_ipc_pid(ctx, shp->shm_cprid);
	h->lpid = ckpt_ipc_pid(ctx, shp->shm_lprid);
	ipc_unlock_object(perm);
	ret = shmem_ckpt_contents(ctx, task, inode);
out:
	fput(file);
	return ret;
}

static bool ckpt_shm_used(struct ckpt_ctx *ctx, struct kern_ipc_perm *perm)
{
	struct shmid_kernel *shp = ckpt_shm(perm);
	bool used;

	ipc_lock_object(perm);
	used = ckpt_ipc_pid(ctx, shp->shm_cprid) ||
	       ckpt_ipc_pid(ctx, shp->shm_lprid);
	ipc_unlock_object(perm);
	return used;
}

/* Restart */

static bool ckpt_shm_left_behind(struct kern_ipc_perm *perm,
				 const struct ipc_params *params,
				 time64_t ctime)
{
	const struct shmid_kernel *shp = ckpt_shm(perm);

	return !shp->shm_nattch && shp->shm_segsz == params->u.size &&
	       shp->shm_ctim == ctime &&
	       !security_shm_shmctl(perm, IPC_RMID);
}

static void *ckpt_shm_restore_segment(struct ckpt_ctx *ctx,
				      const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_shm *h = (const void *)hdr;
	struct ipc_params params = {};
	struct file *file = NULL;
	struct ckpt_ipc *ipc;
	int ret = -EIDRM;

	/* Only what is attached waits to be removed, and without a key. */
	if (h->size > MAX_LFS_FILESIZE ||
	    ((h->flags & CKPT_SHM_DEST) && h->perm->key != IPC_PRIVATE))
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"shared memory segment %d is not valid",
					h->perm->id));
	params.u.size = h->size;
	if (h->flags & CKPT_SHM_NORESERVE)
		params.flg = SHM_NORESERVE;
	ipc = ckpt_ipc_create(ctx, &ckpt_shm_type, h->perm, &params,
			      h->ctime);
	if (IS_ERR(ipc))
		return ipc;
	ipc->record = kmemdup(h, sizeof(*h), GFP_KERNEL_ACCOUNT);
	if (!ipc->record) {
		ret = -ENOMEM;
		goto err;
	}
	ipc_lock_object(ipc->perm);
	if (ipc_valid_object(ipc->perm))
		file = get_file(ckpt_shm(ipc->perm)->shm_file);
	ipc_unlock_object(ipc->perm);
	if (file) {
		ret = shmem_ckpt_fill_all(ctx, file_inode(file));
		fput(file);
	}
	if (!ret)
		return ipc;
err:
	ckpt_ipc_free(ipc);
	return ERR_PTR(ret);
}

/**
 * ckpt_shm_restore - open a file that attaches shared memory
 * @ctx: restart context
 * @f: record of the open file
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_shm_restore(struct ckpt_ctx *ctx,
			      const struct ckpt_hdr_file *f)
{
	u32 acc = f->f_flags & O_ACCMODE;
	struct file *file, *base = NULL;
	struct ckpt_hdr_shm_file *h;
	struct shm_file_data *sfd;
	struct ckpt_ipc *ipc;
	int ret;

	h = ckpt_next_record(ctx, CKPT_HDR_SHM_FILE);
	if (IS_ERR(h))
		return ERR_CAST(h);
	ipc = ckpt_obj_fetch(ctx, h->shm_ref, CKPT_OBJ_SHM);
	kvfree(h);
	if (IS_ERR(ipc))
		return ERR_CAST(ipc);
	if (acc != O_RDONLY && acc != O_RDWR)
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"attachment of shared memory with flags %#o",
					f->f_flags));
	ret = security_shm_shmat(ipc->perm, NULL,
				 acc == O_RDONLY ? SHM_RDONLY : 0);
	if (ret)
		return ERR_PTR(ckpt_err(ctx, current, ret,
					"shared memory segment %d cannot be attached",
					ipc->wanted.id));
	sfd = kzalloc(sizeof(*sfd), GFP_KERNEL_ACCOUNT);
	if (!sfd)
		return ERR_PTR(-ENOMEM);
	ipc_lock_object(ipc->perm);
	if (ipc_valid_object(ipc->perm))
		base = get_file(ckpt_shm(ipc->perm)->shm_file);
	ipc_unlock_object(ipc->perm);
	if (!base) {
		kfree(sfd);
		return ERR_PTR(ckpt_err(ctx, current, -EIDRM,
					"shared memory segment %d has been removed",
					ipc->wanted.id));
	}
	file = alloc_file_clone(base, acc, &shm_file_operations);
	if (IS_ERR(file)) {
		fput(base);
		kfree(sfd);
		return file;
	}
	sfd->id = ipc->wanted.id;
	sfd->ns = get_ipc_ns(ipc->ns);
	sfd->file = base;
	file->private_data = sfd;
	return file;
}

/* With kernel.shm_rmid_forced a segment goes with its creator. */
static void ckpt_shm_set_creator(struct ckpt_ctx *ctx, struct shmid_kernel *shp,
				 s32 nr)
{
	struct task_struct *task = nr > 0 ? ckpt_task_of(ctx, nr) : NULL;

	shm_clist_rm(shp);
	if (!task)
		return;
	task_lock(task);
	if (!(task->flags & PF_EXITING)) {
		shp->shm_creator = task;
		list_add(&shp->shm_clist, &task->sysvshm.shm_clist);
	}
	task_unlock(task);
}

/* All attachments are there, and count; none of them is to show. */
static int ckpt_shm_settle(struct ckpt_ctx *ctx, void *ptr)
{
	struct ckpt_ipc *ipc = ptr;
	struct shmid_kernel *shp = ckpt_shm(ipc->perm);
	const struct ckpt_hdr_shm *h = ipc->record;
	int ret;

	if (h->flags & CKPT_SHM_LOCKED) {
		ret = shmctl_do_lock(ipc->ns, ipc->wanted.id, SHM_LOCK);
		if (ret)
			return ckpt_err(ctx, NULL, ret,
					"shared memory segment %d cannot be locked",
					ipc->wanted.id);
	}
	ret = ckpt_ipc_settle(ctx, ptr);
	if (ret)
		return ret;
	ipc_lock_object(ipc->perm);
	if (!ipc_valid_object(ipc->perm)) {
		ret = -EIDRM;
	} else if ((h->flags & CKPT_SHM_DEST) && !shp->shm_nattch) {
		ret = -EINVAL;
	} else {
		shp->shm_atim = h->atime;
		shp->shm_dtim = h->dtime;
		shp->shm_ctim = h->ctime;
		ckpt_ipc_update_pid(ctx, &shp->shm_cprid, h->cpid);
		ckpt_ipc_update_pid(ctx, &shp->shm_lprid, h->lpid);
		ckpt_shm_set_creator(ctx, shp, h->cpid);
		if (h->flags & CKPT_SHM_DEST)
			ipc->perm->mode |= SHM_DEST;
	}
	ipc_unlock_object(ipc->perm);
	if (ret)
		ckpt_err(ctx, NULL, ret,
			 "shared memory segment %d: nobody has attached it",
			 ipc->wanted.id);
	return ret;
}

static void ckpt_shm_drop(void *ptr)
{
	ipc_rcu_putref(ptr, shm_rcu_free);
}

/* The table's own reference is none. */
static long ckpt_shm_users(void *ptr)
{
	return READ_ONCE(ckpt_shm(ptr)->shm_nattch) + 1;
}

const struct ckpt_ipc_type ckpt_shm_type = {
	.name		= "shared memory segment",
	.objtype	= CKPT_OBJ_SHM,
	.ids		= IPC_SHM_IDS,
	.create		= newseg,
	.remove		= do_shm_rmid,
	.rcu_free	= shm_rcu_free,
	.used		= ckpt_shm_used,
	.left_behind	= ckpt_shm_left_behind,
};

const struct ckpt_obj_ops ckpt_shm_ops = {
	.name		= "shared memory segment",
	.objtype	= CKPT_OBJ_SHM,
	.grab		= ckpt_ipc_grab,
	.drop		= ckpt_shm_drop,
	.free		= ckpt_ipc_free,
	.users		= ckpt_shm_users,
	.checkpoint	= ckpt_shm_checkpoint,
	.restore	= ckpt_shm_restore_segment,
	.settle		= ckpt_shm_settle,
};
