// SPDX-License-Identifier: GPL-2.0
/*
 * sysv - System V IPC of several processes is the same after the restart
 *
 * All of it is in an IPC namespace of its own, which goes with the program, but
 * in variants that end in "-here".
 *
 * Variants:
 * shm: segments that several processes have attached in several ways, one of
 * them removed, one locked, and one that nobody has attached.
 * shm-here: a removed segment of two processes in the namespace of the test.
 * shm-left-here: one with a key there, which stays behind when they are killed.
 * sem: a semaphore that is handed back and forth, one process that waits and
 * one that waits for a limited time; what is undone when processes end.
 * sysvsem: two processes that share what is undone (CLONE_SYSVSEM).
 * msg: messages in order, one who waits for a message and one for room.
 * lab-here: one process with a removed segment, for images that are damaged.
 */
#include "family.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#define LEN (8 * PAGE + 100)
#define KEY 0x5eed0001
#define TIMEOUT_MS 8000

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

static void own_namespace(void)
{
	if (strstr(prog_variant, "-here"))
		return;
	must(unshare(CLONE_NEWIPC));
}

static int sem_step(int id, int num, int op, int flags)
{
	struct sembuf sop = { .sem_num = num, .sem_op = op, .sem_flg = flags };

	return semop(id, &sop, 1);
}

static void sem_set(int id, int num, int value)
{
	union semun arg = { .val = value };

	must(semctl(id, num, SETVAL, arg));
}

/* Shared memory */

static int seg_id, lone_id;
static unsigned char *seg, *seg_ro;
static struct shmid_ds seg_was, lone_was;

static void seg_stat(int id, struct shmid_ds *ds)
{
	must(shmctl(id, IPC_STAT, ds));
}

static void want_seg(const char *what, int id, const struct shmid_ds *was)
{
	struct shmid_ds now;

	if (shmctl(id, IPC_STAT, &now)) {
		prog_fail("%s: segment %d: %s", what, id, strerror(errno));
		return;
	}
	want_u64("key", now.shm_perm.__key, was->shm_perm.__key);
	want_u64("mode", now.shm_perm.mode, was->shm_perm.mode);
	want_u64("uid", now.shm_perm.uid, was->shm_perm.uid);
	want_u64("gid", now.shm_perm.gid, was->shm_perm.gid);
	want_u64("cuid", now.shm_perm.cuid, was->shm_perm.cuid);
	want_u64("cgid", now.shm_perm.cgid, was->shm_perm.cgid);
	want_u64("size", now.shm_segsz, was->shm_segsz);
	want_u64("attached", now.shm_nattch, was->shm_nattch);
	want_u64("atime", now.shm_atime, was->shm_atime);
	want_u64("dtime", now.shm_dtime, was->shm_dtime);
	want_u64("ctime", now.shm_ctime, was->shm_ctime);
	want_u64("cpid", now.shm_cpid, was->shm_cpid);
	want_u64("lpid", now.shm_lpid, was->shm_lpid);
}

#define WORD(mem, nr) (*(volatile uint64_t *)((mem) + 6 * PAGE + 8 * (nr)))

static void shm_child(long nr)
{
	int status = 0;

	if (nr == 1) {
		/* Part of it is enough; the rest is two areas. */
		must(munmap(seg + 2 * PAGE, PAGE));
	}
	member_ready();
	member_wait(1);
	WORD(seg, nr) = 100 + nr;
	if (!comes_true(WORD(seg, 5) == 105, LIMIT_MS))
		want_u64("what the root wrote", WORD(seg, 5), 105);
	if (seg_ro && !comes_true(WORD(seg_ro, 5) == 105, LIMIT_MS))
		want_u64("what the root wrote, read-only", WORD(seg_ro, 5), 105);
	if (seg_ro) {
		pid_t pid = must(fork());

		if (!pid) {
			signal(SIGSEGV, SIG_DFL);
			WORD(seg_ro, 7) = 1;
			_exit(0);
		}
		must(waitpid(pid, &status, 0));
		want_u64("a write to what is read-only", WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, 1);
	}
	want_u64("detach", shmdt(seg), 0);
}

static void shm_main(void)
{
	int here = !!strstr(prog_variant, "-here"), left = prog_is("shm-left-here"), i, burn;
	struct shmid_ds ds;
	pid_t pids[2];

	/* An identifier with a sequence number. */
	for (i = 0; i < 3; i++) {
		burn = must(shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600));
		must(shmctl(burn, IPC_RMID, NULL));
	}
	seg_id = must(shmget(here && !left ? IPC_PRIVATE : KEY, LEN, IPC_CREAT | (left ? IPC_EXCL : 0) | 0640));
	seg = shmat(seg_id, NULL, 0);
	must((long)seg);
	fill(seg, 6 * PAGE, 21);
	if (!here) {
		seg_ro = shmat(seg_id, (void *)(0x600000000000 + 123), SHM_RDONLY | SHM_RND);
		must((long)seg_ro);
		lone_id = must(shmget(KEY + 1, 3 * PAGE, IPC_CREAT | 0604));
		unsigned char *p = shmat(lone_id, NULL, 0);

		must((long)p);
		fill(p, 3 * PAGE, 22);
		must(shmdt(p));
		seg_stat(lone_id, &ds);
		ds.shm_perm.uid = 1234;
		ds.shm_perm.gid = 4321;
		must(shmctl(lone_id, IPC_SET, &ds));
		must(shmctl(lone_id, SHM_LOCK, NULL));
	}
	for (i = 0; i < 2; i++)
		pids[i] = spawn(shm_child, i);
	must_soon(load(board->ready) == 2);
	if (here && !left)
		must(shmctl(seg_id, IPC_RMID, NULL));
	seg_stat(seg_id, &seg_was);
	if (!here)
		seg_stat(lone_id, &lone_was);
	prog_ready();
	prog_wait();
	if (prog_losing) {
		/* Memory of its own is what a bad restart would make of it. */
		must((long)mmap(seg, 9 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		fill(seg, 6 * PAGE, 21);
	}
	want_seg("attached", seg_id, &seg_was);
	want_fill("contents", seg, 6 * PAGE, 21);
	announce(1);
	WORD(seg, 5) = 105;
	for (i = 0; i < 2; i++)
		if (!comes_true(WORD(seg, i) == 100ULL + i, LIMIT_MS))
			want_u64("what a child wrote", WORD(seg, i), 100 + i);
	for (i = 0; i < 2; i++)
		want_status("child", pids[i], 0, 0);
	if (!here) {
		want_seg("lone", lone_id, &lone_was);
		unsigned char *p = shmat(lone_id, NULL, 0);

		want((long)p != -1);
		if ((long)p != -1) {
			want_fill("contents of the lone one", p, 3 * PAGE, 22);
			want_u64("detach", shmdt(p), 0);
		}
		want_u64("segment by key", shmget(KEY, 0, 0), seg_id);
		want_u64("removal", shmctl(lone_id, IPC_RMID, NULL), 0);
		want_u64("removal", shmctl(seg_id, IPC_RMID, NULL), 0);
		want_u64("detach", shmdt(seg_ro), 0);
	}
	if (left) {
		want_u64("segment by key", shmget(KEY, 0, 0), seg_id);
		want_u64("removal", shmctl(seg_id, IPC_RMID, NULL), 0);
	}
	want_u64("detach", shmdt(seg), 0);
	if (!prog_losing) {
		want_u64("segment that is gone", shmctl(seg_id, IPC_STAT, &ds), -1);
		want_u64("its error", errno, EINVAL);
	}
}

/* Semaphores */

enum { TURN, BACK, TIMED, UNDO, SHARED, NEVER, NR_SEMS };

#define ROUNDS 50

static int set;

static void sem_partner(long arg)
{
	int i;

	member_ready();
	for (i = 0; i < ROUNDS; i++) {
		/* It waits in the first one from before the checkpoint. */
		if (sem_step(set, TURN, -1, 0)) {
			prog_fail("turn %d: %s", i, strerror(errno));
			return;
		}
		want_u64("hand back", sem_step(set, BACK, 1, 0), 0);
	}
}

static void sem_timed(long arg)
{
	struct timespec ts = { .tv_sec = TIMEOUT_MS / 1000 };
	struct sembuf sop = { .sem_num = TIMED, .sem_op = -1 };
	long long begin = now_ns(CLOCK_MONOTONIC), took;
	int ret;

	member_ready();
	ret = semtimedop(set, &sop, 1, &ts);
	want_u64("wait without end", ret, -1);
	want_u64("its error", errno, EAGAIN);
	took = now_ns(CLOCK_MONOTONIC) - begin;
	/* Time goes on in between; the wait does not. */
	want_between("wait, ms", took / MS, TIMEOUT_MS, TIMEOUT_MS + 200 * 1000);
	store(board->slot[0], 1);
}

static void sem_undoer(long arg)
{
	must(sem_step(set, UNDO, 3, SEM_UNDO));
	must(sem_step(set, UNDO, -1, SEM_UNDO));
	must(sem_step(set, UNDO, 5, 0));
	member_ready();
	member_wait(2);
	if (prog_losing)
		sem_set(set, UNDO, 7);
}

static int undo_child(void *arg)
{
	must(sem_step(set, SHARED, 4, SEM_UNDO));
	member_ready();
	member_wait(1);
	_exit(0);
}

static struct semid_ds set_was;

static void sem_make(void)
{
	union semun arg = { .buf = &set_was };

	set = must(semget(KEY, NR_SEMS, IPC_CREAT | 0622));
	sem_set(set, NEVER, 77);
	must(semctl(set, 0, IPC_STAT, arg));
}

static void want_set(void)
{
	struct semid_ds now = {};
	union semun arg = { .buf = &now };

	want_u64("IPC_STAT", semctl(set, 0, IPC_STAT, arg), 0);
	want_u64("key", now.sem_perm.__key, set_was.sem_perm.__key);
	want_u64("mode", now.sem_perm.mode, set_was.sem_perm.mode);
	want_u64("semaphores", now.sem_nsems, NR_SEMS);
	want_u64("otime", now.sem_otime, set_was.sem_otime);
	want_u64("ctime", now.sem_ctime, set_was.sem_ctime);
	want_u64("value", semctl(set, NEVER, GETVAL), 77);
	want_u64("pid", semctl(set, NEVER, GETPID), getpid());
}

static void sem_main(void)
{
	union semun arg = { .buf = &set_was };
	pid_t partner, timed, undoer;
	int i;

	sem_make();
	partner = spawn(sem_partner, 0);
	timed = spawn(sem_timed, 0);
	undoer = spawn(sem_undoer, 0);
	must_soon(load(board->ready) == 3);
	must_soon(semctl(set, TURN, GETNCNT) == 1 && semctl(set, TIMED, GETNCNT) == 1);
	must(semctl(set, 0, IPC_STAT, arg));
	prog_ready();
	prog_wait();
	want_set();
	want_soon(semctl(set, TURN, GETNCNT) == 1);
	want_u64("last who changed it", semctl(set, UNDO, GETPID), undoer);
	for (i = 0; i < ROUNDS; i++) {
		want_u64("hand over", sem_step(set, TURN, 1, 0), 0);
		if (sem_step(set, BACK, -1, 0)) {
			prog_fail("back %d: %s", i, strerror(errno));
			break;
		}
	}
	want_status("partner", partner, 0, 0);
	want_u64("value before the end", semctl(set, UNDO, GETVAL), 7);
	announce(2);
	want_status("who is undone", undoer, 0, 0);
	want_u64("value after the end", semctl(set, UNDO, GETVAL), 5);
	if (!comes_true(load(board->slot[0]), TIMEOUT_MS + 30 * 1000))
		prog_fail("the limited wait does not end");
	want_status("limited wait", timed, 0, 0);
	want_u64("removal", semctl(set, 0, IPC_RMID), 0);
}

static void sysvsem_main(void)
{
	static char stack[64 * 1024] __attribute__((aligned(16)));
	pid_t pid;

	sem_make();
	must(sem_step(set, SHARED, 2, SEM_UNDO));
	pid = must(clone(undo_child, stack + sizeof(stack), CLONE_SYSVSEM | SIGCHLD, NULL));
	must_soon(load(board->ready) == 1);
	prog_ready();
	prog_wait();
	if (prog_losing)
		must(unshare(CLONE_SYSVSEM));
	announce(1);
	want_status("child", pid, 0, 0);
	/* The other half of the pair has it still. */
	want_u64("value while one is left", semctl(set, SHARED, GETVAL), 6);
	/* Leaving it is to be its end, for nobody else has it any more. */
	must(unshare(CLONE_SYSVSEM));
	want_u64("value after the end", semctl(set, SHARED, GETVAL), 0);
	want_u64("removal", semctl(set, 0, IPC_RMID), 0);
}

/* Message queues */

#define BIG 8000

struct message {
	long type;
	char text[BIG];
};

static int queue, full;

static void send(int id, long type, size_t len, uint64_t seed)
{
	static struct message m;

	fill(m.text, sizeof(m.text), seed);
	m.type = type;
	must(msgsnd(id, &m, len, 0));
}

static void want_message(const char *what, int id, long ask, long type, size_t len, uint64_t seed)
{
	static struct message m;
	long n = msgrcv(id, &m, sizeof(m.text), ask, IPC_NOWAIT);

	if (n < 0) {
		prog_fail("%s: %s", what, strerror(errno));
		return;
	}
	want_u64("length", n, len);
	want_u64("type", m.type, type);
	want_fill(what, m.text, len & ~7UL, seed);
}

static void msg_reader(long arg)
{
	struct message m;

	member_ready();
	want_u64("message waited for", msgrcv(queue, &m, sizeof(m.text), 99, 0), 16);
	want_fill("its text", m.text, 16, 9);
}

static void msg_writer(long arg)
{
	struct message m = { .type = 8 };

	fill(m.text, 4000, 10);
	member_ready();
	want_u64("room waited for", msgsnd(full, &m, 4000, 0), 0);
}

static void msg_main(void)
{
	struct msqid_ds was, now;
	pid_t reader, writer;
	int i;

	queue = must(msgget(KEY, IPC_CREAT | 0660));
	send(queue, 3, 100, 1);
	send(queue, 1, 0, 2);
	send(queue, 3, BIG, 3);
	send(queue, 7, 8, 4);
	full = must(msgget(IPC_PRIVATE, IPC_CREAT | 0600));
	for (i = 0; i < 4; i++)
		send(full, 5, 4000, 20 + i);
	reader = spawn(msg_reader, 0);
	writer = spawn(msg_writer, 0);
	must_soon(load(board->ready) == 2);
	sleep_ms(100);
	must(msgctl(queue, IPC_STAT, &was));
	prog_ready();
	prog_wait();
	if (prog_losing)
		must(msgrcv(queue, &(struct message){}, BIG, 1, 0));
	want_u64("IPC_STAT", msgctl(queue, IPC_STAT, &now), 0);
	want_u64("messages", now.msg_qnum, was.msg_qnum);
	want_u64("bytes", now.__msg_cbytes, was.__msg_cbytes);
	want_u64("room", now.msg_qbytes, was.msg_qbytes);
	want_u64("stime", now.msg_stime, was.msg_stime);
	want_u64("rtime", now.msg_rtime, was.msg_rtime);
	want_u64("ctime", now.msg_ctime, was.msg_ctime);
	want_u64("lspid", now.msg_lspid, was.msg_lspid);
	want_u64("lrpid", now.msg_lrpid, was.msg_lrpid);
	want_u64("mode", now.msg_perm.mode, was.msg_perm.mode);
	want_u64("queue by key", msgget(KEY, 0), queue);
	send(queue, 99, 16, 9);
	want_status("reader", reader, 0, 0);
	want_message("by type", queue, 7, 7, 8, 4);
	want_message("the first", queue, 0, 3, 100, 1);
	want_message("without text", queue, 0, 1, 0, 2);
	want_message("the big one", queue, 0, 3, BIG, 3);
	for (i = 0; i < 4; i++)
		want_message("in the full queue", full, 5, 5, 4000, 20 + i);
	want_status("writer", writer, 0, 0);
	want_message("what waited for room", full, 0, 8, 4000, 10);
	want_u64("removal", msgctl(queue, IPC_RMID, NULL), 0);
	want_u64("removal", msgctl(full, IPC_RMID, NULL), 0);
}

static void lab_main(void)
{
	seg_id = must(shmget(IPC_PRIVATE, LEN, IPC_CREAT | 0600));
	seg = shmat(seg_id, NULL, 0);
	must((long)seg);
	fill(seg, PAGE, 21);
	must(shmctl(seg_id, IPC_RMID, NULL));
	prog_ready();
	prog_wait();
	want_fill("contents", seg, PAGE, 21);
}

int main(int argc, char **argv)
{
	prog_start(argc, argv);
	board_make();
	own_namespace();
	if (prog_is("shm") || prog_is("shm-here") || prog_is("shm-left-here"))
		shm_main();
	else if (prog_is("sem"))
		sem_main();
	else if (prog_is("sysvsem"))
		sysvsem_main();
	else if (prog_is("msg"))
		msg_main();
	else if (prog_is("lab-here"))
		lab_main();
	family_done();
}
