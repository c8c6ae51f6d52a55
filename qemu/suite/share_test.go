package suite

import (
	"slices"
	"testing"

	"linux-cr/qemu/arch"
)

// TestShare has every test run on exactly one machine.
func TestShare(t *testing.T) {
	names := []string{"TestA", "TestB", "TestC", "TestD", "TestE"}
	if got := share(names, 0, 2); !slices.Equal(got, names) {
		t.Errorf("the only machine runs %v", got)
	}
	var all []string
	for part := 1; part <= 2; part++ {
		mine := share(names, part, 2)
		if len(mine) < 2 {
			t.Errorf("machine %d runs only %v", part, mine)
		}
		all = append(all, mine...)
	}
	slices.Sort(all)
	if !slices.Equal(all, names) {
		t.Errorf("the machines together run %v", all)
	}
	a := &arch.Arch{Name: "x"}
	if one, two := (&Config{Arch: a, part: 1}).dir("r"), (&Config{Arch: a, part: 2}).dir("r"); one == two {
		t.Errorf("both machines use %s", one)
	}
}
