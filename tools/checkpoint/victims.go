// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/tools/internal/proc"
)

// victims are the processes that a checkpoint kills. Each is held by a pidfd,
// which never names another process.
type victims struct{ list []victim }

type victim struct{ pid, fd int }

// patience is how long killed processes may take to end.
var patience = 10 * time.Second

// mark finds the processes of a hierarchy. One that is born before the kernel
// holds them is killed like the others, but not waited for.
func mark(pid int) (*victims, error) {
	pids, err := proc.Hierarchy(pid)
	if err != nil {
		return nil, err
	}
	v := &victims{}
	for _, p := range pids {
		fd, err := unix.PidfdOpen(p, 0)
		switch {
		case err == nil:
			v.list = append(v.list, victim{p, fd})
		case errors.Is(err, unix.EMFILE) && len(v.list) > 0:
			return v, nil // So many that the first have to stand for all.
		case !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.EINVAL):
			v.close()
			return nil, fmt.Errorf("pidfd_open of process %d: %w", p, err)
		}
	}
	return v, nil
}

func (v *victims) close() {
	for _, x := range v.list {
		_ = unix.Close(x.fd)
	}
}

// await returns when all have ended, with all their threads.
func (v *victims) await() error {
	deadline := time.Now().Add(patience)
	for _, x := range v.list {
		if err := x.await(deadline); err != nil {
			return err
		}
	}
	return nil
}

func (x victim) await(deadline time.Time) error {
	fds := []unix.PollFd{{Fd: int32(x.fd), Events: unix.POLLIN}}
	for {
		left := max(0, time.Until(deadline))
		n, err := unix.Poll(fds, int(left.Milliseconds()))
		switch {
		case err != nil && err != unix.EINTR:
			return fmt.Errorf("wait for the end of process %d: %w", x.pid, err)
		case n > 0:
			return nil
		case left == 0:
			return x.alive()
		}
	}
}

// alive says what a process that should have ended does instead.
func (x victim) alive() error {
	t, err := proc.Read(x.pid)
	if err != nil {
		return nil // It has just ended.
	}
	return fmt.Errorf("the image is complete, but process %d (%s), though killed, has not ended within %v (state %c)", x.pid, t.Comm, patience, t.State)
}
