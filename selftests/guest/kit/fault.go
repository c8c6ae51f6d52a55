// SPDX-License-Identifier: GPL-2.0

package kit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// Faults prepares the kernel to fail the allocations and the copies of who asks for it, see selftests/progs/fault.h. On
// a kernel that cannot do that it skips the test.
func Faults(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/proc/self/fail-nth"); errors.Is(err, fs.ErrNotExist) {
		t.Skip(err)
	}
	const dir = "/sys/kernel/debug"
	for _, kind := range []string{"failslab", "fail_page_alloc", "fail_usercopy"} {
		Sysctl(t, filepath.Join(dir, kind, "verbose"), "0")
	}
	// By default only those allocations fail that may not wait.
	Sysctl(t, filepath.Join(dir, "failslab", "ignore-gfp-wait"), "0")
	Sysctl(t, filepath.Join(dir, "fail_page_alloc", "ignore-gfp-wait"), "0")
	Sysctl(t, filepath.Join(dir, "fail_page_alloc", "min-order"), "0")
}

// FailNth is the variable that makes the n-th allocation or copy fail.
func FailNth(n int) string { return fmt.Sprint("FAIL_NTH=", n) }

// FaultyCheckpoint checkpoints a process while the n-th allocation or copy fails. happened is false when there were not
// as many.
func FaultyCheckpoint(t testing.TB, pid int, flags uint64, image, log *os.File, n int) (errno unix.Errno, happened bool) {
	t.Helper()
	cmd := exec.Command(Path("rawcall"), "0", "checkpoint", fmt.Sprint(pid), fmt.Sprint(flags))
	cmd.ExtraFiles = []*os.File{image, log}
	cmd.Env = append(os.Environ(), FailNth(n))
	out, err := cmd.Output()
	var ret, number, left int
	if n, _ := fmt.Sscanf(string(out), "%d %d %d", &ret, &number, &left); n != 3 {
		t.Fatalf("%s: %q, %v", cmd, out, err)
	}
	return unix.Errno(number), left == 0
}
