// SPDX-License-Identifier: GPL-2.0
/*
 * timens - the clocks of a program stand still while it is dead
 *
 * Variants: own: it is in a time namespace with offsets of its own; host: it is
 * not.
 */
#include "prog.h"
#include <sys/timerfd.h>

#define MONOTONIC_OFFSET 1000000LL
#define BOOTTIME_OFFSET 2000000LL
#define DEADLINE 100000LL
/* Clocks are read one after the other. */
#define CLOSE (50 * MS)

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static long long syscall_ns(clockid_t clock)
{
	struct timespec ts;

	must(syscall(SYS_clock_gettime, clock, &ts));
	return ts.tv_sec * SEC + ts.tv_nsec;
}

/* A process enters the namespace that it has made when it executes a program. */
static void enter(char **argv)
{
	char *args[] = { argv[0], argv[1], argv[2], argv[3], "inside", NULL };
	char text[100];
	int fd;

	if (syscall(SYS_unshare, CLONE_NEWTIME))
		prog_unsupported("CLONE_NEWTIME: %s", strerror(errno));
	fd = must(open("/proc/self/timens_offsets", O_WRONLY));
	snprintf(text, sizeof(text), "monotonic %lld 0\nboottime %lld 0\n", MONOTONIC_OFFSET, BOOTTIME_OFFSET);
	must(write(fd, text, strlen(text)));
	close(fd);
	must(execv("/proc/self/exe", args));
}

/* By how much a clock has stood still compared with the time of day. */
static void want_still(const char *what, long long then, long long real_then, long long now, long long real_now)
{
	long long still = (real_now - real_then) - (now - then);

	want_between(what, still, prog_dead_min - CLOSE, prog_dead_max + CLOSE);
}

int main(int argc, char **argv)
{
	long long real, mono, boot, before, after, left;
	struct itimerspec its = {};
	int fd;

	prog_start(argc, argv);
	if (prog_is("own") && !prog_losing && argc == 4)
		enter(argv);
	mono = now_ns(CLOCK_MONOTONIC);
	boot = now_ns(CLOCK_BOOTTIME);
	real = now_ns(CLOCK_REALTIME);
	fd = must(timerfd_create(CLOCK_MONOTONIC, 0));
	its.it_value.tv_sec = mono / SEC + DEADLINE;
	must(timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, NULL));
	prog_ready();
	prog_wait();

	if (prog_losing && prog_is("host"))
		prog_dead_min = prog_dead_max = 10 * SEC;
	want_still("CLOCK_MONOTONIC stood still", mono, real, now_ns(CLOCK_MONOTONIC), now_ns(CLOCK_REALTIME));
	want_still("CLOCK_BOOTTIME stood still", boot, real, now_ns(CLOCK_BOOTTIME), now_ns(CLOCK_REALTIME));
	if (prog_is("own")) {
		want_between("CLOCK_MONOTONIC", now_ns(CLOCK_MONOTONIC) / SEC, MONOTONIC_OFFSET, 2 * MONOTONIC_OFFSET);
		want_between("CLOCK_BOOTTIME", now_ns(CLOCK_BOOTTIME) / SEC, BOOTTIME_OFFSET, 2 * BOOTTIME_OFFSET);
	}
	/* With and without the vdso. */
	before = now_ns(CLOCK_MONOTONIC);
	want_between("CLOCK_MONOTONIC of the system call", syscall_ns(CLOCK_MONOTONIC), before, before + SEC);

	/* The instant has stayed what it was. */
	before = now_ns(CLOCK_MONOTONIC);
	must(timerfd_gettime(fd, &its));
	after = now_ns(CLOCK_MONOTONIC);
	left = its.it_value.tv_sec * SEC + its.it_value.tv_nsec;
	want_between("timerfd", left, (mono / SEC + DEADLINE) * SEC - after, (mono / SEC + DEADLINE) * SEC - before);
	prog_done();
}
