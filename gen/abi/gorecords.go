// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"strings"

	"linux-cr/abi/schema"
)

// goFiles are the Go files of abi/image: zimage.go with the numbers of the
// frame and the list of records, and one file per subsystem with a Go struct of
// sized integers for each record.
func goFiles() (map[string][]byte, error) {
	files := map[string][]byte{}
	add := func(name string, w *writer) error {
		b, err := goFile(w)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		files["abi/image/"+name] = b
		return nil
	}
	if err := add("zimage.go", goImage()); err != nil {
		return nil, err
	}
	for _, s := range schema.All {
		body := &writer{}
		for _, e := range s.Enums {
			if !interfaceEnums[e] || e == schema.Features {
				goEnum(body, e)
			}
		}
		for _, st := range s.Structs {
			goStruct(body, st)
		}
		for _, r := range s.Records {
			goRecord(body, r)
		}
		w := &writer{}
		if strings.Contains(body.String(), "binary.") {
			goStart(w, "image", "encoding/binary")
		} else {
			goStart(w, "image")
		}
		w.Write(body.Bytes())
		if err := add("z"+slug(s)+".go", w); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func goImage() *writer {
	w := &writer{}
	goStart(w, "image")
	w.p("// The format revision that the generated files describe, and the numbers of its frame.")
	w.p("const (")
	w.p("\tCKPT_REV = %d", schema.Rev)
	w.p("\tCKPT_MAGIC_HEAD uint64 = %#x", schema.MagicHead)
	w.p("\tCKPT_MAGIC_TAIL uint64 = %#x", schema.MagicTail)
	w.p("\tCKPT_MAGIC_SAVED uint64 = %#x", schema.MagicSaved)
	w.p("\tCKPT_HDR_OPTIONAL = %#x", schema.RecordOptional)
	w.p(")")
	w.p("")
	w.p("// Record types.")
	w.p("const (")
	for _, r := range schema.Records() {
		num := fmt.Sprint(r.Type)
		if r.Optional {
			num = "CKPT_HDR_OPTIONAL | " + num
		}
		w.p("\t%s = %s", r.CName(), num)
	}
	w.p(")")
	w.p("")
	w.p("// newRecord makes an empty record of a type, nil for an unknown type.")
	w.p("func newRecord(typ uint32) Record {")
	w.p("\tswitch typ {")
	for _, r := range schema.Records() {
		w.p("\tcase %s:", r.CName())
		w.p("\t\treturn new(%s)", goRecordName(r))
	}
	w.p("\t}")
	w.p("\treturn nil")
	w.p("}")
	return w
}

// goMembers writes the members of a struct. Counts of trailing arrays are not
// members: the length of the slice is the count.
func goMembers(w *writer, fields []schema.Field, r *schema.Record) {
	for i := range fields {
		f := &fields[i]
		if r != nil && r.CountOf(f) != nil {
			continue
		}
		w.p("\t%s %s // %s", goName(f.Name), goType(f), fieldDoc(f))
	}
	if r != nil && r.Raw != "" {
		w.p("\tRawSize uint64 // bytes behind the fields: %s", r.Raw)
	}
}

func goStruct(w *writer, st *schema.Struct) {
	name := goName(st.Name)
	goComment(w, name+" is a piece of a record. "+st.Doc)
	w.p("type %s struct {", name)
	goMembers(w, st.Fields, nil)
	w.p("}")
	w.p("")
	w.p("func (r *%s) append(b []byte, o ByteOrder) []byte {", name)
	for i := range st.Fields {
		appendField(w, &st.Fields[i], "r")
	}
	w.p("\treturn b")
	w.p("}")
	w.p("")
	w.p("func (r *%s) decode(b []byte, o ByteOrder) {", name)
	for i, off := range schema.Offsets(st.Fields, 0) {
		decodeField(w, &st.Fields[i], off)
	}
	w.p("}")
	w.p("")
	if hasRules(st.Fields) {
		w.p("func (r *%s) validate() error {", name)
		for i := range st.Fields {
			goCheck(w, &st.Fields[i])
		}
		w.p("\treturn nil")
		w.p("}")
		w.p("")
	}
	goValues(w, name, st.Fields, nil)
}

func goRecord(w *writer, r *schema.Record) {
	name := goRecordName(r)
	tail := r.Tail()
	goComment(w, fmt.Sprintf("%s is the record %s. %s", name, r.Name, r.Doc))
	w.p("type %s struct {", name)
	goMembers(w, r.Fields, r)
	w.p("}")
	w.p("")
	w.p("// Type is %s.", r.CName())
	w.p("func (*%s) Type() uint32 { return %s }", name, r.CName())
	w.p("")
	w.p("// EncodedSize is the length of the record in an image.")
	w.p("func (r *%s) EncodedSize() int {", name)
	switch {
	case tail != nil:
		w.p("\treturn align8(%d + len(r.%s) * %d)", r.FixedSize(), goName(tail.Name), tail.ElemSize())
	case r.Raw != "":
		w.p("\treturn %d + int(r.RawSize)", r.FixedSize())
	default:
		w.p("\treturn %d", r.FixedSize())
	}
	w.p("}")
	w.p("")
	if r.Raw != "" {
		w.p("// Append encodes the record without its raw part.")
	} else {
		w.p("// Append encodes the record.")
	}
	w.p("func (r *%s) Append(b []byte, o ByteOrder) []byte {", name)
	if tail != nil {
		w.p("\tend := len(b) + r.EncodedSize()")
	}
	w.p("\tb = o.AppendUint32(b, %s)", r.CName())
	w.p("\tb = o.AppendUint32(b, uint32(r.EncodedSize()))")
	for i := range r.Fields {
		f := &r.Fields[i]
		if t := r.CountOf(f); t != nil {
			w.p("\tb = o.AppendUint%d(b, uint%d(len(r.%s)))", f.Kind.Bits(), f.Kind.Bits(), goName(t.Name))
			continue
		}
		appendField(w, f, "r")
	}
	if tail != nil {
		w.p("\treturn appendZeros(b, end)")
	} else {
		w.p("\treturn b")
	}
	w.p("}")
	w.p("")
	goDecode(w, r, name)
	goValidate(w, r, name)
	goValues(w, name, r.Fields, r)
}

// appendField writes the statement that encodes a field.
func appendField(w *writer, f *schema.Field, recv string) {
	at := recv + "." + goName(f.Name)
	if f.Kind.Size() == 1 && f.Array() {
		if f.Count > 0 {
			at += "[:]"
		}
		w.p("\tb = append(b, %s...)", at)
		return
	}
	if !f.Array() {
		w.p("\t%s", appendValue(f, at))
		return
	}
	w.p("\tfor i := range %s {", at)
	if f.Of != nil {
		w.p("\t\tb = %s[i].append(b, o)", at)
	} else {
		w.p("\t\t%s", appendValue(f, at+"[i]"))
	}
	w.p("\t}")
}

func appendValue(f *schema.Field, v string) string {
	switch {
	case f.Kind == schema.LE16:
		return fmt.Sprintf("b = binary.LittleEndian.AppendUint16(b, %s)", v)
	case f.Kind.Size() == 1:
		return fmt.Sprintf("b = append(b, %s)", v)
	case f.Kind.Signed():
		return fmt.Sprintf("b = o.AppendUint%d(b, uint%d(%s))", f.Kind.Bits(), f.Kind.Bits(), v)
	}
	return fmt.Sprintf("b = o.AppendUint%d(b, %s)", f.Kind.Bits(), v)
}

// decodeField writes the statement that decodes a field at an offset of b.
func decodeField(w *writer, f *schema.Field, off int) {
	at := "r." + goName(f.Name)
	switch {
	case f.Kind.Size() == 1 && f.Trailing():
		w.p("\t%s = append([]byte(nil), b[%d:%d+n]...)", at, off, off)
	case f.Kind.Size() == 1 && f.Count > 0:
		w.p("\tcopy(%s[:], b[%d:])", at, off)
	case !f.Array():
		w.p("\t%s = %s", at, decodeValue(f, fmt.Sprintf("b[%d:]", off)))
	default:
		if f.Trailing() {
			w.p("\t%s = make([]%s, n)", at, goElem(f))
		}
		w.p("\tfor i := range %s {", at)
		from := fmt.Sprintf("b[%d+i*%d:]", off, f.ElemSize())
		if f.Of != nil {
			w.p("\t\t%s[i].decode(%s, o)", at, from)
		} else {
			w.p("\t\t%s[i] = %s", at, decodeValue(f, from))
		}
		w.p("\t}")
	}
}

func decodeValue(f *schema.Field, from string) string {
	switch {
	case f.Kind == schema.LE16:
		return "binary.LittleEndian.Uint16(" + from + ")"
	case f.Kind.Size() == 1:
		return strings.TrimSuffix(from, ":]") + "]"
	case f.Kind.Signed():
		return fmt.Sprintf("int%d(o.Uint%d(%s))", f.Kind.Bits(), f.Kind.Bits(), from)
	}
	return fmt.Sprintf("o.Uint%d(%s)", f.Kind.Bits(), from)
}

// goDecode writes Decode, with the checks that need the encoded form: length,
// count and padding.
func goDecode(w *writer, r *schema.Record, name string) {
	fixed, tail := r.FixedSize(), r.Tail()
	at := schema.Offsets(r.Fields, schema.HdrSize)
	if r.Raw != "" {
		w.p("// Decode takes the fields from the first %d bytes of an encoded record.", fixed)
	} else {
		w.p("// Decode takes the fields from an encoded record.")
	}
	w.p("func (r *%s) Decode(b []byte, o ByteOrder) error {", name)
	w.p("\tsize, err := checkHdr(b, o, %s, %d)", r.CName(), fixed)
	w.p("\tif err != nil { return err }")
	switch {
	case tail != nil:
		for i := range r.Fields {
			f := &r.Fields[i]
			if r.CountOf(f) == nil {
				continue
			}
			w.p("\tcount := uint64(o.Uint%d(b[%d:]))", f.Kind.Bits(), at[i])
			w.p("\tif count > %d { return tooLarge(%q, count, %d) }", tail.MaxLen, f.Name, tail.MaxLen)
			w.p("\tn := int(count)")
		}
		w.p("\tif err := checkEnd(b, size, %d+n*%d); err != nil { return err }", fixed, tail.ElemSize())
	case r.Raw != "":
		w.p("\tif size%%8 != 0 { return badLen(size, align8(size)) }")
		w.p("\tr.RawSize = uint64(size - %d)", fixed)
	default:
		w.p("\tif err := checkEnd(b, size, %d); err != nil { return err }", fixed)
	}
	for i := range r.Fields {
		if r.CountOf(&r.Fields[i]) == nil {
			decodeField(w, &r.Fields[i], at[i])
		}
	}
	w.p("\treturn nil")
	w.p("}")
	w.p("")
}

// goValidate writes Validate: the rules of the C checks, in their order.
func goValidate(w *writer, r *schema.Record, name string) {
	tail := r.Tail()
	recv := "r "
	if r.Object == nil && tail == nil && !hasRules(r.Fields) {
		recv = ""
	}
	w.p("// Validate checks the values of the fields.")
	w.p("func (%s*%s) Validate() error {", recv, name)
	if tail != nil {
		w.p("\tif len(r.%s) > %d { return tooLarge(%q, uint64(len(r.%s)), %d) }", goName(tail.Name), tail.MaxLen, tail.LenOf, goName(tail.Name), tail.MaxLen)
	}
	if r.Object != nil {
		w.p("\tif r.ObjRef <= 0 { return badRef(\"objref\", r.ObjRef) }")
	}
	for i := range r.Fields {
		if r.CountOf(&r.Fields[i]) == nil {
			goCheck(w, &r.Fields[i])
		}
	}
	w.p("\treturn nil")
	w.p("}")
	w.p("")
}

// goCheck writes the tests of a field.
func goCheck(w *writer, f *schema.Field) {
	if !f.HasRules() {
		return
	}
	at := "r." + goName(f.Name)
	switch {
	case f.Text:
		w.p("\tif err := checkText(%q, %s[:]); err != nil { return err }", f.Name, at)
	case f.Kind == schema.Char && f.LeadNUL:
		w.p("\tif len(%s) < 2 || %s[0] != 0 || !isText(%s[1:]) { return badText(%q) }", at, at, at, f.Name)
	case f.Kind == schema.Char:
		w.p("\tif !isText(%s) { return badText(%q) }", at, f.Name)
	case f.Array():
		w.p("\tfor i := range %s {", at)
		if f.Of != nil {
			w.p("\tif err := %s[i].validate(); err != nil { return err }", at)
		} else {
			goCheckValue(w, f, at+"[i]")
		}
		w.p("\t}")
	default:
		goCheckValue(w, f, at)
	}
}

func goCheckValue(w *writer, f *schema.Field, v string) {
	switch {
	case f.Reserved:
		w.p("\tif %s != 0 { return badReserved(%q) }", v, f.Name)
	case f.Enum != nil:
		var nums []string
		for _, val := range f.Enum.Values {
			nums = append(nums, f.Enum.Prefix+val.Name)
		}
		w.p("\tswitch %s {", v)
		w.p("\tcase %s:", strings.Join(nums, ", "))
		w.p("\tdefault: return badEnum(%q, uint64(%s), %q)", f.Name, v, f.Enum.Prefix)
		w.p("\t}")
	case f.Flags != nil:
		w.p("\tif bad := %s &^ %#x; bad != 0 { return badFlags(%q, uint64(bad), %q) }", v, f.Flags.Mask(), f.Name, f.Flags.Prefix)
	case f.Ref != "" && f.NonNull:
		w.p("\tif %s <= 0 { return badRef(%q, %s) }", v, f.Name, v)
	case f.Ref != "":
		w.p("\tif %s < 0 { return badRef(%q, %s) }", v, f.Name, v)
	case f.Kind.Signed():
		w.p("\tif %s < 0 || %s > %d { return outOfRange(%q, int64(%s), %d) }", v, v, f.Max, f.Name, v, f.Max)
	default:
		w.p("\tif %s > %d { return tooLarge(%q, uint64(%s), %d) }", v, f.Max, f.Name, v, f.Max)
	}
}

// goValues writes the values of the fields in the order of the schema, which
// the field walker pairs with their declarations.
func goValues(w *writer, name string, fields []schema.Field, r *schema.Record) {
	w.p("func (r *%s) values() []any {", name)
	w.p("\treturn []any{")
	for i := range fields {
		f := &fields[i]
		at := "r." + goName(f.Name)
		switch {
		case r != nil && r.CountOf(f) != nil:
			w.p("\tuint%d(len(r.%s)),", f.Kind.Bits(), goName(r.CountOf(f).Name))
		case f.Of != nil && f.Count > 0:
			w.p("\telements(%s[:]),", at)
		case f.Of != nil:
			w.p("\telements(%s),", at)
		case f.Count > 0:
			w.p("\t%s[:],", at)
		default:
			w.p("\t%s,", at)
		}
	}
	w.p("\t}")
	w.p("}")
	w.p("")
}
