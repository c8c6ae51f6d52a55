/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checkpoint/restart: interfaces between the files of ipc/ that save and
 * restore System V IPC and POSIX message queues.
 */
#ifndef _IPC_CHECKPOINT_H
#define _IPC_CHECKPOINT_H

#include <linux/checkpoint_ctx.h>
#include <linux/ipc.h>

#include "util.h"

/* A line of a struct file_operations. */
#ifdef CONFIG_CHECKPOINT
#define SHM_CHECKPOINT_OP	.checkpoint = shm_checkpoint,
#else
#define SHM_CHECKPOINT_OP
#endif

/**
 * struct ckpt_ipc_type - a kind of System V IPC object
 * @name: name in messages
 * @objtype: CKPT_OBJ_*
 * @ids: IPC_*_IDS
 * @create: make one; ids->rwsem is held for writing
 * @remove: remove one; ids->rwsem is held for writing, the object is locked
 * @rcu_free: free one
 * @used: has a member made use of it? The object may be gone
 * @left_behind: is it what tasks that have ended have left behind, and of no
 *	use to anybody? The object is locked; NULL: one never knows
 */
struct ckpt_ipc_type {
	const char *name;
	u32 objtype;
	int ids;
	int (*create)(struct ipc_namespace *ns, struct ipc_params *params);
	void (*remove)(struct ipc_namespace *ns, struct kern_ipc_perm *perm);
	void (*rcu_free)(struct rcu_head *head);
	bool (*used)(struct ckpt_ctx *ctx, struct kern_ipc_perm *perm);
	bool (*left_behind)(struct kern_ipc_perm *perm,
			    const struct ipc_params *params, time64_t ctime);
};

/**
 * struct ckpt_ipc - an object that a restart has made
 * @ctx: restart context
 * @type: its kind
 * @ns: its namespace, with a reference
 * @perm: the object, with a reference
 * @wanted: identifier and permissions
 * @record: its record, or NULL
 */
struct ckpt_ipc {
	struct ckpt_ctx *ctx;
	const struct ckpt_ipc_type *type;
	struct ipc_namespace *ns;
	struct kern_ipc_perm *perm;
	struct ckpt_ipc_perm wanted;
	void *record;
};

/**
 * struct ckpt_msg_entry - a message that has been looked at
 * @type: its type or priority
 * @size: bytes of @text
 * @text: its text
 */
struct ckpt_msg_entry {
	s64 type;
	u64 size;
	char text[];
};

/**
 * struct ckpt_msg_look - the messages of a queue
 * @nr: how many are in @buf
 * @buf: entries, each aligned to 8 bytes
 * @size: bytes of @buf
 * @need: bytes that all of them need
 */
struct ckpt_msg_look {
	u32 nr;
	void *buf;
	size_t size;
	size_t need;
};

/* msgutil_checkpoint.c */
struct msg_msg *ckpt_msg_make(long type, char *text, size_t size);
void ckpt_msg_look_begin(struct ckpt_msg_look *look);
void ckpt_msg_look_add(struct ckpt_msg_look *look, struct msg_msg *msg);
int ckpt_msg_look_grow(struct ckpt_msg_look *look);
const struct ckpt_msg_entry *
ckpt_msg_look_next(const struct ckpt_msg_entry *entry);

/* namespace_checkpoint.c */
struct ipc_namespace *ckpt_ipc_ns(struct ckpt_ctx *ctx);
bool ckpt_ipc_ns_is(struct ckpt_ctx *ctx, const struct ipc_namespace *ns);

/* mqueue_checkpoint.c */
#ifdef CONFIG_POSIX_MQUEUE
int ckpt_mqueues_checkpoint(struct ckpt_ctx *ctx, struct ipc_namespace *ns,
			    bool own);
#else
static inline int ckpt_mqueues_checkpoint(struct ckpt_ctx *ctx,
					  struct ipc_namespace *ns, bool own)
{
	return 0;
}
#endif

/* checkpoint.c */
#ifdef CONFIG_SYSVIPC
int ckpt_sysv_checkpoint(struct ckpt_ctx *ctx, struct ipc_namespace *ns,
			 bool all, bool own);
#else
static inline int ckpt_sysv_checkpoint(struct ckpt_ctx *ctx,
				       struct ipc_namespace *ns, bool all,
				       bool own)
{
	return 0;
}
#endif

struct kern_ipc_perm *ckpt_ipc_find(struct ipc_namespace *ns,
				    const struct ckpt_ipc_type *type, int id);
s32 ckpt_ipc_pid(struct ckpt_ctx *ctx, struct pid *pid);
void ckpt_ipc_store(struct ckpt_ipc_perm *h, struct kern_ipc_perm *perm);
struct ckpt_ipc *ckpt_ipc_create(struct ckpt_ctx *ctx,
				 const struct ckpt_ipc_type *type,
				 const struct ckpt_ipc_perm *h,
				 struct ipc_params *params, time64_t ctime);
void ckpt_ipc_load(const struct ckpt_ipc *ipc);
int ckpt_ipc_settle(struct ckpt_ctx *ctx, void *ptr);
void ckpt_ipc_grab(void *ptr);
void ckpt_ipc_free(void *ptr);
void ckpt_ipc_update_pid(struct ckpt_ctx *ctx, struct pid **pos, s32 nr);

/* shm_checkpoint.c */
int shm_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		   struct file *file, struct ckpt_object *obj);

extern const struct ckpt_ipc_type ckpt_shm_type;
extern const struct ckpt_ipc_type ckpt_sem_type;
extern const struct ckpt_ipc_type ckpt_msg_type;

#endif /* _IPC_CHECKPOINT_H */
