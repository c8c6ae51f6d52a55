// SPDX-License-Identifier: GPL-2.0

package schema

// PtyFlags are the state of a pseudo terminal.
var PtyFlags = &Enum{
	Name: "pty_flags", Prefix: "CKPT_PTY_", Bits: true, Doc: "state of a pseudo terminal",
	Values: []Value{
		{"DEAD", 1 << 0, "the master is closed: every file of the slave has been hung up"},
		{"HUNG_UP", 1 << 1, "the slave has been hung up by vhangup(2), and not opened since"},
		{"LOCKED", 1 << 2, "TIOCGPTLCK: the slave cannot be opened"},
		{"PACKET", 1 << 3, "TIOCGPKT: packet mode"},
		{"SLAVE_CLOSED", 1 << 4, "the slave has been open and is no more: reads of the master fail with EIO"},
	},
}

// PtyEndFlags are the state of one end of a pseudo terminal.
var PtyEndFlags = &Enum{
	Name: "pty_end_flags", Prefix: "CKPT_PTY_END_", Bits: true, Doc: "state of one end of a pseudo terminal",
	Values: []Value{
		{"EXCLUSIVE", 1 << 0, "TIOCEXCL"},
		{"STOPPED", 1 << 1, "output is stopped, by TCOOFF or the STOP character"},
		{"TCOOFF", 1 << 2, "by TCOOFF: only TCOON starts it again"},
		{"LNEXT", 1 << 3, "the last character was LNEXT"},
		{"ERASING", 1 << 4, "ECHOPRT: in the middle of erased characters"},
		{"PUSH", 1 << 5, "what was there when the terminal became canonical is to be read like a line"},
	},
}

// TTYRoles are what an open file on a pseudo terminal is.
var TTYRoles = &Enum{
	Name: "tty_role", Prefix: "CKPT_TTY_", Doc: "what an open file on a pseudo terminal is",
	Values: []Value{
		{"MASTER", 1, "the master; its path is that of the pty record"},
		{"SLAVE", 2, "the slave; a string record with its path follows"},
		{"CURRENT", 3, "the slave, opened as /dev/tty; a string record with the path follows"},
	},
}

// TTYFileFlags are marks of an open file on a terminal.
var TTYFileFlags = &Enum{
	Name: "tty_file_flags", Prefix: "CKPT_TTY_FILE_", Bits: true, Doc: "marks of an open file on a terminal",
	Values: []Value{
		{"HUNG_UP", 1 << 0, "the file has been hung up, and is of no use any more"},
		{"FOREGROUND", 1 << 1, "terminal outside: it was in the hands of the root's process group"},
	},
}

// Terminals are pseudo terminals and what stands for others.
var Terminals = Subsystem{
	Name: "Terminals", Doc: "Pseudo terminals whose master is in the hierarchy, with both ends and the session they control. Characters stand in cells of 16 bits: the low byte is the character.",
	Enums: []*Enum{PtyFlags, PtyEndFlags, TTYRoles, TTYFileFlags},
	Records: []*Record{
		{Name: "pty", Type: 307, Object: obj("TTY"), Doc: "A pseudo terminal. A string record with the path of the multiplexor follows, then two records of type pty_end: the slave's and the master's.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "flags", Kind: U32, Flags: PtyFlags, Doc: "state"},
			{Name: "index", Kind: U32, Max: 1<<20 - 1, Doc: "number of the slave: its name in devpts"},
			{Name: "pktstatus", Kind: U32, Max: 0xff, Doc: "TIOCPKT_*: what the next read in packet mode tells"},
			{Name: "sid", Kind: S32, Max: 1 << 30, Doc: "session that the terminal controls; 0 for none"},
			{Name: "pgid", Kind: S32, Max: 1 << 30, Doc: "foreground process group; 0 for none"},
			{Name: "uid", Kind: U32, Doc: "owner of the slave's node"},
			{Name: "gid", Kind: U32, Doc: "group of the slave's node"},
			{Name: "mode", Kind: U32, Max: 0o7777, Doc: "permissions of the slave's node"},
			{Name: "c_iflag", Kind: U32, Doc: "termios of the slave"},
			{Name: "c_oflag", Kind: U32, Doc: "termios of the slave"},
			{Name: "c_cflag", Kind: U32, Doc: "termios of the slave"},
			{Name: "c_lflag", Kind: U32, Doc: "termios of the slave"},
			{Name: "c_line", Kind: U32, Max: 0xff, Doc: "termios of the slave"},
			{Name: "c_ispeed", Kind: U32, Doc: "termios of the slave"},
			{Name: "c_ospeed", Kind: U32, Doc: "termios of the slave"},
			{Name: "c_cc", Kind: U8, Count: 24, Doc: "termios of the slave: control characters, by the indices of the architecture"},
			{Name: "ws_row", Kind: U16, Doc: "window size"},
			{Name: "ws_col", Kind: U16, Doc: "window size"},
			{Name: "ws_xpixel", Kind: U16, Doc: "window size"},
			{Name: "ws_ypixel", Kind: U16, Doc: "window size"},
			{Name: "nr_tasks", Kind: U32, Max: 1 << 22, Doc: "processes"},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "tasks", Kind: S32, LenOf: "nr_tasks", MaxLen: 1 << 22, Doc: "pids of the processes that the terminal controls"},
		}},
		{Name: "pty_end", Type: 312, Doc: "One end of a pseudo terminal, with its line discipline, N_TTY. Cells: what can be read, what is to be echoed, what has arrived and has not been looked at yet.", Fields: []Field{
			{Name: "flags", Kind: U32, Flags: PtyEndFlags, Doc: "state"},
			{Name: "column", Kind: U32, Doc: "column of the cursor"},
			{Name: "canon_column", Kind: U32, Doc: "column where the line began"},
			{Name: "nr_input", Kind: U32, Max: 4096, Doc: "cells of input; 0x100 in a cell: a line ends here, with a 0: at an end of file"},
			{Name: "nr_canon", Kind: U32, Max: 4096, Doc: "cells among them of complete lines"},
			{Name: "nr_echo", Kind: U32, Max: 4095, Doc: "cells to be echoed; 0xff begins an operation: 0xff itself, 0x80 back one column, 0x81 the line begins, 0x82 and one cell more erase a tab, any other a control character"},
			{Name: "nr_echo_now", Kind: U32, Max: 4095, Doc: "cells among them whose echo has begun, and waits for room"},
			{Name: "nr_queue", Kind: U32, Max: 1 << 15, Doc: "cells that have arrived from the other end"},
			{Name: "nr_ahead", Kind: U32, Max: 1 << 15, Doc: "cells among them that have been looked at for START and STOP"},
			{Name: "nr_skip", Kind: U32, Max: 1 << 15, Doc: "cells whose START and STOP are not to be obeyed again"},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "nr_cells", Kind: U32, Max: 1 << 16, Doc: "cells in all"},
			{Name: "cells", Kind: U16, LenOf: "nr_cells", MaxLen: 1 << 16, Doc: "input, echo, queue"},
		}},
		{Name: "tty_file", Type: 313, Doc: "Follows the file record of an open file on a terminal.", Fields: []Field{
			{Name: "tty_ref", Kind: S32, Ref: "TTY", Doc: "the pseudo terminal; 0 for a terminal outside"},
			{Name: "role", Kind: U32, Enum: TTYRoles, Doc: "what the file is; SLAVE for a terminal outside"},
			{Name: "flags", Kind: U32, Flags: TTYFileFlags, Doc: "marks"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
	},
}
