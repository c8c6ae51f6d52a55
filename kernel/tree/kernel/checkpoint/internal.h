/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checkpoint/restart: interfaces between the files of kernel/checkpoint/.
 */
#ifndef _KERNEL_CHECKPOINT_INTERNAL_H
#define _KERNEL_CHECKPOINT_INTERNAL_H

#include <linux/checkpoint.h>
#include <linux/checkpoint_ctx.h>
#include <linux/rcupdate.h>

#include "records.h"

struct ckpt_io_context;
struct cred;
struct io_context;
struct iov_iter;
struct pid_namespace;

/* Largest CPU time of an image, ns: sums of a few must not overflow. */
#define CKPT_CPUTIME_MAX	(S64_MAX / 8)

#define CHECKPOINT_FLAGS_ALL	(CHECKPOINT_SUBTREE | CHECKPOINT_FREEZE | \
				 CHECKPOINT_KILL | CHECKPOINT_DRYRUN | \
				 CHECKPOINT_QUERY | CHECKPOINT_CUT | \
				 CHECKPOINT_TTY | CHECKPOINT_IPC)
#define RESTART_FLAGS_ALL	(RESTART_TASKSELF | RESTART_FROZEN | \
				 RESTART_GHOST | RESTART_CHANGED)
#define CKPT_FEATURES		(CKPT_FEATURE_MEMORY | CKPT_FEATURE_FILES | \
				 CKPT_FEATURE_SELF | CKPT_FEATURE_FREEZE | \
				 CKPT_FEATURE_TREE)

/**
 * struct ckpt_sighand - signal handlers read from the image
 * @h: the record
 * @last: the last member in the array that uses them, NULL for none yet
 * @live: where they are in force, with a reference, NULL while they are not
 */
struct ckpt_sighand {
	struct ckpt_hdr_sighand *h;
	struct ckpt_member *last;
	struct sighand_struct *live;
};

/**
 * struct ckpt_restore - what a task has read from the image and will become
 * @task: identity
 * @root: it is the root of the hierarchy
 * @thread: registered addresses
 * @regsets: register sets, thread->nr_regsets of them
 * @nr_regsets: how many have been read
 * @block: interrupted system call
 * @sched: scheduling attributes
 * @sigtask: signal masks
 * @pending: private queue of signals
 * @mm: address space, owned by the object table
 * @files: descriptor table, likewise
 * @fs: root and working directory, likewise
 * @sighand: signal handlers, likewise
 * @signal: process-wide state, likewise
 * @timers: timers of the process, with a reference
 * @cred: credentials, likewise
 * @seccomp: seccomp filter, likewise
 * @seccomp_mode: seccomp mode
 * @io_context: I/O context that it shares, likewise; NULL for none
 * @finish: the first of what is left for when it commits, NULL for none
 */
struct ckpt_restore {
	struct ckpt_hdr_task *task;
	bool root;
	struct ckpt_hdr_thread *thread;
	struct ckpt_hdr_regset **regsets;
	u32 nr_regsets;
	struct ckpt_hdr_restart_block *block;
	struct ckpt_hdr_sched *sched;
	struct ckpt_hdr_sigtask *sigtask;
	struct ckpt_hdr_sigpending *pending;
	struct mm_struct *mm;
	struct files_struct *files;
	struct fs_struct *fs;
	struct ckpt_sighand *sighand;
	struct ckpt_signal *signal;
	struct ckpt_timers *timers;
	const struct cred *cred;
	struct seccomp_filter *seccomp;
	int seccomp_mode;
	struct ckpt_io_context *io_context;
	struct ckpt_finish *finish;
};

/**
 * struct ckpt_signal - process-wide state read from the image
 * @h: the record
 * @pending: shared queue of signals
 * @timers: its timers
 * @tgid: the process that uses it, in the pid namespace of the root; 0 for none
 *	yet
 * @live: the first task that has not ended and uses it, NULL for none
 * @committed: it is in force
 */
struct ckpt_signal {
	struct ckpt_hdr_signal *h;
	struct ckpt_hdr_sigpending *pending;
	struct ckpt_timers *timers;
	s32 tgid;
	struct ckpt_restore *live;
	bool committed;
};

/**
 * ckpt_task_sighand - signal handlers of a task that does not give them up
 * @task: current, or a task that is held or waits in restart(2)
 */
static inline struct sighand_struct *ckpt_task_sighand(struct task_struct *task)
{
	return rcu_dereference_protected(task->sighand, true);
}

/* context.c */
struct ckpt_ctx *ckpt_ctx_alloc(bool restart, unsigned long uflags, int fd,
				int logfd);
void ckpt_ctx_put(struct ckpt_ctx *ctx);
bool ckpt_permitted(bool restart);

/* log.c */
void ckpt_set_err(struct ckpt_ctx *ctx, int err);
void ckpt_log_flush(struct ckpt_ctx *ctx);

/* collect.c */
int ckpt_collect(struct ckpt_ctx *ctx);
bool ckpt_collect_same(struct ckpt_ctx *ctx);
int ckpt_collect_pids(struct ckpt_ctx *ctx);
int ckpt_note_ghost(struct ckpt_ctx *ctx, struct pid *pid,
		    struct pid_namespace *ns);
int ckpt_collect_record(struct ckpt_ctx *ctx);
struct ckpt_member *ckpt_member_add(struct ckpt_ctx *ctx,
				    struct task_struct *task);
struct ckpt_ghost *ckpt_ghost_add(struct ckpt_ctx *ctx);
void ckpt_members_free(struct ckpt_ctx *ctx);

/* io.c */
int ckpt_file_io(struct file *file, struct iov_iter *iter);

/* image.c */
struct ckpt_image *ckpt_image_alloc(void);
void ckpt_image_free(struct ckpt_image *image);
int ckpt_image_emit(struct ckpt_ctx *ctx);
void ckpt_image_emit_error(struct ckpt_ctx *ctx, int err);

/* stream.c */
void ckpt_read_end(struct ckpt_ctx *ctx);
int ckpt_read_tail(struct ckpt_ctx *ctx);

/**
 * struct ckpt_object - an object in the hash
 * @node: checkpoint: link in the hash
 * @list: checkpoint: link in the list of all
 * @ptr: the object, with a reference
 * @ops: its type
 * @ref: its number, 0 while its record has not been captured
 * @data: what its type keeps beside it
 * @nr_uses: checkpoint: references that the hierarchy holds
 * @nr_fds: checkpoint: those among them that are descriptors
 * @leaks: checkpoint: there are more
 * @holder: checkpoint: a task outside that has one, with a reference
 */
struct ckpt_object {
	struct rhash_head node;
	struct list_head list;
	void *ptr;
	const struct ckpt_obj_ops *ops;
	s32 ref;
	void *data;
	long nr_uses;
	long nr_fds;
	bool leaks;
	struct task_struct *holder;
};

/* leak.c */
int ckpt_leak_check(struct ckpt_ctx *ctx);

/* objhash.c */
struct ckpt_object *ckpt_obj_find(struct ckpt_ctx *ctx, void *ptr, u32 objtype);
int ckpt_objs_init(struct ckpt_ctx *ctx);
void ckpt_objs_free(struct ckpt_ctx *ctx);
const struct ckpt_obj_ops *ckpt_obj_ops_find(u32 objtype);
int ckpt_obj_restore(struct ckpt_ctx *ctx, const struct ckpt_record *rec,
		     const struct ckpt_hdr *h);

/* finish.c */
void ckpt_finish_init(struct ckpt_ctx *ctx);
int ckpt_finish_run(struct ckpt_ctx *ctx);
void ckpt_finish_self(struct ckpt_ctx *ctx, struct ckpt_restore *r);
int ckpt_finish_settle(struct ckpt_ctx *ctx);
int ckpt_finish_commit(struct ckpt_ctx *ctx, const struct ckpt_restore *r);
void ckpt_finish_free(struct ckpt_ctx *ctx);

/* hold.c */
int ckpt_hold(struct ckpt_ctx *ctx);
int ckpt_check_all_access(struct ckpt_ctx *ctx);
int ckpt_hold_unchanged(struct ckpt_ctx *ctx);
int ckpt_hold_intact(struct ckpt_ctx *ctx);
void ckpt_release(struct ckpt_ctx *ctx);
int ckpt_look(struct ckpt_ctx *ctx, struct task_struct *task);
void ckpt_look_away(struct ckpt_ctx *ctx);
struct task_struct *ckpt_vfork_child(struct task_struct *task);

/* checkpoint.c */
long ckpt_do_checkpoint(struct ckpt_ctx *ctx, pid_t pid);

/* restart.c */
int ckpt_read_frame(struct ckpt_ctx *ctx);
long ckpt_return_value(void);
long ckpt_perish(void);
long ckpt_restart_self(struct ckpt_ctx *ctx);

/* array.c */
int ckpt_read_array(struct ckpt_ctx *ctx);
int ckpt_array_index(struct ckpt_ctx *ctx, s32 nr, void *entry);
struct ckpt_member *ckpt_member_of(struct ckpt_ctx *ctx, s32 pid);
struct ckpt_ghost *ckpt_ghost_of(struct ckpt_ctx *ctx, s32 nr);

/* settle.c */
int ckpt_settle_shared(struct ckpt_ctx *ctx);
int ckpt_settle(struct ckpt_ctx *ctx);
struct pid *ckpt_pid_of(struct ckpt_ctx *ctx, s32 nr);
int ckpt_settle_zombies(struct ckpt_ctx *ctx);
void ckpt_settle_handlers(struct ckpt_ctx *ctx);
void ckpt_settle_vfork(struct ckpt_ctx *ctx);

/* ctty.c */
int ckpt_ctty_refusals(struct ckpt_ctx *ctx, struct task_struct *task);
int ckpt_ctty_ghosts(struct ckpt_ctx *ctx, struct pid_namespace *ns);
int ckpt_ctty_settle(struct ckpt_ctx *ctx);
void ckpt_ctty_start(struct ckpt_ctx *ctx);

/* member.c */
long ckpt_restart_member(unsigned long uflags);
void ckpt_first_turn(struct ckpt_member *member);
int ckpt_draw(struct ckpt_ctx *ctx, struct ckpt_member *member);
void ckpt_tie_vfork(struct ckpt_member *member, struct task_struct *child);
void ckpt_kill_drawn(struct ckpt_ctx *ctx);
bool ckpt_none_drawn(struct ckpt_ctx *ctx);
bool ckpt_has_pids(struct task_struct *task, const struct ckpt_hdr_pids *pids,
		   struct pid_namespace *ns);
int ckpt_find_ghosts(struct ckpt_ctx *ctx, struct pid_namespace *ns);
void ckpt_end_ghosts(struct ckpt_ctx *ctx);
int ckpt_await_ghosts(struct ckpt_ctx *ctx);

/* coordinate.c */
long ckpt_restart_coordinate(struct ckpt_ctx *ctx, pid_t pid);
void ckpt_abort(struct ckpt_ctx *ctx, int err);

/* refuse.c */
int ckpt_task_refusals(struct ckpt_ctx *ctx, struct task_struct *task);
bool ckpt_caller_clean(struct task_struct *task);

/* task.c */
int ckpt_task_checkpoint(struct ckpt_ctx *ctx, struct ckpt_member *member);
int ckpt_task_restore(struct ckpt_ctx *ctx, struct ckpt_restore *r,
		      const struct ckpt_member *member);
int ckpt_task_commit(struct ckpt_ctx *ctx, struct ckpt_restore *r);
void ckpt_task_resume(void);
int ckpt_zombie_checkpoint(struct ckpt_ctx *ctx, struct ckpt_member *member);
int ckpt_zombie_commit(struct ckpt_ctx *ctx, struct ckpt_restore *r);
void ckpt_restore_free(struct ckpt_restore *r);

/* cpu.c */
int ckpt_cpu_count(struct task_struct *task);
int ckpt_cpu_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task);
int ckpt_cpu_restore(struct ckpt_ctx *ctx, struct ckpt_restore *r);
int ckpt_cpu_load(struct ckpt_ctx *ctx, struct task_struct *task,
		  const struct ckpt_restore *r);
int ckpt_cpu_commit(struct ckpt_ctx *ctx, struct ckpt_restore *r);

/* signal.c */
int ckpt_sigtask_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task);
int ckpt_sigpending_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			       u32 queue);
struct ckpt_hdr_sigpending *ckpt_sigpending_restore(struct ckpt_ctx *ctx,
						    u32 queue);
int ckpt_signal_begin(const struct ckpt_restore *r);
void ckpt_stop_commit(const struct ckpt_restore *r);
void ckpt_usage_commit(const struct ckpt_hdr_signal *h);
int ckpt_signal_commit(struct ckpt_ctx *ctx, struct ckpt_restore *r);
void ckpt_join_sighand(struct task_struct *task, struct ckpt_sighand *sighand);

/* io_context.c */
extern const struct ckpt_obj_ops ckpt_io_context_ops;
struct io_context *ckpt_io_context_get(struct task_struct *task);
int ckpt_io_context_commit(struct ckpt_ctx *ctx, struct ckpt_io_context *io);

/* seccomp.c */
#ifdef CONFIG_SECCOMP_FILTER
extern const struct ckpt_obj_ops ckpt_seccomp_ops;
s32 ckpt_seccomp_chain(struct ckpt_ctx *ctx, struct task_struct *task,
		       struct seccomp_filter *filter);
int ckpt_seccomp_check(struct ckpt_ctx *ctx, const struct ckpt_hdr_task_objs *h,
		       struct ckpt_restore *r);
int ckpt_seccomp_commit(struct ckpt_ctx *ctx, const struct ckpt_restore *r);
#else
static inline s32 ckpt_seccomp_chain(struct ckpt_ctx *ctx,
				     struct task_struct *task,
				     struct seccomp_filter *filter)
{
	return 0;
}

static inline int ckpt_seccomp_check(struct ckpt_ctx *ctx,
				     const struct ckpt_hdr_task_objs *h,
				     struct ckpt_restore *r)
{
	if (!h->seccomp_mode && !h->seccomp_ref)
		return 0;
	return ckpt_err(ctx, current, -EINVAL,
			"this kernel has no seccomp filters");
}

static inline int ckpt_seccomp_commit(struct ckpt_ctx *ctx,
				      const struct ckpt_restore *r)
{
	return 0;
}
#endif

/* cred.c */
int ckpt_cred_check(struct ckpt_ctx *ctx, const struct cred *cred);
int ckpt_cred_commit(struct ckpt_ctx *ctx, struct ckpt_restore *r);

/* restart_block.c */
int ckpt_block_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task);
int ckpt_block_restore(struct ckpt_ctx *ctx, struct ckpt_restore *r);
void ckpt_block_commit(struct ckpt_ctx *ctx, struct ckpt_restore *r);

/* sysctl.c */
extern int sysctl_ckpt_unpriv_allowed;

#endif /* _KERNEL_CHECKPOINT_INTERNAL_H */
