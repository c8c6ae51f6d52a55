// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/selftests/guest/kit"
)

// What the test of leaks does: rounds of checkpoint, kill and restart of a hierarchy. The rounds are shared out among
// tests, each of which has a limit; the debug kernel looks for leaks by itself and is slow.
const (
	leakRounds      = 1000
	leakDebugRounds = 80
	leakTests       = 4
	leakWarmUp      = 10
	leakVariant     = "wide:19"
)

func TestLeakFirst(t *testing.T)  { leak(t) }
func TestLeakSecond(t *testing.T) { leak(t) }
func TestLeakThird(t *testing.T)  { leak(t) }
func TestLeakFourth(t *testing.T) { leak(t) }

func leak(t *testing.T) {
	t.Helper()
	rounds := leakRounds / leakTests
	if os.Getenv("SELFTEST_DEBUG") == "1" {
		rounds = leakDebugRounds / leakTests
	}
	if n, err := strconv.Atoi(os.Getenv("SELFTEST_LEAK_ROUNDS")); err == nil {
		rounds = n
	}
	p := kit.StartFamily(t, "tree", "keep", leakVariant)
	p.Ready(t)
	members := kit.Members(p.Pid)
	if len(members) != 20 {
		t.Fatalf("processes: got %d, want 20", len(members))
	}
	image := filepath.Join(t.TempDir(), "image")
	log := filepath.Join(t.TempDir(), "log")
	var last *kit.Restarted
	round := func() {
		last = saveAndRestore(t, p, last, members, image, log)
	}
	for range leakWarmUp {
		round()
	}
	before := kit.TakeCensus(t)
	pids := pidSlab(t)
	for range rounds {
		round()
	}
	before.Compare(t, kit.TakeCensus(t), rounds)
	if after := pidSlab(t); after > pids+200 {
		t.Errorf("struct pid: got %d objects, want about %d", after, pids)
	}
	finish(t, p)
	last.Wait(t)
}

// saveAndRestore is one round. The coordinator of the round before ends with the processes that it made.
func saveAndRestore(t *testing.T, p *kit.Prog, old *kit.Restarted, members []int, image, log string) *kit.Restarted {
	t.Helper()
	out := must(os.Create(image))
	_, err := calls.Checkpoint(p.Pid, int(out.Fd()), calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE|calls.CHECKPOINT_KILL, none)
	out.Close()
	if err != nil {
		t.Fatalf("checkpoint: %v", err)
	}
	if old == nil {
		p.WaitDead(t)
	} else {
		old.Wait(t)
	}
	p.FamilyGone(t, members)
	if err := os.Truncate(log, 0); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	img := &kit.Image{Path: image, LogPath: log}
	r := kit.StartRestart(t, img, kit.TreeCalls(t, img).Args(p, log))
	if line := r.Line(t); !strings.HasPrefix(line, "restart 0 ") {
		t.Fatalf("restart: %s\n%s", line, must(os.ReadFile(log)))
	}
	return r
}

// pidSlab counts the active objects of the slab of struct pid; 0 when the kernel has merged it with another.
func pidSlab(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/slabinfo")
	if err != nil {
		if !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return 0
	}
	for _, line := range strings.Split(string(b), "\n") {
		if f := strings.Fields(line); len(f) > 2 && f[0] == "pid" {
			n, _ := strconv.Atoi(f[1])
			return n
		}
	}
	return 0
}

// TestTreeKilledMidway kills hierarchies right after their restart, from the root on.
func TestTreeKilledMidway(t *testing.T) {
	p, img, members := whole(t, "tree", "levels")
	for n := range 10 {
		r := kit.StartRestart(t, img, kit.TreeCalls(t, img).Args(p, filepath.Join(t.TempDir(), "log")))
		if line := r.Line(t); !strings.HasPrefix(line, "restart 0 ") {
			t.Fatalf("restart: %s", line)
		}
		victim := members[n%len(members)]
		if err := unix.Kill(victim, unix.SIGKILL); err != nil {
			t.Errorf("kill %d: %v", victim, err)
		}
		for _, pid := range members {
			unix.Kill(pid, unix.SIGKILL)
		}
		p.FamilyGone(t, members)
		r.Wait(t)
	}
}
