// SPDX-License-Identifier: GPL-2.0
/* mem_name - names given with PR_SET_VMA_ANON_NAME are shown again */
#include "prog.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

static unsigned char *mem;

static void name(void *p, size_t len, const char *text)
{
	if (prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, p, len, text))
		prog_unsupported("PR_SET_VMA_ANON_NAME: %s (CONFIG_ANON_VMA_NAME)", strerror(errno));
}

static int shown(const void *p, const char *text)
{
	char line[512], with[128];
	unsigned long start, end;
	int found = 0;
	FILE *f = fopen("/proc/self/maps", "re");

	snprintf(with, sizeof(with), "[anon:%s]", text);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 &&
		    (unsigned long)p >= start && (unsigned long)p < end)
			found = strstr(line, with) != NULL;
	if (f)
		fclose(f);
	return found;
}

static void setup(void)
{
	mem = area(8 * PAGE, PROT_READ | PROT_WRITE);
	name(mem, 2 * PAGE, "first one");
	name(mem + 4 * PAGE, PAGE, "second");
	fill(mem, 8 * PAGE, 1);
}

static void lose(void)
{
	name(mem + 4 * PAGE, PAGE, NULL);
}

static void verify(void)
{
	want_u64("first", shown(mem, "first one"), 1);
	want_u64("second", shown(mem + 4 * PAGE, "second"), 1);
	want_u64("unnamed", shown(mem + 6 * PAGE, ""), 0);
	want_fill("contents", mem, 8 * PAGE, 1);
}

PROG_MAIN(setup, lose, verify)
