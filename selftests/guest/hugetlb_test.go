// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/selftests/guest/kit"
)

const hugePages = "/proc/sys/vm/nr_hugepages"

// Huge pages are mapped when they are touched: what is mapped after the restart is less.
var hugeLook = []string{"maps", "^fdinfo ", "status HugetlbPages"}

func hugePagesFree(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// TestHugetlb wants all pages of the pool back when the programs have ended.
func TestHugetlb(t *testing.T) {
	kit.Sysctl(t, hugePages, "32")
	before := hugePagesFree(t)
	for _, v := range []string{"private", "shared", "memfd"} {
		kit.Run(t, kit.Case{Prog: "hugetlb", Variant: v, MaxImage: 7<<20 + programBytes, Look: hugeLook})
	}
	if after := hugePagesFree(t); after != before {
		t.Errorf("free huge pages: got %s, want %s as before", after, before)
	}
}

// TestHugetlbFile keeps the file system, as for any file with a path.
func TestHugetlbFile(t *testing.T) {
	kit.Sysctl(t, hugePages, "32")
	kit.Run(t, kit.Case{Prog: "hugetlb", Variant: "file", MaxImage: 3<<20 + programBytes, Look: hugeLook, Dir: func(t *testing.T) string {
		dir := t.TempDir()
		huge := filepath.Join(dir, "huge")
		if err := os.Mkdir(huge, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount("none", huge, "hugetlbfs", 0, "pagesize=2M"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Unmount(huge, unix.MNT_DETACH) })
		return dir
	}})
}

// TestHugetlbNone restarts when the pool is empty.
func TestHugetlbNone(t *testing.T) {
	for variant, reason := range map[string]string{"private": "cannot be mapped", "shared": "no free huge page"} {
		kit.Sysctl(t, hugePages, "8")
		p := kit.Start(t, "hugetlb", "keep", variant)
		p.Ready(t)
		img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags)
		p.Kill(t)
		kit.Put(t, hugePages, "0")
		restartFails(t, img, unix.ENOMEM, reason)
	}
}
