// SPDX-License-Identifier: GPL-2.0
/*
 * counter - counts in memory and writes every number to DIR/count, once
 *
 * Whatever happens to it in between, DIR/count holds 1, 2, 3, ... without a gap
 * and without a number twice; the test checks that, and the program itself checks
 * that its file is as long as its counter says. Mode lose goes back by one.
 */
#include "prog.h"

int main(int argc, char **argv)
{
	unsigned long n = 0;
	off_t written = 0;
	char line[32];
	int fd, len;

	prog_start(argc, argv);
	fd = must(open(prog_path("count"), O_RDWR | O_CREAT | O_TRUNC, 0666));
	prog_ready();
	while (!prog_may_go()) {
		len = snprintf(line, sizeof(line), "%lu\n", ++n);
		if (prog_losing && n == 5)
			lseek(fd, -len, SEEK_CUR);
		want_u64("write", write(fd, line, len), len);
		written += len;
		if (!want_u64("length of the file", lseek(fd, 0, SEEK_END), written))
			break;
		sleep_ms(5);
	}
	prog_done();
}
