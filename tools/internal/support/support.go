// SPDX-License-Identifier: GPL-2.0

// Package support turns a failure of the system calls into the reason a user
// can act on.
package support

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/tools/internal/kernlog"
)

// ErrNoCalls is what the tools say on a kernel without the system calls.
var ErrNoCalls = errors.New("this kernel has no checkpoint/restart system calls (CONFIG_CHECKPOINT is not set, or the patches are not applied)")

// Check fails when the running kernel lacks the system calls.
func Check() error {
	if _, _, err := calls.Query(); errors.Is(err, calls.ErrNoSyscall) {
		return ErrNoCalls
	}
	return nil
}

// Explain gives the reason why call failed: the kernel's own words when the log
// has them.
func Explain(call string, err error, log *kernlog.Log) error {
	if reason := log.Reason(); reason != "" {
		return errors.New(reason)
	}
	if errors.Is(err, unix.ENOSYS) {
		err = unix.ENOSYS // Check has found the calls: this is about some state.
	}
	if errors.Is(err, unix.EPERM) {
		return fmt.Errorf("%s: %w (see kernel.ckpt_unpriv_allowed in %s(2))", call, err, call)
	}
	return fmt.Errorf("%s: %w", call, err)
}
