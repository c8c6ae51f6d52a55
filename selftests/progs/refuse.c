// SPDX-License-Identifier: GPL-2.0
/*
 * refuse - holds one piece of state that a checkpoint has to refuse, and must go on unharmed
 *
 * See refuse.h, and the table at the end.
 */
#include "refuse.h"
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <termios.h>
#if defined(__x86_64__)
#include <asm/ldt.h>
#include <sys/io.h>
#endif

static void make_pipe(void)
{
	int fds[2];

	must(pipe(fds));
	must(write(fds[1], "in the pipe", 11));
	fd = fds[0];
}

static void check_pipe(void)
{
	char buf[16] = "";

	must(read(fd, buf, 15));
	want_str("contents of the pipe", buf, "in the pipe");
}

static void make_fifo_unlinked(void)
{
	must(mkfifo(prog_path("fifo"), 0600));
	fd = must(open(prog_path("fifo"), O_RDWR));
	must(write(fd, "in the pipe", 11));
	must(unlink(prog_path("fifo")));
}

static void make_unix_filter(void)
{
	struct sock_filter all = { 0x06, 0, 0, 0xffff };
	struct sock_fprog prog = { 1, &all };
	int fds[2];

	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
	fd = fds[0];
	must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
}

static void make_tcp(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	fd = need(socket(AF_INET, SOCK_STREAM, 0));
	must(bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
	must(listen(fd, 1));
}

static void make_netlink(void)
{
	fd = need(socket(AF_NETLINK, SOCK_RAW, 0));
}

static void make_packet(void)
{
	fd = need(socket(AF_PACKET, SOCK_RAW, 0));
}

/* The other end is in a process that is not of the hierarchy. */
static void make_unix_outside(void)
{
	int fds[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	must(write(fds[1], "in the pipe", 11));
	fd = fds[0];
	give_away(fds[1]);
}

static void make_epoll_outside(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int event = need(eventfd(5, 0));

	fd = need(epoll_create1(0));
	must(epoll_ctl(fd, EPOLL_CTL_ADD, event, &ev));
	give_away(event);
}

static void make_pipe_outside(void)
{
	int fds[2];

	must(pipe(fds));
	must(write(fds[1], "in the pipe", 11));
	fd = fds[0];
	give_away(fds[1]);
}

/* Nobody can make the parent of the program part of it. */
static void make_timer_outside(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec its = { .it_value.tv_sec = 100000 };
	clockid_t clock;

	must(clock_getcpuclockid(getppid(), &clock) ? -1 : 0);
	need(syscall(SYS_timer_create, clock, &ev, &given));
	must(syscall(SYS_timer_settime, given, 0, &its, NULL));
}

static void check_timer(void)
{
	struct itimerspec its = {};

	must(syscall(SYS_timer_gettime, given, &its));
	want_between("timer, s", its.it_value.tv_sec, 1, 100000);
}

static pid_t ended;

static void *end_soon(void *arg)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };

	ended = gettid();
	/* On its own CPU clock. */
	if (arg)
		must(syscall(SYS_timer_create, CLOCK_THREAD_CPUTIME_ID, &ev, &given));
	else
		while (!given)
			sleep_ms(1);
	return NULL;
}

static void make_timer_clock_gone(void)
{
	pthread_t t;

	must(pthread_create(&t, NULL, end_soon, &given) ? -1 : 0);
	must(pthread_join(t, NULL) ? -1 : 0);
}

static void make_timer_thread_gone(void)
{
	struct sigevent ev = { .sigev_notify = 4, .sigev_signo = SIGUSR1 };
	pthread_t t;
	int id;

	must(pthread_create(&t, NULL, end_soon, NULL) ? -1 : 0);
	while (!*(volatile pid_t *)&ended)
		sleep_ms(1);
	ev._sigev_un._tid = ended;
	must(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id));
	*(volatile int *)&given = 1;
	must(pthread_join(t, NULL) ? -1 : 0);
}

/* The file has a name, but not the one that it was opened by. */
static void make_hardlink(void)
{
	fd = make_file("data", PAGE, 1);
	must(link(prog_path("data"), prog_path("other")));
	must(unlink(prog_path("data")));
}

static void make_lease_break(void)
{
	close(make_file("data", PAGE, 1));
	signal(SIGIO, SIG_IGN);
	fd = must(open(prog_path("data"), O_RDONLY));
	need(fcntl(fd, F_SETLEASE, F_RDLCK));
	if (open(prog_path("data"), O_RDWR | O_NONBLOCK) >= 0)
		must(-1);
}

static void make_setown(void)
{
	fd = make_file("data", PAGE, 1);
	must(fcntl(fd, F_SETOWN, getppid()));
}

static void check_setown(void)
{
	want_u64("F_GETOWN", fcntl(fd, F_GETOWN), getppid());
}

static void make_pipe_setown(void)
{
	make_pipe();
	must(fcntl(fd, F_SETOWN, -getppid()) == -1 && errno == ESRCH ? fcntl(fd, F_SETOWN, getppid()) : 0);
}

static void make_proc_outside(void)
{
	fd = must(open("/proc/1/status", O_RDONLY));
}

static void make_proc_maps(void)
{
	fd = must(open("/proc/self/maps", O_RDONLY));
}

static void make_proc_fdinfo(void)
{
	fd = must(open("/proc/self/fdinfo/0", O_RDONLY));
}

/* A namespace that nobody is in but for the descriptor. */
static void make_ns_outside(void)
{
	int own = must(open("/proc/self/ns/uts", O_RDONLY));

	need(unshare(CLONE_NEWUTS));
	fd = must(open("/proc/self/ns/uts", O_RDONLY));
	must(setns(own, CLONE_NEWUTS));
	close(own);
}

/* An outsider, who ends when the program does, has the file open: it is not gone yet. */
static void make_inotify_unlinked(void)
{
	pid_t self = getpid(), between;

	close(make_file("watched", PAGE, 1));
	between = must(fork());
	if (!between) {
		if (must(fork()))
			_exit(0);
		must(open(prog_path("watched"), O_RDONLY));
		must(setsid());
		close(must(open(prog_path("open"), O_CREAT | O_WRONLY, 0600)));
		while (!kill(self, 0))
			sleep_ms(20);
		_exit(0);
	}
	must(waitpid(between, NULL, 0));
	while (access(prog_path("open"), F_OK))
		sleep_ms(5);
	fd = need(inotify_init());
	must(inotify_add_watch(fd, prog_path("watched"), IN_MODIFY));
	must(unlink(prog_path("watched")));
}

static void make_fanotify(void)
{
	fd = need(fanotify_init(FAN_CLASS_NOTIF, O_RDONLY));
}

static void make_memfd_xattr(void)
{
	fd = need(memfd_create("memfd", 0));
	need(fsetxattr(fd, "user.name", "value", 5, 0));
	must(write(fd, "in the pipe", 11));
	must(lseek(fd, 0, SEEK_SET));
}

static void make_secretmem(void)
{
	fd = need(syscall(SYS_memfd_secret, 0));
}

static void make_shm_huge(void)
{
	int id = need(shmget(IPC_PRIVATE, 2 << 20, IPC_CREAT | SHM_HUGETLB | 0600));

	mem = shmat(id, NULL, 0);
	must((long)mem);
	must(shmctl(id, IPC_RMID, NULL));
	fill(mem, 4 * PAGE, 4);
}

static void make_shm_elsewhere(void)
{
	int id = need(shmget(IPC_PRIVATE, 4 * PAGE, IPC_CREAT | 0600));

	mem = shmat(id, NULL, 0);
	must((long)mem);
	must(shmctl(id, IPC_RMID, NULL));
	fill(mem, 4 * PAGE, 4);
	need(unshare(CLONE_NEWIPC));
}

/* A set that is used without SEM_UNDO stays where it is, and the log says so. */
static void make_sem_used(void)
{
	struct sembuf op = { .sem_op = 1 };

	fd = need(semget(IPC_PRIVATE, 1, IPC_CREAT | 0600));
	must(semop(fd, &op, 1));
}

static void check_sem_used(void)
{
	want_u64("semaphore", semctl(fd, 0, GETVAL), 1);
	must(semctl(fd, 0, IPC_RMID));
}

static const char *queue_name(void)
{
	static char name[64];

	snprintf(name, sizeof(name), "/refuse-%d", getpid());
	return name;
}

/* The socket is gone; the queue has it still. */
static void make_mqueue_thread(void)
{
	char cookie[32] = "refuse";
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD, .sigev_value.sival_ptr = cookie };

	fd = need(mq_open(queue_name(), O_RDWR | O_CREAT, 0600, NULL));
	must(mq_unlink(queue_name()));
	ev.sigev_signo = need(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
	must(syscall(SYS_mq_notify, fd, &ev));
	must(close(ev.sigev_signo));
}

/* The child is checkpointed alone. */
static void make_mqueue_outside(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };

	fd = need(mq_open(queue_name(), O_RDWR | O_CREAT, 0600, NULL));
	must(mq_unlink(queue_name()));
	must(mq_notify(fd, &ev));
	make_target();
}

static void make_mqueue_elsewhere(void)
{
	fd = need(mq_open(queue_name(), O_RDWR | O_CREAT, 0600, NULL));
	must(mq_unlink(queue_name()));
	need(unshare(CLONE_NEWIPC));
}

static void make_mqueue_unlinked(void)
{
	char path[100];

	must(mq_close(need(mq_open(queue_name(), O_RDWR | O_CREAT, 0600, NULL))));
	snprintf(path, sizeof(path), "/dev/mqueue%s", queue_name());
	fd = need(open(path, O_RDONLY | O_CLOEXEC));
	must(mq_unlink(queue_name()));
}

static void make_seccomp_listener(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { 1, &allow };

	/* Whoever has the listener is outside. */
	give_away(need(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog)));
}

static void make_traced(void)
{
	make_target();
	need(ptrace(PTRACE_SEIZE, child, 0, 0));
}

static void make_pidfd_outside(void)
{
	fd = need(syscall(SYS_pidfd_open, getppid(), 0));
}

static void make_hugetlb_readonly(void)
{
	mem = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	need((long)mem);
	fill(mem, PAGE, 4);
	must(mprotect(mem, 2 << 20, PROT_READ));
}

static void make_session_keyring(void)
{
	need(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "refuse"));
}

static void make_thread_keyring(void)
{
	need(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_THREAD_KEYRING, 1));
}

static void make_process_keyring(void)
{
	need(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1));
}

static void make_kmsg(void)
{
	fd = need(open("/dev/kmsg", O_RDONLY));
}

static void make_unshared_uts(void)
{
	need(unshare(CLONE_NEWUTS));
}

static void make_unshared_net(void)
{
	need(unshare(CLONE_NEWNET));
}

static void make_unshared_ipc(void)
{
	need(unshare(CLONE_NEWIPC));
}

static void make_unshared_mnt(void)
{
	need(unshare(CLONE_NEWNS));
}

static void make_pidns_children(void)
{
	need(unshare(CLONE_NEWPID));
}

static void make_dev_mem(void)
{
	int f = need(open("/dev/mem", O_RDWR));

	mem = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, f, 0xa0000);
	need((long)mem);
	close(f);
}

#if defined(__x86_64__)
static void make_ldt(void)
{
	struct user_desc desc = { .entry_number = 1, .base_addr = 0x1000, .limit = 1, .seg_32bit = 1 };

	need(syscall(SYS_modify_ldt, 1, &desc, sizeof(desc)));
}

static void make_ioperm(void)
{
	need(ioperm(0x80, 1, 1));
}

static void make_iopl(void)
{
	need(iopl(3));
}
#endif

static void make_pkey_exec(void)
{
	int key = need(syscall(SYS_pkey_alloc, 0, 0));

	mem = area(PAGE, PROT_READ | PROT_WRITE);
	must(syscall(SYS_pkey_mprotect, mem, PAGE, PROT_EXEC, key));
}

/* A pseudo terminal; the master is fd, and the slave is returned. */
static int make_terminal(int mode)
{
	char name[32];
	int n, zero = 0;

	fd = need(open("/dev/ptmx", mode | O_NOCTTY));
	must(ioctl(fd, TIOCSPTLCK, &zero));
	must(ioctl(fd, TIOCGPTN, &n));
	snprintf(name, sizeof(name), "/dev/pts/%d", n);
	return must(open(name, O_RDWR | O_NOCTTY));
}

static void make_tty_locked(void)
{
	struct termios locked = { .c_lflag = ECHO };

	need(ioctl(make_terminal(O_RDWR), TIOCSLCKTRMIOS, &locked));
}

static void make_tty_discipline(void)
{
	int null = 27;

	need(ioctl(make_terminal(O_RDWR), TIOCSETD, &null));
}

static void make_tty_readonly(void)
{
	make_terminal(O_RDONLY);
}

static void make_landlock(void)
{
	uint64_t attr[1] = { 1 };
	int f = need(syscall(SYS_landlock_create_ruleset, attr, sizeof(attr), 0));

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	need(syscall(SYS_landlock_restrict_self, f, 0));
	close(f);
}

/* Several at once, for a dry run that has to name them all. */
static void make_many(void)
{
	make_timer_outside();
	make_pidfd_outside();
	make_shm_elsewhere();
	make_unix_outside();
}

static const struct refuse_state states[] = {
	{ "pipe_outside", make_pipe_outside, check_pipe },
	{ "fifo_unlinked", make_fifo_unlinked, check_pipe },
	{ "unix_outside", make_unix_outside, check_pipe },
	{ "unix_filter", make_unix_filter },
	{ "tcp", make_tcp },
	{ "netlink", make_netlink },
	{ "packet", make_packet },
	{ "epoll_outside", make_epoll_outside },
	{ "timer_outside", make_timer_outside, check_timer },
	{ "timer_clock_gone", make_timer_clock_gone },
	{ "timer_thread_gone", make_timer_thread_gone },
	{ "hardlink", make_hardlink },
	{ "lease_break", make_lease_break },
	{ "setown", make_setown, check_setown },
	{ "pipe_setown", make_pipe_setown, check_pipe },
	{ "proc_outside", make_proc_outside },
	{ "proc_maps", make_proc_maps },
	{ "proc_fdinfo", make_proc_fdinfo },
	{ "ns_outside", make_ns_outside },
	{ "inotify_unlinked", make_inotify_unlinked },
	{ "fanotify", make_fanotify },
	{ "memfd_xattr", make_memfd_xattr, check_pipe },
	{ "secretmem", make_secretmem },
	{ "shm_huge", make_shm_huge, check_mem },
	{ "shm_elsewhere", make_shm_elsewhere, check_mem },
	{ "sem_used", make_sem_used, check_sem_used },
	{ "mqueue_thread", make_mqueue_thread },
	{ "mqueue_outside", make_mqueue_outside },
	{ "mqueue_elsewhere", make_mqueue_elsewhere },
	{ "mqueue_unlinked", make_mqueue_unlinked },
	{ "seccomp_listener", make_seccomp_listener },
	{ "traced", make_traced },
	{ "pidfd_outside", make_pidfd_outside },
	{ "hugetlb_readonly", make_hugetlb_readonly, check_mem },
	{ "session_keyring", make_session_keyring },
	{ "thread_keyring", make_thread_keyring },
	{ "process_keyring", make_process_keyring },
	{ "kmsg", make_kmsg },
	{ "unshared_uts", make_unshared_uts },
	{ "unshared_net", make_unshared_net },
	{ "unshared_ipc", make_unshared_ipc },
	{ "unshared_mnt", make_unshared_mnt },
	{ "pidns_children", make_pidns_children },
	{ "dev_mem", make_dev_mem },
	{ "tty_locked", make_tty_locked },
	{ "tty_discipline", make_tty_discipline },
	{ "tty_readonly", make_tty_readonly },
#if defined(__x86_64__)
	{ "ldt", make_ldt },
	{ "ioperm", make_ioperm },
	{ "iopl", make_iopl },
#endif
	{ "pkey_exec", make_pkey_exec },
	{ "landlock", make_landlock },
	{ "many", make_many, check_pipe },
};

int main(int argc, char **argv)
{
	refuse_run(argc, argv, states, ARRAY_SIZE(states));
}
