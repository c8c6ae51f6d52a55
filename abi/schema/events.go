// SPDX-License-Identifier: GPL-2.0

package schema

// EventfdFlags are the flags of eventfd2(2) that are not those of an open file description.
var EventfdFlags = &Enum{
	Name: "eventfd_flags", Prefix: "CKPT_EVENTFD_", Bits: true, Doc: "flags of an eventfd",
	Values: []Value{{"SEMAPHORE", 1 << 0, "EFD_SEMAPHORE"}},
}

// EpollItemFlags are marks of a watched descriptor.
var EpollItemFlags = &Enum{
	Name: "epoll_item_flags", Prefix: "CKPT_EPOLL_", Bits: true, Doc: "marks of a watched descriptor",
	Values: []Value{
		{"READY", 1 << 0, "epoll_wait(2) will look at it: for EPOLLET, an event that has not been taken yet"},
	},
}

// PidfdFlags are the flags of pidfd_open(2) that are not those of an open file description.
var PidfdFlags = &Enum{
	Name: "pidfd_flags", Prefix: "CKPT_PIDFD_", Bits: true, Doc: "flags of a pidfd",
	Values: []Value{{"THREAD", 1 << 0, "PIDFD_THREAD"}},
}

// Events are files that tell of events: eventfd, epoll, signalfd and pidfd.
var Events = Subsystem{
	Name: "Events", Doc: "What files that tell of events have beyond an open file description.",
	Enums: []*Enum{EventfdFlags, EpollItemFlags, PidfdFlags},
	Records: []*Record{
		{Name: "eventfd", Type: 311, Doc: "Follows the file record of an eventfd.", Fields: []Field{
			{Name: "count", Kind: U64, Doc: "counter"},
			{Name: "flags", Kind: U32, Flags: EventfdFlags, Doc: "flags"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
		{Name: "epoll", Type: 308, Object: obj("EPOLL"), Doc: "What an epoll instance watches. It stands behind the state of the last task, since it refers to files of all. nr_items records of type epoll_item follow: first those that are ready, in the order in which epoll_wait(2) looks at them.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "file_ref", Kind: S32, Ref: "FILE", NonNull: true, Doc: "open file description of the instance"},
			{Name: "nr_items", Kind: U32, Max: 1 << 30, Doc: "watched descriptors"},
			{Name: "busy_poll_usecs", Kind: U32, Doc: "EPIOCSPARAMS: microseconds of busy polling"},
			{Name: "busy_poll_budget", Kind: U32, Max: 0xffff, Doc: "EPIOCSPARAMS: packets of a round of busy polling"},
			{Name: "prefer_busy_poll", Kind: U32, Max: 1, Doc: "EPIOCSPARAMS: prefer busy polling"},
		}},
		{Name: "epoll_item", Type: 309, Doc: "One watched descriptor.", Fields: []Field{
			{Name: "file_ref", Kind: S32, Ref: "FILE", NonNull: true, Doc: "open file description that is watched"},
			{Name: "fd", Kind: S32, Max: 1 << 30, Doc: "descriptor that was given to EPOLL_CTL_ADD; it may be closed or name another file by now"},
			{Name: "events", Kind: U32, Doc: "EPOLL*; without an event bit the item is one of EPOLLONESHOT that has fired"},
			{Name: "flags", Kind: U32, Flags: EpollItemFlags, Doc: "marks"},
			{Name: "data", Kind: U64, Doc: "data of struct epoll_event"},
			{Name: "owner", Kind: S32, Max: 1 << 30, Doc: "for a signalfd the task whose signals are events, that of EPOLL_CTL_ADD, in the pid namespace of the root; 0: nobody who is there"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
		{Name: "signalfd", Type: 332, Doc: "Follows the file record of a signalfd.", Fields: []Field{
			{Name: "mask", Kind: U64, Doc: "signals that it takes, signal 1 in the lowest bit"},
		}},
		{Name: "pidfd", Type: 333, Doc: "Follows the file record of a pidfd.", Fields: []Field{
			{Name: "pid", Kind: S32, Max: 1 << 30, Doc: "task, in the pid namespace of the root; 0: one that has been waited for"},
			{Name: "flags", Kind: U32, Flags: PidfdFlags, Doc: "flags"},
		}},
	},
}
