// SPDX-License-Identifier: GPL-2.0
/*
 * futex - an interrupted futex wait goes on
 *
 * The word lies in DIR/data, mapped shared, so that the test can reach it.
 * Variants: timeout, private_timeout: relative, 3 s, ETIMEDOUT;
 * abs_monotonic, abs_realtime: FUTEX_WAIT_BITSET until a point in time;
 * abs_wait_monotonic and so on: futex_wait(2) and futex_waitv(2);
 * woken: no timeout, woken by the test; changed: the test stores another value
 * while the program is dead, so that the wait ends at once with EAGAIN.
 */
#include "prog.h"
#include <linux/futex.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef SYS_futex_wait
#define SYS_futex_wait 455
#endif
#define SIZE_U32 2	/* FUTEX2_SIZE_U32 */

/* struct futex_waitv */
struct wait_for {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};

static int wait_until(uint32_t *word, clockid_t clock, const struct timespec *ts)
{
	struct wait_for list[2] = {
		{ 42, (uintptr_t)word, SIZE_U32, 0 }, { word[1], (uintptr_t)(word + 1), SIZE_U32, 0 },
	};

	if (strstr(prog_variant, "waitv"))
		return syscall(SYS_futex_waitv, list, 2, 0, ts, clock);
	if (strstr(prog_variant, "wait"))
		return syscall(SYS_futex_wait, word, 42UL, 0x10UL, SIZE_U32, ts, clock);
	return syscall(SYS_futex, word,
		       FUTEX_WAIT_BITSET | (clock == CLOCK_REALTIME ? FUTEX_CLOCK_REALTIME : 0),
		       42, ts, NULL, 0x10);
}

int main(int argc, char **argv)
{
	struct timespec ts = { 3, 0 };
	long long start, elapsed, at = 0;
	clockid_t clock = CLOCK_MONOTONIC;
	uint32_t *word;
	int ret, err, fd;

	prog_start(argc, argv);
	fd = make_file("data", PAGE, 1);
	word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must((long)word);
	close(fd);
	*word = 42;
	if (prog_losing)
		ts.tv_sec = 1;
	if (strstr(prog_variant, "_realtime"))
		clock = CLOCK_REALTIME;
	if (!strncmp(prog_variant, "abs_", 4)) {
		at = now_ns(clock) + 3 * SEC;
		ts.tv_nsec = at % SEC;
		ts.tv_sec = at / SEC - (prog_losing ? 2 : 0);
	}

	prog_ready();
	start = now_ns(CLOCK_MONOTONIC);
	if (prog_is("private_timeout")) {
		uint32_t own = 42;

		ret = syscall(SYS_futex, &own, FUTEX_WAIT_PRIVATE, 42, &ts, NULL, 0);
	} else if (at) {
		ret = wait_until(word, clock, &ts);
	} else if (prog_is("timeout")) {
		ret = syscall(SYS_futex, word, FUTEX_WAIT, 42, &ts, NULL, 0);
	} else {
		ret = syscall(SYS_futex, word, FUTEX_WAIT, prog_losing ? 41 : 42, prog_losing ? &ts : NULL, NULL, 0);
		if (prog_losing && prog_is("changed"))
			ret = 0, errno = 0;
	}
	err = ret ? errno : 0;
	elapsed = now_ns(CLOCK_MONOTONIC) - start;
	if (at && now_ns(clock) < at)
		prog_fail("woke up %lld ns early", at - now_ns(clock));
	prog_wait();

	if (prog_is("woken")) {
		want_u64("return value", ret, 0);
		want_u64("errno", err, 0);
	} else if (prog_is("changed")) {
		want_u64("return value", ret, -1);
		want_u64("errno", err, EAGAIN);
		want_u64("word", *word, 43);
	} else {
		want_u64("return value", ret, -1);
		want_u64("errno", err, ETIMEDOUT);
		if (!at)
			want_waited("time waited", elapsed, 3 * SEC);
	}
	prog_done();
}
