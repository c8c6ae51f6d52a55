// SPDX-License-Identifier: GPL-2.0

// Package tree makes the processes that restart into an image.
//
// A new process is a copy of a multi-threaded Go program in which only one
// thread is left, so it can run no Go code that allocates, locks or grows its
// stack. What it does is therefore worked out beforehand as a Plan, a flat
// array of system calls, and carried out by a loop that does nothing else
// (run.go). An instruction that makes a process names where in the array its
// child goes on, so one array describes a whole tree.
package tree

import (
	"fmt"
	"math"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// op is the kind of an instruction.
type op uint32

const (
	opCall op = iota // make the call; end the process when it fails
	opFork           // make the call; the child goes on at target
)

// instr is one system call of a plan.
type instr struct {
	op     op
	target uint32 // opFork: where the child goes on
	nr     uintptr
	args   [6]uintptr
}

// A Plan is what a new process, and its children, will do. It starts with the
// call that makes the process.
type Plan struct {
	code []instr
	what []string // what each instruction is, for messages
	keep []any    // memory that args point to; Go's collector does not move it
}

// PidSet is struct target_pid_set of clone_with_pids(2).
type PidSet struct {
	NumPids int32
	_       int32
	Pids    *int32
}

func (p *Plan) add(what string, i instr) {
	p.code = append(p.code, i)
	p.what = append(p.what, what)
}

// Call appends a system call; the process ends when it fails.
func (p *Plan) Call(what string, nr uintptr, args ...uintptr) {
	i := instr{op: opCall, nr: nr}
	copy(i.args[:], args)
	p.add(what, i)
}

// Fork appends a call that makes a process. It returns the function that says
// where in the plan the child goes on: at the instruction appended next.
func (p *Plan) Fork(what string, nr uintptr, args ...uintptr) (child func()) {
	at := len(p.code)
	i := instr{op: opFork, nr: nr}
	copy(i.args[:], args)
	p.add(what, i)
	return func() { p.code[at].target = uint32(len(p.code)) }
}

// Clone appends clone(2) of a process that gets a pid from the kernel.
func (p *Plan) Clone(flags uintptr) (child func()) {
	if runtime.GOARCH == "s390x" { // There the first two arguments are swapped.
		return p.Fork("clone", unix.SYS_CLONE, 0, flags)
	}
	return p.Fork("clone", unix.SYS_CLONE, flags)
}

// CloneWithPids appends clone_with_pids(2); nr is its number. Without pids the
// kernel chooses them.
func (p *Plan) CloneWithPids(nr, flags uintptr, pids []int32) (child func()) {
	set := &PidSet{NumPids: int32(len(pids))}
	if len(pids) > 0 {
		set.Pids = &pids[0]
	}
	p.keep = append(p.keep, set)
	return p.Fork("clone_with_pids", nr, flags, 0, 0, 0, uintptr(unsafe.Pointer(set)))
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

// Text makes a string that the processes can pass to their calls.
func (p *Plan) Text(s string) uintptr {
	b := append([]byte(s), 0)
	p.keep = append(p.keep, &b[0])
	return uintptr(unsafe.Pointer(&b[0]))
}

// Exit appends the end of the process.
func (p *Plan) Exit(status int) {
	p.Call("exit_group", unix.SYS_EXIT_GROUP, uintptr(status))
}

// String lists the plan, an instruction per line.
func (p *Plan) String() string {
	var s string
	for n, i := range p.code {
		s += fmt.Sprintf("%d %s(", n, p.what[n])
		last := len(i.args)
		for last > 0 && i.args[last-1] == 0 {
			last--
		}
		for k, a := range i.args[:last] {
			if k > 0 {
				s += ", "
			}
			if p.what[n] == "clone_with_pids" && k == 4 {
				s += "pids"
				continue
			}
			s += fmt.Sprint(int32(a))
		}
		s += ")"
		if i.op == opFork {
			s += fmt.Sprintf(" child: %d", i.target)
		}
		s += "\n"
	}
	return s
}
