// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// hostRoot is where the guest sees the root directory of the host, read-only.
const hostRoot = "/host"

// useHost makes the host's root directory one in which programs of the host run: what is the guest's own is mounted
// there. It skips the test when the machine was not given the host's file system.
func useHost(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(hostRoot); err != nil {
		t.Skipf("no host file system (SELFTEST_HOSTFS=0): %v", err)
	}
	// Files of /sys, which are shorter than their size says, make a read over 9P of Linux 6.12 recurse without end.
	for _, dir := range []string{"/tmp", "/dev", "/proc", "/sys"} {
		if err := unix.Mount(dir, hostRoot+dir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			t.Fatalf("mount %s: %v", dir, err)
		}
		t.Cleanup(func() {
			if err := unix.Unmount(hostRoot+dir, unix.MNT_DETACH); err != nil {
				t.Errorf("unmount %s: %v", dir, err)
			}
		})
	}
}

// wantHostFile fails when a program is not installed on the host. The target of a link is below another root directory.
func wantHostFile(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Lstat(filepath.Join(hostRoot, path)); err != nil {
		t.Fatalf("%v: install it on the host with `make deps`", err)
	}
}
