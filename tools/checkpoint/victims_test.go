// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"linux-cr/tools/internal/imagetest"
	"linux-cr/tools/internal/proc"
)

// startTree starts a shell with children and returns its id when they are there.
func startTree(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sh", "-c", "sleep 60 & sh -c 'sleep 60 & wait' & wait")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if pids, err := proc.Hierarchy(cmd.Process.Pid); err == nil && len(pids) == 4 {
			return cmd
		}
		if time.Now().After(deadline) {
			t.Fatal("the shell does not start its children")
		}
	}
}

// TestVictims waits for a hierarchy that is killed, and not for ever.
func TestVictims(t *testing.T) {
	cmd := startTree(t)
	pids, err := proc.Hierarchy(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	v, err := mark(cmd.Process.Pid)
	if err != nil || len(v.list) != 4 {
		t.Fatalf("%+v, %v", v, err)
	}
	defer v.close()
	old := patience
	patience = 50 * time.Millisecond
	defer func() { patience = old }()
	// The parents first, as a kill may do it: the last one is no child any more.
	for _, pid := range pids[:3] {
		p, _ := os.FindProcess(pid)
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.await(); err == nil || !strings.Contains(err.Error(), "(sleep), though killed, has not ended within 50ms (state S)") {
		t.Errorf("%v", err)
	}
	p, _ := os.FindProcess(pids[3])
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	patience = old
	if err := v.await(); err != nil {
		t.Error(err)
	}
	if _, err := mark(1 << 30); err == nil {
		t.Error("a process that does not exist was found")
	}
}

func TestSummary(t *testing.T) {
	data := imagetest.Make(t, imagetest.Task(42), imagetest.Child(imagetest.Task(42), 43))
	name := filepath.Join(t.TempDir(), "img")
	if err := os.WriteFile(name, slices.Concat([]byte("before"), data), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := countTasks(f, 6); got != 2 {
		t.Errorf("%d tasks", got)
	}
	if got := countTasks(f, 0); got != 0 {
		t.Errorf("%d tasks in what is no image", got)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if got := countTasks(w, 0); got != 0 {
		t.Errorf("%d tasks in a pipe", got)
	}
	for want, c := range map[string]struct {
		size  int64
		tasks int
	}{
		"checkpoint: 2s\n":                                     {},
		"checkpoint: 4194304 bytes in 2s, 2 MiB/s\n":           {4 << 20, 0},
		"checkpoint: 1 task, 4194304 bytes in 2s, 2 MiB/s\n":   {4 << 20, 1},
		"checkpoint: 12 tasks, 4194304 bytes in 2s, 2 MiB/s\n": {4 << 20, 12},
	} {
		var out bytes.Buffer
		report(&out, 2*time.Second, c.size, c.tasks)
		if out.String() != want {
			t.Errorf("%q, want %q", out.String(), want)
		}
	}
}
