// SPDX-License-Identifier: GPL-2.0

package schema

// TaskStates tell what a task was doing.
var TaskStates = &Enum{
	Name: "task_state", Prefix: "CKPT_TASK_", Doc: "what the task was doing",
	Values: []Value{
		{"RUNNING", 0, "runnable, or asleep in a system call that restarts"},
		{"STOPPED", 1, "stopped by a job-control signal"},
		{"ZOMBIE", 2, "ended, not yet waited for"},
	},
}

// TaskFlags are attributes of a task that outlive the system call that set them.
var TaskFlags = &Enum{
	Name: "task_flags", Prefix: "CKPT_TASKF_", Bits: true, Doc: "attributes of a task",
	Values: []Value{
		{"FORKNOEXEC", 1 << 0, "forked but did not exec (AFORK of acct(5))"},
		{"SUPERPRIV", 1 << 1, "used super-user privileges (ASU of acct(5))"},
		{"NO_NEW_PRIVS", 1 << 2, "PR_SET_NO_NEW_PRIVS"},
		{"IO_FLUSHER", 1 << 3, "PR_SET_IO_FLUSHER"},
		{"MCE_PROCESS", 1 << 4, "PR_MCE_KILL_SET"},
		{"MCE_EARLY", 1 << 5, "PR_MCE_KILL_EARLY"},
		{"TSC_SIGSEGV", 1 << 6, "PR_TSC_SIGSEGV (x86)"},
		{"CPUID_FAULT", 1 << 7, "arch_prctl(ARCH_SET_CPUID, 0) (x86)"},
	},
}

// PidsFlags mark the entries of the task array.
var PidsFlags = &Enum{
	Name: "pids_flags", Prefix: "CKPT_PIDS_", Bits: true, Doc: "marks of an entry of the task array",
	Values: []Value{
		{"ROOT", 1 << 0, "the root of the hierarchy"},
		{"GHOST", 1 << 1, "no task: only the number of a process group or session whose leader is gone"},
		{"SYSVSEM", 1 << 2, "shares System V semaphore undo operations with the leader of its process (CLONE_SYSVSEM)"},
	},
}

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

// RestartFlagBits qualify a restart block.
var RestartBlockFlags = &Enum{
	Name: "restart_block_flags", Prefix: "CKPT_RESTARTF_", Bits: true, Doc: "marks of a restart block",
	Values: []Value{
		{"TIMEOUT", 1 << 0, "remaining is valid; without it the call waits for ever"},
		{"RMTP", 1 << 1, "addr receives the remaining time of nanosleep(2)"},
		{"ABSTIME", 1 << 2, "remaining is an instant of CLOCK_REALTIME that stays what it is (futex)"},
	},
}

// Task is the state of a task.
var Task = Subsystem{
	Name: "Task", Doc: "The task array and what belongs to each task alone.",
	Enums: []*Enum{TaskStates, TaskFlags, PidsFlags, RestartKinds, RestartBlockFlags},
	Records: []*Record{
		{Name: "tree", Type: 102, Doc: "Head of the task array; nr_tasks records of type pids follow, then nr_ghosts more of them for ghosts.", Fields: []Field{
			{Name: "nr_tasks", Kind: U32, Doc: "tasks in the image, threads included", Max: 1 << 22},
			{Name: "nr_ghosts", Kind: U32, Doc: "ghosts in the image", Max: 1 << 22},
		}},
		{Name: "pids", Type: 101, Doc: "One task of the array. Numbers are those of the root task's pid namespace; 0 stands for a process, group or session outside of the hierarchy. A process stands behind its parent, a thread behind the leader of its process; children of one parent stand in the order in which wait(2) looks at them. Each task's state follows in this order. Of a ghost only pid and levels are set.", Fields: []Field{
			{Name: "pid", Kind: S32, Doc: "thread id, as gettid(2)"},
			{Name: "tgid", Kind: S32, Doc: "process id, as getpid(2)"},
			{Name: "ppid", Kind: S32, Doc: "process id of the parent, as getppid(2)"},
			{Name: "pgid", Kind: S32, Doc: "process group, as getpgid(2)"},
			{Name: "sid", Kind: S32, Doc: "session, as getsid(2)"},
			{Name: "flags", Kind: U32, Flags: PidsFlags, Doc: "marks"},
			{Name: "nr_levels", Kind: U32, Doc: "pid namespaces of the task below the root task's", Max: 32},
			{Name: "ptid", Kind: S32, Doc: "thread id of the thread of the parent whose child it is (__WNOTHREAD of wait(2)); 0 where ppid is"},
			{Name: "levels", Kind: S32, LenOf: "nr_levels", MaxLen: 32, Doc: "thread id in each of these, outermost first"},
		}},
		{Name: "task", Type: 103, Doc: "Identity of a task. What follows, in this order: thread, regset records, restart_block, sched, sigtask, sigpending (private), then objects at their first appearance, then task_objs. A zombie has only objects and task_objs.", Fields: []Field{
			{Name: "pid", Kind: S32, Doc: "thread id; must equal the task array's"},
			{Name: "state", Kind: U32, Enum: TaskStates, Doc: "what the task was doing"},
			{Name: "exit_code", Kind: U32, Max: 0xffff, Doc: "wait status of a zombie"},
			{Name: "exit_signal", Kind: S32, Doc: "signal to the parent at exit; -1 for a thread that is not the leader"},
			{Name: "pdeath_signal", Kind: U32, Max: 64, Doc: "PR_SET_PDEATHSIG"},
			{Name: "personality", Kind: U32, Doc: "personality(2)"},
			{Name: "flags", Kind: U64, Flags: TaskFlags, Doc: "attributes"},
			{Name: "utime", Kind: U64, Doc: "user CPU time, nanoseconds"},
			{Name: "stime", Kind: U64, Doc: "system CPU time, nanoseconds"},
			{Name: "start_time", Kind: U64, Doc: "start, nanoseconds of CLOCK_MONOTONIC"},
			{Name: "start_boottime", Kind: U64, Doc: "start, nanoseconds of CLOCK_BOOTTIME"},
			{Name: "minflt", Kind: U64, Doc: "minor page faults, as getrusage(2)"},
			{Name: "majflt", Kind: U64, Doc: "major page faults, as getrusage(2)"},
			{Name: "nvcsw", Kind: U64, Doc: "voluntary context switches, as getrusage(2)"},
			{Name: "nivcsw", Kind: U64, Doc: "involuntary context switches, as getrusage(2)"},
			{Name: "rchar", Kind: U64, Doc: "bytes that read(2) and the like returned, as /proc/PID/io"},
			{Name: "wchar", Kind: U64, Doc: "bytes that write(2) and the like took, as /proc/PID/io"},
			{Name: "syscr", Kind: U64, Doc: "reading system calls, as /proc/PID/io"},
			{Name: "syscw", Kind: U64, Doc: "writing system calls, as /proc/PID/io"},
			{Name: "read_bytes", Kind: U64, Doc: "bytes fetched from storage, as /proc/PID/io"},
			{Name: "write_bytes", Kind: U64, Doc: "bytes sent to storage, as /proc/PID/io"},
			{Name: "cancelled_write_bytes", Kind: U64, Doc: "bytes of page cache that were truncated, as /proc/PID/io"},
			{Name: "comm", Kind: Char, Count: 16, Text: true, Doc: "name, as PR_GET_NAME"},
			{Name: "vfork_pid", Kind: S32, Doc: "child that the task's vfork(2) waits for, 0 when it is in none"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
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
			{Name: "nr", Kind: U32, Doc: "poll: number of pollfds; sigtimedwait: bytes of the signal set; epoll: size of the array of events"},
			{Name: "remaining", Kind: S64, Doc: "time left, nanoseconds, 0 at the least"},
			{Name: "addr", Kind: U64, Doc: "nanosleep: remaining time goes here; poll: pollfds; futex: futex word; sigtimedwait: signal set; epoll: array of events"},
			{Name: "addr2", Kind: U64, Doc: "sigtimedwait: siginfo goes here; epoll: signal mask of the wait, 0 for none"},
			{Name: "val", Kind: U32, Doc: "futex: expected value; epoll: descriptor of the instance"},
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
		{Name: "io_context", Type: 121, Object: obj("IO_CONTEXT"), Doc: "An I/O context that several tasks share (CLONE_IO): they have one I/O priority.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "ioprio", Kind: U32, Max: 0xffff, Doc: "ioprio_get(2), 0 when not set"},
		}},
		{Name: "task_objs", Type: 105, Doc: "The objects a task uses. Last record of a task.", Fields: []Field{
			{Name: "mm_ref", Kind: S32, Ref: "MM", Doc: "address space; 0 for a zombie"},
			{Name: "files_ref", Kind: S32, Ref: "FILE_TABLE", Doc: "file descriptor table; 0 for a zombie"},
			{Name: "fs_ref", Kind: S32, Ref: "FS", Doc: "root, working directory, umask; 0 for a zombie"},
			{Name: "sighand_ref", Kind: S32, Ref: "SIGHAND", Doc: "signal handlers; 0 for a zombie"},
			{Name: "signal_ref", Kind: S32, Ref: "SIGNAL", NonNull: true, Doc: "what the threads of the process share"},
			{Name: "cred_ref", Kind: S32, Ref: "CRED", NonNull: true, Doc: "credentials"},
			{Name: "seccomp_ref", Kind: S32, Ref: "SECCOMP", Doc: "seccomp filter; 0 for none, or a zombie"},
			{Name: "seccomp_mode", Kind: U32, Max: 2, Doc: "PR_GET_SECCOMP: 0, SECCOMP_MODE_STRICT or SECCOMP_MODE_FILTER"},
			{Name: "io_ref", Kind: S32, Ref: "IO_CONTEXT", Doc: "I/O context that the task shares with others; 0 for one of its own, or a zombie"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
	},
}
