// SPDX-License-Identifier: GPL-2.0

package schema

import "strings"

// HdrSize is the size of the pre-header (type, len) that every record starts with.
const HdrSize = 8

// Size is the number of bytes of one element of the kind.
func (k Kind) Size() int {
	switch k {
	case U8, Char:
		return 1
	case U16, LE16:
		return 2
	case U32, S32:
		return 4
	case U64, S64:
		return 8
	}
	return 0
}

// Bits is the width of a number of the kind.
func (k Kind) Bits() int { return 8 * k.Size() }

// Signed tells whether numbers of the kind can be negative.
func (k Kind) Signed() bool { return k == S32 || k == S64 }

// ElemSize is the size of one element: the field itself when it is no array.
func (f *Field) ElemSize() int {
	if f.Of != nil {
		return Size(f.Of.Fields)
	}
	return f.Kind.Size()
}

// Align is the natural alignment of the field.
func (f *Field) Align() int {
	if f.Of == nil {
		return f.Kind.Size()
	}
	a := 1
	for i := range f.Of.Fields {
		a = max(a, f.Of.Fields[i].Align())
	}
	return a
}

// Trailing tells whether the field is the array at the end of a record.
func (f *Field) Trailing() bool { return f.LenOf != "" }

// Array tells whether the field has more than one element.
func (f *Field) Array() bool { return f.Count > 0 || f.Trailing() }

// Size is the field's share of the fixed part: nothing for a trailing array.
func (f *Field) Size() int {
	switch {
	case f.Trailing():
		return 0
	case f.Count > 0:
		return f.Count * f.ElemSize()
	}
	return f.ElemSize()
}

// HasRules tells whether a reader checks the field's value.
func (f *Field) HasRules() bool {
	if f.Of != nil {
		for i := range f.Of.Fields {
			if f.Of.Fields[i].HasRules() {
				return true
			}
		}
		return false
	}
	return f.Enum != nil || f.Flags != nil || f.Max != 0 || f.Reserved || f.Ref != "" || f.Text ||
		f.Trailing() && f.Kind == Char
}

// Size is the number of bytes of fields in a row. Validate has made sure that
// there are no holes between them.
func Size(fields []Field) int {
	n := 0
	for i := range fields {
		n += fields[i].Size()
	}
	return n
}

// Offsets are the offsets of fields in a row, the first one at base.
func Offsets(fields []Field, base int) []int {
	at := make([]int, len(fields))
	for i := range fields {
		at[i] = base
		base += fields[i].Size()
	}
	return at
}

// FixedSize is the size of a record without its trailing array or raw part,
// pre-header included.
func (r *Record) FixedSize() int { return HdrSize + Size(r.Fields) }

// Tail is the trailing array, nil for a record without one.
func (r *Record) Tail() *Field {
	if n := len(r.Fields); n > 0 && r.Fields[n-1].Trailing() {
		return &r.Fields[n-1]
	}
	return nil
}

// CountOf is the trailing array that the field counts, nil for any other field.
func (r *Record) CountOf(f *Field) *Field {
	if t := r.Tail(); t != nil && t.LenOf == f.Name {
		return t
	}
	return nil
}

// MaxSize is the largest length of a record that a reader accepts. The raw part
// of a record does not count.
func (r *Record) MaxSize() int {
	n := r.FixedSize()
	if t := r.Tail(); t != nil {
		n += t.MaxLen * t.ElemSize()
	}
	return (n + 7) &^ 7
}

// WireType is the type as it stands in the image.
func (r *Record) WireType() uint32 {
	if r.Optional {
		return r.Type | RecordOptional
	}
	return r.Type
}

// CName is the C constant of the record's type.
func (r *Record) CName() string { return "CKPT_HDR_" + strings.ToUpper(r.Name) }

// Mask is every bit of a flag group.
func (e *Enum) Mask() uint64 {
	var m uint64
	for _, v := range e.Values {
		m |= v.Num
	}
	return m
}

// Lookup finds the constant of a value, nil when it has none.
func (e *Enum) Lookup(num uint64) *Value {
	for i := range e.Values {
		if e.Values[i].Num == num {
			return &e.Values[i]
		}
	}
	return nil
}

// Records lists every record in the order of the reference.
func Records() []*Record {
	var all []*Record
	for _, s := range All {
		all = append(all, s.Records...)
	}
	return all
}

// Kernel lists the subsystems that the kernel knows.
func Kernel() []*Subsystem {
	var known []*Subsystem
	for _, s := range All {
		if !s.Tools {
			known = append(known, s)
		}
	}
	return known
}
