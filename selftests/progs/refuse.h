/* SPDX-License-Identifier: GPL-2.0 */
/*
 * refuse.h - a program that holds one piece of state that a checkpoint has to refuse
 *
 * The variant names the state. After READY the test tries to checkpoint the
 * program, which must fail; then the program goes on and checks that it still has
 * what it had, as far as there is anything to check.
 */
#ifndef REFUSE_H
#define REFUSE_H

#include "prog.h"

struct refuse_state {
	const char *variant;
	void (*make)(void);
	void (*check)(void);
};

/* What a check after the refusal looks at. */
static int fd = -1;
static unsigned char *mem;
static pid_t child;
static int given;

/* Some state needs a kernel option: not having it is no failure of ours. */
#define need(expr) ({							\
	long need_ret = (long)(expr);					\
	if (need_ret == -1 && (errno == ENOSYS || errno == EINVAL || errno == EPERM || \
			       errno == ENODEV || errno == EOPNOTSUPP || errno == ENOENT || \
			       errno == ENOTTY || errno == ENOSPC || errno == ENOMEM)) \
		prog_unsupported("%s: %s", #expr, strerror(errno));	\
	must(need_ret);							\
})

/* A process that is not of the hierarchy has a descriptor: @fd stays with it. */
static inline void give_away(int what)
{
	pid_t pid = must(fork());

	if (!pid) {
		if (fork())
			_exit(0);
		/* Not a child of the program any more. */
		while (!prog_may_go() && !access(prog_dir, F_OK))
			sleep_ms(20);
		_exit(0);
	}
	given = 1;
	must(waitpid(pid, NULL, 0));
	close(what);
}

/* The child is checkpointed alone: its number goes to DIR/target. */
static inline void make_target(void)
{
	char text[16];
	int f;

	child = must(fork());
	if (!child)
		for (;;)
			sleep_ms(50);
	f = must(open(prog_path("target"), O_WRONLY | O_CREAT | O_TRUNC, 0666));
	snprintf(text, sizeof(text), "%d\n", child);
	must(write(f, text, strlen(text)));
	close(f);
}

static inline void check_mem(void)
{
	want_fill("memory", mem, PAGE, 4);
}

/* What main() does. */
static inline void refuse_run(int argc, char **argv, const struct refuse_state *states, unsigned int nr)
{
	unsigned int i;

	prog_start(argc, argv);
	for (i = 0; i < nr && !prog_is(states[i].variant); i++)
		;
	if (i == nr)
		prog_unsupported("no variant \"%s\"", prog_variant);
	states[i].make();
	prog_ready();
	prog_wait();
	/* The other process has seen DIR/go by then, and is gone. */
	if (given)
		sleep_ms(200);
	if (fd >= 0 && !states[i].check)
		want_u64("descriptor is open", fcntl(fd, F_GETFD) >= 0, 1);
	if (states[i].check)
		states[i].check();
	if (child) {
		want_u64("child is there", kill(child, 0), 0);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	prog_done();
}

#endif
