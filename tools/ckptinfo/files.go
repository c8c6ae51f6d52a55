// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"linux-cr/abi/image"
)

// isInode reports whether the object is what files are ends of, and has no name of its own in a file system.
func isInode(o *object) bool { return o.typ() == "INODE" }

// filesText prints a row per open file description, one for what several are ends of, and one for a connection that has
// not been accepted; then the files whose contents have been saved.
func filesText(out io.Writer, s *survey) {
	holders, ends := s.holders(), s.ends()
	table(out, func(row func(...any)) {
		row("OBJECT", "TYPE", "MODE", "FLAGS", "POS", "SIZE", "WHO", "NAME")
		for i, o := range s.all() {
			n := int32(i)
			switch f, ok := o.record.(*image.File); {
			case ok:
				row(n, fileType(f), accessMode(f), join(s.flagNames(nil, f)), f.FPos, f.Size, list(holders[n]), s.fileName(n))
			case s.socketOf(n) != nil:
				if e := s.sockets()[n]; e != nil && e.file != 0 {
					continue // The row of its file tells all.
				}
				row(n, "socket", "-", "-", "-", s.socketBytes(n), list(s.socketHolders(n, holders)), strings.Join(s.socketWords(n), " "))
			case isInode(o):
				row(n, image.TypeName(o.record.Type()), "-", "-", "-", o.size(s), list(inodeHolders(holders, ends[n])), s.inodeText(n))
			}
		}
	})
	savedText(out, s.contents)
}

// inodeHolders are who has an end of an inode.
func inodeHolders(holders map[int32][]holder, ends []int32) []holder {
	var all []holder
	for _, n := range ends {
		if all = append(all, holders[n]...); len(all) > most {
			return all[:most+1]
		}
	}
	return all
}

// size is how many bytes are in an object: those of its pieces, or of its pages.
func (o *object) size(s *survey) uint64 {
	return o.bytes + uint64(o.pages)<<s.reader.Header().PageShift
}

// inodeText is the name of an inode with its fields.
func (s *survey) inodeText(n int32) string {
	fields := fieldsOf(s.objects[n-1].record)
	if len(fields) > 0 && strings.HasPrefix(fields[0], "objref=") {
		fields = fields[1:]
	}
	return strings.Join(append([]string{s.inodeName(n)}, fields...), " ")
}

func filesJSON(out io.Writer, s *survey) {
	holders, ends := s.holders(), s.ends()
	texts := func(list []holder) []string {
		all := []string{}
		for _, h := range list {
			all = append(all, fmt.Sprint(h))
		}
		return all
	}
	jsonList(out, func(element func(image.Object)) {
		for i, o := range s.all() {
			n := int32(i)
			switch f, ok := o.record.(*image.File); {
			case ok:
				m := append(s.fileJSON(n), image.Object{{Name: "flags", Value: s.flagNames([]string{}, f)}, {Name: "size", Value: f.Size}}...)
				element(append(m, image.Member{Name: "who", Value: texts(holders[n])}))
			case s.socketOf(n) != nil:
				element(image.Object{
					{Name: "object", Value: n}, {Name: "type", Value: "socket"}, {Name: "size", Value: s.socketBytes(n)},
					{Name: "name", Value: strings.Join(s.socketWords(n), " ")}, {Name: "fields", Value: image.JSON(o.record)},
					{Name: "who", Value: texts(s.socketHolders(n, holders))},
				})
			case isInode(o):
				element(image.Object{
					{Name: "object", Value: n}, {Name: "type", Value: image.TypeName(o.record.Type())}, {Name: "size", Value: o.size(s)},
					{Name: "name", Value: s.inodeName(n)}, {Name: "fields", Value: image.JSON(o.record)},
					{Name: "who", Value: texts(inodeHolders(holders, ends[n]))},
				})
			}
		}
		for _, o := range savedJSON(s.contents) {
			element(o)
		}
	})
}
