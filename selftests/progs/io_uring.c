// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring - rings at rest come back with what is in them
 *
 * Variants: rest: completions that were not read, entries that were not
 * submitted; wide: large entries in large rings that have been gone round;
 * single: a ring that one thread may submit to; unmapped: a ring that is mapped
 * later; closed: memory of a ring without a descriptor; family: two processes
 * with one ring; small: for hostile images.
 */
#include "family.h"
#include <linux/io_uring.h>
#include <pthread.h>

/* Not every header has them. */
#define SETUP_SINGLE_ISSUER (1U << 12)
#define SETUP_DEFER_TASKRUN (1U << 13)
#define SETUP_NO_SQARRAY (1U << 16)

struct ring {
	int fd;
	struct io_uring_params p;
	unsigned char *rings, *sqes;
	size_t rings_size, sqes_size;
};

static struct ring ring = { .fd = -1 };

static uint32_t *sq_word(struct ring *r, uint32_t offset)
{
	return (uint32_t *)(r->rings + offset);
}

static void map(struct ring *r)
{
	size_t sq, cq;
	int wide = r->p.flags & IORING_SETUP_CQE32 ? 2 : 1;

	sq = r->p.sq_off.array + r->p.sq_entries * sizeof(uint32_t);
	cq = r->p.cq_off.cqes + r->p.cq_entries * wide * sizeof(struct io_uring_cqe);
	r->rings_size = sq > cq ? sq : cq;
	r->sqes_size = r->p.sq_entries * sizeof(struct io_uring_sqe) * (r->p.flags & IORING_SETUP_SQE128 ? 2 : 1);
	r->rings = (void *)must(mmap(NULL, r->rings_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
				     IORING_OFF_SQ_RING));
	r->sqes = (void *)must(mmap(NULL, r->sqes_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
				    IORING_OFF_SQES));
}

static void open_ring(struct ring *r, unsigned int entries, unsigned int flags, unsigned int cq_entries)
{
	memset(r, 0, sizeof(*r));
	r->p.flags = flags;
	r->p.cq_entries = cq_entries;
	r->fd = syscall(SYS_io_uring_setup, entries, &r->p);
	if (r->fd < 0 && (errno == ENOSYS || errno == EPERM))
		prog_unsupported("io_uring_setup: %s", strerror(errno));
	must(r->fd);
}

/* Put a NOP into the queue. */
static void queue(struct ring *r, uint64_t data)
{
	uint32_t *tail = sq_word(r, r->p.sq_off.tail);
	uint32_t at = *tail & (r->p.sq_entries - 1);
	size_t size = r->sqes_size / r->p.sq_entries;
	struct io_uring_sqe *sqe = (void *)(r->sqes + at * size);

	memset(sqe, 0, size);
	sqe->opcode = IORING_OP_NOP;
	sqe->user_data = data;
	if (!(r->p.flags & SETUP_NO_SQARRAY))
		sq_word(r, r->p.sq_off.array)[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
}

static int enter(struct ring *r, unsigned int nr)
{
	return syscall(SYS_io_uring_enter, r->fd, nr, nr, IORING_ENTER_GETEVENTS, NULL, 0);
}

/* The data of the next completion, 0 without one. */
static uint64_t reap(struct ring *r)
{
	uint32_t *head = sq_word(r, r->p.cq_off.head);
	uint32_t tail = __atomic_load_n(sq_word(r, r->p.cq_off.tail), __ATOMIC_ACQUIRE);
	int wide = r->p.flags & IORING_SETUP_CQE32 ? 2 : 1;
	struct io_uring_cqe *cqe;
	uint64_t data;

	if (*head == tail)
		return 0;
	cqe = (void *)(r->rings + r->p.cq_off.cqes + (*head & (r->p.cq_entries - 1)) * wide * sizeof(*cqe));
	data = cqe->user_data;
	if (cqe->res)
		prog_fail("result %d of entry %llu", cqe->res, (unsigned long long)data);
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return data;
}

/* Entries first to last are submitted, and completed. */
static void want_round(struct ring *r, uint64_t first, uint64_t last)
{
	uint64_t i;

	for (i = first; i <= last && !prog_failed; i++) {
		queue(r, i);
		want_u64("io_uring_enter", enter(r, 1), 1);
		want_u64("completion", reap(r), i);
	}
}

static void half_fill(struct ring *r)
{
	uint64_t i;

	for (i = 1; i <= 5; i++)
		queue(r, i);
	must(enter(r, 5) == 5 ? 0 : -1);
	must(reap(r) == 1 && reap(r) == 2 ? 0 : -1);
	queue(r, 6);
	queue(r, 7);
}

static void want_filled(struct ring *r)
{
	uint64_t i;

	for (i = 3; i <= 5; i++)
		want_u64("completion", reap(r), i);
	want_u64("no completion", reap(r), 0);
	want_u64("io_uring_enter", enter(r, 2), 2);
	want_u64("completion", reap(r), 6);
	want_u64("completion", reap(r), 7);
	want_u64("no completion", reap(r), 0);
	want_u64("dropped", *sq_word(r, r->p.sq_off.dropped), 0);
	want_u64("overflow", *sq_word(r, r->p.cq_off.overflow), 0);
	want_round(r, 1000, 1000 + 3 * r->p.cq_entries);
}

static void rest_setup(void)
{
	open_ring(&ring, 8, 0, 0);
	map(&ring);
	half_fill(&ring);
	must(madvise(ring.sqes, ring.sqes_size, MADV_DONTFORK));
}

static void lose(void)
{
	while (reap(&ring))
		;
	must(enter(&ring, 2));
}

static void rest_verify(void)
{
	want_u64("flags", fcntl(ring.fd, F_GETFL), O_RDWR | (fcntl(ring.fd, F_GETFL) & 0100000));
	want_u64("FD_CLOEXEC", fcntl(ring.fd, F_GETFD), FD_CLOEXEC);
	want_filled(&ring);
	want_u64("mapping where one likes", (uintptr_t)mmap(ring.rings + (1 << 30), PAGE, PROT_READ, MAP_SHARED,
							      ring.fd, IORING_OFF_SQ_RING), -1);
}

static void wide_setup(void)
{
	uint64_t i;

	open_ring(&ring, 1000, IORING_SETUP_CQSIZE | IORING_SETUP_SQE128 | IORING_SETUP_CQE32 | IORING_SETUP_SUBMIT_ALL |
		  SETUP_NO_SQARRAY, 5000);
	map(&ring);
	for (i = 1; i <= 20000; i++) {
		queue(&ring, i);
		must(enter(&ring, 1) == 1 && reap(&ring) == i ? 0 : -1);
	}
	half_fill(&ring);
}

static void wide_verify(void)
{
	want_filled(&ring);
}

static void *other(void *arg)
{
	queue(&ring, 99);
	*(int *)arg = enter(&ring, 1) < 0 ? errno : 0;
	return NULL;
}

static void single_setup(void)
{
	open_ring(&ring, 8, SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
		  IORING_SETUP_COOP_TASKRUN, 0);
	map(&ring);
	half_fill(&ring);
}

static void single_verify(void)
{
	pthread_t thread;
	int err = 0;

	want_filled(&ring);
	must(pthread_create(&thread, NULL, other, &err) ? -1 : 0);
	pthread_join(thread, NULL);
	want_u64("errno of another thread", err, EEXIST);
	want_u64("io_uring_enter", enter(&ring, 1), 1);
	want_u64("completion", reap(&ring), 99);
}

static void unmapped_setup(void)
{
	open_ring(&ring, 8, 0, 0);
	map(&ring);
	half_fill(&ring);
	must(munmap(ring.rings, ring.rings_size));
	must(munmap(ring.sqes, ring.sqes_size));
}

static void unmapped_lose(void)
{
	map(&ring);
	lose();
}

static void unmapped_verify(void)
{
	map(&ring);
	want_filled(&ring);
}

static void closed_setup(void)
{
	rest_setup();
	close(ring.fd);
}

static void closed_lose(void)
{
	while (reap(&ring))
		;
}

static void closed_verify(void)
{
	uint64_t i;

	for (i = 3; i <= 5; i++)
		want_u64("completion", reap(&ring), i);
	want_u64("entry", ((struct io_uring_sqe *)ring.sqes)[6].user_data, 7);
	want(mapped(ring.rings) && mapped(ring.sqes));
}

static void member(long arg)
{
	member_ready();
	member_wait(1);
	want_filled(&ring);
}

static void family(void)
{
	pid_t child;

	board_make();
	open_ring(&ring, 8, 0, 0);
	map(&ring);
	half_fill(&ring);
	child = spawn(member, 0);
	must_soon(load(board->ready) == 1);
	prog_ready();
	prog_wait();
	if (prog_losing)
		lose();
	announce(1);
	want_status("child", child, 0, 0);
	want_round(&ring, 5000, 5100);
}

static void small(void)
{
	open_ring(&ring, 4, 0, 0);
	map(&ring);
	queue(&ring, 1);
	must(enter(&ring, 1));
	prog_ready();
	prog_wait();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*setup)(void), (*lose)(void), (*verify)(void);
	} variants[] = {
		{ "rest", rest_setup, lose, rest_verify },
		{ "wide", wide_setup, lose, wide_verify },
		{ "single", single_setup, lose, single_verify },
		{ "unmapped", unmapped_setup, unmapped_lose, unmapped_verify },
		{ "closed", closed_setup, closed_lose, closed_verify },
	};
	size_t i;

	prog_start(argc, argv);
	if (prog_is("family")) {
		family();
		family_done();
	}
	if (prog_is("small")) {
		small();
		prog_done();
	}
	for (i = 0; i < ARRAY_SIZE(variants); i++) {
		if (!prog_is(variants[i].name))
			continue;
		variants[i].setup();
		prog_ready();
		prog_wait();
		if (prog_losing)
			variants[i].lose();
		variants[i].verify();
		prog_done();
	}
	prog_say("SETUP: no variant %s", prog_variant);
	return 2;
}
