/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checkpoint/restart: interfaces between the files of fs/ that save and restore
 * open files, and the entry points of the subsystems that own their state.
 */
#ifndef _FS_CHECKPOINT_H
#define _FS_CHECKPOINT_H

#include <linux/checkpoint_ctx.h>
#include <linux/fs.h>
#include <linux/time64.h>
#include <uapi/linux/eventpoll.h>

struct mm_struct;
struct pipe_inode_info;

/* A line of a struct file_operations: how a kind of file is captured. */
#ifdef CONFIG_CHECKPOINT
#define CKPT_FILE_OP(fn)	.checkpoint = fn,
#else
#define CKPT_FILE_OP(fn)
#endif

/* checkpoint.c */
const char *ckpt_path_refusal(struct ckpt_ctx *ctx, const struct path *path,
			      char *buf, char **name);
char *ckpt_file_name(struct file *file, char *buf);
struct file *ckpt_dentry_open(const struct path *path, int flags, void *data);

/* locks_checkpoint.c */
int ckpt_locks_later(struct ckpt_ctx *ctx, struct task_struct *task,
		     struct file *file);

/* fown_checkpoint.c */
int ckpt_fown_later(struct ckpt_ctx *ctx, struct task_struct *task,
		    struct file *file);

/* unlinked_checkpoint.c */
bool ckpt_unlinked(const struct path *path);
int ckpt_unlinked_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			     struct ckpt_object *obj);
s32 ckpt_unlinked_ref(struct ckpt_ctx *ctx, struct task_struct *task,
		      const struct path *path, struct file *file);
struct ckpt_inode *ckpt_unlinked_restore(struct ckpt_ctx *ctx,
					 const struct ckpt_hdr_unlinked *h);
bool ckpt_unlinked_inode(const struct ckpt_inode *inode);
struct file *ckpt_unlinked_open(struct ckpt_ctx *ctx,
				const struct ckpt_hdr_file *h, int flags);

/* pseudo_checkpoint.c */
bool ckpt_pseudo_file(const struct inode *inode);
const char *ckpt_pseudo_refusal(struct ckpt_ctx *ctx, struct file *file);
int ckpt_nsfs_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			 struct file *file, struct ckpt_object *obj);
struct file *ckpt_nsfs_restore(struct ckpt_ctx *ctx,
			       const struct ckpt_hdr_file *h);

/* pipe.c: what F_SETPIPE_SZ does not offer is in pipe_checkpoint.c. */
void put_pipe_info(struct inode *inode, struct pipe_inode_info *pipe);

/* pipe_checkpoint.c */
int pipe_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		    struct file *file, struct ckpt_object *obj);
int ckpt_pipe_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			 struct inode *inode, struct ckpt_object *obj);
struct ckpt_inode *ckpt_pipe_restore(struct ckpt_ctx *ctx,
				     const struct ckpt_hdr_pipe *h);
struct file *ckpt_pipe_open(struct ckpt_ctx *ctx,
			    const struct ckpt_hdr_file *h);

/* eventfd.c */
struct file *eventfd_file_create(u64 count, int flags);
bool eventfd_file_state(struct file *file, u64 *count, int *flags);

/* eventfd_checkpoint.c */
int eventfd_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		       struct file *file, struct ckpt_object *obj);
struct file *ckpt_eventfd_restore(struct ckpt_ctx *ctx,
				  const struct ckpt_hdr_file *h);

/**
 * struct timerfd_state - a timerfd
 * @value: time left and interval; to be restored: what timerfd_settime(2) takes
 * @expires: next expiry on the clock of the machine
 * @clockid: clock
 * @flags: flags of timerfd_settime(2)
 * @ticks: expirations that have not been read
 * @active: it is to expire
 * @canceled: the clock was set, which nobody has been told yet
 */
struct timerfd_state {
	struct itimerspec64 value;
	ktime_t expires;
	int clockid;
	int flags;
	u64 ticks;
	bool active;
	bool canceled;
};

/* timerfd.c */
struct file *timerfd_file_create(int clockid, int flags);
void timerfd_file_state(struct file *file, struct timerfd_state *state);
void timerfd_file_start(struct file *file, const struct timerfd_state *state);

/* timerfd_checkpoint.c */
int timerfd_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		       struct file *file, struct ckpt_object *obj);
struct file *ckpt_timerfd_restore(struct ckpt_ctx *ctx,
				  const struct ckpt_hdr_file *h);

/* signalfd.c */
struct file *signalfd_file_create(const sigset_t *mask, int flags);
sigset_t signalfd_file_mask(struct file *file);

/* signalfd_checkpoint.c */
int signalfd_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			struct file *file, struct ckpt_object *obj);
struct file *ckpt_signalfd_restore(struct ckpt_ctx *ctx,
				   const struct ckpt_hdr_file *h);

/* pidfd_checkpoint.c */
int pidfd_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		     struct file *file, struct ckpt_object *obj);
struct file *ckpt_pidfd_restore(struct ckpt_ctx *ctx,
				const struct ckpt_hdr_file *h);

/* notify/inotify/inotify_checkpoint.c */
int inotify_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
		       struct file *file, struct ckpt_object *obj);
struct file *ckpt_inotify_restore(struct ckpt_ctx *ctx,
				  const struct ckpt_hdr_file *h);

/* io_uring/checkpoint.c */
int io_uring_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			struct file *file, struct ckpt_object *obj);
struct file *io_uring_restore(struct ckpt_ctx *ctx,
			      const struct ckpt_hdr_file *h);

/* userfaultfd.c */
struct uffdio_range;
struct userfaultfd_ctx;
int userfaultfd_register_modes(struct userfaultfd_ctx *ctx,
			       const struct uffdio_range *range, __u64 mode,
			       bool *basic);
bool userfaultfd_state(struct file *file, u64 *features);
struct file *userfaultfd_restore(int flags, bool api, u64 features,
				 struct mm_struct *mm);

/* userfaultfd_checkpoint.c */
int userfaultfd_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			   struct file *file, struct ckpt_object *obj);
struct file *ckpt_userfaultfd_restore(struct ckpt_ctx *ctx,
				      const struct ckpt_hdr_file *h);

/**
 * struct eventpoll_item - a descriptor that an epoll instance watches
 * @file: what it watches
 * @fd: the descriptor when it was added
 * @ready: it is on the ready list
 * @whead: the wait queue that it is woken from, to be compared only
 * @event: events and data; events without an event bit: fired and disabled
 */
struct eventpoll_item {
	struct file *file;
	int fd;
	bool ready;
	const void *whead;
	struct epoll_event event;
};

/* eventpoll.c */
struct file *eventpoll_file_create(int flags);
long eventpoll_items(struct file *file, struct eventpoll_item *items, long max);
int eventpoll_restore_item(struct file *file,
			   const struct eventpoll_item *item);
void eventpoll_params(struct file *file, struct epoll_params *params);
int eventpoll_set_params(struct file *file, const struct epoll_params *params);

/* eventpoll_checkpoint.c */
int eventpoll_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			 struct file *file, struct ckpt_object *obj);
struct file *ckpt_eventpoll_restore(struct ckpt_ctx *ctx,
				    const struct ckpt_hdr_file *h);

/**
 * struct aio_state - a context of asynchronous I/O
 * @id: its identifier, which is the address of its ring
 * @size: bytes of the ring
 * @max_reqs: what io_setup(2) was asked for
 * @nr: events that the ring holds
 * @head: the first event that has not been read
 * @tail: where the next event goes
 * @unread: events that have not been read
 * @in_flight: requests that have not completed
 */
struct aio_state {
	unsigned long id;
	unsigned long size;
	unsigned int max_reqs;
	unsigned int nr;
	unsigned int head;
	unsigned int tail;
	unsigned int unread;
	unsigned int in_flight;
};

/* aio.c */
struct io_event;
struct vm_area_struct;
bool aio_context_state(struct mm_struct *mm, unsigned int *index,
		       struct aio_state *state, struct io_event *events,
		       unsigned int max);
int aio_context_restore(const struct aio_state *state,
			const struct io_event *events);

#endif /* _FS_CHECKPOINT_H */
