// SPDX-License-Identifier: GPL-2.0

package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// TestEnding tells tasks that are about to go from those that are not.
func TestEnding(t *testing.T) {
	rest := " 1 0 0 0 0 0 0 20 0 1 0 5 0 0 18446744073709551615 0 0 0 0 0 0 "
	for line, want := range map[string]bool{
		"7 (a) S 1 7 7 0 -1 4194304" + rest + "0 0 0 0\n":   false,
		"7 (a) Z 1 7 7 0 -1 4194304" + rest + "0 0 0 0\n":   true,
		"7 (a) X 1 7 7 0 -1 4194304" + rest + "0 0 0 0\n":   true,
		"7 (a) R 1 7 7 0 -1 4194308" + rest + "0 0 0 0\n":   true,
		"7 (a) D 1 7 7 0 -1 4194304" + rest + "256 0 0 0\n": true,
		"7 (a) S 1 7 7 0 -1 4194304" + rest + "512 0 0 0\n": false,
		"7 (a) S 1 7 7\n": false,
	} {
		if got, err := parseStat(line); err != nil || got.Ending != want {
			t.Errorf("%q: got %+v, %v, want %v", line, got, err, want)
		}
	}
}

func TestParseStat(t *testing.T) {
	got, err := parseStat("42 (a) b (c) T 7 40 39 34816 42 4194304 1 2\n")
	want := &Task{PID: 42, PPID: 7, PGID: 40, SID: 39, Comm: "a) b (c", State: 'T'}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if !got.Stopped() {
		t.Error("state T is not taken as stopped")
	}
	for _, bad := range []string{"", "1", "1 (a", "1 (a) S", "1 (a) S x 1 1", "x (a) S 1 1 1", ")("} {
		if task, err := parseStat(bad); err == nil {
			t.Errorf("%q was accepted: %+v", bad, task)
		}
	}
}

func TestReadSelf(t *testing.T) {
	task, err := Read(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if task.PID != os.Getpid() || task.PPID != os.Getppid() {
		t.Errorf("%+v", task)
	}
}

func TestHierarchy(t *testing.T) {
	defer func(old string) { Root = old }(Root)
	Root = t.TempDir()
	for _, p := range [][2]int{{1, 0}, {5, 1}, {9, 5}, {7, 5}, {8, 9}, {6, 1}} {
		dir := filepath.Join(Root, fmt.Sprint(p[0]))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%d (x) S %d 1 1 0\n", p[0], p[1])
		if err := os.WriteFile(filepath.Join(dir, "stat"), []byte(line), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Hierarchy(5)
	if want := []int{5, 7, 9, 8}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if _, err := Hierarchy(4); err == nil {
		t.Error("a process that does not exist has a hierarchy")
	}
}
