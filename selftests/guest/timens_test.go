// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/selftests/guest/kit"
)

// goingOn restarts a program with restart --timens, twice in a row, and wants that its clocks have stood still both times.
func goingOn(t *testing.T, variant string, args ...string) {
	t.Helper()
	p := kit.Start(t, "timens", "keep", variant)
	p.Ready(t)
	how := kit.How{Name: "timens", Args: func(_ *kit.Prog, log string) []string {
		return slices.Concat([]string{"/bin/restart", "--copy-status", "--verbose", "--timens", "-l", log}, args)
	}}
	var least, most time.Duration
	var r *kit.Restarted
	rounds := 2
	if len(args) > 0 {
		// The process has another number outside of its namespace.
		rounds = 1
	}
	for range rounds {
		held := time.Now()
		img := kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE)
		saved := time.Now()
		if err := unix.Kill(p.Pid, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		p.Kill(t)
		if r != nil {
			r.Wait(t)
		}
		time.Sleep(2 * time.Second)
		begin := time.Now()
		r = kit.Restart(t, p, img, how)
		least, most = least+begin.Sub(saved), most+time.Since(held)
	}
	p.Go(t, least, most)
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("after the restart:\n%s", v)
	}
	if status := r.Wait(t); status != 0 {
		t.Errorf("exit status of the restart: got %d, want 0", status)
	}
}

func TestTimeNamespace(t *testing.T) {
	for _, variant := range []string{"own", "host"} {
		t.Run(variant, func(t *testing.T) {
			t.Run("twin", func(t *testing.T) {
				t.Parallel()
				(&kit.Case{Prog: "timens", Variant: variant}).Twin(t)
			})
			if kit.Stock() {
				return
			}
			t.Run("timens", func(t *testing.T) {
				t.Parallel()
				goingOn(t, variant)
			})
			t.Run("pidns", func(t *testing.T) {
				t.Parallel()
				goingOn(t, variant, "--pidns")
			})
		})
	}
}
