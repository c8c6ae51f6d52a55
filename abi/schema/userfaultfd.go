// SPDX-License-Identifier: GPL-2.0

package schema

// UserfaultPages are what is to be known of pages that a userfaultfd watches.
var UserfaultPages = &Enum{
	Name: "userfault_pages", Prefix: "CKPT_USERFAULT_", Bits: true, Doc: "what a run of watched pages is",
	Values: []Value{
		{"ZERO", 1 << 0, "zeros that the kernel keeps for everybody: they are there, and no chunk has them"},
		{"MAPPED", 1 << 1, "pages of a file that the process has mapped: they make no minor fault any more"},
		{"WP", 1 << 2, "write-protected, as UFFDIO_WRITEPROTECT"},
	},
}

// UserfaultRun is a run of pages.
var UserfaultRun = &Struct{
	Name: "userfault_run", Doc: "Pages next to each other of which the same is to be known.",
	Fields: []Field{
		{Name: "start", Kind: U64, Doc: "address of the first page"},
		{Name: "nr_pages", Kind: U32, Doc: "how many"},
		{Name: "flags", Kind: U32, Flags: UserfaultPages, Doc: "what they are"},
	},
}

// Userfaultfd is what a userfaultfd watches.
var Userfaultfd = Subsystem{
	Name: "Userfaultfd", Doc: "Memory that a userfaultfd watches, with no fault or event outstanding.",
	Enums:   []*Enum{UserfaultPages},
	Structs: []*Struct{UserfaultRun},
	Records: []*Record{
		{Name: "userfaultfd", Type: 360, Doc: "Follows the file record of a userfaultfd. nr_ranges records of type userfault_range follow.", Fields: []Field{
			{Name: "features", Kind: U64, Doc: "UFFD_FEATURE_*, as UFFDIO_API"},
			{Name: "flags", Kind: U32, Doc: "UFFD_*, as userfaultfd(2)"},
			{Name: "api", Kind: U32, Max: 1, Doc: "UFFDIO_API has been called"},
			{Name: "pid", Kind: S32, Max: 1 << 30, Doc: "a task whose memory it watches, in the pid namespace of the root; 0: one that has ended"},
			{Name: "nr_ranges", Kind: U32, Max: 1 << 24, Doc: "ranges"},
		}},
		{Name: "userfault_range", Type: 361, Doc: "Memory that is watched. Pages that are in no run are not there, or nothing is to be known of them but what the chunks of their area hold.", Fields: []Field{
			{Name: "start", Kind: U64, Doc: "first address"},
			{Name: "end", Kind: U64, Doc: "first address behind it"},
			{Name: "modes", Kind: U64, Doc: "UFFDIO_REGISTER_MODE_*, as UFFDIO_REGISTER"},
			{Name: "advice", Kind: U32, Max: 15, Doc: "MADV_HUGEPAGE or MADV_NOHUGEPAGE when in force; 0 for neither"},
			{Name: "nr_runs", Kind: U32, Max: 1 << 14, Doc: "runs of pages"},
			{Name: "runs", Of: UserfaultRun, LenOf: "nr_runs", MaxLen: 1 << 14, Doc: "these runs, addresses rising"},
		}},
	},
}
