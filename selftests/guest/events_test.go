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

func TestEventfd(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "eventfd", Variant: "state", Look: []string{"^fdinfo "}})
}

// TestEventfdBlocked checkpoints a program asleep in a read or a write, which goes on when its handler has run.
func TestEventfdBlocked(t *testing.T) {
	for _, v := range []string{"read", "write"} {
		kit.Run(t, kit.Case{Prog: "eventfd", Variant: v, Look: []string{"^fdinfo "}, Signals: []syscall.Signal{unix.SIGUSR1}})
	}
}

func TestEpollItems(t *testing.T)  { pipes(t, "epoll", "items", "order", "wide") }
func TestEpollNested(t *testing.T) { pipes(t, "epoll", "nested") }

func epollWaits(t *testing.T, c kit.Case, variants ...string) {
	t.Helper()
	for _, v := range variants {
		c.Prog, c.Variant, c.Dead, c.Ways, c.Look = "epoll_wait", v, dead, notStopped, []string{"^fdinfo "}
		kit.Run(t, c)
	}
}

func TestEpollWait(t *testing.T) { epollWaits(t, kit.Case{}, "wait", "pwait", "pwait2") }

func TestEpollWaitSignal(t *testing.T) {
	epollWaits(t, kit.Case{Signals: []syscall.Signal{unix.SIGUSR1}}, "wait_signal", "pwait_signal", "pwait2_signal",
		"pwait_timeout", "pwait2_timeout")
}

// TestEpollWaitEvent writes to the FIFO that the restarted program waits for.
func TestEpollWaitEvent(t *testing.T) {
	epollWaits(t, kit.Case{After: func(t *testing.T, p *kit.Prog) {
		p.Settle(t)
		f, err := os.OpenFile(filepath.Join(p.Dir, "fifo"), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString("event"); err != nil {
			t.Fatal(err)
		}
	}}, "wait_event", "pwait_event", "pwait2_event")
}

// TestSignalfd sends a signal to a program that waits for one in a read of a signalfd, or in epoll_wait.
func TestSignalfd(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "signalfd", Variant: "state", Look: []string{"^fdinfo "}})
	kit.Run(t, kit.Case{Prog: "signalfd", Variant: "read", Look: []string{"^fdinfo "}, Signals: []syscall.Signal{unix.SIGUSR1}},
		// A stop ends epoll_wait.
		kit.Case{Prog: "signalfd", Variant: "epoll", Ways: notStopped, Look: []string{"^fdinfo "}, Signals: []syscall.Signal{unix.SIGUSR1}})
}

func TestSignalfdFamily(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "signalfd", Variant: "family", Ways: someWays, Look: []string{"^fdinfo "}})
}

func TestPidfd(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "pidfd", Ways: someWays, Look: []string{" fdinfo "}})
}

func TestInotify(t *testing.T) {
	pipes(t, "inotify", "watches", "events", "quiet")
}

// TestInotifyRead changes the mode of a file that a program waits for in a read of an inotify instance.
func TestInotifyRead(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "inotify", Variant: "read", Ways: notStopped, Look: []string{"^fdinfo "}, After: func(t *testing.T, p *kit.Prog) {
		p.Settle(t)
		if err := os.Chmod(filepath.Join(p.Dir, "file"), 0o640); err != nil {
			t.Fatal(err)
		}
	}})
}
