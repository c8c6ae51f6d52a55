// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// wait returns how the root of the hierarchy ended. Signals that arrive
// meanwhile are passed on to it; as the init of a namespace, restart reaps
// whatever else ends.
func (j *job) wait() (unix.WaitStatus, error) {
	// A pidfd never names another process, not even after ours was reaped.
	fd, err := unix.PidfdOpen(j.proc.PID, 0)
	if err != nil {
		return 0, fmt.Errorf("pidfd_open: %w", err)
	}
	defer unix.Close(fd)
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case s := <-j.sigs:
				if n, ok := s.(syscall.Signal); ok {
					_ = unix.PidfdSendSignal(fd, n, nil, 0)
				}
			case <-done:
				return
			}
		}
	}()
	lent := lentTerminal(j.proc.PID)
	defer lent.close()
	options := 0
	if lent != nil {
		options = unix.WUNTRACED
	}
	whom := j.proc.PID
	if j.init {
		whom = -1
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(whom, &status, options, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, fmt.Errorf("wait4: %w", err)
		case status.Stopped():
			if pid == j.proc.PID {
				lent.stopped()
			}
		case pid == j.proc.PID:
			return status, j.selfEnded()
		}
	}
}

// selfEnded is the reason why the process of --self never became that of the
// image, if it did not.
func (j *job) selfEnded() error {
	if !j.self {
		return nil
	}
	return j.failedSelf()
}
