// SPDX-License-Identifier: GPL-2.0
/* mem_advice - each madvise(2) that sets state is in force again, on the area it was given for only */
#include "prog.h"

#define LEN (8 * PAGE)

static const struct {
	int advice, undo;
	const char *flag; /* in VmFlags */
	int file;	  /* advice about reading ahead */
} advices[] = {
	{ MADV_DONTFORK, MADV_DOFORK, "dc", 0 },
	{ MADV_WIPEONFORK, MADV_KEEPONFORK, "wf", 0 },
	{ MADV_DONTDUMP, MADV_DODUMP, "dd", 0 },
	{ MADV_HUGEPAGE, MADV_NOHUGEPAGE, "hg", 0 },
	{ MADV_NOHUGEPAGE, MADV_HUGEPAGE, "nh", 0 },
	{ MADV_MERGEABLE, MADV_UNMERGEABLE, "mg", 0 },
	{ MADV_RANDOM, MADV_NORMAL, "rr", 1 },
	{ MADV_SEQUENTIAL, MADV_NORMAL, "sr", 1 },
	{ MADV_RANDOM, MADV_NORMAL, "rr", 0 },
	{ MADV_SEQUENTIAL, MADV_NORMAL, "sr", 0 },
};

static unsigned char *mem[ARRAY_SIZE(advices)];

static void setup(void)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(advices); i++) {
		if (advices[i].file) {
			int fd = make_file(advices[i].flag, 3 * LEN, 1);

			mem[i] = mmap(NULL, 3 * LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
			must((long)mem[i]);
			close(fd);
		} else {
			mem[i] = area(3 * LEN, PROT_READ | PROT_WRITE);
		}
		for (j = 0; j < 24; j++)
			mem[i][j * PAGE] = i + j;
		/* Only the middle. */
		if (madvise(mem[i] + LEN, LEN, advices[i].advice))
			prog_unsupported("madvise(%d) on this kernel: %s", advices[i].advice, strerror(errno));
	}
}

static void lose(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(advices); i++)
		must(madvise(mem[i] + LEN, LEN, advices[i].undo));
}

static void verify(void)
{
	unsigned int i, j;
	int status;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(advices); i++) {
		char what[64];

		snprintf(what, sizeof(what), "%s of advice %d", advices[i].flag, advices[i].advice);
		want_u64(what, vm_flag(mem[i] + LEN, advices[i].flag), 1);
		snprintf(what, sizeof(what), "%s around advice %d", advices[i].flag, advices[i].advice);
		want_u64(what, vm_flag(mem[i], advices[i].flag), 0);
		want_u64(what, vm_flag(mem[i] + 2 * LEN, advices[i].flag), 0);
		for (j = 0; j < 24; j++)
			want_u64("contents", mem[i][j * PAGE], (i + j) % 256);
	}

	/* Not only flags: fork does as it was told. */
	pid = must(fork());
	if (!pid) {
		int wiped = mem[1][LEN] == 0 && mem[1][0] == 1;

		_exit(mapped(mem[0] + LEN) ? 1 : !mapped(mem[0]) ? 2 : !wiped ? 3 : 0);
	}
	must(waitpid(pid, &status, 0));
	want_u64("child of fork", status, 0);
}

PROG_MAIN(setup, lose, verify)
