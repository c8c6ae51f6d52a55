// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: System V IPC objects, whatever their kind.
 *
 * Whose objects are saved: all of them when the hierarchy has an IPC namespace
 * that is not the caller's, or with CHECKPOINT_IPC. Otherwise those that its
 * tasks have attached or are to undo operations on; what else the tasks have
 * used is named in the log and stays where it is.
 *
 * A restart makes objects with the identifiers that they had. It never takes
 * over one that is there: an identifier or a key that is in use fails it. It
 * removes only the very segments of shared memory that the tasks of the image
 * have left behind and that nobody has attached. Until everything has been read
 * nobody but who made an object may use it. An object that a failed restart has
 * made goes with it.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/slab.h>

#include "checkpoint.h"

static const struct ckpt_ipc_type *const ckpt_ipc_types[] = {
	&ckpt_shm_type, &ckpt_sem_type, &ckpt_msg_type,
};

/**
 * ckpt_ipc_find - the object with an identifier
 * @ns: its namespace
 * @type: its kind
 * @id: the identifier
 *
 * Return: the object with a reference, or NULL.
 */
struct kern_ipc_perm *ckpt_ipc_find(struct ipc_namespace *ns,
				    const struct ckpt_ipc_type *type, int id)
{
	struct kern_ipc_perm *perm;

	rcu_read_lock();
	perm = ipc_obtain_object_check(&ns->ids[type->ids], id);
	if (IS_ERR(perm) || !ipc_rcu_getref(perm))
		perm = NULL;
	rcu_read_unlock();
	return perm;
}

/**
 * ckpt_ipc_pid - the number of a process that has used an object
 * @ctx: checkpoint context
 * @pid: the process, or NULL
 *
 * Return: its number, 0 when it is not in the task array.
 */
s32 ckpt_ipc_pid(struct ckpt_ctx *ctx, struct pid *pid)
{
	s32 nr = pid_nr_ns(pid, ns_of_pid(ctx->root_pid));
	bool there;

	/* A number outlives its process, and may have been given away again. */
	rcu_read_lock();
	there = nr && pid_task(pid, PIDTYPE_TGID);
	rcu_read_unlock();
	return there && ckpt_has_member(ctx, nr) ? nr : 0;
}

/**
 * ckpt_ipc_store - capture what all objects have
 * @h: part of the record
 * @perm: the object, locked
 */
void ckpt_ipc_store(struct ckpt_ipc_perm *h, struct kern_ipc_perm *perm)
{
	struct user_namespace *ns = current_user_ns();

	h->id = perm->id;
	h->key = perm->key;
	h->uid = from_kuid_munged(ns, perm->uid);
	h->gid = from_kgid_munged(ns, perm->gid);
	h->cuid = from_kuid_munged(ns, perm->cuid);
	h->cgid = from_kgid_munged(ns, perm->cgid);
	h->mode = perm->mode & 0777;
}

/* An object of the namespace: does it come along? */
static int ckpt_ipc_consider(struct ckpt_ctx *ctx, struct ipc_namespace *ns,
			     const struct ckpt_ipc_type *type,
			     struct kern_ipc_perm *perm, bool all, bool own)
{
	struct task_struct *task = ctx->members[0]->task;
	bool readable;
	s32 ref;

	if (ckpt_obj_seen(ctx, perm, type->objtype))
		return 0;
	if (!all) {
		if (type->used(ctx, perm))
			ckpt_warn(ctx, task,
				  "%s %d: the tasks have used it, and it stays behind",
				  type->name, perm->id);
		return 0;
	}
	rcu_read_lock();
	readable = !ipcperms(ns, perm, 0444);
	rcu_read_unlock();
	if (!readable && own) {
		ckpt_warn(ctx, task,
			  "%s %d: the caller may not read it, and it stays behind",
			  type->name, perm->id);
		return 0;
	}
	if (!readable)
		return ckpt_refuse(ctx, task, -EACCES,
				   "%s %d: the caller may not read it",
				   type->name, perm->id);
	ref = ckpt_obj_checkpoint(ctx, task, perm, type->objtype);
	return min(ref, 0);
}

static int ckpt_ipc_consider_all(struct ckpt_ctx *ctx,
				 struct ipc_namespace *ns,
				 const struct ckpt_ipc_type *type, bool all,
				 bool own)
{
	struct ipc_ids *ids = &ns->ids[type->ids];
	struct kern_ipc_perm *perm;
	int idx, ret = 0;

	for (idx = 0; !ret; idx++) {
		down_read(&ids->rwsem);
		perm = idr_get_next(&ids->ipcs_idr, &idx);
		/* Who removes it needs the semaphore. */
		if (perm && WARN_ON_ONCE(!ipc_rcu_getref(perm)))
			perm = NULL;
		up_read(&ids->rwsem);
		if (!perm)
			break;
		ret = ckpt_ipc_consider(ctx, ns, type, perm, all, own);
		ipc_rcu_putref(perm, type->rcu_free);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret;
}

/**
 * ckpt_sysv_checkpoint - capture the objects that nobody has attached
 * @ctx: checkpoint context; every member has been captured
 * @ns: the namespace of the hierarchy
 * @all: capture all of them; otherwise only say which ones stay behind
 * @own: it is the caller's namespace, too
 *
 * Return: 0 or a negative errno.
 */
int ckpt_sysv_checkpoint(struct ckpt_ctx *ctx, struct ipc_namespace *ns,
			 bool all, bool own)
{
	int i, ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(ckpt_ipc_types); i++)
		ret = ckpt_ipc_consider_all(ctx, ns, ckpt_ipc_types[i], all,
					    own);
	return ret;
}

/**
 * ckpt_ipc_grab - take a reference at checkpoint
 * @ptr: the object, of which the caller has one
 */
void ckpt_ipc_grab(void *ptr)
{
	WARN_ON_ONCE(!ipc_rcu_getref(ptr));
}

/* Restart */

/* A creator is who made it, and that is nobody whom the caller may not be. */
static bool ckpt_ipc_may_create_as(kuid_t uid, kgid_t gid)
{
	const struct cred *cred = current_cred();
	bool user, group;

	user = uid_eq(uid, cred->uid) || uid_eq(uid, cred->euid) ||
	       uid_eq(uid, cred->suid) ||
	       ns_capable_setid(cred->user_ns, CAP_SETUID);
	group = gid_eq(gid, cred->gid) || gid_eq(gid, cred->egid) ||
		gid_eq(gid, cred->sgid) ||
		ns_capable_setid(cred->user_ns, CAP_SETGID);
	return user && group;
}

static int ckpt_ipc_check(struct ckpt_ctx *ctx, struct ipc_namespace *ns,
			  const struct ckpt_ipc_type *type,
			  const struct ckpt_ipc_perm *h)
{
	struct user_namespace *user_ns = current_user_ns();
	kuid_t cuid = make_kuid(user_ns, h->cuid);
	kgid_t cgid = make_kgid(user_ns, h->cgid);

	if (!ckpt_ipc_ns_is(ctx, ns))
		return ckpt_err(ctx, current, -EINVAL,
				"%s %d: the tasks that restart are in several IPC namespaces",
				type->name, h->id);
	if (!uid_valid(make_kuid(user_ns, h->uid)) || !uid_valid(cuid) ||
	    !gid_valid(make_kgid(user_ns, h->gid)) || !gid_valid(cgid))
		return ckpt_err(ctx, current, -EINVAL,
				"%s %d: user %u or %u or group %u or %u is not mapped",
				type->name, h->id, h->uid, h->cuid, h->gid,
				h->cgid);
	if (!ckpt_ipc_may_create_as(cuid, cgid))
		return ckpt_err(ctx, current, -EPERM,
				"%s %d: the caller may not be user %u and group %u, who made it",
				type->name, h->id, h->cuid, h->cgid);
	/* What kernel.shm_next_id and its kin ask for. */
	if (!checkpoint_restore_ns_capable(ns->user_ns))
		return ckpt_err(ctx, current, -EPERM,
				"%s %d: the caller may not choose its identifier",
				type->name, h->id);
	return 0;
}

static bool ckpt_ipc_key_used(struct ipc_ids *ids, key_t key)
{
	struct kern_ipc_perm *perm;

	if (key == IPC_PRIVATE)
		return false;
	perm = ipc_findkey(ids, key);
	if (perm)
		ipc_unlock(perm);
	return perm;
}

/*
 * Tasks that were ended with CHECKPOINT_KILL have left their objects behind. The
 * image has the contents, so what the caller may remove goes, as by ipcrm(1).
 */
static void ckpt_ipc_clear(struct ckpt_ipc *ipc,
			   const struct ipc_params *params, time64_t ctime)
{
	const struct ckpt_ipc_type *type = ipc->type;
	struct user_namespace *user_ns = current_user_ns();
	const struct ckpt_ipc_perm *h = &ipc->wanted;
	kuid_t euid = current_euid();
	struct kern_ipc_perm *perm;
	bool ours;

	if (!type->left_behind)
		return;
	perm = idr_find(&ipc->ns->ids[type->ids].ipcs_idr, ipcid_to_idx(h->id));
	if (!perm)
		return;
	rcu_read_lock();
	ipc_lock_object(perm);
	ours = perm->id == h->id && perm->key == h->key &&
	       (perm->mode & 0777) == h->mode &&
	       uid_eq(perm->cuid, make_kuid(user_ns, h->cuid)) &&
	       gid_eq(perm->cgid, make_kgid(user_ns, h->cgid)) &&
	       (uid_eq(euid, perm->uid) || uid_eq(euid, perm->cuid) ||
		ns_capable(ipc->ns->user_ns, CAP_SYS_ADMIN)) &&
	       type->left_behind(perm, params, ctime);
	if (ours)
		type->remove(ipc->ns, perm);
	else
		ipc_unlock(perm);
}

static int ckpt_ipc_make(struct ckpt_ipc *ipc, struct ipc_params *params,
			 time64_t ctime)
{
	struct ipc_ids *ids = &ipc->ns->ids[ipc->type->ids];
	int id = ipc->wanted.id, ret = -EEXIST;

	params->key = ipc->wanted.key;
	down_write(&ids->rwsem);
	ckpt_ipc_clear(ipc, params, ctime);
	if (!ckpt_ipc_key_used(ids, params->key) &&
	    !idr_find(&ids->ipcs_idr, ipcid_to_idx(id))) {
		ids->next_id = id;
		ret = ipc->type->create(ipc->ns, params);
		ids->next_id = -1;
	}
	if (ret >= 0) {
		ipc->perm = idr_find(&ids->ipcs_idr, ipcid_to_idx(ret));
		if (WARN_ON_ONCE(!ipc->perm || !ipc_rcu_getref(ipc->perm)))
			ipc->perm = NULL;
		/* Somebody has written to kernel.*_next_id at this moment. */
		ret = ret == id ? 0 : -EEXIST;
	}
	up_write(&ids->rwsem);
	return ret;
}

/**
 * ckpt_ipc_create - make an object with a chosen identifier
 * @ctx: restart context
 * @type: its kind
 * @h: identifier and permissions
 * @params: what to make; key and flags other than permissions are the callee's
 * @ctime: when that was made or changed, seconds of CLOCK_REALTIME
 *
 * Return: the object, which nobody but its creator may use yet, or an ERR_PTR.
 */
struct ckpt_ipc *ckpt_ipc_create(struct ckpt_ctx *ctx,
				 const struct ckpt_ipc_type *type,
				 const struct ckpt_ipc_perm *h,
				 struct ipc_params *params, time64_t ctime)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	struct ckpt_ipc *ipc;
	int ret;

	ret = ckpt_ipc_check(ctx, ns, type, h);
	if (ret)
		return ERR_PTR(ret);
	ipc = kzalloc(sizeof(*ipc), GFP_KERNEL_ACCOUNT);
	if (!ipc)
		return ERR_PTR(-ENOMEM);
	ipc->ctx = ctx;
	ipc->type = type;
	ipc->ns = get_ipc_ns(ns);
	ipc->wanted = *h;
	ret = ckpt_ipc_make(ipc, params, ctime);
	if (!ret)
		return ipc;
	if (ret == -EEXIST)
		ckpt_err(ctx, current, ret,
			 "%s %d: its identifier or its key 0x%08x is in use",
			 type->name, h->id, h->key);
	else
		ckpt_err(ctx, current, ret, "%s %d cannot be made",
			 type->name, h->id);
	ckpt_ipc_free(ipc);
	return ERR_PTR(ret);
}

/**
 * ckpt_ipc_load - give an object the owner, creator and permissions it had
 * @ipc: the object, locked
 */
void ckpt_ipc_load(const struct ckpt_ipc *ipc)
{
	struct user_namespace *ns = current_user_ns();
	struct kern_ipc_perm *perm = ipc->perm;

	perm->uid = make_kuid(ns, ipc->wanted.uid);
	perm->gid = make_kgid(ns, ipc->wanted.gid);
	perm->cuid = make_kuid(ns, ipc->wanted.cuid);
	perm->cgid = make_kgid(ns, ipc->wanted.cgid);
	perm->mode = (perm->mode & ~0777) | ipc->wanted.mode;
}

/**
 * ckpt_ipc_settle - everything has been read: others may use an object
 * @ctx: restart context
 * @ptr: the object
 *
 * Return: 0, or -EIDRM when somebody has removed it.
 */
int ckpt_ipc_settle(struct ckpt_ctx *ctx, void *ptr)
{
	struct ckpt_ipc *ipc = ptr;
	bool valid;

	ipc_lock_object(ipc->perm);
	valid = ipc_valid_object(ipc->perm);
	if (valid)
		ckpt_ipc_load(ipc);
	ipc_unlock_object(ipc->perm);
	if (valid)
		return 0;
	return ckpt_err(ctx, NULL, -EIDRM, "%s %d has been removed",
			ipc->type->name, ipc->wanted.id);
}

/**
 * ckpt_ipc_update_pid - say which process has used an object
 * @ctx: restart context
 * @pos: where that is said
 * @nr: its number in the image, 0 for none that is there
 */
void ckpt_ipc_update_pid(struct ckpt_ctx *ctx, struct pid **pos, s32 nr)
{
	struct pid *pid = nr > 0 ? ckpt_member_pid(ctx, nr) : NULL;

	ipc_update_pid(pos, pid);
	put_pid(pid);
}

/**
 * ckpt_ipc_free - let go of a restored object; one of a failed restart goes
 * @ptr: the object
 */
void ckpt_ipc_free(void *ptr)
{
	struct ckpt_ipc *ipc = ptr;
	struct kern_ipc_perm *perm = ipc->perm;
	struct ipc_ids *ids = &ipc->ns->ids[ipc->type->ids];
	bool failed = READ_ONCE(ipc->ctx->err) ||
		      READ_ONCE(ipc->ctx->phase) < CKPT_PHASE_COMMIT;

	if (perm && failed) {
		down_write(&ids->rwsem);
		rcu_read_lock();
		ipc_lock_object(perm);
		if (ipc_valid_object(perm))
			ipc->type->remove(ipc->ns, perm);
		else
			ipc_unlock(perm);
		up_write(&ids->rwsem);
	}
	if (perm)
		ipc_rcu_putref(perm, ipc->type->rcu_free);
	put_ipc_ns(ipc->ns);
	kvfree(ipc->record);
	kfree(ipc);
}
