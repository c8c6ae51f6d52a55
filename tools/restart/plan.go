// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/abi/image"
	"linux-cr/tools/internal/source"
	"linux-cr/tools/internal/tree"
)

// restartCall is the name of the last call of a task, which returns only when
// it fails.
const restartCall = "restart"

// childFlags make a process other than the root. It shares the memory of the
// root, which it is going to leave: to copy that would be most of the work. The
// processes of a plan do not write to it.
const childFlags = uintptr(unix.SIGCHLD | unix.CLONE_VM)

// threadFlags make a thread.
const threadFlags = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD

// planner plans the tasks of an image.
type planner struct {
	*tree.Plan
	make  tree.Maker
	wait  func(p *tree.Plan, flags uintptr) // the last call of a task; RESTART_* flags
	self  int                               // pidfd of the coordinator's thread
	fds   []int                             // that the tasks keep
	enter int                               // cgroup.procs of the cgroup to enter, or -1

	hangup   uintptr // a struct pollfd of self
	nothing  uintptr // a struct timespec of 0
	ignore   uintptr // a struct sigaction with SIG_IGN
	children map[*source.Process]func()
}

// hierarchy plans the tasks of an image. Every process makes its child
// processes, in the order of the task array, then its ghosts and its threads,
// and waits in restart(2), as each of these does; all else is up to the kernel.
// self is a pidfd of the calling thread, see pidfdSelf. enter, unless it is -1,
// is the file through which the processes enter a cgroup.
func hierarchy(head *source.Head, self, logfd, enter int) (*tree.Plan, error) {
	pl := newPlanner(self, enter, logfd)
	pl.make = tree.CloneWithPids(calls.SYS_CLONE_WITH_PIDS)
	pl.wait = func(p *tree.Plan, flags uintptr) {
		p.Call(restartCall, calls.SYS_RESTART, 0, ^uintptr(0), flags, uintptr(logfd))
	}
	err := pl.plan(head)
	return pl.Plan, err
}

// pidfdSelf opens the calling thread, which is to start the plan. The process
// would not do: its other threads may outlive this one, whose end is what kills
// the root.
func pidfdSelf() (int, error) {
	fd, err := unix.PidfdOpen(unix.Gettid(), unix.PIDFD_THREAD)
	if err != nil {
		return -1, fmt.Errorf("pidfd_open: %w", err)
	}
	return fd, nil
}

func newPlanner(self, enter int, fds ...int) *planner {
	p := &tree.Plan{}
	hangup := &unix.PollFd{Fd: int32(self), Events: unix.POLLIN}
	nothing := &unix.Timespec{}
	ignore := &[4]uintptr{sigIgn} // struct sigaction of the kernel: the handler comes first
	return &planner{
		Plan: p, self: self, fds: append(fds, self), enter: enter,
		hangup:   p.Keep(hangup, unsafe.Pointer(hangup)),
		nothing:  p.Keep(nothing, unsafe.Pointer(nothing)),
		ignore:   p.Keep(ignore, unsafe.Pointer(ignore)),
		children: map[*source.Process]func(){},
	}
}

// sigIgn is SIG_IGN, sigsetSize the size of the kernel's signal set in bytes.
const (
	sigIgn     = 1
	sigsetSize = 8
)

func (pl *planner) plan(head *source.Head) error {
	root := head.Root()
	threads := 0
	for p := range head.Processes() {
		threads = max(threads, len(p.Threads))
	}
	if err := pl.Stacks(threads); err != nil {
		return err
	}
	flags := uintptr(unix.SIGCHLD)
	if container(root) {
		flags |= unix.CLONE_NEWPID | unix.CLONE_NEWNS
	}
	child := pl.task(flags, 0, root.Pids)
	child()
	pl.alive(int32(os.Getpid()), container(root))
	if pl.enter >= 0 {
		pl.Call("enter the cgroup", unix.SYS_WRITE, uintptr(pl.enter), pl.Text("0"), 1)
	}
	pl.KeepOnly(pl.fds...)
	if container(root) {
		mountProc(pl.Plan)
	}
	for p := range head.Processes() {
		if p != root {
			pl.children[p]()
			delete(pl.children, p)
			pl.Task(p.PID)
			parent := source.PIDs(p.Parent.Pids)
			pl.alive(parent[len(parent)-1], p.IsInit())
		}
		pl.process(p)
	}
	return nil
}

// container reports whether the root is the init of a pid namespace.
func container(root *source.Process) bool { return root.PID == 1 }

// task appends the call that makes a task.
func (pl *planner) task(flags, stack uintptr, pids *image.Pids) (child func()) {
	pl.Task(pids.PID)
	return pl.make(pl.Plan, flags, stack, source.PIDs(pids))
}

// process appends what a process does when it is set up: it makes its tasks and
// waits. What its ghosts and threads do follows.
func (pl *planner) process(p *source.Process) {
	for _, c := range p.Children {
		flags := childFlags
		if c.IsInit() {
			flags |= unix.CLONE_NEWPID
		}
		pl.children[c] = pl.task(flags, 0, c.Pids)
	}
	ghosts := pl.ghosts(p)
	threads := make([]func(), len(p.Threads))
	for i, t := range p.Threads {
		flags := uintptr(threadFlags)
		if t.Flags&image.CKPT_PIDS_SYSVSEM != 0 {
			flags |= unix.CLONE_SYSVSEM
		}
		threads[i] = pl.task(flags, pl.Stack(i), t)
	}
	pl.last(p.PID, 0)
	for i, g := range p.Ghosts {
		ghosts[i]()
		pl.Task(g.PID)
		own := source.PIDs(p.Pids)
		pl.alive(own[len(own)-1], false)
		pl.last(g.PID, calls.RESTART_GHOST)
	}
	for i, t := range p.Threads {
		threads[i]()
		pl.last(t.PID, 0)
	}
}

// ghosts appends the calls that make the ghosts of a process, which is not to
// have to wait for them.
func (pl *planner) ghosts(p *source.Process) []func() {
	if len(p.Ghosts) == 0 {
		return nil
	}
	pl.Task(p.PID)
	pl.Call("ignore SIGCHLD", unix.SYS_RT_SIGACTION, uintptr(unix.SIGCHLD), pl.ignore, 0, sigsetSize)
	children := make([]func(), len(p.Ghosts))
	for i, g := range p.Ghosts {
		children[i] = pl.task(childFlags, 0, g)
	}
	return children
}

// last appends the wait for the restart.
func (pl *planner) last(pid int32, flags uintptr) {
	pl.Task(pid)
	pl.wait(pl.Plan, flags)
	pl.Exit(1)
}

// alive ties a new process to its parent: it is killed when the parent ends,
// and ends when the parent has ended already. A process that cannot see its
// parent, as the init of a pid namespace cannot, asks whether the thread of the
// coordinator is still there, whose end comes before that of any parent that is
// killed with it. Asking for a process group waits until an end that is under
// way has become visible: the kernel does both under one lock.
func (pl *planner) alive(parent int32, hidden bool) {
	pl.Call("PR_SET_PDEATHSIG", unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL))
	if hidden {
		pl.Call("getpriority", unix.SYS_GETPRIORITY, unix.PRIO_PGRP, 0)
		pl.Expect(0, "ppoll", unix.SYS_PPOLL, pl.hangup, 1, pl.nothing, 0, sigsetSize)
		return
	}
	pl.Expect(uintptr(parent), "getppid", unix.SYS_GETPPID)
}

// mountProc gives the init of a new pid namespace a /proc that shows it, in its
// own mount namespace.
func mountProc(p *tree.Plan) {
	none, root, dir, fs := p.Text("none"), p.Text("/"), p.Text("/proc"), p.Text("proc")
	p.Call("make mounts private", unix.SYS_MOUNT, none, root, 0, unix.MS_REC|unix.MS_PRIVATE)
	p.Call("mount /proc", unix.SYS_MOUNT, none, dir, fs, procFlags)
}

const procFlags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

// selfPlan plans the process that takes over a self-checkpoint. keep are
// descriptors it needs besides image and log.
func selfPlan(fd, logfd int, flags uint64, keep ...int) *tree.Plan {
	p := &tree.Plan{}
	child := p.Clone(uintptr(unix.SIGCHLD))
	child()
	p.KeepOnly(append(keep, fd, logfd)...)
	p.Call(restartCall, calls.SYS_RESTART, 0, uintptr(fd), uintptr(calls.RESTART_TASKSELF|flags), uintptr(logfd))
	p.Exit(1)
	return p
}
