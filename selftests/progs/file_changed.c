// SPDX-License-Identifier: GPL-2.0
/*
 * file_changed - a file that somebody changed while the program was dead
 *
 * The file system is not part of an image. The test adds "more" to DIR/data
 * meanwhile: the program reads it where it stopped. The test also replaces
 * DIR/vanish with nothing in another run, and then expects restart to fail.
 */
#include "prog.h"

static int rd, app;

static void setup(void)
{
	app = make_file("vanish", PAGE, 1);
	rd = make_file("data", PAGE, 1);
	must(lseek(rd, 0, SEEK_END));
}

static void lose(void)
{
	lseek(rd, 0, SEEK_SET);
}

static void verify(void)
{
	char buf[16] = "";

	want_u64("position", lseek(rd, 0, SEEK_CUR), PAGE);
	must(read(rd, buf, sizeof(buf) - 1));
	want_str("what was added", buf, "more");
	must(lseek(app, 0, SEEK_CUR));
}

PROG_MAIN(setup, lose, verify)
