// SPDX-License-Identifier: GPL-2.0

// Package schema is the one definition of the checkpoint image format and of
// the checkpoint/restart system-call interface.
//
// Everything else is generated from the values declared here: the C uapi
// headers, the kernel's record validator, the Go structs and their codec, the
// system-call numbers and docs/image-format.md. One file per subsystem declares
// its records; this file declares what a declaration consists of.
//
// Layout rules, checked by Validate: fields have a fixed width, are naturally
// aligned, leave no implicit hole, and every fixed part is a multiple of 8
// bytes, so that the layout is the same on every architecture. A record may end
// in one trailing array whose element count is held in an earlier field; the
// record is then zero-padded to a multiple of 8.
package schema

// Kind is the storage type of a field.
type Kind int

// The storage types. LE16 is a 16-bit number that is little-endian in images
// of either byte order; Char is one byte of text.
const (
	U8 Kind = iota + 1
	U16
	U32
	U64
	S32
	S64
	LE16
	Char
)

// Field is one member of a record or of an array element.
type Field struct {
	Name string // C member name; the Go name is derived from it
	Kind Kind
	Of   *Struct // element struct of an array; Kind is then 0
	Doc  string  // one sentence or phrase, with the unit

	Count  int    // > 0: fixed array of that many elements
	LenOf  string // trailing array: the name of the field with its element count
	MaxLen int    // trailing array: largest element count a reader accepts

	// What a reader checks, in the kernel and in the Go codec alike.
	Enum     *Enum  // the value is one of these
	Flags    *Enum  // no bit outside of these is set
	Max      uint64 // != 0: largest value (unsigned kinds) or largest signed value (S32, S64: smallest is 0)
	Reserved bool   // must be zero
	Ref      string // an objref: 0 for none, otherwise an object of this type that stands earlier
	NonNull  bool   // with Ref: 0 is refused
	Text     bool   // Char arrays: NUL-terminated inside the array
	LeadNUL  bool   // trailing Char arrays (text up to a final NUL, without another one): the text begins with a NUL too
}

// Value is a named constant.
type Value struct {
	Name string // without the enum's prefix
	Num  uint64
	Doc  string
}

// Enum is a group of named constants: exclusive values or flag bits.
type Enum struct {
	Name   string // lower case, as in "file_type"
	Prefix string // C prefix, as in "CKPT_FILE_"
	Doc    string
	Bits   bool // values are flag bits
	Values []Value
}

// Struct is an element of a trailing or fixed array: a piece without a record header.
type Struct struct {
	Name   string // C: struct ckpt_<Name>
	Doc    string
	Fields []Field
}

// Record is one record of the image: a pre-header (type, len) and the fields.
type Record struct {
	Name     string // C: struct ckpt_hdr_<Name>, type CKPT_HDR_<NAME>
	Type     uint32
	Doc      string
	Optional bool // a reader that does not know the record may skip it
	// Object is the type of shared object whose state this record holds. Its
	// first field is then objref, its number in order of appearance.
	Object *Value
	Fields []Field
	Raw    string // what follows the fields inside the record, if not an array of Fields (prose)
}

// Subsystem groups the records of one schema file.
type Subsystem struct {
	Name    string // heading in the reference, as in "Memory"
	Doc     string
	Enums   []*Enum
	Structs []*Struct
	Records []*Record
	Tools   bool // for tools alone: the kernel knows nothing of it
}

// Revision is one entry of the format's history.
type Revision struct {
	Num  uint16
	Date string // YYYY-MM-DD
	Text string
}

// Syscall is one system call.
type Syscall struct {
	Name string
	Num  int // the same on every architecture
	Args []Arg
	Doc  string
}

// Arg is one argument of a system call, in C.
type Arg struct {
	Type, Name string
}
