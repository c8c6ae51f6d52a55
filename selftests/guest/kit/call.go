// SPDX-License-Identifier: GPL-2.0

package kit

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// Nobody is an unprivileged user.
const Nobody = 65534

// RawCall makes one system call, "checkpoint" or "restart", in a single-threaded process of user uid with the files as
// image and log, either of which may be nil. When a restart succeeds, RawCall returns after the program has ended.
func RawCall(t testing.TB, uid int, call string, pid int, flags uint64, image, log *os.File) (int, unix.Errno) {
	t.Helper()
	cmd := exec.Command(Path("rawcall"), fmt.Sprint(uid), call, fmt.Sprint(pid), fmt.Sprint(flags))
	cmd.ExtraFiles = []*os.File{image, log}
	out, err := cmd.Output()
	var ret, errno int
	if n, _ := fmt.Sscanf(string(out), "%d %d", &ret, &errno); n != 2 {
		t.Fatalf("%s: %q, %v", cmd, out, err)
	}
	return ret, unix.Errno(errno)
}

// Sysctl sets a kernel parameter until the end of the test.
func Sysctl(t testing.TB, path, value string) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	Put(t, path, value)
	t.Cleanup(func() { Put(t, path, string(old)) })
}

// File opens a file and closes it at the end of the test.
func File(t testing.TB, path string, flags int) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, flags, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
