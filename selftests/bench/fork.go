// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
)

// A process that is checkpointed or restored has one thread, so it cannot be an ordinary Go program. Here the driver
// forks, and the child goes on as the one thread that called, without the runtime: no allocation, no growing stack.

// The runtime's preparations for a fork, as package syscall uses them: signals are blocked around it, and handlers
// reset in the child.

//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

//go:linkname afterForkInChild syscall.runtime_AfterForkInChild
func afterForkInChild()

// forkTarget starts the process that gets checkpointed; see target.
func forkTarget(sh *shared, size uintptr) (int, error) {
	syscall.ForkLock.Lock()
	pid, errno := forkAnd(unix.SYS_CLONE, 0, sh, size)
	syscall.ForkLock.Unlock()
	if errno != 0 {
		return 0, fmt.Errorf("clone: %w", errno)
	}
	return int(pid), nil
}

// anyPid is the argument of clone_with_pids: one number, which the kernel chooses.
var anyPid = struct {
	set struct {
		num  int32
		_    int32
		pids *int32
	}
	pid int32
}{}

// forkRestarter makes a process with clone_with_pids(2) that calls restart(2) and waits in it to be restored.
func forkRestarter() (int, error) {
	anyPid.set.num = 1
	anyPid.set.pids = &anyPid.pid
	syscall.ForkLock.Lock()
	pid, errno := forkAnd(calls.SYS_CLONE_WITH_PIDS, uintptr(unsafe.Pointer(&anyPid.set)), nil, 0)
	syscall.ForkLock.Unlock()
	if errno != 0 {
		return 0, fmt.Errorf("clone_with_pids: %w", errno)
	}
	return int(pid), nil
}

// forkAnd makes a process by a call whose first argument is the exit signal. In the child it does not return.
//
//go:noinline
//go:norace
func forkAnd(nr, pids uintptr, sh *shared, size uintptr) (uintptr, syscall.Errno) {
	beforeFork()
	pid, _, errno := syscall.RawSyscall6(nr, uintptr(unix.SIGCHLD), 0, 0, 0, pids, 0)
	if errno != 0 || pid != 0 {
		afterFork()
		return pid, errno
	}
	afterForkInChild()
	// Nothing of the driver's may stay open: neither its pipes, whose other ends wait for the last writer, nor what
	// a checkpoint would refuse.
	syscall.RawSyscall(unix.SYS_CLOSE_RANGE, 0, uintptr(^uint32(0)), 0)
	if sh != nil {
		target(sh, size)
	} else {
		syscall.RawSyscall6(calls.SYS_RESTART, 0, ^uintptr(0), 0, ^uintptr(0), 0, 0)
	}
	for {
		syscall.RawSyscall(unix.SYS_EXIT_GROUP, exitFailed, 0, 0)
	}
}

// exitFailed is the status of a child that gave up.
const exitFailed = 99
