// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/selftests/guest/kit"
)

// treeImage has the tool save a hierarchy and kill it. It returns the ids of its processes.
func treeImage(t *testing.T, variant string) (*kit.Prog, *kit.Image, []int) {
	t.Helper()
	p := kit.StartFamily(t, "tree", "keep", variant)
	p.Ready(t)
	p.SettleFamily(t)
	members := kit.Members(p.Pid)
	img := &kit.Image{Path: filepath.Join(t.TempDir(), "image")}
	out, err := exec.Command("/bin/checkpoint", "--kill", "--verbose", "-o", img.Path, fmt.Sprint(p.Pid)).CombinedOutput()
	if err != nil {
		t.Fatalf("checkpoint: %v: %s", err, out)
	}
	if want := fmt.Sprintf("checkpoint: %d tasks, ", len(members)); !strings.HasPrefix(string(out), want) {
		t.Errorf("checkpoint --verbose: got %q, want %q", out, want)
	}
	// All have ended by now; who is nobody's child any more is reaped by init.
	for _, pid := range members {
		if state := kit.Stat(pid); len(state) > 2 && state[2] != "Z" && state[2] != "X" {
			t.Errorf("process %d is still there: %v", pid, state)
		}
	}
	p.Kill(t)
	p.FamilyGone(t, members)
	return p, img, members
}

// TestToolTree saves, kills and restarts a hierarchy with the tools alone, in every way they offer.
func TestToolTree(t *testing.T) {
	p, img, members := treeImage(t, "levels")

	t.Run("taken", func(t *testing.T) {
		// Of a first restart the last process is left.
		r := kit.StartRestart(t, img, []string{"/bin/restart", "--no-wait"})
		if status := r.Wait(t); status != 0 {
			t.Fatalf("status %d: %s", status, r.Output())
		}
		last := members[len(members)-1]
		for _, pid := range members[:len(members)-1] {
			if err := unix.Kill(pid, unix.SIGKILL); err != nil {
				t.Error(err)
			}
		}
		p.FamilyGone(t, members[:len(members)-1])
		r = kit.StartRestart(t, img, []string{"/bin/restart"})
		if status, want := r.Wait(t), fmt.Sprintf("pid %d is taken by", last); status != 1 || !strings.Contains(r.Output(), want) {
			t.Errorf("status %d, %q; want %q", status, r.Output(), want)
		}
		for _, pid := range members[:len(members)-1] {
			if unix.Kill(pid, 0) != unix.ESRCH {
				t.Errorf("process %d is left", pid)
			}
		}
		if err := unix.Kill(last, unix.SIGKILL); err != nil {
			t.Error(err)
		}
		p.FamilyGone(t, members)
	})
	t.Run("dying", func(t *testing.T) {
		// Those who have the numbers have been killed, but are not gone yet.
		for range 5 {
			r := kit.StartRestart(t, img, []string{"/bin/restart", "--no-wait"})
			if status := r.Wait(t); status != 0 {
				t.Fatalf("status %d: %s", status, r.Output())
			}
			for _, pid := range members {
				if err := unix.Kill(pid, unix.SIGKILL); err != nil && err != unix.ESRCH {
					t.Error(err)
				}
			}
		}
		p.FamilyGone(t, members)
	})
	t.Run("killed", func(t *testing.T) {
		data := img.Bytes(t)
		// The image stops coming at some point, and the coordinator is killed.
		for n := len(data) - 8; n > 2000; n -= len(data) / 7 {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			go io.Copy(w, strings.NewReader(string(data[:n])))
			cmd := exec.Command("/bin/restart")
			cmd.Stdin = r
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			r.Close()
			p.Within(10*time.Second, func() bool { return unix.Kill(members[len(members)-1], 0) == nil })
			time.Sleep(50 * time.Millisecond)
			cmd.Process.Kill()
			cmd.Wait()
			w.Close()
			p.FamilyGone(t, members)
		}
	})
	t.Run("truncated", func(t *testing.T) {
		short := &kit.Image{Path: filepath.Join(t.TempDir(), "short")}
		data := img.Bytes(t)
		if err := os.WriteFile(short.Path, data[:len(data)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		r := kit.StartRestart(t, short, []string{"/bin/restart", "--frozen"})
		if status := r.Wait(t); status != 1 {
			t.Errorf("status %d, %q", status, r.Output())
		}
		t.Log(r.Output())
		for _, pid := range members {
			if unix.Kill(pid, 0) != unix.ESRCH {
				t.Errorf("process %d is left", pid)
			}
		}
	})
	t.Run("frozen", func(t *testing.T) {
		r := kit.StartRestart(t, img, []string{"/bin/restart", "--frozen", "--no-wait"})
		if status := r.Wait(t); status != 0 {
			t.Fatalf("status %d: %s", status, r.Output())
		}
		t.Log(r.Output())
		dir := kit.V2Group(t, p.Pid)
		for _, pid := range kit.Members(p.Pid) {
			if got := kit.V2Group(t, pid); got != dir {
				t.Errorf("process %d is in %s, the root in %s", pid, got, dir)
			}
		}
		if got, _ := os.ReadFile(filepath.Join(dir, "cgroup.events")); !strings.Contains(string(got), "frozen 1") {
			t.Errorf("%s/cgroup.events: got %q, want frozen 1", dir, got)
		}
		p.KillFamily(t, func() { kit.Put(t, filepath.Join(dir, "cgroup.freeze"), "0") })
		unix.Rmdir(dir)
	})
	t.Run("pidns", func(t *testing.T) {
		r := kit.StartRestart(t, img, []string{"/bin/restart", "--pidns", "--copy-status", "--verbose"})
		t.Cleanup(r.Kill)
		t.Log(r.Line(t))
		finish(t, p)
		if status := r.Wait(t); status != 0 {
			t.Errorf("status %d: %s", status, r.Output())
		}
	})
}

// TestToolUnprivileged has a user save a hierarchy of his own, and bring it back in a pid namespace, which he makes in a
// user namespace. Without one he may neither choose numbers nor restart.
func TestToolUnprivileged(t *testing.T) {
	p := kit.StartAs(t, kit.Nobody, "tree", "levels")
	p.Ready(t)
	p.SettleFamily(t)
	members := kit.Members(p.Pid)
	img := &kit.Image{Path: filepath.Join(kit.MeetingPlace(t), "image")}
	cmd := exec.Command("/bin/checkpoint", "--kill", "-o", img.Path, fmt.Sprint(p.Pid))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: kit.Nobody, Gid: kit.Nobody}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("checkpoint: %v: %s", err, out)
	}
	p.Kill(t)
	p.FamilyGone(t, members)

	r := kit.StartRestartAs(t, kit.Nobody, img, []string{"/bin/restart"})
	if status := r.Wait(t); status != 1 {
		t.Errorf("restart without a namespace: status %d: %s", status, r.Output())
	}
	t.Log(r.Output())
	p.FamilyGone(t, members)

	r = kit.StartRestartAs(t, kit.Nobody, img, []string{"/bin/restart", "--pidns", "--copy-status", "--verbose"})
	t.Cleanup(r.Kill)
	t.Log(r.Line(t))
	finish(t, p)
	if status := r.Wait(t); status != 0 {
		t.Errorf("status %d: %s", status, r.Output())
	}
}
