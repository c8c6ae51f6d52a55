// SPDX-License-Identifier: GPL-2.0
/*
 * share - what processes share stays shared
 *
 * The variant is a list of files, fs, vm, sighand, sysvsem, joined by +, and
 * perhaps :N for N processes that share it (1 child otherwise): the root and
 * N-1 children made by clone(2) with these flags. Afterwards each of them sees
 * what another one changes. Mode lose makes the children without the flags.
 * With the words rootthread or childthread the root or the first child has a
 * thread besides, which sees it too.
 */
#include "family.h"

#define MAX_SHARERS 256
#define STACK (64 << 10)

static unsigned long flags;
static int sharers = 2;
static int root_thread, child_thread;
static int seen_by_threads;
static int in_memory;
static int marker_fd;
static pid_t pids[MAX_SHARERS];

static void first_handler(int sig)
{
}

static void second_handler(int sig)
{
}

static int is_second(void)
{
	struct sigaction sa;

	return !sigaction(SIGUSR2, NULL, &sa) && sa.sa_handler == second_handler;
}

/* What one changes, and all others then see. */
static void change(void)
{
	struct sigaction sa = { .sa_handler = second_handler };

	if (flags & CLONE_FILES)
		want_u64("dup2", dup2(marker_fd, 77), 77);
	if (flags & CLONE_FS)
		umask(0157);
	if (flags & CLONE_VM)
		store(in_memory, 4711);
	if (flags & CLONE_SIGHAND)
		want_u64("sigaction", sigaction(SIGUSR2, &sa, NULL), 0);
}

/* umask(2) cannot look without a change. */
static int umask_now(void)
{
	char line[128];
	int mask = -1;
	FILE *f = fopen("/proc/thread-self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Umask: %o", &mask) == 1)
			break;
	if (f)
		fclose(f);
	return mask;
}

static void see(void)
{
	if (flags & CLONE_FILES)
		want_u64("descriptor that another process made", fcntl(77, F_GETFD), 0);
	if (flags & CLONE_FS)
		want_u64("umask that another process set", umask_now(), 0157);
	if (flags & CLONE_VM)
		want_u64("memory that another process changed", load(in_memory), 4711);
	if (flags & CLONE_SIGHAND)
		want_u64("handler that another process set", is_second(), 1);
}

/* As little of a thread as the kernel can make. */
static int thread(void *arg)
{
	member_ready();
	while (load(board->phase) < 2)
		sleep_ms(20);
	see();
	add(seen_by_threads, 1);
	if (prog_failed)
		store(board->failed, 1);
	return 0;
}

static void start_thread(void)
{
	char *stack = area(STACK, PROT_READ | PROT_WRITE);

	must(clone(thread, stack + STACK - 64,
		   CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, NULL));
}

/* It may share its memory with all others: no stdio, and prog_failed is everyone's. */
static int child(void *arg)
{
	long nr = (long)arg;

	if (nr == 1 && child_thread)
		start_thread();
	member_ready();
	while (load(board->phase) < 1)
		sleep_ms(20 + sharers);
	if (nr == sharers - 1) {
		change();
		add(board->slot[0], 1);
	}
	while (load(board->phase) < 2)
		sleep_ms(5 + sharers / 2);
	/* One at a time: they may share the file table. */
	while (load(board->slot[1]) < nr)
		sleep_ms(3 + sharers / 8);
	see();
	/* The end of the process ends its thread. */
	if (nr == 1 && child_thread)
		want_soon(load(seen_by_threads) == root_thread + 1);
	add(board->slot[1], 1);
	if (prog_failed)
		store(board->failed, 1);
	_exit(0);
}

static unsigned long parse(void)
{
	static const struct {
		const char *name;
		unsigned long flags;
	} known[] = {
		{ "files", CLONE_FILES }, { "fs", CLONE_FS }, { "vm", CLONE_VM },
		{ "sighand", CLONE_SIGHAND | CLONE_VM }, { "sysvsem", CLONE_SYSVSEM },
	};
	unsigned long flags = 0;
	char buf[128], *word;
	size_t i;

	snprintf(buf, sizeof(buf), "%s", prog_variant);
	word = strchr(buf, ':');
	if (word) {
		*word = 0;
		sharers = atoi(word + 1);
	}
	root_thread = strstr(buf, "rootthread") != NULL;
	child_thread = strstr(buf, "childthread") != NULL;
	for (word = strtok(buf, "+"); word; word = strtok(NULL, "+"))
		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (!strcmp(word, known[i].name))
				flags |= known[i].flags;
	return flags;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = first_handler };
	unsigned long with;
	long i;

	prog_start(argc, argv);
	flags = parse();
	board_make();
	must(sigaction(SIGUSR2, &sa, NULL));
	umask(022);
	marker_fd = make_file("marker", PAGE, 1);
	with = prog_losing ? 0 : flags;
	if (root_thread)
		start_thread();
	for (i = 1; i < sharers; i++) {
		char *stack = area(STACK, PROT_READ | PROT_WRITE);

		pids[i] = must(clone(child, stack + STACK - 64, with | SIGCHLD, (void *)i));
	}
	must_soon(load(board->ready) == sharers - 1 + root_thread + child_thread);
	prog_ready();
	prog_wait();

	want_u64("umask before", umask_now(), 022);
	want_u64("handler before", is_second(), 0);
	announce(1);
	want_soon(load(board->slot[0]) == 1);
	see();
	store(board->slot[1], 1);
	announce(2);
	want_soon(load(seen_by_threads) == root_thread + child_thread);
	for (i = 1; i < sharers; i++)
		want_status("sharer", pids[i], 0, 0);
	family_done();
}
