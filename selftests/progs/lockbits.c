// SPDX-License-Identifier: GPL-2.0
/* lockbits - runs a program with other securebits: lockbits BITS PROGRAM [ARGUMENT]... */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (prctl(PR_SET_SECUREBITS, strtoul(argv[1], NULL, 0), 0, 0, 0)) {
		perror("lockbits: PR_SET_SECUREBITS");
		return 3;
	}
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 4;
}
