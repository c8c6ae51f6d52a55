// SPDX-License-Identifier: GPL-2.0

package schema

// VMAKinds tell where the pages of an area come from.
var VMAKinds = &Enum{
	Name: "vma_kind", Prefix: "CKPT_VMA_", Doc: "where the pages of an area come from",
	Values: []Value{
		{"ANON", 1, "private anonymous memory"},
		{"FILE", 2, "a file, private (changed pages are in the image) or shared (none are)"},
		{"SPECIAL", 3, "mapped by the kernel at exec: vdso, vvar; a string record with its name follows"},
	},
}

// VMAFlags are marks of an area.
var VMAFlags = &Enum{
	Name: "vma_flags", Prefix: "CKPT_VMAF_", Bits: true, Doc: "marks of an area",
	Values: []Value{
		{"LOCKED", 1 << 0, "mlock(2)"},
		{"LOCKONFAULT", 1 << 1, "MLOCK_ONFAULT of mlock2(2)"},
		{"NAMED", 1 << 2, "PR_SET_VMA_ANON_NAME: a string record follows"},
		{"SEALED", 1 << 3, "mseal(2)"},
		{"COMMITTED", 1 << 4, "counts against the commit limit (Committed_AS of /proc/meminfo) although it is not writable now"},
		{"USERFAULT", 1 << 8, "a userfaultfd watches it: pages that were not there must not come into being"},
	},
}

// MMFlags are attributes of an address space.
var MMFlags = &Enum{
	Name: "mm_flags", Prefix: "CKPT_MMF_", Bits: true, Doc: "attributes of an address space",
	Values: []Value{
		{"THP_DISABLE", 1 << 0, "PR_SET_THP_DISABLE"},
		{"MDWE", 1 << 1, "PR_MDWE_REFUSE_EXEC_GAIN"},
		{"MDWE_NO_INHERIT", 1 << 2, "PR_MDWE_NO_INHERIT"},
		{"MERGE_ANY", 1 << 3, "PR_SET_MEMORY_MERGE"},
		{"MLOCK_FUTURE", 1 << 4, "MCL_FUTURE of mlockall(2)"},
		{"MLOCK_ONFAULT", 1 << 5, "MCL_ONFAULT of mlockall(2)"},
		{"LEGACY_LAYOUT", 1 << 6, "new mappings are placed bottom-up"},
	},
}

// ShmemFlags are attributes of shared anonymous memory.
var ShmemFlags = &Enum{
	Name: "shmem_flags", Prefix: "CKPT_SHMEM_", Bits: true, Doc: "attributes of shared anonymous memory",
	Values: []Value{
		{"NORESERVE", 1 << 0, "made with MAP_NORESERVE: pages count against the commit limit one by one"},
	},
}

// MM is memory.
var MM = Subsystem{
	Name: "Memory", Doc: "Address spaces: layout, areas and contents. Only pages that cannot be had elsewhere are in the image.",
	Enums: []*Enum{VMAKinds, VMAFlags, MMFlags, ShmemFlags},
	Records: []*Record{
		{Name: "mm", Type: 401, Object: obj("MM"), Doc: "An address space. mm_context follows, then nr_vmas areas in rising order, each with its pages, and then aio.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "nr_vmas", Kind: U32, Max: 1 << 24, Doc: "areas"},
			{Name: "exe_ref", Kind: S32, Ref: "FILE", Doc: "the executable, as /proc/PID/exe; 0 for none"},
			{Name: "dumpable", Kind: U32, Max: 2, Doc: "PR_GET_DUMPABLE"},
			{Name: "flags", Kind: U64, Flags: MMFlags, Doc: "attributes"},
			{Name: "dump_filter", Kind: U64, Doc: "/proc/PID/coredump_filter"},
			{Name: "membarrier", Kind: U64, Doc: "MEMBARRIER_CMD_REGISTER_* commands in force"},
			{Name: "start_code", Kind: U64, Doc: "start of the program text; this and the addresses up to env_end as struct prctl_mm_map (PR_SET_MM_MAP)"},
			{Name: "end_code", Kind: U64, Doc: "end of the program text"},
			{Name: "start_data", Kind: U64, Doc: "start of the initialized data"},
			{Name: "end_data", Kind: U64, Doc: "end of the initialized data"},
			{Name: "start_brk", Kind: U64, Doc: "start of the heap"},
			{Name: "brk", Kind: U64, Doc: "program break, as brk(2)"},
			{Name: "start_stack", Kind: U64, Doc: "bottom of the stack at exec"},
			{Name: "arg_start", Kind: U64, Doc: "start of the command line"},
			{Name: "arg_end", Kind: U64, Doc: "end of the command line"},
			{Name: "env_start", Kind: U64, Doc: "start of the environment"},
			{Name: "env_end", Kind: U64, Doc: "end of the environment"},
			{Name: "mmap_base", Kind: U64, Doc: "where the search for new mappings starts"},
			{Name: "nr_auxv", Kind: U32, Max: 128, Doc: "words of the auxiliary vector"},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "auxv", Kind: U64, LenOf: "nr_auxv", MaxLen: 128, Doc: "/proc/PID/auxv, the final AT_NULL pair included"},
		}},
		{Name: "mm_context", Type: 405, Doc: "What the architecture keeps for an address space.", Fields: []Field{
			{Name: "vdso", Kind: U64, Doc: "address of the vdso, 0 for none"},
			{Name: "vdso_size", Kind: U64, Doc: "bytes of the vdso"},
			{Name: "vdso_checksum", Kind: U64, Doc: "XXH64 of the kernel's vdso; another one is refused"},
			{Name: "arch", Kind: U64, Count: 4, Doc: "per-architecture state; 0 where there is none. x86: bit n of the first stands for an allocated protection key n; the second is the key of what can only be executed, 0 for none"},
		}},
		{Name: "vma", Type: 402, Doc: "An area. Chunks of pages follow, up to and including an empty one.", Fields: []Field{
			{Name: "start", Kind: U64, Doc: "first address"},
			{Name: "end", Kind: U64, Doc: "first address behind the area"},
			{Name: "kind", Kind: U32, Enum: VMAKinds, Doc: "where its pages come from"},
			{Name: "prot", Kind: U32, Max: 7, Doc: "PROT_READ, PROT_WRITE, PROT_EXEC"},
			{Name: "map_flags", Kind: U32, Doc: "MAP_SHARED or MAP_PRIVATE, MAP_GROWSDOWN, MAP_NORESERVE"},
			{Name: "flags", Kind: U32, Flags: VMAFlags, Doc: "marks"},
			{Name: "advice", Kind: U64, Doc: "madvise(2) in force: bit n stands for the advice of value n"},
			{Name: "file_ref", Kind: S32, Ref: "FILE", Doc: "mapped file; 0 for none"},
			{Name: "unsealed_ref", Kind: S32, Ref: "INODE", Doc: "memory file that the area shows and may write to although it has F_SEAL_FUTURE_WRITE by now; 0 for none"},
			{Name: "offset", Kind: U64, Doc: "file: offset in bytes of the first page in the file; 0 for other kinds"},
			{Name: "pkey", Kind: U32, Max: 15, Doc: "memory protection key, as pkey_mprotect(2); 0 too for what can only be executed, which the kernel gives a key of its own"},
			{Name: "reserved0", Kind: U32, Reserved: true},
		}},
		{Name: "shmem", Type: 406, Object: obj("INODE"), Doc: "Shared anonymous memory. Chunks of the pages that exist follow, up to and including an empty one; what stands for an address in them is an offset.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "flags", Kind: U32, Flags: ShmemFlags, Doc: "attributes"},
			{Name: "size", Kind: U64, Doc: "bytes; areas may show less of it, or more"},
		}},
		{Name: "pgarr", Type: 403, Doc: "A chunk of pages: nr_pages addresses, then the contents of as many pages. The contents start at a multiple of the page size from the start of the image. nr_pages 0 ends the area, or the shared memory.", Raw: "nr_pages addresses (8 bytes each), then nr_pages pages", Fields: []Field{
			{Name: "nr_pages", Kind: U64, Max: 1 << 15, Doc: "pages in this chunk"},
		}},
	},
}
