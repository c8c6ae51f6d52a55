// SPDX-License-Identifier: GPL-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"linux-cr/abi/image"
)

// bySize lists the kinds of records, those with most bytes first.
func (s *survey) bySize() []string {
	return slices.SortedFunc(maps.Keys(s.kinds), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.kinds[b].bytes, s.kinds[a].bytes), cmp.Compare(a, b))
	})
}

func sizesText(out io.Writer, s *survey) {
	table(out, func(row func(...any)) {
		row("RECORDS", "BYTES", "TYPE")
		for _, name := range s.bySize() {
			row(s.kinds[name].records, s.kinds[name].bytes, name)
		}
		row(s.records, s.reader.Pos(), "all")
	})
	page := 1 << s.reader.Header().PageShift
	fmt.Fprintf(out, "\n%d pages of memory, %d bytes\n", s.pages, s.pages*page)
	if s.savedSize > 0 {
		fmt.Fprintf(out, "%d saved files, %d bytes in front of the image\n", len(s.saved), s.savedSize)
	}
}

func sizesJSON(out io.Writer, s *survey) {
	kinds := []image.Object{}
	for _, name := range s.bySize() {
		kinds = append(kinds, image.Object{{Name: "type", Value: name}, {Name: "records", Value: s.kinds[name].records}, {Name: "bytes", Value: s.kinds[name].bytes}})
	}
	page := 1 << s.reader.Header().PageShift
	out.Write(marshal(image.Object{
		{Name: "types", Value: kinds}, {Name: "records", Value: s.records}, {Name: "bytes", Value: s.reader.Pos()},
		{Name: "pages", Value: s.pages}, {Name: "page_size", Value: page}, {Name: "saved_bytes", Value: s.savedSize},
	}))
	io.WriteString(out, "\n")
}
