// SPDX-License-Identifier: GPL-2.0
/*
 * task_prctl - attributes that prctl(2) and its like set; one variant each
 *
 * Some of them cannot be taken back: the twin (mode lose) never sets any.
 */
#include "prog.h"
#include <linux/securebits.h>
#include <sys/personality.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_GET_MDWE 66
#endif
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#define PR_GET_MEMORY_MERGE 68
#endif

static const struct {
	const char *variant;
	int set;
	unsigned long arg2, arg3;
	int get;
	unsigned long get_arg;
	unsigned long want;
	int by_pointer;
} sets[] = {
	{ "dumpable", PR_SET_DUMPABLE, 0, 0, PR_GET_DUMPABLE, 0, 0 },
	{ "pdeathsig", PR_SET_PDEATHSIG, SIGURG, 0, PR_GET_PDEATHSIG, 0, SIGURG, 1 },
	{ "keepcaps", PR_SET_KEEPCAPS, 1, 0, PR_GET_KEEPCAPS, 0, 1 },
	{ "securebits", PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_NOROOT_LOCKED | SECBIT_NOROOT, 0,
	  PR_GET_SECUREBITS, 0, SECBIT_NO_SETUID_FIXUP | SECBIT_NOROOT_LOCKED | SECBIT_NOROOT },
	{ "no_new_privs", PR_SET_NO_NEW_PRIVS, 1, 0, PR_GET_NO_NEW_PRIVS, 0, 1 },
	{ "thp_disable", PR_SET_THP_DISABLE, 1, 0, PR_GET_THP_DISABLE, 0, 1 },
	{ "subreaper", PR_SET_CHILD_SUBREAPER, 1, 0, PR_GET_CHILD_SUBREAPER, 0, 1, 1 },
	{ "mdwe", PR_SET_MDWE, 1, 0, PR_GET_MDWE, 0, 1 },
	{ "mdwe_no_inherit", PR_SET_MDWE, 3, 0, PR_GET_MDWE, 0, 3 },
	{ "mce_early", PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, PR_MCE_KILL_GET, 0, PR_MCE_KILL_EARLY },
	{ "mce_late", PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_LATE, PR_MCE_KILL_GET, 0, PR_MCE_KILL_LATE },
	{ "timerslack", PR_SET_TIMERSLACK, 777777, 0, PR_GET_TIMERSLACK, 0, 777777 },
	{ "memory_merge", PR_SET_MEMORY_MERGE, 1, 0, PR_GET_MEMORY_MERGE, 0, 1 },
	{ "io_flusher", PR_SET_IO_FLUSHER, 1, 0, PR_GET_IO_FLUSHER, 0, 1 },
#if defined(__x86_64__)
	{ "tsc", PR_SET_TSC, PR_TSC_SIGSEGV, 0, PR_GET_TSC, 0, PR_TSC_SIGSEGV, 1 },
#endif
	{ "spec_store_bypass", PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_DISABLE,
	  PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_PRCTL | PR_SPEC_DISABLE },
	{ "spec_store_force", PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_FORCE_DISABLE,
	  PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_PRCTL | PR_SPEC_FORCE_DISABLE },
	{ "spec_indirect", PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_DISABLE,
	  PR_GET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_PRCTL | PR_SPEC_DISABLE },
};

int main(int argc, char **argv)
{
	unsigned int i;

	prog_start(argc, argv);
	for (i = 0; i < ARRAY_SIZE(sets) && !prog_is(sets[i].variant); i++)
		;
	if (i < ARRAY_SIZE(sets)) {
		int value = -1;
		long ret;

		if (!prog_losing && prctl(sets[i].set, sets[i].arg2, sets[i].arg3, 0, 0))
			prog_unsupported("prctl(%d, %#lx, %#lx): %s", sets[i].set, sets[i].arg2, sets[i].arg3,
					 strerror(errno));
		if (prog_losing && !sets[i].by_pointer &&
		    prctl(sets[i].get, sets[i].get_arg, 0, 0, 0) == -1)
			prog_unsupported("prctl(%d): %s", sets[i].get, strerror(errno));
		if (prog_losing && sets[i].set == PR_SET_SPECULATION_CTRL &&
		    !(prctl(sets[i].get, sets[i].get_arg, 0, 0, 0) & PR_SPEC_PRCTL))
			prog_unsupported("PR_GET_SPECULATION_CTRL: not to be set on this CPU");
		prog_ready();
		prog_wait();
		if (sets[i].by_pointer) {
			ret = prctl(sets[i].get, &value, 0, 0, 0);
			ret = ret ? -errno : value;
		} else {
			ret = prctl(sets[i].get, sets[i].get_arg, 0, 0, 0);
		}
		want_u64(prog_variant, ret, sets[i].want);
	} else if (prog_is("personality")) {
		unsigned long set = ADDR_NO_RANDOMIZE | UNAME26 | STICKY_TIMEOUTS | ADDR_COMPAT_LAYOUT;

		if (!prog_losing)
			must(personality(set));
		prog_ready();
		prog_wait();
		want_u64("personality", personality(0xffffffff), set);
	} else if (prog_is("name")) {
		char buf[16] = "";

		if (!prog_losing)
			must(prctl(PR_SET_NAME, "fifteen letters"));
		prog_ready();
		prog_wait();
		must(prctl(PR_GET_NAME, buf));
		want_str("name", buf, "fifteen letters");
#if defined(__x86_64__)
	} else if (prog_is("cpuid_fault")) {
		if (!prog_losing && syscall(SYS_arch_prctl, 0x1012, 0))
			prog_unsupported("ARCH_SET_CPUID: %s", strerror(errno));
		if (prog_losing && syscall(SYS_arch_prctl, 0x1012, 1))
			prog_unsupported("ARCH_SET_CPUID: %s", strerror(errno));
		prog_ready();
		prog_wait();
		want_u64("ARCH_GET_CPUID", syscall(SYS_arch_prctl, 0x1011, 0), 0);
#endif
	} else {
		prog_unsupported("no variant \"%s\"", prog_variant);
	}
	prog_done();
}
