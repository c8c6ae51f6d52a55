// SPDX-License-Identifier: GPL-2.0
/*
 * pidns - nested pid namespaces: every task keeps its number in each of them
 *
 * Variants: one: a child that is the init of a namespace, with children of its
 * own; two: another namespace inside; siblings: two namespaces side by side,
 * with the same numbers inside; orphan: a process that its init adopted; gone:
 * a session in the namespace whose leader is gone.
 */
#include "family.h"

/* What each member is, by its own account and by that of its parent. */
struct member {
	int64_t inner, parent, outer;
};

#define members ((struct member *)board->slot)
#define FORGET 60

static int levels = 1;

static void live(long nr)
{
	struct member *m = &members[nr];

	m->inner = getpid();
	m->parent = getppid();
	member_ready();
	member_wait(1);
	if (prog_losing && nr == 1)
		_exit(1);
	want_u64("getpid", getpid(), m->inner);
	want_u64("getppid", getppid(), m->parent);
	add(board->ready, 1);
	member_wait(2);
	if (prog_failed)
		store(board->failed, 1);
}

static void leaf(long nr)
{
	live(nr);
}

/* Numbers that are taken and freed: those that follow are not in a row. */
static void skip(int n)
{
	pid_t pid;

	while (n--) {
		pid = must(fork());
		if (!pid)
			_exit(0);
		must(waitpid(pid, NULL, 0));
	}
}

static void ends(long code)
{
	_exit(code);
}

static void ns_init(long nr);

static pid_t spawn_ns(long nr)
{
	pid_t pid = must(syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, 0));

	if (!pid) {
		ns_init(nr);
		member_done();
	}
	return pid;
}

static void leaves_orphan(long nr)
{
	pid_t pid = must(fork());

	if (!pid) {
		must_soon(getppid() == 1);
		live(nr);
		member_done();
	}
	_exit(0);
}

static void leaves_session(long nr)
{
	must(setsid());
	store(board->slot[NR_SLOTS - 1], getpid());
	leaves_orphan(nr);
}

/* Members nr to nr + 3, or to nr + 7 with another namespace inside. */
static void ns_init(long nr)
{
	skip(5);
	members[nr + 1].outer = spawn(leaf, nr + 1);
	skip(3);
	members[nr + 2].outer = spawn(leaf, nr + 2);
	if (prog_is("two") && levels++ == 1)
		spawn_ns(nr + 4);
	if (prog_is("orphan"))
		must(waitpid(spawn(leaves_orphan, nr + 3), NULL, 0));
	else if (prog_is("gone"))
		must(waitpid(spawn(leaves_session, nr + 3), NULL, 0));
	else
		spawn(leaf, nr + 3);
	live(nr);
	/* Whatever number comes next in this namespace, it is not one that is taken. */
	want_u64("new child in the namespace", spawn(ends, 0) > 1, 1);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

int main(int argc, char **argv)
{
	uint32_t all;
	pid_t first, second = 0;
	int64_t gone;
	uint32_t i;

	prog_start(argc, argv);
	board_make();
	all = prog_is("two") || prog_is("siblings") ? 8 : 4;
	first = spawn_ns(0);
	if (prog_is("siblings"))
		second = spawn_ns(4);
	must_soon(load(board->ready) == all);
	prog_ready();
	prog_wait();
	announce(1);
	want_soon(load(board->ready) == 2 * all);
	want_u64("init", members[0].inner, 1);
	for (i = 1; i < all && i != 4; i++)
		want_between("number inside", members[i].inner, 2, FORGET);
	gone = load(board->slot[NR_SLOTS - 1]);
	if (prog_is("gone"))
		want_between("leader that is gone", gone, 2, FORGET);
	announce(2);
	want_status("init of a namespace", first, 0, 0);
	if (second)
		want_status("init of the other namespace", second, 0, 0);
	family_done();
}
