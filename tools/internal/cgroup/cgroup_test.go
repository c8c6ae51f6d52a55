// SPDX-License-Identifier: GPL-2.0

package cgroup

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"linux-cr/tools/internal/proc"
)

// fakeProc makes /proc look as the arguments say.
func fakeProc(t *testing.T, mountinfo, cgroup string) {
	t.Helper()
	old := proc.Root
	t.Cleanup(func() { proc.Root = old })
	proc.Root = t.TempDir()
	write(t, filepath.Join(proc.Root, "self", "mountinfo"), mountinfo)
	write(t, filepath.Join(proc.Root, "42", "cgroup"), cgroup)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

const mounts = "22 1 0:21 / /proc rw shared:5 - proc proc rw\n30 1 0:26 / /sys/fs/a\\040b rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"

func TestOf(t *testing.T) {
	fakeProc(t, mounts, "4:freezer:/x\n0::/user/job\n")
	g, err := Of(42)
	if err != nil || g.Dir != "/sys/fs/a b/user/job" || g.IsRoot() {
		t.Errorf("%+v, %v", g, err)
	}
	fakeProc(t, mounts, "0::/\n")
	if g, err := Of(42); err != nil || !g.IsRoot() {
		t.Errorf("%+v, %v", g, err)
	}
	// A bind mount of a part of the hierarchy, as in a container.
	fakeProc(t, strings.Replace(mounts, "0:26 /", "0:26 /user", 1), "0::/user/job\n")
	if g, err := Of(42); err != nil || g.Dir != "/sys/fs/a b/job" {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestOfRefusals(t *testing.T) {
	for name, c := range map[string][3]string{
		"no mount": {"22 1 0:21 / /proc rw - proc proc rw\n", "0::/x\n", "not mounted"},
		"outside":  {strings.Replace(mounts, "0:26 /", "0:26 /user", 1), "0::/other\n", "not below"},
		"v1 only":  {mounts, "4:freezer:/x\n", "no cgroup v2"},
	} {
		fakeProc(t, c[0], c[1])
		if g, err := Of(42); err == nil || !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%s: %+v, %v", name, g, err)
		}
	}
}

func TestFrozen(t *testing.T) {
	g := &Group{Dir: t.TempDir()}
	events := filepath.Join(g.Dir, "cgroup.events")
	for content, want := range map[string]bool{"populated 1\nfrozen 1\n": true, "populated 1\nfrozen 0\n": false} {
		write(t, events, content)
		if got, err := g.Frozen(); got != want || err != nil {
			t.Errorf("%q: %v, %v", content, got, err)
		}
	}
	write(t, events, "populated 1\n")
	if _, err := g.Frozen(); err == nil {
		t.Error("a kernel without the freezer is not noticed")
	}
	if got, err := (&Group{Dir: t.TempDir(), root: true}).Frozen(); got || err != nil {
		t.Errorf("root: %v, %v", got, err)
	}
}

func TestProcsIncludesChildren(t *testing.T) {
	g := &Group{Dir: t.TempDir()}
	write(t, filepath.Join(g.Dir, "cgroup.procs"), "3\n4\n")
	write(t, filepath.Join(g.Dir, "sub", "cgroup.procs"), "9\n")
	got, err := g.Procs()
	slices.Sort(got)
	if err != nil || !slices.Equal(got, []int{3, 4, 9}) {
		t.Errorf("%v, %v", got, err)
	}
}
