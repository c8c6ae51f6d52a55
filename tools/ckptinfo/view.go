// SPDX-License-Identifier: GPL-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"linux-cr/abi/image"
)

// view is what a subcommand shows of an image.
type view struct {
	name, short, long string

	text func(out io.Writer, s *survey)
	json func(out io.Writer, s *survey)
}

// views are the subcommands.
var views = []view{
	{"ps", "List the tasks", "ps lists the tasks of the image, threads, zombies and ghosts included, in the order of the image.", psText, psJSON},
	{"tree", "Show the hierarchy", "tree shows who is whose child, as pstree does: threads in braces, ghosts and zombies marked,\n" +
		"and behind a colon the ids that a task has in nested pid namespaces.", treeText, treeJSON},
	{"objects", "List the shared objects and who uses them", "objects lists what tasks can share, with its number in the image, and which tasks use it,\n" +
		"directly or by way of another object.", objectsText, objectsJSON},
	{"fds", "List the descriptors of each process", "fds lists the descriptors of each process, with what they name: a path, or the object in the image,\n" +
		"and behind <-> who has the other ends.", fdsText, fdsJSON},
	{"files", "List the open files and who has them", "files lists the open file descriptions, and the pipes, the memory and the sockets that they are ends of, with who has each:\n" +
		"descriptors, executables (exe), mappings (mem) and other objects. Then come the files whose contents the image has.", filesText, filesJSON},
	{"ipc", "List System V and POSIX IPC objects", "ipc lists what processes share by other means than files, as ipcs does.", ipcText, ipcJSON},
	{"sizes", "Count records and bytes by kind", "sizes counts records and bytes by the type of the record, and pages of memory.", sizesText, sizesJSON},
}

// viewPrinter prints a view when the image has been read.
type viewPrinter struct {
	view
	out    io.Writer
	json   bool
	survey survey
}

func (p *viewPrinter) record(e *image.Entry) { p.survey.add(e) }

// end shows what there is of a damaged image, too.
func (p *viewPrinter) end(all *contents, _ error) {
	p.survey.contents = all
	if p.json {
		p.view.json(p.out, &p.survey)
		return
	}
	p.view.text(p.out, &p.survey)
}

// table prints rows of cells in columns. All but the last column are numbers or
// short words, and stand on the right.
func table(out io.Writer, print func(row func(cells ...any))) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	print(func(cells ...any) {
		for i, c := range cells {
			if i > 0 {
				io.WriteString(w, "\t")
			}
			if i == len(cells)-1 {
				io.WriteString(w, "  ")
			}
			fmt.Fprint(w, c)
		}
		io.WriteString(w, "\n")
	})
	w.Flush()
}

// jsonList prints an array, an element per line.
func jsonList(out io.Writer, print func(element func(o image.Object))) {
	between := "[\n  "
	print(func(o image.Object) {
		io.WriteString(out, between)
		out.Write(marshal(o))
		between = ",\n  "
	})
	if between == "[\n  " {
		io.WriteString(out, "[")
	}
	io.WriteString(out, "\n]\n")
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // numbers, strings and objects of these always marshal
	}
	return b
}
