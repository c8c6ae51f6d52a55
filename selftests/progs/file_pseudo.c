// SPDX-License-Identifier: GPL-2.0
/*
 * file_pseudo - files of /proc and /sys, and descriptors of namespaces
 */
#include "prog.h"
#include <sys/ioctl.h>
#include <linux/nsfs.h>

static int status, meminfo, dir, hostname, size, ns, cgroup;
static char before[4096];
static ino_t ns_ino;

static int read_all(int fd, char *buf, size_t len)
{
	ssize_t n, done = 0;

	while ((n = read(fd, buf + done, len - 1 - done)) > 0)
		done += n;
	buf[done] = 0;
	return done;
}

static void setup(void)
{
	char buf[16], name[64];
	struct stat st;

	status = must(open("/proc/self/status", O_RDONLY));
	must(read(status, buf, 8));
	meminfo = must(open("/proc/meminfo", O_RDONLY));
	snprintf(name, sizeof(name), "/proc/%d/task/%d", getpid(), getpid());
	dir = must(open(name, O_RDONLY | O_DIRECTORY));
	hostname = must(open("/proc/sys/kernel/hostname", O_RDONLY));
	size = must(open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY));
	ns = must(open("/proc/self/ns/uts", O_RDONLY));
	must(fstat(ns, &st));
	ns_ino = st.st_ino;
	cgroup = must(open("/proc/self/cgroup", O_RDONLY));
	must(read_all(size, before, sizeof(before)));
	must(lseek(size, 0, SEEK_SET));
}

static void lose(void)
{
	int null = must(open("/dev/null", O_RDONLY));

	must(dup2(null, status));
	must(dup2(null, ns));
	must(dup2(null, size));
}

static void verify(void)
{
	char buf[4096], want_pid[32];
	struct stat st = {};
	int file;

	want_u64("position", lseek(status, 0, SEEK_CUR), 8);
	lseek(status, 0, SEEK_SET);
	read_all(status, buf, sizeof(buf));
	snprintf(want_pid, sizeof(want_pid), "\nPid:\t%d\n", getpid());
	want_u64("status is that of the process", !!strstr(buf, want_pid), 1);
	read_all(meminfo, buf, sizeof(buf));
	want_u64("meminfo", !strncmp(buf, "MemTotal:", 9), 1);
	file = openat(dir, "comm", O_RDONLY);
	want_u64("directory of a task", file >= 0 && read_all(file, buf, sizeof(buf)) > 0, 1);
	want_u64("hostname", read_all(hostname, buf, sizeof(buf)) > 0, 1);
	read_all(size, buf, sizeof(buf));
	want_str("sysfs", buf, before);
	fstat(ns, &st);
	want_u64("namespace", st.st_ino, ns_ino);
	want_u64("type of namespace", ioctl(ns, NS_GET_NSTYPE), 0x04000000);
	want_u64("cgroup", read_all(cgroup, buf, sizeof(buf)) > 0, 1);
}

PROG_MAIN(setup, lose, verify)
