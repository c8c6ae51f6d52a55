// SPDX-License-Identifier: GPL-2.0

package main

import (
	"maps"
	"testing"
)

func TestOffsets(t *testing.T) {
	got, err := parseOffsets("monotonic           -2 999999999\nboottime       1000000         1\n")
	want := map[string]int64{"monotonic": -1000000001, "boottime": 1000000000000001}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if got, err := parseOffsets("monotonic 1\n"); err == nil {
		t.Errorf("half a line: got %v", got)
	}
	for offset, want := range map[int64]string{
		0:              "monotonic 0 0\n",
		-1:             "monotonic -1 999999999\n",
		-1000000000:    "monotonic -1 0\n",
		-1000000001:    "monotonic -2 999999999\n",
		90000000000007: "monotonic 90000 7\n",
	} {
		if got := offsetLine("monotonic", offset); got != want {
			t.Errorf("%d: got %q, want %q", offset, got, want)
		}
	}
}
