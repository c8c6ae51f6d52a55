// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/selftests/guest/kit"
)

// newInode is what differs in /proc: the number and the name of an inode that has been made again.
var newInode = []string{"^fd ", "^fdinfo .*", "^maps$", "^exe$", "^cwd$"}

func TestUnlinked(t *testing.T) {
	fileCases(t, "file_unlinked", newInode, "plain", "shared", "log", "replaced", "renamed", "tmpfile", "tmpfile_excl")
}

func TestUnlinkedExe(t *testing.T) { fileCases(t, "file_unlinked", newInode, "exe") }
func TestUnlinkedDir(t *testing.T) { fileCases(t, "file_unlinked", newInode, "dir", "cwd") }
func TestPathFiles(t *testing.T)   { fileCases(t, "file_unlinked", newInode, "paths") }

// overlay mounts an overlay of two directories of a tmpfs.
func overlay(t *testing.T) string {
	t.Helper()
	base, err := os.MkdirTemp("/root", "overlay")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	if err := unix.Mount("overlay-test", base, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(base, unix.MNT_DETACH) })
	for _, dir := range []string{"lower", "upper", "work", "merged"} {
		if err := os.Mkdir(filepath.Join(base, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	merged := filepath.Join(base, "merged")
	options := "lowerdir=" + base + "/lower,upperdir=" + base + "/upper,workdir=" + base + "/work"
	if err := unix.Mount("overlay", merged, "overlay", 0, options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(merged, unix.MNT_DETACH) })
	return merged
}

// TestUnlinkedFileSystems has the files on other file systems than the tmpfs of /tmp.
func TestUnlinkedFileSystems(t *testing.T) {
	for _, base := range []string{"/root", "/ext4", overlay(t)} {
		t.Run(filepath.Base(base), func(t *testing.T) {
			dir := func(t *testing.T) string {
				d, err := os.MkdirTemp(base, "meet")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { os.RemoveAll(d) })
				return d
			}
			for _, c := range []struct{ prog, variant string }{
				{"file_unlinked", "shared"}, {"file_unlinked", "log"}, {"file_unlinked", "exe"}, {"file_unlinked", "cwd"},
				{"file_unlinked", "tmpfile"}, {"file_lock", "posix"}, {"file_lock", "flock"}, {"file_lock", "lease_write"},
			} {
				kit.Run(t, kit.Case{Prog: c.prog, Variant: c.variant, Dir: dir, Look: newInode, Ways: []kit.Way{kit.Freeze}})
			}
		})
	}
}

// TestPseudoFiles has files of /proc and /sys and a namespace open.
func TestPseudoFiles(t *testing.T) {
	// The numbers of inodes below /proc/PID are those of the moment.
	fileCases(t, "file_pseudo", []string{`^fdinfo (3|5|9)$`}, "")
}

// TestChangedCode has another version of an executable in its place: the restart refuses to run it, unless it is told to.
func TestChangedCode(t *testing.T) {
	p := kit.Start(t, "file_unlinked", "keep", "code")
	p.Ready(t)
	img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags)
	p.Kill(t)
	exe := filepath.Join(p.Dir, "daemon")
	then := time.Unix(1500000000, 0)
	if err := os.Chtimes(exe, then, then); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	r := kit.StartRestart(t, img, kit.Tool.Args(p, log))
	if status := r.Wait(t); status != 1 {
		t.Errorf("exit status with another executable: got %d, want 1; output:\n%s", status, r.Output())
	}
	if out := r.Output(); !strings.Contains(out, exe+" has changed since the checkpoint") {
		t.Errorf("the file is not named:\n%s", out)
	}
	args := append(kit.Tool.Args(p, log), "--changed=warn")
	r = kit.StartRestart(t, img, args)
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("with --changed=warn: %s", v)
	}
	r.Wait(t)
}

// TestLockTaken has somebody else take a lock while the program is dead: the restart fails and names the file.
func TestLockTaken(t *testing.T) {
	for _, c := range []struct{ variant, words string }{
		{"posix", "POSIX lock of bytes 10 to 29 on "}, {"ofd", "open file description lock of bytes "}, {"flock", "flock lock of bytes "},
	} {
		t.Run(c.variant, func(t *testing.T) {
			p := kit.Start(t, "file_lock", "keep", c.variant)
			p.Ready(t)
			img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags)
			p.Kill(t)
			f, err := os.OpenFile(filepath.Join(p.Dir, "data"), os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if c.variant == "flock" {
				err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
			} else {
				err = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
			}
			if err != nil {
				t.Fatal(err)
			}
			r := kit.StartRestart(t, img, kit.Calls.Args(p, filepath.Join(t.TempDir(), "log")))
			if got := r.Line(t); !strings.HasPrefix(got, "restart -1 11 ") {
				t.Errorf("restart: got %q, want -1 and EAGAIN", got)
			}
			r.Wait(t)
			// Nothing of the failed attempt is left to conflict with us or with the next one.
			f.Close()
			log := filepath.Join(t.TempDir(), "log")
			g, err := os.OpenFile(filepath.Join(p.Dir, "data"), os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := unix.FcntlFlock(g.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}); err != nil {
				t.Errorf("lock after a failed restart: %v", err)
			}
			if err := unix.Flock(int(g.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
				t.Errorf("flock after a failed restart: %v", err)
			}
			r = kit.StartRestart(t, img, kit.Tool.Args(p, log))
			r.Wait(t)
			if out := r.Output(); !strings.Contains(out, c.words) || !strings.Contains(out, filepath.Join(p.Dir, "data")) {
				t.Errorf("lock and file are not named:\n%s", out)
			}
			g.Close()
			r = kit.StartRestart(t, img, kit.Tool.Args(p, log))
			p.Go(t, 0, 0)
			if v := p.Verdict(t); v != "OK" {
				t.Errorf("when the lock is free again: %s", v)
			}
			r.Wait(t)
		})
	}
}
