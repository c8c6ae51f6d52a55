// SPDX-License-Identifier: GPL-2.0

package kit

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A TreeLab tries damaged images of a hierarchy. Its processes are made as the good image says.
type TreeLab struct {
	*Lab

	// Members are the numbers of the processes.
	Members []int

	// Entries are those of the good image's task array.
	Entries []string
}

// NewTreeLab checkpoints and kills a program of several processes.
func NewTreeLab(t testing.TB, name, variant string) *TreeLab {
	t.Helper()
	p := StartFamily(t, name, "keep", variant)
	p.Ready(t)
	p.SettleFamily(t)
	members := Members(p.Pid)
	img := MustCheckpoint(t, p.Pid, Freeze.Flags)
	p.KillFamily(t, func() {})
	// A copy that comes back in spite of everything finds that it may go.
	p.Go(t, 0, 0)
	Sysctl(t, "/proc/sys/kernel/core_pattern", "\n")
	l := &TreeLab{Lab: &Lab{t: t, dir: t.TempDir(), Prog: p, Image: img.Bytes(t)}, Members: members}
	for _, e := range img.Array(t) {
		l.Entries = append(l.Entries, Entry(e))
	}
	return l
}

// TryTree restarts from an image, and ends what comes back. Nothing may be left when that fails.
func (l *TreeLab) TryTree(b []byte) Verdict {
	l.t.Helper()
	return l.TryEntries(b, l.Entries)
}

// TryEntries is TryTree with other processes than those of the good image.
func (l *TreeLab) TryEntries(b []byte, entries []string) Verdict {
	l.t.Helper()
	out, state, log := l.try(b, append([]string{TreeStart(), "LOG"}, entries...)...)
	defer l.Prog.FamilyGone(l.t, l.Members)
	var ret, errno, pid int
	if n, _ := fmt.Sscanf(out, "restart %d %d %d", &ret, &errno, &pid); n != 3 {
		l.kill()
		l.t.Errorf("treestart hangs or fails: %q, %v; log:\n%s", out, state, log)
		return Verdict{Log: log}
	}
	if ret == 0 {
		l.kill()
		return Verdict{Log: log}
	}
	if !strings.Contains(out, "\nsignal 9\n") {
		l.t.Errorf("the root of a failed restart: %q, want signal 9", out)
	}
	return Verdict{unix.Errno(errno), log}
}

func (l *TreeLab) kill() {
	for _, pid := range l.Members {
		unix.Kill(pid, unix.SIGKILL)
	}
}
