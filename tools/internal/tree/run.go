// SPDX-License-Identifier: GPL-2.0

package tree

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
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

// Process is the first process of a plan that was started.
type Process struct {
	PID    int
	plan   *Plan
	memory []byte // shared by all processes of the plan: failed, then the code
}

// CallError is a system call of a plan that failed.
type CallError struct {
	Call  string
	PID   int32 // the task that made the call, or that the call should have made
	Errno syscall.Errno
}

func (e *CallError) Error() string {
	if e.PID == 0 {
		return e.Call + ": " + e.Errno.Error()
	}
	return fmt.Sprintf("%s for pid %d: %v", e.Call, e.PID, e.Errno)
}

// Unwrap gives the errno.
func (e *CallError) Unwrap() error { return e.Errno }

// codeAt is where the code begins in the shared memory.
const codeAt = unsafe.Sizeof(uint64(0))

// load lays out the plan for execute. Shared memory costs a fork nothing,
// however long the plan is.
func (p *Plan) load() ([]byte, error) {
	if len(p.steps) == 0 || p.steps[0].kind != kindFork {
		return nil, fmt.Errorf("the plan does not begin with a fork")
	}
	size := codeAt + uintptr(len(p.steps)+1)*unsafe.Sizeof(instr{})
	memory, err := unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("mmap: %w", err)
	}
	code := p.code(memory)
	for n, s := range p.steps {
		code[n] = instr{kind: s.kind, nr: s.nr, args: s.args, arg: s.want, tag: uint64(n+1) << 32}
		if s.kind != kindFork {
			continue
		}
		if s.target <= 0 || s.target >= len(p.steps) {
			_ = unix.Munmap(memory)
			return nil, fmt.Errorf("step %d of the plan has no child", n)
		}
		code[n].arg = uintptr(unsafe.Pointer(&code[s.target]))
	}
	code[len(p.steps)] = instr{nr: exitGroup, args: [6]uintptr{1}}
	return memory, nil
}

// code is the plan in the memory that load has laid out.
func (p *Plan) code(memory []byte) []instr {
	return unsafe.Slice((*instr)(unsafe.Pointer(&memory[codeAt])), len(p.steps)+1)
}

// Start carries out the first step of the plan, which makes a process, and
// returns that. The caller stays on its thread, to which the process belongs.
// Close must follow when the process has ended.
func (p *Plan) Start() (*Process, error) {
	memory, err := p.load()
	if err != nil {
		return nil, err
	}
	proc := &Process{plan: p, memory: memory}
	code := p.code(memory)

	// Descriptors that other goroutines are just about to mark close-on-exec
	// must not get into the child.
	syscall.ForkLock.Lock()
	pid, errno := start(&code[0], &code[p.steps[0].target], proc.failed())
	syscall.ForkLock.Unlock()
	runtime.KeepAlive(p)
	if errno != 0 {
		proc.Close()
		return nil, &CallError{p.steps[0].what, p.steps[0].pid, errno}
	}
	proc.PID = int(pid)
	return proc, nil
}

// start makes the process. In the child it does not return.
//
//go:noinline
//go:norace
//go:nocheckptr
func start(fork, child *instr, failed *uint64) (uintptr, syscall.Errno) {
	beforeFork()
	pid, _, errno := syscall.RawSyscall6(fork.nr, fork.args[0], fork.args[1], fork.args[2], fork.args[3], fork.args[4], fork.args[5])
	if errno != 0 || pid != 0 {
		afterFork()
		return pid, errno
	}
	afterForkInChild()
	execute(child, failed)
	return 0, 0
}

// failed is where execute tells which call has failed.
func (p *Process) failed() *uint64 { return (*uint64)(unsafe.Pointer(&p.memory[0])) }

// Err returns the first call of the plan that failed in one of its tasks, nil
// when none did so far.
func (p *Process) Err() error {
	failed := atomic.LoadUint64(p.failed())
	if failed == 0 {
		return nil
	}
	s := p.plan.steps[failed>>32-1]
	return &CallError{s.what, s.pid, syscall.Errno(uint32(failed))}
}

// period is how often OnFailure looks.
const period = 10 * time.Millisecond

// OnFailure calls f once, in another goroutine, when a call has failed, unless
// stop is called before; f does not run any more when stop has returned.
func (p *Process) OnFailure(f func()) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for p.Err() == nil {
			select {
			case <-done:
				return
			case <-time.After(period):
			}
		}
		f()
	}()
	return func() {
		close(done)
		<-ended
	}
}

// Close frees what the process was started with.
func (p *Process) Close() {
	_ = unix.Munmap(p.memory)
	if p.plan.stacks != nil {
		_ = unix.Munmap(p.plan.stacks)
		p.plan.stacks = nil
	}
}
