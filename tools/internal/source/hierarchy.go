// SPDX-License-Identifier: GPL-2.0

package source

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"linux-cr/abi/image"
)

// ErrHierarchy is the error of a task array that describes no hierarchy, or one
// that nobody can make.
var ErrHierarchy = errors.New("impossible hierarchy")

// Process is a process of the image with what it has to make.
type Process struct {
	*image.Pids
	Parent   *Process // nil for the root
	Children []*Process
	Threads  []*image.Pids // without the leader
	Ghosts   []*image.Pids // that are made here, for they live in its pid namespace

	init *Process // of its pid namespace, as far as that is below the root's
}

// IsInit reports whether the process is the first of a pid namespace below the
// root's.
func (p *Process) IsInit() bool { return p.init == p }

// Processes are those of the image, in the order of the task array.
func (h *Head) Processes() iter.Seq[*Process] { return slices.Values(h.processes) }

// PIDs are the ids of a task in the root's pid namespace and in those below, down
// to its own.
func PIDs(task *image.Pids) []int32 { return append([]int32{task.PID}, task.Levels...) }

// forest finds what the task array says about each id.
type forest struct {
	head      *Head
	processes map[int32]*Process
	numbers   map[number]int32 // the task, by an id in a nested pid namespace
	seen      map[int32]bool   // every id so far, of tasks and ghosts
}

// number is an id in a nested pid namespace.
type number struct {
	init *Process
	pid  int32
}

func impossible(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrHierarchy, fmt.Sprintf(format, args...))
}

// grow checks the task array and makes the tree of it.
func (h *Head) grow() error {
	f := &forest{head: h, processes: map[int32]*Process{}, numbers: map[number]int32{}, seen: map[int32]bool{}}
	for i := range h.Tasks {
		if err := f.add(&h.Tasks[i]); err != nil {
			return err
		}
	}
	if parent := h.Root().PPID; f.seen[parent] {
		return impossible("the parent of the root, %d, is one of its descendants", parent)
	}
	makers := f.ghostMakers()
	for i := range h.Ghosts {
		if err := f.addGhost(&h.Ghosts[i], makers); err != nil {
			return err
		}
	}
	return nil
}

// add puts the next task into the tree.
func (f *forest) add(t *image.Pids) error {
	switch {
	case t.Flags&image.CKPT_PIDS_GHOST != 0:
		return impossible("pid %d is a ghost among the tasks", t.PID)
	case f.seen[t.PID]:
		return impossible("pid %d stands twice in the task array", t.PID)
	}
	f.seen[t.PID] = true
	var err error
	switch isRoot := t.Flags&image.CKPT_PIDS_ROOT != 0; {
	case isRoot != (f.head.root == nil):
		err = f.misplacedRoot(t)
	case isRoot:
		err = f.addRoot(t)
	case t.TGID == t.PID:
		err = f.addProcess(t)
	default:
		err = f.addThread(t)
	}
	return err
}

func (f *forest) misplacedRoot(t *image.Pids) error {
	if f.head.root != nil {
		return impossible("there are two roots, %d and %d", f.head.root.PID, t.PID)
	}
	return impossible("the first task, %d, is not the root", t.PID)
}

func (f *forest) addRoot(t *image.Pids) error {
	switch {
	case t.TGID != t.PID:
		return impossible("the root, %d, is a thread of process %d", t.PID, t.TGID)
	case len(t.Levels) > 0:
		return impossible("the root, %d, is in a pid namespace below its own", t.PID)
	}
	f.head.root = &Process{Pids: t}
	f.found(f.head.root)
	return nil
}

func (f *forest) addProcess(t *image.Pids) error {
	parent := f.processes[t.PPID]
	if parent == nil {
		return f.unknown(t, "parent", t.PPID)
	}
	p := &Process{Pids: t, Parent: parent, init: parent.init}
	switch depth := len(t.Levels) - len(parent.Levels); {
	case depth == 1 && t.Levels[len(t.Levels)-1] == 1:
		p.init = p
	case depth == 1:
		return impossible("process %d is %d, not 1, in a pid namespace that its parent %d is not in",
			t.PID, t.Levels[len(t.Levels)-1], t.PPID)
	case depth != 0:
		return impossible("process %d is %d pid namespaces below the root, its parent %d is %d",
			t.PID, len(t.Levels), t.PPID, len(parent.Levels))
	}
	parent.Children = append(parent.Children, p)
	f.found(p)
	return f.claim(t, p.init)
}

func (f *forest) found(p *Process) {
	f.processes[p.PID] = p
	f.head.processes = append(f.head.processes, p)
}

func (f *forest) addThread(t *image.Pids) error {
	leader := f.processes[t.TGID]
	switch {
	case leader == nil:
		return f.unknown(t, "leader", t.TGID)
	case t.PPID != leader.PPID:
		return impossible("the parent of thread %d is %d, that of its process %d is %d", t.PID, t.PPID, t.TGID, leader.PPID)
	case t.PGID != leader.PGID || t.SID != leader.SID:
		return impossible("thread %d is in another process group or session than its process %d", t.PID, t.TGID)
	case len(t.Levels) != len(leader.Levels):
		return impossible("thread %d is %d pid namespaces below the root, its process %d is %d",
			t.PID, len(t.Levels), t.TGID, len(leader.Levels))
	}
	leader.Threads = append(leader.Threads, t)
	return f.claim(t, leader.init)
}

// unknown says why another task that t needs is not there.
func (f *forest) unknown(t *image.Pids, role string, pid int32) error {
	what := "process"
	if t.PID != t.TGID {
		what = "thread"
	}
	others := map[int32]*image.Pids{}
	for i := range f.head.Tasks {
		others[f.head.Tasks[i].PID] = &f.head.Tasks[i]
	}
	other := others[pid]
	switch {
	case other == nil:
		return impossible("the %s of %s %d, %d, is not in the image", role, what, t.PID, pid)
	case other.PID != other.TGID:
		return impossible("the %s of %s %d, %d, is a thread", role, what, t.PID, pid)
	}
	for up := other; up != nil; up = others[up.PPID] {
		if up == t {
			return impossible("%s %d descends from itself", what, t.PID)
		}
		delete(others, up.PID) // There may be a circle without t.
	}
	return impossible("%s %d stands before its %s %d", what, t.PID, role, pid)
}

// claim notes the ids of a task in the nested pid namespaces, each of which is
// that of one task.
func (f *forest) claim(t *image.Pids, init *Process) error {
	for level := len(t.Levels) - 1; level >= 0; level-- {
		n := number{init, t.Levels[level]}
		if n.pid <= 0 {
			return impossible("pid %d is %d in a pid namespace", t.PID, n.pid)
		}
		if other, ok := f.numbers[n]; ok {
			return impossible("pids %d and %d are both %d in the pid namespace of process %d", other, t.PID, n.pid, init.PID)
		}
		f.numbers[n] = t.PID
		init = init.Parent.init
	}
	return nil
}

// ghostMakers finds, by the id of a process group or session, the pid namespace
// of one of its deepest members.
func (f *forest) ghostMakers() map[int32]*Process {
	if len(f.head.Ghosts) == 0 {
		return nil
	}
	makers := map[int32]*Process{}
	for _, p := range f.head.processes {
		for _, id := range []int32{p.PGID, p.SID} {
			if old := makers[id]; old == nil || len(old.Levels) < len(p.Levels) {
				makers[id] = p
			}
		}
	}
	return makers
}

// addGhost finds the process that makes a ghost: the root, or the init of the
// pid namespace that the ghost lived in.
func (f *forest) addGhost(g *image.Pids, members map[int32]*Process) error {
	switch {
	case g.Flags&image.CKPT_PIDS_GHOST == 0:
		return impossible("pid %d is a task among the ghosts", g.PID)
	case f.seen[g.PID]:
		return impossible("pid %d stands twice in the task array", g.PID)
	}
	f.seen[g.PID] = true
	maker := f.head.root
	if depth := len(g.Levels); depth > 0 {
		member := members[g.PID]
		if member == nil || len(member.Levels) < depth {
			return impossible("no task of the pid namespace of ghost %d has it as its process group or session", g.PID)
		}
		for maker = member.init; len(maker.Levels) > depth; {
			maker = maker.Parent.init
		}
		if err := f.claim(g, maker); err != nil {
			return err
		}
	}
	maker.Ghosts = append(maker.Ghosts, g)
	return nil
}
