// SPDX-License-Identifier: GPL-2.0

package main

import "linux-cr/abi/schema"

// goLayoutTest is abi/image/zlayout_test.go: the numbers of kernel/checkpoint/records
// for the Go codec.
func goLayoutTest() ([]byte, error) {
	w := &writer{}
	goStart(w, "image")
	w.p("// layouts are the sizes and offsets that the files of kernel/checkpoint/records")
	w.p("// asserts for the C structs.")
	w.p("var layouts = []layout{")
	for _, r := range schema.Records() {
		w.p("\t{new(%s), %d, []place{", goRecordName(r), r.FixedSize())
		for i, off := range schema.Offsets(r.Fields, schema.HdrSize) {
			f := &r.Fields[i]
			n := f.Size()
			if f.Trailing() {
				n = f.ElemSize()
			}
			name := goName(f.Name)
			if r.CountOf(f) != nil {
				name = ""
			}
			w.p("\t\t{%q, %q, %d, %d},", f.Name, name, off, n)
		}
		w.p("\t}},")
	}
	w.p("}")
	return goFile(w)
}
