// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/tools/internal/interrupt"
	"linux-cr/tools/internal/kernlog"
	"linux-cr/tools/internal/proc"
	"linux-cr/tools/internal/source"
	"linux-cr/tools/internal/support"
	"linux-cr/tools/internal/tree"
)

// job is one restart.
type job struct {
	*options
	src    *source.Source
	log    *kernlog.Log
	sigs   chan os.Signal
	stderr io.Writer
	proc   *tree.Process // the root of the hierarchy
}

// restart brings back a hierarchy: it makes the processes, which wait in
// restart(2), and coordinates them.
func (j *job) restart() error {
	plan, err := hierarchy(&j.src.Head, j.log.Fd())
	if err != nil {
		return err
	}
	before := time.Now()
	// Process and coordinator have to be on the same thread: Watch keeps us
	// there. The coordinator waits for the process, which may be reading a
	// stream that has stalled: only its death ends that.
	var pid atomic.Int32
	stop := interrupt.Watch(j.sigs, func() {
		if pid := pid.Load(); pid > 0 {
			_ = unix.Kill(int(pid), unix.SIGKILL)
		}
	})
	err = j.coordinate(plan, &pid)
	got := stop()
	if got != nil {
		if err == nil {
			j.kill() // The process may just have become that of the image.
		}
		return fmt.Errorf("ended by a signal: %v", got)
	}
	if err == nil && j.verbose {
		fmt.Fprintf(j.stderr, "restart: %v\n", time.Since(before).Round(time.Microsecond))
	}
	return err
}

// coordinate makes the process, tells its pid, and restores it.
func (j *job) coordinate(plan *tree.Plan, pid *atomic.Int32) (err error) {
	root := int(j.src.Root().PID)
	j.proc, err = plan.Start()
	switch {
	case errors.Is(err, unix.EBUSY):
		return taken(root)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w (a chosen pid needs CAP_CHECKPOINT_RESTORE; --pidns does without)", err)
	}
	if err != nil {
		return support.Explain("clone_with_pids", err, j.log)
	}
	pid.Store(int32(j.proc.PID))
	defer func() {
		if err != nil {
			pid.Store(0)
			j.kill()
		}
	}()
	flags := uint64(0)
	if j.frozen {
		place, err := newPlace(root, j.proc.PID)
		if err != nil {
			return err
		}
		defer func() { place.settle(j.stderr, root, err) }()
		flags |= calls.RESTART_FROZEN
	}
	j.src.Start()
	if _, err := calls.Restart(j.proc.PID, j.src.Fd(), flags, j.log.Fd()); err != nil {
		// A process that could not even get into restart(2) is the reason.
		var call *tree.CallError
		if failed := j.proc.Err(); errors.As(failed, &call) && call.Call != restartCall {
			return failed
		}
		return support.Explain("restart", err, j.log)
	}
	return nil
}

// kill removes the processes of a restart that failed.
func (j *job) kill() {
	_ = unix.Kill(j.proc.PID, unix.SIGKILL)
	for {
		if _, err := unix.Wait4(j.proc.PID, nil, 0, nil); err != unix.EINTR {
			break
		}
	}
	j.proc.Close()
}

// taken says who has the pid that the image needs.
func taken(pid int) error {
	t, err := proc.Read(pid)
	if err != nil {
		return fmt.Errorf("pid %d is taken: a process group or session has this number (--pidns avoids that)", pid)
	}
	return fmt.Errorf("pid %d is taken by %s (state %c; --pidns avoids that)", pid, t.Comm, t.State)
}
