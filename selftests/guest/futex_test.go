// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/selftests/guest/kit"
)

// TestFutexMutex waits for a mutex in every way.
func TestFutexMutex(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "sync", Variant: "mutex", Ways: kit.EveryWay})
}

// synced runs what threads wait for, and the same among processes.
func synced(t *testing.T, kind string) {
	t.Helper()
	families(t, "sync", kind)
	kit.RunFamilies(t, kit.Family{Prog: "sync", Variant: kind + "_process", Ways: someWays, Look: []string{"maps"}})
}

func TestFutexShared(t *testing.T)  { synced(t, "mutex") }
func TestFutexCond(t *testing.T)    { synced(t, "cond") }
func TestFutexBarrier(t *testing.T) { synced(t, "barrier") }
func TestFutexSem(t *testing.T)     { synced(t, "sem") }
func TestFutexRwlock(t *testing.T)  { synced(t, "rwlock") }
func TestFutexRobust(t *testing.T)  { synced(t, "robust") }

// TestFutexPI has an owner whose priority is that of its most urgent waiter, which shows in /proc: before it runs again,
// the waiters have to be back in the kernel's list.
func TestFutexPI(t *testing.T) { synced(t, "pi") }

// inherited runs what waits for priority-inheriting futexes, among threads and among processes.
func inherited(t *testing.T, kind string, look ...string) {
	t.Helper()
	kit.RunFamilies(t,
		kit.Family{Prog: "futex_pi", Variant: kind, Ways: someWays, Look: look},
		kit.Family{Prog: "futex_pi", Variant: kind + "_process", Ways: someWays, Look: append(look, "maps")})
}

// TestFutexPIDeadline has waits that end at an instant.
func TestFutexPIDeadline(t *testing.T) { inherited(t, "deadline", ".") }

func TestFutexPIRequeue(t *testing.T)  { inherited(t, "requeue") }
func TestFutexPIRequeued(t *testing.T) { inherited(t, "requeued") }
func TestFutexPIRobust(t *testing.T)   { inherited(t, "robust") }

// TestFutexPIOutside has a task outside of the hierarchy wait for a futex that is held inside: what the owner owes it
// cannot be restored.
func TestFutexPIOutside(t *testing.T) {
	p := kit.StartFamily(t, "futex_pi", "keep", "outside")
	p.Ready(t)
	owner := kit.Members(p.Pid)[1]
	img, err := kit.Checkpoint(t, owner, calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE)
	wantErrno(t, "checkpoint of the owner alone", err, unix.EBUSY)
	if want := "priority-inheritance futex that a task outside waits for"; !strings.Contains(img.Log(), want) {
		t.Errorf("log: got %q, want %q", img.Log(), want)
	}
	if _, err := kit.Checkpoint(t, p.Pid, calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE); err != nil {
		t.Errorf("checkpoint of both: %v", err)
	}
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("the program after the refusal: %s", v)
	}
}
