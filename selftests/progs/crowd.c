// SPDX-License-Identifier: GPL-2.0
/*
 * crowd - many processes, or threads, that wait for nothing
 *
 * The variant is processes:N, threads:N, or sharers:N: processes that share 100
 * MiB of memory, all of which has been written to. Says "fork NS": how long it took to
 * make as many, have them end, and wait for them. The children end with the
 * first process.
 */
#include "prog.h"
#include <pthread.h>

static void *nothing(void *arg)
{
	return arg;
}

static void *wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void make_threads(long n, pthread_attr_t *attr)
{
	pthread_t *threads = calloc(n, sizeof(*threads));
	long long begin = now_ns(CLOCK_MONOTONIC);
	long i;

	for (i = 1; i < n; i++)
		if ((errno = pthread_create(&threads[i], attr, nothing, NULL)))
			must(-1);
	for (i = 1; i < n; i++)
		pthread_join(threads[i], NULL);
	prog_say("fork %lld", now_ns(CLOCK_MONOTONIC) - begin);
	for (i = 1; i < n; i++)
		if ((errno = pthread_create(&threads[i], attr, wait_for_ever, NULL)))
			must(-1);
}

static void make_shared(void)
{
	const size_t size = 100UL << 20;
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must((long)mem);
	fill(mem, size, 1);
}

static void make_processes(long n)
{
	long long begin = now_ns(CLOCK_MONOTONIC);
	long i;

	for (i = 1; i < n; i++)
		if (!must(fork()))
			_exit(0);
	while (wait(NULL) > 0)
		;
	prog_say("fork %lld", now_ns(CLOCK_MONOTONIC) - begin);
	for (i = 1; i < n; i++) {
		if (must(fork()))
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		wait_for_ever(NULL);
	}
}

int main(int argc, char **argv)
{
	pthread_attr_t attr;
	long n;

	prog_start(argc, argv);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	if (sscanf(prog_variant, "threads:%ld", &n) == 1)
		make_threads(n, &attr);
	else if (sscanf(prog_variant, "processes:%ld", &n) == 1)
		make_processes(n);
	else if (sscanf(prog_variant, "sharers:%ld", &n) == 1)
		make_shared(), make_processes(n);
	else
		must((errno = EINVAL, -1));
	sleep_ms(200);
	prog_ready();
	wait_for_ever(NULL);
}
