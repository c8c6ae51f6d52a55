// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"strings"
	"testing"

	"linux-cr/abi/schema"
	"linux-cr/selftests/guest/kit"
)

// newInodes is what differs in /proc: the inodes of the instance, and of shared memory.
var newInodes = []string{"^fd ", "^fdinfo ", `\bmaps`}

func userfaults(t *testing.T, variants ...string) {
	t.Helper()
	for _, v := range variants {
		kit.Run(t, kit.Case{Prog: "userfaultfd", Variant: v, Look: newInodes})
	}
}

func TestUserfaultfdMissing(t *testing.T) { userfaults(t, "missing", "huge") }
func TestUserfaultfdWP(t *testing.T)      { userfaults(t, "wp", "async") }
func TestUserfaultfdMinor(t *testing.T)   { userfaults(t, "minor") }
func TestUserfaultfdPlain(t *testing.T)   { pipes(t, "userfaultfd", "plain") }

// TestUserfaultfdFamily has a process resolve the faults of another one.
func TestUserfaultfdFamily(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "userfaultfd", Variant: "family", Ways: someWays, Look: []string{`\bfd `, `\bfdinfo `}})
}

func TestHostileFieldsUserfaultfd(t *testing.T) {
	hostileFieldsOf(t, &schema.Userfaultfd, "userfaultfd", "small")
}

// TestHostileUserfaultfdRuns gives a range pages that it cannot have.
func TestHostileUserfaultfdRuns(t *testing.T) {
	const start, pages, flags = 0, 8, 12
	hostileOf(t, "userfaultfd", "small", func(l *kit.Lab) int {
		tries := 0
		for _, c := range []struct {
			what  string
			field int
			value func(v uint64) uint64
		}{
			{"below the range", start, func(v uint64) uint64 { return v - 64<<12 }},
			{"behind the range", start, func(v uint64) uint64 { return v + 64<<12 }},
			{"not aligned", start, func(v uint64) uint64 { return v + 8 }},
			{"at the end of everything", start, func(uint64) uint64 { return 1<<64 - 4096 }},
			{"no pages", pages, func(uint64) uint64 { return 0 }},
			{"too many pages", pages, func(uint64) uint64 { return 1<<32 - 1 }},
			{"unknown flags", flags, func(uint64) uint64 { return 1 << 7 }},
			{"mapped, and of no file", flags, func(uint64) uint64 { return 2 }},
			{"write-protected in a range that is not", flags, func(uint64) uint64 { return 4 }},
		} {
			p := recordOf(t, l.Image, "userfault_range")
			b := l.Copy()
			at := p.Pos + 40 + c.field
			if c.field == start {
				le.PutUint64(b[at:], c.value(le.Uint64(b[at:])))
			} else {
				le.PutUint32(b[at:], uint32(c.value(uint64(le.Uint32(b[at:])))))
			}
			tries++
			// What only registering shows ends the task instead of its restart(2).
			if v := l.Try(sealed(t, b, 0)); !strings.Contains(v.Log, "[err -") {
				t.Errorf("%s: got %v\n%s", c.what, v.Errno, v.Log)
			}
		}
		return tries
	})
}

// recordOf is the first record of a type in an image.
func recordOf(t *testing.T, b []byte, name string) kit.Place {
	t.Helper()
	for _, p := range kit.Records(t, b) {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no record %s in the image", name)
	return kit.Place{}
}
