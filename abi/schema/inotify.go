// SPDX-License-Identifier: GPL-2.0

package schema

// Inotify is what an inotify instance watches, and its events.
var Inotify = Subsystem{
	Name: "Inotify", Doc: "What an inotify instance watches, and events that have not been read.",
	Records: []*Record{
		{Name: "inotify", Type: 334, Doc: "Follows the file record of an inotify instance. nr_watches records of type inotify_watch and nr_events records of type inotify_event follow.", Fields: []Field{
			{Name: "nr_watches", Kind: U32, Max: 1 << 24, Doc: "watches, oldest first"},
			{Name: "nr_events", Kind: U32, Max: 1 << 24, Doc: "events, oldest first"},
			{Name: "next_wd", Kind: U32, Max: 1<<31 - 1, Doc: "watch descriptor of the next watch, if it is free"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
		{Name: "inotify_watch", Type: 335, Doc: "A watch. A string record with the path follows.", Fields: []Field{
			{Name: "wd", Kind: S32, Max: 1<<31 - 1, Doc: "watch descriptor"},
			{Name: "mask", Kind: U32, Doc: "IN_*, as inotify_add_watch(2)"},
		}},
		{Name: "inotify_event", Type: 336, Doc: "An event.", Fields: []Field{
			{Name: "wd", Kind: S32, Doc: "watch descriptor, which may be gone by now; -1 for IN_Q_OVERFLOW"},
			{Name: "mask", Kind: U32, Doc: "IN_*, as struct inotify_event"},
			{Name: "cookie", Kind: U32, Doc: "what connects IN_MOVED_FROM and IN_MOVED_TO"},
			{Name: "size", Kind: U32, Max: 1 << 10, Doc: "bytes of the name"},
			{Name: "name", Kind: U8, LenOf: "size", MaxLen: 1 << 10, Doc: "name in the directory, without a NUL"},
		}},
	},
}
