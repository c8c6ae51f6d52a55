// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"testing"

	"linux-cr/selftests/guest/kit"
)

func TestZombieStatus(t *testing.T) {
	// A core dump goes to where the program is.
	kit.Sysctl(t, "/proc/sys/kernel/core_pattern", "core")
	families(t, "zombies", "status")
}

func TestZombieTimes(t *testing.T)   { families(t, "zombies", "rusage", "nowait") }
func TestZombieSignals(t *testing.T) { families(t, "zombies", "wclone", "quiet") }
func TestZombieLeaders(t *testing.T) { families(t, "zombies", "leaders") }
func TestZombieMany(t *testing.T)    { families(t, "zombies", "grandchild", "many") }

// TestStopped has children that are stopped; being stopped once more by the way they are held would be another event.
func TestStopped(t *testing.T) {
	families(t, "stopped", "unwaited", "waited", "tstp", "continued", "threads")
}

// TestStoppedWays holds a stopped child in a version 1 freezer.
func TestStoppedWays(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "stopped", Variant: "unwaited", Ways: []kit.Way{kit.TreeV1}})
}
