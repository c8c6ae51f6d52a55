// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"linux-cr/selftests/guest/kit"
)

// dead is how long a program that measures time stays dead: long enough to be missed.
const dead = 1200 * time.Millisecond

// waits runs variants that wait in a system call for a time.
func waits(t *testing.T, prog string, variants ...string) {
	t.Helper()
	for _, v := range variants {
		kit.Run(t, kit.Case{Prog: prog, Variant: v, Dead: dead})
	}
}

// interrupted runs variants that wait for a signal.
func interrupted(t *testing.T, prog string, variants ...string) {
	t.Helper()
	for _, v := range variants {
		kit.Run(t, kit.Case{Prog: prog, Variant: v, Dead: dead, Signals: []syscall.Signal{unix.SIGUSR1}})
	}
}

func TestWaitNanosleep(t *testing.T)     { waits(t, "sleep", "nanosleep", "monotonic") }
func TestWaitSleepClocks(t *testing.T)   { waits(t, "sleep", "boottime", "realtime") }
func TestWaitSleepAbsolute(t *testing.T) { waits(t, "sleep", "abs_monotonic", "abs_realtime") }
func TestWaitSleepSignal(t *testing.T) {
	interrupted(t, "sleep_signal", "nanosleep", "clock_nanosleep")
}
func TestWaitPoll(t *testing.T)          { waits(t, "poll", "poll", "ppoll") }
func TestWaitSelect(t *testing.T)        { waits(t, "poll", "select", "pselect") }
func TestWaitPollSignal(t *testing.T)    { interrupted(t, "poll", "poll_signal", "ppoll_signal") }
func TestWaitSelectSignal(t *testing.T)  { interrupted(t, "poll", "select_signal", "pselect_signal") }
func TestWaitMaskedTimeout(t *testing.T) { interrupted(t, "poll", "ppoll_timeout", "pselect_timeout") }
func TestWaitPause(t *testing.T)         { interrupted(t, "pause", "pause", "sigsuspend") }
func TestWaitFutexTimeout(t *testing.T)  { waits(t, "futex", "timeout", "private_timeout") }
func TestWaitFutexAbsolute(t *testing.T) { waits(t, "futex", "abs_monotonic", "abs_realtime") }

// TestWaitFutexList has the calls that start over, with the instant that the program gave them.
func TestWaitFutexList(t *testing.T) {
	waits(t, "futex", "abs_wait_monotonic", "abs_wait_realtime", "abs_waitv_monotonic", "abs_waitv_realtime")
}

// notStopped are the ways that a program cannot notice. A stop ends sigtimedwait with EINTR, checkpoint or not: see
// signal(7), "Interruption of system calls by stop signals".
var notStopped = []kit.Way{kit.Freeze, kit.V2, kit.V1}

func TestWaitSigtimedwait(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "sigwait", Variant: "timeout", Dead: dead, Ways: notStopped})
}

func TestWaitSigwaitSignal(t *testing.T) {
	for _, v := range []string{"signal", "info"} {
		kit.Run(t, kit.Case{Prog: "sigwait", Variant: v, Dead: dead, Ways: notStopped, Signals: []syscall.Signal{unix.SIGUSR1}})
	}
}

// TestWaitSigsuspendMask sends a signal that the mask of sigsuspend blocks first: its handler runs second, under the old
// mask.
func TestWaitSigsuspendMask(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "pause", Variant: "suspend_wrong", Signals: []syscall.Signal{unix.SIGUSR2, unix.SIGUSR1}})
}

// mapWord maps the first word of the file that a futex program waits on.
func mapWord(t *testing.T, p *kit.Prog) *uint32 {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(p.Dir, "data"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(b) })
	return (*uint32)(unsafe.Pointer(&b[0]))
}

func TestWaitFutexWoken(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "futex", Variant: "woken", Dead: dead, After: func(t *testing.T, p *kit.Prog) {
		const wake = 1
		p.Settle(t)
		n, _, errno := unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(mapWord(t, p))), wake, 1, 0, 0, 0)
		if errno != 0 || n != 1 {
			t.Errorf("FUTEX_WAKE: woke %d, %v", n, errno)
		}
	}})
}

// TestWaitFutexChanged stores another value while the program is dead: its wait is over at once. A program that did not
// die looks at the value again when it was stopped meanwhile.
func TestWaitFutexChanged(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "futex", Variant: "changed", WhileDead: func(t *testing.T, p *kit.Prog) {
		*mapWord(t, p) = 43
		if kit.Stock() {
			p.Signal(t, unix.SIGSTOP)
			if !p.Within(10*time.Second, func() bool { s := kit.Stat(p.Pid); return len(s) > 2 && s[2] == "T" }) {
				t.Error("not stopped")
			}
			p.Signal(t, unix.SIGCONT)
		}
	}, Look: []string{"."}})
}

// TestWaitBusy checkpoints a program in the middle of reads and writes.
func TestWaitBusy(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "busy_io", Look: []string{"."}})
}
