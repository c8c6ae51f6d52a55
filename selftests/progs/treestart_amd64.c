// SPDX-License-Identifier: GPL-2.0
/*
 * treestart - coordinates the restart of a hierarchy from the image on stdin
 *
 * usage: treestart [-f FLAGS] [-d DELAY] LOG ENTRY...
 *
 * An entry is PID:TGID:PPID[:LEVEL]..., in the order of the image's task array,
 * the root first; one with a TGID of 0 is a ghost. The processes are made as the
 * entries say, whatever the image says: tools would not get far with a damaged
 * one. An "s" behind the TGID marks a thread that shares the System V semaphore
 * undo operations of its leader. -d waits that many microseconds after the root
 * has been made.
 *
 * Prints "restart RESULT ERRNO PID" and "took NANOSECONDS", from the first process
 * on, waits for the root and prints "exit STATUS" or "signal NUMBER".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include "ckpt.h"

#define MAX_LEVELS 8
#define STACK 16384

struct entry {
	int pid, tgid, ppid, nr_pids, sysvsem;
	int pids[MAX_LEVELS];
};

static struct entry *entries;
static int nr_entries, log_fd;
static volatile char *armed;

static void parse(struct entry *e, const char *text)
{
	char *end;

	e->pid = e->pids[0] = strtol(text, &end, 10);
	e->tgid = strtol(end + 1, &end, 10);
	e->sysvsem = *end == 's';
	end += e->sysvsem;
	e->ppid = strtol(end + 1, &end, 10);
	for (e->nr_pids = 1; *end == ':' && e->nr_pids < MAX_LEVELS; e->nr_pids++)
		e->pids[e->nr_pids] = strtol(end + 1, &end, 10);
}

/* A thread does nothing but call restart(2); it never returns to C. */
static long clone_thread(struct entry *e)
{
	unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			      (e->sysvsem ? CLONE_SYSVSEM : 0);
	struct target_pid_set set = { .num_pids = e->nr_pids, .target_pids = e->pids };
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	register unsigned long r10 asm("r10") = 0;
	register void *r8 asm("r8") = &set;
	long ret;

	asm volatile("syscall\n\t"
		     "test %%rax, %%rax\n\t"
		     "jnz 1f\n\t"
		     "mov %[restart], %%eax\n\t"
		     "xor %%edi, %%edi\n\t"
		     "mov $-1, %%rsi\n\t"
		     "xor %%edx, %%edx\n\t"
		     "mov $-1, %%r10\n\t"
		     "syscall\n\t"
		     "mov $231, %%eax\n\t"
		     "mov $98, %%edi\n\t"
		     "syscall\n"
		     "1:"
		     : "=a"(ret)
		     : "a"((long)__NR_clone_with_pids), "D"(flags), "S"(stack + STACK - 16), "d"(0L),
		       "r"(r10), "r"(r8), [restart] "i"(__NR_restart)
		     : "rcx", "r11", "memory");
	return ret;
}

static pid_t make(struct entry *e, int levels);

/*
 * End with the parent, which may have ended already. The parent of the init of a
 * pid namespace has no number there: it waits for this mark.
 */
static void end_with(pid_t parent, struct entry *self)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() && getppid() != parent)
		_exit(94);
	if (self)
		armed[self - entries] = 1;
}

/* One process: its children, its threads, and restart(2). */
static void member(struct entry *self)
{
	int i;

	for (i = 0; i < nr_entries; i++)
		if (entries[i].ppid == self->pid && entries[i].pid == entries[i].tgid && &entries[i] != self)
			if (make(&entries[i], self->nr_pids) < 0)
				_exit(96);
	for (i = 0; i < nr_entries; i++)
		if (entries[i].tgid == self->pid && entries[i].pid != self->pid)
			if (clone_thread(&entries[i]) < 0)
				_exit(97);
	restart(0, -1, 0, -1);
	_exit(99);
}

/*
 * Ghosts are children of a process in their pid namespace. It goes on ignoring
 * SIGCHLD, so that they vanish, until the kernel gives it its own handlers.
 */
static void ghosts(int levels)
{
	struct target_pid_set set;
	pid_t parent = getpid();
	int i;

	signal(SIGCHLD, SIG_IGN);
	for (i = 0; i < nr_entries; i++) {
		if (entries[i].tgid || entries[i].nr_pids != levels)
			continue;
		set.num_pids = levels;
		set.target_pids = entries[i].pids;
		if (clone_with_pids(SIGCHLD, NULL, NULL, NULL, &set))
			continue;
		end_with(parent, NULL);
		restart(0, -1, RESTART_GHOST, -1);
		_exit(95);
	}
}

static pid_t make(struct entry *e, int levels)
{
	struct target_pid_set set = { .num_pids = e->nr_pids, .target_pids = e->pids };
	unsigned long flags = SIGCHLD | (e->nr_pids > levels ? CLONE_NEWPID : 0);
	pid_t parent = getpid(), pid = clone_with_pids(flags, NULL, NULL, NULL, &set);

	if (pid) {
		while (pid > 0 && e->nr_pids > levels && !armed[e - entries])
			usleep(100);
		return pid;
	}
	end_with(parent, e);
	if (e == entries || e->nr_pids > levels)
		ghosts(e->nr_pids);
	member(e);
	return -1;
}

int main(int argc, char **argv)
{
	unsigned long flags = 0;
	int i, opt, ret, err, status, delay = 0;
	struct timespec begin, end;
	pid_t pid;

	while ((opt = getopt(argc, argv, "f:d:")) != -1) {
		if (opt == 'f')
			flags = strtoul(optarg, NULL, 0);
		else if (opt == 'd')
			delay = atoi(optarg);
		else
			return 2;
	}
	if (argc - optind < 2) {
		fprintf(stderr, "usage: treestart [-f FLAGS] [-d DELAY] LOG ENTRY...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IONBF, 0);
	log_fd = open(argv[optind], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (log_fd < 0) {
		perror(argv[optind]);
		return 2;
	}
	nr_entries = argc - optind - 1;
	entries = calloc(nr_entries, sizeof(*entries));
	armed = mmap(NULL, nr_entries, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!entries || armed == MAP_FAILED)
		return 2;
	for (i = 0; i < nr_entries; i++)
		parse(&entries[i], argv[optind + 1 + i]);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	pid = make(&entries[0], entries[0].nr_pids);
	if (pid < 0) {
		printf("clone_with_pids %d %s\n", errno, strerror(errno));
		return 2;
	}
	if (delay)
		usleep(delay);
	ret = restart(pid, 0, flags, log_fd);
	err = ret < 0 ? errno : 0;
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("restart %d %d %d\n", ret, err, pid);
	printf("took %lld\n", (end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("exit %d\n", WEXITSTATUS(status));
	return ret < 0;
}
