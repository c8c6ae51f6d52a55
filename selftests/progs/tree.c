// SPDX-License-Identifier: GPL-2.0
/*
 * tree - parents, children, and how they hear of each other
 *
 * Variants: levels: three generations, each parent waits for its children in
 * the order of their birth and gets their statuses; subreaper: orphans come to
 * the subreaper, those from before and those from after the restart;
 * clone_parent: a sibling made by a child; exit_signal: children that announce
 * their end with another signal, or with none; pdeathsig: a signal at the
 * death of the parent; wide: NUMBER children, as in wide:NUMBER; deep.
 */
#include "family.h"

#define WIDTH 3
#define DEPTH 2

static long width = WIDTH, depth = DEPTH;

/* Collect children by wait for any: in the order in which they were made. */
static void collect(const pid_t *pids, int n, int first)
{
	siginfo_t info;
	int i, status;

	for (i = 0; i < n; i++) {
		int ended = 0;

		comes_true((memset(&info, 0, sizeof(info)),
			    ended = !waitid(P_PID, pids[i], &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid), LIMIT_MS);
		if (!ended)
			prog_fail("child %d does not end", pids[i]);
	}
	for (i = 0; i < n; i++) {
		pid_t pid = waitpid(-1, &status, WNOHANG);

		want_u64("next child that wait(2) finds", pid, pids[i]);
		want_u64("its status", status, EXITED(first + i));
	}
	want_u64("children left", waitpid(-1, &status, WNOHANG), -1);
	want_u64("errno", errno, ECHILD);
}

/* A process with children down to the given level; it ends with its number among its siblings. */
static void generation(long arg)
{
	long level = arg / 1000, nr = arg % 1000;
	pid_t pids[WIDTH], me = getpid(), parent = getppid();
	uint32_t mine = 0xc0ffee00 + arg;
	int i;

	for (i = 0; i < WIDTH && level < depth; i++)
		pids[i] = spawn(generation, (level + 1) * 1000 + i);
	member_ready();
	member_wait(1);
	if (prog_losing && level == 1 && nr == 1) {
		kill(pids[0], SIGKILL);
		waitpid(pids[0], NULL, 0);
		pids[0] = spawn(generation, (level + 1) * 1000);
	}
	want_u64("getpid", getpid(), me);
	want_u64("getppid", getppid(), parent);
	want_u64("private memory", mine, 0xc0ffee00 + arg);
	if (level < depth)
		collect(pids, WIDTH, 10 * (level + 1));
	if (prog_failed)
		store(board->failed, 1);
	_exit(10 * level + nr);
}

static void levels(void)
{
	pid_t pids[WIDTH];
	int i;

	for (i = 0; i < WIDTH; i++)
		pids[i] = spawn(generation, 1000 + i);
	must_soon(load(board->ready) == WIDTH + WIDTH * WIDTH);
	prog_ready();
	prog_wait();
	announce(1);
	collect(pids, WIDTH, 10);
}

static void wide_child(long nr)
{
	pid_t me = getpid();

	member_ready();
	/* A thousand of them must not keep a slow machine busy. */
	while (load(board->phase) < 1)
		sleep_ms(300);
	want_u64("getpid", getpid(), me);
	if (prog_failed)
		store(board->failed, 1);
	_exit(nr % 200);
}

static void wide(void)
{
	pid_t *pids = calloc(width, sizeof(*pids));
	long i;

	for (i = 0; i < width; i++)
		pids[i] = spawn(wide_child, i);
	must_soon(load(board->ready) == width);
	prog_ready();
	prog_wait();
	if (prog_losing)
		kill(pids[width / 2], SIGKILL);
	announce(1);
	for (i = 0; i < width; i++)
		want_status("child", pids[i], 0, EXITED(i % 200));
}

/* A chain: each has one child. */
static void chain(long left)
{
	pid_t pid = 0;

	if (left)
		pid = spawn(chain, left - 1);
	member_ready();
	while (load(board->phase) < 1)
		sleep_ms(100);
	if (prog_losing && left == depth / 2)
		_exit(3);
	if (left)
		want_status("child", pid, 0, EXITED(5));
	if (prog_failed)
		store(board->failed, 1);
	_exit(5);
}

static void deep(void)
{
	pid_t pid;

	depth = 40;
	pid = spawn(chain, depth);
	must_soon(load(board->ready) == depth + 1);
	prog_ready();
	prog_wait();
	announce(1);
	want_status("child", pid, 0, EXITED(5));
}

/* slot 0: the orphan, slot 1: the parent that dies later, slot 2: its child */
static void orphan(long slot)
{
	pid_t me = getpid(), reaper = board->slot[9];

	board->slot[slot] = me;
	member_ready();
	if (slot == 0) {
		must_soon(getppid() == reaper);
		member_ready();
		member_wait(1);
		want_u64("parent of the orphan", getppid(), reaper);
	}
	member_wait(2);
	want_u64("getpid", getpid(), me);
	if (prog_failed)
		store(board->failed, 1);
	_exit(20 + slot);
}

static void parent_of_orphan(long slot)
{
	spawn(orphan, slot);
	if (slot == 2) {
		board->slot[1] = getpid();
		member_ready();
		member_wait(1);
	} else {
		must_soon(load(board->ready) == 1);
	}
	_exit(0);
}

/* The subreaper is a child of the root, or the root itself would do. */
static void subreaper_process(long arg)
{
	pid_t first, second;

	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	board->slot[9] = getpid();
	first = spawn(parent_of_orphan, 0);
	must(waitpid(first, NULL, 0));
	must_soon(load(board->ready) == 2);
	second = spawn(parent_of_orphan, 2);
	must_soon(load(board->ready) == 4);
	member_ready();
	if (prog_losing)
		must(prctl(PR_SET_CHILD_SUBREAPER, 0));
	member_wait(2);
	want_status("parent that dies after the restart", second, 0, EXITED(0));
	want_status("orphan from before", board->slot[0], 0, EXITED(20));
	want_status("orphan from afterwards", board->slot[2], 0, EXITED(22));
}

static void subreaper(void)
{
	pid_t pid = spawn(subreaper_process, 0);

	must_soon(load(board->ready) == 5);
	prog_ready();
	prog_wait();
	announce(1);
	want_soon(proc_stat(board->slot[2], 4) == pid);
	announce(2);
	want_status("subreaper", pid, 0, 0);
}

static void sibling(long nr)
{
	pid_t parent = getppid();

	member_ready();
	member_wait(1);
	want_u64("getppid", getppid(), parent);
	if (prog_failed)
		store(board->failed, 1);
	_exit(30 + nr);
}

static void makes_sibling(long arg)
{
	pid_t pid = must(syscall(SYS_clone, prog_losing ? SIGCHLD : CLONE_PARENT, NULL, NULL, NULL, 0));

	if (!pid)
		sibling(1);
	board->slot[0] = pid;
	sibling(0);
}

static void clone_parent(void)
{
	pid_t pid = spawn(makes_sibling, 0);

	must_soon(load(board->ready) == 2);
	prog_ready();
	prog_wait();
	announce(1);
	want_status("child", pid, 0, EXITED(30));
	want_status("child made with CLONE_PARENT", board->slot[0], 0, EXITED(31));
}

static volatile sig_atomic_t got_usr1, got_chld, got_usr2;

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		got_usr1++;
	else if (sig == SIGUSR2)
		got_usr2++;
	else
		got_chld++;
}

static void catch(int sig)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	must(sigaction(sig, &sa, NULL));
}

static void quiet(long nr)
{
	member_ready();
	member_wait(nr);
	_exit(40 + nr);
}

static pid_t spawn_with(int signal, void (*fn)(long), long arg)
{
	pid_t pid = must(syscall(SYS_clone, signal, NULL, NULL, NULL, 0));

	if (!pid)
		fn(arg);
	return pid;
}

static void exit_signal(void)
{
	int usr1 = prog_losing ? SIGCHLD : SIGUSR1, none = prog_losing ? SIGCHLD : 0;
	int status;
	pid_t a, b, c;

	catch(SIGUSR1);
	catch(SIGCHLD);
	a = spawn_with(usr1, quiet, 1);
	b = spawn_with(none, quiet, 2);
	c = spawn_with(SIGCHLD, quiet, 3);
	must_soon(load(board->ready) == 3);
	prog_ready();
	prog_wait();

	want_u64("SIGCHLD before", got_chld, 0);
	announce(1);
	want_soon(got_usr1 == 1);
	want_u64("SIGCHLD of a child with SIGUSR1", got_chld, 0);
	want_u64("wait without __WCLONE", waitpid(a, &status, WNOHANG), -1);
	want_status("child with SIGUSR1", a, __WCLONE, EXITED(41));
	announce(2);
	want_soon(proc_state(b) == 'Z');
	sleep_ms(50);
	want_u64("SIGCHLD of a child with no signal", got_chld, 0);
	want_u64("SIGUSR1 of a child with no signal", got_usr1, 1);
	want_status("child with no signal", b, __WALL, EXITED(42));
	announce(3);
	want_soon(got_chld == 1);
	want_status("child with SIGCHLD", c, 0, EXITED(43));
}

static void told(long arg)
{
	int signal = 0;

	catch(SIGUSR2);
	must(prctl(PR_SET_PDEATHSIG, prog_losing ? 0 : SIGUSR2));
	member_ready();
	member_wait(1);
	prctl(PR_GET_PDEATHSIG, &signal);
	want_u64("PR_GET_PDEATHSIG", signal, SIGUSR2);
	store(board->slot[0], 1);
	want_soon(got_usr2 == 1);
	member_done();
}

static void dies(long arg)
{
	board->slot[1] = spawn(told, 0);
	member_ready();
	while (!load(board->slot[0]))
		sleep_ms(5);
	want_u64("signal of the parent's death while it lives", got_usr2, 0);
	member_done();
}

static void pdeathsig(void)
{
	pid_t pid;

	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = spawn(dies, 0);
	must_soon(load(board->ready) == 2);
	prog_ready();
	prog_wait();
	announce(1);
	want_status("parent that dies", pid, 0, 0);
	want_status("child that is told", board->slot[1], 0, 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} variants[] = {
		{ "levels", levels },
		{ "subreaper", subreaper },
		{ "clone_parent", clone_parent },
		{ "exit_signal", exit_signal },
		{ "pdeathsig", pdeathsig },
		{ "wide", wide },
		{ "deep", deep },
	};
	size_t i;

	prog_start(argc, argv);
	if (sscanf(prog_variant, "wide:%ld", &width) == 1)
		prog_variant = "wide";
	board_make();
	for (i = 0; i < ARRAY_SIZE(variants); i++) {
		if (!prog_is(variants[i].name))
			continue;
		variants[i].run();
		family_done();
	}
	prog_say("SETUP: unknown variant %s", prog_variant);
	return 2;
}
