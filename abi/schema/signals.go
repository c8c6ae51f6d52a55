// SPDX-License-Identifier: GPL-2.0

package schema

// SigAction is one signal's disposition.
var SigAction = &Struct{
	Name: "sigaction", Doc: "Disposition of one signal, as rt_sigaction(2).",
	Fields: []Field{
		{Name: "handler", Kind: U64, Doc: "address of the handler, SIG_DFL (0) or SIG_IGN (1)"},
		{Name: "flags", Kind: U64, Doc: "SA_*"},
		{Name: "restorer", Kind: U64, Doc: "SA_RESTORER address"},
		{Name: "mask", Kind: U64, Doc: "signals blocked in the handler, signal 1 in the lowest bit"},
	},
}

// SigInfo is one queued signal.
var SigInfo = &Struct{
	Name: "siginfo", Doc: "One queued signal: the first 48 bytes of siginfo_t; the rest is zero.",
	Fields: []Field{{Name: "info", Kind: U8, Count: 48, Doc: "siginfo_t (sigaction(2)) in the ABI of the source"}},
}

// RLimit is one resource limit.
var RLimit = &Struct{
	Name: "rlimit", Doc: "One resource limit, as prlimit64(2).",
	Fields: []Field{
		{Name: "cur", Kind: U64, Doc: "soft limit; all bits set: unlimited"},
		{Name: "max", Kind: U64, Doc: "hard limit; all bits set: unlimited"},
	},
}

// ITimer is one interval timer.
var ITimer = &Struct{
	Name: "itimer", Doc: "One interval timer, as getitimer(2).",
	Fields: []Field{
		{Name: "value", Kind: U64, Doc: "time left, nanoseconds; 0: not armed"},
		{Name: "interval", Kind: U64, Doc: "interval, nanoseconds"},
	},
}

// SignalFlags are marks of a process.
var SignalFlags = &Enum{
	Name: "signal_flags", Prefix: "CKPT_SIGNALF_", Bits: true, Doc: "marks of a process",
	Values: []Value{
		{"SUBREAPER", 1 << 0, "PR_SET_CHILD_SUBREAPER"},
		{"HAS_SUBREAPER", 1 << 1, "an ancestor is a subreaper"},
		{"CONTINUED", 1 << 2, "continued after a stop, which its parent has not waited for (WCONTINUED)"},
	},
}

// SigQueues are the two queues of pending signals.
var SigQueues = &Enum{
	Name: "sigqueue", Prefix: "CKPT_SIGQUEUE_", Doc: "queue of pending signals",
	Values: []Value{{"PRIVATE", 1, "of the thread"}, {"SHARED", 2, "of the process"}},
}

// SigTaskFlags mark signal state of a thread.
var SigTaskFlags = &Enum{
	Name: "sigtask_flags", Prefix: "CKPT_SIGTASKF_", Bits: true, Doc: "marks of a thread's signal state",
	Values: []Value{{"RESTORE_MASK", 1 << 0, "saved is put in force when the interrupted call (sigsuspend, ppoll, pselect6) ends"}},
}

// Signals is signal state, limits and interval timers.
var Signals = Subsystem{
	Name: "Signals", Doc: "Handlers, masks, queued signals, resource limits and interval timers.",
	Enums:   []*Enum{SignalFlags, SigQueues, SigTaskFlags},
	Structs: []*Struct{SigAction, SigInfo, RLimit, ITimer},
	Records: []*Record{
		{Name: "sighand", Type: 601, Object: obj("SIGHAND"), Doc: "Signal handlers.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "nr_actions", Kind: U32, Max: 128, Doc: "signals, from signal 1 on"},
			{Name: "actions", Of: SigAction, LenOf: "nr_actions", MaxLen: 128, Doc: "dispositions"},
		}},
		{Name: "signal", Type: 602, Object: obj("SIGNAL"), Doc: "What the threads of a process share. The queue of process-wide pending signals follows (sigpending).", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "flags", Kind: U32, Flags: SignalFlags, Doc: "marks"},
			{Name: "oom_score_adj", Kind: S32, Doc: "/proc/PID/oom_score_adj"},
			{Name: "oom_score_adj_min", Kind: S32, Doc: "lowest oom_score_adj that needs no privilege"},
			{Name: "itimers", Of: ITimer, Count: 3, Doc: "ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF"},
			{Name: "utime", Kind: U64, Doc: "user CPU time of ended threads, nanoseconds"},
			{Name: "stime", Kind: U64, Doc: "system CPU time of ended threads, nanoseconds"},
			{Name: "group_utime", Kind: U64, Doc: "user CPU time of the process, living threads included, nanoseconds, as getrusage(2)"},
			{Name: "group_stime", Kind: U64, Doc: "system CPU time of the process, living threads included, nanoseconds, as getrusage(2)"},
			{Name: "minflt", Kind: U64, Doc: "minor faults of ended threads"},
			{Name: "majflt", Kind: U64, Doc: "major faults of ended threads"},
			{Name: "nvcsw", Kind: U64, Doc: "voluntary context switches of ended threads"},
			{Name: "nivcsw", Kind: U64, Doc: "involuntary context switches of ended threads"},
			{Name: "cutime", Kind: U64, Doc: "user CPU time of waited-for children, nanoseconds"},
			{Name: "cstime", Kind: U64, Doc: "system CPU time of waited-for children, nanoseconds"},
			{Name: "cmaxrss", Kind: U64, Doc: "largest resident set of a waited-for child, KiB"},
			{Name: "maxrss", Kind: U64, Doc: "largest resident set so far, KiB"},
			{Name: "inblock", Kind: U64, Doc: "block input operations of ended threads"},
			{Name: "oublock", Kind: U64, Doc: "block output operations of ended threads"},
			{Name: "cinblock", Kind: U64, Doc: "block input operations of waited-for children"},
			{Name: "coublock", Kind: U64, Doc: "block output operations of waited-for children"},
			{Name: "cminflt", Kind: U64, Doc: "minor faults of waited-for children"},
			{Name: "cmajflt", Kind: U64, Doc: "major faults of waited-for children"},
			{Name: "cnvcsw", Kind: U64, Doc: "voluntary context switches of waited-for children"},
			{Name: "cnivcsw", Kind: U64, Doc: "involuntary context switches of waited-for children"},
			{Name: "stop_signal", Kind: U32, Max: 64, Doc: "signal that stopped the process, 0 when it is not stopped"},
			{Name: "stop_code", Kind: U32, Max: 64, Doc: "stop signal that the parent has not waited for (WUNTRACED), 0 when it has"},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "nr_rlimits", Kind: U32, Max: 64, Doc: "resource limits"},
			{Name: "rlimits", Of: RLimit, LenOf: "nr_rlimits", MaxLen: 64, Doc: "limits, in the order of RLIMIT_*"},
		}},
		{Name: "sigtask", Type: 603, Doc: "Signal masks of a thread.", Fields: []Field{
			{Name: "blocked", Kind: U64, Doc: "blocked signals, signal 1 in the lowest bit"},
			{Name: "saved", Kind: U64, Doc: "mask to put in force when the interrupted call ends"},
			{Name: "flags", Kind: U32, Flags: SigTaskFlags, Doc: "marks"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
		{Name: "sigpending", Type: 604, Doc: "A queue of pending signals.", Fields: []Field{
			{Name: "queue", Kind: U32, Enum: SigQueues, Doc: "which queue"},
			{Name: "nr_infos", Kind: U32, Max: 65536, Doc: "queued signals"},
			{Name: "signals", Kind: U64, Doc: "pending signals, signal 1 in the lowest bit; one without an entry has no siginfo"},
			{Name: "infos", Of: SigInfo, LenOf: "nr_infos", MaxLen: 65536, Doc: "queued signals in order of arrival"},
		}},
	},
}
