// SPDX-License-Identifier: GPL-2.0
/*
 * mqueue - POSIX message queues are as they were, and who waits goes on waiting
 *
 * All of it is in an IPC namespace of its own, which goes with the program, but
 * in variants that end in "-here".
 *
 * Variants:
 * state: limits, messages, permissions, times, descriptors, notifications;
 * queues without a name, and one that nobody has open.
 * state-here: the same with queues without a name, in the namespace of the test.
 * waiters: processes that wait for a message, for room and for a limited time;
 * one that is notified; one queue in several open files of several processes.
 * exec: who registered has executed another program since.
 * lab-here: one process with a queue without a name, for images that are damaged.
 * mounted-here: opened in a mounted mqueue file system; removed meanwhile.
 */
#include "family.h"
#include <mqueue.h>
#include <sys/epoll.h>

#define BIG 6000
#define SIG (SIGRTMIN + 3)
#define TIMEOUT_MS 8000

static int here(void)
{
	return !!strstr(prog_variant, "-here");
}

/* The first process; its number outlives other programs. */
static pid_t root;

/* A name that no other program has: all of them are restarted in one namespace. */
static const char *queue_name(const char *what)
{
	static char buf[4][64];
	static int next;
	char *p = buf[next++ % 4];

	snprintf(p, sizeof(buf[0]), "/job-%s-%d", what, root);
	return p;
}

static void remove_all(const char *const *list, int nr)
{
	while (nr--)
		mq_unlink(queue_name(list[nr]));
}

static mqd_t make(const char *what, int flags, mode_t mode, long maxmsg, long msgsize)
{
	struct mq_attr attr = { .mq_maxmsg = maxmsg, .mq_msgsize = msgsize };
	mqd_t q = must(mq_open(queue_name(what), flags | O_CREAT | O_EXCL, mode, &attr));

	if (here() && !strstr(prog_variant, "mounted"))
		must(mq_unlink(queue_name(what)));
	return q;
}

static void put(mqd_t q, unsigned int prio, size_t len, uint64_t seed)
{
	static char text[BIG];

	fill(text, sizeof(text), seed);
	must(mq_send(q, text, len, prio));
}

static void want_message(const char *what, mqd_t q, unsigned int prio, size_t len, uint64_t seed)
{
	static char text[BIG + 8];
	struct timespec now = {};
	unsigned int got = 0;
	ssize_t n = mq_timedreceive(q, text, sizeof(text), &got, &now);

	if (n < 0) {
		prog_fail("%s: %s", what, strerror(errno));
		return;
	}
	want_u64("length", n, len);
	want_u64("priority", got, prio);
	want_fill(what, text, len & ~7UL, seed);
}

static void want_nothing(const char *what, mqd_t q)
{
	static char text[BIG + 8];
	struct timespec now = {};

	want_u64(what, mq_timedreceive(q, text, sizeof(text), NULL, &now), -1);
	want(errno == EAGAIN || errno == ETIMEDOUT);
}

static void notify(mqd_t q, int how, int sig, long value)
{
	struct sigevent ev = { .sigev_notify = how, .sigev_signo = sig, .sigev_value.sival_ptr = (void *)value };

	must(mq_notify(q, &ev));
}

static void want_notice(const char *what, int sig, long value, pid_t from)
{
	struct timespec limit = { .tv_sec = 60 };
	siginfo_t info = {};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	if (sigtimedwait(&set, &info, &limit) != sig) {
		prog_fail("%s: %s", what, strerror(errno));
		return;
	}
	want_u64(what, info.si_code, SI_MESGQ);
	want_u64("value", (uintptr_t)info.si_value.sival_ptr, value);
	want_u64("pid", info.si_pid, from);
	want_u64("uid", info.si_uid, getuid());
}

static void block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
}

/* What is known of a descriptor; reading tells of the queue and changes the time of access. */
struct seen {
	char text[100];
	struct mq_attr attr;
	struct stat st;
	int flags;
	off_t pos;
};

static void look(mqd_t q, struct seen *s)
{
	memset(s, 0, sizeof(*s));
	must(fstat(q, &s->st));
	must(mq_getattr(q, &s->attr));
	s->flags = must(fcntl(q, F_GETFL));
	s->pos = must(lseek(q, 0, SEEK_CUR));
	if ((s->flags & O_ACCMODE) != O_WRONLY)
		must(pread(q, s->text, sizeof(s->text) - 1, 0));
}

static void want_seen(const char *what, mqd_t q, const struct seen *was)
{
	struct seen now;
	int failed = prog_failed;

	prog_failed = 0;
	look(q, &now);
	want_u64("mode", now.st.st_mode, was->st.st_mode);
	want_u64("uid", now.st.st_uid, was->st.st_uid);
	want_u64("gid", now.st.st_gid, was->st.st_gid);
	want_u64("links", now.st.st_nlink, was->st.st_nlink);
	want_u64("mtime", now.st.st_mtime, was->st.st_mtime);
	want_u64("mtime, ns", now.st.st_mtim.tv_nsec, was->st.st_mtim.tv_nsec);
	want_u64("flags", now.flags, was->flags);
	want_u64("position", now.pos, was->pos);
	want_u64("mq_flags", now.attr.mq_flags, was->attr.mq_flags);
	want_u64("mq_maxmsg", now.attr.mq_maxmsg, was->attr.mq_maxmsg);
	want_u64("mq_msgsize", now.attr.mq_msgsize, was->attr.mq_msgsize);
	want_u64("mq_curmsgs", now.attr.mq_curmsgs, was->attr.mq_curmsgs);
	want_str("text", now.text, was->text);
	if (prog_failed)
		prog_fail("this was %s", what);
	prog_failed |= failed;
}

enum { PLAIN, COPY, RDONLY, GONE, AGAIN, NOTE, QUIET, QUEUED, FULL, NR };

static const char *const names[NR] = {
	"plain", "copy", "rdonly", "gone", "again", "note", "quiet", "queued", "full",
};

static void state_main(void)
{
	struct seen was[NR], gone;
	mqd_t q[NR], lone;
	char part[10];
	int i;

	block(SIG);
	block(SIG + 1);
	q[PLAIN] = make("plain", O_RDWR, 0640, 9, BIG);
	put(q[PLAIN], 1, 100, 1);
	put(q[PLAIN], 7, 0, 2);
	put(q[PLAIN], 7, BIG, 3);
	put(q[PLAIN], 32767, 8, 4);
	put(q[PLAIN], 1, 56, 5);
	put(q[PLAIN], 0, 5000, 6);
	must(fchown(q[PLAIN], 1234, 4321));
	must(fchmod(q[PLAIN], 0604));
	q[COPY] = must(dup(q[PLAIN]));
	if (here()) {
		q[RDONLY] = make("rdonly", O_RDONLY | O_NONBLOCK, 0600, 2, 64);
	} else {
		q[RDONLY] = must(mq_open(queue_name("plain"), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
		must(read(q[RDONLY], part, sizeof(part)));
	}
	q[GONE] = make("gone", O_RDWR, 0600, 3, 64);
	put(q[GONE], 5, 64, 7);
	if (!here())
		must(mq_unlink(queue_name("gone")));
	q[AGAIN] = make("gone", O_RDWR, 0660, 2, 32);
	put(q[AGAIN], 6, 32, 8);
	q[NOTE] = make("note", O_RDWR, 0600, 2, 32);
	notify(q[NOTE], SIGEV_SIGNAL, SIG, 0x123456789abcdefL);
	q[QUIET] = make("quiet", O_RDWR, 0600, 2, 32);
	notify(q[QUIET], SIGEV_NONE, 0, 0);
	q[QUEUED] = make("queued", O_RDWR | O_NONBLOCK, 0600, 2, 32);
	notify(q[QUEUED], SIGEV_SIGNAL, SIG + 1, 77);
	put(q[QUEUED], 0, 32, 9);
	q[FULL] = make("full", O_WRONLY | O_NONBLOCK, 0200, 1, 8);
	put(q[FULL], 3, 8, 10);
	if (!here()) {
		lone = make("lone", O_WRONLY, 0444, 4, 128);
		put(lone, 9, 128, 11);
		must(mq_close(lone));
		/* Nobody sees it. */
		lone = make("removed", O_WRONLY, 0444, 4, 128);
		must(mq_unlink(queue_name("removed")));
		must(mq_close(lone));
	}
	for (i = 0; i < NR; i++)
		look(q[i], &was[i]);
	must(fstat(q[GONE], &gone.st));
	prog_ready();
	prog_wait();
	if (prog_losing) {
		must(mq_receive(q[PLAIN], (char[BIG]){}, BIG, NULL));
		must(mq_notify(q[NOTE], NULL));
		must(mq_notify(q[QUIET], NULL));
		must(fcntl(q[RDONLY], F_SETFL, 0));
	}
	if (!prog_losing) {
		struct stat st;

		must(fstat(q[GONE], &st));
		want_u64("atime", st.st_atime, gone.st.st_atime);
		want_u64("ctime", st.st_ctime, gone.st.st_ctime);
		want_u64("ctime, ns", st.st_ctim.tv_nsec, gone.st.st_ctim.tv_nsec);
	}
	for (i = 0; i < NR; i++)
		want_seen(names[i], q[i], &was[i]);
	if (!prog_losing)
		want_message("the most urgent", q[PLAIN], 32767, 8, 4);
	want_message("the first of two", q[COPY], 7, 0, 2);
	want_message("the second of two", here() ? q[PLAIN] : q[RDONLY], 7, BIG, 3);
	want_message("the first of the next", q[PLAIN], 1, 100, 1);
	want_message("the second of the next", q[PLAIN], 1, 56, 5);
	want_message("the least urgent", q[PLAIN], 0, 5000, 6);
	want_nothing("the empty queue", q[COPY]);
	want_message("without a name", q[GONE], 5, 64, 7);
	want_message("with its name", q[AGAIN], 6, 32, 8);
	want_message("notified", q[QUEUED], 0, 32, 9);
	want_u64("the full queue", mq_send(q[FULL], part, 8, 0), -1);
	want_u64("its error", errno, EAGAIN);
	want_notice("what had been queued", SIG + 1, 77, getpid());
	/* Registered still: it can be done once. */
	want_u64("second registration", mq_notify(q[QUIET], &(struct sigevent){ .sigev_notify = SIGEV_NONE }), -1);
	want_u64("its error", errno, EBUSY);
	put(q[NOTE], 1, 8, 12);
	if (!prog_losing)
		want_notice("message", SIG, 0x123456789abcdefL, getpid());
	put(q[QUIET], 1, 8, 13);
	notify(q[QUIET], SIGEV_NONE, 0, 0);
	if (here())
		return;
	lone = mq_open(queue_name("lone"), O_RDONLY);
	want(lone >= 0);
	want_message("of the lone one", lone, 9, 128, 11);
	want_u64("a queue that was removed", mq_open(queue_name("removed"), O_RDONLY), -1);
	want_u64("a queue that is there", mq_open(queue_name("gone"), O_RDONLY | O_CREAT | O_EXCL, 0600, NULL), -1);
	want_u64("removal", mq_unlink(queue_name("gone")), 0);
	want_u64("second removal", mq_unlink(queue_name("gone")), -1);
	want_u64("removal of the lone one", mq_unlink(queue_name("lone")), 0);
	remove_all(names, NR);
}

/* Several processes */

static mqd_t shared, full, never, note;

static void reader(long arg)
{
	char text[64];
	unsigned int prio = 0;

	member_ready();
	want_u64("message waited for", mq_receive(shared, text, sizeof(text), &prio), 48);
	want_u64("its priority", prio, 12);
	want_fill("its text", text, 48, 30);
	/* The other way around, over a descriptor of its own. */
	mqd_t own = mq_open(queue_name("shared"), O_WRONLY);

	want(own >= 0);
	if (own >= 0)
		put(own, 13, 40, 31);
}

static void writer(long arg)
{
	mqd_t own = must(mq_open(queue_name("full"), O_WRONLY));
	char text[64];

	fill(text, sizeof(text), 32);
	member_ready();
	want_u64("room waited for", mq_send(own, text, sizeof(text), 9), 0);
}

static void timed(long arg)
{
	struct timespec end;
	char text[64];

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += TIMEOUT_MS / 1000;
	member_ready();
	want_u64("wait without end", mq_timedreceive(never, text, sizeof(text), NULL, &end), -1);
	want_u64("its error", errno, ETIMEDOUT);
	want(now_ns(CLOCK_REALTIME) >= end.tv_sec * SEC + end.tv_nsec);
}

static void notified(long arg)
{
	block(SIG);
	notify(note, SIGEV_SIGNAL, SIG, 5);
	member_ready();
	want_notice("a child's notice", SIG, 5, getppid());
	want_message("what it is about", note, 2, 16, 33);
}

static void waiters_main(void)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 99 }, got = {};
	pid_t pids[4];
	int ep, i;

	shared = make("shared", O_RDWR, 0600, 4, 64);
	full = make("full", O_RDWR, 0600, 1, 64);
	never = make("never", O_RDONLY, 0400, 4, 64);
	note = make("note", O_RDWR, 0600, 4, 64);
	put(full, 1, 64, 34);
	ep = must(epoll_create1(0));
	must(epoll_ctl(ep, EPOLL_CTL_ADD, full, &ev));
	ev.events = EPOLLIN | EPOLLET;
	must(epoll_ctl(ep, EPOLL_CTL_ADD, note, &ev));
	pids[0] = spawn(reader, 0);
	pids[1] = spawn(writer, 0);
	pids[2] = spawn(timed, 0);
	pids[3] = spawn(notified, 0);
	must_soon(load(board->ready) == 4);
	/* Nothing shows who waits: a moment is enough. */
	sleep_ms(100);
	prog_ready();
	prog_wait();
	if (prog_losing) {
		must(mq_close(shared));
		shared = make("shared-2", O_RDWR, 0600, 4, 64);
		must(mq_receive(full, (char[64]){}, 64, NULL));
		kill(pids[3], SIGKILL);
	}
	want_u64("epoll", epoll_wait(ep, &got, 1, 0), 1);
	want_u64("its data", got.data.u64, 99);
	put(shared, 12, 48, 30);
	put(note, 2, 16, 33);
	want_status("reader", pids[0], 0, 0);
	want_message("what the reader sent", shared, 13, 40, 31);
	want_message("in the full queue", full, 1, 64, 34);
	want_status("writer", pids[1], 0, 0);
	want_message("what waited for room", full, 9, 64, 32);
	want_status("notified", pids[3], 0, 0);
	if (!comes_true(waitpid(pids[2], &i, WNOHANG) == pids[2], TIMEOUT_MS + 30 * 1000))
		prog_fail("the limited wait does not end");
	else
		want_u64("limited wait", i, 0);
	remove_all((const char *const []){ "shared", "full", "never", "note" }, 4);
}

/* Another program is not told of what it did not ask for. */
static void exec_main(int argc, char **argv)
{
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };
	mqd_t q;

	if (!getenv("MQUEUE_EXECED")) {
		q = make("exec", O_RDWR, 0600, 4, 64);
		must(fcntl(q, F_SETFD, 0));
		must(dup2(q, 77));
		must(close(q));
		notify(77, SIGEV_SIGNAL, SIGUSR1, 1);
		must(setenv("MQUEUE_EXECED", "1", 1));
		must(execv("/proc/self/exe", argv));
	}
	q = 77;
	block(SIGUSR1);
	prog_ready();
	prog_wait();
	if (prog_losing) {
		must(mq_notify(q, NULL));
		notify(q, SIGEV_SIGNAL, SIGUSR1, 1);
	}
	want_u64("registration", mq_notify(q, &ev), -1);
	want_u64("its error", errno, EBUSY);
	put(q, 1, 8, 1);
	sigset_t set;

	must(sigpending(&set));
	want_u64("signal", sigismember(&set, SIGUSR1), 0);
	want_u64("registration behind a message", mq_notify(q, &ev), 0);
	want_u64("removal", mq_unlink(queue_name("exec")), 0);
}

static void lab_main(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIG };
	mqd_t q = make("lab", O_RDWR, 0600, 4, 64);

	signal(SIG, SIG_IGN);
	put(q, 3, 64, 1);
	must(mq_notify(q, &ev));
	prog_ready();
	prog_wait();
	want_message("of the queue", q, 3, 64, 1);
}

static void mounted_main(void)
{
	mqd_t q = make("mounted", O_RDWR, 0600, 4, 64);
	struct seen was, was_file;
	char path[100];
	int f;

	snprintf(path, sizeof(path), "/dev/mqueue%s", queue_name("mounted"));
	f = must(open(path, O_RDONLY));
	put(q, 3, 64, 1);
	look(q, &was);
	must(lseek(f, 7, SEEK_SET));
	look(f, &was_file);
	prog_ready();
	prog_wait();
	if (prog_losing)
		put(q, 4, 64, 2);
	want_seen("the queue", q, &was);
	want_seen("the file", f, &was_file);
	want_message("of the queue", f, 3, 64, 1);
	want_nothing("the same queue", q);
	want_u64("removal", mq_unlink(queue_name("mounted")), 0);
}

int main(int argc, char **argv)
{
	root = getpid();
	/* With a descriptor of the program before; to close any ends the registration. */
	if (getenv("MQUEUE_EXECED")) {
		prog_dir = argv[1];
		prog_losing = !strcmp(argv[2], "lose");
		prog_variant = argv[3];
		exec_main(argc, argv);
		prog_done();
	}
	prog_start(argc, argv);
	board_make();
	if (!here())
		must(unshare(CLONE_NEWIPC));
	if (prog_is("state") || prog_is("state-here"))
		state_main();
	else if (prog_is("waiters"))
		waiters_main();
	else if (prog_is("exec"))
		exec_main(argc, argv);
	else if (prog_is("lab-here"))
		lab_main();
	else if (prog_is("mounted-here"))
		mounted_main();
	family_done();
}
