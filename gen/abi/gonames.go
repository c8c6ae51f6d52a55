// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"go/format"
	"strings"

	"linux-cr/abi/schema"
)

// initialisms are the words that Go writes in capitals.
var initialisms = map[string]string{
	"mm": "MM", "fs": "FS", "fd": "FD", "fds": "FDs", "vma": "VMA", "id": "ID", "lsm": "LSM", "fpu": "FPU",
	"uid": "UID", "euid": "EUID", "suid": "SUID", "fsuid": "FSUID",
	"gid": "GID", "egid": "EGID", "sgid": "SGID", "fsgid": "FSGID",
	"pid": "PID", "tgid": "TGID", "ppid": "PPID", "pgid": "PGID", "sid": "SID",
	"vdso": "VDSO", "rseq": "RSEQ", "cpus": "CPUs", "objref": "ObjRef",
}

// recordNames are the Go names of records whose own name would say something
// else in Go.
var recordNames = map[string]string{"string": "StringRecord", "error": "ErrorRecord"}

// goName is the Go form of a C name.
func goName(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		if up, ok := initialisms[word]; ok {
			b.WriteString(up)
		} else if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

func goRecordName(r *schema.Record) string {
	if name, ok := recordNames[r.Name]; ok {
		return name
	}
	return goName(r.Name)
}

// goScalars are the Go types of the kinds.
var goScalars = map[schema.Kind]string{
	schema.U8: "uint8", schema.U16: "uint16", schema.U32: "uint32", schema.U64: "uint64",
	schema.S32: "int32", schema.S64: "int64", schema.LE16: "uint16", schema.Char: "byte",
}

// goElem is the Go type of one element of a field.
func goElem(f *schema.Field) string {
	if f.Of != nil {
		return goName(f.Of.Name)
	}
	return goScalars[f.Kind]
}

func goType(f *schema.Field) string {
	switch {
	case f.Trailing():
		return "[]" + goElem(f)
	case f.Count > 0:
		return fmt.Sprintf("[%d]%s", f.Count, goElem(f))
	}
	return goElem(f)
}

// goStart writes the first lines of a Go file.
func goStart(w *writer, pkg string, imports ...string) {
	w.p("// %s", banner)
	w.p("// Regenerate: %s", regenerate)
	w.p("")
	w.p("// SPDX-License-Identifier: GPL-2.0")
	w.p("")
	w.p("package %s", pkg)
	w.p("")
	if len(imports) > 0 {
		w.p("import (")
		for _, path := range imports {
			w.p("\t%q", path)
		}
		w.p(")")
		w.p("")
	}
}

// goComment writes prose as a comment.
func goComment(w *writer, text string) {
	for _, line := range wrap(text, 77) {
		w.p("// %s", line)
	}
}

// goEnum writes the constants of an enum under their C names.
func goEnum(w *writer, e *schema.Enum) {
	goComment(w, e.Prefix+"*: "+e.Doc+".")
	w.p("const (")
	for _, v := range e.Values {
		num := fmt.Sprint(v.Num)
		if e.Bits {
			num = fmt.Sprintf("%#x", v.Num)
		}
		w.p("\t%s%s = %s // %s", e.Prefix, v.Name, num, v.Doc)
	}
	w.p(")")
	w.p("")
}

// goFile formats a Go file.
func goFile(w *writer) ([]byte, error) {
	b, err := format.Source(w.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%w in\n%s", err, w.Bytes())
	}
	return b, nil
}
