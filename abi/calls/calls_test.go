// SPDX-License-Identifier: GPL-2.0

package calls

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMissing checks the error of a kernel that lacks the calls, with a number
// that no kernel has.
func TestMissing(t *testing.T) {
	_, err := syscall4(4000, 0, CHECKPOINT_FD_NONE, CHECKPOINT_QUERY, CHECKPOINT_FD_NONE)
	if !errors.Is(err, ErrNoSyscall) || !errors.Is(err, unix.ENOSYS) {
		t.Errorf("unknown call = %v; want ErrNoSyscall and ENOSYS", err)
	}
}

func TestErrOf(t *testing.T) {
	if err := errOf(0); err != nil {
		t.Errorf("errOf(0) = %v; want nil", err)
	}
	if err := errOf(unix.EBUSY); !errors.Is(err, unix.EBUSY) || errors.Is(err, ErrNoSyscall) {
		t.Errorf("errOf(EBUSY) = %v; want EBUSY alone", err)
	}
}

// TestQuery accepts both kinds of kernel: one that answers, and one that says
// clearly that it has no such calls.
func TestQuery(t *testing.T) {
	rev, features, err := Query()
	switch {
	case errors.Is(err, ErrNoSyscall):
	case err != nil:
		t.Errorf("Query() = %v", err)
	case rev == 0 || features == 0:
		t.Errorf("Query() = revision %d, features %#x; want both to be set", rev, features)
	}
}
