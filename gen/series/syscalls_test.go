// SPDX-License-Identifier: GPL-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"linux-cr/abi/schema"
)

// TestSyscallTables compares the entries that the hooks add to the tables of
// system calls with the one declaration of the calls.
func TestSyscallTables(t *testing.T) {
	hooks, err := filepath.Glob(filepath.Join("..", "..", "kernel", "hooks", "*", "x86.patch"))
	if err != nil || len(hooks) == 0 {
		t.Fatalf("no hooks of x86: %v", err)
	}
	// number, ABI, name, entry point
	entry := regexp.MustCompile(`(?m)^\+(\d+)\s+(\S+)\s+(\S+)\s+(\S+)$`)
	for _, path := range hooks {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		entries := entry.FindAllStringSubmatch(string(data), -1)
		if len(entries) != len(schema.Syscalls) {
			t.Errorf("%s: %d entries for %d calls", path, len(entries), len(schema.Syscalls))
			continue
		}
		for i, c := range schema.Syscalls {
			got := [4]string(entries[i][1:])
			want := [4]string{strconv.Itoa(int(c.Num)), "common", c.Name, "sys_" + c.Name}
			if got != want {
				t.Errorf("%s: entry %q, want %q", path, got, want)
			}
		}
	}
}
