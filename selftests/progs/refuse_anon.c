// SPDX-License-Identifier: GPL-2.0
/*
 * refuse_anon - descriptors of anonymous files, and rings, that a checkpoint has to refuse
 *
 * See refuse.h, and the table at the end.
 */
#include "refuse.h"
#include <linux/aio_abi.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/uio.h>

static void make_userfaultfd(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };

	fd = need(syscall(SYS_userfaultfd, O_CLOEXEC));
	need(ioctl(fd, UFFDIO_API, &api));
}

static void watch(void *at, size_t len)
{
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)at, .len = len }, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	must(ioctl(fd, UFFDIO_REGISTER, &reg));
}

/* Somebody else resolves the faults. */
static void make_userfaultfd_given(void)
{
	make_userfaultfd(0);
	mem = area(4 * PAGE, PROT_READ | PROT_WRITE);
	fill(mem, PAGE, 4);
	watch(mem + PAGE, PAGE);
	give_away(fd);
	fd = -1;
}

/* The memory of a process that is not of the hierarchy. */
static void make_userfaultfd_outside(void)
{
	pid_t pid;
	int fds[2];

	must(pipe(fds));
	pid = must(syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL));
	if (!pid) {
		if (syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL))
			_exit(0);
		make_userfaultfd(0);
		/* Its own descriptors from now on. */
		must(unshare(CLONE_FILES));
		must(write(fds[1], &fd, sizeof(fd)));
		close(fd);
		while (!prog_may_go() && !access(prog_dir, F_OK))
			sleep_ms(20);
		_exit(0);
	}
	given = 1;
	must(read(fds[0], &fd, sizeof(fd)));
	must(waitpid(pid, NULL, 0));
	close(fds[0]);
	close(fds[1]);
}

/* Somebody else reads what is missing. */
static void make_userfaultfd_fault(void)
{
	struct iovec to = { .iov_len = 1 }, from = { .iov_len = 1 };
	pid_t pid, self = getpid();
	struct uffd_msg msg;
	char byte;

	make_userfaultfd(0);
	mem = area(4 * PAGE, PROT_READ | PROT_WRITE);
	watch(mem, PAGE);
	pid = must(fork());
	if (!pid) {
		if (fork())
			_exit(0);
		close(fd);
		to.iov_base = &byte;
		from.iov_base = mem;
		syscall(SYS_process_vm_readv, self, &to, 1, &from, 1, 0);
		_exit(0);
	}
	must(waitpid(pid, NULL, 0));
	/* It waits. */
	must(read(fd, &msg, sizeof(msg)) == sizeof(msg) ? 0 : -1);
}

static void check_userfaultfd_fault(void)
{
	struct uffdio_zeropage z = { .range = { .start = (uintptr_t)mem, .len = PAGE } };

	want_u64("UFFDIO_ZEROPAGE", ioctl(fd, UFFDIO_ZEROPAGE, &z), 0);
}

static void make_userfaultfd_huge(void)
{
	make_userfaultfd(0);
	mem = (void *)need(mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0));
	watch(mem, 2 << 20);
}

static struct io_uring_params ring;
static unsigned char *rings;

static void ring_make(unsigned int flags, unsigned int cq_entries)
{
	ring.flags = flags;
	ring.cq_entries = cq_entries;
	fd = need(syscall(SYS_io_uring_setup, 4, &ring));
}

/* Submit entries of a kind that have the flags. */
static void ring_submit(int opcode, int what, int flags, int nr)
{
	struct io_uring_sqe *sqes;
	int i;

	rings = (void *)must(mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING));
	sqes = (void *)must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES));
	for (i = 0; i < nr; i++) {
		memset(&sqes[i], 0, sizeof(sqes[i]));
		sqes[i].opcode = opcode;
		sqes[i].fd = what;
		sqes[i].flags = flags;
		if (opcode == IORING_OP_POLL_ADD)
			sqes[i].poll32_events = 1 /* POLLIN */;
		((uint32_t *)(rings + ring.sq_off.array))[i] = i;
	}
	__atomic_store_n((uint32_t *)(rings + ring.sq_off.tail), nr, __ATOMIC_RELEASE);
	must(syscall(SYS_io_uring_enter, fd, nr, 0, 0, NULL, 0) == nr ? 0 : -1);
}

static void ring_register(int what, void *arg, int nr)
{
	need(syscall(SYS_io_uring_register, fd, what, arg, nr));
}

static void make_io_uring_flight(void)
{
	int fds[2];

	must(pipe(fds));
	ring_make(0, 0);
	ring_submit(IORING_OP_POLL_ADD, fds[0], 0, 3);
}

static void make_io_uring_worker(void)
{
	ring_make(0, 0);
	ring_submit(IORING_OP_NOP, 0, IOSQE_ASYNC, 1);
	must(syscall(SYS_io_uring_enter, fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0));
}

static void make_io_uring_overflow(void)
{
	ring_make(IORING_SETUP_CQSIZE, 4);
	ring_submit(IORING_OP_NOP, 0, 0, 4);
	__atomic_store_n((uint32_t *)(rings + ring.sq_off.tail), 6, __ATOMIC_RELEASE);
	must(syscall(SYS_io_uring_enter, fd, 2, 0, 0, NULL, 0));
}

static void make_io_uring_sqpoll(void)
{
	ring_make(IORING_SETUP_SQPOLL, 0);
}

static void make_io_uring_disabled(void)
{
	ring_make(IORING_SETUP_R_DISABLED, 0);
}

static void make_io_uring_eventfd(void)
{
	int event = must(eventfd(0, 0));

	ring_make(0, 0);
	ring_register(IORING_REGISTER_EVENTFD, &event, 1);
	close(event);
}

static void make_io_uring_files(void)
{
	int file = make_file("data", PAGE, 1);

	ring_make(0, 0);
	ring_register(IORING_REGISTER_FILES, &file, 1);
	close(file);
}

static void make_io_uring_buffers(void)
{
	struct iovec iov = { .iov_base = &ring, .iov_len = sizeof(ring) };

	ring_make(0, 0);
	ring_register(IORING_REGISTER_BUFFERS, &iov, 1);
}

static void make_io_uring_personality(void)
{
	ring_make(0, 0);
	ring_register(IORING_REGISTER_PERSONALITY, NULL, 0);
}

static void make_io_uring_ring_fd(void)
{
	/* struct io_uring_rsrc_update */
	struct {
		uint32_t offset, resv;
		uint64_t data;
	} update = { .offset = -1U };

	ring_make(0, 0);
	update.data = fd;
	need(syscall(SYS_io_uring_register, fd, 20 /* IORING_REGISTER_RING_FDS */, &update, 1));
}

static void *ring_thread(void *arg)
{
	ring_make(1U << 12 /* IORING_SETUP_SINGLE_ISSUER */, 0);
	return NULL;
}

static void make_io_uring_gone(void)
{
	pthread_t t;

	must(pthread_create(&t, NULL, ring_thread, NULL) ? -1 : 0);
	must(pthread_join(t, NULL) ? -1 : 0);
}

static void make_io_uring_part(void)
{
	ring_make(0, 0);
	mem = (void *)must(mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING));
	must(munmap(mem, PAGE));
}

static void make_aio(void)
{
	struct iocb cb = { .aio_lio_opcode = 5 /* IOCB_CMD_POLL */, .aio_buf = 1 /* POLLIN */ }, *list = &cb;
	aio_context_t ctx = 0;
	int fds[2];

	must(pipe(fds));
	cb.aio_fildes = fds[0];
	need(syscall(SYS_io_setup, 16, &ctx));
	/* Nobody will ever write. */
	need(syscall(SYS_io_submit, ctx, 1, &list));
}

static void make_aio_unmapped(void)
{
	aio_context_t ctx = 0, other = 0;

	need(syscall(SYS_io_setup, 16, &ctx));
	need(syscall(SYS_io_setup, 16, &other));
	must(munmap((void *)ctx, PAGE));
}

static void make_aio_readonly(void)
{
	aio_context_t ctx = 0;

	need(syscall(SYS_io_setup, 16, &ctx));
	must(mprotect((void *)ctx, PAGE, PROT_READ));
}

static void make_aio_dontfork(void)
{
	aio_context_t ctx = 0;

	need(syscall(SYS_io_setup, 16, &ctx));
	must(madvise((void *)ctx, PAGE, MADV_DONTFORK));
}

/* A child has epoll watch a signalfd, and ends. */
static void make_epoll_signalfd_gone(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	sigset_t set;
	int sigfd;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigfd = need(signalfd(-1, &set, 0));
	fd = need(epoll_create1(0));
	pid = fork();
	must(pid);
	if (!pid)
		_exit(epoll_ctl(fd, EPOLL_CTL_ADD, sigfd, &ev) != 0);
	must(waitpid(pid, NULL, 0));
}

static void make_perf(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_TASK_CLOCK,
	};

	fd = need(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static void make_bpf(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1 };

	fd = need(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

/* The memory alone: the descriptors are closed. */
static void make_perf_mapped(void)
{
	make_perf();
	need(mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	close(fd);
	fd = -1;
}

static void make_bpf_mapped(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
	};

	fd = need(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
	must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	close(fd);
	fd = -1;
}

static int bpf_load(int type, int attach, int value)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = value },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = type, .insns = (uintptr_t)code, .insn_cnt = ARRAY_SIZE(code),
		.license = (uintptr_t)"GPL", .expected_attach_type = attach,
	};

	return need(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
}

static void make_bpf_prog(void)
{
	fd = bpf_load(BPF_PROG_TYPE_SOCKET_FILTER, 0, 0);
}

static void make_bpf_link(void)
{
	int prog = bpf_load(BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, 1 /* SK_PASS */);
	int net = must(open("/proc/self/ns/net", O_RDONLY));
	union bpf_attr attr = {
		.link_create = { .prog_fd = prog, .target_fd = net, .attach_type = BPF_SK_LOOKUP },
	};

	fd = need(syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)));
	close(prog);
	close(net);
}

static const struct refuse_state states[] = {
	{ "userfaultfd_given", make_userfaultfd_given, check_mem },
	{ "userfaultfd_outside", make_userfaultfd_outside },
	{ "userfaultfd_fault", make_userfaultfd_fault, check_userfaultfd_fault },
	{ "userfaultfd_huge", make_userfaultfd_huge },
	{ "io_uring_flight", make_io_uring_flight },
	{ "io_uring_worker", make_io_uring_worker },
	{ "io_uring_overflow", make_io_uring_overflow },
	{ "io_uring_sqpoll", make_io_uring_sqpoll },
	{ "io_uring_disabled", make_io_uring_disabled },
	{ "io_uring_eventfd", make_io_uring_eventfd },
	{ "io_uring_files", make_io_uring_files },
	{ "io_uring_buffers", make_io_uring_buffers },
	{ "io_uring_personality", make_io_uring_personality },
	{ "io_uring_ring_fd", make_io_uring_ring_fd },
	{ "io_uring_gone", make_io_uring_gone },
	{ "io_uring_part", make_io_uring_part },
	{ "aio", make_aio },
	{ "aio_unmapped", make_aio_unmapped },
	{ "aio_readonly", make_aio_readonly },
	{ "aio_dontfork", make_aio_dontfork },
	{ "epoll_signalfd_gone", make_epoll_signalfd_gone },
	{ "perf", make_perf },
	{ "perf_mapped", make_perf_mapped },
	{ "bpf", make_bpf },
	{ "bpf_mapped", make_bpf_mapped },
	{ "bpf_prog", make_bpf_prog },
	{ "bpf_link", make_bpf_link },
};

int main(int argc, char **argv)
{
	refuse_run(argc, argv, states, ARRAY_SIZE(states));
}
