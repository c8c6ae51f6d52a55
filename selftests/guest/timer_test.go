// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"testing"

	"linux-cr/selftests/guest/kit"
)

func posixTimer(t *testing.T, c kit.Case, variants ...string) {
	t.Helper()
	for _, v := range variants {
		c.Prog, c.Variant = "posix_timer", v
		kit.Run(t, c)
	}
}

func TestPosixTimer(t *testing.T) { posixTimer(t, kit.Case{}, "ids", "none", "pending", "stopped") }

// TestPosixTimerTime has the program dead for a while: relative timers do not count that, absolute ones do.
func TestPosixTimerTime(t *testing.T) {
	posixTimer(t, kit.Case{Dead: dead}, "left", "instant", "fires")
}

func TestPosixTimerThread(t *testing.T) { families(t, "posix_timer", "thread", "library") }
func TestPosixTimerCPU(t *testing.T)    { families(t, "posix_timer", "cpu") }

func timerfd(t *testing.T, c kit.Case, variants ...string) {
	t.Helper()
	for _, v := range variants {
		c.Prog, c.Variant, c.Look = "timerfd", v, []string{"^fdinfo "}
		kit.Run(t, c)
	}
}

func TestTimerfd(t *testing.T) { timerfd(t, kit.Case{}, "ticks", "unset") }
func TestTimerfdTime(t *testing.T) {
	timerfd(t, kit.Case{Dead: dead}, "left", "instant", "fires", "read")
}

// TestTimerfdCancel sets the clock of the machine, which nobody else must do meanwhile.
func TestTimerfdCancel(t *testing.T) {
	c := kit.Case{Prog: "timerfd", Variant: "cancel", Look: []string{"^fdinfo "}}
	t.Run("freeze", func(t *testing.T) { c.Restore(t, kit.Freeze, kit.Calls) })
	t.Run("v2", func(t *testing.T) { c.Restore(t, kit.TreeV2, kit.Tool) })
	t.Run("twin", func(t *testing.T) { c.Twin(t) })
}
