// SPDX-License-Identifier: GPL-2.0

package schema

// Magic numbers of the image header and trailer, and of what stands in front of the
// image. They differ from each other
// and from those of the historic format, and read differently in either byte
// order, so that a reader learns the byte order of the source from the first 8
// bytes.
const (
	MagicHead uint64 = 0x4c43523643484b50
	MagicTail uint64 = 0x504b484336524354

	MagicSaved uint64 = 0x4c43523653415645
)

// Rev is the current format revision. Any change of a record bumps it.
const Rev uint16 = 3

// History lists every revision of the format, oldest first.
var History = []Revision{
	{1, "2026-11-23", "First revision: one single-threaded process."},
	{2, "2026-11-24", "Hierarchies: ghosts, zombies, vfork and job control."},
	{3, "2026-11-24", "Unix sockets, terminals, IPC, timers, locks and the other kinds of files."},
}

// RecordOptional is the bit of a record type that lets a reader skip the
// record when it does not know it.
const RecordOptional uint32 = 1 << 31

// Archs are the architecture identifiers in the header (arch_id).
var Archs = &Enum{
	Name: "arch", Prefix: "CKPT_ARCH_", Doc: "architecture of the source; little-endian in the image",
	Values: []Value{
		{"X86_64", 1, "x86-64, 64-bit tasks"},
		{"ARM64", 2, "AArch64, little-endian"},
		{"S390X", 3, "z/Architecture, big-endian"},
		{"RISCV64", 4, "RISC-V, 64-bit"},
		{"PPC64LE", 5, "POWER, 64-bit little-endian"},
	},
}

// CheckpointFlags are the flags of checkpoint(2).
var CheckpointFlags = &Enum{
	Name: "checkpoint_flags", Prefix: "CHECKPOINT_", Bits: true, Doc: "flags of checkpoint(2)",
	Values: []Value{
		{"SUBTREE", 1 << 0, "checkpoint a task and its descendants; without it pid must be the init of a pid namespace"},
		{"FREEZE", 1 << 1, "the kernel stops the hierarchy itself; without it every task must be frozen or stopped already"},
		{"KILL", 1 << 2, "kill the hierarchy once the image is complete"},
		{"DRYRUN", 1 << 3, "do not write an image: report every obstacle to logfd and return whether a checkpoint would succeed"},
		{"QUERY", 1 << 4, "return revision and features (see CHECKPOINT_QUERY_*), do nothing else; the only flag then"},
		{"CUT", 1 << 9, "a connection with a socket outside of the hierarchy is cut: the restarted socket finds its peer closed; without it such a peer is an obstacle"},
		{"TTY", 1 << 8, "a terminal outside of the hierarchy becomes that of whoever restarts; without it such a terminal is an obstacle"},
		{"IPC", 1 << 10, "save all System V IPC objects and POSIX message queues of the caller's IPC namespace that the caller may read; without it those of that namespace that tasks have attached or open or are to undo operations on"},
	},
}

// RestartFlags are the flags of restart(2).
var RestartFlags = &Enum{
	Name: "restart_flags", Prefix: "RESTART_", Bits: true, Doc: "flags of restart(2)",
	Values: []Value{
		{"TASKSELF", 1 << 0, "the calling task itself becomes the one task of the image"},
		{"FROZEN", 1 << 1, "the hierarchy is left frozen in its cgroup (coordinator only)"},
		{"GHOST", 1 << 2, "the caller only holds a pid number and ends when the restart completes (restarting tasks only)"},
		{"CHANGED", 1 << 8, "code is mapped from files that have changed since the checkpoint, instead of refusing it"},
	},
}

// Features are the feature bits of the header and of CHECKPOINT_QUERY.
// A reader refuses an image with an unknown required bit.
var Features = &Enum{
	Name: "feature", Prefix: "CKPT_FEATURE_", Bits: true, Doc: "feature bits",
	Values: []Value{
		{"MEMORY", 1 << 0, "contents of private memory"},
		{"FILES", 1 << 1, "regular files, directories and stateless character devices"},
		{"SELF", 1 << 2, "self-checkpoint"},
		{"FREEZE", 1 << 3, "CHECKPOINT_FREEZE"},
		{"TREE", 1 << 4, "several tasks: threads, descendants, zombies, ghosts"},
	},
}

// HeaderFlags say how the image was made.
var HeaderFlags = &Enum{
	Name: "header_flags", Prefix: "CKPT_HEADER_", Bits: true, Doc: "how the image was made",
	Values: []Value{
		{"SELF", 1 << 0, "self-checkpoint: the one task called checkpoint(2) itself"},
		{"CONTAINER", 1 << 1, "a whole container"},
	},
}

// ObjTypes are the types of shared objects. Object 0 is "none" everywhere.
var ObjTypes = &Enum{
	Name: "obj", Prefix: "CKPT_OBJ_", Doc: "types of shared objects",
	Values: []Value{
		{"FILE", 1, "open file description"},
		{"FILE_TABLE", 2, "file descriptor table"},
		{"MM", 3, "address space"},
		{"FS", 4, "root, working directory and umask"},
		{"SIGHAND", 5, "signal handlers"},
		{"CRED", 6, "credentials"},
		{"SIGNAL", 7, "state that the threads of a process share"},
		{"INODE", 8, "pipe, FIFO, shared memory, file without a name: what open files without a path of their own are ends of"},
		{"EPOLL", 9, "what an epoll instance watches"},
		{"TTY", 18, "pseudo terminal"},
		{"SECCOMP", 10, "seccomp filter"},
		{"SOCKET", 11, "socket"},
		{"SOCKET_QUEUE", 12, "what a socket is connected with, and what waits in it"},
		{"IO_CONTEXT", 13, "I/O context that tasks share"},
		{"LOCKS", 16, "locks on a file"},
		{"OWNER", 17, "the signals that a file sends"},
		{"SHM", 20, "System V shared memory segment"},
		{"SEM_UNDO", 21, "System V semaphore operations to undo when the tasks end"},
		{"MQUEUE", 22, "POSIX message queue"},
		{"SEM", 23, "System V semaphore set"},
		{"MSG", 24, "System V message queue"},
	},
}

func obj(name string) *Value {
	for i := range ObjTypes.Values {
		if ObjTypes.Values[i].Name == name {
			return &ObjTypes.Values[i]
		}
	}
	panic("schema: no object type " + name)
}

// General is the frame of every image.
var General = Subsystem{
	Name: "General", Doc: "The frame of an image: header, container, shared pieces and trailer.",
	Enums: []*Enum{Archs, CheckpointFlags, RestartFlags, Features, HeaderFlags, ObjTypes},
	Records: []*Record{
		{Name: "header", Type: 1, Doc: "Always the first record. Magic, arch_id and rev stand at the same place in every revision.", Fields: []Field{
			{Name: "magic", Kind: U64, Doc: "CKPT_MAGIC_HEAD in the byte order of the source"},
			{Name: "arch_id", Kind: LE16, Doc: "architecture of the source, little-endian in every image", Enum: Archs},
			{Name: "rev", Kind: U16, Doc: "format revision"},
			{Name: "page_shift", Kind: U8, Doc: "log2 of the page size in bytes"},
			{Name: "word_bits", Kind: U8, Doc: "width of a user-space word, in bits: 32 or 64"},
			{Name: "reserved0", Kind: U16, Reserved: true},
			{Name: "kernel_major", Kind: U16, Doc: "kernel version of the source, as in 6.12.117"},
			{Name: "kernel_minor", Kind: U16, Doc: "second part of the kernel version"},
			{Name: "kernel_patch", Kind: U16, Doc: "third part of the kernel version"},
			{Name: "reserved1", Kind: U16, Reserved: true},
			{Name: "time", Kind: S64, Doc: "time of the checkpoint, nanoseconds of CLOCK_REALTIME"},
			{Name: "monotonic", Kind: S64, Doc: "the same instant, nanoseconds of CLOCK_MONOTONIC"},
			{Name: "boottime", Kind: S64, Doc: "the same instant, nanoseconds of CLOCK_BOOTTIME"},
			{Name: "uflags", Kind: U64, Doc: "flags given to checkpoint(2)", Flags: CheckpointFlags},
			{Name: "flags", Kind: U64, Doc: "how the image was made", Flags: HeaderFlags},
			{Name: "feat_required", Kind: U64, Doc: "features without which a reader must refuse the image", Flags: Features},
			{Name: "feat_optional", Kind: U64, Doc: "features that a reader may ignore"},
			{Name: "ckpt_id", Kind: U64, Doc: "checkpoint identifier, as checkpoint(2) returns it"},
			{Name: "nodename", Kind: Char, Count: 72, Text: true, Doc: "uname(2) nodename of the root task"},
			{Name: "release", Kind: Char, Count: 72, Text: true, Doc: "uname(2) release"},
			{Name: "version", Kind: Char, Count: 72, Text: true, Doc: "uname(2) version"},
			{Name: "machine", Kind: Char, Count: 72, Text: true, Doc: "uname(2) machine"},
		}},
		{Name: "header_arch", Type: 2, Doc: "What the CPU of the source offered. Restart refuses an image whose CPU state this machine cannot load.", Fields: []Field{
			{Name: "elf_machine", Kind: U32, Doc: "EM_* number of the tasks' ABI (elf.h)"},
			{Name: "fpu_size", Kind: U32, Doc: "size of the extended register state, bytes (x86: XSAVE area)"},
			{Name: "features", Kind: U64, Doc: "extended register sets in use (x86: XCR0)"},
			{Name: "hwcap", Kind: U64, Doc: "AT_HWCAP of getauxval(3)"},
			{Name: "hwcap2", Kind: U64, Doc: "AT_HWCAP2 of getauxval(3)"},
		}},
		{Name: "container", Type: 3, Doc: "Configuration of the whole hierarchy. A string record follows: the directory all paths of the image are relative to, as the checkpointing task named it.", Fields: []Field{
			{Name: "lsm", Kind: Char, Count: 16, Text: true, Doc: "name of the exclusive LSM, empty without one"},
			{Name: "monotonic_offset", Kind: S64, Doc: "what the root's time namespace adds to CLOCK_MONOTONIC, nanoseconds"},
			{Name: "boottime_offset", Kind: S64, Doc: "what it adds to CLOCK_BOOTTIME, nanoseconds"},
			{Name: "reserved0", Kind: U64, Reserved: true},
		}},
		{Name: "string", Type: 5, Doc: "A name: path, VMA name. Always follows the record it belongs to.", Fields: []Field{
			{Name: "size", Kind: U32, Doc: "bytes of text, the final NUL included", Max: 4096},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "text", Kind: Char, LenOf: "size", MaxLen: 4096, Doc: "the text, NUL-terminated, no NUL before the end"},
		}},
		{Name: "pad", Type: 9, Doc: "Zeros that align what follows: page contents start at a multiple of the page size from the start of the image.", Fields: []Field{
			{Name: "size", Kind: U32, Doc: "bytes of padding behind the fixed part", Max: 1 << 16},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "zero", Kind: U8, LenOf: "size", MaxLen: 1 << 16, Reserved: true, Doc: "zeros"},
		}},
		{Name: "tail", Type: 9001, Doc: "Always the last record. Bytes after it belong to someone else.", Fields: []Field{
			{Name: "magic", Kind: U64, Doc: "CKPT_MAGIC_TAIL in the byte order of the source"},
			{Name: "nr_records", Kind: U64, Doc: "records in the image, header and trailer included"},
			{Name: "size", Kind: U64, Doc: "bytes of the image, trailer included"},
			{Name: "checksum", Kind: U64, Doc: "XXH64 (seed 0) of every byte of the image before this record"},
		}},
		{Name: "error", Type: 9999, Doc: "Why the checkpoint failed. The text begins with a NUL byte, so that it can be found backwards from the end of a file. Restart answers EIO.", Fields: []Field{
			{Name: "err", Kind: S32, Doc: "negative errno, as checkpoint(2) failed with"},
			{Name: "size", Kind: U32, Doc: "bytes of text, the first and the final NUL included", Max: 1024},
			{Name: "text", Kind: Char, LenOf: "size", MaxLen: 1024, LeadNUL: true, Doc: "NUL, message, NUL"},
		}},
	},
}
