// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"strings"

	"linux-cr/abi/image"
)

// holder is who has a file: a descriptor of a task, or something else that refers to it.
type holder struct {
	pid  int32  // 0 for no task
	what string // "3", "exe", "mem", or the object as in "epoll:12"
}

func (h holder) String() string {
	if h.pid == 0 {
		return h.what
	}
	return fmt.Sprintf("%d:%s", h.pid, h.what)
}

// owner is a process, or a thread that does not share the descriptors of its process.
type owner struct {
	*user
	name   string
	sharer int32 // who has been listed with the same descriptors, 0 for none
}

// owners lists who has descriptors. Threads count for their process.
func (s *survey) owners() []owner {
	tgids, names := map[int32]int32{}, map[int32]string{}
	for i := range s.tasks {
		if t := &s.tasks[i]; !t.ghost() {
			tgids[t.PID], names[t.PID] = t.TGID, t.name()
		}
	}
	type table struct{ tgid, ref int32 }
	seen, first := map[table]bool{}, map[int32]int32{}
	var list []owner
	for i := range s.users {
		u := &s.users[i]
		if u.objs == nil || u.objs.FilesRef == 0 {
			continue
		}
		t := table{tgids[u.pid], u.objs.FilesRef}
		if seen[t] {
			continue
		}
		seen[t] = true
		list = append(list, owner{u, names[u.pid], first[t.ref]})
		if first[t.ref] == 0 {
			first[t.ref] = u.pid
		}
	}
	return list
}

// holders finds who has each file, in the order of the image, and no more of them than a line shows.
func (s *survey) holders() map[int32][]holder {
	all := map[int32][]holder{}
	add := func(file int32, h holder) {
		if len(all[file]) <= most {
			all[file] = append(all[file], h)
		}
	}
	for _, o := range s.owners() {
		if o.sharer != 0 {
			continue
		}
		for _, d := range s.objects[o.objs.FilesRef-1].fds {
			add(d.FileRef, holder{o.pid, fmt.Sprint(d.FD)})
		}
	}
	first := map[int32]int32{}
	for i := range s.users {
		if u := &s.users[i]; u.objs != nil && u.objs.MMRef != 0 && first[u.objs.MMRef] == 0 {
			first[u.objs.MMRef] = u.pid
		}
	}
	for n, o := range s.all() {
		if _, ok := o.record.(*image.File); !ok {
			continue
		}
		for _, by := range o.by {
			switch r := s.objects[by-1].record.(type) {
			case *image.FileTable:
			case *image.MM:
				what := "mem"
				if r.ExeRef == int32(n) {
					what = "exe"
				}
				add(int32(n), holder{first[by], what})
			case *image.Epoll:
				if r.FileRef != int32(n) {
					add(int32(n), holder{0, fmt.Sprintf("epoll:%d", by)})
				}
			default:
				add(int32(n), holder{0, fmt.Sprintf("%s:%d", image.TypeName(r.Type()), by)})
			}
		}
	}
	return all
}

// list names holders, "-" for none.
func list(holders []holder) string {
	var names []string
	for _, h := range holders[:min(most, len(holders))] {
		names = append(names, h.String())
	}
	if len(holders) > most {
		names = append(names, "...")
	}
	if names == nil {
		return "-"
	}
	return strings.Join(names, ",")
}
