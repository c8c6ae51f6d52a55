// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/tools/internal/support"
	"linux-cr/tools/internal/tree"
)

// restartSelf has a new process call restart(2) for itself. It gets whatever
// pid is free. Nobody is told when such a restart succeeds: what can be seen is
// that the kernel closes the descriptors the process had before, or that the
// process ends.
func (j *job) restartSelf() error {
	if n := len(j.src.Tasks); n != 1 {
		return fmt.Errorf("the image holds %d tasks: --self brings back an image of one", n)
	}
	var alive [2]int
	if err := unix.Pipe2(alive[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("pipe: %w", err)
	}
	defer unix.Close(alive[0])
	before := time.Now()
	if j.timens {
		// The process is made by the thread that has got the namespace.
		runtime.LockOSThread()
		if err := goOn(&j.src.Head); err != nil {
			return err
		}
	}
	proc, err := selfPlan(j.src.Fd(), j.log.Fd(), j.changed.flags(), alive[1]).Start()
	unix.Close(alive[1])
	if err != nil {
		return err
	}
	j.proc = proc
	j.pid.Store(int32(proc.PID))
	j.src.Start()
	gone := make(chan struct{})
	go func() {
		for {
			if _, err := unix.Read(alive[0], make([]byte, 1)); err != unix.EINTR {
				break
			}
		}
		close(gone)
	}()
	select {
	case <-gone:
	case got := <-j.sigs:
		j.kill()
		<-gone
		return fmt.Errorf("ended by a signal: %v", got)
	}
	if failed := j.failedSelf(); failed != nil {
		j.kill()
		return failed
	}
	if j.verbose {
		fmt.Fprintf(j.stderr, "restart: %v\n", time.Since(before).Round(time.Microsecond))
	}
	return nil
}

// failedSelf tells a restart that failed from a process that has ended since.
func (j *job) failedSelf() error {
	var call *tree.CallError
	if errors.As(j.proc.Err(), &call) {
		if call.Call != restartCall {
			return call
		}
		return support.Explain(restartCall, call.Errno, j.log)
	}
	// Beyond the point of no return the kernel kills the process.
	if reason := j.log.Reason(); reason != "" {
		return errors.New(reason)
	}
	return nil
}
