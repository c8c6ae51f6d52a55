// SPDX-License-Identifier: GPL-2.0
/* pkey - protection keys come back: the allocated ones, those of areas, and what each thread may do with them */
#include "prog.h"
#include <pthread.h>

static int writable, secret, freed, go;
static unsigned char *areas[3];
static pthread_t thread;

static int may(void *p, int write_it)
{
	int fds[2], ret;

	/* The kernel is denied what the program is, and says EFAULT. */
	must(pipe(fds));
	if (write_it) {
		must(write(fds[1], "x", 1));
		ret = read(fds[0], p, 1);
	} else {
		ret = write(fds[1], p, 1);
	}
	close(fds[0]);
	close(fds[1]);
	return ret == 1;
}

static void want_rights(const char *who, int write_it, int read_secret)
{
	if (may(areas[0], 0) != 1 || may(areas[0], 1) != write_it || may(areas[1], 0) != read_secret ||
	    may(areas[1], 1) != read_secret || may(areas[2], 0) != 1)
		prog_fail("%s may read %d, write %d, read the secret %d, write to it %d, read what has no key %d", who,
			  may(areas[0], 0), may(areas[0], 1), may(areas[1], 0), may(areas[1], 1), may(areas[2], 0));
}

static void *run(void *arg)
{
	must(pkey_set(secret, 0));
	__atomic_store_n(&go, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&go, __ATOMIC_SEQ_CST) != 2)
		sleep_ms(5);
	want_rights("thread", 0, 1);
	return arg;
}

static void setup(void)
{
	writable = pkey_alloc(0, PKEY_DISABLE_WRITE);
	if (writable < 0)
		prog_unsupported("pkey_alloc: %s", strerror(errno));
	secret = must(pkey_alloc(0, PKEY_DISABLE_ACCESS));
	freed = must(pkey_alloc(0, 0));
	for (int i = 0; i < 3; i++) {
		areas[i] = area(PAGE, PROT_READ | PROT_WRITE);
		fill(areas[i], PAGE, i);
	}
	must(pkey_mprotect(areas[0], PAGE, PROT_READ | PROT_WRITE, writable));
	must(pkey_mprotect(areas[1], PAGE, PROT_READ | PROT_WRITE, secret));
	must(pkey_mprotect(areas[2], PAGE, PROT_READ | PROT_WRITE, freed));
	must(pkey_free(freed));
	must(pthread_create(&thread, NULL, run, NULL));
	while (__atomic_load_n(&go, __ATOMIC_SEQ_CST) != 1)
		sleep_ms(5);
}

/* Areas without their keys. */
static void lose(void)
{
	must(pkey_mprotect(areas[0], PAGE, PROT_READ | PROT_WRITE, 0));
	must(pkey_mprotect(areas[1], PAGE, PROT_READ | PROT_WRITE, 0));
}

static void verify(void)
{
	want_rights("main thread", 0, 0);
	__atomic_store_n(&go, 2, __ATOMIC_SEQ_CST);
	must(pthread_join(thread, NULL));
	want_u64("rights to the writable", pkey_get(writable), PKEY_DISABLE_WRITE);
	want_u64("rights to the secret", pkey_get(secret), PKEY_DISABLE_ACCESS);
	want_u64("the next key", must(pkey_alloc(0, 0)), freed);
	want_u64("freeing the first", pkey_free(writable), 0);
	must(pkey_set(secret, 0));
	/* The first byte is that of the thread. */
	want_u64("secret", ((uint64_t *)areas[1])[1], pattern(1, 1));
}

PROG_MAIN(setup, lose, verify)
