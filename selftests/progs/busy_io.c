// SPDX-License-Identifier: GPL-2.0
/*
 * busy_io - reads and writes that never block are complete, wherever the checkpoint comes
 *
 * Writes records of odd sizes to one file and reads them back through another
 * descriptor, all the time; every call must transfer everything.
 */
#include "prog.h"

int main(int argc, char **argv)
{
	unsigned char out[3000], in[3000];
	long rounds = 0, after = 0;
	int wr, rd;

	prog_start(argc, argv);
	wr = make_file("data", 0, 0);
	rd = must(open(prog_path("data"), O_RDONLY));
	prog_ready();
	while (after < 50 && !prog_failed) {
		size_t len = 1 + rounds * 37 % sizeof(out);

		memset(out, rounds, len);
		if (prog_losing && rounds == 100)
			lseek(rd, 1, SEEK_CUR);
		want_u64("write", write(wr, out, len), len);
		want_u64("read", read(rd, in, len), len);
		want_u64("data", memcmp(in, out, len), 0);
		rounds++;
		/* The file keeps its size: its contents are not in the image. */
		if (rounds % 500 == 0) {
			must(lseek(wr, 0, SEEK_SET));
			must(lseek(rd, 0, SEEK_SET));
		}
		if (prog_may_go())
			after++;
	}
	prog_done();
}
