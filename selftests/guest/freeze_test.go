// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/selftests/guest/kit"
)

// TestFreezeOneRuns leaves one process running while all others are held: it is named.
func TestFreezeOneRuns(t *testing.T) {
	p := kit.StartFamily(t, "tree", "keep", "levels")
	p.Ready(t)
	release := kit.TreeStop.Hold(t, p.Pid)
	members := kit.Members(p.Pid)
	for _, runs := range []int{members[0], members[2], members[len(members)-1]} {
		if err := unix.Kill(runs, unix.SIGCONT); err != nil {
			t.Fatal(err)
		}
		// It counts as stopped until it has run again.
		p.Within(10*time.Second, func() bool { s := kit.Stat(runs); return len(s) > 2 && s[2] == "S" })
		img, err := kit.Checkpoint(t, p.Pid, calls.CHECKPOINT_SUBTREE)
		wantErrno(t, "one runs", err, unix.EBUSY)
		if !strings.Contains(img.Log(), fmt.Sprint(runs)) || !strings.Contains(img.Log(), "neither frozen nor stopped") {
			t.Errorf("the log does not name process %d:\n%s", runs, img.Log())
		}
		if err := unix.Kill(runs, unix.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		p.Within(10*time.Second, func() bool { s := kit.Stat(runs); return len(s) > 2 && s[2] == "T" })
	}
	kit.MustCheckpoint(t, p.Pid, 0)
	release()
	finish(t, p)
}

// storms is how many checkpoints are made of programs that fork as fast as they can.
const storms = 50

// TestFreezeForks, TestFreezeThreads and TestFreezeBoth checkpoint while tasks come and go.
func TestFreezeForks(t *testing.T)   { storm(t, "fork") }
func TestFreezeThreads(t *testing.T) { storm(t, "threads") }
func TestFreezeBoth(t *testing.T)    { storm(t, "both") }

func storm(t *testing.T, variant string) {
	t.Helper()
	p := kit.StartFamily(t, "storm", "keep", variant)
	if !p.Within(20*time.Second, func() bool { return strings.Contains(p.Result(), "READY\n") }) {
		t.Fatalf("storm: %q", p.Result())
	}
	// Each kept image is restarted later.
	var kept []*kit.Image
	sizes := map[int]int{}
	for n := range storms {
		img := kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_FREEZE)
		wantConsistent(t, img)
		sizes[len(img.Array(t))]++
		if n%10 == 5 {
			kept = append(kept, img)
		} else if !t.Failed() {
			os.Remove(img.Path)
		}
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
	}
	last := kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_FREEZE|calls.CHECKPOINT_KILL)
	p.WaitDead(t)
	t.Logf("images by number of tasks: %v", sizes)
	for _, img := range append(kept, last) {
		wait := func() {
			for _, e := range img.Array(t) {
				p.FamilyGone(t, []int{int(e.PID)})
			}
		}
		wait()
		r := kit.Restart(t, p, img, kit.Tool)
		if img == last {
			finish(t, p)
		} else {
			time.Sleep(100 * time.Millisecond)
			if strings.Contains(p.Result(), "FAIL") {
				t.Errorf("after a restart: %s", p.Result())
			}
			p.KillFamily(t, func() {})
			r.Kill()
		}
	}
}

// A disturbance is what somebody outside does to the members of a hierarchy during its checkpoint.
type disturbance struct {
	name string
	do   func(t *testing.T, members []int)
}

var disturbances = []disturbance{
	{"kill", func(_ *testing.T, members []int) {
		unix.Kill(members[len(members)-1], unix.SIGKILL)
		unix.Kill(members[1], unix.SIGKILL)
	}},
	{"stop and continue", func(_ *testing.T, members []int) {
		for _, pid := range members {
			unix.Kill(pid, unix.SIGSTOP)
			unix.Kill(pid, unix.SIGCONT)
		}
	}},
	{"trace", func(t *testing.T, members []int) {
		args := []string{"2"}
		for _, pid := range members[:6] {
			args = append(args, fmt.Sprint(pid))
		}
		if out, err := exec.Command(kit.Path("tracer"), args...).CombinedOutput(); err != nil {
			t.Errorf("tracer: %v: %s", err, out)
		}
	}},
}

// TestTorn disturbs hierarchies during their checkpoint: it fails, or the image is good.
func TestTorn(t *testing.T) {
	for _, d := range disturbances {
		t.Run(d.name, func(t *testing.T) { torn(t, kit.Freeze, d) })
	}
}

// TestTornThaw lets them go in the middle.
func TestTornThaw(t *testing.T) {
	for _, way := range []kit.Way{kit.TreeV2, kit.TreeV1, kit.TreeStop} {
		t.Run(way.Name, func(t *testing.T) { torn(t, way, disturbance{name: "thaw"}) })
	}
}

func torn(t *testing.T, way kit.Way, d disturbance) {
	t.Helper()
	const rounds = 8
	good := 0
	for range rounds {
		p := kit.StartFamily(t, "tree", "keep", "levels")
		p.Ready(t)
		members := kit.Members(p.Pid)
		release := way.Hold(t, p.Pid)
		do := func() { d.do(t, members) }
		if d.do == nil {
			do = release
			release = func() {}
		}
		done := make(chan bool)
		go func() {
			defer close(done)
			time.Sleep(time.Duration(rand.IntN(15000)) * time.Microsecond)
			do()
		}()
		img, err := kit.Checkpoint(t, p.Pid, way.Flags|calls.CHECKPOINT_SUBTREE)
		<-done
		if err == nil {
			good++
			img.Check(t)
			wantConsistent(t, img)
		} else if !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.EBUSY) {
			t.Errorf("checkpoint: %v", err)
		} else if img.Log() == "" {
			t.Errorf("checkpoint: %v without a line in the log", err)
		}
		p.KillFamily(t, release)
		// Whoever lost its parent is not found below the root any more.
		for _, pid := range members {
			unix.Kill(pid, unix.SIGKILL)
		}
		p.FamilyGone(t, members)
		if err != nil {
			continue
		}
		r := kit.Restart(t, p, img, kit.Tool)
		for _, pid := range kit.Members(p.Pid) {
			unix.Kill(pid, unix.SIGCONT)
		}
		if d.name != "kill" {
			finish(t, p)
		}
		p.KillFamily(t, func() {})
		r.Wait(t)
	}
	t.Logf("%d of %d checkpoints succeeded", good, rounds)
}

// TestFreezeAdopted has the init of a pid namespace get an orphan from outside in the middle of its checkpoint, which
// cannot have it.
func TestFreezeAdopted(t *testing.T) {
	p := kit.StartFamily(t, "pidns", "keep", "one")
	p.Ready(t)
	init := 0
	for _, pid := range kit.Members(p.Pid) {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		for line := range strings.Lines(string(status)) {
			if ids := strings.Fields(line); ids[0] == "NSpid:" && len(ids) > 2 && ids[len(ids)-1] == "1" {
				init = pid
			}
		}
	}
	if init == 0 {
		t.Fatalf("no init among %v", kit.Members(p.Pid))
	}
	in, out := pipe(t)
	if _, err := unix.FcntlInt(out.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := calls.Checkpoint(p.Pid, int(out.Fd()), calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE, none)
		done <- err
	}()
	p.Within(10*time.Second, func() bool { n, _ := unix.IoctlGetInt(int(in.Fd()), unix.TIOCINQ); return n > 0 })
	// Its output would end only with the orphan.
	if err := exec.Command(kit.Path("orphan"), fmt.Sprint(init)).Run(); err != nil {
		t.Errorf("orphan: %v", err)
	}
	go io.Copy(io.Discard, in)
	wantErrno(t, "checkpoint", <-done, unix.EBUSY)
	// Now it is a member like any other.
	if _, err := kit.Checkpoint(t, p.Pid, calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE); err != nil {
		t.Errorf("checkpoint with the orphan: %v", err)
	}
	p.KillFamily(t, func() {})
}

// whole checkpoints a hierarchy and ends it.
func whole(t *testing.T, prog, variant string) (*kit.Prog, *kit.Image, []int) {
	t.Helper()
	p := kit.StartFamily(t, prog, "keep", variant)
	p.Ready(t)
	members := kit.Members(p.Pid)
	img := kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_FREEZE|calls.CHECKPOINT_KILL)
	p.WaitDead(t)
	p.FamilyGone(t, members)
	return p, img, members
}

// TestCoordinatorKilled kills the tool early and late: either nothing is left, or all runs.
func TestCoordinatorKilled(t *testing.T) {
	p, img, members := whole(t, "tree", "levels")
	calls := kit.TreeCalls(t, img).Args(p, filepath.Join(t.TempDir(), "log"))
	complete := 0
	for ms := 1; ms <= 50; ms++ {
		// The tool needs a moment to start.
		args, delay := []string{"/bin/restart", "--verbose"}, time.Duration(ms*8)*time.Millisecond
		if ms%2 == 0 {
			args, delay = calls, time.Duration(ms)*time.Millisecond
		}
		r := kit.StartRestart(t, img, args)
		time.Sleep(delay)
		r.Kill()
		left := func() (alive []int) {
			for _, pid := range members {
				if unix.Kill(pid, 0) == nil {
					alive = append(alive, pid)
				}
			}
			return alive
		}
		gone := p.Within(3*time.Second, func() bool { return len(left()) == 0 || strings.HasPrefix(r.Output(), "restart") })
		alive := left()
		if gone && len(alive) == 0 {
			continue
		}
		if len(alive) != len(members) {
			t.Errorf("%s, killed after %v: %d of %d processes are left: %v", args[0], delay, len(alive), len(members), alive)
		}
		complete++
		for _, pid := range members {
			unix.Kill(pid, unix.SIGKILL)
		}
		p.FamilyGone(t, members)
	}
	t.Logf("%d of 50 were complete", complete)
}

// stalled starts a restart that waits for the rest of its image, all processes being there.
func stalled(t *testing.T, p *kit.Prog, img *kit.Image, members []int, how kit.How) (r *kit.Restarted, log string) {
	t.Helper()
	b := img.Bytes(t)
	in, out := pipe(t)
	go out.Write(b[:len(b)*3/4])
	log = filepath.Join(t.TempDir(), "log")
	r = kit.StartWith(t, in, how.Args(p, log))
	if !p.Within(20*time.Second, func() bool {
		for _, pid := range members {
			if unix.Kill(pid, 0) != nil {
				return false
			}
		}
		return true
	}) {
		t.Fatalf("the processes do not come: %s", r.Output())
	}
	time.Sleep(100 * time.Millisecond)
	return r, log
}

// TestMemberKilled kills one process during the restart: it fails, and nothing is left.
func TestMemberKilled(t *testing.T) {
	p, img, members := whole(t, "tree", "levels")
	for _, how := range []kit.How{kit.Tool, kit.TreeCalls(t, img)} {
		for _, victim := range []int{members[0], members[2], members[len(members)-1]} {
			r, log := stalled(t, p, img, members, how)
			if err := unix.Kill(victim, unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			p.FamilyGone(t, members)
			if status := r.Wait(t); status == 0 {
				t.Errorf("%s: process %d was killed, and the restart succeeded: %s", how.Name, victim, r.Output())
			}
			if said := r.Output() + string(must(os.ReadFile(log))); !strings.Contains(said, fmt.Sprint(victim)) {
				t.Errorf("%s: the error does not name process %d: %q", how.Name, victim, said)
			}
		}
	}
}

// TestPidTaken leaves one process of the original alive: the error names its number and its program.
func TestPidTaken(t *testing.T) {
	p := kit.StartFamily(t, "tree", "keep", "levels")
	p.Ready(t)
	members := kit.Members(p.Pid)
	img := kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_FREEZE)
	taken := members[len(members)-1]
	refused := func(pid int) {
		t.Helper()
		r := kit.StartRestart(t, img, []string{"/bin/restart"})
		if r.Wait(t) == 0 {
			t.Errorf("the restart succeeded although pid %d is taken", pid)
		}
		for _, what := range []string{fmt.Sprint("pid ", pid), "taken by tree"} {
			if !strings.Contains(r.Output(), what) {
				t.Errorf("the error does not say %q: %s", what, r.Output())
			}
		}
	}
	refused(members[0])
	for _, pid := range members[:len(members)-1] {
		unix.Kill(pid, unix.SIGKILL)
	}
	p.WaitDead(t)
	p.FamilyGone(t, members[:len(members)-1])
	refused(taken)
	p.FamilyGone(t, members[:len(members)-1])
	if err := unix.Kill(taken, unix.SIGKILL); err != nil {
		t.Error(err)
	}
	p.FamilyGone(t, members)
}
