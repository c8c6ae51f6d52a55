// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: the N_TTY line discipline.
 *
 * What has been processed comes back as it is: it is put behind the processing,
 * so that no character is obeyed, echoed or translated twice. The caller holds
 * the termios_rwsem for writing, which keeps readers, writers and the worker
 * out.
 */
#include <linux/bitops.h>

#include "n_tty.h"
#include "tty_checkpoint.h"

#define CELL_LINE_END	0x100
#define N_TTY_MASK(x)	((x) & (N_TTY_BUF_SIZE - 1))

/* Are lines made of input? */
static bool n_tty_lines(const struct tty_struct *tty)
{
	return L_ICANON(tty) && !L_EXTPROC(tty);
}

/**
 * n_tty_ckpt_count - how much is there to save?
 * @tty: terminal with N_TTY, its termios_rwsem held for writing
 * @end: what is known is put here
 */
void n_tty_ckpt_count(const struct tty_struct *tty,
		      struct ckpt_hdr_pty_end *end)
{
	const struct n_tty_data *ldata = tty->disc_data;

	end->column = ldata->column;
	end->canon_column = ldata->canon_column;
	end->nr_input = ldata->read_head - ldata->read_tail;
	if (n_tty_lines(tty))
		end->nr_canon = ldata->canon_head - ldata->read_tail;
	end->nr_echo = ldata->echo_head - ldata->echo_tail;
	end->nr_echo_now = ldata->echo_commit - ldata->echo_tail;
	end->nr_skip = min_t(size_t, ldata->lookahead_count, 1 << 15);
	if (ldata->lnext)
		end->flags |= CKPT_PTY_END_LNEXT;
	if (ldata->erasing)
		end->flags |= CKPT_PTY_END_ERASING;
	if (ldata->push)
		end->flags |= CKPT_PTY_END_PUSH;
}

/**
 * n_tty_ckpt_get - save input and echo
 * @tty: terminal with N_TTY, its termios_rwsem held for writing
 * @end: what n_tty_ckpt_count() has found
 * @cell: where to
 *
 * Return: the cell behind.
 */
u16 *n_tty_ckpt_get(const struct tty_struct *tty,
		    struct ckpt_hdr_pty_end *end, u16 *cell)
{
	const struct n_tty_data *ldata = tty->disc_data;
	size_t at;
	u32 i;

	for (i = 0; i < end->nr_input; i++) {
		at = N_TTY_MASK(ldata->read_tail + i);
		*cell = ldata->read_buf[at];
		if (i < end->nr_canon && test_bit(at, ldata->read_flags))
			*cell |= CELL_LINE_END;
		cell++;
	}
	for (i = 0; i < end->nr_echo; i++)
		*cell++ = ldata->echo_buf[N_TTY_MASK(ldata->echo_tail + i)];
	return cell;
}

/**
 * n_tty_ckpt_valid - is this a state that N_TTY can be in?
 * @end: a record of the image, whose fields are in their limits
 */
bool n_tty_ckpt_valid(const struct ckpt_hdr_pty_end *end)
{
	u32 i, top;

	if (end->nr_canon > end->nr_input || end->nr_echo_now > end->nr_echo ||
	    end->nr_ahead > end->nr_queue ||
	    end->nr_input + end->nr_echo + end->nr_queue != end->nr_cells)
		return false;
	for (i = 0; i < end->nr_cells; i++) {
		top = end->cells[i] & ~0xff;
		if (top && (top != CELL_LINE_END || i >= end->nr_canon))
			return false;
	}
	return true;
}

/**
 * n_tty_ckpt_set - put input and echo where they were
 * @tty: terminal with N_TTY, its termios_rwsem held for writing, its termios set
 * @end: a valid record of the image
 */
void n_tty_ckpt_set(struct tty_struct *tty, const struct ckpt_hdr_pty_end *end)
{
	struct n_tty_data *ldata = tty->disc_data;
	const u16 *cell = end->cells;
	u32 i;

	bitmap_zero(ldata->read_flags, N_TTY_BUF_SIZE);
	for (i = 0; i < end->nr_input; i++, cell++) {
		ldata->read_buf[N_TTY_MASK(i)] = *cell;
		if (*cell & CELL_LINE_END)
			set_bit(N_TTY_MASK(i), ldata->read_flags);
	}
	ldata->read_tail = 0;
	ldata->line_start = 0;
	ldata->read_head = end->nr_input;
	ldata->commit_head = end->nr_input;
	ldata->canon_head = end->nr_canon;
	for (i = 0; i < end->nr_echo; i++)
		ldata->echo_buf[N_TTY_MASK(i)] = *cell++;
	ldata->echo_tail = 0;
	ldata->echo_commit = end->nr_echo_now;
	ldata->echo_mark = end->nr_echo;
	ldata->echo_head = end->nr_echo;
	ldata->lookahead_count = end->nr_skip;
	ldata->column = end->column;
	ldata->canon_column = end->canon_column;
	ldata->lnext = !!(end->flags & CKPT_PTY_END_LNEXT);
	ldata->erasing = !!(end->flags & CKPT_PTY_END_ERASING);
	ldata->push = !!(end->flags & CKPT_PTY_END_PUSH);
}
