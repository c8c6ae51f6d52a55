// SPDX-License-Identifier: GPL-2.0

package schema

// ShmFlags are marks of a shared memory segment.
var ShmFlags = &Enum{
	Name: "shm_flags", Prefix: "CKPT_SHM_", Bits: true, Doc: "marks of a shared memory segment",
	Values: []Value{
		{"NORESERVE", 1 << 0, "made with SHM_NORESERVE"},
		{"LOCKED", 1 << 1, "SHM_LOCK"},
		{"DEST", 1 << 2, "it is removed with its last attachment (IPC_RMID)"},
	},
}

// IPCPerm is what all System V IPC objects have in common.
var IPCPerm = &Struct{
	Name: "ipc_perm", Doc: "what all System V IPC objects have in common", Fields: []Field{
		{Name: "id", Kind: S32, Max: 1<<31 - 1, Doc: "the identifier, with its sequence number"},
		{Name: "key", Kind: U32, Doc: "the key; 0 for IPC_PRIVATE"},
		{Name: "uid", Kind: U32, Doc: "user id of the owner"},
		{Name: "gid", Kind: U32, Doc: "group id of the owner"},
		{Name: "cuid", Kind: U32, Doc: "user id of the creator"},
		{Name: "cgid", Kind: U32, Doc: "group id of the creator"},
		{Name: "mode", Kind: U32, Max: 0o777, Doc: "permissions"},
		{Name: "reserved0", Kind: U32, Reserved: true},
	},
}

// SemValue is a semaphore of a set.
var SemValue = &Struct{
	Name: "sem_value", Doc: "a semaphore of a set", Fields: []Field{
		{Name: "value", Kind: U32, Max: 32767, Doc: "GETVAL"},
		{Name: "pid", Kind: S32, Doc: "GETPID; 0 for a process that is not in the task array"},
	},
}

// IPC is what processes share by identifier.
var IPC = Subsystem{
	Name: "IPC", Doc: "System V IPC. Times are seconds of CLOCK_REALTIME. Semaphores, message queues and segments that nobody has attached stand behind the state of the last task. Processes that are not in the task array are 0.",
	Enums:   []*Enum{ShmFlags},
	Structs: []*Struct{IPCPerm, SemValue},
	Records: []*Record{
		{Name: "shm", Type: 501, Object: obj("SHM"), Doc: "A shared memory segment. Chunks of the pages that exist follow, up to and including an empty one; what stands for an address in them is an offset.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "flags", Kind: U32, Flags: ShmFlags, Doc: "marks"},
			{Name: "perm", Of: IPCPerm, Count: 1, Doc: "identifier and permissions"},
			{Name: "size", Kind: U64, Doc: "shm_segsz, bytes"},
			{Name: "atime", Kind: S64, Doc: "shm_atime"},
			{Name: "dtime", Kind: S64, Doc: "shm_dtime"},
			{Name: "ctime", Kind: S64, Doc: "shm_ctime"},
			{Name: "cpid", Kind: S32, Doc: "shm_cpid"},
			{Name: "lpid", Kind: S32, Doc: "shm_lpid"},
		}},
		{Name: "shm_file", Type: 502, Doc: "Which segment is attached. How, for reading or for writing too, is in the flags of the open file description.", Fields: []Field{
			{Name: "shm_ref", Kind: S32, Ref: "SHM", NonNull: true, Doc: "the segment"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
		{Name: "sem", Type: 503, Object: obj("SEM"), Doc: "A semaphore set. Operations that wait are in the registers of those who wait.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "nr_sems", Kind: U32, Max: 1 << 16, Doc: "semaphores"},
			{Name: "perm", Of: IPCPerm, Count: 1, Doc: "identifier and permissions"},
			{Name: "otime", Kind: S64, Doc: "sem_otime"},
			{Name: "ctime", Kind: S64, Doc: "sem_ctime"},
			{Name: "sems", Of: SemValue, LenOf: "nr_sems", MaxLen: 1 << 16, Doc: "the semaphores"},
		}},
		{Name: "sem_undo", Type: 504, Object: obj("SEM_UNDO"), Doc: "What is undone when the last of some tasks ends (SEM_UNDO), which share it by CLONE_SYSVSEM. nr_sets records of type sem_undo_set follow.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "nr_sets", Kind: U32, Max: 1 << 24, Doc: "semaphore sets"},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "nr_tasks", Kind: U32, Max: 1 << 22, Doc: "tasks"},
			{Name: "tasks", Kind: S32, LenOf: "nr_tasks", MaxLen: 1 << 22, Doc: "the tasks"},
		}},
		{Name: "sem_undo_set", Type: 505, Doc: "What is undone on one semaphore set.", Fields: []Field{
			{Name: "sem_ref", Kind: S32, Ref: "SEM", NonNull: true, Doc: "the set"},
			{Name: "nr_sems", Kind: U32, Max: 1 << 16, Doc: "its semaphores"},
			{Name: "adjust", Kind: S32, LenOf: "nr_sems", MaxLen: 1 << 16, Doc: "what is added to each semaphore, -32768 to 32767"},
		}},
		{Name: "msg_queue", Type: 506, Object: obj("MSG"), Doc: "A message queue. nr_messages records of type msg follow, the oldest first.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "nr_messages", Kind: U32, Max: 1 << 30, Doc: "msg_qnum"},
			{Name: "perm", Of: IPCPerm, Count: 1, Doc: "identifier and permissions"},
			{Name: "qbytes", Kind: U64, Doc: "msg_qbytes"},
			{Name: "stime", Kind: S64, Doc: "msg_stime"},
			{Name: "rtime", Kind: S64, Doc: "msg_rtime"},
			{Name: "ctime", Kind: S64, Doc: "msg_ctime"},
			{Name: "lspid", Kind: S32, Doc: "msg_lspid"},
			{Name: "lrpid", Kind: S32, Doc: "msg_lrpid"},
		}},
		{Name: "msg", Type: 507, Doc: "A message.", Fields: []Field{
			{Name: "mtype", Kind: S64, Doc: "mtype, above 0"},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "size", Kind: U32, Max: 1 << 20, Doc: "bytes of text"},
			{Name: "text", Kind: U8, LenOf: "size", MaxLen: 1 << 20, Doc: "the text"},
		}},
	},
}
