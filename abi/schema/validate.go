// SPDX-License-Identifier: GPL-2.0

package schema

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var cName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// validator collects everything that is wrong with the declarations.
type validator struct {
	errs []error
}

func (v *validator) fail(format string, args ...any) {
	v.errs = append(v.errs, fmt.Errorf(format, args...))
}

// Validate checks that the declarations keep the layout rules and agree with
// each other. The generators refuse to run when it returns an error.
func Validate() error {
	v := &validator{}
	v.history()
	structs, records, types, enums, consts := map[string]bool{}, map[string]bool{}, map[uint32]string{}, map[string]bool{}, map[string]bool{}
	for _, s := range All {
		for _, e := range s.Enums {
			v.enum(e, enums, consts)
		}
	}
	for _, s := range All {
		for _, st := range s.Structs {
			if structs[st.Name] {
				v.fail("struct %s: declared twice", st.Name)
			}
			structs[st.Name] = true
			v.fields("struct "+st.Name, st.Fields, 0, nil)
		}
	}
	for _, s := range All {
		for _, r := range s.Records {
			if records[r.Name] || structs["hdr_"+r.Name] {
				v.fail("record %s: declared twice", r.Name)
			}
			records[r.Name] = true
			if other, ok := types[r.Type]; ok {
				v.fail("record %s: type %d is also that of %s", r.Name, r.Type, other)
			}
			types[r.Type] = r.Name
			v.record(r)
			for i := range r.Fields {
				f := &r.Fields[i]
				for _, e := range []*Enum{f.Enum, f.Flags} {
					if e != nil && !enums[e.Name] {
						v.fail("record %s: field %s: enum %s is in no subsystem", r.Name, f.Name, e.Name)
					}
				}
				if f.Of != nil && !structs[f.Of.Name] {
					v.fail("record %s: field %s: struct %s is in no subsystem", r.Name, f.Name, f.Of.Name)
				}
			}
		}
	}
	return errors.Join(v.errs...)
}

func (v *validator) history() {
	for i, h := range History {
		if int(h.Num) != i+1 {
			v.fail("history: revision %d stands where %d belongs", h.Num, i+1)
		}
	}
	if n := len(History); n == 0 || History[n-1].Num != Rev {
		v.fail("history: does not end at revision %d", Rev)
	}
}

func (v *validator) enum(e *Enum, enums, consts map[string]bool) {
	if enums[e.Name] {
		v.fail("enum %s: declared twice", e.Name)
	}
	enums[e.Name] = true
	if e.Doc == "" || len(e.Values) == 0 {
		v.fail("enum %s: needs a doc and values", e.Name)
	}
	nums := map[uint64]bool{}
	for _, val := range e.Values {
		name := e.Prefix + val.Name
		if consts[name] {
			v.fail("enum %s: constant %s is declared twice", e.Name, name)
		}
		consts[name] = true
		if nums[val.Num] {
			v.fail("enum %s: %s has the number of another value", e.Name, name)
		}
		nums[val.Num] = true
		if e.Bits && (val.Num == 0 || val.Num&(val.Num-1) != 0) {
			v.fail("enum %s: %s is not a single bit", e.Name, name)
		}
		if !e.Bits && val.Num > 1<<31-1 {
			v.fail("enum %s: %s does not fit in a C enum", e.Name, name)
		}
		if val.Doc == "" {
			v.fail("enum %s: %s needs a doc", e.Name, name)
		}
	}
}

func (v *validator) record(r *Record) {
	what := "record " + r.Name
	if !cName.MatchString(r.Name) {
		v.fail("%s: bad name", what)
	}
	if r.Type == 0 || r.Type >= RecordOptional {
		v.fail("%s: type %d is out of range", what, r.Type)
	}
	if r.Doc == "" {
		v.fail("%s: needs a doc", what)
	}
	if r.Object != nil && (len(r.Fields) == 0 || r.Fields[0].Name != "objref" || r.Fields[0].Kind != S32) {
		v.fail("%s: an object's first field is objref, S32", what)
	}
	v.fields(what, r.Fields, HdrSize, r)
	if r.Raw != "" && r.Tail() != nil {
		v.fail("%s: has a trailing array and a raw part", what)
	}
	if n := uint64(r.MaxSize()); n > 1<<26 {
		v.fail("%s: may be %d bytes long, more than a reader should hold at once", what, n)
	}
}

// fields checks members in a row that start at offset base. r is nil for the
// members of a struct.
func (v *validator) fields(what string, fields []Field, base int, r *Record) {
	seen := map[string]*Field{"h": nil}
	at, align := base, 1
	for i := range fields {
		f := &fields[i]
		name := what + ": field " + f.Name
		if !cName.MatchString(f.Name) {
			v.fail("%s: bad name", name)
		}
		if _, dup := seen[f.Name]; dup {
			v.fail("%s: declared twice", name)
		}
		v.field(name, f)
		if f.Align() > 0 && at%f.Align() != 0 {
			v.fail("%s: offset %d is not a multiple of %d", name, at, f.Align())
		}
		align = max(align, f.Align())
		at += f.Size()
		if f.Trailing() {
			count := seen[f.LenOf]
			switch {
			case r == nil || i != len(fields)-1:
				v.fail("%s: only the last field of a record can be a trailing array", name)
			case count == nil || count.Array() || count.Kind != U32 && count.Kind != U64:
				v.fail("%s: %s must be a U32 or U64 before it", name, f.LenOf)
			case f.MaxLen <= 0 || f.Count > 0:
				v.fail("%s: needs MaxLen and no Count", name)
			case count.Max != uint64(f.MaxLen):
				v.fail("%s: MaxLen %d and Max %d of %s differ", name, f.MaxLen, count.Max, f.LenOf)
			case count.Enum != nil || count.Flags != nil || count.Ref != "" || count.Reserved:
				v.fail("%s: %s is not a plain count", name, f.LenOf)
			}
		}
		seen[f.Name] = f
	}
	if r != nil {
		align = 8
	}
	if at%align != 0 {
		v.fail("%s: fixed part of %d bytes is not a multiple of %d", what, at, align)
	}
}

func (v *validator) field(name string, f *Field) {
	if (f.Of == nil) == (f.Kind.Size() == 0) {
		v.fail("%s: needs either Kind or Of", name)
		return
	}
	if f.Of != nil && !f.Array() {
		v.fail("%s: a struct stands in an array only", name)
	}
	if f.Doc == "" && !f.Reserved {
		v.fail("%s: needs a doc", name)
	}
	if f.Reserved != strings.HasPrefix(f.Name, "reserved") && !f.Trailing() {
		v.fail("%s: reserved fields, and no others, are named reserved...", name)
	}
	if f.Max != 0 && !f.Kind.Signed() && f.Kind.Size() > 0 && f.Kind.Bits() < 64 && f.Max>>f.Kind.Bits() != 0 ||
		f.Kind.Signed() && f.Max>>(f.Kind.Bits()-1) != 0 {
		v.fail("%s: Max %d does not fit", name, f.Max)
	}
	rules := 0
	for _, set := range []bool{f.Enum != nil, f.Flags != nil, f.Max != 0, f.Reserved, f.Ref != "", f.Text} {
		if set {
			rules++
		}
	}
	if rules > 1 || rules > 0 && f.Of != nil {
		v.fail("%s: has more than one rule", name)
	}
	if f.Enum != nil && (f.Enum.Bits || f.Kind.Signed()) || f.Flags != nil && (!f.Flags.Bits || f.Kind.Signed()) {
		v.fail("%s: wrong kind of enum, or a signed field", name)
	}
	if f.Flags != nil && f.Kind.Bits() < 64 && f.Flags.Mask()>>f.Kind.Bits() != 0 {
		v.fail("%s: flags do not fit", name)
	}
	if f.Ref != "" && (f.Kind != S32 || f.Array()) || f.NonNull && f.Ref == "" {
		v.fail("%s: a reference is one S32", name)
	}
	if f.Ref != "" {
		found := false
		for _, val := range ObjTypes.Values {
			found = found || val.Name == f.Ref
		}
		if !found {
			v.fail("%s: no object type %s", name, f.Ref)
		}
	}
	if f.Text && (f.Kind != Char || f.Count == 0) || f.LeadNUL && (f.Kind != Char || !f.Trailing()) {
		v.fail("%s: Text is for fixed Char arrays, LeadNUL for trailing ones", name)
	}
	if f.Kind == Char && !f.Text && !f.Trailing() {
		v.fail("%s: a Char array of fixed size is Text", name)
	}
}
