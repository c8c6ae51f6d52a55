// SPDX-License-Identifier: GPL-2.0
/*
 * task_creds - who the process is
 *
 * Variants: user, all ids of an unprivileged user and his groups; mixed, four
 * different user and group ids; caps, an unprivileged user with some
 * capabilities in each set; bounding, root with a smaller bounding set; reqkey,
 * where keys that are requested go.
 */
#include "prog.h"
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/fsuid.h>

static char before[4096], after[4096];

/* The lines of /proc/self/status about credentials. */
static void status(char *to)
{
	static const char *const fields[] = { "Uid:", "Gid:", "Groups:", "Cap", "NoNewPrivs:" };
	char line[1024];
	FILE *f = fopen("/proc/self/status", "re");
	unsigned int i;

	*to = 0;
	while (f && fgets(line, sizeof(line), f))
		for (i = 0; i < ARRAY_SIZE(fields); i++)
			if (!strncmp(line, fields[i], strlen(fields[i])))
				strcat(to, line);
	if (f)
		fclose(f);
}

static void set_caps(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ effective, permitted, inheritable },
		{ effective >> 32, permitted >> 32, inheritable >> 32 },
	};

	must(syscall(SYS_capset, &head, data));
}

#define BIT(cap) (1ULL << (cap))

static long reqkey(int keyring)
{
	return syscall(SYS_keyctl, KEYCTL_SET_REQKEY_KEYRING, keyring);
}

static void setup(void)
{
	static const gid_t groups[] = { 7, 50, 1000, 70000 };

	if (prog_is("reqkey")) {
		if (reqkey(KEY_REQKEY_DEFL_USER_SESSION_KEYRING))
			prog_unsupported("KEYCTL_SET_REQKEY_KEYRING: %s", strerror(errno));
		status(before);
		return;
	}
	if (prog_is("bounding")) {
		must(prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT));
		must(prctl(PR_CAPBSET_DROP, CAP_SYS_TIME));
		status(before);
		return;
	}
	must(syscall(SYS_setgroups, ARRAY_SIZE(groups), groups));
	if (prog_is("caps"))
		must(prctl(PR_SET_KEEPCAPS, 1));
	if (prog_is("mixed")) {
		must(syscall(SYS_setresgid, 1001, 1002, 1003));
		must(syscall(SYS_setfsgid, 1003));
		must(syscall(SYS_setresuid, 2001, 2002, 2003));
		must(syscall(SYS_setfsuid, 2003));
	} else {
		must(syscall(SYS_setresgid, 1001, 1001, 1001));
		must(syscall(SYS_setresuid, 2001, 2001, 2001));
	}
	if (prog_is("caps")) {
		set_caps(BIT(CAP_NET_RAW), BIT(CAP_NET_RAW) | BIT(CAP_CHOWN) | BIT(CAP_SETUID),
			 BIT(CAP_CHOWN) | BIT(CAP_SYS_NICE));
		must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
	}
	/* Changing ids hides /proc/self from oneself; show it again. */
	must(prctl(PR_SET_DUMPABLE, 1));
	status(before);
}

static void lose(void)
{
	if (prog_is("bounding"))
		must(prctl(PR_CAPBSET_DROP, CAP_SYS_NICE));
	if (prog_is("mixed"))
		must(syscall(SYS_setfsuid, 2001));
	if (prog_is("caps"))
		must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
	if (prog_is("reqkey"))
		must(reqkey(KEY_REQKEY_DEFL_DEFAULT));
	/* An unprivileged user has little left to lose. */
	if (prog_is("user"))
		must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static void verify(void)
{
	status(after);
	want_str("credentials", after, before);
	if (prog_is("reqkey"))
		want_u64("KEYCTL_SET_REQKEY_KEYRING", reqkey(KEY_REQKEY_DEFL_NO_CHANGE),
			 KEY_REQKEY_DEFL_USER_SESSION_KEYRING);
	else if (!prog_is("bounding"))
		want_u64("setuid(0)", setuid(0), -1);
}

PROG_MAIN(setup, lose, verify)
