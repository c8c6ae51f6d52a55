/* SPDX-License-Identifier: GPL-2.0 */
/*
 * family.h - what programs of several processes have in common
 *
 * The first process of a program is the root; it talks to the test as prog.h
 * says. All members share a page of the file DIR/board, where they find each
 * other and wait for phases that the root announces. A member that finds a
 * difference says so itself and ends with status 1.
 */
#ifndef FAMILY_H
#define FAMILY_H

#include "prog.h"
#include <sched.h>

/* No member waits longer than this for another one. */
#define PATIENCE_MS 25000

/* A program that loses its state knows sooner what does not come. */
#define LIMIT_MS (prog_losing ? 3000 : PATIENCE_MS / 2)

#define NR_SLOTS 400

struct board {
	uint32_t phase;		/* announced by the root */
	uint32_t ready;		/* members that have set up their state */
	uint32_t failed;	/* somebody found a difference */
	uint32_t reserved;
	int64_t slot[NR_SLOTS];	/* whatever a program needs */
};

static struct board *board;

static inline void board_make(void)
{
	int fd = make_file("board", PAGE, 0);

	_Static_assert(sizeof(struct board) <= PAGE, "the board is one page");
	board = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must((long)board);
	close(fd);
	memset(board, 0, PAGE);
}

#define load(x) __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define store(x, v) __atomic_store_n(&(x), (v), __ATOMIC_SEQ_CST)
#define add(x, v) __atomic_add_fetch(&(x), (v), __ATOMIC_SEQ_CST)

/* Poll for a condition; false when it does not come true in time. */
#define comes_true(cond, ms) ({						\
	long long until = now_ns(CLOCK_MONOTONIC) + (ms) * MS;		\
	int ok;								\
									\
	while (!(ok = !!(cond)) && now_ns(CLOCK_MONOTONIC) < until)	\
		sleep_ms(3);						\
	ok;								\
})

/* A condition that holds soon, or the state could not be made. */
#define must_soon(cond) ({						\
	if (!comes_true(cond, PATIENCE_MS)) {				\
		prog_say("SETUP: %s:%d: not in time: %s", __FILE__, __LINE__, #cond); \
		_exit(2);						\
	}								\
})

/* A condition that has to hold soon after the restart. */
#define want_soon(cond) ({						\
	int in_time = comes_true(cond, LIMIT_MS);		\
									\
	if (!in_time)							\
		prog_fail("%s:%d: not in time: %s", __FILE__, __LINE__, #cond); \
	in_time;							\
})

/* Say that this member has set up its state. */
static inline void member_ready(void)
{
	add(board->ready, 1);
}

/* A member waits for a phase, for as long as the test likes. */
static inline void member_wait(uint32_t phase)
{
	while (load(board->phase) < phase)
		sleep_ms(10);
}

static inline void announce(uint32_t phase)
{
	store(board->phase, phase);
}

/* The end of a member. */
__attribute__((noreturn))
static inline void member_done(void)
{
	if (prog_failed)
		store(board->failed, 1);
	_exit(prog_failed);
}

/* The end of the root. */
__attribute__((noreturn))
static inline void family_done(void)
{
	if (load(board->failed))
		prog_failed = 1;
	prog_done();
}

/* A child process that runs fn(arg). */
static inline pid_t spawn(void (*fn)(long), long arg)
{
	pid_t pid = must(fork());

	if (!pid) {
		fn(arg);
		member_done();
	}
	return pid;
}

/* Wait for a child with a limit, and compare its wait status. */
static inline void want_status(const char *what, pid_t pid, int options, int want)
{
	int status = -1, ret = 0;

	if (!comes_true((ret = waitpid(pid, &status, options | WNOHANG)) != 0, LIMIT_MS)) {
		prog_fail("%s: process %d does not end", what, pid);
		return;
	}
	if (ret != pid)
		prog_fail("%s: waitpid(%d): %s", what, pid, ret < 0 ? strerror(errno) : "another process");
	else
		want_u64(what, status, want);
}

/* The wait status of exit(n). */
#define EXITED(n) ((n) << 8)

/* A field of /proc/PID/stat by its number in proc_pid_stat(5), 3 and above. */
static inline long long proc_stat(pid_t pid, int field)
{
	char buf[1024], *p, *save = NULL;
	int fd, n;

	snprintf(buf, sizeof(buf), "/proc/%d/stat", pid);
	fd = open(buf, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = 0;
	p = strrchr(buf, ')');
	if (!p)
		return -1;
	p = strtok_r(p + 1, " ", &save);
	for (; p && field > 3; field--)
		p = strtok_r(NULL, " ", &save);
	if (!p)
		return -1;
	return field == 3 && (*p < '0' || *p > '9') && *p != '-' ? *p : atoll(p);
}

#define proc_state(pid) ((char)proc_stat(pid, 3))

#endif
