// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: POSIX message queues.
 *
 * A queue is an object, saved once with its limits, its messages and who is to
 * be notified. Descriptors are files that refer to it. Who waits for a message,
 * or for room, calls again; time-outs are instants of CLOCK_REALTIME.
 *
 * As with System V IPC a restart never takes over what is there: a name that is
 * in use fails it. Until everything has been read a queue has no permissions,
 * and one that a failed restart has made goes with it. What has no name any more
 * is made without one, whoever has the name by now.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/ipc_namespace.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "../fs/checkpoint.h"
#include "checkpoint.h"
#include "mqueue.h"

static_assert(CKPT_MQ_NOTIFY_SIGNAL == SIGEV_SIGNAL);
static_assert(CKPT_MQ_NOTIFY_NONE == SIGEV_NONE);

/**
 * struct ckpt_mqueue_look - a queue at one moment
 * @h: its record, but for the number and what @owner leads to
 * @messages: its messages
 * @owner: who is to be notified, with a reference, or NULL
 * @elsewhere: who registered did so in another user namespace
 */
struct ckpt_mqueue_look {
	struct ckpt_hdr_mqueue h;
	struct ckpt_msg_look messages;
	struct pid *owner;
	bool elsewhere;
};

/* Who is to be notified; the queue is locked. */
static void ckpt_mqueue_look_notify(struct mqueue_inode_info *info,
				    struct ckpt_mqueue_look *look)
{
	struct ckpt_hdr_mqueue *h = &look->h;
	struct task_struct *task;

	look->owner = get_pid(info->notify_owner);
	if (!look->owner)
		return;
	look->elsewhere = info->notify_user_ns != current_user_ns();
	h->notify_how = info->notify.sigev_notify;
	if (h->notify_how != SIGEV_SIGNAL)
		return;
	h->notify_signo = info->notify.sigev_signo;
	h->notify_value = (unsigned long)info->notify.sigev_value.sival_ptr;
	rcu_read_lock();
	task = pid_task(look->owner, PIDTYPE_TGID);
	if (task && READ_ONCE(task->self_exec_id) != info->notify_self_exec_id)
		h->flags |= CKPT_MQUEUE_EXECED;
	rcu_read_unlock();
}

/* The highest priority first, and the oldest of each; the queue is locked. */
static void ckpt_mqueue_look_messages(struct mqueue_inode_info *info,
				      struct ckpt_msg_look *look)
{
	struct posix_msg_tree_node *leaf;
	struct rb_node *node;
	struct msg_msg *msg;

	ckpt_msg_look_begin(look);
	for (node = info->msg_tree_rightmost; node; node = rb_prev(node)) {
		leaf = rb_entry(node, struct posix_msg_tree_node, rb_node);
		list_for_each_entry(msg, &leaf->msg_list, m_list)
			ckpt_msg_look_add(look, msg);
	}
}

static void ckpt_mqueue_look_inode(struct inode *inode,
				   struct ckpt_hdr_mqueue *h)
{
	struct user_namespace *ns = current_user_ns();
	struct timespec64 ts;

	h->mode = inode->i_mode & S_IALLUGO;
	h->uid = from_kuid_munged(ns, inode->i_uid);
	h->gid = from_kgid_munged(ns, inode->i_gid);
	ts = inode_get_atime(inode);
	h->atime = timespec64_to_ns(&ts);
	ts = inode_get_mtime(inode);
	h->mtime = timespec64_to_ns(&ts);
	ts = inode_get_ctime(inode);
	h->ctime = timespec64_to_ns(&ts);
}

static int ckpt_mqueue_look(struct dentry *dentry,
			    struct ckpt_mqueue_look *look)
{
	struct inode *inode = d_inode(dentry);
	struct mqueue_inode_info *info = MQUEUE_I(inode);
	int ret;

	for (;;) {
		spin_lock(&info->lock);
		ckpt_mqueue_look_messages(info, &look->messages);
		if (look->messages.need <= look->messages.size)
			break;
		spin_unlock(&info->lock);
		ret = ckpt_msg_look_grow(&look->messages);
		if (ret)
			return ret;
	}
	look->h.maxmsg = info->attr.mq_maxmsg;
	look->h.msgsize = info->attr.mq_msgsize;
	look->h.nr_messages = look->messages.nr;
	if (d_unlinked(dentry))
		look->h.flags |= CKPT_MQUEUE_UNLINKED;
	ckpt_mqueue_look_inode(inode, &look->h);
	ckpt_mqueue_look_notify(info, look);
	spin_unlock(&info->lock);
	return 0;
}

/* Why can a restart not register for a notification again? */
static int ckpt_mqueue_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
				struct dentry *dentry,
				struct ckpt_mqueue_look *look)
{
	struct pid *owner = look->owner;
	bool alive;

	if (!owner)
		return 0;
	if (look->h.notify_how != SIGEV_SIGNAL &&
	    look->h.notify_how != SIGEV_NONE)
		return ckpt_refuse(ctx, task, -EOPNOTSUPP,
				   "POSIX message queue /%pd: it notifies a thread (SIGEV_THREAD)",
				   dentry);
	rcu_read_lock();
	alive = pid_task(owner, PIDTYPE_TGID);
	rcu_read_unlock();
	if (!alive || !ckpt_pid_inside(ctx, owner, PIDTYPE_TGID))
		return ckpt_refuse(ctx, task, -EBUSY,
				   "POSIX message queue /%pd: who is to be notified (mq_notify), process %d, is outside of the hierarchy or has ended",
				   dentry, pid_vnr(owner));
	if (look->elsewhere)
		return ckpt_refuse(ctx, task, -EOPNOTSUPP,
				   "POSIX message queue /%pd: who is to be notified registered in another user namespace",
				   dentry);
	look->h.notify_pid = pid_nr_ns(owner, ns_of_pid(ctx->root_pid));
	return 0;
}

static int ckpt_mqueue_emit(struct ckpt_ctx *ctx, struct dentry *dentry,
			    struct ckpt_object *obj,
			    const struct ckpt_mqueue_look *look)
{
	const struct ckpt_msg_entry *entry = look->messages.buf;
	struct ckpt_hdr_mqueue_msg *msg;
	struct ckpt_hdr_mqueue *h;
	struct ckpt_hdr hdr;
	int ret;
	u32 i;

	h = ckpt_record(ctx, CKPT_HDR_MQUEUE, 0);
	if (!h)
		return -ENOMEM;
	hdr = h->h;
	*h = look->h;
	h->h = hdr;
	h->objref = ckpt_obj_number(ctx, obj);
	/* It keeps its name for good. */
	ret = ckpt_record_string(ctx, dentry->d_name.name);
	for (i = 0; !ret && i < look->messages.nr; i++) {
		msg = ckpt_record(ctx, CKPT_HDR_MQUEUE_MSG, entry->size);
		if (!msg)
			return -ENOMEM;
		msg->priority = entry->type;
		msg->size = entry->size;
		memcpy(msg->text, entry->text, entry->size);
		entry = ckpt_msg_look_next(entry);
		cond_resched();
	}
	return ret;
}

static int ckpt_mqueue_checkpoint(struct ckpt_ctx *ctx,
				  struct task_struct *task, void *ptr,
				  struct ckpt_object *obj)
{
	unsigned int obstacles = ctx->obstacles;
	struct ckpt_mqueue_look look = {};
	int ret;

	ret = ckpt_mqueue_look(ptr, &look);
	if (!ret)
		ret = ckpt_mqueue_refusals(ctx, task, ptr, &look);
	/* A dry run has nothing to say about a queue that was refused. */
	if (!ret && ctx->obstacles == obstacles)
		ret = ckpt_mqueue_emit(ctx, ptr, obj, &look);
	put_pid(look.owner);
	kvfree(look.messages.buf);
	return ret;
}

/* Is it in the namespace of the hierarchy, and opened with open(2)? */
static bool ckpt_mqueue_in_ns(struct ckpt_ctx *ctx, const struct path *path,
			      bool *mounted)
{
	struct ipc_namespace *ns = ckpt_ipc_ns(ctx);
	bool inside;

	if (!ns)
		return false;
	inside = path->dentry->d_sb == ns->mq_mnt->mnt_sb;
	*mounted = path->mnt != ns->mq_mnt;
	put_ipc_ns(ns);
	return inside;
}

static int ckpt_mqueue_path_refusal(struct ckpt_ctx *ctx,
				    struct task_struct *task, struct file *file)
{
	char *name, *buf = __getname();
	const char *why;
	int ret = 0;

	if (!buf)
		return -ENOMEM;
	why = ckpt_path_refusal(ctx, &file->f_path, buf, &name);
	if (IS_ERR(why))
		ret = PTR_ERR(why);
	else if (why)
		ret = ckpt_refuse(ctx, task, -EBADF,
				  "POSIX message queue %s in a mounted file system: %s",
				  name, why);
	__putname(buf);
	return ret;
}

/**
 * mqueue_checkpoint - capture a descriptor of a message queue
 * @ctx: checkpoint context
 * @task: task that has it open
 * @file: the file
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int mqueue_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		      struct file *file, struct ckpt_object *obj)
{
	struct dentry *dentry = file->f_path.dentry;
	unsigned int obstacles = ctx->obstacles;
	struct ckpt_hdr_mqueue_file *h;
	struct ckpt_hdr_file *f;
	bool mounted = false;
	s32 ref;
	int ret;

	if (!ckpt_mqueue_in_ns(ctx, &file->f_path, &mounted))
		return ckpt_refuse(ctx, task, -EOPNOTSUPP,
				   "POSIX message queue /%pd of another IPC namespace",
				   dentry);
	if (mounted) {
		ret = ckpt_mqueue_path_refusal(ctx, task, file);
		if (ret || ctx->obstacles != obstacles)
			return ret;
	}
	ref = ckpt_obj_checkpoint(ctx, task, dentry, CKPT_OBJ_MQUEUE);
	/* 0: refused, in a dry run. */
	if (ref <= 0)
		return ref;
	ckpt_obj_use(ctx, dentry, CKPT_OBJ_MQUEUE);
	f = ckpt_file_record(ctx, file, obj, CKPT_FILE_MQUEUE);
	if (!f)
		return -ENOMEM;
	f->f_flags |= file->f_flags & O_CLOEXEC;
	h = ckpt_record(ctx, CKPT_HDR_MQUEUE_FILE, 0);
	if (!h)
		return -ENOMEM;
	h->mqueue_ref = ref;
	if (!mounted)
		return 0;
	h->flags = CKPT_MQ_FILE_PATH;
	return ckpt_record_path(ctx, &file->f_path);
}

/* A queue of the namespace: does it come along? */
static int ckpt_mqueue_consider(struct ckpt_ctx *ctx, struct dentry *dentry,
				bool own)
{
	struct task_struct *task = ctx->members[0]->task;
	s32 ref;

	if (ckpt_obj_seen(ctx, dentry, CKPT_OBJ_MQUEUE))
		return 0;
	if (!inode_permission(&nop_mnt_idmap, d_inode(dentry), MAY_READ)) {
		ref = ckpt_obj_checkpoint(ctx, task, dentry, CKPT_OBJ_MQUEUE);
		return min(ref, 0);
	}
	if (!own)
		return ckpt_refuse(ctx, task, -EACCES,
				   "POSIX message queue /%pd: the caller may not read it",
				   dentry);
	ckpt_warn(ctx, task,
		  "POSIX message queue /%pd: the caller may not read it, and it stays behind",
		  dentry);
	return 0;
}

/* The queues that have a name, with references. */
static struct dentry **ckpt_mqueue_list(struct ipc_namespace *ns, u32 *nr)
{
	struct dentry *root = ns->mq_mnt->mnt_root, *child, **list;
	struct inode *dir = d_inode(root);
	u32 max;

	/* Nobody makes or removes any meanwhile. */
	inode_lock_shared(dir);
	max = READ_ONCE(ns->mq_queues_count);
	list = kvcalloc(max, sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (list) {
		spin_lock(&root->d_lock);
		hlist_for_each_entry(child, &root->d_children, d_sib) {
			spin_lock_nested(&child->d_lock,
					 DENTRY_D_LOCK_NESTED);
			if (*nr < max && simple_positive(child))
				list[(*nr)++] = dget_dlock(child);
			spin_unlock(&child->d_lock);
		}
		spin_unlock(&root->d_lock);
	}
	inode_unlock_shared(dir);
	return list;
}

/**
 * ckpt_mqueues_checkpoint - capture the message queues that nobody has open
 * @ctx: checkpoint context; every member has been captured
 * @ns: the namespace of the hierarchy
 * @own: it is the caller's namespace, too
 *
 * Return: 0 or a negative errno.
 */
int ckpt_mqueues_checkpoint(struct ckpt_ctx *ctx, struct ipc_namespace *ns,
			    bool own)
{
	struct dentry **list;
	u32 i, nr = 0;
	int ret = 0;

	list = ckpt_mqueue_list(ns, &nr);
	if (!list)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		if (!ret)
			ret = ckpt_mqueue_consider(ctx, list[i], own);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		dput(list[i]);
		cond_resched();
	}
	kvfree(list);
	return ret;
}

/* Restart */

/**
 * struct ckpt_mqueue - a queue that a restart has made
 * @ctx: restart context
 * @ns: its namespace, with a reference
 * @dentry: the queue, with a reference
 * @record: its record
 */
struct ckpt_mqueue {
	struct ckpt_ctx *ctx;
	struct ipc_namespace *ns;
	struct dentry *dentry;
	struct ckpt_hdr_mqueue record;
};

static bool ckpt_mqueue_name_valid(const char *name)
{
	size_t len = strlen(name);

	return len && len <= NAME_MAX && !strchr(name, '/') &&
	       strcmp(name, ".") && strcmp(name, "..");
}

static int ckpt_mqueue_check(struct ckpt_ctx *ctx, struct ipc_namespace *ns,
			     const struct ckpt_hdr_mqueue *h, const char *name)
{
	struct user_namespace *user_ns = current_user_ns();
	bool signal = h->notify_pid && h->notify_how == CKPT_MQ_NOTIFY_SIGNAL;

	if (!ckpt_mqueue_name_valid(name))
		return ckpt_err(ctx, current, -EINVAL,
				"POSIX message queue with the name %s", name);
	if (h->nr_messages > h->maxmsg || (!h->notify_pid && h->notify_how) ||
	    (!signal && (h->notify_signo || h->notify_value ||
			 h->flags & CKPT_MQUEUE_EXECED)))
		return ckpt_err(ctx, current, -EINVAL,
				"POSIX message queue /%s is not valid", name);
	if (!uid_valid(make_kuid(user_ns, h->uid)) ||
	    !gid_valid(make_kgid(user_ns, h->gid)))
		return ckpt_err(ctx, current, -EINVAL,
				"POSIX message queue /%s: user %u or group %u is not mapped",
				name, h->uid, h->gid);
	if (!ckpt_ipc_ns_is(ctx, ns))
		return ckpt_err(ctx, current, -EINVAL,
				"POSIX message queue /%s: the tasks that restart are in several IPC namespaces",
				name);
	return 0;
}

/* Set the soft limit of bytes in queues; returns the one that was in force. */
static unsigned long ckpt_mqueue_limit(unsigned long limit)
{
	struct rlimit *rlim = &current->signal->rlim[RLIMIT_MSGQUEUE];
	unsigned long old;

	task_lock(current->group_leader);
	old = rlim->rlim_cur;
	rlim->rlim_cur = limit;
	task_unlock(current->group_leader);
	return old;
}

/* The place of a queue, which nobody has; without a name nobody finds it. */
static struct dentry *ckpt_mqueue_place(struct dentry *root, const char *name,
					bool unlinked)
{
	struct qstr qstr = QSTR_INIT(name, strlen(name));
	struct dentry *dentry;

	if (unlinked)
		return d_alloc(root, &qstr) ?: ERR_PTR(-ENOMEM);
	dentry = lookup_one_len(name, root, qstr.len);
	if (IS_ERR(dentry) || d_really_is_negative(dentry))
		return dentry;
	dput(dentry);
	return ERR_PTR(-EEXIST);
}

/* Take away the name; the directory is locked. */
static void ckpt_mqueue_unlink(struct dentry *dentry)
{
	struct inode *dir = d_inode(dentry->d_parent), *inode = d_inode(dentry);

	inode_lock(inode);
	dir->i_op->unlink(dir, dentry);
	inode_unlock(inode);
}

/* What mq_open(2) does, but for the permissions. */
static int ckpt_mqueue_make(struct ckpt_mqueue *queue, const char *name)
{
	bool unlinked = queue->record.flags & CKPT_MQUEUE_UNLINKED;
	struct vfsmount *mnt = queue->ns->mq_mnt;
	struct inode *dir = d_inode(mnt->mnt_root);
	struct mq_attr attr = {
		.mq_maxmsg	= queue->record.maxmsg,
		.mq_msgsize	= queue->record.msgsize,
	};
	struct dentry *dentry;
	unsigned long soft;
	int ret;

	ret = mnt_want_write(mnt);
	if (ret)
		return ret;
	inode_lock_nested(dir, I_MUTEX_PARENT);
	dentry = ckpt_mqueue_place(mnt->mnt_root, name, unlinked);
	ret = PTR_ERR_OR_ZERO(dentry);
	if (!ret) {
		/* What the caller could do with setrlimit(2), and would undo. */
		soft = ckpt_mqueue_limit(rlimit_max(RLIMIT_MSGQUEUE));
		ret = vfs_mkobj(dentry, 0, mqueue_create_attr, &attr);
		ckpt_mqueue_limit(soft);
		if (ret)
			dput(dentry);
		else
			queue->dentry = dentry;
	}
	if (!ret && unlinked)
		ckpt_mqueue_unlink(dentry);
	inode_unlock(dir);
	mnt_drop_write(mnt);
	return ret;
}

static int ckpt_mqueue_insert(struct mqueue_inode_info *info,
			      struct msg_msg *msg)
{
	struct posix_msg_tree_node *leaf = NULL;
	int ret = -ENOSPC;

	if (!READ_ONCE(info->node_cache)) {
		leaf = kmalloc(sizeof(*leaf), GFP_KERNEL);
		if (!leaf)
			return -ENOMEM;
		INIT_LIST_HEAD(&leaf->msg_list);
	}
	spin_lock(&info->lock);
	if (leaf && !info->node_cache) {
		info->node_cache = leaf;
		leaf = NULL;
	}
	if (info->attr.mq_curmsgs < info->attr.mq_maxmsg)
		ret = msg_insert(msg, info);
	spin_unlock(&info->lock);
	kfree(leaf);
	return ret;
}

static int ckpt_mqueue_fill(struct ckpt_ctx *ctx, struct ckpt_mqueue *queue)
{
	struct mqueue_inode_info *info = MQUEUE_I(d_inode(queue->dentry));
	struct ckpt_hdr_mqueue_msg *h;
	struct msg_msg *msg;
	int ret;
	u32 i;

	for (i = 0; i < queue->record.nr_messages; i++) {
		h = ckpt_next_record(ctx, CKPT_HDR_MQUEUE_MSG);
		if (IS_ERR(h))
			return PTR_ERR(h);
		if (h->size > queue->record.msgsize)
			msg = ERR_PTR(-EMSGSIZE);
		else
			msg = ckpt_msg_make(h->priority, h->text, h->size);
		ret = PTR_ERR_OR_ZERO(msg);
		if (!ret) {
			ret = ckpt_mqueue_insert(info, msg);
			if (ret)
				free_msg(msg);
		}
		if (ret)
			ckpt_err(ctx, current, ret,
				 "POSIX message queue /%pd: a message of %u bytes",
				 queue->dentry, h->size);
		kvfree(h);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/* One of a failed restart goes. */
static void ckpt_mqueue_remove(struct ckpt_mqueue *queue)
{
	struct dentry *dentry = queue->dentry;
	struct inode *dir = d_inode(dentry->d_parent);

	inode_lock_nested(dir, I_MUTEX_PARENT);
	if (!d_unlinked(dentry)) {
		ckpt_mqueue_unlink(dentry);
		d_delete_notify(dir, dentry);
	}
	inode_unlock(dir);
}

static void ckpt_mqueue_free(void *ptr)
{
	struct ckpt_mqueue *queue = ptr;
	bool failed = READ_ONCE(queue->ctx->err) ||
		      READ_ONCE(queue->ctx->phase) < CKPT_PHASE_COMMIT;

	if (queue->dentry && failed)
		ckpt_mqueue_remove(queue);
	dput(queue->dentry);
	put_ipc_ns(queue->ns);
	kfree(queue);
}

static void *ckpt_mqueue_build(struct ckpt_ctx *ctx,
			       const struct ckpt_hdr_mqueue *h,
			       const char *name)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	struct ckpt_mqueue *queue;
	int ret;

	ret = ckpt_mqueue_check(ctx, ns, h, name);
	if (ret)
		return ERR_PTR(ret);
	queue = kzalloc(sizeof(*queue), GFP_KERNEL_ACCOUNT);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	queue->ctx = ctx;
	queue->ns = get_ipc_ns(ns);
	queue->record = *h;
	ret = ckpt_mqueue_make(queue, name);
	if (ret == -EEXIST)
		ckpt_err(ctx, current, ret,
			 "POSIX message queue /%s: its name is in use", name);
	else if (ret)
		ckpt_err(ctx, current, ret,
			 "POSIX message queue /%s of %u messages of %u bytes cannot be made",
			 name, h->maxmsg, h->msgsize);
	if (!ret)
		ret = ckpt_mqueue_fill(ctx, queue);
	if (!ret)
		return queue;
	ckpt_mqueue_free(queue);
	return ERR_PTR(ret);
}

static void *ckpt_mqueue_restore(struct ckpt_ctx *ctx,
				 const struct ckpt_hdr *hdr)
{
	char *name = ckpt_next_string(ctx);
	void *queue;

	if (IS_ERR(name))
		return name;
	queue = ckpt_mqueue_build(ctx, (const void *)hdr, name);
	kfree(name);
	return queue;
}

static int ckpt_mqueue_register(struct ckpt_ctx *ctx, struct ckpt_mqueue *queue)
{
	struct mqueue_inode_info *info = MQUEUE_I(d_inode(queue->dentry));
	const struct ckpt_hdr_mqueue *h = &queue->record;
	struct task_struct *task = ckpt_task_of(ctx, h->notify_pid);
	bool taken;
	struct pid *pid;

	if (!task || !thread_group_leader(task))
		return ckpt_err(ctx, NULL, -EINVAL,
				"POSIX message queue /%pd: who is to be notified, %d, is no process of the image",
				queue->dentry, h->notify_pid);
	pid = get_task_pid(task, PIDTYPE_TGID);
	if (!pid)
		return ckpt_err(ctx, NULL, -ESRCH,
				"a task has ended during the restart");
	spin_lock(&info->lock);
	taken = info->notify_owner;
	if (!taken) {
		info->notify.sigev_notify = h->notify_how;
		info->notify.sigev_signo = h->notify_signo;
		info->notify.sigev_value.sival_ptr =
			(void __user *)(unsigned long)h->notify_value;
		info->notify_self_exec_id = READ_ONCE(task->self_exec_id);
		if (h->flags & CKPT_MQUEUE_EXECED)
			info->notify_self_exec_id--;
		info->notify_owner = pid;
		info->notify_user_ns = get_user_ns(current_user_ns());
	}
	spin_unlock(&info->lock);
	if (!taken)
		return 0;
	put_pid(pid);
	return ckpt_err(ctx, NULL, -EBUSY,
			"POSIX message queue /%pd: somebody is to be notified already",
			queue->dentry);
}

/* What chmod(2) and chown(2) do, and the times that they change. */
static int ckpt_mqueue_hand_over(struct ckpt_mqueue *queue)
{
	struct vfsmount *mnt = queue->ns->mq_mnt;
	struct inode *inode = d_inode(queue->dentry);
	struct user_namespace *ns = current_user_ns();
	const struct ckpt_hdr_mqueue *h = &queue->record;
	struct iattr attr = {
		.ia_valid	= ATTR_MODE | ATTR_UID | ATTR_GID,
		.ia_mode	= S_IFREG | h->mode,
		.ia_vfsuid	= VFSUIDT_INIT(make_kuid(ns, h->uid)),
		.ia_vfsgid	= VFSGIDT_INIT(make_kgid(ns, h->gid)),
	};
	int ret;

	ret = mnt_want_write(mnt);
	if (ret)
		return ret;
	inode_lock(inode);
	ret = notify_change(&nop_mnt_idmap, queue->dentry, &attr, NULL);
	inode_unlock(inode);
	mnt_drop_write(mnt);
	if (ret)
		return ret;
	inode_set_atime_to_ts(inode, ns_to_timespec64(h->atime));
	inode_set_mtime_to_ts(inode, ns_to_timespec64(h->mtime));
	inode_set_ctime_to_ts(inode, ns_to_timespec64(h->ctime));
	return 0;
}

/* Everything has been read: others may open it. */
static int ckpt_mqueue_settle(struct ckpt_ctx *ctx, void *ptr)
{
	struct ckpt_mqueue *queue = ptr;
	const struct ckpt_hdr_mqueue *h = &queue->record;
	int ret = 0;

	if (h->notify_pid)
		ret = ckpt_mqueue_register(ctx, queue);
	if (ret)
		return ret;
	if (!(h->flags & CKPT_MQUEUE_UNLINKED) && d_unlinked(queue->dentry))
		return ckpt_err(ctx, NULL, -EIDRM,
				"POSIX message queue /%pd has been removed",
				queue->dentry);
	ret = ckpt_mqueue_hand_over(queue);
	if (ret)
		ckpt_err(ctx, NULL, ret,
			 "POSIX message queue /%pd cannot be given to user %u and group %u",
			 queue->dentry, h->uid, h->gid);
	return ret;
}

/* Where the descriptor was opened. */
static int ckpt_mqueue_path(struct ckpt_ctx *ctx, struct ckpt_mqueue *queue,
			    bool mounted, struct path *path)
{
	char *name;
	int ret;

	if (!mounted) {
		path->mnt = mntget(queue->ns->mq_mnt);
		path->dentry = dget(queue->dentry);
		return 0;
	}
	name = ckpt_next_string(ctx);
	if (IS_ERR(name))
		return PTR_ERR(name);
	ret = name[0] == '/' ? kern_path(name, 0, path) : -EINVAL;
	if (!ret && path->dentry != queue->dentry) {
		path_put(path);
		ret = -ESTALE;
	}
	if (ret)
		ckpt_err(ctx, current, ret,
			 "%s does not lead to POSIX message queue /%pd", name,
			 queue->dentry);
	kfree(name);
	return ret;
}

/**
 * ckpt_mqueue_open - open a descriptor of a restored message queue
 * @ctx: restart context
 * @h: its file record
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_mqueue_open(struct ckpt_ctx *ctx,
			      const struct ckpt_hdr_file *h)
{
	struct ckpt_hdr_mqueue_file *rec;
	struct ckpt_mqueue *queue;
	struct file *file;
	struct path path;
	bool mounted;
	loff_t pos;
	int ret;

	rec = ckpt_next_record(ctx, CKPT_HDR_MQUEUE_FILE);
	if (IS_ERR(rec))
		return ERR_CAST(rec);
	queue = ckpt_obj_fetch(ctx, rec->mqueue_ref, CKPT_OBJ_MQUEUE);
	mounted = rec->flags & CKPT_MQ_FILE_PATH;
	kvfree(rec);
	if (IS_ERR(queue))
		return ERR_CAST(queue);
	if ((h->f_flags & O_ACCMODE) == O_ACCMODE)
		return ERR_PTR(ckpt_err(ctx, current, -EINVAL,
					"POSIX message queue /%pd with flags %#o",
					queue->dentry, h->f_flags));
	ret = ckpt_mqueue_path(ctx, queue, mounted, &path);
	if (ret)
		return ERR_PTR(ret);
	file = dentry_open(&path, h->f_flags, current_cred());
	path_put(&path);
	if (IS_ERR(file)) {
		ckpt_err(ctx, current, PTR_ERR(file),
			 "cannot open POSIX message queue /%pd", queue->dentry);
		return file;
	}
	/* Of read(2), which tells of the queue. */
	pos = vfs_llseek(file, h->f_pos, SEEK_SET);
	if (pos >= 0)
		return file;
	fput(file);
	return ERR_PTR(ckpt_err(ctx, current, pos,
				"POSIX message queue /%pd cannot be positioned at %lld",
				queue->dentry, h->f_pos));
}

static void ckpt_mqueue_grab(void *ptr)
{
	dget(ptr);
}

static void ckpt_mqueue_drop(void *ptr)
{
	dput(ptr);
}

/* Each descriptor has a reference, and a name is one. */
static long ckpt_mqueue_users(void *ptr)
{
	struct dentry *dentry = ptr;

	return d_count(dentry) - !d_unlinked(dentry);
}

const struct ckpt_obj_ops ckpt_mqueue_ops = {
	.name		= "POSIX message queue",
	.objtype	= CKPT_OBJ_MQUEUE,
	.grab		= ckpt_mqueue_grab,
	.drop		= ckpt_mqueue_drop,
	.free		= ckpt_mqueue_free,
	.users		= ckpt_mqueue_users,
	.checkpoint	= ckpt_mqueue_checkpoint,
	.restore	= ckpt_mqueue_restore,
	.settle		= ckpt_mqueue_settle,
};
