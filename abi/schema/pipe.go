// SPDX-License-Identifier: GPL-2.0

package schema

// PipeFlags tell what kind of pipe it is.
var PipeFlags = &Enum{
	Name: "pipe_flags", Prefix: "CKPT_PIPE_", Bits: true, Doc: "what kind of pipe it is",
	Values: []Value{
		{"FIFO", 1 << 0, "a FIFO; a string record with its path follows"},
		{"SHARED", 1 << 1, "someone outside of the hierarchy had it open"},
	},
}

// PipeBufFlags tell how a buffer of a pipe is read and filled up.
var PipeBufFlags = &Enum{
	Name: "pipe_buf_flags", Prefix: "CKPT_PIPE_BUF_", Bits: true, Doc: "how a buffer of a pipe is read and filled up",
	Values: []Value{
		{"PACKET", 1 << 0, "one packet: written with O_DIRECT, a read gets no more than it"},
		{"MERGE", 1 << 1, "small writes are added to it while it is the last one"},
	},
}

// Pipes are pipes and FIFOs. Their ends are files.
var Pipes = Subsystem{
	Name: "Pipes", Doc: "Pipes and FIFOs with what is in them. Their ends are open file descriptions that refer to them.",
	Enums: []*Enum{PipeFlags, PipeBufFlags},
	Records: []*Record{
		{Name: "pipe", Type: 305, Object: obj("INODE"), Doc: "A pipe or FIFO. nr_bufs records of type pipe_buf follow, oldest first.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "flags", Kind: U32, Flags: PipeFlags, Doc: "what kind"},
			{Name: "size", Kind: U32, Max: 1 << 31, Doc: "capacity, bytes, as F_GETPIPE_SZ"},
			{Name: "nr_bufs", Kind: U32, Max: 1 << 19, Doc: "buffers that are filled"},
		}},
		{Name: "pipe_buf", Type: 306, Doc: "A filled buffer of a pipe.", Fields: []Field{
			{Name: "flags", Kind: U32, Flags: PipeBufFlags, Doc: "how it is read and filled up"},
			{Name: "offset", Kind: U32, Max: 1 << 16, Doc: "bytes of the buffer's page that have been read already"},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "size", Kind: U32, Max: 1 << 16, Doc: "bytes of data"},
			{Name: "data", Kind: U8, LenOf: "size", MaxLen: 1 << 16, Doc: "the data"},
		}},
	},
}
