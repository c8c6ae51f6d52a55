// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/abi/image"
	"linux-cr/tools/internal/imagetest"
	"linux-cr/tools/internal/interrupt"
	"linux-cr/tools/internal/proc"
	"linux-cr/tools/internal/source"
	"linux-cr/tools/internal/tree"
	"linux-cr/tools/internal/tree/treetest"
)

// These tests make hierarchies on whatever kernel they run on: with clone3 in
// place of clone_with_pids, and tasks that sleep instead of waiting in
// restart(2). A ghost ends there.

// hostPlan is a plan that can be started here.
func hostPlan(t *testing.T, h *source.Head) *tree.Plan {
	t.Helper()
	self, err := pidfdSelf()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(self) })
	pl := newPlanner(self, -1)
	pl.make = treetest.Clone3
	pl.wait = func(p *tree.Plan, flags uintptr) {
		if flags&calls.RESTART_GHOST != 0 {
			p.Exit(0)
		}
		p.Call("pause", unix.SYS_PPOLL, 0, 0, 0, 0, 0)
	}
	if err := pl.plan(h); err != nil {
		t.Fatal(err)
	}
	return pl.Plan
}

// onThread keeps the test on its thread, at whose end the processes would be killed.
func onThread(t *testing.T) {
	t.Helper()
	treetest.NeedPids(t)
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
		runtime.UnlockOSThread()
	})
}

// bring starts the tasks and waits until they are there.
func bring(t *testing.T, h *source.Head) *job {
	t.Helper()
	onThread(t)
	root, err := hostPlan(t, h).Start()
	if err != nil {
		t.Fatal(err)
	}
	j := &job{proc: root}
	j.pid.Store(int32(root.PID))
	treetest.Until(t, "tasks", func() bool {
		if err := root.Err(); err != nil {
			j.kill()
			t.Fatal(err)
		}
		return asleep(h)
	})
	return j
}

// asleep reports whether every task is there and waits.
func asleep(h *source.Head) bool {
	for i := len(h.Tasks) - 1; i >= 0; i-- {
		if task, err := proc.Read(int(h.Tasks[i].PID)); err != nil || task.State != 'S' {
			return false
		}
	}
	return true
}

// gone checks that none of the ids is left.
func gone(t *testing.T, h *source.Head) {
	t.Helper()
	for _, list := range [][]image.Pids{h.Tasks, h.Ghosts} {
		for i := range list {
			if task, err := proc.Read(int(list[i].PID)); err == nil {
				t.Errorf("%d is still there: %+v", list[i].PID, task)
			}
		}
	}
	noChildren(t)
}

func TestFamily(t *testing.T) {
	treetest.NeedPids(t)
	first := treetest.FreePids(t, 11)
	h := head(t, family(first)...)
	j := bring(t, h)
	for p := range h.Processes() {
		tids := []int32{p.PID}
		for _, thread := range p.Threads {
			tids = append(tids, thread.PID)
		}
		if got := treetest.Threads(p.PID); !slices.Equal(got, tids) {
			t.Errorf("process %d has threads %d, want %d", p.PID, got, tids)
		}
		for _, tid := range tids {
			if got := treetest.Status(tid, "Tgid"); got != fmt.Sprint(p.PID) {
				t.Errorf("task %d belongs to process %s", tid, got)
			}
		}
		if p.Parent != nil && treetest.Status(p.PID, "PPid") != fmt.Sprint(p.PPID) {
			t.Errorf("the parent of %d is %s, want %d", p.PID, treetest.Status(p.PID, "PPid"), p.PPID)
		}
	}
	for i := range h.Tasks {
		task := &h.Tasks[i]
		want := strings.Trim(fmt.Sprint(source.PIDs(task)), "[]")
		if got := treetest.Status(task.PID, "NSpid"); got != want && !strings.HasSuffix(got, " "+want) {
			t.Errorf("task %d is %s in its pid namespaces, want %s", task.PID, got, want)
		}
	}
	for i := range h.Ghosts {
		pid := h.Ghosts[i].PID
		treetest.Until(t, fmt.Sprintf("end of ghost %d", pid), func() bool { return !treetest.Exists(pid) })
	}
	j.kill()
	gone(t, h)
}

// TestThousands makes 1,000 processes, in chains of 10, and 1,000 threads.
func TestThousands(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second or two")
	}
	treetest.NeedPids(t)
	first := treetest.FreePids(t, 2000)
	tasks := []image.Pids{imagetest.Task(first)}
	for i := int32(1); i < 1000; i++ {
		parent := tasks[0]
		if i%10 != 0 {
			parent = tasks[i-1]
		}
		tasks = append(tasks, imagetest.Child(parent, first+i))
	}
	for i := int32(0); i < 1000; i++ {
		tasks = append(tasks, imagetest.Thread(tasks[i%2*500], first+1000+i))
	}
	before := time.Now()
	h := head(t, tasks...)
	j := bring(t, h)
	t.Logf("made in %v", time.Since(before))
	for i, want := range map[int32]int{0: 501, 500: 501, 999: 1} {
		if got := len(treetest.Threads(first + i)); got != want {
			t.Errorf("process %d has %d threads, want %d", i, got, want)
		}
	}
	j.kill()
	gone(t, h)
}

// TestTakenDeep asks for a pid that somebody has, for every kind of task.
func TestTakenDeep(t *testing.T) {
	treetest.NeedPids(t)
	pid := int32(os.Getpid())
	first := treetest.FreePids(t, 11)
	for i, task := range family(first) {
		tasks := family(first)
		for k := range tasks {
			for _, id := range []*int32{&tasks[k].PID, &tasks[k].TGID, &tasks[k].PPID, &tasks[k].PGID, &tasks[k].SID} {
				if *id == task.PID {
					*id = pid
				}
			}
		}
		h := head(t, tasks...)
		var call *tree.CallError
		// A number is free only a moment after its task is gone from /proc.
		treetest.Until(t, "free pids", func() bool {
			err := attempt(t, h)
			if !errors.As(err, &call) || call.Errno != unix.EEXIST {
				t.Fatalf("task %d: %v", i, err)
			}
			return call.PID == pid
		})
		other := func(p image.Pids) bool { return p.PID == pid }
		h.Tasks, h.Ghosts = slices.DeleteFunc(h.Tasks, other), slices.DeleteFunc(h.Ghosts, other)
		gone(t, h)
	}
}

// attempt starts a hierarchy of which a call fails, as coordinate does.
func attempt(t *testing.T, h *source.Head) error {
	t.Helper()
	onThread(t)
	root, err := hostPlan(t, h).Start()
	if err != nil {
		return err
	}
	j := &job{proc: root}
	j.pid.Store(int32(root.PID))
	failed := make(chan struct{})
	stop := root.OnFailure(func() { j.killRoot(); close(failed) })
	select {
	case <-failed:
		err = root.Err()
	case <-time.After(10 * time.Second):
	}
	stop()
	j.kill()
	return err
}

// doomed makes this test binary the coordinator that TestCoordinatorKilled kills.
const doomed = "RESTART_TEST_DOOMED"

func TestCoordinatorKilled(t *testing.T) {
	treetest.NeedPids(t)
	if first := os.Getenv(doomed); first != "" {
		n, err := strconv.Atoi(first)
		if err != nil {
			t.Fatal(err)
		}
		interrupt.OffLeader(func() {
			if _, err := hostPlan(t, head(t, family(int32(n))...)).Start(); err != nil {
				t.Error(err)
				return
			}
			select {}
		})
		return
	}
	onThread(t)
	// Kill it when everything is there, and at all stages before.
	for try := range 30 {
		first := treetest.FreePids(t, 11)
		h := head(t, family(first)...)
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestCoordinatorKilled$")
		cmd.Env = append(os.Environ(), fmt.Sprint(doomed, "=", first))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		treetest.Until(t, "first process", func() bool {
			_, err := proc.Read(int(first))
			return err == nil
		})
		if try == 0 {
			treetest.Until(t, "tasks", func() bool { return asleep(h) })
		}
		time.Sleep(time.Duration(try) * 100 * time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		treetest.Until(t, "end of the tasks", func() bool {
			for {
				if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); pid <= 0 || err != nil {
					break
				}
			}
			for i := range h.Tasks {
				if _, err := proc.Read(int(h.Tasks[i].PID)); err == nil {
					return false
				}
			}
			return true
		})
	}
}

// TestReap ends a hierarchy whose root has ended, and that would live on.
func TestReap(t *testing.T) {
	onThread(t)
	p := &tree.Plan{}
	p.Clone(uintptr(unix.SIGCHLD))()
	var orphans []func()
	for range 5 {
		orphans = append(orphans, p.Clone(uintptr(unix.SIGCHLD)))
	}
	p.Exit(0)
	for _, orphan := range orphans {
		orphan()
		below := p.Clone(uintptr(unix.SIGCHLD))
		p.Call("pause", unix.SYS_PPOLL, 0, 0, 0, 0, 0)
		below()
		p.Call("pause", unix.SYS_PPOLL, 0, 0, 0, 0, 0)
	}
	root, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	reap()
	noChildren(t)
}
