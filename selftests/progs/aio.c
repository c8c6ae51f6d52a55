// SPDX-License-Identifier: GPL-2.0
/*
 * aio - contexts of io_setup(2) without requests in flight come back
 *
 * Variants: rest: contexts with and without unread events, and one that has
 * gone round its ring, take requests; gone: all contexts have been destroyed.
 */
#include "prog.h"
#include <linux/aio_abi.h>

#define NR 5

static aio_context_t full, empty, turned, gone;
static int fd;
static char buf[512];

static int submit(aio_context_t ctx, uint64_t data)
{
	struct iocb cb = {
		.aio_data = data, .aio_fildes = fd, .aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_buf = (uintptr_t)buf, .aio_nbytes = data, .aio_offset = 0,
	}, *list = &cb;

	return syscall(SYS_io_submit, ctx, 1, &list);
}

/* The data of the next event, 0 without one. */
static uint64_t reap(aio_context_t ctx)
{
	struct timespec now = {};
	struct io_event ev = {};
	int n = syscall(SYS_io_getevents, ctx, 0, 1, &ev, &now);

	if (n < 0)
		prog_fail("io_getevents of %#lx: %s", (long)ctx, strerror(errno));
	if (n > 0 && ev.res != (long long)ev.data)
		prog_fail("result %lld of request %llu", (long long)ev.res, (long long)ev.data);
	return n > 0 ? ev.data : 0;
}

static void setup(void)
{
	int i;

	fd = make_file("data", PAGE, 1);
	must(syscall(SYS_io_setup, 64, &full));
	must(syscall(SYS_io_setup, 1000, &gone));
	must(syscall(SYS_io_setup, 300, &empty));
	must(syscall(SYS_io_setup, 1, &turned));
	must(syscall(SYS_io_destroy, gone));
	if (prog_is("gone")) {
		must(syscall(SYS_io_destroy, full));
		must(syscall(SYS_io_destroy, empty));
		must(syscall(SYS_io_destroy, turned));
		return;
	}
	for (i = 1; i <= NR; i++)
		must(submit(full, i));
	must(reap(full) == 1 ? 0 : -1);
	for (i = 1; i <= 1001; i++) {
		must(submit(turned, i % 500 + 1));
		must(reap(turned) ? 0 : -1);
	}
	must(submit(turned, 77));
	must(submit(turned, 78));
}

static void lose(void)
{
	if (prog_is("gone")) {
		full = 0;
		must(syscall(SYS_io_setup, 64, &full));
		return;
	}
	reap(full);
	reap(turned);
	must(syscall(SYS_io_destroy, empty));
}

static void verify(void)
{
	int i;

	if (prog_is("gone")) {
		want_u64("io_destroy", syscall(SYS_io_destroy, full), -1);
		return;
	}
	for (i = 2; i <= NR; i++)
		want_u64("event", reap(full), i);
	want_u64("no event", reap(full), 0);
	want_u64("event of the ring that has turned", reap(turned), 77);
	want_u64("event of the ring that has turned", reap(turned), 78);
	want_u64("no event", reap(turned), 0);
	want_u64("no event of the empty one", reap(empty), 0);
	if (prog_losing)
		return;
	/* All slots of the ring can be used. */
	for (i = 1; i <= 300; i++)
		if (!want_u64("io_submit", submit(empty, i), 1))
			return;
	for (i = 1; i <= 300; i++)
		want_u64("event", reap(empty), i);
	for (i = 0; i < 64; i++)
		want_u64("io_submit", submit(full, 9), 1);
	want_u64("io_destroy", syscall(SYS_io_destroy, full), 0);
	want_u64("io_destroy", syscall(SYS_io_destroy, empty), 0);
	want_u64("io_destroy", syscall(SYS_io_destroy, turned), 0);
	want_u64("ring is mapped", mapped((void *)full), 0);
}

PROG_MAIN(setup, lose, verify)
