// SPDX-License-Identifier: GPL-2.0

package schema

// FileTypes tell how an open file is brought back.
var FileTypes = &Enum{
	Name: "file_type", Prefix: "CKPT_FILE_", Doc: "how an open file is brought back",
	Values: []Value{
		{"GENERIC", 1, "opened again by path: regular file, directory, stateless character device"},
		{"SHMEM", 2, "an end of shared memory without a name; inode_ref names it"},
		{"PIPE", 3, "an end of the pipe that inode_ref names"},
		{"FIFO", 4, "an end of the FIFO that inode_ref names"},
		{"EVENTFD", 5, "eventfd; an eventfd record follows"},
		{"EPOLL", 6, "epoll instance; an epoll record stands behind the last task"},
		{"SOCKET", 7, "socket; a socket_file record follows"},
		{"MQUEUE", 8, "descriptor of a POSIX message queue; a mqueue_file record follows"},
		{"SHM", 9, "an attachment of System V shared memory; a shm_file record follows"},
		{"TTY", 20, "an end of a pseudo terminal; a tty_file record follows"},
		{"TERMINAL", 21, "the terminal of whoever restarts; a tty_file and a string record with its former path follow"},
		{"TIMERFD", 40, "timerfd; a timerfd record follows"},
		{"SIGNALFD", 41, "signalfd; a signalfd record follows"},
		{"PIDFD", 42, "pidfd; a pidfd record follows"},
		{"INOTIFY", 43, "inotify instance; an inotify record follows"},
		{"USERFAULTFD", 44, "userfaultfd; a userfaultfd record follows"},
		{"IO_URING", 45, "io_uring; an io_uring record follows"},
		{"UNLINKED", 22, "a file or directory without a name; inode_ref names it"},
		{"NSFS", 23, "descriptor of a namespace; an nsfs record follows"},
	},
}

// FileMarks are state of an open file description that no flag of F_GETFL shows.
var FileMarks = &Enum{
	Name: "file_marks", Prefix: "CKPT_FILEF_", Bits: true, Doc: "state of an open file description that no flag shows",
	Values: []Value{
		{"NO_WRITER_YET", 1 << 0, "FIFO opened for reading that has had no writer since: no POLLHUP yet"},
		{"MADE", 1 << 4, "memory file: the description that was made with it, which does not keep it from being executed although it can be written to"},
		{"PATH", 1 << 8, "O_PATH"},
	},
}

// UnlinkedFlags are marks of a file without a name.
var UnlinkedFlags = &Enum{
	Name: "unlinked_flags", Prefix: "CKPT_UNLINKED_", Bits: true, Doc: "marks of a file without a name",
	Values: []Value{{"LINKABLE", 1 << 0, "made with O_TMPFILE and without O_EXCL: it may be given a name"}},
}

// FDFlags are the flags of a descriptor.
var FDFlags = &Enum{
	Name: "fd_flags", Prefix: "CKPT_FD_", Bits: true, Doc: "flags of a descriptor",
	Values: []Value{{"CLOEXEC", 1, "FD_CLOEXEC"}},
}

// Files is what descriptors name.
var Files = Subsystem{
	Name: "Files", Doc: "Descriptors, open file descriptions, root and working directory. Paths are relative to the directory named behind the container record.",
	Enums: []*Enum{FileTypes, FileMarks, UnlinkedFlags, FDFlags},
	Records: []*Record{
		{Name: "file", Type: 304, Object: obj("FILE"), Doc: "An open file description. For type GENERIC a string record with its path follows.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "f_type", Kind: U32, Enum: FileTypes, Doc: "how it is brought back"},
			{Name: "f_flags", Kind: U32, Doc: "O_*, as F_GETFL"},
			{Name: "i_mode", Kind: U32, Doc: "st_mode: type and permissions"},
			{Name: "f_pos", Kind: S64, Doc: "file offset, bytes (directories: as the file system defines it)"},
			{Name: "ino", Kind: U64, Doc: "st_ino"},
			{Name: "dev_major", Kind: U32, Doc: "st_dev, major"},
			{Name: "dev_minor", Kind: U32, Doc: "st_dev, minor"},
			{Name: "rdev_major", Kind: U32, Doc: "st_rdev, major"},
			{Name: "rdev_minor", Kind: U32, Doc: "st_rdev, minor"},
			{Name: "size", Kind: U64, Doc: "st_size, bytes"},
			{Name: "mtime", Kind: S64, Doc: "st_mtim, nanoseconds of CLOCK_REALTIME"},
			{Name: "inode_ref", Kind: S32, Ref: "INODE", Doc: "what the file is an end of; 0 for a type that has none"},
			{Name: "marks", Kind: U32, Flags: FileMarks, Doc: "state that no flag shows"},
		}},
		{Name: "unlinked", Type: 348, Object: obj("INODE"), Doc: "A regular file or directory that has no name any more. A string record with the nearest directory above it that has one follows, and for a regular file chunks of the pages that hold data, up to and including an empty one; what stands for an address in them is an offset.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "flags", Kind: U32, Flags: UnlinkedFlags, Doc: "marks"},
			{Name: "i_mode", Kind: U32, Doc: "st_mode: type and permissions"},
			{Name: "uid", Kind: U32, Doc: "st_uid"},
			{Name: "gid", Kind: U32, Doc: "st_gid"},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "size", Kind: U64, Doc: "st_size, bytes; 0 for a directory"},
			{Name: "atime", Kind: S64, Doc: "st_atim, nanoseconds of CLOCK_REALTIME"},
			{Name: "mtime", Kind: S64, Doc: "st_mtim, nanoseconds of CLOCK_REALTIME"},
		}},
		{Name: "nsfs", Type: 349, Doc: "Follows the file record of a descriptor of a namespace.", Fields: []Field{
			{Name: "ns_type", Kind: U32, Doc: "CLONE_NEW*, as NS_GET_NSTYPE"},
			{Name: "pid", Kind: S32, Doc: "a task that is in it; 0 for who calls restart"},
		}},
		{Name: "file_table", Type: 301, Object: obj("FILE_TABLE"), Doc: "A file descriptor table; nr_fds records of type file_desc follow, descriptors rising.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "nr_fds", Kind: U32, Max: 1 << 30, Doc: "open descriptors"},
		}},
		{Name: "file_desc", Type: 302, Doc: "One descriptor.", Fields: []Field{
			{Name: "fd", Kind: S32, Doc: "descriptor"},
			{Name: "file_ref", Kind: S32, Ref: "FILE", NonNull: true, Doc: "open file description"},
			{Name: "flags", Kind: U32, Flags: FDFlags, Doc: "descriptor flags"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
		{Name: "fs", Type: 451, Object: obj("FS"), Doc: "Root and working directory. Two string records follow: the root, the working directory.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "umask", Kind: U32, Max: 0o777, Doc: "umask(2)"},
			{Name: "pwd_ref", Kind: S32, Ref: "INODE", Doc: "working directory without a name, whose string is not used then; 0 for one that has a name"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
	},
}
