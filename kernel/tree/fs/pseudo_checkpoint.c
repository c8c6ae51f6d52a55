// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: files of proc, sysfs and cgroup file systems, and
 * descriptors of namespaces.
 *
 * Such a file is what its path says: it is opened again and has its position,
 * and a reader in the middle of it goes on in the text of that moment. Refused is
 * what keeps state behind the open file, what is bound to the address space or
 * the descriptors of a task at the time of open(2), and what is about a task
 * outside of the hierarchy.
 *
 * A namespace has no path. It is opened through a task that is in it.
 */
#include <linux/magic.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/proc_ns.h>
#include <linux/sched/task.h>
#include <linux/string_helpers.h>

#include "checkpoint.h"
#include "proc/internal.h"

/* Files of /proc itself that have no state, and directories with such files. */
static const char *const ckpt_proc_names[] = {
	"buddyinfo", "bus", "cgroups", "cmdline", "config.gz", "consoles",
	"cpuinfo", "crypto", "devices", "diskstats", "dma", "driver",
	"execdomains", "fb", "filesystems", "fs", "interrupts", "iomem",
	"ioports", "irq", "kallsyms", "key-users", "keys", "kpagecgroup",
	"kpagecount", "kpageflags", "loadavg", "locks", "mdstat", "meminfo",
	"misc", "modules", "net", "pagetypeinfo", "partitions", "pressure",
	"schedstat", "slabinfo", "softirqs", "stat", "swaps", "sys",
	"sysrq-trigger", "sysvipc", "timer_list", "tty", "uptime", "version",
	"vmallocinfo", "vmstat", "zoneinfo",
};

/* Files of a task that keep the address space that it had at open(2). */
static const char *const ckpt_proc_mm_names[] = {
	"auxv", "environ", "maps", "mem", "numa_maps", "pagemap", "smaps",
	"smaps_rollup",
};

/* Directories whose entries come and go with descriptors and areas. */
static const char *const ckpt_proc_table_names[] = {
	"fd", "fdinfo", "map_files",
};

static bool ckpt_proc_has_state(const struct dentry *dentry)
{
	return match_string(ckpt_proc_names, ARRAY_SIZE(ckpt_proc_names),
			    dentry->d_name.name) < 0;
}

static bool ckpt_proc_has_mm(const struct dentry *dentry)
{
	return match_string(ckpt_proc_mm_names, ARRAY_SIZE(ckpt_proc_mm_names),
			    dentry->d_name.name) >= 0;
}

static bool ckpt_proc_is_table(const struct dentry *dentry)
{
	return match_string(ckpt_proc_table_names,
			    ARRAY_SIZE(ckpt_proc_table_names),
			    dentry->d_name.name) >= 0;
}

/* What stands directly below the root of the file system; under RCU. */
static struct dentry *ckpt_first_dentry(struct dentry *dentry)
{
	struct dentry *up;

	for (;;) {
		up = READ_ONCE(dentry->d_parent);
		if (IS_ROOT(up) || up == dentry)
			return dentry;
		dentry = up;
	}
}

static const char *ckpt_proc_refusal(struct ckpt_ctx *ctx, struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	struct pid *pid = proc_pid(file_inode(file));
	bool path = file->f_mode & FMODE_PATH;
	const char *why = NULL;

	rcu_read_lock();
	if (!IS_ROOT(dentry) && ckpt_proc_is_table(dentry->d_parent))
		why = "it goes with a descriptor or an area of a task";
	else if (!pid && !IS_ROOT(dentry) && !d_is_symlink(dentry) &&
		 ckpt_proc_has_state(ckpt_first_dentry(dentry)))
		why = "this file of proc is not supported";
	else if (!pid && !path && d_is_reg(dentry) &&
		 !strcmp(ckpt_first_dentry(dentry)->d_name.name, "pressure") &&
		 (file->f_mode & FMODE_WRITE))
		why = "it may watch for pressure";
	else if (pid && !path && !ctx->restart && ckpt_proc_has_mm(dentry))
		why = "it is bound to the address space of a task";
	else if (pid && !ctx->restart && !ckpt_pid_inside(ctx, pid, PIDTYPE_PID))
		why = "it is about a task outside of the hierarchy";
	rcu_read_unlock();
	return why;
}

/* What is told to an open file only, and asked for by a write. */
static const char *ckpt_cgroup_refusal(struct file *file)
{
	const struct qstr *name = &file->f_path.dentry->d_name;
	const char *dot = strrchr(name->name, '.');

	if (!(file->f_mode & FMODE_WRITE) || !dot)
		return NULL;
	if (!strcmp(dot, ".pressure") || !strcmp(dot, ".peak"))
		return "it may watch for pressure or have a peak of its own";
	return NULL;
}

/**
 * ckpt_pseudo_file - is a file one of proc, sysfs or a cgroup file system?
 * @inode: its inode
 */
bool ckpt_pseudo_file(const struct inode *inode)
{
	if (!S_ISREG(inode->i_mode) && !S_ISDIR(inode->i_mode) &&
	    !S_ISLNK(inode->i_mode))
		return false;
	switch (inode->i_sb->s_magic) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
		return true;
	}
	return false;
}

/**
 * ckpt_pseudo_refusal - why can such a file not be opened again?
 * @ctx: checkpoint or restart context
 * @file: the file
 *
 * Return: the reason or NULL.
 */
const char *ckpt_pseudo_refusal(struct ckpt_ctx *ctx, struct file *file)
{
	switch (file_inode(file)->i_sb->s_magic) {
	case PROC_SUPER_MAGIC:
		return ckpt_proc_refusal(ctx, file);
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
		return ckpt_cgroup_refusal(file);
	}
	return NULL;
}

/* Namespaces */

static const struct proc_ns_operations *const ckpt_ns_types[] = {
#ifdef CONFIG_NET_NS
	&netns_operations,
#endif
#ifdef CONFIG_UTS_NS
	&utsns_operations,
#endif
#ifdef CONFIG_IPC_NS
	&ipcns_operations,
#endif
#ifdef CONFIG_PID_NS
	&pidns_operations,
#endif
#ifdef CONFIG_USER_NS
	&userns_operations,
#endif
	&mntns_operations,
#ifdef CONFIG_CGROUPS
	&cgroupns_operations,
#endif
#ifdef CONFIG_TIME_NS
	&timens_operations,
#endif
};

static const struct proc_ns_operations *ckpt_ns_type(u32 type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ckpt_ns_types); i++)
		if (ckpt_ns_types[i]->type == type)
			return ckpt_ns_types[i];
	return NULL;
}

static bool ckpt_ns_has(struct task_struct *task,
			const struct proc_ns_operations *ops,
			const struct ns_common *ns)
{
	struct ns_common *own = ops->get(task);
	bool has = own == ns;

	if (own)
		ops->put(own);
	return has;
}

/* A task that is in a namespace: its number, 0 for the caller, -1 for none. */
static s32 ckpt_ns_member(struct ckpt_ctx *ctx, struct ns_common *ns,
			  const struct proc_ns_operations *ops)
{
	u32 i;

	for (i = 0; i < ctx->nr_members; i++)
		if (!ctx->members[i]->zombie &&
		    ckpt_ns_has(ctx->members[i]->task, ops, ns))
			return ctx->members[i]->pids->pid;
	return ckpt_ns_has(current, ops, ns) ? 0 : -1;
}

/**
 * ckpt_nsfs_checkpoint - capture a descriptor of a namespace
 * @ctx: checkpoint context
 * @task: task that has it open
 * @file: the file
 * @obj: its object
 *
 * Return: 0 or a negative errno.
 */
int ckpt_nsfs_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			 struct file *file, struct ckpt_object *obj)
{
	struct ns_common *ns = get_proc_ns(file_inode(file));
	const struct proc_ns_operations *ops = ckpt_ns_type(ns->ops->type);
	s32 pid = ops ? ckpt_ns_member(ctx, ns, ops) : -1;
	struct ckpt_hdr_nsfs *h;
	char *buf;
	int ret;

	if (pid < 0) {
		buf = __getname();
		if (!buf)
			return -ENOMEM;
		ret = ckpt_refuse(ctx, task, -EBUSY,
				  "namespace %s: no task of the hierarchy is in it, nor the caller",
				  ckpt_file_name(file, buf));
		__putname(buf);
		return ret;
	}
	ret = ckpt_file_record_kind(ctx, file, obj, CKPT_FILE_NSFS);
	h = ret ? NULL : ckpt_record(ctx, CKPT_HDR_NSFS, 0);
	if (!h)
		return -ENOMEM;
	h->ns_type = ops->type;
	h->pid = pid;
	return 0;
}

/**
 * ckpt_nsfs_restore - open a namespace through a task that is in it
 * @ctx: restart context
 * @h: record of the open file
 *
 * Return: the file or an ERR_PTR.
 */
struct file *ckpt_nsfs_restore(struct ckpt_ctx *ctx,
			       const struct ckpt_hdr_file *h)
{
	const struct proc_ns_operations *ops;
	struct task_struct *task = current;
	struct ckpt_hdr_nsfs *n;
	struct file *file;
	struct path path;
	int ret = 0;

	n = ckpt_next_record(ctx, CKPT_HDR_NSFS);
	if (IS_ERR(n))
		return ERR_CAST(n);
	ops = ckpt_ns_type(n->ns_type);
	if (n->pid)
		task = ckpt_task_of(ctx, n->pid);
	if (!ops || !task || h->f_flags & ~(O_NONBLOCK | O_LARGEFILE))
		ret = -EINVAL;
	if (!ret)
		ret = ns_get_path(&path, task, ops);
	if (ret) {
		file = ERR_PTR(ckpt_err(ctx, current, ret,
					"file %d: namespace of type %#x of task %d",
					h->objref, n->ns_type, n->pid));
	} else {
		file = dentry_open(&path, O_RDONLY | h->f_flags,
				   current_cred());
		path_put(&path);
	}
	kvfree(n);
	return file;
}
