// SPDX-License-Identifier: GPL-2.0

package schema

// LockKinds tell to whom a lock belongs and what it covers.
var LockKinds = &Enum{
	Name: "lock_kind", Prefix: "CKPT_LOCK_", Doc: "to whom a lock belongs and what it covers",
	Values: []Value{
		{"POSIX", 1, "F_SETLK: of a descriptor table, on bytes"},
		{"OFD", 2, "F_OFD_SETLK: of an open file description, on bytes"},
		{"FLOCK", 3, "flock(2): of an open file description, on the whole file"},
		{"LEASE", 4, "F_SETLEASE: of an open file description, on the whole file"},
	},
}

// LockTypes tell what a lock keeps others from.
var LockTypes = &Enum{
	Name: "lock_type", Prefix: "CKPT_LOCK_TYPE_", Doc: "what a lock keeps others from",
	Values: []Value{
		{"READ", 1, "F_RDLCK, LOCK_SH"},
		{"WRITE", 2, "F_WRLCK, LOCK_EX"},
	},
}

// OwnerTypes tell what the owner of a file's signals is.
var OwnerTypes = &Enum{
	Name: "owner_type", Prefix: "CKPT_OWNER_", Doc: "what the owner of a file's signals is",
	Values: []Value{
		{"THREAD", 1, "F_OWNER_TID"},
		{"PROCESS", 2, "F_OWNER_PID"},
		{"GROUP", 3, "F_OWNER_PGRP"},
	},
}

// OwnerFlags are marks of a file that sends signals.
var OwnerFlags = &Enum{
	Name: "owner_flags", Prefix: "CKPT_OWNERF_", Bits: true, Doc: "marks of a file that sends signals",
	Values: []Value{{"ASYNC", 1 << 0, "O_ASYNC"}},
}

// Locks are what tasks hold on files, and the signals that files send.
var Locks = Subsystem{
	Name: "Locks", Doc: "Locks on files, and the signals that files send. They stand behind the state of the last task, since they refer to files and tables of all.",
	Enums: []*Enum{LockKinds, LockTypes, OwnerTypes, OwnerFlags},
	Records: []*Record{
		{Name: "locks", Type: 345, Object: obj("LOCKS"), Doc: "The locks that the hierarchy holds on one file. nr_locks records of type lock follow.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "nr_locks", Kind: U32, Max: 1 << 30, Doc: "locks"},
		}},
		{Name: "lock", Type: 346, Doc: "One lock.", Fields: []Field{
			{Name: "file_ref", Kind: S32, Ref: "FILE", NonNull: true, Doc: "open file description through which it was taken"},
			{Name: "table_ref", Kind: S32, Ref: "FILE_TABLE", Doc: "POSIX: descriptor table to which it belongs; 0 for other kinds"},
			{Name: "kind", Kind: U32, Enum: LockKinds, Doc: "to whom it belongs"},
			{Name: "mode", Kind: U32, Enum: LockTypes, Doc: "what it keeps others from"},
			{Name: "start", Kind: S64, Doc: "first byte; 0 for a lock on the whole file"},
			{Name: "end", Kind: S64, Doc: "last byte; the largest number for the end of the file, however far"},
			{Name: "pid", Kind: S32, Doc: "process that took it, as F_GETLK; 0 for one that has ended"},
			{Name: "fd", Kind: S32, Doc: "LEASE: descriptor that its signals name (si_fd); 0 for other kinds"},
		}},
		{Name: "file_owner", Type: 347, Object: obj("OWNER"), Doc: "The signals that a file sends. nr_watches records of type dir_watch follow.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "file_ref", Kind: S32, Ref: "FILE", NonNull: true, Doc: "open file description"},
			{Name: "pid", Kind: S32, Doc: "who gets them, as F_SETOWN_EX; 0 for nobody, or for an owner that has ended"},
			{Name: "owner_type", Kind: U32, Enum: OwnerTypes, Doc: "what pid is"},
			{Name: "signum", Kind: U32, Max: 64, Doc: "F_SETSIG; 0 for SIGIO"},
			{Name: "flags", Kind: U32, Flags: OwnerFlags, Doc: "marks"},
			{Name: "uid", Kind: U32, Doc: "real user id of who named the owner"},
			{Name: "euid", Kind: U32, Doc: "effective user id of who named the owner"},
			{Name: "fd", Kind: S32, Doc: "ASYNC: descriptor that signals name (si_fd)"},
			{Name: "nr_watches", Kind: U32, Max: 1 << 22, Doc: "F_NOTIFY: tables through which a directory is watched"},
		}},
		{Name: "dir_watch", Type: 350, Doc: "A watch of a directory (F_NOTIFY).", Fields: []Field{
			{Name: "table_ref", Kind: S32, Ref: "FILE_TABLE", NonNull: true, Doc: "descriptor table to which it belongs"},
			{Name: "fd", Kind: S32, Doc: "descriptor of the directory in it, which signals name (si_fd)"},
			{Name: "mask", Kind: U32, Doc: "DN_*, as F_NOTIFY"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
	},
}
