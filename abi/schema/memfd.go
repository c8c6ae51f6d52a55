// SPDX-License-Identifier: GPL-2.0

package schema

// MemfdFlags tell what a memory file was made by, if not by memfd_create(2).
var MemfdFlags = &Enum{
	Name: "memfd_flags", Prefix: "CKPT_MEMFD_", Bits: true, Doc: "what a memory file was made by",
	Values: []Value{
		{"MMAP", 1 << 0, "made by mmap(2) with MAP_HUGETLB; it has no name, no seals and no times"},
	},
}

// Memfd is memory that descriptors can lead to, but no path.
var Memfd = Subsystem{
	Name: "Memory files", Doc: "memfd_create(2), and the memory of MAP_HUGETLB. Their ends are open file descriptions of type SHMEM.",
	Enums: []*Enum{MemfdFlags},
	Records: []*Record{
		{Name: "memfd", Type: 407, Object: obj("INODE"), Doc: "A memory file. A string record with its name follows, then chunks of the pages that exist, up to and including an empty one; what stands for an address in them is an offset.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "flags", Kind: U32, Flags: MemfdFlags, Doc: "what it was made by"},
			{Name: "size", Kind: U64, Doc: "st_size, bytes"},
			{Name: "seals", Kind: U32, Doc: "F_SEAL_*, as F_GET_SEALS"},
			{Name: "mode", Kind: U32, Max: 0o7777, Doc: "permissions of st_mode"},
			{Name: "uid", Kind: U32, Doc: "st_uid"},
			{Name: "gid", Kind: U32, Doc: "st_gid"},
			{Name: "huge_shift", Kind: U32, Max: 63, Doc: "binary logarithm of the size of its huge pages, as in MFD_HUGETLB's flags; 0 for ordinary pages"},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "atime", Kind: S64, Doc: "st_atim, nanoseconds of CLOCK_REALTIME"},
			{Name: "mtime", Kind: S64, Doc: "st_mtim, nanoseconds of CLOCK_REALTIME"},
		}},
	},
}
