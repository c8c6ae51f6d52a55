// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"testing"

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
