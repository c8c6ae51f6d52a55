// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"strings"

	"linux-cr/abi/schema"
)

// mdKinds are the names of the kinds in the reference.
var mdKinds = map[schema.Kind]string{
	schema.U8: "u8", schema.U16: "u16", schema.U32: "u32", schema.U64: "u64",
	schema.S32: "s32", schema.S64: "s64", schema.LE16: "le16", schema.Char: "char",
}

// mdRow writes a line of a table.
func mdRow(w *writer, cells ...string) {
	for i := range cells {
		cells[i] = strings.ReplaceAll(cells[i], "|", "\\|")
	}
	w.p("| %s |", strings.Join(cells, " | "))
}

// reference is docs/image-format.md.
func reference() []byte {
	w := &writer{}
	w.p("<!-- %s -->", banner)
	w.p("<!-- Regenerate: %s -->", regenerate)
	w.p("")
	w.p("# The checkpoint image, revision %d", schema.Rev)
	w.p("")
	w.p("The same declarations (`abi/schema`) make the C headers, the kernel's checks,")
	w.p("the Go codec and this page. `ckptinfo` prints an image in these terms.")
	w.p("")
	w.p("## Frame")
	w.p("")
	for _, text := range schema.Frame {
		for _, line := range wrap(text, 80) {
			w.p("%s", line)
		}
		w.p("")
	}
	w.p("Every record starts with")
	w.p("")
	mdRow(w, "offset", "size", "type", "name", "meaning")
	mdRow(w, "---:", "---:", "---", "---", "---")
	mdRow(w, "0", "4", "u32", "`type`", "`CKPT_HDR_*`; bit 31 (`CKPT_HDR_OPTIONAL`): may be skipped by a reader that does not know it")
	mdRow(w, "4", "4", "u32", "`len`", "length in bytes, these 8 included; a multiple of 8")
	w.p("")
	mdRow(w, "number", "value")
	mdRow(w, "---", "---")
	mdRow(w, "`CKPT_MAGIC_HEAD`", fmt.Sprintf("`0x%016x`", schema.MagicHead))
	mdRow(w, "`CKPT_MAGIC_TAIL`", fmt.Sprintf("`0x%016x`", schema.MagicTail))
	mdRow(w, "`CKPT_MAGIC_SAVED`", fmt.Sprintf("`0x%016x`", schema.MagicSaved))
	mdRow(w, "`CKPT_REV`", fmt.Sprint(schema.Rev))
	w.p("")
	w.p("The kinds of numbers: `u` unsigned, `s` two's complement, followed by the width")
	w.p("in bits; `le16` is little-endian in every image; `char` is a byte of text.")
	w.p("")
	w.p("## Order of an image")
	w.p("")
	w.p("```")
	w.p("%s", schema.Order)
	w.p("```")
	w.p("")
	w.p("## Records by type")
	w.p("")
	mdRow(w, "type", "record", "length", "object")
	mdRow(w, "---:", "---", "---:", "---")
	for _, s := range schema.All {
		for _, r := range s.Records {
			object := ""
			if r.Object != nil {
				object = "`CKPT_OBJ_" + r.Object.Name + "`"
			}
			mdRow(w, fmt.Sprint(r.Type), fmt.Sprintf("[%s](#record-%s)", r.Name, r.Name), mdLength(r), object)
		}
	}
	w.p("")
	for _, s := range schema.All {
		mdSubsystem(w, s)
	}
	w.p("## The interface of the system calls")
	w.p("")
	mdRow(w, "number", "call", "meaning")
	mdRow(w, "---:", "---", "---")
	for _, c := range schema.Syscalls {
		mdRow(w, fmt.Sprint(c.Num), "`"+c.Name+"("+cArgs(c.Args)+")`", c.Doc)
	}
	w.p("")
	w.p("## History")
	w.p("")
	mdRow(w, "revision", "date", "change")
	mdRow(w, "---:", "---", "---")
	for _, h := range schema.History {
		mdRow(w, fmt.Sprint(h.Num), h.Date, h.Text)
	}
	return w.Bytes()
}

func mdLength(r *schema.Record) string {
	switch {
	case r.Raw != "":
		return fmt.Sprintf("%d and more", r.FixedSize())
	case r.Tail() != nil:
		return fmt.Sprintf("%d to %d", r.FixedSize(), r.MaxSize())
	}
	return fmt.Sprint(r.FixedSize())
}

func mdSubsystem(w *writer, s *schema.Subsystem) {
	w.p("## %s", s.Name)
	w.p("")
	w.p("%s", s.Doc)
	w.p("")
	for _, r := range s.Records {
		w.p("### Record %s", r.Name)
		w.p("")
		flags := ""
		if r.Optional {
			flags = ", optional"
		}
		w.p("Type %d (`%s`)%s. %s", r.Type, r.CName(), flags, r.Doc)
		w.p("")
		mdFields(w, r.Fields, schema.HdrSize)
		if r.Raw != "" {
			w.p("Behind the fields, inside the record: %s.", r.Raw)
			w.p("")
		}
	}
	for _, st := range s.Structs {
		w.p("### Struct %s", st.Name)
		w.p("")
		w.p("%s %d bytes.", st.Doc, schema.Size(st.Fields))
		w.p("")
		mdFields(w, st.Fields, 0)
	}
	for _, e := range s.Enums {
		w.p("### %s*", e.Prefix)
		w.p("")
		w.p("%s.", upFirst(e.Doc))
		w.p("")
		mdRow(w, "value", "name", "meaning")
		mdRow(w, "---:", "---", "---")
		for _, v := range e.Values {
			num := fmt.Sprint(v.Num)
			if e.Bits {
				num = fmt.Sprintf("%#x", v.Num)
			}
			mdRow(w, num, "`"+e.Prefix+v.Name+"`", v.Doc)
		}
		w.p("")
	}
}

func mdFields(w *writer, fields []schema.Field, base int) {
	mdRow(w, "offset", "size", "type", "name", "meaning")
	mdRow(w, "---:", "---:", "---", "---", "---")
	for i, off := range schema.Offsets(fields, base) {
		f := &fields[i]
		typ := mdKinds[f.Kind]
		if f.Of != nil {
			typ = "struct " + f.Of.Name
		}
		size := fmt.Sprint(f.Size())
		if f.Count > 0 {
			typ += fmt.Sprintf("[%d]", f.Count)
		}
		if f.Trailing() {
			typ += "[" + f.LenOf + "]"
			size = fmt.Sprintf("%d each", f.ElemSize())
		}
		doc := fieldDoc(f)
		switch {
		case f.Trailing():
			doc = f.Doc
		case f.Max > 0 && f.Kind.Signed():
			doc += fmt.Sprintf("; 0 to %d", f.Max)
		case f.Max > 0:
			doc += fmt.Sprintf("; at most %d", f.Max)
		}
		mdRow(w, fmt.Sprint(off), size, typ, "`"+f.Name+"`", doc)
	}
	w.p("")
}
