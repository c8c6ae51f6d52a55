// SPDX-License-Identifier: GPL-2.0

package schema

// SeccompFlags are flags of SECCOMP_SET_MODE_FILTER that stay with a filter.
var SeccompFlags = &Enum{
	Name: "seccomp_flags", Prefix: "CKPT_SECCOMP_", Bits: true, Doc: "flags of a seccomp filter",
	Values: []Value{{"LOG", 1 << 0, "SECCOMP_FILTER_FLAG_LOG"}},
}

// SockFilter is one instruction of classic BPF.
var SockFilter = &Struct{
	Name: "sock_filter", Doc: "An instruction of classic BPF, as struct sock_filter.",
	Fields: []Field{
		{Name: "code", Kind: U16, Doc: "what it does"},
		{Name: "jt", Kind: U8, Doc: "instructions to skip if true"},
		{Name: "jf", Kind: U8, Doc: "instructions to skip if false"},
		{Name: "k", Kind: U32, Doc: "operand"},
	},
}

// Seccomp is what a task may call.
var Seccomp = Subsystem{
	Name: "Seccomp", Doc: "Filters of system calls (seccomp(2)). A task refers to the filter that it installed last, which refers to the one before.",
	Enums: []*Enum{SeccompFlags}, Structs: []*Struct{SockFilter},
	Records: []*Record{
		{Name: "seccomp_filter", Type: 130, Object: obj("SECCOMP"), Doc: "A seccomp filter, as PTRACE_SECCOMP_GET_FILTER shows it.", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "prev_ref", Kind: S32, Ref: "SECCOMP", Doc: "the filter that was installed before; 0 for none"},
			{Name: "flags", Kind: U32, Flags: SeccompFlags, Doc: "flags"},
			{Name: "nr_insns", Kind: U32, Max: 4096, Doc: "instructions"},
			{Name: "insns", Of: SockFilter, LenOf: "nr_insns", MaxLen: 4096, Doc: "the program"},
		}},
	},
}
