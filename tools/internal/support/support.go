// SPDX-License-Identifier: GPL-2.0

// Package support turns a failure of the system calls into the reason a user
// can act on.
package support

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/tools/internal/kernlog"
)

// ErrNoCalls is what the tools say on a kernel without the system calls.
var ErrNoCalls = errors.New("this kernel has no checkpoint/restart system calls (CONFIG_CHECKPOINT is not set, or the patches are not applied)")

// options puts the tools' options in place of the flags of the system calls that the kernel's messages name.
var options = strings.NewReplacer(
	"and CHECKPOINT_SUBTREE is not given", "leave out --container",
	"CHECKPOINT_CUT", "--cut",
	"CHECKPOINT_TTY", "--tty",
	"RESTART_CHANGED", "--changed=warn",
	"RESTART_FROZEN", "--frozen",
)

// Words is a message of the kernel in the words of the tools.
func Words(message string) string { return options.Replace(message) }

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
		return errors.New(Words(reason))
	}
	if errors.Is(err, unix.ENOSYS) {
		err = unix.ENOSYS // Check has found the calls: this is about some state.
	}
	if errors.Is(err, unix.EPERM) {
		return fmt.Errorf("%s: %w (see kernel.ckpt_unpriv_allowed in %s(2))", call, err, call)
	}
	return fmt.Errorf("%s: %w", call, err)
}
