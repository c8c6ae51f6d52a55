// SPDX-License-Identifier: GPL-2.0

// Package treetest lets the tests of the tools make hierarchies on a kernel
// without clone_with_pids(2), and look at them.
package treetest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"linux-cr/tools/internal/proc"
	"linux-cr/tools/internal/tree"
)

// cloneArgs is struct clone_args.
type cloneArgs struct {
	flags, pidfd, childTid, parentTid, exitSignal, stack, stackSize, tls, setTid, setTidSize, cgroup uint64
}

// stackSize is enough of a stack for clone3, which wants to know where it ends.
const stackSize = 1024

// Clone3 is a tree.Maker by clone3(2).
func Clone3(p *tree.Plan, flags, stack uintptr, pids []int32) (child func()) {
	const exitSignal = 0xff
	inside := slices.Clone(pids)
	slices.Reverse(inside) // clone3 wants the innermost pid first.
	args := &cloneArgs{flags: uint64(flags) &^ exitSignal, exitSignal: uint64(flags) & exitSignal}
	if len(inside) > 0 {
		args.setTid, args.setTidSize = uint64(p.Keep(inside, unsafe.Pointer(&inside[0]))), uint64(len(inside))
	}
	if stack != 0 {
		args.stack, args.stackSize = uint64(stack)-stackSize, stackSize
	}
	return p.Fork("clone3", unix.SYS_CLONE3, p.Keep(args, unsafe.Pointer(args)), unsafe.Sizeof(*args))
}

// NeedPids skips a test that may not choose pids.
func NeedPids(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("choosing pids takes privilege")
	}
}

// taken is the lock that a test binary keeps once it has looked for free ids.
var taken *os.File

// alone waits until no other test binary on this machine, of whomever, makes
// tasks with ids that it has chosen: both would find the same ones free.
func alone(t *testing.T) {
	t.Helper()
	if taken != nil {
		return
	}
	name := filepath.Join(os.TempDir(), "linux-cr-pids.lock")
	f, err := os.OpenFile(name, os.O_RDONLY|os.O_CREATE|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			t.Fatalf("lock of %s: %v", name, err)
		}
	}
	taken = f
}

// FreePids finds n ids in a row that nobody has, and that no other test will take.
func FreePids(t *testing.T, n int32) int32 {
	t.Helper()
	alone(t)
	limit := number(t, "/proc/sys/kernel/pid_max", 0)
	last := number(t, "/proc/loadavg", 4)
	// The kernel hands out numbers upward: those below the last one come last.
	for _, from := range []int32{last, limit} {
		for first := from - n; first > 300; first -= n {
			free := true
			for pid := first; pid < first+n && free; pid++ {
				free = !Exists(pid)
			}
			if free {
				return first
			}
		}
	}
	t.Fatalf("there are no %d free pids in a row", n)
	return 0
}

// number reads a field of a file.
func number(t *testing.T, path string, field int) int32 {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.Fields(string(data))[field], 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return int32(n)
}

// Exists reports whether there is a task, a process group or a session with this id.
func Exists(pid int32) bool {
	if _, err := proc.Read(int(pid)); err == nil {
		return true
	}
	return unix.Kill(int(-pid), 0) != unix.ESRCH
}

// Until waits for a condition.
func Until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 seconds", what)
		}
	}
}

// Threads lists the threads of a process by id, the leader included.
func Threads(pid int32) []int32 {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	var tids []int32
	for _, e := range entries {
		if tid, err := strconv.Atoi(e.Name()); err == nil {
			tids = append(tids, int32(tid))
		}
	}
	slices.Sort(tids)
	return tids
}

// Status is a line of /proc/PID/status.
func Status(pid int32, name string) string {
	data, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(int(pid)), "status"))
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return ""
}
