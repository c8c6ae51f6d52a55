// SPDX-License-Identifier: GPL-2.0
/*
 * shared_anon - shared anonymous memory of several processes is still one memory after the restart
 *
 * The root shares a piece with three children. One of them shows it at another
 * address as well, one has let go of its first half, and one shares a second
 * piece with a child of its own that the root does not have.
 *
 * Variants: anonymous; memfd, whose descriptors are closed.
 */
#include "family.h"

#define PAGES 16UL
#define CHILDREN 3

/* A word for each member, in a page of its own. */
#define WORD(mem, nr) (*(volatile uint64_t *)((mem) + (4 + (nr)) * PAGE))

static unsigned char *shared, *own;

static unsigned char *piece(void)
{
	int fd = prog_is("memfd") ? must(memfd_create("piece", 0)) : -1;
	unsigned char *p;

	if (fd >= 0)
		must(ftruncate(fd, PAGES * PAGE));
	p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
	must((long)p);
	if (fd >= 0)
		close(fd);
	return p;
}

/* Wait for what another member writes, as long as there is hope. */
static void want_word(const char *what, unsigned char *mem, int nr, uint64_t value)
{
	if (!comes_true(WORD(mem, nr) == value, LIMIT_MS))
		want_u64(what, WORD(mem, nr), value);
}

static void grandchild(long arg)
{
	member_ready();
	member_wait(1);
	WORD(own, 0) = 100;
	want_word("what the parent wrote to the second piece", own, 1, 101);
	WORD(shared, 7) = 107;
}

static void child(long nr)
{
	unsigned char *mem = shared;
	pid_t pid = 0;

	if (nr == 0) {
		/* With size 0, mremap(2) maps shared memory once more. */
		mem = mremap(shared, 0, PAGES * PAGE, MREMAP_MAYMOVE);
		must((long)mem);
	} else if (nr == 1) {
		must(munmap(shared, 4 * PAGE));
	} else {
		own = piece();
		fill(own, 4 * PAGE, 77);
		pid = spawn(grandchild, 0);
	}
	member_ready();
	member_wait(1);
	if (prog_losing && nr == 1)
		must((long)mmap(shared + 4 * PAGE, (PAGES - 4) * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	WORD(mem, nr) = 200 + nr;
	want_word("what the root wrote", mem, 6, 206);
	if (nr == 0) {
		want_fill("contents at the other address", mem, 4 * PAGE, 33);
		want_u64("the word at the first address", WORD(shared, 6), 206);
	} else if (nr == 1) {
		want_u64("half that is gone", mapped(shared), 0);
	} else {
		want_fill("second piece", own, 4 * PAGE, 77);
		WORD(own, 1) = 101;
		want_word("what the child wrote to the second piece", own, 0, 100);
		want_status("grandchild", pid, 0, 0);
	}
}

int main(int argc, char **argv)
{
	pid_t pids[CHILDREN];
	int i;

	prog_start(argc, argv);
	board_make();
	shared = piece();
	fill(shared, 4 * PAGE, 33);
	for (i = 0; i < CHILDREN; i++)
		pids[i] = spawn(child, i);
	must_soon(load(board->ready) == CHILDREN + 1);
	prog_ready();
	prog_wait();
	announce(1);
	WORD(shared, 6) = 206;
	for (i = 0; i < CHILDREN; i++)
		want_word("what a child wrote", shared, i, 200 + i);
	want_word("what the grandchild wrote", shared, 7, 107);
	want_fill("contents", shared, 4 * PAGE, 33);
	for (i = 0; i < CHILDREN; i++)
		want_status("child", pids[i], 0, 0);
	family_done();
}
