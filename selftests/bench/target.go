// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the driver can ask of a target.
const (
	cmdNone  = iota
	cmdReset // forget the largest gap
	cmdFork  // fork, have the child exit, wait for it
	cmdSum   // add up the memory
)

// shared lies in a page of a file on tmpfs that both the driver and the target have mapped. The file is mapped again
// when the target is restored.
type shared struct {
	// cmd is set by the driver and cleared by the target when the command has been carried out.
	cmd uint64

	// now is CLOCK_MONOTONIC as the target has last seen it, and gap the longest time between two such looks.
	now, gap int64

	// result is that of a command: nanoseconds, or the sum.
	result uint64

	// errno is that of a call that failed.
	errno uint64

	// ts is where clock_gettime(2) writes.
	ts [2]int64
}

// target makes private memory that no page of is like another, and then looks at the clock for ever. It is the only
// thread of a process in which the Go runtime does not work.
//
//go:nosplit
//go:norace
func target(sh *shared, size uintptr) {
	base, _, errno := syscall.RawSyscall6(unix.SYS_MMAP, 0, size, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, ^uintptr(0), 0)
	if errno != 0 {
		atomic.StoreUint64(&sh.errno, uint64(errno))
		return
	}
	x := uint64(1)
	for off := uintptr(0); off < size; off += 8 {
		x = x*6364136223846793005 + 1442695040888963407
		*word(base, off) = x
	}
	last := clock(sh)
	for {
		now := clock(sh)
		if now-last > atomic.LoadInt64(&sh.gap) {
			atomic.StoreInt64(&sh.gap, now-last)
		}
		last = now
		atomic.StoreInt64(&sh.now, now)

		cmd := atomic.LoadUint64(&sh.cmd)
		if cmd == cmdNone {
			continue
		}
		switch cmd {
		case cmdFork:
			atomic.StoreUint64(&sh.result, fork(sh))
		case cmdSum:
			sum := uint64(0)
			for off := uintptr(0); off < size; off += 8 {
				sum += *word(base, off)
			}
			atomic.StoreUint64(&sh.result, sum)
		}
		atomic.StoreInt64(&sh.gap, 0)
		last = clock(sh)
		atomic.StoreUint64(&sh.cmd, cmdNone)
	}
}

// word is a word of the memory. The address is a number, since no pointer of Go leads there.
//
//go:nosplit
//go:norace
//go:nocheckptr
func word(base, off uintptr) *uint64 {
	addr := base + off
	return *(**uint64)(unsafe.Pointer(&addr))
}

// clock is CLOCK_MONOTONIC.
//
//go:nosplit
//go:norace
func clock(sh *shared) int64 {
	syscall.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&sh.ts)), 0)
	return sh.ts[0]*1e9 + sh.ts[1]
}

// fork times fork(2), exit(2) and wait(2) of a process with the target's memory.
//
//go:nosplit
//go:norace
func fork(sh *shared) uint64 {
	begin := clock(sh)
	pid, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno == 0 && pid == 0 {
		for {
			syscall.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
	}
	if errno == 0 {
		_, _, errno = syscall.RawSyscall6(unix.SYS_WAIT4, pid, 0, 0, 0, 0, 0)
	}
	atomic.StoreUint64(&sh.errno, uint64(errno))
	return uint64(clock(sh) - begin)
}

// wantSum is what cmdSum has to return.
func wantSum(size int) uint64 {
	x, sum := uint64(1), uint64(0)
	for range size / 8 {
		x = x*6364136223846793005 + 1442695040888963407
		sum += x
	}
	return sum
}

// A Target is a process with memory to save.
type Target struct {
	pid int
	*shared
}

// newShared maps the page that the driver shares with targets.
func newShared(path string) (*shared, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size := os.Getpagesize()
	if err := f.Truncate(int64(size)); err != nil {
		return nil, err
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mmap %s: %w", path, err)
	}
	return (*shared)(unsafe.Pointer(&mem[0])), nil
}

// patience is how long anything may take before the benchmark gives up.
const patience = 2 * time.Minute

// startTarget makes a target and waits until its memory is filled.
func startTarget(sh *shared, size int) (*Target, error) {
	*sh = shared{}
	pid, err := forkTarget(sh, uintptr(size))
	if err != nil {
		return nil, err
	}
	t := &Target{pid, sh}
	if err := t.runsAfter(0); err != nil {
		return nil, errors.Join(err, t.kill())
	}
	return t, nil
}

// runsAfter waits until the target has looked at the clock later than at an instant of CLOCK_MONOTONIC.
func (t *Target) runsAfter(instant int64) error {
	return t.wait("runs", func() bool { return atomic.LoadInt64(&t.now) > instant })
}

// do has the target carry out a command and returns the result.
func (t *Target) do(cmd uint64) (uint64, error) {
	atomic.StoreUint64(&t.cmd, cmd)
	err := t.wait("answers", func() bool { return atomic.LoadUint64(&t.cmd) == cmdNone })
	return atomic.LoadUint64(&t.result), err
}

func (t *Target) wait(what string, cond func() bool) error {
	for begin := time.Now(); !cond(); time.Sleep(200 * time.Microsecond) {
		if errno := syscall.Errno(atomic.LoadUint64(&t.errno)); errno != 0 {
			return fmt.Errorf("process %d: %w", t.pid, errno)
		}
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, t.pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		if err != nil || info.Signo != 0 {
			return fmt.Errorf("process %d has ended (%v)", t.pid, err)
		}
		if time.Since(begin) > patience {
			return fmt.Errorf("waited %v until process %d %s", patience, t.pid, what)
		}
	}
	return nil
}

// kill ends the target and waits for it.
func (t *Target) kill() error {
	if err := unix.Kill(t.pid, unix.SIGKILL); err != nil {
		return fmt.Errorf("kill: %w", err)
	}
	return reap(t.pid)
}

func reap(pid int) error {
	for {
		_, err := unix.Wait4(pid, nil, 0, nil)
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return fmt.Errorf("wait for process %d: %w", pid, err)
		}
	}
}
