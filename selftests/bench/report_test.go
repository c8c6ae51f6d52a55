// SPDX-License-Identifier: GPL-2.0

package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		times []time.Duration
		want  time.Duration
	}{
		{nil, 0},
		{[]time.Duration{7}, 7},
		{[]time.Duration{9, 1, 5}, 5},
		{[]time.Duration{9, 1, 5, 3}, 4},
	} {
		if got := median(tt.times); got != tt.want {
			t.Errorf("median(%v) = %v; want %v", tt.times, got, tt.want)
		}
	}
}

func TestReport(t *testing.T) {
	b := &Bench{size: 16 << 20, bytes: 16 << 20, times: map[string][]time.Duration{}}
	for _, what := range order {
		b.times[what] = []time.Duration{2 * time.Second}
	}
	b.times[ckptFile] = []time.Duration{time.Second, 3 * time.Second, 8 * time.Second}
	delete(b.times, writeOnce)
	var out strings.Builder
	if err := b.report(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"16 MiB of dirty memory, image of 16777216 bytes, medians of 3 rounds",
		"figure size=16777216 bytes=16777216 rounds=3 what=\"checkpoint to tmpfs\" median_ns=3000000000\n",
		"ratio size=16777216 what=\"checkpoint to tmpfs\" to=\"write(2) to tmpfs\" value=1.500\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), writeOnce) {
		t.Errorf("a figure without times is shown:\n%s", out.String())
	}
}

// TestOrder sees that nothing that is measured or compared is left out of the table.
func TestOrder(t *testing.T) {
	for _, what := range moves {
		if !slices.Contains(order, what) {
			t.Errorf("%s has a rate and no line", what)
		}
	}
	for _, c := range compared {
		for _, what := range append(c.beside, c.what) {
			if !slices.Contains(order, what) {
				t.Errorf("%s is compared and has no line", what)
			}
		}
	}
}

func TestParseSizes(t *testing.T) {
	got, err := parseSizes("16,1024")
	if err != nil || !slices.Equal(got, []int{16 << 20, 1 << 30}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{",", "16,", "-1", "x", "0"} {
		if got, err := parseSizes(bad); err == nil {
			t.Errorf("parseSizes(%q) = %v; want an error", bad, got)
		}
	}
}

// TestTableReport takes what the process costs without its descriptors away.
func TestTableReport(t *testing.T) {
	b := &Table{kind: "pipes", n: 1000, times: map[string][]time.Duration{
		fdOpen: {20 * time.Millisecond}, fdSave: {15 * time.Millisecond}, fdRestore: {45 * time.Millisecond},
	}, bare: map[string][]time.Duration{fdOpen: {0}, fdSave: {5 * time.Millisecond}, fdRestore: {5 * time.Millisecond}}}
	var out strings.Builder
	if err := b.report(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"1000 pipes, 2000 descriptors, medians of 1 rounds",
		`figure table=pipes descriptors=2000 what="checkpoint to tmpfs" median_ns=15000000 each_ns=5000`,
		`ratio table=pipes descriptors=2000 what="checkpoint to tmpfs" to="open(2)" value=0.500`,
		`ratio table=pipes descriptors=2000 what="restart by the calls" to="open(2)" value=2.000`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	for _, bad := range []string{"files", "files:0", "chairs:4", "files:x"} {
		if _, err := parseTables(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
