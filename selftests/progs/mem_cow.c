// SPDX-License-Identifier: GPL-2.0
/* mem_cow - pages that were once shared with a child, which is gone, come back whichever copy they are */
#include "prog.h"

#define PAGES 32UL

static unsigned char *mem;

static void setup(void)
{
	pid_t pid;
	size_t i;

	mem = area(PAGES * PAGE, PROT_READ | PROT_WRITE);
	fill(mem, PAGES * PAGE, 1);
	/* Grandchild of nobody: the process under test is a child of fork. */
	pid = must(fork());
	if (!pid) {
		fill(mem, PAGES * PAGE, 99);
		_exit(0);
	}
	for (i = 0; i < PAGES; i += 2)
		fill(mem + i * PAGE, PAGE, 200 + i);
	must(waitpid(pid, NULL, 0));
}

static void lose(void)
{
	fill(mem, PAGES * PAGE, 1);
}

static void verify(void)
{
	size_t i;

	for (i = 0; i < PAGES; i++) {
		uint64_t *p = (void *)(mem + i * PAGE);

		if (i % 2)
			want_u64("page of before", p[3], pattern(1, i * PAGE / 8 + 3));
		else
			want_fill("page of after", p, PAGE, 200 + i);
	}
}

PROG_MAIN(setup, lose, verify)
