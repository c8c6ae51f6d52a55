// SPDX-License-Identifier: GPL-2.0

package schema

// TimerNotify says how a POSIX timer tells that it has expired.
var TimerNotify = &Enum{
	Name: "timer_notify", Prefix: "CKPT_SIGEV_", Doc: "how a POSIX timer tells that it has expired, as sigev_notify",
	Values: []Value{
		{"SIGNAL", 0, "SIGEV_SIGNAL: a signal to the process"},
		{"NONE", 1, "SIGEV_NONE: not at all"},
		{"THREAD", 2, "SIGEV_THREAD: what the C library makes a thread of; a signal to the process"},
		{"THREAD_ID", 4, "SIGEV_THREAD_ID: a signal to a thread"},
	},
}

// TimerFlags are marks of a POSIX timer.
var TimerFlags = &Enum{
	Name: "timer_flags", Prefix: "CKPT_TIMER_", Bits: true, Doc: "marks of a POSIX timer",
	Values: []Value{
		{"ARMED", 1 << 0, "it runs; without it, and with an interval, it waits for its signal to be taken before it runs again"},
		{"ABSTIME", 1 << 1, "value is an instant of the clock, not the time left"},
		{"PENDING", 1 << 2, "its signal is queued; the queues of pending signals do not hold it"},
	},
}

// TimerfdClocks are the clocks that timerfd_create(2) takes.
var TimerfdClocks = &Enum{
	Name: "timerfd_clock", Prefix: "CKPT_TIMERFD_", Doc: "clock of a timerfd",
	Values: []Value{
		{"REALTIME", 0, "CLOCK_REALTIME"},
		{"MONOTONIC", 1, "CLOCK_MONOTONIC"},
		{"BOOTTIME", 7, "CLOCK_BOOTTIME"},
		{"REALTIME_ALARM", 8, "CLOCK_REALTIME_ALARM"},
		{"BOOTTIME_ALARM", 9, "CLOCK_BOOTTIME_ALARM"},
	},
}

// TimerfdFlags are the flags of timerfd_settime(2), and a mark.
var TimerfdFlags = &Enum{
	Name: "timerfd_flags", Prefix: "CKPT_TIMERFDF_", Bits: true, Doc: "marks of a timerfd",
	Values: []Value{
		{"ABSTIME", 1 << 0, "TFD_TIMER_ABSTIME: value is an instant of the clock, not the time left"},
		{"CANCEL_ON_SET", 1 << 1, "TFD_TIMER_CANCEL_ON_SET"},
		{"CANCELED", 1 << 2, "the clock was set: the next read(2) fails with ECANCELED"},
	},
}

// Timers are POSIX timers and timerfds.
var Timers = Subsystem{
	Name: "Timers", Doc: "POSIX timers and timerfds. A timer that was set to a time from then goes on with what was left; one that was set to an instant keeps it, in the time namespace of the program.",
	Enums: []*Enum{TimerNotify, TimerFlags, TimerfdClocks, TimerfdFlags},
	Records: []*Record{
		{Name: "posix_timers", Type: 605, Doc: "The timers of a process. It follows the queue of process-wide pending signals; nr_timers records of type posix_timer follow.", Fields: []Field{
			{Name: "next_id", Kind: U32, Max: 1<<31 - 1, Doc: "id of the next timer to be created, if it is free"},
			{Name: "nr_timers", Kind: U32, Max: 1 << 22, Doc: "timers; those whose signal is queued stand in the order of their signals"},
		}},
		{Name: "posix_timer", Type: 606, Doc: "One timer.", Fields: []Field{
			{Name: "id", Kind: U32, Max: 1<<31 - 1, Doc: "id"},
			{Name: "clock", Kind: S32, Doc: "clock, as clockid_t; that of a task has the task's number in the process's pid namespace"},
			{Name: "notify", Kind: U32, Enum: TimerNotify, Doc: "how it tells"},
			{Name: "signo", Kind: U32, Max: 64, Doc: "signal; 0 for NONE"},
			{Name: "tid", Kind: S32, Max: 1 << 30, Doc: "for THREAD_ID the thread, in the process's pid namespace; 0 otherwise"},
			{Name: "flags", Kind: U32, Flags: TimerFlags, Doc: "marks"},
			{Name: "sigval", Kind: U64, Doc: "sigev_value"},
			{Name: "value", Kind: U64, Max: 1<<63 - 1, Doc: "when it expires next, nanoseconds; 0: not at all"},
			{Name: "interval", Kind: U64, Max: 1<<63 - 1, Doc: "interval, nanoseconds"},
			{Name: "overrun", Kind: S64, Doc: "overruns since the last signal was taken, and one less until it has expired: -1 or more"},
			{Name: "overrun_last", Kind: S64, Doc: "overruns of the last signal that was taken, as timer_getoverrun(2)"},
			{Name: "signal_overrun", Kind: S32, Max: 1<<31 - 1, Doc: "PENDING: overruns in the queued signal"},
			{Name: "place", Kind: U32, Doc: "PENDING: how many signals of its queue, those of timers not counted, stand before it"},
		}},
		{Name: "timerfd", Type: 331, Doc: "Follows the file record of a timerfd.", Fields: []Field{
			{Name: "clock", Kind: U32, Enum: TimerfdClocks, Doc: "clock"},
			{Name: "flags", Kind: U32, Flags: TimerfdFlags, Doc: "marks"},
			{Name: "value", Kind: U64, Max: 1<<63 - 1, Doc: "when it expires next, nanoseconds; 0: not at all"},
			{Name: "interval", Kind: U64, Max: 1<<63 - 1, Doc: "interval, nanoseconds"},
			{Name: "ticks", Kind: U64, Doc: "expirations that have not been read"},
		}},
	},
}
