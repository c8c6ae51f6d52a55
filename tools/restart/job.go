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
	pid    atomic.Int32  // its pid while it may be killed
}

// restart brings back a hierarchy: it makes the tasks, which wait in restart(2),
// and coordinates them.
func (j *job) restart() error {
	if err := checkLimit(&j.src.Head); err != nil {
		return err
	}
	awaitEnding(&j.src.Head)
	// What loses its parent in an attempt that fails comes to us, so that we
	// see its end.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("PR_SET_CHILD_SUBREAPER: %w", err)
	}
	defer func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) }()
	place, enter, flags := (*place)(nil), -1, uint64(0)
	if j.frozen {
		var err error
		if place, err = newPlace(int(j.src.Root().PID)); err != nil {
			return err
		}
		enter, flags = place.fd(), calls.RESTART_FROZEN
	}
	err := j.watched(enter, flags|j.changed.flags())
	if place != nil {
		place.settle(j.stderr, int(j.src.Root().PID), err)
	}
	return err
}

// watched does the restart unless a signal comes.
func (j *job) watched(enter int, flags uint64) error {
	// Process and coordinator have to be on the same thread: Watch keeps us
	// there. The coordinator waits for the tasks, one of which may be reading a
	// stream that has stalled: only their death ends that.
	before := time.Now()
	stop := interrupt.Watch(j.sigs, j.killRoot)
	err := j.bringIn(enter, flags)
	got := stop()
	if got != nil {
		if err == nil {
			j.kill() // The tasks may just have become those of the image.
		}
		return fmt.Errorf("ended by a signal: %v", got)
	}
	if err == nil && j.verbose {
		fmt.Fprintf(j.stderr, "restart: %v\n", time.Since(before).Round(time.Microsecond))
	}
	return err
}

// bringIn plans the hierarchy and brings it back. enter is as for hierarchy.
func (j *job) bringIn(enter int, flags uint64) error {
	self, err := pidfdSelf()
	if err != nil {
		return err
	}
	defer unix.Close(self)
	plan, err := hierarchy(&j.src.Head, self, j.log.Fd(), enter)
	if err != nil {
		return err
	}
	return j.coordinate(plan, flags)
}

// coordinate carries out the plan and restores what it makes. When it fails,
// nothing of that is left.
func (j *job) coordinate(plan *tree.Plan, flags uint64) (err error) {
	if j.timens {
		if err := goOn(&j.src.Head); err != nil {
			return err
		}
	}
	j.proc, err = plan.Start()
	if err != nil {
		return explain(err, j.log)
	}
	j.pid.Store(int32(j.proc.PID))
	defer func() {
		if err != nil {
			j.kill()
		}
	}()
	// The call waits for every task: it has to be told of one that cannot be made.
	stop := j.proc.OnFailure(j.killRoot)
	j.src.Start()
	_, err = calls.Restart(j.proc.PID, j.src.Fd(), flags, j.log.Fd())
	stop()
	if err == nil {
		return nil
	}
	var call *tree.CallError
	failed := errors.As(j.proc.Err(), &call)
	switch {
	case failed && call.Call != restartCall:
		return explain(call, j.log)
	case failed && errors.Is(err, unix.ESRCH):
		err = call.Errno // The end of that task is what the coordinator saw.
	}
	return support.Explain(restartCall, err, j.log)
}

// killRoot ends the root of the hierarchy, if there is one yet, and thereby
// every other task of it: each is killed when its parent ends.
func (j *job) killRoot() {
	if pid := j.pid.Load(); pid > 0 {
		_ = unix.Kill(int(pid), unix.SIGKILL)
	}
}

// kill removes the tasks of a restart that failed.
func (j *job) kill() {
	j.killRoot()
	j.pid.Store(0)
	reap()
	j.proc.Close()
}
