// SPDX-License-Identifier: GPL-2.0
/*
 * pty - a pseudo terminal, both ends of which the program has, keeps its state
 *
 * Variants: modes: attributes, window size, node, flags; packet: packet mode and
 * what it has to tell; canon: lines, a line without an end, an end of file, an
 * LNEXT that waits for its character; raw: more than fits in either direction;
 * stopped: by TCOOFF and by STOP, with an echo that waits; tabs: columns;
 * locked; closed: the slave is closed; unopened: it never was open; dead: the
 * master is closed; vhangup: the slave is hung up, and opened again or not; peer:
 * opened by TIOCGPTPEER; many: several pairs; read and write: asleep in the call.
 */
#include "prog.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

static int m, s, n;
static char name[4200], buf[65536];

/* A devpts of our own, or that of all. */
static const char *pts(void)
{
	return access(prog_path("pts/ptmx"), F_OK) ? "/dev/pts" : prog_path("pts");
}

static int open_master(int flags)
{
	int fd, zero = 0;

	snprintf(name, sizeof(name), "%s/ptmx", pts());
	fd = must(open(name, O_RDWR | O_NOCTTY | flags));

	must(ioctl(fd, TIOCSPTLCK, &zero));
	must(ioctl(fd, TIOCGPTN, &n));
	snprintf(name, sizeof(name), "%s/%d", pts(), n);
	return fd;
}

static void make(void)
{
	m = open_master(0);
	s = must(open(name, O_RDWR | O_NOCTTY));
}

static void raw(void)
{
	struct termios t;

	must(tcgetattr(s, &t));
	cfmakeraw(&t);
	must(tcsetattr(s, TCSANOW, &t));
}

static void type(const char *text)
{
	must(write(m, text, strlen(text)));
}

/* What comes out of an end within a moment. */
static size_t drain(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	size_t have = 0;
	ssize_t got;

	while (poll(&p, 1, 300) > 0 && p.revents & POLLIN) {
		got = read(fd, buf + have, sizeof(buf) - 1 - have);
		if (got <= 0)
			break;
		have += got;
	}
	buf[have] = 0;
	return have;
}

static void want_out(const char *what, int fd, const char *want)
{
	drain(fd);
	want_str(what, buf, want);
}

/* One read that has to give a text at once. */
static void want_read(const char *what, int fd, const char *want)
{
	struct pollfd p = { fd, POLLIN, 0 };
	ssize_t got;

	if (poll(&p, 1, 2000) <= 0) {
		prog_fail("%s: nothing to read, want \"%s\"", what, want);
		return;
	}
	got = read(fd, buf, sizeof(buf) - 1);
	buf[got > 0 ? got : 0] = 0;
	want_u64(what, got, strlen(want));
	want_str(what, buf, want);
}

static void want_nothing(const char *what, int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	want_u64(what, poll(&p, 1, 100), 0);
}

static void same_name(int fd, int nr)
{
	struct stat st, node;
	char path[4300];
	int got = -1;

	want_u64("stat", fstat(fd, &st), 0);
	want_u64("device", st.st_rdev, 136 << 8 | nr);
	snprintf(path, sizeof(path), "%s/%d", pts(), nr);
	want_u64("stat of the node", stat(path, &node), 0);
	want_u64("inode", st.st_ino, node.st_ino);
	want_u64("isatty", isatty(fd), 1);
	want_u64("TIOCGPTN", ioctl(m, TIOCGPTN, &got), 0);
	want_u64("number", got, nr);
}

static struct termios termios;

static void modes_setup(void)
{
	struct winsize ws = { 33, 77, 600, 800 };
	int fd;

	/* So that the number is not the first. */
	fd = open_master(0);
	must(dup2(open_master(0), 20));
	m = open_master(O_CLOEXEC | O_NONBLOCK);
	close(fd);
	close(20);
	s = must(open(name, O_RDONLY | O_NOCTTY | O_APPEND));
	must(tcgetattr(s, &termios));
	termios.c_iflag ^= IXANY | IUTF8 | INLCR;
	termios.c_oflag ^= ONOCR | OFILL;
	termios.c_cflag |= HUPCL | PARODD;
	termios.c_lflag ^= ECHOCTL | TOSTOP | ICANON;
	termios.c_cc[VINTR] = 'x';
	termios.c_cc[VMIN] = 7;
	termios.c_cc[VTIME] = 3;
	cfsetispeed(&termios, B9600);
	cfsetospeed(&termios, B115200);
	must(tcsetattr(s, TCSANOW, &termios));
	must(tcgetattr(s, &termios));
	must(ioctl(s, TIOCSWINSZ, &ws));
	must(ioctl(s, TIOCEXCL));
	must(fchmod(s, 0624));
	must(fchown(s, 12, 34));
}

static void modes_verify(void)
{
	struct winsize ws = {};
	struct termios got;
	struct stat st;
	int excl = -1;

	want_u64("number", n, 2);
	same_name(s, 2);
	want_u64("attributes", tcgetattr(s, &got), 0);
	want_u64("c_iflag", got.c_iflag, termios.c_iflag);
	want_u64("c_oflag", got.c_oflag, termios.c_oflag);
	want_u64("c_cflag", got.c_cflag, termios.c_cflag);
	want_u64("c_lflag", got.c_lflag, termios.c_lflag);
	want(!memcmp(got.c_cc, termios.c_cc, sizeof(got.c_cc)));
	want_u64("input speed", cfgetispeed(&got), cfgetispeed(&termios));
	want_u64("output speed", cfgetospeed(&got), cfgetospeed(&termios));
	want_u64("window", ioctl(m, TIOCGWINSZ, &ws), 0);
	want_u64("rows", ws.ws_row, 33);
	want_u64("columns", ws.ws_col, 77);
	want_u64("pixels", ws.ws_xpixel << 16 | ws.ws_ypixel, 600 << 16 | 800);
	want_u64("TIOCGEXCL", ioctl(s, TIOCGEXCL, &excl), 0);
	want_u64("exclusive", excl, 1);
	want_u64("TIOCGEXCL", ioctl(m, TIOCGEXCL, &excl), 0);
	want_u64("exclusive master", excl, 0);
	want_u64("flags of the slave", fcntl(s, F_GETFL) & ~0100000, O_RDONLY | O_APPEND);
	want_u64("flags of the master", fcntl(m, F_GETFL) & ~0100000, O_RDWR | O_NONBLOCK);
	want_u64("FD_CLOEXEC", fcntl(m, F_GETFD), FD_CLOEXEC);
	fstat(s, &st);
	want_u64("mode", st.st_mode, S_IFCHR | 0624);
	want_u64("owner", st.st_uid, 12);
	want_u64("group", st.st_gid, 34);
}

static void modes_lose(void)
{
	struct termios t;

	must(tcgetattr(s, &t));
	t.c_cc[VINTR] = 3;
	must(tcsetattr(s, TCSANOW, &t));
}

/* In packet mode the master learns of flushes, stops and changes of flow control. */
static void packet_setup(void)
{
	int one = 1;

	make();
	must(ioctl(m, TIOCPKT, &one));
	must(write(s, "data", 4));
	must(tcflow(s, TCOOFF));
	must(tcflow(s, TCOON));
}

static void packet_verify(void)
{
	struct pollfd p = { m, POLLIN | POLLPRI, 0 };
	int on = -1;

	want_u64("TIOCGPKT", ioctl(m, TIOCGPKT, &on), 0);
	want_u64("packet mode", on, 1);
	want_u64("poll", poll(&p, 1, 0), 1);
	want_u64("events", p.revents, POLLIN | POLLPRI);
	want_read("status", m, (char[]){ TIOCPKT_START, 0 });
	want_u64("packet", read(m, buf, 100), 5);
	want(!memcmp(buf, "\0data", 5));
	want_nothing("more", m);
	must(tcflush(s, TCIFLUSH));
	want_read("new status", m, (char[]){ TIOCPKT_FLUSHREAD, 0 });
}

static void packet_lose(void)
{
	int zero = 0;

	must(ioctl(m, TIOCPKT, &zero));
	must(fcntl(m, F_SETFL, O_RDWR | O_NONBLOCK));
}

static void canon_setup(void)
{
	make();
	type("one\ntwo \x16");	/* LNEXT */
	type("\x04three\n");	/* quotes the end of file */
	type("abc\x04");	/* pushed without a newline */
	type("\x04");		/* end of file */
	type("fo\x16");		/* an LNEXT that waits */
	drain(m);
	must(read(s, buf, 2));
	must(write(s, "out\n", 4));
}

static void canon_verify(void)
{
	int waiting = -1;

	want_u64("FIONREAD", ioctl(s, FIONREAD, &waiting), 0);
	want_u64("bytes", waiting, 2 + 11 + 3);
	want_read("rest of the first line", s, "e\n");
	want_read("second line", s, "two \x04three\n");
	want_read("pushed", s, "abc");
	want_read("end of file", s, "");
	want_nothing("a line without an end", s);
	/* Only the output: nothing is echoed a second time. */
	want_out("output", m, "out\r\n");
	type("\x7fur\x08\x7f\x15new\n");
	want_out("echo", m, "^?ur^H\b \b\b \b\b \b\b \b\b \b\b \b\b \b\b \bnew\r\n");
	want_read("line", s, "new\n");
}

static void canon_lose(void)
{
	must(tcflush(s, TCIFLUSH));
}

static void fill_end(int fd, char first, size_t *done)
{
	ssize_t got;
	size_t i;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = first + i % 23;
	must(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK));
	for (*done = 0; *done < sizeof(buf); *done += got) {
		got = write(fd, buf + *done, sizeof(buf) - *done > 777 ? 777 : sizeof(buf) - *done);
		if (got <= 0)
			break;
	}
}

static size_t to_slave, to_master;

static void want_all(const char *what, int fd, char first, size_t count)
{
	size_t i;

	want_u64(what, drain(fd), count);
	for (i = 0; i < count; i++)
		if (buf[i] != first + (int)(i % 23)) {
			prog_fail("%s: byte %zu: got %d, want %d", what, i, buf[i], first + (int)(i % 23));
			break;
		}
}

static void raw_setup(void)
{
	make();
	raw();
	fill_end(m, 'A', &to_slave);
	fill_end(s, 'a', &to_master);
	if (to_slave < 9000 || to_master < 9000)
		must((errno = ENOSPC, -1));
}

static void raw_verify(void)
{
	want_all("to the slave", s, 'A', to_slave);
	want_all("to the master", m, 'a', to_master);
	must(write(s, "after", 5));
	want_out("after", m, "after");
	type("before");
	want_out("before", s, "before");
}

static void raw_lose(void)
{
	must(tcflush(s, TCIFLUSH));
}

/* Nothing comes out before it is started again, an echo included. */
static void stopped_setup(void)
{
	make();
	must(tcflow(s, TCOOFF));
	type("echo\n");
}

static void stopped_verify(void)
{
	want_nothing("output that is stopped", m);
	want_read("line", s, "echo\n");
	must(fcntl(s, F_SETFL, O_RDWR | O_NONBLOCK));
	want_u64("write", write(s, "x", 1), -1);
	want_u64("errno", errno, EAGAIN);
	/* START does not start what TCOOFF has stopped. */
	type("\x11");
	want_nothing("output that is stopped", m);
	must(tcflow(s, TCOON));
	want_u64("write", write(s, "y", 1), 1);
	want_out("output", m, "echo\r\ny");
}

static void stopped_lose(void)
{
	must(tcflow(s, TCOON));
}

static void xoff_setup(void)
{
	make();
	type("\x13");
	must(poll(NULL, 0, 50));
}

static void xoff_verify(void)
{
	must(fcntl(s, F_SETFL, O_RDWR | O_NONBLOCK));
	want_u64("write", write(s, "x", 1), -1);
	type("\x11");
	must(poll(NULL, 0, 50));
	want_u64("write", write(s, "y", 1), 1);
	want_out("output", m, "y");
}

static void xoff_lose(void)
{
	type("\x11");
	must(poll(NULL, 0, 50));
}

/* An erased tab goes back to where the line began, which only the column tells. */
static void tabs_setup(void)
{
	make();
	must(write(s, "abc", 3));
	type("de\tf");
	drain(m);
}

static void tabs_verify(void)
{
	type("\x7f\x7f");
	want_out("erased", m, "\b \b\b\b\b");
	type("\x7f\n");
	want_out("erased", m, "\b \b\r\n");
	want_read("line", s, "d\n");
}

static void tabs_lose(void)
{
	must(write(s, "\n\n", 2));
	drain(m);
}

static void locked_setup(void)
{
	int one = 1;

	m = open_master(0);
	must(ioctl(m, TIOCSPTLCK, &one));
}

static void locked_verify(void)
{
	int zero = 0;

	want_u64("open of a locked one", open(name, O_RDWR | O_NOCTTY), -1);
	want_u64("errno", errno, EIO);
	must(ioctl(m, TIOCSPTLCK, &zero));
	s = open(name, O_RDWR | O_NOCTTY);
	want(s >= 0);
}

static void locked_lose(void)
{
	int zero = 0;

	must(ioctl(m, TIOCSPTLCK, &zero));
}

static void closed_setup(void)
{
	make();
	must(write(s, "last words", 10));
	close(s);
}

static void closed_verify(void)
{
	want_read("last words", m, "last words");
	want_u64("read", read(m, buf, 1), -1);
	want_u64("errno", errno, EIO);
	s = open(name, O_RDWR | O_NOCTTY);
	want(s >= 0);
	want_nothing("opened again", m);
}

static void closed_lose(void)
{
	s = open(name, O_RDWR | O_NOCTTY);
	must(fcntl(m, F_SETFL, O_RDWR | O_NONBLOCK));
}

/* A master whose slave nobody has opened yet waits for what comes. */
static void unopened_setup(void)
{
	m = open_master(O_NONBLOCK);
	type("early\n");
	drain(m);
}

static void unopened_verify(void)
{
	want_u64("read", read(m, buf, 1), -1);
	want_u64("errno", errno, EAGAIN);
	s = open(name, O_RDWR | O_NOCTTY);
	want(s >= 0);
	want_read("early", s, "early\n");
}

static void unopened_lose(void)
{
	close(open(name, O_RDWR | O_NOCTTY));
}

static void want_hung(int fd)
{
	want_u64("read", read(fd, buf, 1), 0);
	want_u64("write", write(fd, "x", 1), -1);
	want_u64("errno", errno, EIO);
	want_u64("isatty", isatty(fd), 0);
}

static int other;

static void dead_setup(void)
{
	make();
	other = must(open(name, O_WRONLY | O_NOCTTY));
	close(m);
}

static void dead_verify(void)
{
	struct stat st;

	want_hung(s);
	want_u64("other end", write(other, "x", 1), -1);
	want_u64("errno", errno, EIO);
	want_u64("stat", fstat(s, &st), 0);
	want_u64("device", st.st_rdev >> 8, 136);
	want_u64("node", access(name, F_OK), -1);
}

static void dead_lose(void)
{
	must(dup2(must(open("/dev/null", O_RDWR)), s));
}

/* Hung up by vhangup(2) of a child that leads a session; the master is open. */
static void hang_up(void)
{
	pid_t pid = must(fork());

	if (!pid) {
		int fd;

		must(setsid());
		signal(SIGHUP, SIG_IGN);
		fd = must(open(name, O_RDWR));
		must(ioctl(fd, TIOCSCTTY, 0));
		must(syscall(SYS_vhangup));
		_exit(0);
	}
	must(waitpid(pid, NULL, 0));
}

static void vhangup_setup(void)
{
	make();
	hang_up();
}

static void vhangup_verify(void)
{
	want_hung(s);
	must(fcntl(m, F_SETFL, O_RDWR | O_NONBLOCK));
	other = open(name, O_RDWR | O_NOCTTY);
	want(other >= 0);
	type("line\n");
	want_read("line", other, "line\n");
	want_hung(s);
}

static void reopened_setup(void)
{
	make();
	hang_up();
	other = must(open(name, O_RDWR | O_NOCTTY));
	type("line\n");
	drain(m);
}

static void reopened_verify(void)
{
	want_hung(s);
	want_read("line", other, "line\n");
	type("next\n");
	want_read("next", other, "next\n");
	want_out("echo", m, "next\r\n");
}

static void peer_setup(void)
{
	int one = 1;

	m = open_master(0);
	s = must(ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	other = must(ioctl(m, TIOCGPTPEER, O_RDONLY | O_NONBLOCK | O_NOCTTY));
	must(ioctl(m, TIOCSPTLCK, &one));
	type("hello\n");
	drain(m);
}

static void peer_verify(void)
{
	same_name(s, n);
	want_u64("flags", fcntl(other, F_GETFL) & ~0100000, O_RDONLY | O_NONBLOCK);
	want_read("line", other, "hello\n");
	must(write(s, "x\n", 2));
	want_out("output", m, "x\r\n");
}

static void peer_lose(void)
{
	must(tcflush(s, TCIFLUSH));
}

/* Something of everything, and no call that waits: for images that are damaged. */
static void lab_setup(void)
{
	int one = 1;

	make();
	must(fcntl(m, F_SETFL, O_RDWR | O_NONBLOCK));
	must(fcntl(s, F_SETFL, O_RDWR | O_NONBLOCK));
	other = must(ioctl(m, TIOCGPTPEER, O_RDONLY | O_NONBLOCK | O_NOCTTY));
	must(ioctl(m, TIOCPKT, &one));
	type("first\nsecond\x04third\t\x16");
	must(write(s, "output\n", 7));
	must(tcflow(s, TCOOFF));
	type("echoed");
	must(poll(NULL, 0, 50));
}

static void lab_verify(void)
{
	want_read("line", s, "first\n");
	want_read("pushed", other, "second");
	must(ioctl(s, TIOCEXCL));
	want_nothing("no line", s);
}

static void lab_lose(void)
{
	must(tcflush(s, TCIFLUSH));
}

#define MANY 40
static int masters[MANY], slaves[MANY];

static void many_setup(void)
{
	char text[32];
	int i;

	for (i = 0; i < MANY; i++) {
		masters[i] = open_master(0);
		slaves[i] = must(open(name, O_RDWR | O_NOCTTY));
	}
	/* Holes among the numbers. */
	for (i = 0; i < MANY; i++) {
		if (i % 3) {
			snprintf(text, sizeof(text), "terminal %d\n", i);
			must(write(masters[i], text, strlen(text)));
			continue;
		}
		close(masters[i]);
		close(slaves[i]);
	}
}

static void many_verify(void)
{
	char text[32];
	int i;

	for (i = 0; i < MANY; i++) {
		if (!(i % 3))
			continue;
		m = masters[i];
		same_name(slaves[i], i);
		snprintf(text, sizeof(text), "terminal %d\n", i);
		want_read("line", slaves[i], text);
	}
}

static void many_lose(void)
{
	must(tcflush(slaves[1], TCIFLUSH));
}

static volatile int runs;

/* A handler lets the call go on after the restart. */
static void on_signal(int sig)
{
	runs++;
	if (prog_is("read"))
		must(write(m, "now\n", 4));
	else
		must(tcflow(s, TCOON));
}

static void read_or_write(void)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	static char text[4000];

	make();
	raw();
	must(sigaction(SIGUSR1, &sa, NULL));
	if (prog_is("write"))
		must(tcflow(s, TCOOFF));
	prog_ready();
	if (prog_losing)
		fcntl(s, F_SETFL, O_RDWR | O_NONBLOCK);
	if (prog_is("read")) {
		want_u64("read", read(s, buf, 100), 4);
		want(!memcmp(buf, "now\n", 4));
	} else {
		memset(text, 'z', sizeof(text));
		want_u64("write", write(s, text, 3000), 3000);
	}
	want_u64("handler", runs, 1);
	prog_wait();
}

static const struct {
	const char *name;
	void (*setup)(void);
	void (*lose)(void);
	void (*verify)(void);
} variants[] = {
	{ "modes", modes_setup, modes_lose, modes_verify },
	{ "packet", packet_setup, packet_lose, packet_verify },
	{ "canon", canon_setup, canon_lose, canon_verify },
	{ "raw", raw_setup, raw_lose, raw_verify },
	{ "stopped", stopped_setup, stopped_lose, stopped_verify },
	{ "xoff", xoff_setup, xoff_lose, xoff_verify },
	{ "tabs", tabs_setup, tabs_lose, tabs_verify },
	{ "locked", locked_setup, locked_lose, locked_verify },
	{ "closed", closed_setup, closed_lose, closed_verify },
	{ "unopened", unopened_setup, unopened_lose, unopened_verify },
	{ "dead", dead_setup, dead_lose, dead_verify },
	{ "vhangup", vhangup_setup, dead_lose, vhangup_verify },
	{ "reopened", reopened_setup, dead_lose, reopened_verify },
	{ "peer", peer_setup, peer_lose, peer_verify },
	{ "lab", lab_setup, lab_lose, lab_verify },
	{ "many", many_setup, many_lose, many_verify },
};

int main(int argc, char **argv)
{
	size_t i;

	prog_start(argc, argv);
	if (prog_is("read") || prog_is("write")) {
		read_or_write();
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
	prog_say("SETUP: no such variant");
	return 2;
}
