// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"linux-cr/abi/schema"
)

// recordsHeader is kernel/checkpoint/records.h.
func recordsHeader() []byte {
	w := &writer{}
	cStart(w, false, true)
	w.p("#ifndef _CHECKPOINT_RECORDS_H")
	w.p("#define _CHECKPOINT_RECORDS_H")
	w.p("")
	w.p("#include <linux/types.h>")
	w.p("#include <uapi/linux/checkpoint.h>")
	w.p("#include <uapi/linux/checkpoint_image.h>")
	w.p("")
	w.p(`/**
 * struct ckpt_record - what a reader knows about a type of record
 * @type: CKPT_HDR_*
 * @name: name in messages
 * @size: bytes of the fixed part, the header included
 * @max_len: largest length that is acceptable; of a raw record, the bytes
 *	before the raw part
 * @objtype: CKPT_OBJ_* of the object whose state the record holds, or 0
 * @optional: a reader may skip the record
 * @raw: what follows the fixed part is for the caller to read and check
 * @check: check every length, count, constant, flag, reference and reserved
 *	byte of a record of which min(h->len, max_len) bytes are in memory, at
 *	least sizeof(struct ckpt_hdr); 0, or -EINVAL and the name of the field
 *	in *field
 */
struct ckpt_record {
	u32 type;
	const char *name;
	u32 size;
	u32 max_len;
	u32 objtype;
	bool optional;
	bool raw;
	int (*check)(const struct ckpt_hdr *h, const char **field);
};

const struct ckpt_record *ckpt_record_find(u32 type);
`)
	w.p("#endif /* _CHECKPOINT_RECORDS_H */")
	return w.Bytes()
}

// recordsDir is where the kernel keeps what it knows about records, a file per subsystem.
const recordsDir = "kernel/checkpoint/records/"

// recordsFiles are the files of recordsDir, by name.
func recordsFiles() map[string][]byte {
	files := map[string][]byte{
		"Makefile": recordsMakefile(),
		"checks.h": checksHeader(),
		"find.c":   findSource(),
	}
	for _, s := range schema.Kernel() {
		files[slug(s)+".c"] = recordsSource(s)
	}
	return files
}

// slug is the name of a subsystem in names of files.
func slug(s *schema.Subsystem) string {
	return strings.ToLower(strings.ReplaceAll(s.Name, " ", ""))
}

func recordsMakefile() []byte {
	w := &writer{}
	w.p("# SPDX-License-Identifier: GPL-2.0")
	w.p("# %s", banner)
	w.p("# Regenerate: %s", regenerate)
	w.p("obj-y += find.o")
	for _, s := range schema.Kernel() {
		w.p("obj-y += %s.o", slug(s))
	}
	return w.Bytes()
}

// recordsSource is the file of a subsystem.
func recordsSource(s *schema.Subsystem) []byte {
	w := &writer{}
	cStart(w, false, false)
	w.p("/*")
	w.p(" * Records of a checkpoint image: %s.", s.Name)
	w.p(" */")
	w.p("#include \"checks.h\"")
	w.p("")
	if s == &schema.General {
		assertStruct(w, "ckpt_hdr", []schema.Field{
			{Name: "type", Kind: schema.U32}, {Name: "len", Kind: schema.U32},
		}, 0, schema.HdrSize)
	}
	for _, st := range s.Structs {
		assertStruct(w, "ckpt_"+st.Name, st.Fields, 0, schema.Size(st.Fields))
	}
	for _, r := range s.Records {
		assertStruct(w, "ckpt_hdr_"+r.Name, r.Fields, schema.HdrSize, r.FixedSize())
	}
	structs := structsOf(s)
	for _, e := range enumsOf(s, structs) {
		enumCheck(w, e)
	}
	for _, st := range structs {
		c := &checks{w: w, ptr: "e"}
		w.p("static int check_%s(const struct ckpt_%s *e, const char **field)", st.Name, st.Name)
		w.p("{")
		c.all(st.Fields)
		w.p("\treturn 0;")
		w.p("}")
		w.p("")
	}
	for _, r := range s.Records {
		recordCheck(w, r)
		recordEntry(w, r)
	}
	return append(bytesTrim(w.Bytes()), '\n')
}

// structsOf lists the structs with rules that the records of a subsystem have, whoever declares them. What is in another
// one stands before it.
func structsOf(s *schema.Subsystem) []*schema.Struct {
	var list []*schema.Struct
	var add func(fields []schema.Field)
	add = func(fields []schema.Field) {
		for _, f := range fields {
			if f.Of != nil && f.HasRules() && !slices.Contains(list, f.Of) {
				add(f.Of.Fields)
				list = append(list, f.Of)
			}
		}
	}
	for _, r := range s.Records {
		add(r.Fields)
	}
	return list
}

// enumsOf lists the enums that records of a subsystem and these structs are checked with.
func enumsOf(s *schema.Subsystem, structs []*schema.Struct) []*schema.Enum {
	var list []*schema.Enum
	add := func(fields []schema.Field) {
		for _, f := range fields {
			for _, e := range []*schema.Enum{f.Enum, f.Flags} {
				if e != nil && !slices.Contains(list, e) {
					list = append(list, e)
				}
			}
		}
	}
	for _, st := range structs {
		add(st.Fields)
	}
	for _, r := range s.Records {
		add(r.Fields)
	}
	return list
}

func hasRules(fields []schema.Field) bool {
	return slices.ContainsFunc(fields, func(f schema.Field) bool { return f.HasRules() })
}

// checksHeader is what the files of recordsDir have in common.
func checksHeader() []byte {
	w := &writer{}
	cStart(w, false, true)
	w.p(`/*
 * The checks that a record passes before any of it is used. An image is hostile
 * input; the checks read nothing behind the length they have verified. The size
 * and the offset of every field are the same on every architecture: the files do
 * not compile elsewhere.
 */
#ifndef _CHECKPOINT_RECORDS_CHECKS_H
#define _CHECKPOINT_RECORDS_CHECKS_H
`)
	for _, name := range []string{"align", "array_size", "build_bug", "errno", "kernel", "stddef", "string"} {
		w.p("#include <linux/%s.h>", name)
	}
	w.p("")
	w.p("#include <asm/byteorder.h>")
	w.p("")
	w.p("#include \"../records.h\"")
	w.p("")
	for _, r := range allRecords() {
		w.p("extern const struct ckpt_record ckpt_type_%s;", r.Name)
	}
	w.p("")
	w.p(`static inline int bad(const char **field, const char *name)
{
	*field = name;
	return -EINVAL;
}

/* The record ends at the next multiple of 8 behind @n bytes, with zeros. */
static inline bool ends_at(const struct ckpt_hdr *h, size_t n)
{
	return h->len == ALIGN(n, 8) && !memchr_inv((const u8 *)h + n, 0, h->len - n);
}

/* @n bytes of text: a NUL at the end and none before. */
static inline bool is_text(const char *text, size_t n)
{
	return n && strnlen(text, n) == n - 1;
}

#endif /* _CHECKPOINT_RECORDS_CHECKS_H */`)
	return w.Bytes()
}

// enumCheck writes the predicate of an enum, or the mask of its flags.
func enumCheck(w *writer, e *schema.Enum) {
	if e.Bits {
		w.p("#define %s_MASK ( \\", strings.ToUpper(e.Name))
		for i, v := range e.Values {
			or := " | \\"
			if i == len(e.Values)-1 {
				or = ")"
			}
			w.p("\t%s%s%s", e.Prefix, v.Name, or)
		}
		w.p("")
		return
	}
	w.p("static bool is_%s(u64 v)", e.Name)
	w.p("{")
	w.p("\tswitch (v) {")
	for _, v := range e.Values {
		w.p("\tcase %s%s:", e.Prefix, v.Name)
	}
	w.p("\t\treturn true;")
	w.p("\t}")
	w.p("\treturn false;")
	w.p("}")
	w.p("")
}

// checks writes the tests of fields in C. ptr is the pointer to their struct.
type checks struct {
	w   *writer
	ptr string
}

// refuse writes "if (cond) return bad(name)".
func (c *checks) refuse(indent, cond, name string) {
	c.w.p("%sif (%s)", indent, cond)
	c.w.p("%s\treturn bad(field, \"%s\");", indent, name)
}

func (c *checks) all(fields []schema.Field) {
	for i := range fields {
		c.field(&fields[i])
	}
}

// field writes the tests of one field.
func (c *checks) field(f *schema.Field) {
	if !f.HasRules() {
		return
	}
	at := c.ptr + "->" + f.Name
	if !f.Array() {
		c.refuse("\t", badValue(f, at), f.Name)
		return
	}
	count := "ARRAY_SIZE(" + at + ")"
	if f.Trailing() {
		count = c.ptr + "->" + f.LenOf
	}
	switch {
	case f.Text:
		c.refuse("\t", fmt.Sprintf("!memchr(%s, 0, sizeof(%s))", at, at), f.Name)
	case f.Kind == schema.Char && f.LeadNUL:
		c.refuse("\t", fmt.Sprintf("%s < 2 || %s[0] || !is_text(%s + 1, %s - 1)", count, at, at, count), f.Name)
	case f.Kind == schema.Char:
		c.refuse("\t", fmt.Sprintf("!is_text(%s, %s)", at, count), f.Name)
	case f.Reserved && f.Trailing():
		c.refuse("\t", fmt.Sprintf("memchr_inv(%s, 0, %s * sizeof(%s[0]))", at, count, at), f.Name)
	case f.Reserved:
		c.refuse("\t", fmt.Sprintf("memchr_inv(%s, 0, sizeof(%s))", at, at), f.Name)
	default:
		c.w.p("\tfor (size_t i = 0; i < %s; i++) {", count)
		if f.Of != nil {
			c.w.p("\t\tif (check_%s(&%s[i], field))", f.Of.Name, at)
			c.w.p("\t\t\treturn -EINVAL;")
		} else {
			c.refuse("\t\t", badValue(f, at+"[i]"), f.Name)
		}
		c.w.p("\t}")
	}
}

// badValue is the C condition that holds when a single value is not acceptable.
func badValue(f *schema.Field, v string) string {
	if f.Kind == schema.LE16 {
		v = "le16_to_cpu(" + v + ")"
	}
	switch {
	case f.Reserved:
		return v
	case f.Enum != nil:
		return fmt.Sprintf("!is_%s(%s)", f.Enum.Name, v)
	case f.Flags != nil:
		return fmt.Sprintf("%s & ~(u64)%s_MASK", v, strings.ToUpper(f.Flags.Name))
	case f.Ref != "" && f.NonNull:
		return v + " <= 0"
	case f.Ref != "":
		return v + " < 0"
	case f.Kind.Signed():
		return fmt.Sprintf("%s < 0 || %s > %d", v, v, f.Max)
	case f.Max > 1<<31-1:
		return fmt.Sprintf("%s > %dULL", v, f.Max)
	}
	return fmt.Sprintf("%s > %d", v, f.Max)
}

// recordCheck writes the check function of a record.
func recordCheck(w *writer, r *schema.Record) {
	w.p("static int check_%s(const struct ckpt_hdr *h, const char **field)", r.Name)
	w.p("{")
	defer w.p("}\n")
	tail := r.Tail()
	if tail == nil && r.Raw == "" && r.Object == nil && !hasRules(r.Fields) {
		w.p("\tif (h->len != sizeof(struct ckpt_hdr_%s))", r.Name)
		w.p("\t\treturn bad(field, \"len\");")
		w.p("\treturn 0;")
		return
	}
	c := &checks{w: w, ptr: "r"}
	w.p("\tconst struct ckpt_hdr_%s *r = (const void *)h;", r.Name)
	w.p("")
	switch {
	case tail != nil:
		c.refuse("\t", "h->len < sizeof(*r)", "len")
		// The count before anything that depends on it.
		for i := range r.Fields {
			if r.CountOf(&r.Fields[i]) != nil {
				c.field(&r.Fields[i])
			}
		}
		c.refuse("\t", fmt.Sprintf("!ends_at(h, sizeof(*r) + (size_t)r->%s * sizeof(r->%s[0]))", tail.LenOf, tail.Name), "len")
	case r.Raw != "":
		c.refuse("\t", "h->len < sizeof(*r) || h->len % 8", "len")
	default:
		c.refuse("\t", "h->len != sizeof(*r)", "len")
	}
	if r.Object != nil {
		c.refuse("\t", "r->objref <= 0", "objref")
	}
	for i := range r.Fields {
		if r.CountOf(&r.Fields[i]) == nil {
			c.field(&r.Fields[i])
		}
	}
	w.p("\treturn 0;")
}

// allRecords are those of the kernel, sorted by type.
func allRecords() []*schema.Record {
	var recs []*schema.Record
	for _, s := range schema.Kernel() {
		recs = append(recs, s.Records...)
	}
	slices.SortFunc(recs, func(a, b *schema.Record) int { return int(int64(a.WireType()) - int64(b.WireType())) })
	return recs
}

// recordEntry writes what the kernel knows about a type.
func recordEntry(w *writer, r *schema.Record) {
	w.p("const struct ckpt_record ckpt_type_%s = {", r.Name)
	w.p("\t.type = %s,", r.CName())
	w.p("\t.name = \"%s\",", r.Name)
	w.p("\t.size = sizeof(struct ckpt_hdr_%s),", r.Name)
	w.p("\t.max_len = %d,", r.MaxSize())
	if r.Object != nil {
		w.p("\t.objtype = CKPT_OBJ_%s,", r.Object.Name)
	}
	if r.Optional {
		w.p("\t.optional = true,")
	}
	if r.Raw != "" {
		w.p("\t.raw = true,")
	}
	w.p("\t.check = check_%s,", r.Name)
	w.p("};")
	w.p("")
}

// findSource is the search for a type.
func findSource() []byte {
	w := &writer{}
	cStart(w, false, false)
	w.p("/*")
	w.p(" * Records of a checkpoint image: all of them.")
	w.p(" */")
	w.p("#include \"checks.h\"")
	w.p("")
	w.p("/* Sorted by type. */")
	w.p("static const struct ckpt_record *const records[] = {")
	for _, r := range allRecords() {
		w.p("\t&ckpt_type_%s,", r.Name)
	}
	w.p("};")
	w.p("")
	w.p(`/**
 * ckpt_record_find - look up what is known about a type of record
 * @type: CKPT_HDR_*
 *
 * Return: the entry, or NULL for an unknown type.
 */
const struct ckpt_record *ckpt_record_find(u32 type)
{
	size_t low = 0, high = ARRAY_SIZE(records);

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (records[mid]->type == type)
			return records[mid];
		if (records[mid]->type < type)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}`)
	return w.Bytes()
}

func assertStruct(w *writer, name string, fields []schema.Field, base, size int) {
	w.p("static_assert(sizeof(struct %s) == %d);", name, size)
	if base > 0 {
		w.p("static_assert(offsetof(struct %s, h) == 0);", name)
	}
	for i, off := range schema.Offsets(fields, base) {
		f := &fields[i]
		w.p("static_assert(offsetof(struct %s, %s) == %d);", name, f.Name, off)
		member := f.Name
		if f.Trailing() {
			member += "[0]"
		}
		n := f.Size()
		if f.Trailing() {
			n = f.ElemSize()
		}
		w.p("static_assert(sizeof_field(struct %s, %s) == %d);", name, member, n)
	}
	w.p("")
}

// bytesTrim drops the empty lines at the end.
func bytesTrim(b []byte) []byte {
	return []byte(strings.TrimRight(string(b), "\n"))
}
