// SPDX-License-Identifier: GPL-2.0
/*
 * seccomp - filters and strict mode come back, and filters that were shared still are
 *
 * The root and its thread have one filter in common, to which the thread has
 * added one and a child another. A second child is in strict mode and does what
 * it is told through a pipe.
 *
 * Variants: privileged; nnp, without privilege but with no_new_privs.
 */
#include "family.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>

#define COMMON_ERRNO 101
#define THREAD_ERRNO 102
#define CHILD_ERRNO 103
#define ADDED_ERRNO 104

static int to_strict[2], from_strict[2], thread_go;

/* The call fails with an errno of its own from now on. */
static long deny(int nr, int error, unsigned int flags)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { ARRAY_SIZE(insns), insns };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

static int errno_of(long nr)
{
	errno = 0;
	return syscall(nr, 0, 0, 0, 0, 0, 0) == -1 ? errno : 0;
}

static void want_denied(const char *who, int getppid_errno, int getuid_errno, int getgid_errno, int getegid_errno)
{
	char what[64];
	const struct { const char *name; long nr; int want; } calls[] = {
		{ "getppid", SYS_getppid, getppid_errno },
		{ "getuid", SYS_getuid, getuid_errno },
		{ "getgid", SYS_getgid, getgid_errno },
		{ "getegid", SYS_getegid, getegid_errno },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		snprintf(what, sizeof(what), "%s: errno of %s", who, calls[i].name);
		want_u64(what, errno_of(calls[i].nr), calls[i].want);
	}
}

static void *thread(void *arg)
{
	must(deny(SYS_getuid, THREAD_ERRNO, 0));
	member_ready();
	while (!load(thread_go))
		sleep_ms(5);
	want_denied("thread", COMMON_ERRNO, THREAD_ERRNO, 0, 0);
	/* The root's filter has to be one that the thread's goes back to. */
	want_u64("bringing the root in line", deny(SYS_getegid, ADDED_ERRNO, SECCOMP_FILTER_FLAG_TSYNC), 0);
	want_denied("thread with another filter", COMMON_ERRNO, THREAD_ERRNO, 0, ADDED_ERRNO);
	return arg;
}

static void child(long nr)
{
	char c;

	if (nr == 0) {
		must(deny(SYS_getgid, CHILD_ERRNO, SECCOMP_FILTER_FLAG_LOG));
		member_ready();
		member_wait(1);
		want_denied("child", COMMON_ERRNO, 0, CHILD_ERRNO, 0);
		want_u64("mode of the child", prctl(PR_GET_SECCOMP), SECCOMP_MODE_FILTER);
		return;
	}
	member_ready();
	if (!prog_losing)
		must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
	while (read(to_strict[0], &c, 1) == 1) {
		if (c == 'k')
			syscall(SYS_getpid);
		syscall(SYS_write, from_strict[1], &c, 1);
	}
	syscall(SYS_exit, 0);
}

int main(int argc, char **argv)
{
	pid_t pids[2];
	pthread_t t;
	char c = 0;

	prog_start(argc, argv);
	board_make();
	must(pipe(to_strict));
	must(pipe(from_strict));
	/* Strict mode does not take a filter that is there already. */
	pids[1] = spawn(child, 1);
	if (prog_is("nnp")) {
		must(syscall(SYS_setresuid, 65534, 65534, 65534));
		must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		/* What the change has taken away, so that /proc can be looked at. */
		must(prctl(PR_SET_DUMPABLE, 1));
	}
	if (!prog_losing)
		must(deny(SYS_getppid, COMMON_ERRNO, SECCOMP_FILTER_FLAG_SPEC_ALLOW));
	must(pthread_create(&t, NULL, thread, NULL));
	pids[0] = spawn(child, 0);
	must_soon(load(board->ready) == 3);
	sleep_ms(50);
	prog_ready();
	prog_wait();

	want_denied("root", COMMON_ERRNO, 0, 0, 0);
	want_u64("mode of the root", prctl(PR_GET_SECCOMP), SECCOMP_MODE_FILTER);
	store(thread_go, 1);
	must(pthread_join(t, NULL));
	want_denied("root in line with its thread", COMMON_ERRNO, THREAD_ERRNO, 0, ADDED_ERRNO);
	announce(1);
	want_status("child", pids[0], 0, EXITED(0));

	must(write(to_strict[1], "x", 1));
	want_u64("answer of the strict child", read(from_strict[0], &c, 1) == 1 && c == 'x', 1);
	must(write(to_strict[1], "k", 1));
	want_status("strict child that called", pids[1], 0, SIGKILL);
	family_done();
}
