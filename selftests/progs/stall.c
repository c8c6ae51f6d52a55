// SPDX-License-Identifier: GPL-2.0
/* stall - takes a core dump from its standard input, when a file appears; as "stall FILE" in core_pattern */
#include "prog.h"

int main(int argc, char **argv)
{
	char buf[4096];

	while (argc == 2 && access(argv[1], F_OK))
		sleep_ms(10);
	while (read(0, buf, sizeof(buf)) > 0)
		;
	return 0;
}
