// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"linux-cr/abi/image"
	"linux-cr/selftests/guest/kit"
)

func TestTreeLevels(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "tree", Variant: "levels", Ways: kit.EveryWay, Image: wantConsistent})
}

func TestTreeSubreaper(t *testing.T)   { families(t, "tree", "subreaper") }
func TestTreeCloneParent(t *testing.T) { families(t, "tree", "clone_parent") }
func TestTreeExitSignal(t *testing.T)  { families(t, "tree", "exit_signal") }
func TestTreeDeathSignal(t *testing.T) { families(t, "tree", "pdeathsig") }
func TestTreeShape(t *testing.T)       { families(t, "tree", "deep", "wide:100") }

// TestTreeThousand restarts a thousand processes in one go.
func TestTreeThousand(t *testing.T) {
	var want []int
	// A thousand that poll never sleep all at once, and looking at each in detail takes minutes.
	f := kit.Family{Prog: "tree", Variant: "wide:1000", Look: []string{"."}, Image: func(t *testing.T, i *kit.Image) {
		wantConsistent(t, i)
		for _, p := range i.Array(t) {
			want = append(want, int(p.PID))
		}
	}, After: func(t *testing.T, p *kit.Prog) {
		slices.Sort(want)
		if got := slices.Sorted(slices.Values(kit.Members(p.Pid))); !slices.Equal(got, want) {
			t.Errorf("processes: got %v, want %v", got, want)
		}
	}}
	f.Restore(t, kit.Freeze, false)
}

// TestTreeVfork has a parent in vfork, which sleeps in a way that nobody may disturb.
func TestTreeVfork(t *testing.T) { families(t, "vfork", "exit", "exec") }

// wantConsistent wants every task once, behind its parent, and a thread behind its leader.
func wantConsistent(t *testing.T, i *kit.Image) {
	t.Helper()
	seen := map[int32]bool{}
	leaders := map[int32]bool{}
	for n, p := range i.Array(t) {
		if seen[p.PID] {
			t.Errorf("entry %d: number %d is there twice", n, p.PID)
		}
		seen[p.PID] = true
		switch {
		case p.Flags&image.CKPT_PIDS_GHOST != 0:
		case p.PID == p.TGID:
			leaders[p.PID] = true
			if root := p.Flags&image.CKPT_PIDS_ROOT != 0; root != (n == 0) {
				t.Errorf("entry %d: marked as the root: %v", n, root)
			} else if !root && !leaders[p.PPID] {
				t.Errorf("entry %d: process %d before its parent %d", n, p.PID, p.PPID)
			}
		case !leaders[p.TGID]:
			t.Errorf("entry %d: thread %d before the leader of its process, %d", n, p.PID, p.TGID)
		}
	}
	tasks := 0
	i.Each(t, func(rec image.Record) {
		if task, ok := rec.(*image.Task); ok {
			tasks++
			if !seen[task.PID] {
				t.Errorf("state of a task %d that is not in the task array", task.PID)
			}
		}
		if tree, ok := rec.(*image.Tree); ok && int(tree.NrTasks+tree.NrGhosts) == 0 {
			t.Error("empty task array")
		}
	})
}

// share is what a list of words shares, as the number of objects that N sharers must have.
func share(t *testing.T, i *kit.Image, variant string) {
	t.Helper()
	words, count, ok := strings.Cut(variant, ":")
	n := 2
	if ok {
		n = must(strconv.Atoi(count))
	}
	shared := func(word string) int {
		if strings.Contains("+"+words+"+", "+"+word+"+") {
			return 1
		}
		return n
	}
	mm := min(shared("vm"), shared("sighand"))
	wantRecords(t, i, map[uint32]int{
		image.CKPT_HDR_TASK: n + strings.Count(words, "thread"), image.CKPT_HDR_SIGNAL: n, image.CKPT_HDR_MM: mm, image.CKPT_HDR_FILE_TABLE: shared("files"),
		image.CKPT_HDR_FS: shared("fs"), image.CKPT_HDR_SIGHAND: shared("sighand"),
		// stdin, stdout, stderr, and the marker.
		image.CKPT_HDR_FILE_DESC: 4 * shared("files"),
	})
}

func shares(t *testing.T, variants ...string) {
	t.Helper()
	for _, v := range variants {
		kit.RunFamilies(t, kit.Family{Prog: "share", Variant: v, Ways: someWays, Image: func(t *testing.T, i *kit.Image) { share(t, i, v) }})
	}
}

func TestShareOne(t *testing.T) { shares(t, "files", "fs", "vm", "sighand") }
func TestShareSome(t *testing.T) {
	shares(t, "files+fs", "vm+files", "vm+fs", "sighand+files", "files+fs+sighand+sysvsem")
}

// TestShareHandlersThreads has a process with threads among those that share signal handlers: once it comes first in the
// image, and once last.
func TestShareHandlersThreads(t *testing.T) {
	shares(t, "sighand+files+rootthread:3", "sighand+files+childthread", "sighand+files+childthread:3")
}

// TestShareHandlersTwo has two such processes: the second changes over when all of it sleeps.
func TestShareHandlersTwo(t *testing.T) {
	shares(t, "sighand+rootthread+childthread", "sighand+files+rootthread+childthread:3")
}

// TestShareAnonMemory has two pieces of memory, shown by four and by two processes: each is in the image once.
func TestShareAnonMemory(t *testing.T) {
	for variant, record := range map[string]uint32{"anonymous": image.CKPT_HDR_SHMEM, "memfd": image.CKPT_HDR_MEMFD} {
		kit.RunFamilies(t, kit.Family{Prog: "shared_anon", Variant: variant, Ways: kit.EveryWay, Look: []string{"maps"}, Image: func(t *testing.T, i *kit.Image) {
			wantRecords(t, i, map[uint32]int{record: 2, image.CKPT_HDR_MM: 5})
		}})
	}
}

// TestShareMany counts the objects of many sharers.
func TestShareMany(t *testing.T) {
	shares(t, "files+fs:16", "sighand:16", "files+fs+sighand:16")
	f := kit.Family{Prog: "share", Variant: "files+fs+sighand:256"}
	f.Image = func(t *testing.T, i *kit.Image) { share(t, i, f.Variant) }
	t.Run(fmt.Sprint(256), func(t *testing.T) { f.Restore(t, kit.Freeze, false) })
}

// TestThreadChild has processes that are children of other threads than the leader.
func TestThreadChild(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "thread_child"})
}

// TestShareIOContext has tasks that share an I/O context, and one that does not.
func TestShareIOContext(t *testing.T) {
	for _, v := range []string{"set", "unset"} {
		kit.RunFamilies(t, kit.Family{Prog: "clone_io", Variant: v, Image: func(t *testing.T, i *kit.Image) {
			wantRecords(t, i, map[uint32]int{image.CKPT_HDR_IO_CONTEXT: 1})
		}})
	}
}
