// SPDX-License-Identifier: GPL-2.0

package schema

// RestartKinds are the interrupted system calls that continue through restart_syscall(2).
var RestartKinds = &Enum{
	Name: "restart_kind", Prefix: "CKPT_RESTART_", Doc: "interrupted system call that continues with the time that was left",
	Values: []Value{
		{"NONE", 0, "nothing to continue"},
		{"NANOSLEEP", 1, "nanosleep(2), clock_nanosleep(2)"},
		{"POLL", 2, "poll(2)"},
		{"FUTEX", 3, "futex(2), FUTEX_WAIT and FUTEX_WAIT_BITSET with a timeout"},
		{"SIGTIMEDWAIT", 4, "rt_sigtimedwait(2)"},
		{"EPOLL", 5, "epoll_wait(2), epoll_pwait(2), epoll_pwait2(2)"},
		{"SEMTIMEDOP", 6, "semtimedop(2)"},
	},
}

// RestartBlockFlags qualify a restart block.
var RestartBlockFlags = &Enum{
	Name: "restart_block_flags", Prefix: "CKPT_RESTARTF_", Bits: true, Doc: "marks of a restart block",
	Values: []Value{
		{"TIMEOUT", 1 << 0, "remaining is valid; without it the call waits for ever"},
		{"RMTP", 1 << 1, "addr receives the remaining time of nanosleep(2)"},
		{"ABSTIME", 1 << 2, "remaining is an instant of CLOCK_REALTIME that stays what it is (futex)"},
	},
}

// Threads is what each task has for itself as a thread that runs.
var Threads = Subsystem{
	Name: "Threads", Doc: "How each task runs: registers, what it has registered with the kernel, the call in which it was, and how it is scheduled.",
	Enums: []*Enum{RestartKinds, RestartBlockFlags},
	Records: []*Record{
		{Name: "thread", Type: 107, Doc: "Addresses a thread has registered with the kernel, and how many regsets follow.", Fields: []Field{
			{Name: "nr_regsets", Kind: U32, Max: 64, Doc: "regset records that follow"},
			{Name: "rseq_len", Kind: U32, Doc: "rseq(2): length of the area in bytes, 0 when not registered"},
			{Name: "rseq_addr", Kind: U64, Doc: "rseq(2): address of the area"},
			{Name: "rseq_sig", Kind: U32, Doc: "rseq(2): signature"},
			{Name: "dispatch_mode", Kind: U32, Max: 1, Doc: "PR_SET_SYSCALL_USER_DISPATCH: PR_SYS_DISPATCH_OFF or PR_SYS_DISPATCH_ON"},
			{Name: "clear_child_tid", Kind: U64, Doc: "set_tid_address(2): address"},
			{Name: "set_child_tid", Kind: U64, Doc: "CLONE_CHILD_SETTID: address"},
			{Name: "robust_list", Kind: U64, Doc: "set_robust_list(2): address of the head"},
			{Name: "robust_list_len", Kind: U64, Doc: "set_robust_list(2): length of the head in bytes"},
			{Name: "ss_sp", Kind: U64, Doc: "sigaltstack(2): base address"},
			{Name: "ss_size", Kind: U64, Doc: "sigaltstack(2): size in bytes"},
			{Name: "ss_flags", Kind: U32, Doc: "sigaltstack(2): SS_* flags"},
			{Name: "spec_ctrl", Kind: U32, Doc: "PR_GET_SPECULATION_CTRL: store bypass in bits 0-7, indirect branch in bits 8-15, L1D flush in bits 16-23"},
			{Name: "dispatch_offset", Kind: U64, Doc: "PR_SET_SYSCALL_USER_DISPATCH: start of the code whose system calls are not dispatched"},
			{Name: "dispatch_len", Kind: U64, Doc: "PR_SET_SYSCALL_USER_DISPATCH: length of that code in bytes"},
			{Name: "dispatch_selector", Kind: U64, Doc: "PR_SET_SYSCALL_USER_DISPATCH: address of the selector byte, 0 for none"},
			{Name: "arch", Kind: U64, Count: 4, Doc: "per-architecture thread state without a regset (see the architecture's file); 0 where there is none"},
		}},
		{Name: "regset", Type: 108, Doc: "One CPU register set as ptrace(PTRACE_GETREGSET) and core files show it.", Fields: []Field{
			{Name: "note_type", Kind: U32, Doc: "NT_* (elf.h)"},
			{Name: "size", Kind: U32, Max: 1 << 16, Doc: "bytes of the register set"},
			{Name: "data", Kind: U8, LenOf: "size", MaxLen: 1 << 16, Doc: "the register set"},
		}},
		{Name: "restart_block", Type: 106, Doc: "How an interrupted system call continues. Times are relative: what was left at the checkpoint is what is waited after the restart.", Fields: []Field{
			{Name: "kind", Kind: U32, Enum: RestartKinds, Doc: "which call"},
			{Name: "flags", Kind: U32, Flags: RestartBlockFlags, Doc: "marks"},
			{Name: "clockid", Kind: S32, Doc: "CLOCK_* (nanosleep kinds)"},
			{Name: "nr", Kind: U32, Doc: "poll: number of pollfds; sigtimedwait: bytes of the signal set; epoll: size of the array of events; semtimedop: number of operations"},
			{Name: "remaining", Kind: S64, Doc: "time left, nanoseconds, 0 at the least"},
			{Name: "addr", Kind: U64, Doc: "nanosleep: remaining time goes here; poll: pollfds; futex: futex word; sigtimedwait: signal set; epoll: array of events; semtimedop: operations"},
			{Name: "addr2", Kind: U64, Doc: "sigtimedwait: siginfo goes here; epoll: signal mask of the wait, 0 for none"},
			{Name: "val", Kind: U32, Doc: "futex: expected value; epoll: descriptor of the instance; semtimedop: identifier of the set"},
			{Name: "bitset", Kind: U32, Doc: "futex: FUTEX_WAIT_BITSET mask"},
			{Name: "op", Kind: U32, Doc: "futex: FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
		{Name: "sched", Type: 120, Doc: "Scheduling attributes, as sched_getattr(2), sched_getaffinity(2), ioprio_get(2), PR_GET_TIMERSLACK.", Fields: []Field{
			{Name: "policy", Kind: U32, Doc: "SCHED_*"},
			{Name: "nice", Kind: S32, Doc: "nice value, -20 to 19"},
			{Name: "flags", Kind: U64, Doc: "SCHED_FLAG_*"},
			{Name: "priority", Kind: U32, Doc: "real-time priority, 0 to 99"},
			{Name: "ioprio", Kind: U32, Doc: "ioprio_get(2), 0 when not set"},
			{Name: "runtime", Kind: U64, Doc: "SCHED_DEADLINE: runtime; otherwise slice; nanoseconds"},
			{Name: "deadline", Kind: U64, Doc: "SCHED_DEADLINE: deadline, nanoseconds"},
			{Name: "period", Kind: U64, Doc: "SCHED_DEADLINE: period, nanoseconds"},
			{Name: "timer_slack", Kind: U64, Doc: "current timer slack, nanoseconds"},
			{Name: "default_timer_slack", Kind: U64, Doc: "default timer slack, nanoseconds"},
			{Name: "nr_cpus", Kind: U32, Doc: "CPUs of the source machine; the affinity of a task that may use all of them is not narrowed"},
			{Name: "nr_words", Kind: U32, Max: 1024, Doc: "64-bit words of the affinity mask, 0 when the task may use every CPU"},
			{Name: "affinity", Kind: U64, LenOf: "nr_words", MaxLen: 1024, Doc: "affinity mask, CPU 0 in the lowest bit of the first word"},
		}},
	},
}
