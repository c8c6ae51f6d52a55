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

// newPipe is what differs in /proc: the number of a pipe's inode.
var newPipe = []string{"^fd ", "^fdinfo "}

func pipes(t *testing.T, prog string, variants ...string) {
	t.Helper()
	for _, v := range variants {
		kit.Run(t, kit.Case{Prog: prog, Variant: v, Look: newPipe})
	}
}

func TestPipeData(t *testing.T)   { pipes(t, "pipe", "data", "size", "splice") }
func TestPipePacket(t *testing.T) { pipes(t, "pipe", "packet") }
func TestPipeEnds(t *testing.T)   { pipes(t, "pipe", "ends", "eof", "epipe") }

// TestPipeBlocked checkpoints a program asleep in a read or a write, which goes on when its handler has run.
func TestPipeBlocked(t *testing.T) {
	for _, v := range []string{"read", "write"} {
		kit.Run(t, kit.Case{Prog: "pipe", Variant: v, Look: newPipe, Signals: []syscall.Signal{unix.SIGUSR1}})
	}
}

func TestFifo(t *testing.T)     { pipes(t, "fifo", "rdwr", "both", "packet") }
func TestFifoEnds(t *testing.T) { pipes(t, "fifo", "early", "late", "deaf") }

// TestFifoKept has the FIFO open all the time: what is in it stays there, and is not put in a second time.
func TestFifoKept(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "fifo", Variant: "kept", Look: newPipe, Before: func(t *testing.T, p *kit.Prog) {
		f, err := os.OpenFile(filepath.Join(p.Dir, "fifo"), os.O_RDWR|unix.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
	}})
}

// TestWires checkpoints processes that talk to each other.
func TestWires(t *testing.T) {
	for _, v := range []string{"pipeline", "events", "hung"} {
		kit.RunFamilies(t, kit.Family{Prog: "wires", Variant: v, Look: []string{`\bfd `, `\bfdinfo `}})
	}
}
