// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"strings"

	"linux-cr/abi/schema"
)

// imageHeader is include/uapi/linux/checkpoint_image.h.
func imageHeader() []byte {
	w := &writer{}
	cStart(w, true, true)
	w.p("#ifndef _UAPI_LINUX_CHECKPOINT_IMAGE_H")
	w.p("#define _UAPI_LINUX_CHECKPOINT_IMAGE_H")
	w.p("")
	w.p("/*")
	w.p(" * The format of a checkpoint image.")
	for _, text := range schema.Frame {
		w.p(" *")
		for _, line := range wrap(text, 76) {
			w.p(" * %s", line)
		}
	}
	w.p(" *")
	w.p(" * Order of the records:")
	w.p(" *")
	for line := range strings.SplitSeq(schema.Order, "\n") {
		w.p(" *   %s", line)
	}
	w.p(" *")
	w.p(" * Revisions (any change of a record makes a new one):")
	for _, h := range schema.History {
		w.p(" *")
		w.p(" *  %d (%s)", h.Num, h.Date)
		for i, line := range wrap(h.Text, 70) {
			lead := "   "
			if i == 0 {
				lead = " - "
			}
			w.p(" * %s%s", lead, line)
		}
	}
	w.p(" */")
	w.p("")
	w.p("#include <linux/types.h>")
	w.p("")
	w.p("/* The revision that this file describes. */")
	w.p("#define CKPT_REV\t\t%d", schema.Rev)
	w.p("")
	w.p("/* Magic numbers of the first and the last record. */")
	w.p("#define CKPT_MAGIC_HEAD\t\t0x%016xULL", schema.MagicHead)
	w.p("#define CKPT_MAGIC_TAIL\t\t0x%016xULL", schema.MagicTail)
	w.p("")
	w.p("/* In a record type: a reader that does not know the record may skip it. */")
	w.p("#define CKPT_HDR_OPTIONAL\t0x%08xU", schema.RecordOptional)
	w.p("")
	column := 0
	for _, r := range schema.Records() {
		column = max(column, len("#define "+r.CName()))
	}
	for _, s := range schema.Kernel() {
		w.p("/* Record types: %s */", s.Name)
		for _, r := range s.Records {
			num := fmt.Sprint(r.Type)
			if r.Optional {
				num = "(CKPT_HDR_OPTIONAL | " + num + ")"
			}
			w.p("%s%s", tabs("#define "+r.CName(), column/8*8+8), num)
		}
		w.p("")
	}
	w.p(`/**
 * struct ckpt_hdr - what every record starts with
 * @type: CKPT_HDR_*
 * @len: length of the record in bytes, this header included; a multiple of 8
 */
struct ckpt_hdr {
	__u32 type;
	__u32 len;
};
`)
	for _, s := range schema.Kernel() {
		w.p("/*")
		for _, line := range wrap(s.Name+". "+s.Doc, 76) {
			w.p(" * %s", line)
		}
		w.p(" */")
		w.p("")
		for _, e := range s.Enums {
			if !interfaceEnums[e] {
				cEnum(w, e)
			}
		}
		for _, st := range s.Structs {
			cStruct(w, "ckpt_"+st.Name, st.Doc, st.Fields, "")
		}
		for _, r := range s.Records {
			doc := r.Doc
			if r.Raw != "" {
				doc += " Behind the fields: " + r.Raw + "."
			}
			cStruct(w, "ckpt_hdr_"+r.Name, doc, r.Fields, r.CName())
		}
	}
	w.p("#endif /* _UAPI_LINUX_CHECKPOINT_IMAGE_H */")
	return w.Bytes()
}
