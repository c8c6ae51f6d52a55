// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: shared objects.
 *
 * Whatever several tasks or objects may refer to passes through here, so that
 * it is saved once and restored once. A checkpoint finds objects by address; a
 * restart by number. Numbers rise by one in the order in which the objects'
 * records stand in the image, and a reference names an object that stands
 * earlier. Objects stay, with a reference held, until the operation ends.
 */
#include <linux/rhashtable.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "internal.h"

static const struct ckpt_obj_ops *const ckpt_obj_types[] = {
	[CKPT_OBJ_FILE]		= &ckpt_file_ops,
	[CKPT_OBJ_FILE_TABLE]	= &ckpt_file_table_ops,
	[CKPT_OBJ_MM]		= &ckpt_mm_ops,
	[CKPT_OBJ_FS]		= &ckpt_fs_ops,
	[CKPT_OBJ_SIGHAND]	= &ckpt_sighand_ops,
	[CKPT_OBJ_CRED]		= &ckpt_cred_ops,
	[CKPT_OBJ_SIGNAL]	= &ckpt_signal_ops,
	[CKPT_OBJ_INODE]	= &ckpt_inode_ops,
	[CKPT_OBJ_EPOLL]	= &ckpt_epoll_ops,
#ifdef CONFIG_UNIX98_PTYS
	[CKPT_OBJ_TTY]		= &ckpt_tty_ops,
#endif
#ifdef CONFIG_SECCOMP_FILTER
	[CKPT_OBJ_SECCOMP]	= &ckpt_seccomp_ops,
#endif
#ifdef CONFIG_UNIX
	[CKPT_OBJ_SOCKET]	= &ckpt_socket_ops,
	[CKPT_OBJ_SOCKET_QUEUE]	= &ckpt_socket_queue_ops,
#endif
#ifdef CONFIG_SYSVIPC
	[CKPT_OBJ_SHM]		= &ckpt_shm_ops,
	[CKPT_OBJ_SEM]		= &ckpt_sem_ops,
	[CKPT_OBJ_SEM_UNDO]	= &ckpt_sem_undo_ops,
	[CKPT_OBJ_MSG]		= &ckpt_msg_ops,
#endif
	[CKPT_OBJ_IO_CONTEXT]	= &ckpt_io_context_ops,
#ifdef CONFIG_POSIX_MQUEUE
	[CKPT_OBJ_MQUEUE]	= &ckpt_mqueue_ops,
#endif
	[CKPT_OBJ_LOCKS]	= &ckpt_locks_ops,
	[CKPT_OBJ_OWNER]	= &ckpt_fown_ops,
};

/**
 * ckpt_obj_ops_find - operations of a type of object
 * @objtype: CKPT_OBJ_*
 *
 * Return: the operations, NULL for an unknown type.
 */
const struct ckpt_obj_ops *ckpt_obj_ops_find(u32 objtype)
{
	if (objtype >= ARRAY_SIZE(ckpt_obj_types))
		return NULL;
	return ckpt_obj_types[objtype];
}

/* An address may be that of two objects, one inside of the other. */
struct ckpt_obj_key {
	void *ptr;
	const struct ckpt_obj_ops *ops;
};

static const struct rhashtable_params ckpt_obj_params = {
	.key_len		= sizeof(struct ckpt_obj_key),
	.key_offset		= offsetof(struct ckpt_object, ptr),
	.head_offset		= offsetof(struct ckpt_object, node),
	.automatic_shrinking	= false,
};

static_assert(offsetof(struct ckpt_object, ops) -
	      offsetof(struct ckpt_object, ptr) ==
	      offsetof(struct ckpt_obj_key, ops));

/**
 * ckpt_objs_init - start with no objects
 * @ctx: new context
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_objs_init(struct ckpt_ctx *ctx)
{
	int ret = rhashtable_init(&ctx->objs, &ckpt_obj_params);

	ctx->objs_ready = !ret;
	return ret;
}

static void ckpt_obj_free(const struct ckpt_obj_ops *ops, void *ptr)
{
	if (ops->free)
		ops->free(ptr);
	else
		ops->drop(ptr);
}

/**
 * ckpt_objs_free - drop every object
 * @ctx: context that ends
 */
void ckpt_objs_free(struct ckpt_ctx *ctx)
{
	struct ckpt_object *obj, *next;
	unsigned long index;

	/* Nobody looks anything up any more. */
	if (ctx->objs_ready)
		rhashtable_destroy(&ctx->objs);
	ctx->objs_ready = false;
	list_for_each_entry_safe(obj, next, &ctx->obj_list, list) {
		list_del(&obj->list);
		if (obj->holder)
			put_task_struct(obj->holder);
		obj->ops->drop(obj->ptr);
		kfree(obj);
	}
	xa_for_each(&ctx->refs, index, obj) {
		ckpt_obj_free(obj->ops, obj->ptr);
		kfree(obj);
	}
	xa_destroy(&ctx->refs);
}

static struct ckpt_object *ckpt_obj_lookup(struct ckpt_ctx *ctx, void *ptr,
					   const struct ckpt_obj_ops *ops)
{
	struct ckpt_obj_key key = { .ptr = ptr, .ops = ops };

	/* Only this operation looks, and it has no other thread. */
	return rhashtable_lookup_fast(&ctx->objs, &key, ckpt_obj_params);
}

/**
 * ckpt_obj_find - an object that has been captured
 * @ctx: checkpoint context
 * @ptr: the object
 * @objtype: CKPT_OBJ_*
 *
 * Return: the object or NULL.
 */
struct ckpt_object *ckpt_obj_find(struct ckpt_ctx *ctx, void *ptr, u32 objtype)
{
	return ckpt_obj_lookup(ctx, ptr, ckpt_obj_ops_find(objtype));
}

/**
 * ckpt_obj_use - count a reference that the hierarchy holds
 * @ctx: checkpoint context
 * @ptr: an object that has been captured, or NULL
 * @objtype: CKPT_OBJ_*
 */
void ckpt_obj_use(struct ckpt_ctx *ctx, void *ptr, u32 objtype)
{
	struct ckpt_object *obj = ptr ? ckpt_obj_find(ctx, ptr, objtype) : NULL;

	if (obj)
		obj->nr_uses++;
}

/**
 * ckpt_obj_use_fd - count a descriptor of the hierarchy
 * @ctx: checkpoint context
 * @file: its file
 *
 * Return: the file's number, or 0 if it has not been captured.
 */
s32 ckpt_obj_use_fd(struct ckpt_ctx *ctx, struct file *file)
{
	struct ckpt_object *obj = ckpt_obj_find(ctx, file, CKPT_OBJ_FILE);

	if (!obj)
		return 0;
	obj->nr_uses++;
	obj->nr_fds++;
	return obj->ref;
}

/**
 * ckpt_obj_checkpoint - capture an object if that has not been done yet
 * @ctx: checkpoint context
 * @task: task on whose behalf, for messages
 * @ptr: the object
 * @objtype: CKPT_OBJ_*
 *
 * Return: the object's number, or a negative errno. In a dry run an object
 * that was refused has the number 0.
 */
s32 ckpt_obj_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			void *ptr, u32 objtype)
{
	const struct ckpt_obj_ops *ops = ckpt_obj_ops_find(objtype);
	struct ckpt_object *obj;
	int ret;

	obj = ckpt_obj_lookup(ctx, ptr, ops);
	if (obj)
		return obj->ref;

	obj = kzalloc(sizeof(*obj), GFP_KERNEL_ACCOUNT);
	if (!obj)
		return -ENOMEM;
	obj->ptr = ptr;
	obj->ops = ops;
	ret = rhashtable_insert_fast(&ctx->objs, &obj->node, ckpt_obj_params);
	if (ret) {
		kfree(obj);
		return ret;
	}
	ops->grab(ptr);
	list_add_tail(&obj->list, &ctx->obj_list);

	ret = ops->checkpoint(ctx, task, ptr, obj);
	return ret < 0 ? ret : obj->ref;
}

/**
 * ckpt_obj_known - number of an object, if it has been captured
 * @ctx: checkpoint context
 * @ptr: the object
 * @objtype: CKPT_OBJ_*
 *
 * Return: the object's number, or 0.
 */
s32 ckpt_obj_known(struct ckpt_ctx *ctx, void *ptr, u32 objtype)
{
	struct ckpt_object *obj;

	obj = ckpt_obj_lookup(ctx, ptr, ckpt_obj_ops_find(objtype));
	return obj ? obj->ref : 0;
}

/**
 * ckpt_obj_seen - has anyone in the hierarchy referred to an object?
 * @ctx: checkpoint context
 * @ptr: the object
 * @objtype: CKPT_OBJ_*
 *
 * Return: true also for an object that a dry run has refused.
 */
bool ckpt_obj_seen(struct ckpt_ctx *ctx, void *ptr, u32 objtype)
{
	return ckpt_obj_lookup(ctx, ptr, ckpt_obj_ops_find(objtype));
}

/**
 * ckpt_obj_set_data - keep something with an object
 * @obj: the object
 * @data: what to keep, which stays the caller's
 */
void ckpt_obj_set_data(struct ckpt_object *obj, void *data)
{
	obj->data = data;
}

/**
 * ckpt_obj_data - what is kept with an object
 * @ctx: checkpoint context
 * @ptr: the object
 * @objtype: CKPT_OBJ_*
 *
 * Return: what ckpt_obj_set_data() was given, or NULL.
 */
void *ckpt_obj_data(struct ckpt_ctx *ctx, void *ptr, u32 objtype)
{
	struct ckpt_object *obj;

	obj = ckpt_obj_lookup(ctx, ptr, ckpt_obj_ops_find(objtype));
	return obj ? obj->data : NULL;
}

/**
 * ckpt_obj_number - number an object: its record is captured now
 * @ctx: checkpoint context
 * @obj: the object
 *
 * Return: the number, for the record's objref field.
 */
s32 ckpt_obj_number(struct ckpt_ctx *ctx, struct ckpt_object *obj)
{
	obj->ref = ++ctx->nr_refs;
	return obj->ref;
}

/* A task has one of each: more of them than tasks are in no honest image. */
static bool ckpt_obj_per_task(u32 objtype)
{
	switch (objtype) {
	case CKPT_OBJ_FILE_TABLE:
	case CKPT_OBJ_MM:
	case CKPT_OBJ_FS:
	case CKPT_OBJ_SIGHAND:
	case CKPT_OBJ_CRED:
	case CKPT_OBJ_SIGNAL:
	case CKPT_OBJ_IO_CONTEXT:
		return true;
	}
	return false;
}

/**
 * ckpt_obj_restore - build the object whose record has just been read
 * @ctx: restart context
 * @rec: description of the record
 * @h: the record, which begins with the object's number
 *
 * Return: 0 or a negative errno.
 */
int ckpt_obj_restore(struct ckpt_ctx *ctx, const struct ckpt_record *rec,
		     const struct ckpt_hdr *h)
{
	const struct ckpt_obj_ops *ops = ckpt_obj_ops_find(rec->objtype);
	s32 ref = *(s32 *)(h + 1);
	struct ckpt_object *obj;
	void *ptr;
	int ret;

	if (!ops)
		return ckpt_err(ctx, NULL, -EINVAL,
				"object type %u is unknown", rec->objtype);
	if (ref != ctx->nr_refs + 1)
		return ckpt_err(ctx, NULL, -EINVAL,
				"%s has number %d, expected %d", ops->name,
				ref, ctx->nr_refs + 1);
	if (ckpt_obj_per_task(rec->objtype) &&
	    ctx->nr_objs[rec->objtype]++ >= ctx->nr_members)
		return ckpt_err(ctx, NULL, -EINVAL,
				"more objects of type %s than %u tasks can have",
				ops->name, ctx->nr_members);
	ctx->nr_refs++;

	obj = kzalloc(sizeof(*obj), GFP_KERNEL_ACCOUNT);
	if (!obj)
		return -ENOMEM;

	ctx->restoring = true;
	ptr = ops->restore(ctx, h);
	ctx->restoring = false;
	if (IS_ERR(ptr)) {
		ret = PTR_ERR(ptr);
		goto err;
	}
	obj->ptr = ptr;
	obj->ops = ops;
	obj->ref = ref;

	ret = xa_err(xa_store(&ctx->refs, ref, obj, GFP_KERNEL_ACCOUNT));
	if (ret) {
		ckpt_obj_free(ops, ptr);
		goto err;
	}
	return 0;
err:
	kfree(obj);
	return ret;
}

/**
 * ckpt_obj_fetch - the object with a number
 * @ctx: restart context
 * @ref: number, as found in the image
 * @objtype: type it must have
 *
 * Return: the object, without a reference of its own, or ERR_PTR(-EINVAL).
 */
void *ckpt_obj_fetch(struct ckpt_ctx *ctx, s32 ref, u32 objtype)
{
	struct ckpt_object *obj = ref > 0 ? xa_load(&ctx->refs, ref) : NULL;

	if (!obj || obj->ops->objtype != objtype) {
		ckpt_err(ctx, NULL, -EINVAL,
			 "reference %d does not name an earlier object of type %s",
			 ref, ckpt_obj_ops_find(objtype)->name);
		return ERR_PTR(-EINVAL);
	}
	return obj->ptr;
}
