// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/selftests/guest/kit"
)

// ptsPlace is a meeting place with a devpts of its own: numbers of terminals are state, and other tests take some.
func ptsPlace(t *testing.T) string {
	t.Helper()
	dir := kit.MeetingPlace(t)
	pts := filepath.Join(dir, "pts")
	if err := os.Mkdir(pts, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("devpts", pts, "devpts", 0, "ptmxmode=0666,mode=0620"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(pts, unix.MNT_DETACH) })
	return dir
}

func ptys(t *testing.T, signals []syscall.Signal, variants ...string) {
	t.Helper()
	for _, v := range variants {
		kit.Run(t, kit.Case{Prog: "pty", Variant: v, Dir: ptsPlace, Signals: signals})
	}
}

func TestPtyModes(t *testing.T)   { ptys(t, nil, "modes", "packet", "locked", "peer", "many") }
func TestPtyData(t *testing.T)    { ptys(t, nil, "canon", "raw", "stopped", "xoff", "tabs") }
func TestPtyClosed(t *testing.T)  { ptys(t, nil, "closed", "unopened") }
func TestPtyHungUp(t *testing.T)  { ptys(t, nil, "dead", "vhangup", "reopened") }
func TestPtyBlocked(t *testing.T) { ptys(t, []syscall.Signal{unix.SIGUSR1}, "read", "write") }

// TestPtyJobs has a session with job control below who holds the master: groups in front and behind keep their places,
// and neither the death of the original nor the restart sends a signal.
func TestPtyJobs(t *testing.T) {
	for _, v := range []string{"session", "blocked", "gone", "ahead"} {
		kit.RunFamilies(t, kit.Family{Prog: "pty_job", Variant: v, Start: func(t *testing.T, mode string) *kit.Prog {
			return kit.StartFamilyIn(t, ptsPlace(t), "pty_job", mode, v)
		}})
	}
}
