// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: pseudo terminals.
 *
 * A pair of master and slave is one object. It is part of the hierarchy when its
 * master is: then nobody else reads what is written to the slave. Data is saved
 * where it is: in the line discipline of either end, or on its way there.
 *
 * A restart opens the multiplexor and asks for the number that the slave had,
 * since programs know its name. What the pair holds is put in when every task
 * has been restored, and nothing of it is processed before all may run: a
 * character may be one that sends a signal.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/devpts_fs.h>
#include <linux/tty_flip.h>

#include <uapi/linux/magic.h>

#include "../../fs/checkpoint.h"
#include "tty.h"
#include "tty_checkpoint.h"

/* Where a pseudo terminal comes from, if there is no better answer. */
#define PTMX_PATH	"/dev/ptmx"

static_assert(sizeof_field(struct ckpt_hdr_pty, c_cc) >= NCCS);

/**
 * tty_is_unix98 - is a terminal an end of a pseudo terminal in devpts?
 * @tty: the terminal
 */
bool tty_is_unix98(const struct tty_struct *tty)
{
	return tty->driver->type == TTY_DRIVER_TYPE_PTY &&
	       tty->driver->flags & TTY_DRIVER_DEVPTS_MEM;
}

/**
 * tty_is_unix98_slave - is a terminal the slave of such a pair?
 * @tty: the terminal
 */
bool tty_is_unix98_slave(const struct tty_struct *tty)
{
	return tty_is_unix98(tty) && tty->driver->subtype == PTY_TYPE_SLAVE;
}

/**
 * struct pty_users - the open files of a slave
 * @finish: compares them with those that there are, behind the last task
 * @master: the other end, which the object table holds
 * @nr: files of the slave in the hierarchy
 * @nr_live: those among them that have not been hung up
 * @h: the record, in the image
 */
struct pty_users {
	struct ckpt_finish finish;
	struct tty_struct *master;
	unsigned int nr;
	unsigned int nr_live;
	struct ckpt_hdr_pty *h;
};

static int pty_users_check(struct ckpt_ctx *ctx, struct ckpt_finish *finish)
{
	struct pty_users *users = container_of(finish, struct pty_users, finish);
	struct tty_struct *slave = users->master->link;
	struct tty_file_private *priv;
	unsigned int nr = 0;

	spin_lock(&slave->files_lock);
	list_for_each_entry(priv, &slave->tty_files, list)
		nr++;
	spin_unlock(&slave->files_lock);
	if (nr <= users->nr)
		return 0;
	/* Who is outside will not have the new one open. */
	if (!users->nr_live)
		users->h->flags |= CKPT_PTY_SLAVE_CLOSED;
	ckpt_warn(ctx, finish->task,
		  "terminal %s is open outside of the hierarchy, where a restart does not reach",
		  tty_name(slave));
	return 0;
}

static void pty_users_free(struct ckpt_finish *finish)
{
	kfree(container_of(finish, struct pty_users, finish));
}

static int pty_users_add(struct ckpt_ctx *ctx, struct task_struct *task,
			 struct tty_struct *master, struct ckpt_object *obj,
			 struct ckpt_hdr_pty *h)
{
	struct pty_users *users;

	users = kzalloc(sizeof(*users), GFP_KERNEL_ACCOUNT);
	if (!users)
		return -ENOMEM;
	users->master = master;
	users->h = h;
	users->finish.task = task;
	users->finish.run = pty_users_check;
	users->finish.free = pty_users_free;
	ckpt_finish_add(ctx, &users->finish);
	ckpt_obj_set_data(obj, users);
	return 0;
}

/**
 * pty_count_file - count an open file of a slave
 * @ctx: checkpoint context
 * @master: the other end, which has been captured
 * @file: the file
 */
void pty_count_file(struct ckpt_ctx *ctx, struct tty_struct *master,
		    struct file *file)
{
	struct pty_users *users = ckpt_obj_data(ctx, master, CKPT_OBJ_TTY);

	if (!users)
		return;
	users->nr++;
	users->nr_live += !tty_hung_up_p(file);
}

/**
 * struct pty_locked - a pair that nobody changes
 * @slave: one end
 * @master: the other
 * @lds: line discipline of the slave, NULL for one that has been hung up
 * @ldm: line discipline of the master
 */
struct pty_locked {
	struct tty_struct *slave;
	struct tty_struct *master;
	struct tty_ldisc *lds;
	struct tty_ldisc *ldm;
};

/*
 * In the order in which the slave, receiving a character that sends a signal,
 * takes the locks to flush the master. Like there, nobody waits for the line
 * discipline of the second end while having that of the first: it is not there
 * while somebody changes it.
 */
static void pty_lock(struct pty_locked *pair, struct tty_struct *master)
{
	pair->master = master;
	pair->slave = master->link;
	pair->lds = tty_ldisc_ref_wait(pair->slave);
	pair->ldm = tty_ldisc_ref(pair->master);
	tty_buffer_lock_exclusive(pair->slave->port);
	down_write(&pair->slave->termios_rwsem);
	tty_buffer_lock_exclusive(pair->master->port);
	down_write(&pair->master->termios_rwsem);
}

/* Not with tty_buffer_unlock_exclusive(): that has waiting data processed. */
static void pty_unlock_buffer(struct tty_port *port)
{
	atomic_dec(&port->buf.priority);
	mutex_unlock(&port->buf.lock);
}

static void pty_unlock(struct pty_locked *pair)
{
	up_write(&pair->master->termios_rwsem);
	pty_unlock_buffer(pair->master->port);
	up_write(&pair->slave->termios_rwsem);
	pty_unlock_buffer(pair->slave->port);
	if (pair->ldm)
		tty_ldisc_deref(pair->ldm);
	if (pair->lds)
		tty_ldisc_deref(pair->lds);
}

static const char *pty_ldisc_refusal(const struct tty_ldisc *ld)
{
	return ld && ld->ops->num != N_TTY ? ld->ops->name : NULL;
}

/* Data on its way to the line discipline; the buffer is locked. */
static bool pty_queue_count(struct tty_port *port, struct ckpt_hdr_pty_end *end)
{
	struct tty_buffer *b;
	unsigned int i;

	for (b = port->buf.head; b; b = b->next) {
		end->nr_queue += b->commit - b->read;
		if (b->lookahead > b->read)
			end->nr_ahead += b->lookahead - b->read;
		for (i = b->read; b->flags && i < b->commit; i++)
			if (*flag_buf_ptr(b, i) != TTY_NORMAL)
				return false;
	}
	return end->nr_queue <= 1 << 15;
}

static void pty_queue_get(struct tty_port *port, u16 *cell, u32 nr)
{
	struct tty_buffer *b;
	unsigned int i;

	for (b = port->buf.head; b; b = b->next)
		for (i = b->read; nr && i < b->commit; i++, nr--)
			*cell++ = *char_buf_ptr(b, i);
}

/*
 * Put data on its way without sending it off. What fits is said by the number
 * of bytes, not by how much room the small pieces took that it came in.
 */
static int pty_queue_set(struct tty_port *port, const u16 *cell,
			 const struct ckpt_hdr_pty_end *end)
{
	struct tty_bufhead *buf = &port->buf;
	u32 i, ahead = end->nr_ahead;
	struct tty_buffer *b;
	unsigned long flags;
	int limit, done;
	u8 *data;

	if (!end->nr_queue)
		return 0;
	data = kvmalloc(end->nr_queue, GFP_KERNEL);
	if (!data)
		return -ENOMEM;
	for (i = 0; i < end->nr_queue; i++)
		data[i] = cell[i];

	spin_lock_irqsave(&port->lock, flags);
	limit = buf->mem_limit;
	buf->mem_limit = INT_MAX;
	done = tty_insert_flip_string(port, data, end->nr_queue);
	buf->mem_limit = limit;
	/* The worker, which takes no port lock, sees data before its length. */
	smp_store_release(&buf->tail->commit, buf->tail->used);
	spin_unlock_irqrestore(&port->lock, flags);
	for (b = buf->head; b && ahead; b = b->next) {
		b->lookahead = b->read + min(ahead, b->commit - b->read);
		ahead -= b->lookahead - b->read;
	}
	kvfree_sensitive(data, end->nr_queue);
	return done == end->nr_queue ? 0 : -ENOMEM;
}

static int pty_end_record(struct ckpt_ctx *ctx, struct tty_struct *tty,
			  const struct tty_ldisc *ld)
{
	struct ckpt_hdr_pty_end found = {}, *end;
	struct ckpt_hdr hdr;
	u16 *cell;

	if (ld)
		n_tty_ckpt_count(tty, &found);
	if (!pty_queue_count(tty->port, &found) || found.nr_echo > 4095)
		return -EOVERFLOW;
	if (test_bit(TTY_EXCLUSIVE, &tty->flags))
		found.flags |= CKPT_PTY_END_EXCLUSIVE;
	spin_lock_irq(&tty->flow.lock);
	if (tty->flow.stopped)
		found.flags |= CKPT_PTY_END_STOPPED;
	if (tty->flow.tco_stopped)
		found.flags |= CKPT_PTY_END_TCOOFF;
	spin_unlock_irq(&tty->flow.lock);
	found.nr_cells = found.nr_input + found.nr_echo + found.nr_queue;

	end = ckpt_record(ctx, CKPT_HDR_PTY_END,
			  array_size(found.nr_cells, sizeof(u16)));
	if (!end)
		return -ENOMEM;
	hdr = end->h;
	*end = found;
	end->h = hdr;
	cell = end->cells;
	if (ld)
		cell = n_tty_ckpt_get(tty, end, cell);
	pty_queue_get(tty->port, cell, found.nr_queue);
	return 0;
}

/* Both ends as they are at one moment. */
static int pty_ends_record(struct ckpt_ctx *ctx, struct task_struct *task,
			   struct tty_struct *master, struct ckpt_hdr_pty *h)
{
	struct pty_locked pair;
	const char *why;
	int ret = 0;

	pty_lock(&pair, master);
	why = pty_ldisc_refusal(pair.lds) ?: pty_ldisc_refusal(pair.ldm);
	if (!pair.lds)
		h->flags |= CKPT_PTY_HUNG_UP;
	spin_lock_irq(&pair.slave->ctrl.lock);
	h->pktstatus = pair.slave->ctrl.pktstatus;
	if (master->ctrl.packet)
		h->flags |= CKPT_PTY_PACKET;
	spin_unlock_irq(&pair.slave->ctrl.lock);
	h->c_iflag = pair.slave->termios.c_iflag;
	h->c_oflag = pair.slave->termios.c_oflag;
	h->c_cflag = pair.slave->termios.c_cflag;
	h->c_lflag = pair.slave->termios.c_lflag;
	h->c_line = pair.slave->termios.c_line;
	h->c_ispeed = pair.slave->termios.c_ispeed;
	h->c_ospeed = pair.slave->termios.c_ospeed;
	memcpy(h->c_cc, pair.slave->termios.c_cc, NCCS);
	if (!pair.ldm)
		ret = -EBUSY;
	if (!why && !ret)
		ret = pty_end_record(ctx, pair.slave, pair.lds);
	if (!why && !ret)
		ret = pty_end_record(ctx, pair.master, pair.ldm);
	pty_unlock(&pair);
	/* What waited meanwhile goes on. */
	tty_buffer_restart_work(pair.slave->port);
	tty_buffer_restart_work(pair.master->port);
	if (!pair.ldm)
		ret = ckpt_err(ctx, task, ret,
			       "terminal %s: its line discipline is being changed",
			       tty_name(pair.slave));
	else if (why)
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
				  "terminal %s: line discipline %s",
				  tty_name(pair.slave), why);
	else if (ret == -EOVERFLOW)
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
				  "terminal %s: data that no record holds",
				  tty_name(pair.slave));
	return ret;
}

static void pty_fill_node(struct ckpt_hdr_pty *h, struct tty_struct *slave)
{
	struct dentry *dentry = slave->driver_data;
	struct inode *inode = d_inode(dentry);

	h->uid = from_kuid_munged(current_user_ns(), inode->i_uid);
	h->gid = from_kgid_munged(current_user_ns(), inode->i_gid);
	h->mode = inode->i_mode & S_IALLUGO;
}

/* The multiplexor beside a slave that has been hung up. */
static int pty_dead_path(struct ckpt_ctx *ctx)
{
	struct path dir = ctx->via->f_path;
	char *buf, *name;
	int ret;

	dir.dentry = dir.mnt->mnt_root;
	if (dir.mnt->mnt_sb->s_magic != DEVPTS_SUPER_MAGIC ||
	    dir.dentry != dir.mnt->mnt_sb->s_root)
		return ckpt_record_string(ctx, PTMX_PATH);
	buf = __getname();
	if (!buf)
		return -ENOMEM;
	/* Room behind the name of the directory. */
	name = __d_path(&dir, &ctx->root, buf, PATH_MAX - sizeof("/ptmx"));
	if (IS_ERR_OR_NULL(name)) {
		ret = ckpt_record_string(ctx, PTMX_PATH);
	} else {
		memmove(buf, name, strlen(name) + 1);
		strlcat(buf, "/ptmx", PATH_MAX);
		ret = ckpt_record_string(ctx, buf);
	}
	__putname(buf);
	return ret;
}

static int pty_record(struct ckpt_ctx *ctx, struct task_struct *task,
		      struct tty_struct *master, struct ckpt_object *obj,
		      struct file *file)
{
	struct tty_struct *slave = master->link;
	struct ckpt_hdr_pty *h;
	u32 nr;
	int ret;

	nr = ckpt_ctty_count(ctx, slave);
	h = ckpt_record(ctx, CKPT_HDR_PTY, array_size(nr, sizeof(s32)));
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->index = slave->index;
	h->nr_tasks = nr;
	mutex_lock(&slave->winsize_mutex);
	h->ws_row = slave->winsize.ws_row;
	h->ws_col = slave->winsize.ws_col;
	h->ws_xpixel = slave->winsize.ws_xpixel;
	h->ws_ypixel = slave->winsize.ws_ypixel;
	mutex_unlock(&slave->winsize_mutex);
	ret = ckpt_ctty_capture(ctx, task, slave, h);
	if (ret)
		return ret;
	ret = pty_users_add(ctx, task, master, obj, h);
	if (ret)
		return ret;
	if (!file) {
		h->flags |= CKPT_PTY_DEAD;
		ret = pty_dead_path(ctx);
	} else {
		pty_fill_node(h, slave);
		if (test_bit(TTY_PTY_LOCK, &master->flags))
			h->flags |= CKPT_PTY_LOCKED;
		if (test_bit(TTY_OTHER_CLOSED, &master->flags))
			h->flags |= CKPT_PTY_SLAVE_CLOSED;
		ret = ckpt_record_path(ctx, &file->f_path);
	}
	return ret ?: pty_ends_record(ctx, task, master, h);
}

static int pty_refusals(struct ckpt_ctx *ctx, struct task_struct *task,
			struct tty_struct *master, struct file *file)
{
	static const struct ktermios unlocked;
	struct tty_struct *slave = master->link;
	char *buf, *name;
	const char *why;
	int ret = 0;

	buf = __getname();
	if (!buf)
		return -ENOMEM;
	why = ckpt_path_refusal(ctx, &file->f_path, buf, &name);
	if (IS_ERR(why))
		ret = PTR_ERR(why);
	else if (why)
		ret = ckpt_refuse(ctx, task, -EBADF,
				  "multiplexor %s of terminal %s: %s", name,
				  tty_name(slave), why);
	else if ((file->f_flags & O_ACCMODE) != O_RDWR)
		ret = ckpt_refuse(ctx, task, -EBADF,
				  "master of terminal %s: not open for reading and writing",
				  tty_name(slave));
	else if (memcmp(&slave->termios_locked, &unlocked, sizeof(unlocked)) ||
		 memcmp(&master->termios_locked, &unlocked, sizeof(unlocked)))
		ret = ckpt_refuse(ctx, task, -EOPNOTSUPP,
				  "terminal %s: its attributes are locked (TIOCSLCKTRMIOS)",
				  tty_name(slave));
	__putname(buf);
	return ret;
}

static int pty_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
			  void *ptr, struct ckpt_object *obj)
{
	unsigned int obstacles = ctx->obstacles;
	struct tty_struct *master = ptr;
	bool inside = ckpt_tty_inside(ctx, master);
	struct file *file = NULL;
	struct tty_file_private *priv;
	int ret = 0;

	/*
	 * A master has one open file, which a member has; or the pair stands
	 * for no more than files of a slave that have been hung up.
	 */
	spin_lock(&master->files_lock);
	priv = !inside ? NULL :
	       list_first_entry_or_null(&master->tty_files,
					struct tty_file_private, list);
	if (priv && atomic_long_inc_not_zero(&priv->file->f_count))
		file = priv->file;
	spin_unlock(&master->files_lock);
	if (file)
		ret = pty_refusals(ctx, task, master, file);
	if (!ret && ctx->obstacles == obstacles)
		ret = pty_record(ctx, task, master, obj, file);
	if (file)
		fput(file);
	return ret;
}

static void pty_grab(void *ptr)
{
	struct tty_struct *master = ptr;

	tty_kref_get(master);
	tty_kref_get(master->link);
}

static void pty_drop(void *ptr)
{
	struct tty_struct *master = ptr, *slave = master->link;

	tty_kref_put(slave);
	tty_kref_put(master);
}

static void pty_free(void *ptr)
{
	struct ckpt_tty *tty = ptr;

	if (tty->master)
		fput(tty->master);
	kvfree_sensitive(tty->ends[0], tty->ends[0] ? tty->ends[0]->h.len : 0);
	kvfree_sensitive(tty->ends[1], tty->ends[1] ? tty->ends[1]->h.len : 0);
	kvfree(tty->h);
	kfree(tty);
}

static struct file *pty_open_master(const char *name, int index)
{
	struct pty_request request = { .index = index };
	struct inode *inode;
	struct file *file;
	struct path path;
	int ret;

	if (name[0] != '/')
		return ERR_PTR(-EINVAL);
	ret = kern_path(name, LOOKUP_FOLLOW, &path);
	if (ret)
		return ERR_PTR(ret);
	inode = d_inode(path.dentry);
	if (!S_ISCHR(inode->i_mode) || inode->i_rdev != MKDEV(TTYAUX_MAJOR, 2))
		ret = -EINVAL;
	else if (!may_open_dev(&path))
		ret = -EACCES;
	else
		ret = path_permission(&path, MAY_READ | MAY_WRITE | MAY_OPEN);
	file = ret ? ERR_PTR(ret) :
		     ckpt_dentry_open(&path, O_RDWR | O_NOCTTY | O_LARGEFILE,
				      &request);
	path_put(&path);
	return file;
}

/* Owner and permissions of the slave's node, as chown(2) and chmod(2). */
static int pty_set_node(struct ckpt_tty *tty)
{
	struct dentry *dentry = tty->slave->driver_data;
	struct tty_struct *master = tty_of_file(tty->master);
	struct inode *inode = d_inode(dentry);
	struct user_namespace *ns = current_user_ns();
	struct iattr attr = {};
	struct vfsmount *mnt;
	int ret;

	attr.ia_uid = make_kuid(ns, tty->h->uid);
	attr.ia_gid = make_kgid(ns, tty->h->gid);
	if (!uid_valid(attr.ia_uid) || !gid_valid(attr.ia_gid))
		return -EINVAL;
	attr.ia_vfsuid = VFSUIDT_INIT(attr.ia_uid);
	attr.ia_vfsgid = VFSGIDT_INIT(attr.ia_gid);
	attr.ia_mode = S_IFCHR | tty->h->mode;
	if (!uid_eq(inode->i_uid, attr.ia_uid))
		attr.ia_valid |= ATTR_UID | ATTR_CTIME;
	if (!gid_eq(inode->i_gid, attr.ia_gid))
		attr.ia_valid |= ATTR_GID | ATTR_CTIME;
	if (inode->i_mode != attr.ia_mode)
		attr.ia_valid |= ATTR_MODE | ATTR_CTIME;
	if (!attr.ia_valid)
		return 0;

	mnt = devpts_mntget(tty->master, master->driver_data);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	ret = mnt_want_write(mnt);
	if (!ret) {
		inode_lock(inode);
		ret = notify_change(mnt_idmap(mnt), dentry, &attr, NULL);
		inode_unlock(inode);
		mnt_drop_write(mnt);
	}
	mntput(mnt);
	return ret;
}

static int pty_set_termios(struct ckpt_tty *tty)
{
	struct ktermios termios = tty->slave->termios;
	const struct ckpt_hdr_pty *h = tty->h;

	termios.c_iflag = h->c_iflag;
	termios.c_oflag = h->c_oflag;
	termios.c_cflag = h->c_cflag;
	termios.c_lflag = h->c_lflag;
	termios.c_line = h->c_line;
	termios.c_ispeed = h->c_ispeed;
	termios.c_ospeed = h->c_ospeed;
	memcpy(termios.c_cc, h->c_cc, NCCS);
	return tty_set_termios(tty->slave, &termios);
}

/* A pair that can be opened, without anything in it. */
static int pty_make(struct ckpt_ctx *ctx, struct ckpt_tty *tty,
		    const char *name)
{
	const struct ckpt_hdr_pty *h = tty->h;
	bool dead = h->flags & CKPT_PTY_DEAD;
	struct winsize ws = {
		.ws_row = h->ws_row, .ws_col = h->ws_col,
		.ws_xpixel = h->ws_xpixel, .ws_ypixel = h->ws_ypixel,
	};
	struct file *file;
	int ret;

	file = pty_open_master(name, h->index);
	/* Nobody reaches the slave by its name any more. */
	if (dead && file == ERR_PTR(-EBUSY)) {
		ckpt_warn(ctx, current,
			  "a terminal that has been hung up had the number %u, which is in use",
			  h->index);
		file = pty_open_master(name, -1);
	}
	if (file == ERR_PTR(-EBUSY))
		return ckpt_err(ctx, current, -EBUSY,
				"terminal pts%u: the number is in use", h->index);
	if (IS_ERR(file))
		return ckpt_err(ctx, current, PTR_ERR(file),
				"terminal pts%u: cannot open %s", h->index,
				name);
	tty->master = file;
	tty->slave = tty_of_file(file)->link;
	if (dead)
		return 0;
	ret = pty_set_termios(tty);
	if (!ret)
		ret = tty_do_resize(tty->slave, &ws);
	if (!ret) {
		ret = pty_set_node(tty);
		if (ret)
			ckpt_err(ctx, current, ret,
				 "terminal pts%u: cannot have owner %u, group %u and mode %#o",
				 h->index, h->uid, h->gid, h->mode);
	}
	return ret;
}

static bool pty_valid(const struct ckpt_tty *tty)
{
	const struct ckpt_hdr_pty *h = tty->h;
	const struct ckpt_hdr_pty_end *slave = tty->ends[0];

	if (!n_tty_ckpt_valid(slave) || !n_tty_ckpt_valid(tty->ends[1]))
		return false;
	if (!h->sid && (h->pgid || h->nr_tasks))
		return false;
	if (h->flags & CKPT_PTY_DEAD && h->sid)
		return false;
	/* What has been hung up has no line discipline. */
	return !(h->flags & (CKPT_PTY_HUNG_UP | CKPT_PTY_DEAD)) ||
	       (!h->sid && !slave->nr_input && !slave->nr_echo);
}

static void *pty_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr *hdr)
{
	struct ckpt_tty *tty;
	char *name = NULL;
	int i, ret = 0;

	tty = kzalloc(sizeof(*tty), GFP_KERNEL_ACCOUNT);
	if (!tty)
		return ERR_PTR(-ENOMEM);
	tty->h = kvmemdup(hdr, hdr->len, GFP_KERNEL_ACCOUNT);
	if (!tty->h)
		ret = -ENOMEM;
	if (!ret) {
		name = ckpt_next_string(ctx);
		ret = PTR_ERR_OR_ZERO(name);
	}
	for (i = 0; !ret && i < ARRAY_SIZE(tty->ends); i++) {
		tty->ends[i] = ckpt_next_record(ctx, CKPT_HDR_PTY_END);
		if (!IS_ERR(tty->ends[i]))
			continue;
		ret = PTR_ERR(tty->ends[i]);
		tty->ends[i] = NULL;
	}
	if (!ret && !pty_valid(tty))
		ret = ckpt_err(ctx, current, -EINVAL,
			       "terminal pts%u: its state is not valid",
			       tty->h->index);
	if (!ret)
		ret = pty_make(ctx, tty, name);
	if (!IS_ERR(name))
		kfree(name);
	if (!ret)
		return tty;
	pty_free(tty);
	return ERR_PTR(ret);
}

const struct ckpt_obj_ops ckpt_tty_ops = {
	.name		= "terminal",
	.objtype	= CKPT_OBJ_TTY,
	.grab		= pty_grab,
	.drop		= pty_drop,
	.free		= pty_free,
	.checkpoint	= pty_checkpoint,
	.restore	= pty_restore,
};

static void pty_end_set(struct tty_struct *tty,
			const struct ckpt_hdr_pty_end *end)
{
	if (end->flags & CKPT_PTY_END_EXCLUSIVE)
		set_bit(TTY_EXCLUSIVE, &tty->flags);
	spin_lock_irq(&tty->flow.lock);
	tty->flow.stopped = !!(end->flags & CKPT_PTY_END_STOPPED);
	tty->flow.tco_stopped = !!(end->flags & CKPT_PTY_END_TCOOFF);
	spin_unlock_irq(&tty->flow.lock);
}

/**
 * ckpt_tty_settle - put into a pseudo terminal what it held
 * @ctx: restart context; every member has restored its state, none runs
 * @tty: the terminal
 *
 * Return: 0 or a negative errno.
 */
int ckpt_tty_settle(struct ckpt_ctx *ctx, struct ckpt_tty *tty)
{
	struct tty_struct *master = tty_of_file(tty->master), *slave = tty->slave;
	const struct ckpt_hdr_pty_end *end;
	const struct ckpt_hdr_pty *h = tty->h;
	struct pty_locked pair;
	int i, ret = 0;

	if (h->flags & CKPT_PTY_DEAD)
		return tty->taken || tty->opened ? -EINVAL : 0;
	/* It would be closed when the restart ends, and hang up the slave. */
	if (!tty->taken)
		return -EINVAL;
	if (h->flags & CKPT_PTY_HUNG_UP) {
		if (tty->opened)
			return -EINVAL;
		tty_vhangup(slave);
	}
	pty_lock(&pair, master);
	if (!pair.ldm || (!pair.lds && !(h->flags & CKPT_PTY_HUNG_UP)) ||
	    pty_ldisc_refusal(pair.lds) || pty_ldisc_refusal(pair.ldm))
		ret = -EBUSY;
	for (i = 0; !ret && i < ARRAY_SIZE(tty->ends); i++) {
		struct tty_struct *this = i ? master : slave;

		end = tty->ends[i];
		if (i ? pair.ldm : pair.lds)
			n_tty_ckpt_set(this, end);
		ret = pty_queue_set(this->port, end->cells + end->nr_input +
				    end->nr_echo, end);
		pty_end_set(this, end);
	}
	spin_lock_irq(&slave->ctrl.lock);
	slave->ctrl.pktstatus = h->pktstatus;
	spin_unlock_irq(&slave->ctrl.lock);
	spin_lock_irq(&master->ctrl.lock);
	master->ctrl.packet = h->flags & CKPT_PTY_PACKET;
	spin_unlock_irq(&master->ctrl.lock);
	pty_unlock(&pair);

	if (!tty->opened && (h->flags & CKPT_PTY_SLAVE_CLOSED)) {
		set_bit(TTY_IO_ERROR, &slave->flags);
		set_bit(TTY_OTHER_CLOSED, &master->flags);
	}
	if (!(h->flags & CKPT_PTY_LOCKED))
		clear_bit(TTY_PTY_LOCK, &master->flags);
	return ret;
}

/**
 * ckpt_tty_start - have what is on its way in a pseudo terminal processed
 * @tty: a terminal that is settled
 */
void ckpt_tty_start(struct ckpt_tty *tty)
{
	if (tty->h->flags & CKPT_PTY_DEAD)
		return;
	tty_buffer_restart_work(tty->slave->port);
	tty_buffer_restart_work(tty_of_file(tty->master)->port);
}
