// SPDX-License-Identifier: GPL-2.0

package main

import (
	"io"

	"linux-cr/abi/image"
)

// psText prints a row per task. What belongs to the process stands in the row of
// its leader.
func psText(out io.Writer, s *survey) {
	threads, kept := s.threads(), s.kept()
	table(out, func(row func(...any)) {
		row("PID", "TGID", "PPID", "PGID", "SID", "STATE", "THREADS", "KEPT", "NAME")
		for i := range s.tasks {
			switch t := &s.tasks[i]; {
			case t.ghost():
				row(t.PID, "-", "-", "-", "-", t.doing(), "-", "-", "-")
			case t.thread():
				row(t.PID, t.TGID, t.PPID, t.PGID, t.SID, t.doing(), "-", "-", plain(t.name()))
			default:
				row(t.PID, t.TGID, t.PPID, t.PGID, t.SID, t.doing(), threads[t.PID], kept[t.PID], plain(t.name()))
			}
		}
	})
}

func psJSON(out io.Writer, s *survey) {
	threads, kept := s.threads(), s.kept()
	jsonList(out, func(element func(image.Object)) {
		for i := range s.tasks {
			t := &s.tasks[i]
			o := taskJSON(t)
			if !t.ghost() && !t.thread() {
				o = append(o, image.Member{Name: "threads", Value: threads[t.PID]}, image.Member{Name: "kept", Value: kept[t.PID]})
			}
			element(o)
		}
	})
}

// taskJSON is a task; a ghost has only a number.
func taskJSON(t *task) image.Object {
	o := image.Object{{Name: "pid", Value: t.PID}}
	if !t.ghost() {
		o = append(o, image.Object{{Name: "tgid", Value: t.TGID}, {Name: "ppid", Value: t.PPID}, {Name: "pgid", Value: t.PGID}, {Name: "sid", Value: t.SID}}...)
	}
	if len(t.Levels) > 0 {
		o = append(o, image.Member{Name: "levels", Value: t.Levels})
	}
	o = append(o, image.Member{Name: "state", Value: t.doing()})
	if t.state != nil {
		o = append(o, image.Member{Name: "comm", Value: t.name()})
	}
	return o
}
