/* SPDX-License-Identifier: GPL-1.0+ */
/*
 * State of the N_TTY line discipline, for n_tty.c and for checkpoint/restart.
 */
#ifndef _TTY_N_TTY_H
#define _TTY_N_TTY_H

#include <linux/bitmap.h>
#include <linux/mutex.h>
#include <linux/tty.h>

struct n_tty_data {
	/* producer-published */
	size_t read_head;
	size_t commit_head;
	size_t canon_head;
	size_t echo_head;
	size_t echo_commit;
	size_t echo_mark;
	DECLARE_BITMAP(char_map, 256);

	/* private to n_tty_receive_overrun (single-threaded) */
	unsigned long overrun_time;
	unsigned int num_overrun;

	/* non-atomic */
	bool no_room;

	/* must hold exclusive termios_rwsem to reset these */
	unsigned char lnext:1, erasing:1, raw:1, real_raw:1, icanon:1;
	unsigned char push:1;

	/* shared by producer and consumer */
	u8 read_buf[N_TTY_BUF_SIZE];
	DECLARE_BITMAP(read_flags, N_TTY_BUF_SIZE);
	u8 echo_buf[N_TTY_BUF_SIZE];

	/* consumer-published */
	size_t read_tail;
	size_t line_start;

	/* # of chars looked ahead (to find software flow control chars) */
	size_t lookahead_count;

	/* protected by output lock */
	unsigned int column;
	unsigned int canon_column;
	size_t echo_tail;

	struct mutex atomic_read_lock;	/* one reader at a time */
	struct mutex output_lock;	/* column, canon_column, echo_tail */
};

#define MASK(x) ((x) & (N_TTY_BUF_SIZE - 1))

#endif /* _TTY_N_TTY_H */
