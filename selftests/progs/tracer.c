// SPDX-License-Identifier: GPL-2.0
/*
 * tracer - traces processes for a moment
 *
 * usage: tracer MILLISECONDS PID...
 *
 * Seizes as many of them as it can, interrupts them, and lets them go by its end.
 */
#include <stdlib.h>
#include <sys/ptrace.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int i;

	if (argc < 3)
		return 2;
	for (i = 2; i < argc; i++)
		if (!ptrace(PTRACE_SEIZE, atoi(argv[i]), NULL, NULL))
			ptrace(PTRACE_INTERRUPT, atoi(argv[i]), NULL, NULL);
	usleep(atoi(argv[1]) * 1000);
	return 0;
}
