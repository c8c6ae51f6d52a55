// SPDX-License-Identifier: GPL-2.0
/*
 * session - sessions and process groups, with their leaders and without
 *
 * Variants: leader: a session with its leader and two groups; group_gone: a
 * group whose leader has ended and was waited for; session_gone: a session
 * whose leader is gone; orphaned: an orphaned process group; root_leads: the
 * root leads a session of its own. In each a signal to a group reaches its
 * members and nobody else.
 */
#include "family.h"

/* Members tell their numbers, and count the signals that they get. */
struct member {
	int64_t pid, pgid, sid, got;
};

#define members ((struct member *)board->slot)
#define GONE (NR_SLOTS - 1)

static int nr_members;
static struct member *self;

static void on_signal(int sig)
{
	add(self->got, 1);
}

static void live(long nr)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	self = &members[nr];
	must(sigaction(SIGUSR1, &sa, NULL));
	self->pgid = getpgrp();
	self->sid = getsid(0);
	self->pid = getpid();
	member_ready();
	member_wait(1);
	want_u64("getpid", getpid(), self->pid);
	want_u64("getpgrp", getpgrp(), self->pgid);
	want_u64("getsid", getsid(0), self->sid);
	add(board->ready, 1);
	member_wait(2);
	member_done();
}

static pid_t member(void)
{
	return spawn(live, nr_members++);
}

/* A leader with a member; it lives on as a member too. */
static void lead_session(long nr)
{
	must(setsid());
	nr_members = nr + 1;
	member();
	live(nr);
}

static void lead_group(long nr)
{
	must(setpgid(0, 0));
	nr_members = nr + 1;
	member();
	live(nr);
}

/* Leaders that leave their members behind. */
static void leave_session(long nr)
{
	must(setsid());
	nr_members = nr;
	member();
	spawn(lead_group, nr + 1);
	must_soon(load(board->ready) == 3);
	store(board->slot[GONE], getpid());
	_exit(0);
}

static void leave_group(long nr)
{
	must(setpgid(0, 0));
	nr_members = nr;
	member();
	member();
	must_soon(load(board->ready) == 2);
	store(board->slot[GONE], getpid());
	_exit(0);
}

static void setup(void)
{
	pid_t pid;

	board_make();
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	if (prog_is("leader")) {
		spawn(lead_session, 0);
		nr_members = 2;
		member();
		spawn(lead_group, 3);
		nr_members = 5;
	} else if (prog_is("root_leads")) {
		must(setsid());
		nr_members = 0;
		member();
		spawn(lead_group, 1);
		nr_members = 3;
	} else if (prog_is("group_gone") || prog_is("orphaned")) {
		/* An orphaned group: no member has a parent in another group of the session. */
		if (prog_is("orphaned"))
			must(setsid());
		pid = spawn(leave_group, 0);
		must(waitpid(pid, NULL, 0));
		nr_members = 2;
		member();
		nr_members = 3;
	} else if (prog_is("session_gone")) {
		pid = spawn(leave_session, 0);
		must(waitpid(pid, NULL, 0));
		nr_members = 3;
		member();
		nr_members = 4;
	} else {
		must((errno = EINVAL, -1));
	}
	must_soon(load(board->ready) == nr_members);
}

/* A signal to each group: who gets it? */
static void want_reach(pid_t group)
{
	int64_t before[16];
	int i;

	for (i = 0; i < nr_members; i++)
		before[i] = load(members[i].got);
	want_u64("kill of a group", kill(-group, SIGUSR1), 0);
	for (i = 0; i < nr_members; i++)
		if (members[i].pgid == group)
			want_soon(load(members[i].got) == before[i] + 1);
	sleep_ms(30);
	for (i = 0; i < nr_members; i++)
		want_u64(members[i].pgid == group ? "signals to a member" : "signals to another",
			 load(members[i].got) - before[i], members[i].pgid == group);
}

static void verify(void)
{
	pid_t own = getpgrp();
	int i, j;

	signal(SIGUSR1, SIG_IGN);
	if (prog_losing)
		must(kill(members[1].pid, SIGKILL));
	announce(1);
	want_soon(load(board->ready) == 2 * (uint32_t)nr_members);
	for (i = 0; i < nr_members; i++) {
		want_u64("group, seen by the root", getpgid(members[i].pid), members[i].pgid);
		want_u64("session, seen by the root", getsid(members[i].pid), members[i].sid);
		for (j = 0; j < i; j++)
			if (members[j].pgid == members[i].pgid)
				break;
		/* The test may be in the root's group. */
		if (j == i && (members[i].pgid != own || prog_is("root_leads")))
			want_reach(members[i].pgid);
	}
	if (load(board->slot[GONE])) {
		pid_t gone = board->slot[GONE];

		want_u64("kill of a leader that is gone", kill(gone, 0), -1);
		want_u64("errno", errno, ESRCH);
		/* Its number is taken as long as the group lives: nobody gets it. */
		for (i = 0; i < nr_members; i++)
			want_u64("number of a leader that is gone", members[i].pid == gone, 0);
	}
	announce(2);
	for (i = 0; i < nr_members; i++)
		waitpid(-1, NULL, 0);
}

int main(int argc, char **argv)
{
	prog_start(argc, argv);
	setup();
	prog_ready();
	prog_wait();
	verify();
	family_done();
}
