// SPDX-License-Identifier: GPL-2.0
/* mem_big - 64 MiB of different pages come back */
#include "prog.h"

#define LEN (64UL << 20)

static unsigned char *mem;

static void setup(void)
{
	size_t at;

	mem = area(LEN, PROT_READ | PROT_WRITE);
	for (at = 0; at < LEN; at += PAGE)
		fill(mem + at, PAGE, at / PAGE);
}

static void lose(void)
{
	/* Two pages come back in the other's place. */
	memcpy(mem + 17 * PAGE, mem + 18 * PAGE, PAGE);
}

static void verify(void)
{
	size_t at;

	for (at = 0; at < LEN; at += PAGE)
		if (!want_fill("page", mem + at, PAGE, at / PAGE))
			break;
}

PROG_MAIN(setup, lose, verify)
