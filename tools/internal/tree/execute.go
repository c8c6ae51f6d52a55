// SPDX-License-Identifier: GPL-2.0

package tree

import "golang.org/x/sys/unix"

// The kinds of an instruction, for execute.
const (
	kindCall   = iota // make the call
	kindFork          // make the call; the new task goes on at the address in arg
	kindExpect        // make the call; end the process, without a word, unless it returns arg
)

// exitGroup ends the process, for execute.
const exitGroup = unix.SYS_EXIT_GROUP

// instr is one system call of a plan as execute reads it. Whatever the kind,
// a call that fails ends the process, after it has left its tag and the errno.
type instr struct {
	kind uintptr
	nr   uintptr
	args [6]uintptr
	arg  uintptr
	tag  uint64 // number of the instruction plus one, in the upper half
}

// execute carries out instructions from i on in a task that has no Go left: no
// g, and, behind a clone of a thread, a stack that it was not called on. It is
// therefore assembly that keeps all it needs in registers, which a new task
// inherits, and touches no stack behind its first two instructions. It does not
// return; every plan ends in exit_group(2). The first call of all tasks that
// fails stores its tag, and the errno in the lower half, in *failed, which the
// tasks share.
//
//go:noescape
func execute(i *instr, failed *uint64)
