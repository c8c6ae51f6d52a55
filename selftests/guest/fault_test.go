// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/selftests/guest/kit"
)

// mostFaults ends a test whose call goes on making allocations.
const mostFaults = 3000

// TestFaultCheckpoint fails each allocation and each copy of a checkpoint in turn. The checkpoint fails or gets by
// without; the program does not notice.
func TestFaultCheckpoint(t *testing.T) {
	kit.Faults(t)
	p := kit.Start(t, "tiny", "keep", "")
	p.Ready(t)
	dir := t.TempDir()
	try := func(n int) (unix.Errno, bool) {
		image := must(os.Create(filepath.Join(dir, "image")))
		defer image.Close()
		log := must(os.Create(filepath.Join(dir, "log")))
		defer log.Close()
		return kit.FaultyCheckpoint(t, p.Pid, calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE, image, log, n)
	}
	if errno, happened := try(mostFaults); errno != 0 || happened {
		t.Fatalf("without a failure: %v, %v", errno, happened)
	}
	before := kit.TakeCensus(t)
	errnos := map[unix.Errno]int{}
	for n := 1; ; n++ {
		errno, happened := try(n)
		if !happened {
			if errno != 0 {
				t.Errorf("%v without a failure", errno)
			}
			t.Logf("%d failures: %v", n-1, errnos)
			before.Compare(t, kit.TakeCensus(t), n)
			break
		}
		errnos[errno]++
		if !faultErrno(errno) {
			t.Errorf("failure %d: %v", n, errno)
		}
	}
	if errnos[unix.ENOMEM] < 10 {
		t.Errorf("only %d were out of memory", errnos[unix.ENOMEM])
	}
	finish(t, p)
}

// faultErrno reports whether a call may say this when memory is short or the caller's memory cannot be reached.
func faultErrno(errno unix.Errno) bool {
	return errno == 0 || errno == unix.ENOMEM || errno == unix.EFAULT
}

// TestFaultRestart fails each allocation and each copy of a restart in turn. The restart fails and leaves its caller as
// it was, which that checks, or the program is back; a failure of the last steps kills it.
func TestFaultRestart(t *testing.T) {
	kit.Faults(t)
	l := kit.NewLab(t)
	l.Try(l.Image[:len(l.Image)/2])
	before := kit.TakeCensus(t)
	errnos := map[unix.Errno]int{}
	n, succeeded := 0, 0
	// A restart that succeeds cannot say whether there was a failure: so many in a row say that there was none.
	for succeeded < 20 && n < mostFaults {
		n++
		l.Env = []string{kit.FailNth(n)}
		v := l.Try(l.Image)
		errnos[v.Errno]++
		if v.Errno == 0 {
			succeeded++
		} else {
			succeeded = 0
		}
		if !faultErrno(v.Errno) {
			t.Errorf("failure %d: %v\n%s", n, v.Errno, v.Log)
		}
	}
	t.Logf("%d failures: %v", n-succeeded, errnos)
	before.Compare(t, kit.TakeCensus(t), n)
	if errnos[unix.ENOMEM] < 10 || n == mostFaults {
		t.Errorf("%d tries, %d out of memory", n, errnos[unix.ENOMEM])
	}
	l.Env = nil
	if v := l.Try(l.Image); v.Errno != 0 {
		t.Errorf("the good image: %v\n%s", v.Errno, v.Log)
	}
}
