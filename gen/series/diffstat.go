// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// change counts the lines of one file.
type change struct {
	added, removed int
	created        string // mode of a new file
}

// diffstat counts lines per file.
type diffstat map[string]*change

// countDiff counts the lines of a diff.
func countDiff(diff string) diffstat {
	d := diffstat{}
	var cur *change
	var created string
	oldLeft, newLeft := 0, 0 // lines that are left in the hunk
	for line := range strings.Lines(diff) {
		if oldLeft > 0 || newLeft > 0 {
			switch line[0] {
			case '+':
				cur.added++
				newLeft--
			case '-':
				cur.removed++
				oldLeft--
			case '\\':
			default:
				oldLeft--
				newLeft--
			}
			continue
		}
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, "+++ b/"); ok {
			name, _, _ = strings.Cut(name, "\t")
			if cur = d[name]; cur == nil {
				cur = &change{created: created}
				d[name] = cur
			}
			created = ""
		} else if mode, ok := strings.CutPrefix(line, "new file mode "); ok {
			created = mode
		} else if strings.HasPrefix(line, "@@ -") && cur != nil {
			oldLeft, newLeft = hunkSize(line)
		}
	}
	return d
}

// hunkSize reads the counts of "@@ -1,2 +3,4 @@".
func hunkSize(line string) (before, after int) {
	fields := strings.Fields(line)
	size := func(f string) int {
		n := 1
		if _, count, ok := strings.Cut(f, ","); ok {
			_, _ = fmt.Sscan(count, &n)
		}
		return n
	}
	if len(fields) < 3 {
		return 0, 0
	}
	return size(fields[1]), size(fields[2])
}

func (d diffstat) add(other diffstat) {
	for name, c := range other {
		if have := d[name]; have != nil {
			have.added += c.added
			have.removed += c.removed
			continue
		}
		copied := *c
		d[name] = &copied
	}
}

// graphWidth is the most + and - that a line of the statistics has.
const graphWidth = 24

// String shows the statistics as git does.
func (d diffstat) String() string {
	names := slices.Sorted(maps.Keys(d))
	width, most := 0, 1
	var total change
	for _, name := range names {
		c := d[name]
		width = max(width, len(name))
		most = max(most, c.added+c.removed)
		total.added += c.added
		total.removed += c.removed
	}
	scale := func(n int) int {
		if most <= graphWidth {
			return n
		}
		return (n*graphWidth + most - 1) / most
	}
	var b, created strings.Builder
	for _, name := range names {
		c := d[name]
		fmt.Fprintf(&b, " %-*s | %*d %s%s\n", width, name, len(fmt.Sprint(most)), c.added+c.removed,
			strings.Repeat("+", scale(c.added)), strings.Repeat("-", scale(c.removed)))
		if c.created != "" {
			fmt.Fprintf(&created, " create mode %s %s\n", c.created, name)
		}
	}
	fmt.Fprintf(&b, " %s changed", plural(len(names), "file"))
	if total.added > 0 {
		fmt.Fprintf(&b, ", %s(+)", plural(total.added, "insertion"))
	}
	if total.removed > 0 {
		fmt.Fprintf(&b, ", %s(-)", plural(total.removed, "deletion"))
	}
	return b.String() + "\n" + created.String()
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
