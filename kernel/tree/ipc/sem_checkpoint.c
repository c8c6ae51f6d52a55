// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: System V semaphores.
 *
 * A set is an object. So is what is undone when the last of some tasks ends:
 * the threads of a process share it, as do processes with CLONE_SYSVSEM. It is
 * looked at while each of its tasks is, and captured behind the last one.
 *
 * Who waits for semaphores calls again.
 */
#include <linux/mm.h>
#include <linux/sched/task.h>
#include <linux/sem.h>
#include <linux/slab.h>

#include "checkpoint.h"

#define CKPT_SEM_MAX	65536

static struct sem_array *ckpt_sem(struct kern_ipc_perm *perm)
{
	return container_of(perm, struct sem_array, sem_perm);
}

/* Semaphore sets: checkpoint */

static int ckpt_sem_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			       void *ptr, struct ckpt_object *obj)
{
	struct kern_ipc_perm *perm = ptr;
	struct sem_array *sma = ckpt_sem(perm);
	u32 nr = sma->sem_nsems, i;
	struct ckpt_hdr_sem *h;

	if (nr > CKPT_SEM_MAX)
		return ckpt_refuse(ctx, task, -EOPNOTSUPP,
				   "semaphore set %d: %u semaphores", perm->id,
				   nr);
	h = ckpt_record(ctx, CKPT_HDR_SEM, nr * sizeof(h->sems[0]));
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->nr_sems = nr;
	checkpoint_sem_lock(sma);
	ckpt_ipc_store(h->perm, perm);
	h->otime = get_semotime(sma);
	h->ctime = sma->sem_ctime;
	for (i = 0; i < nr; i++) {
		h->sems[i].value = sma->sems[i].semval;
		h->sems[i].pid = ckpt_ipc_pid(ctx, sma->sems[i].sempid);
	}
	checkpoint_sem_unlock(sma);
	return 0;
}

static bool ckpt_sem_used(struct ckpt_ctx *ctx, struct kern_ipc_perm *perm)
{
	struct sem_array *sma = ckpt_sem(perm);
	bool used = false;
	int i;

	checkpoint_sem_lock(sma);
	for (i = 0; !used && i < sma->sem_nsems; i++)
		used = ckpt_ipc_pid(ctx, sma->sems[i].sempid);
	checkpoint_sem_unlock(sma);
	return used;
}

/* Semaphore sets: restart */

static void *ckpt_sem_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_sem *h = (const void *)hdr;
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	struct ipc_params params = {};
	struct sem_array *sma;
	struct ckpt_ipc *ipc;
	u32 i;

	/* What semget(2) asks for. */
	if (!h->nr_sems || h->nr_sems > max(ns->sem_ctls[0], 0))
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"semaphore set %d: %u semaphores, kernel.sem allows %d",
					h->perm->id, h->nr_sems,
					ns->sem_ctls[0]));
	params.u.nsems = h->nr_sems;
	ipc = ckpt_ipc_create(ctx, &ckpt_sem_type, h->perm, &params,
			      h->ctime);
	if (IS_ERR(ipc))
		return ipc;
	sma = ckpt_sem(ipc->perm);
	checkpoint_sem_lock(sma);
	sma->sems[0].sem_otime = h->otime;
	sma->sem_ctime = h->ctime;
	/* Somebody may have removed it, and pids would stay. */
	for (i = 0; ipc_valid_object(ipc->perm) && i < h->nr_sems; i++) {
		sma->sems[i].semval = h->sems[i].value;
		ckpt_ipc_update_pid(ctx, &sma->sems[i].sempid, h->sems[i].pid);
	}
	checkpoint_sem_unlock(sma);
	return ipc;
}

static void ckpt_sem_drop(void *ptr)
{
	ipc_rcu_putref(ptr, sem_rcu_free);
}

const struct ckpt_ipc_type ckpt_sem_type = {
	.name		= "semaphore set",
	.objtype	= CKPT_OBJ_SEM,
	.ids		= IPC_SEM_IDS,
	.create		= newary,
	.remove		= freeary,
	.rcu_free	= sem_rcu_free,
	.used		= ckpt_sem_used,
};

const struct ckpt_obj_ops ckpt_sem_ops = {
	.name		= "semaphore set",
	.objtype	= CKPT_OBJ_SEM,
	.grab		= ckpt_ipc_grab,
	.drop		= ckpt_sem_drop,
	.free		= ckpt_ipc_free,
	.checkpoint	= ckpt_sem_checkpoint,
	.restore	= ckpt_sem_restore,
	.settle		= ckpt_ipc_settle,
};

/* Undo lists: checkpoint */

/**
 * struct ckpt_undo_set - what is undone on a set
 * @id: the set
 * @nr: its semaphores, 0 for a set that has been removed
 * @adjust: what is added to each
 */
struct ckpt_undo_set {
	int id;
	u32 nr;
	short *adjust;
};

/**
 * struct ckpt_undo_look - an undo list that has been looked at
 * @finish: captures it
 * @ulp: the list, compared and not used
 * @ns: IPC namespace of the tasks, with a reference
 * @users: how many tasks have it
 * @tasks: those that are members
 * @nr_tasks: how many
 * @max_tasks: for how many there is room
 * @sets: what is undone
 * @nr_sets: on how many sets
 */
struct ckpt_undo_look {
	struct ckpt_finish finish;
	struct sem_undo_list *ulp;
	struct ipc_namespace *ns;
	u32 users;
	s32 *tasks;
	u32 nr_tasks;
	u32 max_tasks;
	struct ckpt_undo_set *sets;
	u32 nr_sets;
};

/**
 * ckpt_sem_undo - would the end of a task undo semaphore operations?
 * @task: the task
 */
bool ckpt_sem_undo(struct task_struct *task)
{
	struct sem_undo_list *ulp = READ_ONCE(task->sysvsem.undo_list);

	return ulp && !list_empty(&ulp->list_proc);
}

static int ckpt_undo_ids(struct ckpt_undo_look *look)
{
	struct sem_undo_list *ulp = look->ulp;
	struct sem_undo *un;
	u32 nr, max = 0;

	for (;;) {
		nr = 0;
		spin_lock(&ulp->lock);
		list_for_each_entry(un, &ulp->list_proc, list_proc) {
			if (nr < max)
				look->sets[nr].id = un->semid;
			nr++;
		}
		spin_unlock(&ulp->lock);
		if (nr <= max)
			break;
		kvfree(look->sets);
		look->sets = kvcalloc(nr, sizeof(*look->sets),
				      GFP_KERNEL_ACCOUNT);
		if (!look->sets)
			return -ENOMEM;
		max = nr;
	}
	look->nr_sets = nr;
	return 0;
}

static int ckpt_undo_adjust(struct ckpt_undo_look *look,
			    struct ckpt_undo_set *set)
{
	struct kern_ipc_perm *perm;
	struct sem_array *sma;
	struct sem_undo *un;
	int ret = 0;

	perm = set->id < 0 ? NULL :
	       ckpt_ipc_find(look->ns, &ckpt_sem_type, set->id);
	if (!perm)
		return 0;
	sma = ckpt_sem(perm);
	set->adjust = kvcalloc(sma->sem_nsems, sizeof(*set->adjust),
			       GFP_KERNEL_ACCOUNT);
	if (!set->adjust) {
		ret = -ENOMEM;
		goto out;
	}
	checkpoint_sem_lock(sma);
	if (ipc_valid_object(perm))
		list_for_each_entry(un, &sma->list_id, list_id) {
			if (un->ulp != look->ulp)
				continue;
			memcpy(set->adjust, un->semadj,
			       sma->sem_nsems * sizeof(*set->adjust));
			set->nr = sma->sem_nsems;
			break;
		}
	checkpoint_sem_unlock(sma);
out:
	ipc_rcu_putref(perm, sem_rcu_free);
	return ret;
}

static void ckpt_undo_look_free(struct ckpt_finish *finish)
{
	struct ckpt_undo_look *look =
		container_of(finish, struct ckpt_undo_look, finish);
	u32 i;

	for (i = 0; i < look->nr_sets; i++)
		kvfree(look->sets[i].adjust);
	kvfree(look->sets);
	kvfree(look->tasks);
	put_ipc_ns(look->ns);
	kfree(look);
}

/* A set that is there still. Others are not undone. */
static int ckpt_undo_refs(struct ckpt_ctx *ctx, struct ckpt_undo_look *look)
{
	struct kern_ipc_perm *perm;
	u32 i, kept = 0;
	s32 ref;

	for (i = 0; i < look->nr_sets; i++) {
		perm = look->sets[i].nr ?
		       ckpt_ipc_find(look->ns, &ckpt_sem_type,
				     look->sets[i].id) : NULL;
		if (!perm)
			continue;
		ref = ckpt_obj_checkpoint(ctx, look->finish.task, perm,
					  CKPT_OBJ_SEM);
		/* Nobody can have made it anew: identifiers are not reused. */
		if (ref > 0 && ckpt_sem(perm)->sem_nsems == look->sets[i].nr) {
			look->sets[i].id = ref;
			swap(look->sets[kept], look->sets[i]);
			kept++;
		}
		ipc_rcu_putref(perm, sem_rcu_free);
		if (ref < 0)
			return ref;
	}
	for (i = kept; i < look->nr_sets; i++)
		kvfree(look->sets[i].adjust);
	look->nr_sets = kept;
	return 0;
}

static int ckpt_undo_run(struct ckpt_ctx *ctx, struct ckpt_finish *finish)
{
	struct ckpt_undo_look *look =
		container_of(finish, struct ckpt_undo_look, finish);
	struct ipc_namespace *ns = ckpt_ipc_ns(ctx);
	s32 ref;
	int ret;

	/* Compared, not used. */
	if (ns)
		put_ipc_ns(ns);
	if (look->ns != ns && look->nr_sets)
		return ckpt_refuse(ctx, finish->task, -EOPNOTSUPP,
				   "semaphore operations to undo in another IPC namespace");
	if (look->users > look->nr_tasks) {
		if (!(ctx->uflags & CHECKPOINT_SUBTREE))
			return ckpt_refuse(ctx, finish->task, -EBUSY,
					   "semaphore operations to undo are shared with a task outside (CLONE_SYSVSEM)");
		ckpt_warn(ctx, finish->task,
			  "semaphore operations to undo are shared with a task outside (CLONE_SYSVSEM): the restarted tasks will have their own");
	}
	ret = ckpt_undo_refs(ctx, look);
	if (ret)
		return ret;
	ref = ckpt_obj_checkpoint(ctx, finish->task, look, CKPT_OBJ_SEM_UNDO);
	return min(ref, 0);
}

static struct ckpt_undo_look *ckpt_undo_find(struct ckpt_ctx *ctx,
					     struct sem_undo_list *ulp)
{
	struct ckpt_finish *finish;
	struct ckpt_undo_look *look;

	list_for_each_entry_reverse(finish, &ctx->finish[CKPT_FINISH_LAST],
				    list) {
		if (finish->run != ckpt_undo_run)
			continue;
		look = container_of(finish, struct ckpt_undo_look, finish);
		if (look->ulp == ulp)
			return look;
	}
	return NULL;
}

static int ckpt_undo_add_task(struct ckpt_undo_look *look, s32 pid)
{
	u32 max = max(look->max_tasks * 2, 4U);
	s32 *tasks;

	if (look->nr_tasks == look->max_tasks) {
		tasks = kvmalloc_array(max, sizeof(*tasks), GFP_KERNEL_ACCOUNT);
		if (!tasks)
			return -ENOMEM;
		if (look->nr_tasks)
			memcpy(tasks, look->tasks,
			       look->nr_tasks * sizeof(*tasks));
		kvfree(look->tasks);
		look->tasks = tasks;
		look->max_tasks = max;
	}
	look->tasks[look->nr_tasks++] = pid;
	return 0;
}

/**
 * ckpt_sem_undo_look - look at the undo list of a task
 * @ctx: checkpoint context
 * @task: a member that is being looked at, and does not exit meanwhile
 * @pid: its number in the image
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_sem_undo_look(struct ckpt_ctx *ctx, struct task_struct *task, s32 pid)
{
	struct sem_undo_list *ulp = READ_ONCE(task->sysvsem.undo_list);
	struct ckpt_undo_look *look;
	struct ipc_namespace *ns = NULL;
	u32 i;
	int ret;

	/* A list that is empty and not shared is as good as none. */
	if (!ulp || (refcount_read(&ulp->refcnt) == 1 &&
		     list_empty(&ulp->list_proc)))
		return 0;
	look = ckpt_undo_find(ctx, ulp);
	if (look)
		return ckpt_undo_add_task(look, pid);

	task_lock(task);
	if (task->nsproxy)
		ns = get_ipc_ns(task->nsproxy->ipc_ns);
	task_unlock(task);
	if (!ns)
		return ckpt_err(ctx, task, -ESRCH, "the task is exiting");
	look = kzalloc(sizeof(*look), GFP_KERNEL_ACCOUNT);
	if (!look) {
		put_ipc_ns(ns);
		return -ENOMEM;
	}
	look->ulp = ulp;
	look->ns = ns;
	look->users = refcount_read(&ulp->refcnt);
	look->finish.task = task;
	look->finish.run = ckpt_undo_run;
	look->finish.free = ckpt_undo_look_free;
	ckpt_finish_add(ctx, &look->finish);
	ret = ckpt_undo_ids(look);
	for (i = 0; !ret && i < look->nr_sets; i++)
		ret = ckpt_undo_adjust(look, &look->sets[i]);
	return ret ?: ckpt_undo_add_task(look, pid);
}

static int ckpt_undo_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
				void *ptr, struct ckpt_object *obj)
{
	struct ckpt_undo_look *look = ptr;
	struct ckpt_hdr_sem_undo_set *set;
	struct ckpt_hdr_sem_undo *h;
	u32 i, k;

	h = ckpt_record(ctx, CKPT_HDR_SEM_UNDO,
			look->nr_tasks * sizeof(h->tasks[0]));
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->nr_sets = look->nr_sets;
	h->nr_tasks = look->nr_tasks;
	memcpy(h->tasks, look->tasks, look->nr_tasks * sizeof(h->tasks[0]));
	for (i = 0; i < look->nr_sets; i++) {
		set = ckpt_record(ctx, CKPT_HDR_SEM_UNDO_SET,
				  look->sets[i].nr * sizeof(set->adjust[0]));
		if (!set)
			return -ENOMEM;
		/* Its number by now. */
		set->sem_ref = look->sets[i].id;
		set->nr_sems = look->sets[i].nr;
		for (k = 0; k < set->nr_sems; k++)
			set->adjust[k] = look->sets[i].adjust[k];
	}
	return 0;
}

/* Undo lists: restart */

/**
 * struct ckpt_undo_part - what is undone on a restored set
 * @list: link
 * @ipc: the set, which the object table holds
 * @adjust: what is added to each semaphore
 */
struct ckpt_undo_part {
	struct list_head list;
	struct ckpt_ipc *ipc;
	short adjust[];
};

/**
 * struct ckpt_undo - a restored undo list
 * @lock: serialises tasks that commit
 * @ctx: restart context
 * @ns: namespace of its sets, with a reference
 * @parts: what is undone
 * @list: the list, NULL before a task has taken it and after all have
 * @nr_left: how many tasks have not taken it yet
 * @nr_tasks: how many there are
 * @tasks: their numbers
 */
struct ckpt_undo {
	struct mutex lock; /* list, nr_left */
	struct ckpt_ctx *ctx;
	struct ipc_namespace *ns;
	struct list_head parts;
	struct sem_undo_list *list;
	u32 nr_left;
	u32 nr_tasks;
	s32 tasks[] __counted_by(nr_tasks);
};

/**
 * struct ckpt_undo_finish - a task that takes an undo list when it commits
 * @finish: does so
 * @undo: the list
 */
struct ckpt_undo_finish {
	struct ckpt_finish finish;
	struct ckpt_undo *undo;
};

/* current has no list yet: make one, with what is undone on a set. */
static int ckpt_undo_apply(struct ckpt_undo *undo,
			   const struct ckpt_undo_part *part)
{
	struct kern_ipc_perm *perm = part->ipc->perm;
	struct sem_array *sma = ckpt_sem(perm);
	struct sem_undo *un;

	un = find_alloc_undo(undo->ns, part->ipc->wanted.id);
	/* Whoever has removed the set has ended what is undone on it. */
	if (IS_ERR(un))
		return PTR_ERR(un) == -ENOMEM ? -ENOMEM : 0;
	checkpoint_sem_lock(sma);
	if (ipc_valid_object(perm) && un->semid == perm->id)
		memcpy(un->semadj, part->adjust,
		       sma->sem_nsems * sizeof(un->semadj[0]));
	checkpoint_sem_unlock(sma);
	rcu_read_unlock();
	return 0;
}

static int ckpt_undo_make(struct ckpt_undo *undo)
{
	struct ckpt_undo_part *part;
	struct sem_undo_list *list;
	int ret;

	ret = get_undo_list(&list);
	if (ret)
		return ret;
	/* So that it outlives a task that is killed before all have it. */
	refcount_inc(&list->refcnt);
	undo->list = list;
	/* In the order in which they were, for each goes to the front. */
	list_for_each_entry_reverse(part, &undo->parts, list) {
		ret = ckpt_undo_apply(undo, part);
		if (ret)
			return ret;
	}
	return 0;
}

static int ckpt_undo_take(struct ckpt_ctx *ctx, struct ckpt_finish *finish)
{
	struct ckpt_undo *undo =
		container_of(finish, struct ckpt_undo_finish, finish)->undo;
	int ret = 0;

	/* Undo lists are looked up in the namespace of who ends. */
	if (current->sysvsem.undo_list ||
	    current->nsproxy->ipc_ns != undo->ns)
		return ckpt_err(ctx, current, -EINVAL,
				"semaphore operations to undo: the task has others, or is in another IPC namespace");
	mutex_lock(&undo->lock);
	if (!undo->list) {
		ret = ckpt_undo_make(undo);
	} else {
		refcount_inc(&undo->list->refcnt);
		current->sysvsem.undo_list = undo->list;
	}
	if (!ret && !--undo->nr_left) {
		/* current has one as well, so it is not the last. */
		refcount_dec(&undo->list->refcnt);
		undo->list = NULL;
	}
	mutex_unlock(&undo->lock);
	return ret;
}

static void ckpt_undo_finish_free(struct ckpt_finish *finish)
{
	kfree(container_of(finish, struct ckpt_undo_finish, finish));
}

/**
 * ckpt_sem_undo_begin - a task that commits has nothing to undo any more
 *
 * What it has is empty, see ckpt_caller_clean(), and perhaps shared with
 * threads that will have others.
 */
void ckpt_sem_undo_begin(void)
{
	exit_sem(current);
}

static void ckpt_undo_free(void *ptr)
{
	struct ckpt_undo *undo = ptr;
	struct ckpt_undo_part *part, *next;

	/*
	 * The restart has failed. The sets stood before this in the image, so
	 * they are gone by now, and what was to be undone on them with them.
	 */
	if (undo->list && refcount_dec_and_test(&undo->list->refcnt) &&
	    !WARN_ON_ONCE(!list_empty(&undo->list->list_proc)))
		kfree(undo->list);
	list_for_each_entry_safe(part, next, &undo->parts, list)
		kvfree(part);
	put_ipc_ns(undo->ns);
	kvfree(undo);
}

static int ckpt_undo_read_set(struct ckpt_ctx *ctx, struct ckpt_undo *undo)
{
	struct ckpt_hdr_sem_undo_set *h;
	struct ckpt_undo_part *part, *other;
	struct ckpt_ipc *ipc;
	int ret = 0;
	u32 i;

	h = ckpt_next_record(ctx, CKPT_HDR_SEM_UNDO_SET);
	if (IS_ERR(h))
		return PTR_ERR(h);
	ipc = ckpt_obj_fetch(ctx, h->sem_ref, CKPT_OBJ_SEM);
	if (IS_ERR(ipc)) {
		ret = PTR_ERR(ipc);
		goto out;
	}
	if (h->nr_sems != ckpt_sem(ipc->perm)->sem_nsems)
		ret = -EINVAL;
	for (i = 0; i < h->nr_sems; i++)
		if (h->adjust[i] < S16_MIN || h->adjust[i] > S16_MAX)
			ret = -EINVAL;
	list_for_each_entry(other, &undo->parts, list)
		if (other->ipc == ipc)
			ret = -EINVAL;
	if (ret) {
		ckpt_err(ctx, current, ret,
			 "semaphore set %d: what is undone is not valid",
			 ipc->wanted.id);
		goto out;
	}
	part = kvzalloc(struct_size(part, adjust, h->nr_sems),
			GFP_KERNEL_ACCOUNT);
	if (!part) {
		ret = -ENOMEM;
		goto out;
	}
	part->ipc = ipc;
	for (i = 0; i < h->nr_sems; i++)
		part->adjust[i] = h->adjust[i];
	list_add_tail(&part->list, &undo->parts);
out:
	kvfree(h);
	return ret;
}

static int ckpt_undo_add_finish(struct ckpt_ctx *ctx, struct ckpt_undo *undo,
				s32 nr)
{
	struct task_struct *task = nr > 0 ? ckpt_task_of(ctx, nr) : NULL;
	struct ckpt_undo_finish *late;
	struct ckpt_finish *other;
	bool valid = task;

	list_for_each_entry(other, &ctx->finish[CKPT_FINISH_LAST], list)
		valid &= other->run != ckpt_undo_take || other->task != task;
	if (!valid)
		return ckpt_err(ctx, current, -EINVAL,
				"semaphore operations to undo of task %d, which is not in the image or has others",
				nr);
	late = kzalloc(sizeof(*late), GFP_KERNEL_ACCOUNT);
	if (!late)
		return -ENOMEM;
	late->undo = undo;
	late->finish.task = task;
	late->finish.run = ckpt_undo_take;
	late->finish.free = ckpt_undo_finish_free;
	ckpt_finish_add(ctx, &late->finish);
	return 0;
}

static void *ckpt_undo_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_sem_undo *h = (const void *)hdr;
	struct ckpt_undo *undo;
	int ret = 0;
	u32 i;

	if (!h->nr_tasks || h->nr_tasks > ctx->nr_members)
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"semaphore operations to undo of %u tasks",
					h->nr_tasks));
	undo = kvzalloc(struct_size(undo, tasks, h->nr_tasks),
			GFP_KERNEL_ACCOUNT);
	if (!undo)
		return ERR_PTR(-ENOMEM);
	mutex_init(&undo->lock);
	INIT_LIST_HEAD(&undo->parts);
	undo->ctx = ctx;
	undo->ns = get_ipc_ns(current->nsproxy->ipc_ns);
	undo->nr_tasks = h->nr_tasks;
	undo->nr_left = h->nr_tasks;
	for (i = 0; i < h->nr_tasks; i++)
		undo->tasks[i] = h->tasks[i];
	for (i = 0; !ret && i < h->nr_sets; i++)
		ret = ckpt_undo_read_set(ctx, undo);
	for (i = 0; !ret && i < h->nr_tasks; i++)
		ret = ckpt_undo_add_finish(ctx, undo, h->tasks[i]);
	if (!ret)
		return undo;
	/* Nothing runs that has been added to the end: the restart fails. */
	ckpt_undo_free(undo);
	return ERR_PTR(ret);
}

/* A task of the list that does not commit would leave it without an end. */
static int ckpt_undo_settle(struct ckpt_ctx *ctx, void *ptr)
{
	struct ckpt_undo *undo = ptr;
	u32 i;

	for (i = 0; i < undo->nr_tasks; i++)
		if (!ckpt_member_task(ctx, undo->tasks[i]))
			return ckpt_err(ctx, NULL, -EINVAL,
					"semaphore operations to undo of task %d, which has ended",
					undo->tasks[i]);
	return 0;
}

/* At checkpoint it is part of what is done at the end. */
static void ckpt_undo_nothing(void *ptr)
{
}

const struct ckpt_obj_ops ckpt_sem_undo_ops = {
	.name		= "semaphore undo list",
	.objtype	= CKPT_OBJ_SEM_UNDO,
	.grab		= ckpt_undo_nothing,
	.drop		= ckpt_undo_nothing,
	.free		= ckpt_undo_free,
	.checkpoint	= ckpt_undo_checkpoint,
	.restore	= ckpt_undo_restore,
	.settle		= ckpt_undo_settle,
};
