// SPDX-License-Identifier: GPL-2.0

// Package calls makes the checkpoint and restart system calls. It is the one
// place of the Go code that does: what a kernel without them answers is dealt
// with here.
package calls

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// ErrNoSyscall is the answer of a kernel that was not built with checkpoint and
// restart. It wraps ENOSYS.
var ErrNoSyscall = fmt.Errorf("this kernel has no checkpoint system calls (%w)", error(unix.ENOSYS))

// syscall4 is what Checkpoint and Restart come down to.
func syscall4(trap uintptr, pid, fd int, flags uint64, logfd int) (int, error) {
	r, _, errno := unix.Syscall6(trap, uintptr(pid), uintptr(fd), uintptr(flags), uintptr(logfd), 0, 0)
	return int(r), errOf(errno)
}

func errOf(errno unix.Errno) error {
	switch errno {
	case 0:
		return nil
	case unix.ENOSYS:
		return ErrNoSyscall
	}
	return errno
}

// Checkpoint writes the hierarchy below pid to fd and returns the identifier of
// the checkpoint: 0 in a task that a restart has brought back into this call.
// logfd takes errors and debug messages, or is CHECKPOINT_FD_NONE.
func Checkpoint(pid, fd int, flags uint64, logfd int) (int, error) {
	return syscall4(SYS_CHECKPOINT, pid, fd, flags, logfd)
}

// Restart brings the hierarchy below pid back from the image in fd. With
// RESTART_TASKSELF it does not return after success: the caller is then the
// task of the image.
func Restart(pid, fd int, flags uint64, logfd int) (int, error) {
	return syscall4(SYS_RESTART, pid, fd, flags, logfd)
}

// Query asks the kernel for the format revision it writes and for its
// CKPT_FEATURE_* bits. It changes nothing.
func Query() (rev uint16, features uint64, err error) {
	r, _, errno := unix.Syscall6(SYS_CHECKPOINT, 0, noFD, CHECKPOINT_QUERY, noFD, 0, 0)
	if err := errOf(errno); err != nil {
		return 0, 0, err
	}
	return uint16(r), uint64(r) >> queryShift, nil
}

// noFD is CHECKPOINT_FD_NONE as a system-call argument.
const noFD = ^uintptr(0)
