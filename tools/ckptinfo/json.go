// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io"

	"linux-cr/abi/image"
)

// jsonPrinter prints one JSON document. The records are written as they are
// read, one per line, so that a large image needs no memory.
type jsonPrinter struct {
	out     io.Writer
	skip    bool // leave the records out
	members int  // of the document
	first   bool // no record yet
}

func newJSONPrinter(out io.Writer, all *contents, skip bool) *jsonPrinter {
	p := &jsonPrinter{out: out, skip: skip, first: true}
	io.WriteString(out, "{")
	p.member("byte_order", all.byteOrder())
	p.member("header", image.JSON(all.reader.Header()))
	p.member("saved_files", savedJSON(all))
	if !skip {
		p.name("records")
		io.WriteString(out, "[")
	}
	return p
}

func (p *jsonPrinter) name(name string) {
	if p.members++; p.members > 1 {
		io.WriteString(p.out, ",")
	}
	fmt.Fprintf(p.out, "\n%q: ", name)
}

func (p *jsonPrinter) value(v any) { p.out.Write(marshal(v)) }

func (p *jsonPrinter) member(name string, v any) {
	p.name(name)
	p.value(v)
}

func (p *jsonPrinter) record(e *image.Entry) {
	if p.skip {
		return
	}
	o := image.Object{{Name: "pos", Value: e.Pos}, {Name: "type", Value: e.Name()}, {Name: "type_id", Value: e.Type}, {Name: "len", Value: e.Len}}
	if e.Record != nil {
		o = append(o, image.Member{Name: "fields", Value: image.JSON(e.Record)})
	}
	if e.Addrs != nil {
		o = append(o, image.Member{Name: "addresses", Value: e.Addrs})
	}
	if !p.first {
		io.WriteString(p.out, ",")
	}
	p.first = false
	io.WriteString(p.out, "\n  ")
	p.value(o)
}

func (p *jsonPrinter) end(all *contents, err error) {
	if !p.skip {
		io.WriteString(p.out, "\n]")
	}
	tasks := []image.Object{}
	for _, t := range all.tasks {
		o := image.JSON(t.Pids)
		if t.state != nil {
			for _, m := range image.JSON(t.state) {
				if m.Name == "comm" || m.Name == "state" {
					o = append(o, m)
				}
			}
		}
		tasks = append(tasks, o)
	}
	p.member("tasks", tasks)
	failures := []image.Object{}
	for _, f := range all.failures {
		failures = append(failures, image.Object{{Name: "err", Value: f.err}, {Name: "errno", Value: f.errno()}, {Name: "message", Value: f.message}})
	}
	p.member("errors", failures)
	p.member("nr_records", all.records)
	p.member("nr_pages", all.pages)
	p.member("size", all.reader.Pos())
	p.member("complete", all.complete)
	if err != nil {
		p.member("problem", err.Error())
	}
	io.WriteString(p.out, "\n}\n")
}
