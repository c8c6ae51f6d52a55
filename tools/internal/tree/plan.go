// SPDX-License-Identifier: GPL-2.0

// Package tree makes the processes and threads that restart into an image.
//
// A new process is a copy of a multi-threaded Go program in which only one
// thread is left, so it can run no Go code that allocates, locks or grows its
// stack. What it does is therefore worked out beforehand as a Plan, a flat
// array of system calls, and carried out by a loop that does nothing else
// (execute). An instruction that makes a task names where in the array that
// task goes on, so one array describes a whole hierarchy.
package tree

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// step is one system call of a plan.
type step struct {
	what   string // for messages
	pid    int32  // the task it is for, or that it makes
	kind   uintptr
	target int     // kindFork: where the new task goes on, 0 until that is known
	want   uintptr // kindExpect: what the call has to return
	pids   []int32 // of CloneWithPids, for String
	nr     uintptr
	args   [6]uintptr
}

// A Plan is what a new process, its threads and its descendants will do. It
// starts with the call that makes the process.
type Plan struct {
	steps  []step
	task   int32
	keep   []any // memory that args point to; Go's collector does not move it
	stacks []byte
}

// PidSet is struct target_pid_set of clone_with_pids(2).
type PidSet struct {
	NumPids int32
	_       int32
	Pids    *int32
}

// A Maker appends the call that makes a task with the given ids, from the
// outermost pid namespace to its own, on the given stack: 0 for a process, which
// goes on with its parent's and does not touch it either. It returns the function that says where
// in the plan the new task goes on: at the step appended next.
type Maker func(p *Plan, flags, stack uintptr, pids []int32) (child func())

// Task says which task, by its pid in the image, the steps appended next belong to.
func (p *Plan) Task(pid int32) { p.task = pid }

// append adds a step and returns it; the next one moves it.
func (p *Plan) append(kind uintptr, what string, nr uintptr, args []uintptr) *step {
	p.steps = append(p.steps, step{what: what, pid: p.task, kind: kind, nr: nr})
	s := &p.steps[len(p.steps)-1]
	copy(s.args[:], args)
	return s
}

// Call appends a system call; the process ends when it fails.
func (p *Plan) Call(what string, nr uintptr, args ...uintptr) {
	p.append(kindCall, what, nr, args)
}

// Expect appends a system call; the process ends silently when it returns
// anything but want.
func (p *Plan) Expect(want uintptr, what string, nr uintptr, args ...uintptr) {
	p.append(kindExpect, what, nr, args).want = want
}

// Fork appends a call that makes a task, as a Maker does.
func (p *Plan) Fork(what string, nr uintptr, args ...uintptr) (child func()) {
	at := len(p.steps)
	p.append(kindFork, what, nr, args)
	return func() { p.steps[at].target = len(p.steps) }
}

// Clone appends clone(2) of a process that gets a pid from the kernel.
func (p *Plan) Clone(flags uintptr) (child func()) { return p.cloneOn(flags, 0) }

func (p *Plan) cloneOn(flags, stack uintptr) (child func()) {
	if runtime.GOARCH == "s390x" { // There the first two arguments are swapped.
		return p.Fork("clone", unix.SYS_CLONE, stack, flags)
	}
	return p.Fork("clone", unix.SYS_CLONE, flags, stack)
}

// CloneWithPids is the Maker by clone_with_pids(2), whose number is nr. Without
// pids the kernel chooses them.
func CloneWithPids(nr uintptr) Maker {
	return func(p *Plan, flags, stack uintptr, pids []int32) (child func()) {
		set := &PidSet{NumPids: int32(len(pids)), Pids: unsafe.SliceData(pids)}
		arg := p.Keep(set, unsafe.Pointer(set))
		child = p.Fork("clone_with_pids", nr, flags, stack, 0, 0, arg)
		p.steps[len(p.steps)-1].pids = pids
		return child
	}
}

// KeepOnly appends the calls that close every descriptor above 2 but those
// listed. A descriptor that a new process inherits by accident keeps a pipe
// open whose end somebody waits for.
func (p *Plan) KeepOnly(fds ...int) {
	next := 3
	for {
		keep := math.MaxInt
		for _, fd := range fds {
			if fd >= next {
				keep = min(keep, fd)
			}
		}
		if keep == math.MaxInt {
			break
		}
		if keep > next {
			p.Call("close_range", unix.SYS_CLOSE_RANGE, uintptr(next), uintptr(keep-1), 0)
		}
		next = keep + 1
	}
	p.Call("close_range", unix.SYS_CLOSE_RANGE, uintptr(next), math.MaxUint32, 0)
}

// Keep makes an argument of a pointer into an object on the heap, which lives
// as long as the plan.
func (p *Plan) Keep(object any, at unsafe.Pointer) uintptr {
	p.keep = append(p.keep, object)
	return uintptr(at)
}

// Text makes a string that the processes can pass to their calls.
func (p *Plan) Text(s string) uintptr {
	b := append([]byte(s), 0)
	return p.Keep(b, unsafe.Pointer(&b[0]))
}

// stackSize is that of a thread of a plan, which puts nothing on its stack: the
// kernel gives it another with its memory.
const stackSize = 4096

// Stacks reserves the stacks of up to n threads of a process. Every process has
// them at the same addresses, be it in its own memory or in that of another: no
// task of a plan writes to its stack.
func (p *Plan) Stacks(n int) error {
	if n == 0 {
		return nil
	}
	var err error
	p.stacks, err = unix.Mmap(-1, 0, n*stackSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return fmt.Errorf("stacks of %d threads: mmap: %w", n, err)
	}
	return nil
}

// Stack is the top of the stack of thread n of a process, counted from 0.
func (p *Plan) Stack(n int) uintptr {
	stack := p.stacks[n*stackSize:][:stackSize:stackSize]
	return uintptr(unsafe.Pointer(&stack[0])) + stackSize
}

// Exit appends the end of the process.
func (p *Plan) Exit(status int) {
	p.Call("exit_group", unix.SYS_EXIT_GROUP, uintptr(status))
}

// String lists the plan, a step per line.
func (p *Plan) String() string {
	var b strings.Builder
	for n := range p.steps {
		fmt.Fprintf(&b, "%d %s\n", n, p.steps[n].text())
	}
	return b.String()
}

func (s *step) text() string {
	args := s.args[:]
	for len(args) > 0 && args[len(args)-1] == 0 {
		args = args[:len(args)-1]
	}
	list := make([]string, len(args))
	for k, a := range args {
		switch {
		case s.pids != nil && k == 4:
			list[k] = fmt.Sprint(s.pids)
		case a > math.MaxUint32 && int(a) > 0:
			list[k] = "&"
		default:
			list[k] = fmt.Sprint(int32(a))
		}
	}
	text := s.what + "(" + strings.Join(list, ", ") + ")"
	switch s.kind {
	case kindFork:
		text += fmt.Sprintf(" child: %d", s.target)
	case kindExpect:
		text += fmt.Sprintf(" must be %d", int32(s.want))
	}
	return text
}
