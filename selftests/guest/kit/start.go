// SPDX-License-Identifier: GPL-2.0

package kit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// StartContainer starts a program as the init of a pid namespace.
func StartContainer(t testing.TB, name string, variant ...string) *Prog {
	t.Helper()
	return launch(t, MeetingPlace(t), name, "keep", strings.Join(variant, " "), &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID})
}

// StartAs starts a program as a user.
func StartAs(t testing.TB, uid int, name string, variant ...string) *Prog {
	t.Helper()
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	return launch(t, MeetingPlace(t), name, "keep", strings.Join(variant, " "), attr)
}

// SelfRestartAs lets a user become the program of an image, and waits until it has ended. It returns the errno of the
// restart, 0 when it succeeded.
func SelfRestartAs(t testing.TB, uid int, path string) unix.Errno {
	t.Helper()
	in := File(t, path, os.O_RDONLY)
	cmd := exec.Command(Path("selfrestart"))
	cmd.Stdin = in
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	out, _ := cmd.Output()
	if len(out) == 0 {
		return 0
	}
	var errno int
	if n, _ := fmt.Sscanf(string(out), "%d\n", &errno); n != 1 {
		t.Fatalf("selfrestart: %q", out)
	}
	return unix.Errno(errno)
}

// WaitDead waits until the original process has ended by itself.
func (p *Prog) WaitDead(t testing.TB) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("%s: process %d is not dead: %v", p.Name, p.Pid, Stat(p.Pid))
	}
}

// Within reports whether the condition came true in time.
func (p *Prog) Within(limit time.Duration, cond func() bool) bool { return poll(limit, cond) }

// V2Group is the directory of the version 2 control group of a process.
func V2Group(t testing.TB, pid int) string {
	t.Helper()
	for _, line := range strings.Split(read(fmt.Sprintf("/proc/%d/cgroup", pid)), "\n") {
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			return filepath.Join(V2Root, path)
		}
	}
	t.Fatalf("process %d has no control group: %s", pid, read(fmt.Sprintf("/proc/%d/cgroup", pid)))
	return ""
}

// WaitGone waits until no process has the program's number.
func (p *Prog) WaitGone(t testing.TB) {
	t.Helper()
	until(t, fmt.Sprintf("%s: number %d is free", p.Name, p.Pid), func() bool { return unix.Kill(p.Pid, 0) == unix.ESRCH })
}
