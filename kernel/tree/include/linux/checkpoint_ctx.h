/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checkpoint/restart: what a subsystem needs to save and restore its objects.
 *
 * A checkpoint captures records into an image object while the tasks are held;
 * the image is written to a file in a separate step. A restart reads records
 * from a stream; each is validated against the schema before anyone sees it.
 */
#ifndef _LINUX_CHECKPOINT_CTX_H
#define _LINUX_CHECKPOINT_CTX_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/sched.h>
#include <linux/time64.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <linux/xxhash.h>

#include <uapi/linux/checkpoint.h>
#include <uapi/linux/checkpoint_image.h>

struct file;
struct inode;
struct ckpt_tty;
struct mm_struct;
struct page;
struct tty_struct;
struct vm_area_struct;
struct ckpt_object;
struct ckpt_image;
struct ckpt_restore;

#define CKPT_ERR_LEN		512
/* Pages that one read of the image gets at the most. */
#define CKPT_READ_PAGES		256

/**
 * struct ckpt_member - one task of the hierarchy
 * @task: the task, with a reference
 * @pids: its entry of the task array
 * @zombie: it has ended, and has not been waited for
 * @stopped: checkpoint: it is in a job-control stop
 * @drawn: restart: it takes part
 * @turn: restart: it may go on with what @ctx->phase says
 * @restore: restart: what it has read
 * @first: restart: it commits without waiting for another member
 * @next: restart: the member whose turn to commit comes after this one's, NULL
 *	for none
 * @vfork: restart: what its vfork(2) would wait for, NULL when it has left
 * @vfork_child: restart: the child that it waits for, with a reference
 */
struct ckpt_member {
	struct task_struct *task;
	struct ckpt_hdr_pids *pids;
	bool zombie;
	bool stopped;
	bool drawn;
	struct completion turn;
	struct ckpt_restore *restore;
	bool first;
	struct ckpt_member *next;
	struct completion *vfork;
	struct task_struct *vfork_child;
};

/**
 * struct ckpt_ghost - number of a process group or session without a leader
 * @pids: its entry of the task array
 * @task: restart: who holds the number, with a reference
 * @pid: restart: the number, with a reference
 * @sid: restart: session of the process group, -1 while it is not known
 */
struct ckpt_ghost {
	struct ckpt_hdr_pids *pids;
	struct task_struct *task;
	struct pid *pid;
	s32 sid;
};

/**
 * enum ckpt_phase - how far a restart has come
 * @CKPT_PHASE_RESTORE: tasks restore their state, one after the other
 * @CKPT_PHASE_COMMIT: the trailer was good: tasks become what they restored
 * @CKPT_PHASE_EXIT: every task has; zombies end
 * @CKPT_PHASE_RELEASE: every task has, and may return to user mode
 */
enum ckpt_phase {
	CKPT_PHASE_RESTORE,
	CKPT_PHASE_COMMIT,
	CKPT_PHASE_EXIT,
	CKPT_PHASE_RELEASE,
};

/**
 * enum ckpt_finish_step - what is done behind the last task, in this order
 * @CKPT_FINISH_FIND: find what is in flight in sockets, and in those in flight
 * @CKPT_FINISH_FILL: capture what waits in sockets; all of them are known
 * @CKPT_FINISH_LAST: all else: whoever watches sockets is not to see them filled
 * @CKPT_FINISH_STEPS: how many steps there are
 */
enum ckpt_finish_step {
	CKPT_FINISH_FIND,
	CKPT_FINISH_FILL,
	CKPT_FINISH_LAST,
	CKPT_FINISH_STEPS,
};

/**
 * struct ckpt_ctx - one checkpoint or restart in progress
 * @users: references: the calling task's and one per member task
 * @uflags: flags of the system call
 * @restart: this is a restart
 * @self: the calling task is the only member
 * @id: checkpoint identifier
 * @file: where the image goes or comes from
 * @pos: bytes of the image read so far
 * @logfile: receives a line per problem, or NULL
 * @log_lock: serialises @logfile, @log and @msg
 * @log: lines that have not been written to @logfile yet
 * @err: first error, 0 while there is none
 * @msg: text that belongs to @err
 * @obstacles: how many reasons a dry run has found
 * @root: the directory that paths in the image are relative to
 * @dir: checkpoint: directory in which the last file was found by its path
 * @wait: for members that park, end or make progress
 * @root_pid: checkpoint: pid of the root of the hierarchy
 * @members: tasks of the hierarchy, in the order of the task array
 * @nr_members: how many
 * @max_members: for how many there is room
 * @ghosts: numbers of groups and sessions without a leader
 * @nr_ghosts: how many
 * @max_ghosts: for how many there is room
 * @by_pid: members by pid and ghosts by number
 * @held: checkpoint: tasks that carry JOBCTL_TRAP_CKPT for us, with references
 * @nr_held: how many
 * @max_held: for how many there is room
 * @nr_awaited: checkpoint: that many of @members may not be parked yet
 * @awaited: checkpoint: the last of them, which says when it is
 * @still: checkpoint: every member is parked, and none may end any more
 * @lost: a member ended on the way
 * @looking: checkpoint: the task whose own state is being looked at
 * @boottime: restart: CLOCK_BOOTTIME of the source at the checkpoint, ns
 * @image: checkpoint: what has been captured
 * @objs: checkpoint: shared objects by address
 * @objs_ready: checkpoint: that is in use
 * @obj_list: checkpoint: shared objects in the order in which they were met
 * @refs: restart: shared objects by number
 * @nr_refs: objects numbered so far
 * @nr_objs: restart: objects so far of each type that a task has one of
 * @via: checkpoint: the file through which an inode is being captured
 * @gone: checkpoint: the path, without a name, through which one is
 * @finish: what is done when all else has been, by steps
 * @nr_files: restart: files opened so far
 * @ahead: restart: bytes of the image that have been read ahead, or NULL
 * @ahead_at: where in them the next one stands
 * @ahead_end: how many there are
 * @terminal: restart: a file of the caller on its terminal, or NULL
 * @foreground: restart: the job had a terminal of somebody else, and has it
 * @changed: restart: numbers of files that have changed since the checkpoint
 * @hash: restart: running checksum of the stream
 * @nr_records: restart: records read so far
 * @restoring: restart: an object is being built
 * @phase: restart: how far it has come
 * @nr_restored: restart: members that have read their state
 * @nr_drawn: restart: members that take part and have not left yet
 * @nr_committed: restart: members that have become what they restored
 */
struct ckpt_ctx {
	refcount_t users;
	unsigned long uflags;
	bool restart;
	bool self;
	u64 id;

	struct file *file;
	u64 pos;
	struct file *logfile;
	struct mutex log_lock; /* logfile, log, msg */
	struct list_head log;
	int err;
	char msg[CKPT_ERR_LEN];
	unsigned int obstacles;

	struct path root;
	struct path dir;
	wait_queue_head_t wait;
	struct pid *root_pid;
	struct ckpt_member **members;
	u32 nr_members;
	u32 max_members;
	struct ckpt_ghost *ghosts;
	u32 nr_ghosts;
	u32 max_ghosts;
	struct xarray by_pid;
	struct task_struct **held;
	u32 nr_held;
	u32 max_held;
	u32 nr_awaited;
	struct task_struct *awaited;
	bool still;
	bool lost;
	struct task_struct *looking;
	s64 boottime;

	struct ckpt_image *image;
	struct rhashtable objs;
	bool objs_ready;
	struct list_head obj_list;
	struct xarray refs;
	s32 nr_refs;
	u32 nr_objs[CKPT_OBJ_IO_CONTEXT + 1];
	struct file *via;
	const struct path *gone;
	struct list_head finish[CKPT_FINISH_STEPS];
	u64 nr_files;
	struct file *terminal;
	bool foreground;
	struct xarray changed;

	void *ahead;
	u32 ahead_at;
	u32 ahead_end;
	struct xxh64_state hash;
	u64 nr_records;
	bool restoring;
	enum ckpt_phase phase;
	u32 nr_restored;
	u32 nr_drawn;
	atomic_t nr_committed;
};

/**
 * ckpt_dry_run - only asking whether a checkpoint would succeed?
 * @ctx: checkpoint context
 */
static inline bool ckpt_dry_run(struct ckpt_ctx *ctx)
{
	return !ctx->restart && (ctx->uflags & CHECKPOINT_DRYRUN);
}

/* Errors: kernel/checkpoint/log.c */
__printf(4, 5)
int ckpt_err(struct ckpt_ctx *ctx, struct task_struct *task, int err,
	     const char *fmt, ...);
__printf(4, 5)
int ckpt_refuse(struct ckpt_ctx *ctx, struct task_struct *task, int err,
		const char *fmt, ...);
__printf(3, 4)
void ckpt_warn(struct ckpt_ctx *ctx, struct task_struct *task,
	       const char *fmt, ...);

/**
 * struct ckpt_finish - what is done last
 * @list: link in the context
 * @next: restart: the next one of the same task
 * @task: the task on whose behalf, a member; restart: it runs this when it has
 *	become what it restored, files and signals that is
 * @run: checkpoint: captures what waits until all tasks have been; returns 0 or
 *	a negative errno
 * @free: frees this, whether it has run or not
 */
struct ckpt_finish {
	struct list_head list;
	struct ckpt_finish *next;
	struct task_struct *task;
	int (*run)(struct ckpt_ctx *ctx, struct ckpt_finish *finish);
	void (*free)(struct ckpt_finish *finish);
};

/* What waits for the last task: kernel/checkpoint/finish.c */
void ckpt_finish_add_to(struct ckpt_ctx *ctx, struct ckpt_finish *finish,
			enum ckpt_finish_step step);
void ckpt_finish_add(struct ckpt_ctx *ctx, struct ckpt_finish *finish);

/* Who takes part: kernel/checkpoint/collect.c and array.c */
bool ckpt_has_member(struct ckpt_ctx *ctx, s32 pid);
struct task_struct *ckpt_member_task(struct ckpt_ctx *ctx, s32 pid);
struct pid *ckpt_member_pid(struct ckpt_ctx *ctx, s32 pid);
s32 ckpt_sighand_owner(struct ckpt_ctx *ctx, const void *whead);

/* Capturing: kernel/checkpoint/image.c */
void *ckpt_record(struct ckpt_ctx *ctx, u32 type, size_t tail);
int ckpt_record_string(struct ckpt_ctx *ctx, const char *text);
int ckpt_record_path(struct ckpt_ctx *ctx, const struct path *path);
int ckpt_record_pages(struct ckpt_ctx *ctx, struct mm_struct *mm,
		      const u64 *addrs, struct page **pages, u32 nr);
int ckpt_record_inode_pages(struct ckpt_ctx *ctx, struct inode *inode,
			    const u64 *offsets, struct page **pages, u32 nr);
int ckpt_record_file_pages(struct ckpt_ctx *ctx, struct file *file,
			   const u64 *offsets, u32 nr);

/* Reading: kernel/checkpoint/stream.c */
int ckpt_read(struct ckpt_ctx *ctx, void *buf, size_t len);
int ckpt_read_pages(struct ckpt_ctx *ctx, struct page **pages, u32 nr);
int ckpt_read_to_user(struct ckpt_ctx *ctx, struct mm_struct *mm,
		      const u64 *addrs, u32 nr);
void *ckpt_next_record(struct ckpt_ctx *ctx, u32 type);
char *ckpt_next_string(struct ckpt_ctx *ctx);

/**
 * struct ckpt_obj_ops - what can be done with a type of shared object
 * @name: name in messages
 * @objtype: CKPT_OBJ_*
 * @grab: take a reference
 * @drop: give it back
 * @free: give back what @restore has made, if that is not what @drop does
 * @users: how many references are there? NULL for a type that may be shared
 *	with anybody
 * @checkpoint: capture the state; the record's objref comes from
 *	ckpt_obj_number(), called after everything that the object refers to
 *	has been captured
 * @restore: build the object from its record and whatever follows it; the
 *	caller owns the result or the ERR_PTR()
 * @settle: everything has been read: do restored objects fit together? NULL for
 *	a type about which nothing is left to say
 */
struct ckpt_obj_ops {
	const char *name;
	u32 objtype;
	void (*grab)(void *ptr);
	void (*drop)(void *ptr);
	void (*free)(void *ptr);
	long (*users)(void *ptr);
	int (*checkpoint)(struct ckpt_ctx *ctx, struct task_struct *task,
			  void *ptr, struct ckpt_object *obj);
	void *(*restore)(struct ckpt_ctx *ctx, const struct ckpt_hdr *h);
	int (*settle)(struct ckpt_ctx *ctx, void *ptr);
};

/* Tasks by number: kernel/checkpoint/{collect,array,settle}.c */
bool ckpt_pid_inside(struct ckpt_ctx *ctx, struct pid *pid, enum pid_type type);
struct task_struct *ckpt_task_of(struct ckpt_ctx *ctx, s32 pid);
struct pid *ckpt_get_pid_of(struct ckpt_ctx *ctx, s32 nr);

/* Shared objects: kernel/checkpoint/objhash.c */
s32 ckpt_obj_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			void *ptr, u32 objtype);
void ckpt_obj_use(struct ckpt_ctx *ctx, void *ptr, u32 objtype);
s32 ckpt_obj_use_fd(struct ckpt_ctx *ctx, struct file *file);
s32 ckpt_obj_known(struct ckpt_ctx *ctx, void *ptr, u32 objtype);
bool ckpt_obj_seen(struct ckpt_ctx *ctx, void *ptr, u32 objtype);
void ckpt_obj_set_data(struct ckpt_object *obj, void *data);
void *ckpt_obj_data(struct ckpt_ctx *ctx, void *ptr, u32 objtype);
s32 ckpt_obj_number(struct ckpt_ctx *ctx, struct ckpt_object *obj);
void *ckpt_obj_fetch(struct ckpt_ctx *ctx, s32 ref, u32 objtype);

/* Files of any kind: fs/checkpoint.c */
struct ckpt_hdr_file *ckpt_file_record(struct ckpt_ctx *ctx, struct file *file,
				       struct ckpt_object *obj, u32 kind);
int ckpt_file_record_kind(struct ckpt_ctx *ctx, struct file *file,
			  struct ckpt_object *obj, u32 kind);
int ckpt_file_may_run(struct ckpt_ctx *ctx, s32 ref, struct file *file);

extern const struct ckpt_obj_ops ckpt_file_ops;
extern const struct ckpt_obj_ops ckpt_file_table_ops;
extern const struct ckpt_obj_ops ckpt_fs_ops;
extern const struct ckpt_obj_ops ckpt_mm_ops;
extern const struct ckpt_obj_ops ckpt_sighand_ops;
extern const struct ckpt_obj_ops ckpt_signal_ops;
extern const struct ckpt_obj_ops ckpt_cred_ops;
extern const struct ckpt_obj_ops ckpt_inode_ops;

/**
 * struct ckpt_inode - a restored inode that files are ends of
 * @path: leads to the inode, with a reference
 * @free: gives back what else belongs to it, or NULL
 */
struct ckpt_inode {
	struct path path;
	void (*free)(struct ckpt_inode *inode);
};

/* Shared anonymous memory: mm/shmem_checkpoint.c */
bool shmem_ckpt_anonymous(struct file *file);
int shmem_ckpt_file(struct ckpt_ctx *ctx, struct task_struct *task,
		    struct file *file, struct ckpt_object *obj);
int shmem_ckpt_inode(struct ckpt_ctx *ctx, struct task_struct *task,
		     struct inode *inode, struct ckpt_object *obj);
struct file *shmem_ckpt_restore(struct ckpt_ctx *ctx,
				const struct ckpt_hdr_file *h);
struct ckpt_inode *shmem_ckpt_inode_restore(struct ckpt_ctx *ctx,
					    const struct ckpt_hdr_shmem *h);
int shmem_ckpt_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
			struct inode *inode);
int shmem_ckpt_contents(struct ckpt_ctx *ctx, struct task_struct *task,
			struct inode *inode);
int shmem_ckpt_fill_all(struct ckpt_ctx *ctx, struct inode *inode);

/* Memory files: mm/memfd_checkpoint.c */
#ifdef CONFIG_MEMFD_CREATE
bool memfd_ckpt_is(const struct inode *inode);
int memfd_ckpt_inode(struct ckpt_ctx *ctx, struct task_struct *task,
		     struct inode *inode, struct ckpt_object *obj);
struct ckpt_inode *memfd_ckpt_inode_restore(struct ckpt_ctx *ctx,
					    const struct ckpt_hdr_memfd *h);
#else
static inline bool memfd_ckpt_is(const struct inode *inode)
{
	return false;
}

static inline int memfd_ckpt_inode(struct ckpt_ctx *ctx,
				   struct task_struct *task,
				   struct inode *inode, struct ckpt_object *obj)
{
	return -EOPNOTSUPP;
}

static inline struct ckpt_inode *
memfd_ckpt_inode_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr_memfd *h)
{
	return ERR_PTR(-EOPNOTSUPP);
}
#endif

extern const struct ckpt_obj_ops ckpt_epoll_ops;
extern const struct ckpt_obj_ops ckpt_locks_ops;
extern const struct ckpt_obj_ops ckpt_fown_ops;

/* Chunks of pages: mm/checkpoint_pages.c */
u64 *ckpt_next_chunk(struct ckpt_ctx *ctx, u64 *from, u64 end, u32 *nr);

/* Sockets: net/socket_checkpoint.c, net/unix/ */
#ifdef CONFIG_UNIX
struct file *ckpt_socket_restore(struct ckpt_ctx *ctx,
				 const struct ckpt_hdr_file *h);
extern const struct ckpt_obj_ops ckpt_socket_ops;
extern const struct ckpt_obj_ops ckpt_socket_queue_ops;
#endif

/* IPC namespaces: ipc/namespace_checkpoint.c */
#if defined(CONFIG_SYSVIPC) || defined(CONFIG_POSIX_MQUEUE)
int ckpt_ipc_checkpoint(struct ckpt_ctx *ctx);
#else
static inline int ckpt_ipc_checkpoint(struct ckpt_ctx *ctx)
{
	return 0;
}
#endif

/* POSIX message queues: ipc/mqueue_checkpoint.c */
#ifdef CONFIG_POSIX_MQUEUE
struct file *ckpt_mqueue_open(struct ckpt_ctx *ctx,
			      const struct ckpt_hdr_file *h);
extern const struct ckpt_obj_ops ckpt_mqueue_ops;
#endif

/* System V IPC: ipc/ */
#ifdef CONFIG_SYSVIPC
void ckpt_shm_use(struct ckpt_ctx *ctx, struct file *file);
struct file *ckpt_shm_restore(struct ckpt_ctx *ctx,
			      const struct ckpt_hdr_file *f);
bool ckpt_sem_undo(struct task_struct *task);
int ckpt_sem_undo_look(struct ckpt_ctx *ctx, struct task_struct *task, s32 pid);
void ckpt_sem_undo_begin(void);
extern const struct ckpt_obj_ops ckpt_shm_ops;
extern const struct ckpt_obj_ops ckpt_sem_ops;
extern const struct ckpt_obj_ops ckpt_sem_undo_ops;
extern const struct ckpt_obj_ops ckpt_msg_ops;
#else
static inline void ckpt_shm_use(struct ckpt_ctx *ctx, struct file *file) { }

static inline bool ckpt_sem_undo(struct task_struct *task)
{
	return false;
}

static inline int ckpt_sem_undo_look(struct ckpt_ctx *ctx,
				     struct task_struct *task, s32 pid)
{
	return 0;
}

static inline void ckpt_sem_undo_begin(void) { }
#endif

/* Controlling terminals: kernel/checkpoint/ctty.c */
u32 ckpt_ctty_count(struct ckpt_ctx *ctx, struct tty_struct *tty);
int ckpt_ctty_capture(struct ckpt_ctx *ctx, struct task_struct *task,
		      struct tty_struct *tty, struct ckpt_hdr_pty *h);

/* Terminals: drivers/tty/tty_checkpoint.c, drivers/tty/pty_checkpoint.c */
#ifdef CONFIG_UNIX98_PTYS
bool ckpt_tty_inside(struct ckpt_ctx *ctx, struct tty_struct *tty);
struct file *ckpt_tty_restore(struct ckpt_ctx *ctx,
			      const struct ckpt_hdr_file *h);
const struct ckpt_hdr_pty *ckpt_tty_record(struct ckpt_tty *tty);
int ckpt_tty_settle(struct ckpt_ctx *ctx, struct ckpt_tty *tty);
void ckpt_tty_start(struct ckpt_tty *tty);
int ckpt_tty_control(struct ckpt_tty *tty, struct pid *session,
		     struct pid *pgrp);
int ckpt_tty_join(struct ckpt_tty *tty, struct task_struct *task);
void ckpt_terminal_note(struct ckpt_ctx *ctx);
void ckpt_terminal_give(struct ckpt_ctx *ctx, struct pid *pgrp);
struct file *ckpt_terminal_restore(struct ckpt_ctx *ctx,
				   const struct ckpt_hdr_file *h);
extern const struct ckpt_obj_ops ckpt_tty_ops;
#else
static inline bool ckpt_tty_inside(struct ckpt_ctx *ctx, struct tty_struct *tty)
{
	return false;
}

/* There is no object that these could be called with. */
static inline const struct ckpt_hdr_pty *ckpt_tty_record(struct ckpt_tty *tty)
{
	return NULL;
}

static inline int ckpt_tty_settle(struct ckpt_ctx *ctx, struct ckpt_tty *tty)
{
	return -EINVAL;
}

static inline void ckpt_tty_start(struct ckpt_tty *tty) { }

static inline int ckpt_tty_control(struct ckpt_tty *tty, struct pid *session,
				   struct pid *pgrp)
{
	return -EINVAL;
}

static inline int ckpt_tty_join(struct ckpt_tty *tty, struct task_struct *task)
{
	return -EINVAL;
}

static inline void ckpt_terminal_note(struct ckpt_ctx *ctx) { }
static inline void ckpt_terminal_give(struct ckpt_ctx *ctx, struct pid *pgrp) { }
#endif
/* Asynchronous I/O: fs/aio.c, fs/aio_checkpoint.c */
#ifdef CONFIG_AIO
bool aio_is_ring(struct vm_area_struct *vma);
int aio_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		   struct mm_struct *mm, u32 nr_rings);
int aio_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr_aio *h);
#else
static inline bool aio_is_ring(struct vm_area_struct *vma)
{
	return false;
}
#endif

/* Memory that a userfaultfd watches: fs/userfaultfd_checkpoint.c */
#ifdef CONFIG_USERFAULTFD
bool ckpt_userfault_inside(struct ckpt_ctx *ctx, const void *uffd);
#else
static inline bool ckpt_userfault_inside(struct ckpt_ctx *ctx, const void *uffd)
{
	return false;
}
#endif

/* Rings: io_uring/checkpoint.c */
#ifdef CONFIG_IO_URING
int io_uring_task_refusals(struct ckpt_ctx *ctx, struct task_struct *task);
bool io_uring_is_ring(struct vm_area_struct *vma);
const char *ckpt_ioring_area_refusal(struct vm_area_struct *vma);
#else
static inline int io_uring_task_refusals(struct ckpt_ctx *ctx,
					 struct task_struct *task)
{
	return 0;
}

static inline bool io_uring_is_ring(struct vm_area_struct *vma)
{
	return false;
}

static inline const char *ckpt_ioring_area_refusal(struct vm_area_struct *vma)
{
	return NULL;
}
#endif

/* Commit: become what was restored. */
void ckpt_commit_mm(struct mm_struct *mm);
void ckpt_commit_files(struct files_struct *files);
void ckpt_commit_fs(struct fs_struct *fs);

/* POSIX and interval timers: kernel/time/posix_timer_checkpoint.c */
struct ckpt_timers;
int ckpt_timers_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task);
struct ckpt_timers *ckpt_timers_restore(struct ckpt_ctx *ctx,
					const struct ckpt_itimer *itimers,
					u64 sigpending);
struct ckpt_timers *ckpt_timers_get(struct ckpt_timers *timers);
void ckpt_timers_put(struct ckpt_timers *timers);
int ckpt_timers_commit(struct ckpt_ctx *ctx, struct ckpt_timers *timers);
void ckpt_timers_start(struct ckpt_timers *timers);

/* Scheduler: kernel/sched/checkpoint.c */
int ckpt_sched_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task);
struct ckpt_hdr_sched *ckpt_sched_restore(struct ckpt_ctx *ctx);
int ckpt_sched_commit(struct ckpt_ctx *ctx, const struct ckpt_hdr_sched *h);
void ckpt_sched_set_cputime(struct task_struct *p, u64 utime, u64 stime);
void ckpt_sched_set_group_cputime(struct task_struct *p, u64 utime, u64 stime);

/* The architecture's part: arch/.../kernel/checkpoint.c */
u16 arch_ckpt_id(void);
void arch_ckpt_header(struct ckpt_hdr_header_arch *h);
int arch_ckpt_header_check(struct ckpt_ctx *ctx,
			   const struct ckpt_hdr_header_arch *h);
int arch_ckpt_refusals(struct ckpt_ctx *ctx, struct task_struct *task);
bool arch_ckpt_caller_clean(struct task_struct *task);
void arch_ckpt_thread(struct task_struct *task, struct ckpt_hdr_thread *h);
int arch_ckpt_thread_check(struct ckpt_ctx *ctx,
			   const struct ckpt_hdr_thread *h);
void arch_ckpt_thread_commit(const struct ckpt_hdr_thread *h);
u64 arch_ckpt_task_flags(struct task_struct *task);
void arch_ckpt_set_task_flags(u64 flags);
int arch_ckpt_mm_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
			  struct mm_struct *mm);
void arch_ckpt_mm_context(struct mm_struct *mm, struct ckpt_hdr_mm_context *h);
int arch_ckpt_mm_context_restore(struct ckpt_ctx *ctx,
				 const struct ckpt_hdr_mm_context *h);
bool arch_ckpt_pkey_derived(struct vm_area_struct *vma);
const void *arch_ckpt_vdso(struct mm_struct *mm, unsigned long *addr,
			   size_t *size);
int arch_ckpt_map_vdso(unsigned long addr);

#endif /* _LINUX_CHECKPOINT_CTX_H */
