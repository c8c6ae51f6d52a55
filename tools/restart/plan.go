// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/abi/image"
	"linux-cr/tools/internal/source"
	"linux-cr/tools/internal/tree"
)

// restartCall is the name of the last call of a plan, which returns only when
// it fails.
const restartCall = "restart"

// hierarchy plans the processes of an image. Each closes what it inherited,
// becomes what the image cannot make of it later, and waits in restart(2).
func hierarchy(head *source.Head, logfd int) (*tree.Plan, error) {
	if n := len(head.Tasks); n != 1 {
		return nil, fmt.Errorf("the image holds %d tasks: only one single-threaded process can be restarted", n)
	}
	root := head.Root()
	p := &tree.Plan{}
	flags := uintptr(unix.SIGCHLD)
	container := root.PID == 1
	if container {
		flags |= unix.CLONE_NEWPID | unix.CLONE_NEWNS
	}
	child := p.CloneWithPids(calls.SYS_CLONE_WITH_PIDS, flags, []int32{root.PID})
	child()
	p.KeepOnly(logfd)
	if container {
		mountProc(p)
	}
	lead(p, root)
	p.Call(restartCall, calls.SYS_RESTART, 0, ^uintptr(0), 0, uintptr(logfd))
	p.Exit(1)
	return p, nil
}

// lead makes a process the leader that it was: of a session, or of a group in
// the session of its parent.
func lead(p *tree.Plan, task *image.Pids) {
	switch task.PID {
	case task.SID:
		p.Call("setsid", unix.SYS_SETSID)
	case task.PGID:
		p.Call("setpgid", unix.SYS_SETPGID)
	}
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
func selfPlan(fd, logfd int, keep ...int) *tree.Plan {
	p := &tree.Plan{}
	child := p.Clone(uintptr(unix.SIGCHLD))
	child()
	p.KeepOnly(append(keep, fd, logfd)...)
	p.Call(restartCall, calls.SYS_RESTART, 0, uintptr(fd), calls.RESTART_TASKSELF, uintptr(logfd))
	p.Exit(1)
	return p
}
