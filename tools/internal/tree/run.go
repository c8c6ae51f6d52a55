// SPDX-License-Identifier: GPL-2.0

package tree

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The runtime's preparations for a fork, as package syscall uses them: signals
// are blocked around it, and handlers reset in the child.

//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

//go:linkname afterForkInChild syscall.runtime_AfterForkInChild
func afterForkInChild()

// report is what a process of the plan leaves when a call fails. It lies in
// memory that parent and child share, since the child has no other way to tell.
type report struct {
	failed uint32 // index of the instruction plus one
	errno  uint32
}

// Process is the first process of a plan that was started.
type Process struct {
	PID    int
	plan   *Plan
	report *report
	memory []byte
}

// CallError is a system call of a plan that failed.
type CallError struct {
	Call  string
	Errno syscall.Errno
}

func (e *CallError) Error() string { return e.Call + ": " + e.Errno.Error() }

// Unwrap gives the errno.
func (e *CallError) Unwrap() error { return e.Errno }

// Start carries out the first instruction of the plan, which makes a process,
// and returns that. The caller stays on its thread, to which the process
// belongs. Close must follow when the process has ended.
func (p *Plan) Start() (*Process, error) {
	if len(p.code) == 0 || p.code[0].op != opFork {
		return nil, fmt.Errorf("the plan does not begin with a fork")
	}
	for n, i := range p.code {
		if i.op == opFork && (i.target == 0 || int(i.target) >= len(p.code)) {
			return nil, fmt.Errorf("instruction %d of the plan has no child", n)
		}
	}
	memory, err := unix.Mmap(-1, 0, int(unsafe.Sizeof(report{})), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("mmap: %w", err)
	}
	proc := &Process{plan: p, memory: memory, report: (*report)(unsafe.Pointer(&memory[0]))}

	// Descriptors that other goroutines are just about to mark close-on-exec
	// must not get into the child.
	syscall.ForkLock.Lock()
	pid, errno := start(&p.code[0], uint32(len(p.code)), proc.report)
	syscall.ForkLock.Unlock()
	runtime.KeepAlive(p)
	if errno != 0 {
		proc.Close()
		return nil, &CallError{p.what[0], errno}
	}
	proc.PID = int(pid)
	return proc, nil
}

// start makes the process. In the child it does not return.
//
//go:noinline
//go:norace
//go:nocheckptr
func start(code *instr, n uint32, rep *report) (uintptr, syscall.Errno) {
	beforeFork()
	pid, _, errno := syscall.RawSyscall6(code.nr, code.args[0], code.args[1], code.args[2], code.args[3], code.args[4], code.args[5])
	if errno != 0 || pid != 0 {
		afterFork()
		return pid, errno
	}
	afterForkInChild()
	execute(code, code.target, n, rep)
	return 0, 0
}

// execute runs the plan from ip on in a process of which this is the only
// thread. It ends with the process.
//
//go:nosplit
//go:norace
//go:nocheckptr
func execute(code *instr, ip, n uint32, rep *report) {
	for ip < n {
		i := (*instr)(unsafe.Add(unsafe.Pointer(code), uintptr(ip)*unsafe.Sizeof(instr{})))
		r, _, errno := syscall.RawSyscall6(i.nr, i.args[0], i.args[1], i.args[2], i.args[3], i.args[4], i.args[5])
		if errno != 0 {
			rep.errno = uint32(errno)
			rep.failed = ip + 1
			break
		}
		if i.op == opFork && r == 0 {
			ip = i.target
		} else {
			ip++
		}
	}
	for {
		syscall.RawSyscall6(unix.SYS_EXIT_GROUP, 1, 0, 0, 0, 0, 0)
	}
}

// Err returns the call of the plan that failed in the process or in one of its
// descendants, nil when none did so far.
func (p *Process) Err() error {
	failed := p.report.failed
	if failed == 0 {
		return nil
	}
	return &CallError{p.plan.what[failed-1], syscall.Errno(p.report.errno)}
}

// Close frees what the process was started with.
func (p *Process) Close() { _ = unix.Munmap(p.memory) }
