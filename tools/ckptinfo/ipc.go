// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io"

	"linux-cr/abi/image"
	"linux-cr/abi/schema"
)

// ipcKind is a kind of object that processes share by means other than open files, by the record that stands for it.
type ipcKind struct {
	title string // of the kind
	size  string // the field with its size, when that is not "size"
	count string // the field with how many things are in it
}

// ipcKinds are the known kinds. Records of the subsystem IPC that are not listed show under their own names.
var ipcKinds = map[string]ipcKind{
	"shmem":     {title: "anonymous"},
	"shm":       {title: "shm"},
	"sem":       {title: "sem", count: "sems"},
	"sem_undo":  {title: "undo", count: "nr_sets"},
	"msg_queue": {title: "msg", size: "qbytes", count: "nr_messages"},
	"mqueue":    {title: "mqueue", size: "maxmsg", count: "nr_messages"},
}

// ipcSubsystem is the one whose objects belong here, listed or not.
const ipcSubsystem = "IPC"

var ipcRecords = func() map[string]bool {
	names := map[string]bool{}
	for _, sub := range schema.All {
		for _, r := range sub.Records {
			if r.Object != nil && sub.Name == ipcSubsystem {
				names[r.Name] = true
			}
		}
	}
	return names
}()

// ipcObject is an object as ipcs shows it. What a kind does not have is empty.
type ipcObject struct {
	*object
	n      int
	kind   string
	fields map[string]any // of the record and of the structs in it
	size   any
	count  any
}

// ipcObjects finds the objects.
func (s *survey) ipcObjects() []ipcObject {
	var list []ipcObject
	for n, o := range s.all() {
		name := image.TypeName(o.record.Type())
		kind, known := ipcKinds[name]
		if !known && !ipcRecords[name] {
			continue
		}
		x := ipcObject{object: o, n: n, kind: kind.title, fields: map[string]any{}}
		if !known {
			x.kind = name
		}
		flatten(x.fields, image.JSON(o.record))
		x.size = x.field(kind.size, "size")
		x.count = x.field(kind.count)
		if list, ok := x.count.([]image.Object); ok {
			x.count = len(list)
		}
		list = append(list, x)
	}
	return list
}

// flatten puts the members of structs beside the fields.
func flatten(to map[string]any, from image.Object) {
	for _, m := range from {
		if list, ok := m.Value.([]image.Object); ok && len(list) == 1 {
			flatten(to, list[0])
		}
		to[m.Name] = m.Value
	}
}

// field is the first of the fields that the record has, "-" for none.
func (x *ipcObject) field(names ...string) any {
	for _, name := range names {
		if v, ok := x.fields[name]; ok {
			return v
		}
	}
	return "-"
}

// key is as ipcs shows it, in hexadecimal.
func (x *ipcObject) key() any {
	switch key := x.field("key").(type) {
	case int32:
		return fmt.Sprintf("0x%08x", uint32(key))
	case uint32:
		return fmt.Sprintf("0x%08x", key)
	}
	return "-"
}

// perms are in octal.
func (x *ipcObject) perms() any {
	if mode, ok := x.field("mode").(uint32); ok {
		return fmt.Sprintf("%03o", mode)
	}
	return "-"
}

func ipcText(out io.Writer, s *survey) {
	table(out, func(row func(...any)) {
		row("OBJECT", "KIND", "ID", "KEY", "OWNER", "PERMS", "SIZE", "COUNT", "PAGES", "WHO", "NAME")
		for _, x := range s.ipcObjects() {
			row(x.n, x.kind, x.field("id"), x.key(), x.field("uid"), x.perms(), x.size, x.count, x.pages, who(s.usersOf(x.n)), s.inodeName(int32(x.n)))
		}
	})
}

func ipcJSON(out io.Writer, s *survey) {
	jsonList(out, func(element func(image.Object)) {
		for _, x := range s.ipcObjects() {
			names := x.names
			if names == nil {
				names = []string{}
			}
			element(image.Object{
				{Name: "object", Value: x.n}, {Name: "kind", Value: x.kind}, {Name: "names", Value: names}, {Name: "fields", Value: image.JSON(x.record)},
				{Name: "pages", Value: x.pages}, {Name: "tasks", Value: s.usersOf(x.n)},
			})
		}
	})
}
