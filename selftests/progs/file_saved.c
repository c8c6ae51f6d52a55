// SPDX-License-Identifier: GPL-2.0
/*
 * file_saved - files whose contents the test has put into the image
 *
 * The test removes or changes DIR/data (open, with a hole) and DIR/mapped (only
 * mapped) while the program is dead, and has restart put them back. DIR/gone
 * has been unlinked: the kernel saves it, and nobody else.
 */
#include "prog.h"

#define SIZE (300 * PAGE + 5)
#define DATA (200 * PAGE)

static int fd, gone;
static char *shared, *private;
static struct stat before;
static struct timespec times[2] = { { 1000000000, 0 }, { 1100000000, 5000001 } };

static void setup(void)
{
	char buf[PAGE];

	fd = make_file("data", 2 * PAGE, 1);
	fill(buf, PAGE, 77);
	must(pwrite(fd, buf, PAGE, DATA));
	must(ftruncate(fd, SIZE));
	must(fchmod(fd, 0641));
	must(lseek(fd, DATA + 10, SEEK_SET));

	gone = make_file("mapped", 4 * PAGE, 5);
	shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, gone, 0);
	must((long)shared);
	private = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, gone, 0);
	must((long)private);
	close(gone);
	/* Dirty pages, which nobody has written back. */
	fill(shared + PAGE, PAGE, 99);
	fill(private, PAGE, 55);

	gone = make_file("gone", PAGE, 9);
	must(unlink(prog_path("gone")));
	must(futimens(fd, times));
	must(fstat(fd, &before));
}

static void lose(void)
{
	must(ftruncate(fd, 100));
	memset(shared, 0, 4 * PAGE);
}

static void verify(void)
{
	static char page[PAGE], zero[PAGE];
	struct stat st, named;

	must(fstat(fd, &st));
	must(stat(prog_path("data"), &named));
	want_u64("it has its name", st.st_ino, named.st_ino);
	want_u64("size", st.st_size, SIZE);
	want_u64("mode", st.st_mode, before.st_mode);
	want_u64("uid", st.st_uid, before.st_uid);
	want_u64("gid", st.st_gid, before.st_gid);
	want_u64("mtime", st.st_mtim.tv_sec, before.st_mtim.tv_sec);
	want_u64("mtime, ns", st.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	want_between("blocks", st.st_blocks, 1, 2 * before.st_blocks);
	want_u64("position", lseek(fd, 0, SEEK_CUR), DATA + 10);
	want_u64("start", pread(fd, page, PAGE, PAGE), PAGE);
	want_fill("start", page, PAGE, 2);
	want_u64("hole", pread(fd, page, PAGE, 100 * PAGE), PAGE);
	want_u64("zeros", memcmp(page, zero, PAGE), 0);
	want_u64("end", pread(fd, page, PAGE, DATA), PAGE);
	want_fill("end", page, PAGE, 77);

	want_fill("mapped file", shared, PAGE, 5);
	want_fill("what was written to it", shared + PAGE, PAGE, 99);
	want_fill("written to privately", private, PAGE, 55);
	want_fill("private, not written to", private + PAGE, PAGE, 99);
	fill(shared, PAGE, 44);

	want_u64("without a name", pread(gone, page, PAGE, 0), PAGE);
	want_fill("without a name", page, PAGE, 9);
	want_u64("nobody has made it", access(prog_path("gone"), F_OK) == -1 && errno == ENOENT, 1);
}

PROG_MAIN(setup, lose, verify)
