// SPDX-License-Identifier: GPL-2.0
/*
 * unclean - calls restart(2) while it has what a restored program must not inherit
 *
 * usage: unclean WHAT
 *
 * Prints the result and the errno of restart(2), or "unsupported". "nothing" is
 * a caller like any other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "ckpt.h"

static int timer(void)
{
	int id;

	return syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id);
}

static int semaphores = -1;

static int undo(void)
{
	struct sembuf op = { .sem_op = 1, .sem_flg = SEM_UNDO };

	semaphores = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	return semaphores < 0 ? -1 : semop(semaphores, &op, 1);
}

static int io_ports(void)
{
	return ioperm(0x80, 1, 1);
}

static int io_level(void)
{
	return iopl(3);
}

/* set_thread_area(2) is a call of 32-bit programs; its pointer has to be one of theirs. */
static int tls(void)
{
	struct {
		uint32_t entry, base, limit, flags;
	} *desc = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long ret;

	if (desc == MAP_FAILED)
		return -1;
	desc->entry = -1;
	desc->limit = 0xfffff;
	desc->flags = 0x51;
	asm volatile("int $0x80" : "=a"(ret) : "a"(243L), "b"(desc) : "memory", "r8", "r9", "r10", "r11");
	errno = ret < 0 ? -ret : 0;
	return ret < 0 ? -1 : 0;
}

static int nothing(void)
{
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *what;
		int (*make)(void);
	} states[] = {
		{ "nothing", nothing }, { "timer", timer }, { "undo", undo },
		{ "ioperm", io_ports }, { "iopl", io_level }, { "tls", tls },
	};
	size_t i;
	long ret;

	for (i = 0; argc > 1 && i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(argv[1], states[i].what))
			continue;
		if (states[i].make()) {
			printf("unsupported %s\n", strerror(errno));
			return 0;
		}
		ret = restart(0, 0, RESTART_TASKSELF, CHECKPOINT_FD_NONE);
		printf("%ld %d\n", ret, errno);
		if (semaphores >= 0)
			semctl(semaphores, 0, IPC_RMID);
		return 0;
	}
	return 2;
}
