// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"linux-cr/abi/image"
	"linux-cr/abi/schema"
)

// textPrinter prints for people: the header and the tasks, then the records.
// Those that stand before the end of the task array wait for it.
type textPrinter struct {
	out     io.Writer
	all     *contents
	verbose bool
	waiting strings.Builder
	started bool // the records are being printed
}

func newTextPrinter(out io.Writer, all *contents, verbose bool) *textPrinter {
	p := &textPrinter{out: out, all: all, verbose: verbose}
	p.header()
	return p
}

func (p *textPrinter) field(name, format string, args ...any) {
	fmt.Fprintf(p.out, "%-10s%s\n", name, fmt.Sprintf(format, args...))
}

// plain is text from the image without what a terminal would act on.
func plain(s string) string {
	q := strconv.Quote(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

func (p *textPrinter) header() {
	h := p.all.reader.Header()
	text := func(b [72]byte) string { return plain(image.CString(b[:])) }
	p.field("image", "revision %d, %s, %s, %d-bit, pages of %d bytes", h.Rev,
		image.Symbol(schema.Archs, uint64(h.ArchID)), p.all.byteOrder(), h.WordBits, 1<<h.PageShift)
	p.field("source", "%s: Linux %s (%d.%d.%d), %s, %s", text(h.Nodename), text(h.Release),
		h.KernelMajor, h.KernelMinor, h.KernelPatch, text(h.Version), text(h.Machine))
	p.field("taken", "%s, checkpoint %d, CHECKPOINT_* %s", time.Unix(0, h.Time).UTC().Format("2006-01-02 15:04:05 UTC"),
		h.CkptID, image.Symbol(schema.CheckpointFlags, h.Uflags))
	if h.Flags != 0 {
		p.field("kind", "%s", image.Symbol(schema.HeaderFlags, h.Flags))
	}
	p.field("features", "%s", image.Symbol(schema.Features, h.FeatRequired))
	if h.FeatOptional != 0 {
		p.field("", "%s (optional)", image.Symbol(schema.Features, h.FeatOptional))
	}
	if p.all.savedSize > 0 {
		p.field("saved", "%d files, %d bytes in front of the image", len(p.all.saved), p.all.savedSize)
	}
}

// tasks prints the task array and what was waiting for it.
func (p *textPrinter) tasks() {
	p.field("tasks", "%d", p.all.nrTasks)
	if len(p.all.tasks) > 0 {
		fmt.Fprintf(p.out, "\n%8s%8s%8s%8s%8s  %s\n", "PID", "TGID", "PPID", "PGID", "SID", "FLAGS")
	}
	for _, t := range p.all.tasks {
		fmt.Fprintf(p.out, "%8d%8d%8d%8d%8d  %s\n", t.PID, t.TGID, t.PPID, t.PGID, t.SID,
			image.Symbol(schema.PidsFlags, uint64(t.Flags)))
	}
	fmt.Fprintf(p.out, "\n%12s  %-14s%8s\n", "BYTE", "RECORD", "LENGTH")
	io.WriteString(p.out, p.waiting.String())
	p.waiting.Reset()
	p.started = true
}

func (p *textPrinter) record(e *image.Entry) {
	var out io.Writer = &p.waiting
	if p.started {
		out = p.out
	}
	text := fmt.Sprintf("%12d  %-14s%8d  %s", e.Pos, e.Name(), e.Len, line(e))
	fmt.Fprintln(out, strings.TrimRight(text, " "))
	if p.verbose {
		fields(out, e)
	}
	if n := len(p.all.tasks); !p.started && n > 0 && n == p.all.nrTasks {
		p.tasks()
	}
}

// fields prints every field of a record.
func fields(out io.Writer, e *image.Entry) {
	if e.Record == nil {
		return
	}
	for _, v := range image.Values(e.Record) {
		if !v.Reserved {
			fmt.Fprintf(out, "%18s%-20s = %s\n", "", v.Name, v.Text())
		}
	}
	for _, a := range e.Addrs {
		fmt.Fprintf(out, "%18s%-20s = %#x\n", "", "page", a)
	}
}

func (p *textPrinter) end(all *contents, err error) {
	if !p.started {
		p.tasks()
	}
	fmt.Fprintln(p.out)
	for _, f := range all.failures {
		p.field("ERROR", "%s: %s", f.errno(), plain(f.message))
	}
	total := fmt.Sprintf("%d records, %d pages of memory, %d bytes", all.records, all.pages, all.reader.Pos())
	switch {
	case all.complete:
		p.field("complete", "%s, checksum %016x", total, all.checksum)
	case err == nil:
		p.field("failed", "%s, no trailer: the checkpoint failed", total)
	default:
		p.field("damaged", "%s up to the damage", total)
	}
}

// errorPrinter prints the error records only.
type errorPrinter struct{ out io.Writer }

func (p *errorPrinter) record(e *image.Entry) {
	if r, ok := e.Record.(*image.ErrorRecord); ok {
		f := failure{r.Err, r.Message()}
		fmt.Fprintf(p.out, "%s: %s\n", f.errno(), plain(f.message))
	}
}

func (p *errorPrinter) end(*contents, error) {}
