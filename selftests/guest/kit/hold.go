// SPDX-License-Identifier: GPL-2.0

package kit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
)

// A Way is how a process is held still for a checkpoint.
type Way struct {
	Name string

	// Flags are added to those of checkpoint(2).
	Flags uint64

	// Hold stops the process; the function it returns lets it go, or whatever is left to let go after its death.
	Hold func(t testing.TB, pid int) (release func())

	// Stopped says that the process comes back stopped, as it was.
	Stopped bool
}

// The ways to hold a process.
var (
	Freeze = Way{Name: "freeze", Flags: calls.CHECKPOINT_FREEZE, Hold: func(testing.TB, int) func() { return func() {} }}
	V2     = Way{Name: "v2", Hold: holdV2}
	V1     = Way{Name: "v1", Hold: holdV1}
	Stop   = Way{Name: "stop", Hold: holdStop, Stopped: true}

	Ways = []Way{Freeze, V2, V1, Stop}
)

// The mount points of both versions of control groups.
const (
	V2Root = "/sys/fs/cgroup"
	V1Root = "/cgroup"
)

var groups atomic.Int64

// Group makes a control group below root and removes it at the end of the test.
func Group(t testing.TB, root string) string {
	t.Helper()
	dir := filepath.Join(root, fmt.Sprintf("selftest-%d-%d", os.Getpid(), groups.Add(1)))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// A test that failed early leaves its program here, held.
		for _, pid := range strings.Fields(read(filepath.Join(dir, "cgroup.procs"))) {
			if n, err := strconv.Atoi(pid); err == nil {
				unix.Kill(n, unix.SIGKILL)
			}
		}
		for file, text := range map[string]string{"cgroup.freeze": "0", "freezer.state": "THAWED"} {
			if _, err := os.Stat(filepath.Join(dir, file)); err == nil {
				Put(t, filepath.Join(dir, file), text)
			}
		}
		var err error
		if !poll(patience, func() bool { err = unix.Rmdir(dir); return err == nil || errors.Is(err, unix.ENOENT) }) {
			t.Errorf("rmdir %s: %v; processes %q", dir, err, read(filepath.Join(dir, "cgroup.procs")))
		}
	})
	return dir
}

// Put writes to a file of a control group, or of /proc.
func Put(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0); err != nil {
		t.Fatal(err)
	}
}

func holdV2(t testing.TB, pid int) func() {
	t.Helper()
	dir := Group(t, V2Root)
	Put(t, filepath.Join(dir, "cgroup.procs"), fmt.Sprint(pid))
	Put(t, filepath.Join(dir, "cgroup.freeze"), "1")
	until(t, "frozen 1 in cgroup.events", func() bool {
		return strings.Contains(read(filepath.Join(dir, "cgroup.events")), "frozen 1")
	})
	return func() { Put(t, filepath.Join(dir, "cgroup.freeze"), "0") }
}

func holdV1(t testing.TB, pid int) func() {
	t.Helper()
	dir := Group(t, V1Root)
	Put(t, filepath.Join(dir, "cgroup.procs"), fmt.Sprint(pid))
	Put(t, filepath.Join(dir, "freezer.state"), "FROZEN")
	until(t, "FROZEN in freezer.state", func() bool {
		return strings.TrimSpace(read(filepath.Join(dir, "freezer.state"))) == "FROZEN"
	})
	return func() { Put(t, filepath.Join(dir, "freezer.state"), "THAWED") }
}

func holdStop(t testing.TB, pid int) func() {
	t.Helper()
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	until(t, "state T", func() bool { s := Stat(pid); return len(s) > 2 && s[2] == "T" })
	return func() {
		if err := unix.Kill(pid, unix.SIGCONT); err != nil && !errors.Is(err, unix.ESRCH) {
			t.Error(err)
		}
	}
}
