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

// Task is the state of a task.
var Task = Subsystem{
	Name: "Task", Doc: "The task array, who each task is, and what it shares with others.",
	Enums: []*Enum{TaskStates, TaskFlags, PidsFlags},
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
