// SPDX-License-Identifier: GPL-2.0

package schema

// IOUring is io_uring of io_uring_setup(2).
var IOUring = Subsystem{
	Name: "IOUring", Doc: "Rings of io_uring_setup(2), without requests in flight and without registrations.",
	Records: []*Record{
		{Name: "io_uring", Type: 365, Doc: "Follows the file record of an io_uring. Chunks of the pages of its two rings follow, up to and including an empty one, and then chunks of its submission entries; what stands for an address in them is an offset.", Fields: []Field{
			{Name: "flags", Kind: U32, Doc: "IORING_SETUP_*, as io_uring_setup(2)"},
			{Name: "sq_entries", Kind: U32, Max: 1 << 15, Doc: "entries of the submission queue"},
			{Name: "cq_entries", Kind: U32, Max: 1 << 16, Doc: "entries of the completion queue"},
			{Name: "sq_head", Kind: U32, Doc: "how many entries the kernel has taken"},
			{Name: "cq_tail", Kind: U32, Doc: "how many completions the kernel has written"},
			{Name: "cq_extra", Kind: U32, Doc: "completions beyond one for each entry, for IOSQE_IO_DRAIN"},
			{Name: "pid", Kind: S32, Max: 1 << 30, Doc: "the task that submits, if there can be only one; else one of the process that has made it; 0: nobody who is there"},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "rings_size", Kind: U64, Doc: "bytes of the pages of the rings"},
			{Name: "sqes_size", Kind: U64, Doc: "bytes of the pages of submission entries"},
			{Name: "sq_off", Kind: U32, Count: 7, Doc: "where the program finds the submission queue: struct io_sqring_offsets up to array"},
			{Name: "cq_off", Kind: U32, Count: 7, Doc: "where it finds the completion queue: struct io_cqring_offsets up to flags"},
		}},
	},
}
