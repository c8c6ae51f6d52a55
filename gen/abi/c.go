// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"strings"

	"linux-cr/abi/schema"
)

// cTypes are the C types of the kinds.
var cTypes = map[schema.Kind]string{
	schema.U8: "__u8", schema.U16: "__u16", schema.U32: "__u32", schema.U64: "__u64",
	schema.S32: "__s32", schema.S64: "__s64", schema.LE16: "__le16", schema.Char: "char",
}

// interfaceEnums belong to the system calls; the others belong to the image.
var interfaceEnums = map[*schema.Enum]bool{
	schema.CheckpointFlags: true, schema.RestartFlags: true, schema.Features: true,
}

// cStart writes the first lines of a C file.
func cStart(w *writer, uapi, header bool) {
	switch {
	case uapi:
		w.p("/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */")
	case header:
		w.p("/* SPDX-License-Identifier: GPL-2.0 */")
	default:
		w.p("// SPDX-License-Identifier: GPL-2.0")
	}
	w.p("/* %s */", banner)
	w.p("/* Regenerate: %s */", regenerate)
}

// cComment writes a block comment of paragraphs.
func cComment(w *writer, paragraphs ...string) {
	w.p("/*")
	for i, text := range paragraphs {
		if i > 0 {
			w.p(" *")
		}
		for _, line := range wrap(text, 76) {
			w.p(" * %s", line)
		}
	}
	w.p(" */")
}

// kdocMember writes a member's line of a kernel-doc comment.
func kdocMember(w *writer, name, doc string) {
	for i, line := range wrap("@"+name+": "+doc, 76) {
		if i == 0 {
			w.p(" * %s", line)
		} else {
			w.p(" *\t%s", line)
		}
	}
}

// wide tells whether the flags of an enum stand in a 64-bit field.
func wide(e *schema.Enum) bool {
	for _, r := range schema.Records() {
		for _, f := range r.Fields {
			if f.Flags == e && f.Kind.Size() == 8 {
				return true
			}
		}
	}
	return false
}

// cEnum writes the constants of an enum: exclusive values as a C enum, flags
// as macros, because a C enum cannot hold 64 bits.
func cEnum(w *writer, e *schema.Enum) {
	if e.Bits {
		cComment(w, fmt.Sprintf("%s*: %s.", e.Prefix, e.Doc))
		column, suffix, digits := 0, "U", 8
		if e == schema.CheckpointFlags || e == schema.RestartFlags {
			suffix = "UL"
		} else if wide(e) {
			suffix, digits = "ULL", 16
		}
		for _, v := range e.Values {
			column = max(column, len("#define "+e.Prefix+v.Name))
		}
		for _, v := range e.Values {
			def := tabs("#define "+e.Prefix+v.Name, column/8*8+8) + fmt.Sprintf("0x%0*x%s", digits, v.Num, suffix)
			if short := def + "\t/* " + v.Doc + " */"; columns(short) <= 100 {
				w.p("%s", short)
				continue
			}
			if one := "/* " + v.Doc + " */"; len(one) <= 100 {
				w.p("%s", one)
			} else {
				cComment(w, v.Doc)
			}
			w.p("%s", def)
		}
		w.p("")
		return
	}
	w.p("/**")
	for _, line := range wrap(fmt.Sprintf("enum ckpt_%s - %s", e.Name, e.Doc), 76) {
		w.p(" * %s", line)
	}
	w.p(" *")
	column := 0
	for _, v := range e.Values {
		kdocMember(w, e.Prefix+v.Name, v.Doc)
		column = max(column, len(e.Prefix+v.Name))
	}
	w.p(" */")
	w.p("enum ckpt_%s {", e.Name)
	for _, v := range e.Values {
		w.p("\t%s= %d,", tabs(e.Prefix+v.Name, column/8*8+8), v.Num)
	}
	w.p("};")
	w.p("")
}

// columns is the width of a line with tabs.
func columns(s string) int {
	n := 0
	for _, c := range s {
		if c == '\t' {
			n = n/8*8 + 8
		} else {
			n++
		}
	}
	return n
}

// fieldDoc is the description of a field with what a reader checks.
func fieldDoc(f *schema.Field) string {
	doc := f.Doc
	if f.Reserved {
		if doc != "" {
			doc += "; "
		}
		doc += "must be zero"
	}
	switch {
	case f.Enum != nil:
		doc += " (" + f.Enum.Prefix + "*)"
	case f.Flags != nil:
		doc += " (" + f.Flags.Prefix + "*)"
	case f.Ref != "" && f.NonNull:
		doc += " (reference: CKPT_OBJ_" + f.Ref + ")"
	case f.Ref != "":
		doc += " (reference: CKPT_OBJ_" + f.Ref + ", or 0)"
	case f.Trailing():
		doc += " (@" + f.LenOf + " elements)"
	}
	return doc
}

// cMember is the declaration of a field.
func cMember(f *schema.Field) string {
	typ := cTypes[f.Kind]
	if f.Of != nil {
		typ = "struct ckpt_" + f.Of.Name
	}
	switch {
	case f.Trailing():
		return fmt.Sprintf("%s %s[];", typ, f.Name)
	case f.Count > 0:
		return fmt.Sprintf("%s %s[%d];", typ, f.Name, f.Count)
	}
	return fmt.Sprintf("%s %s;", typ, f.Name)
}

// cStruct writes a struct with its kernel-doc comment.
func cStruct(w *writer, name, doc string, fields []schema.Field, hdr string) {
	w.p("/**")
	for _, line := range wrap("struct "+name+" - "+doc, 76) {
		w.p(" * %s", line)
	}
	w.p(" *")
	if hdr != "" {
		kdocMember(w, "h", "record header, type "+hdr)
	}
	for i := range fields {
		kdocMember(w, fields[i].Name, fieldDoc(&fields[i]))
	}
	w.p(" */")
	w.p("struct %s {", name)
	if hdr != "" {
		w.p("\tstruct ckpt_hdr h;")
	}
	for i := range fields {
		w.p("\t%s", cMember(&fields[i]))
	}
	w.p("};")
	w.p("")
}

// cArgs is the argument list of a system call as user space sees it.
func cArgs(args []schema.Arg) string {
	var list []string
	for _, a := range args {
		text := strings.ReplaceAll(a.Type, " __user", "") + " " + a.Name
		list = append(list, strings.ReplaceAll(text, "* ", "*"))
	}
	return strings.Join(list, ", ")
}
