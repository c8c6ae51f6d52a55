// SPDX-License-Identifier: GPL-2.0

package schema

// MqueueFlags are marks of a POSIX message queue.
var MqueueFlags = &Enum{
	Name: "mqueue_flags", Prefix: "CKPT_MQUEUE_", Bits: true, Doc: "marks of a POSIX message queue",
	Values: []Value{
		{"UNLINKED", 1 << 0, "it has no name any more (mq_unlink)"},
		{"EXECED", 1 << 1, "who is to be notified has executed another program since, and gets no signal"},
	},
}

// MqueueNotify says how a message queue tells that it is empty no more.
var MqueueNotify = &Enum{
	Name: "mqueue_notify", Prefix: "CKPT_MQ_NOTIFY_", Doc: "how a message queue tells that it is empty no more, as sigev_notify",
	Values: []Value{
		{"SIGNAL", 0, "SIGEV_SIGNAL: a signal to the process"},
		{"NONE", 1, "SIGEV_NONE: not at all"},
	},
}

// MqueueFileFlags are marks of a descriptor of a POSIX message queue.
var MqueueFileFlags = &Enum{
	Name: "mqueue_file_flags", Prefix: "CKPT_MQ_FILE_", Bits: true, Doc: "marks of a descriptor of a POSIX message queue",
	Values: []Value{{"PATH", 1 << 0, "opened with open(2), in a mounted mqueue file system; a string record with its path follows"}},
}

// Mqueues are what processes share by the name of a queue.
var Mqueues = Subsystem{
	Name: "Mqueues", Doc: "POSIX message queues. Those that nobody has open stand behind the state of the last task.",
	Enums: []*Enum{MqueueFlags, MqueueNotify, MqueueFileFlags},
	Records: []*Record{
		{Name: "mqueue", Type: 508, Object: obj("MQUEUE"), Doc: "A POSIX message queue. A string record with its name follows, without a slash, and nr_messages records of type mqueue_msg, in the order in which they are received.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "flags", Kind: U32, Flags: MqueueFlags, Doc: "marks"},
			{Name: "maxmsg", Kind: U32, Max: 1 << 16, Doc: "mq_maxmsg"},
			{Name: "msgsize", Kind: U32, Max: 1 << 24, Doc: "mq_msgsize, bytes"},
			{Name: "nr_messages", Kind: U32, Max: 1 << 16, Doc: "mq_curmsgs"},
			{Name: "mode", Kind: U32, Max: 0o7777, Doc: "permissions"},
			{Name: "uid", Kind: U32, Doc: "user id of the owner"},
			{Name: "gid", Kind: U32, Doc: "group id of the owner"},
			{Name: "atime", Kind: S64, Doc: "st_atim, nanoseconds of CLOCK_REALTIME"},
			{Name: "mtime", Kind: S64, Doc: "st_mtim, nanoseconds of CLOCK_REALTIME"},
			{Name: "ctime", Kind: S64, Doc: "st_ctim, nanoseconds of CLOCK_REALTIME"},
			{Name: "notify_pid", Kind: S32, Max: 1<<31 - 1, Doc: "the process that is to be notified (mq_notify); 0 for none, and then the other fields about it are 0"},
			{Name: "notify_how", Kind: U32, Enum: MqueueNotify, Doc: "how"},
			{Name: "notify_value", Kind: U64, Doc: "sigev_value; 0 without a signal"},
			{Name: "notify_signo", Kind: U32, Max: 64, Doc: "sigev_signo; 0 without a signal"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
		{Name: "mqueue_msg", Type: 509, Doc: "A message of a POSIX message queue.", Fields: []Field{
			{Name: "priority", Kind: U32, Max: 1<<15 - 1, Doc: "msg_prio"},
			{Name: "size", Kind: U32, Max: 1 << 24, Doc: "bytes of text"},
			{Name: "text", Kind: U8, LenOf: "size", MaxLen: 1 << 24, Doc: "the text"},
		}},
		{Name: "mqueue_file", Type: 510, Doc: "Which queue a descriptor is of.", Fields: []Field{
			{Name: "mqueue_ref", Kind: S32, Ref: "MQUEUE", NonNull: true, Doc: "the queue"},
			{Name: "flags", Kind: U32, Flags: MqueueFileFlags, Doc: "marks"},
		}},
	},
}
