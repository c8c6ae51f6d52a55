// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"linux-cr/abi/image"
	"linux-cr/abi/schema"
)

// details are the fields that tell of an object, where they are not those that
// tell of the record.
var details = map[string]string{"file": "size f_flags:o f_pos"}

// most is how many users of an object a line names.
const most = 8

func objectsText(out io.Writer, s *survey) {
	table(out, func(row func(...any)) {
		row("OBJECT", "TYPE", "TASKS", "WHO", "WHAT")
		for n, o := range s.all() {
			pids := s.usersOf(n)
			row(n, o.typ(), len(pids), who(pids), strings.Join(o.what(), " "))
		}
	})
}

// who names the first users of an object.
func who(pids []int32) string {
	var names []string
	for _, pid := range pids[:min(most, len(pids))] {
		names = append(names, fmt.Sprint(pid))
	}
	if len(pids) > most {
		names = append(names, "...")
	}
	if names == nil {
		return "-"
	}
	return strings.Join(names, ",")
}

// typ is the type of the object, as in "FILE_TABLE".
func (o *object) typ() string { return image.Declaration(o.record).Object.Name }

// what tells of the object: its names, quoted when they need it, and fields.
func (o *object) what() []string {
	parts := o.shownNames()
	record := image.TypeName(o.record.Type())
	spec, ok := details[record]
	if !ok {
		spec, ok = keys[record]
	}
	fields := pick(o.record, strings.TrimPrefix(spec, "objref"))
	if !ok {
		fields = firstNumbers(o.record)
	}
	if o.pages > 0 {
		fields = append(fields, fmt.Sprintf("pages=%d", o.pages))
	}
	return append(parts, fields...)
}

func objectsJSON(out io.Writer, s *survey) {
	jsonList(out, func(element func(image.Object)) {
		for n, o := range s.all() {
			pids, names := s.usersOf(n), o.names
			if names == nil {
				names = []string{}
			}
			m := image.Object{{Name: "object", Value: n}, {Name: "type", Value: o.typ()}, {Name: "names", Value: names}}
			for _, v := range image.Values(o.record) {
				if v.Name == "size" && v.Kind == schema.U64 {
					m = append(m, image.Member{Name: "size", Value: v.V})
				}
			}
			element(append(m, image.Object{{Name: "pages", Value: o.pages}, {Name: "nr_tasks", Value: len(pids)}, {Name: "tasks", Value: pids}}...))
		}
	})
}
