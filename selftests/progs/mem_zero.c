// SPDX-License-Identifier: GPL-2.0
/* mem_zero - pages of zeros, written or only read, are zeros again; those only read cost nothing in the image */
#include "prog.h"

#define LEN (32UL << 20)

static unsigned char *written, *read_only;

static int all_zero(const unsigned char *p)
{
	size_t i;

	for (i = 0; i < LEN; i++)
		if (p[i])
			return 0;
	return 1;
}

static void setup(void)
{
	size_t at;
	volatile unsigned char sum = 0;

	written = area(LEN, PROT_READ | PROT_WRITE);
	read_only = area(LEN, PROT_READ | PROT_WRITE);
	memset(written, 0xff, LEN);
	memset(written, 0, LEN);
	for (at = 0; at < LEN; at += PAGE)
		sum += read_only[at];
}

static void lose(void)
{
	written[LEN / 2] = 0xff;
	read_only[LEN / 3] = 0xff;
}

static void verify(void)
{
	want_u64("written zeros", all_zero(written), 1);
	want_u64("read zeros", all_zero(read_only), 1);
	fill(written, PAGE, 1);
	fill(read_only, PAGE, 2);
	want_fill("written again", written, PAGE, 1);
	want_fill("written for the first time", read_only, PAGE, 2);
}

PROG_MAIN(setup, lose, verify)
