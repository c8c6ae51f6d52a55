// SPDX-License-Identifier: GPL-2.0
/*
 * task_sched - scheduling class, priority and nice value
 *
 * Variants: nice, nice_low, fifo, rr, batch, idle, reset (RR with
 * SCHED_FLAG_RESET_ON_FORK), deadline.
 */
#include "prog.h"

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static const struct {
	const char *variant;
	struct attr attr;
} sets[] = {
	{ "nice", { .policy = 0, .nice = 7 } },
	{ "nice_low", { .policy = 0, .nice = -13 } },
	{ "fifo", { .policy = 1, .priority = 33 } },
	{ "rr", { .policy = 2, .priority = 2 } },
	{ "batch", { .policy = 3, .nice = 5 } },
	{ "idle", { .policy = 5 } },
	{ "reset", { .policy = 2, .priority = 44, .flags = 1 } },
	{ "deadline", { .policy = 6, .runtime = 10 * MS, .deadline = 90 * MS, .period = 100 * MS } },
};

static struct attr set;

static void apply(struct attr attr)
{
	attr.size = sizeof(attr);
	if (!syscall(SYS_sched_setattr, 0, &attr, 0))
		return;
	if (attr.policy == 6 && errno == EBUSY)
		prog_unsupported("sched_setattr(SCHED_DEADLINE): no bandwidth: %s", strerror(errno));
	/* A kernel without group bandwidth for real-time tasks says EPERM to root. */
	if (errno == EPERM && attr.policy)
		prog_unsupported("sched_setattr(policy %u) as root: %s (no real-time runtime in this cgroup)",
				 attr.policy, strerror(errno));
	must(-1);
}

static void setup(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sets); i++)
		if (prog_is(sets[i].variant))
			set = sets[i].attr;
	apply(set);
	set.size = sizeof(set);
	must(syscall(SYS_sched_getattr, 0, &set, sizeof(set), 0));
}

static void lose(void)
{
	struct attr other = { .policy = 0 };

	apply(other);
}

static void verify(void)
{
	struct attr now = { 0 };

	must(syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0));
	want_u64("policy", now.policy, set.policy);
	want_u64("flags", now.flags, set.flags);
	want_u64("nice", (uint32_t)now.nice, (uint32_t)set.nice);
	want_u64("priority", now.priority, set.priority);
	want_u64("runtime", now.runtime, set.runtime);
	want_u64("deadline", now.deadline, set.deadline);
	want_u64("period", now.period, set.period);
}

PROG_MAIN(setup, lose, verify)
