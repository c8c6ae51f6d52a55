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

func TestFutexCond(t *testing.T)    { families(t, "sync", "cond", "cond_process") }
func TestFutexBarrier(t *testing.T) { families(t, "sync", "barrier", "barrier_process") }
func TestFutexSem(t *testing.T)     { families(t, "sync", "sem", "sem_process") }
func TestFutexRwlock(t *testing.T)  { families(t, "sync", "rwlock", "rwlock_process") }
func TestFutexShared(t *testing.T)  { families(t, "sync", "mutex_process") }
func TestFutexRobust(t *testing.T)  { families(t, "sync", "robust", "robust_process") }

// TestFutexPI has an owner whose priority is that of its most urgent waiter, which shows in /proc: before it runs again,
// the waiters have to be back in the kernel's list.
func TestFutexPI(t *testing.T) { families(t, "sync", "pi", "pi_process") }
