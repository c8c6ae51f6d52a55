// SPDX-License-Identifier: GPL-2.0
/* task_procfs - what is set through files of /proc/self: oom_score_adj, coredump_filter, timerslack_ns */
#include "prog.h"

static const struct {
	const char *file, *value, *other;
	int base;
} sets[] = {
	{ "oom_score_adj", "321", "0", 10 },
	{ "coredump_filter", "0x0000005a", "0x00000033", 16 },
	{ "timerslack_ns", "123456", "50000", 10 },
};

static void put(const char *file, const char *value)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/%s", file);
	fd = must(open(path, O_WRONLY | O_CLOEXEC));
	must(write(fd, value, strlen(value)));
	close(fd);
}

static void setup(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sets); i++)
		put(sets[i].file, sets[i].value);
}

static void lose(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sets); i++)
		put(sets[i].file, sets[i].other);
}

static void verify(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		char path[64], buf[64] = "";
		int fd;

		snprintf(path, sizeof(path), "/proc/self/%s", sets[i].file);
		fd = must(open(path, O_RDONLY | O_CLOEXEC));
		must(read(fd, buf, sizeof(buf) - 1));
		close(fd);
		buf[strcspn(buf, "\n")] = 0;
		want_u64(sets[i].file, strtoul(buf, NULL, sets[i].base), strtoul(sets[i].value, NULL, sets[i].base));
	}
	want_u64("PR_GET_TIMERSLACK", prctl(PR_GET_TIMERSLACK), 123456);
	must(prctl(PR_SET_TIMERSLACK, 0));
	want_u64("default timer slack", prctl(PR_GET_TIMERSLACK), 50000);
}

PROG_MAIN(setup, lose, verify)
