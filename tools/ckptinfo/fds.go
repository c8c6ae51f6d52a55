// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"linux-cr/abi/image"
)

// peers names who has the other ends of what a file is an end of: descriptors with their access mode, as in "101:4r".
// It knows ends by the inode they share, those of a connection by what the sockets say, and names no more of them than a
// line shows.
type peers struct {
	s       *survey
	ends    map[int32][]int32
	holders map[int32][]holder
}

func (p *peers) of(n int32) []string {
	f, ok := p.s.objects[n-1].record.(*image.File)
	if !ok {
		return nil
	}
	others := p.ends[f.InodeRef]
	if f.InodeRef == 0 {
		others = []int32{p.s.socketPeer(n)}
	}
	var list []string
	for _, other := range others {
		if other == 0 {
			continue
		}
		if other == n {
			continue
		}
		mode := accessMode(p.s.objects[other-1].record.(*image.File))
		for _, h := range p.holders[other] {
			if h.pid == 0 {
				continue // It watches the other end, or has it in flight.
			}
			if len(list) == most {
				return append(list, "...")
			}
			list = append(list, h.String()+mode)
		}
	}
	return list
}

// fdsText prints a row per descriptor, as lsof does. Who shares all descriptors with another one gets one row.
func fdsText(out io.Writer, s *survey) {
	p := peers{s, s.ends(), s.holders()}
	table(out, func(row func(...any)) {
		row("PID", "FD", "TYPE", "MODE", "FLAGS", "POS", "OBJECT", "NAME")
		for _, o := range s.owners() {
			if o.sharer != 0 {
				row(o.pid, "*", "-", "-", "-", "-", o.objs.FilesRef, fmt.Sprintf("those of %d", o.sharer))
				continue
			}
			for _, d := range s.objects[o.objs.FilesRef-1].fds {
				f := s.objects[d.FileRef-1].record.(*image.File)
				name := s.fileName(d.FileRef)
				if others := p.of(d.FileRef); others != nil {
					name += " <-> " + join(others)
				}
				row(o.pid, d.FD, fileType(f), accessMode(f), join(s.descriptorFlags(d, f)), f.FPos, d.FileRef, name)
			}
		}
	})
}

func (s *survey) descriptorFlags(d *image.FileDesc, f *image.File) []string {
	names := []string{}
	if d.Flags&image.CKPT_FD_CLOEXEC != 0 {
		names = append(names, "CLOEXEC")
	}
	return s.flagNames(names, f)
}

func fdsJSON(out io.Writer, s *survey) {
	p := peers{s, s.ends(), s.holders()}
	jsonList(out, func(element func(image.Object)) {
		for _, o := range s.owners() {
			m := image.Object{{Name: "pid", Value: o.pid}, {Name: "comm", Value: o.name}, {Name: "table", Value: o.objs.FilesRef}}
			if o.sharer != 0 {
				element(append(m, image.Member{Name: "shared_with", Value: o.sharer}))
				continue
			}
			fds := []image.Object{}
			for _, d := range s.objects[o.objs.FilesRef-1].fds {
				f := s.objects[d.FileRef-1].record.(*image.File)
				fd := image.Object{{Name: "fd", Value: d.FD}, {Name: "flags", Value: s.descriptorFlags(d, f)}}
				fd = append(fd, s.fileJSON(d.FileRef)...)
				if others := p.of(d.FileRef); others != nil {
					fd = append(fd, image.Member{Name: "peers", Value: others})
				}
				fds = append(fds, fd)
			}
			element(append(m, image.Member{Name: "fds", Value: fds}))
		}
	})
}

// fileJSON is what there is to tell of file n.
func (s *survey) fileJSON(n int32) image.Object {
	o := &s.objects[n-1]
	f := o.record.(*image.File)
	m := image.Object{{Name: "object", Value: n}, {Name: "type", Value: fileType(f)}, {Name: "mode", Value: accessMode(f)}, {Name: "pos", Value: f.FPos}, {Name: "name", Value: s.fileName(n)}}
	if len(o.names) > 0 {
		m[len(m)-1].Value = strings.Join(o.names, " ")
	}
	if f.InodeRef != 0 {
		m = append(m, image.Member{Name: "inode", Value: f.InodeRef})
	}
	if o.part != nil {
		m = append(m, image.Member{Name: image.TypeName(o.part.Type()), Value: image.JSON(o.part)})
	}
	return m
}
