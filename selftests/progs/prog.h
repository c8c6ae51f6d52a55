/* SPDX-License-Identifier: GPL-2.0 */
/*
 * prog.h - what the programs that get checkpointed have in common
 *
 * A program is started as
 *
 *	NAME DIR MODE [VARIANT]
 *
 * It sets up state, writes READY to DIR/result and waits: for the file DIR/go,
 * or first in the very system call under test. Then it compares every detail of
 * its state with what it set up and ends DIR/result with "OK", or with a line
 * "FAIL: what: got ..., want ..." for each difference.
 *
 * Between READY and the verdict the test checkpoints it, kills it and restarts
 * it. MODE "keep" is for that. In MODE "lose" the program itself destroys its
 * state in the way a bad restart would, and nobody checkpoints it: the verdict
 * must then be FAIL, or the check is worth nothing.
 *
 * Other verdicts are "SETUP: ..." (the state could not even be made) and
 * "UNSUPPORTED: ..." (this machine has no such state; says how we know).
 *
 * DIR/go holds two numbers: the least and the most time, in nanoseconds, that
 * the program can have been dead.
 *
 * Only regular files are open in a program: stdin is /dev/null, stdout and
 * stderr are DIR/log.
 */
#ifndef PROG_H
#define PROG_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL
#define MS 1000000LL
#define SEC 1000000000LL
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Where the program talks to the test, and what it was asked to do. */
static const char *prog_dir;
static const char *prog_variant;
static int prog_losing;
static int prog_failed;

/* The dead time from DIR/go, valid after prog_wait(). */
static long long prog_dead_min, prog_dead_max;

/* A path below DIR. Four of them may be in use at a time. */
static inline const char *prog_path(const char *name)
{
	static char buf[4][4200];
	static int next;
	char *p = buf[next++ % 4];

	snprintf(p, sizeof(buf[0]), "%s/%s", prog_dir, name);
	return p;
}

/* Append one line to DIR/result. No descriptor stays open. */
__attribute__((format(printf, 1, 0)))
static inline void prog_vsay(const char *fmt, va_list ap)
{
	char line[1024];
	int fd, i, n;

	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	for (i = 0; i < n; i++)
		if (line[i] == '\n')
			line[i] = '|';
	line[n++] = '\n';
	fd = open(prog_path("result"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, line, n) != n)
		_exit(3);
	close(fd);
}

__attribute__((format(printf, 1, 2)))
static inline void prog_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	prog_vsay(fmt, ap);
	va_end(ap);
}

/* Record a difference; the program goes on to find the others. */
__attribute__((format(printf, 1, 2)))
static inline void prog_fail(const char *fmt, ...)
{
	char line[900];
	va_list ap;

	prog_failed = 1;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	prog_say("FAIL: %s", line);
}

/* This machine has no such state. Say how that was found out. */
__attribute__((noreturn, format(printf, 1, 2)))
static inline void prog_unsupported(const char *fmt, ...)
{
	char line[900];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	prog_say("UNSUPPORTED: %s", line);
	_exit(77);
}

/* The state could not be made: no verdict about checkpoint at all. */
#define must(expr) ({							\
	long must_ret = (long)(expr);					\
	if (must_ret == -1) {						\
		prog_say("SETUP: %s:%d: %s: %s", __FILE__, __LINE__,	\
			 #expr, strerror(errno));			\
		_exit(2);						\
	}								\
	must_ret;							\
})

/* Compare one detail. */
static inline int want_u64(const char *what, uint64_t got, uint64_t want)
{
	if (got == want)
		return 1;
	prog_fail("%s: got %#llx (%lld), want %#llx (%lld)", what,
		  (unsigned long long)got, (long long)got,
		  (unsigned long long)want, (long long)want);
	return 0;
}

static inline int want_str(const char *what, const char *got, const char *want)
{
	if (!strcmp(got, want))
		return 1;
	prog_fail("%s: got \"%s\", want \"%s\"", what, got, want);
	return 0;
}

static inline int want_between(const char *what, long long got, long long low, long long high)
{
	if (got >= low && got <= high)
		return 1;
	prog_fail("%s: got %lld, want %lld to %lld", what, got, low, high);
	return 0;
}

#define want(cond) ({							\
	if (!(cond))							\
		prog_fail("%s:%d: got false, want %s", __FILE__, __LINE__, #cond); \
})

static inline long long now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * SEC + ts.tv_nsec;
}

static inline void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * MS };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* Say READY. */
static inline void prog_ready(void)
{
	prog_say("READY");
}

/* Has the test written DIR/go? */
static inline int prog_may_go(void)
{
	char buf[64];
	int fd, n;

	fd = open(prog_path("go"), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = 0;
	return sscanf(buf, "%lld %lld\n", &prog_dead_min, &prog_dead_max) == 2;
}

/* Wait for DIR/go. */
static inline void prog_wait(void)
{
	while (!prog_may_go())
		sleep_ms(20);
}

/* Is this the variant that was asked for? */
static inline int prog_is(const char *variant)
{
	return !strcmp(prog_variant, variant);
}

/* Parse the arguments and let go of everything inherited. */
static inline void prog_start(int argc, char **argv)
{
	int fd;

	if (argc < 3) {
		fprintf(stderr, "usage: %s DIR keep|lose [VARIANT]\n", argv[0]);
		exit(2);
	}
	prog_dir = argv[1];
	prog_losing = !strcmp(argv[2], "lose");
	prog_variant = argc > 3 ? argv[3] : "";

	fd = open("/dev/null", O_RDONLY);
	dup2(fd, 0);
	fd = open(prog_path("log"), O_WRONLY | O_CREAT | O_APPEND, 0666);
	dup2(fd, 1);
	dup2(fd, 2);
	syscall(SYS_close_range, 3, ~0U, 0);
}

/* Write the verdict and end. */
__attribute__((noreturn))
static inline void prog_done(void)
{
	if (!prog_failed)
		prog_say("OK");
	_exit(prog_failed);
}

/*
 * The usual program: three functions, of which lose() undoes what setup() did.
 */
#define PROG_MAIN(setup, lose, verify)					\
int main(int argc, char **argv)						\
{									\
	prog_start(argc, argv);						\
	setup();							\
	prog_ready();							\
	prog_wait();							\
	if (prog_losing)						\
		lose();							\
	verify();							\
	prog_done();							\
}

/* A pattern that differs for every seed and every word. */
static inline uint64_t pattern(uint64_t seed, uint64_t i)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15ULL + i + 1;

	x ^= x >> 31;
	x *= 0xbf58476d1ce4e5b9ULL;
	return x ^ (x >> 29);
}

static inline void fill(void *mem, size_t len, uint64_t seed)
{
	uint64_t *p = mem;
	size_t i;

	for (i = 0; i < len / 8; i++)
		p[i] = pattern(seed, i);
}

static inline int want_fill(const char *what, const void *mem, size_t len, uint64_t seed)
{
	const uint64_t *p = mem;
	size_t i;

	for (i = 0; i < len / 8; i++) {
		if (p[i] == pattern(seed, i))
			continue;
		prog_fail("%s: word %zu of %p: got %#llx, want %#llx", what, i, mem,
			  (unsigned long long)p[i], (unsigned long long)pattern(seed, i));
		return 0;
	}
	return 1;
}

/* An anonymous private area. */
static inline void *area(size_t len, int prot)
{
	void *p = mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must((long)p);
	return p;
}

/* A file in DIR with a pattern; open for reading and writing. */
static inline int make_file(const char *name, size_t len, uint64_t seed)
{
	int fd = must(open(prog_path(name), O_RDWR | O_CREAT | O_TRUNC, 0666));
	char buf[PAGE];
	size_t done;

	for (done = 0; done < len; done += sizeof(buf)) {
		size_t n = len - done < sizeof(buf) ? len - done : sizeof(buf);

		fill(buf, sizeof(buf), seed + done / PAGE);
		if (write(fd, buf, n) != (ssize_t)n)
			must(-1);
	}
	must(lseek(fd, 0, SEEK_SET));
	return fd;
}

/* The value of one field of the smaps entry that covers an address, as text. */
static inline const char *smaps(const void *addr, const char *field)
{
	static char line[512];
	unsigned long start, end;
	int inside = 0;
	size_t len = strlen(field);
	FILE *f = fopen("/proc/self/smaps", "re");
	const char *found = "";

	if (!f)
		return "";
	while (fgets(line, sizeof(line), f)) {
		char perms[8];

		if (sscanf(line, "%lx-%lx %7s ", &start, &end, perms) == 3) {
			inside = (unsigned long)addr >= start && (unsigned long)addr < end;
			continue;
		}
		if (inside && !strncmp(line, field, len) && line[len] == ':') {
			line[strcspn(line, "\n")] = 0;
			found = line + len + 1;
			found += strspn(found, " ");
			break;
		}
	}
	fclose(f);
	return found;
}

/* Does the area carry a two-letter flag of the VmFlags line of smaps? */
static inline int vm_flag(const void *addr, const char *flag)
{
	char with[8], flags[512];

	snprintf(flags, sizeof(flags), " %s ", smaps(addr, "VmFlags"));
	snprintf(with, sizeof(with), " %s ", flag);
	return strstr(flags, with) != NULL;
}

/* Is the address mapped at all? */
static inline int mapped(const void *addr)
{
	unsigned char vec;

	return !mincore((void *)((uintptr_t)addr & -PAGE), PAGE, &vec);
}

/* One entry of /proc/self/pagemap. */
#define PM_PRESENT (1ULL << 63)
#define PM_SWAPPED (1ULL << 62)
static inline uint64_t pagemap(const void *addr)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, &entry, 8, (uintptr_t)addr / PAGE * 8) != 8)
		entry = 0;
	if (fd >= 0)
		close(fd);
	return entry;
}

/*
 * Check the length of a wait that should last "wait" while the program lives:
 * never shorter; longer only by what a slow machine explains.
 */
static inline void want_waited(const char *what, long long elapsed, long long wait)
{
	want_between(what, elapsed, wait + prog_dead_min - 2 * MS,
		     wait + prog_dead_max + 10 * SEC);
}

#endif
