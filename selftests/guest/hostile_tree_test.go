// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
	"linux-cr/selftests/guest/kit"
)

// Where the fields of an entry of the task array stand.
const (
	atPid, atTgid, atPpid, atPgid, atSid, atFlags, atLevels, atPtid = 8, 12, 16, 20, 24, 28, 32, 36
)

// An array is the task array of an image that is to be damaged.
type array struct {
	t      *testing.T
	b      []byte
	tree   kit.Place
	places []kit.Place
}

func arrayOf(t *testing.T, b []byte) *array {
	t.Helper()
	a := &array{t: t, b: slices.Clone(b)}
	for _, p := range kit.Records(t, b) {
		switch p.Type {
		case image.CKPT_HDR_TREE:
			a.tree = p
		case image.CKPT_HDR_PIDS:
			a.places = append(a.places, p)
		}
	}
	return a
}

func (a *array) get(entry, field int) int32 { return int32(le.Uint32(a.b[a.places[entry].Pos+field:])) }

func (a *array) set(entry, field int, value int32) {
	le.PutUint32(a.b[a.places[entry].Pos+field:], uint32(value))
}

// swap exchanges two entries of the same length.
func (a *array) swap(i, j int) {
	p, q := a.places[i], a.places[j]
	tmp := slices.Clone(a.b[p.Pos : p.Pos+p.Len])
	copy(a.b[p.Pos:p.Pos+p.Len], a.b[q.Pos:q.Pos+q.Len])
	copy(a.b[q.Pos:q.Pos+q.Len], tmp)
}

func hostileTree(t *testing.T, prog, variant string, try func(l *kit.TreeLab) (tries int)) {
	t.Helper()
	kit.KernelSilence(t)
	l := kit.NewTreeLab(t, prog, variant)
	// What is allocated once is allocated now.
	l.TryTree(l.Image[:len(l.Image)/2])
	before := kit.TakeCensus(t)
	tries := try(l)
	before.Compare(t, kit.TakeCensus(t), tries)
}

// TestHostileTree has task arrays that no hierarchy can have. The processes are those of the good image.
func TestHostileTree(t *testing.T) {
	hostileTree(t, "tree", "levels", func(l *kit.TreeLab) int {
		last := len(l.Entries) - 1
		cases := []struct {
			what   string
			damage func(a *array)
		}{
			{"cycle: the root is the child of its child", func(a *array) { a.set(0, atPpid, a.get(1, atPid)) }},
			{"cycle: a parent is the child of its child", func(a *array) { a.set(1, atPpid, a.get(last, atPid)) }},
			{"its own parent", func(a *array) { a.set(2, atPpid, a.get(2, atPid)) }},
			{"unknown parent", func(a *array) { a.set(3, atPpid, 31999) }},
			{"no parent", func(a *array) { a.set(3, atPpid, 0) }},
			{"negative parent", func(a *array) { a.set(3, atPpid, -4) }},
			{"another parent", func(a *array) {
				a.set(last, atPpid, a.get(1, atPid))
				a.set(last, atPtid, a.get(1, atPid))
			}},
			{"child of no thread", func(a *array) { a.set(last, atPtid, 0) }},
			{"child of an unknown thread", func(a *array) { a.set(last, atPtid, 31999) }},
			{"child of a thread of another process", func(a *array) { a.set(last, atPtid, a.get(1, atPid)) }},
			{"its own child", func(a *array) { a.set(last, atPtid, a.get(last, atPid)) }},
			{"the root is a child of a thread", func(a *array) { a.set(0, atPtid, a.get(0, atPid)) }},
			{"pid twice", func(a *array) { a.set(3, atPid, a.get(2, atPid)); a.set(3, atTgid, a.get(2, atPid)) }},
			{"pid 0", func(a *array) { a.set(3, atPid, 0); a.set(3, atTgid, 0) }},
			{"negative pid", func(a *array) { a.set(3, atPid, -7); a.set(3, atTgid, -7) }},
			{"largest pid", func(a *array) { a.set(3, atPid, 0x7fffffff); a.set(3, atTgid, 0x7fffffff) }},
			{"thread of nobody", func(a *array) { a.set(3, atTgid, 31999) }},
			{"thread of another process", func(a *array) { a.set(last, atTgid, a.get(1, atPid)) }},
			{"thread before its leader", func(a *array) { a.set(1, atTgid, a.get(2, atPid)) }},
			{"two roots", func(a *array) { a.set(1, atFlags, a.get(0, atFlags)) }},
			{"no root", func(a *array) { a.set(0, atFlags, 0) }},
			{"a ghost among the tasks", func(a *array) { a.set(2, atFlags, image.CKPT_PIDS_GHOST) }},
			{"child before its parent", func(a *array) { a.swap(1, last) }},
			{"group of nobody", func(a *array) { a.set(2, atPgid, 31999) }},
			{"session of nobody", func(a *array) { a.set(2, atSid, 31999) }},
			{"group of one who is in another", func(a *array) { a.set(2, atPgid, a.get(1, atPid)) }},
			{"session of one who leads none", func(a *array) { a.set(2, atSid, a.get(1, atPid)) }},
			{"leads a session and no group", func(a *array) { a.set(2, atSid, a.get(2, atPid)) }},
			{"negative group", func(a *array) { a.set(2, atPgid, -1) }},
			{"levels without room", func(a *array) { a.set(2, atLevels, 1) }},
			{"2^31 levels", func(a *array) { a.set(2, atLevels, -0x80000000) }},
			{"no task", func(a *array) { le.PutUint32(a.b[a.tree.Pos+8:], 0) }},
			{"2^31 tasks", func(a *array) { le.PutUint32(a.b[a.tree.Pos+8:], 1<<31) }},
			{"2^32-1 tasks", func(a *array) { le.PutUint32(a.b[a.tree.Pos+8:], 1<<32-1) }},
			{"2^22 tasks", func(a *array) { le.PutUint32(a.b[a.tree.Pos+8:], 1<<22) }},
			{"one task more", func(a *array) { le.PutUint32(a.b[a.tree.Pos+8:], uint32(last+2)) }},
			{"one task less", func(a *array) { le.PutUint32(a.b[a.tree.Pos+8:], uint32(last)) }},
			{"one ghost", func(a *array) { le.PutUint32(a.b[a.tree.Pos+12:], 1) }},
			{"2^31 ghosts", func(a *array) { le.PutUint32(a.b[a.tree.Pos+12:], 1<<31) }},
			{"a ghost instead of a task", func(a *array) {
				le.PutUint32(a.b[a.tree.Pos+8:], uint32(last))
				le.PutUint32(a.b[a.tree.Pos+12:], 1)
				for _, field := range []int{atTgid, atPpid, atPgid, atSid} {
					a.set(last, field, 0)
				}
				a.set(last, atFlags, image.CKPT_PIDS_GHOST)
			}},
			{"a ghost with the number of a task", func(a *array) {
				le.PutUint32(a.b[a.tree.Pos+8:], uint32(last))
				le.PutUint32(a.b[a.tree.Pos+12:], 1)
				for _, field := range []int{atTgid, atPpid, atPgid, atSid} {
					a.set(last, field, 0)
				}
				a.set(last, atPid, a.get(1, atPid))
				a.set(last, atFlags, image.CKPT_PIDS_GHOST)
			}},
		}
		for _, c := range cases {
			a := arrayOf(t, l.Image)
			c.damage(a)
			l.WantFailure(c.what, l.TryTree(resealed(a.b)))
		}
		return len(cases)
	})
}

// TestHostileProcesses has a good image, and processes that are not those of it.
func TestHostileProcesses(t *testing.T) {
	hostileTree(t, "tree", "levels", func(l *kit.TreeLab) int {
		last := len(l.Entries) - 1
		root := l.Members[0]
		cases := []struct {
			what    string
			entries []string
		}{
			{"one process less", l.Entries[:last]},
			{"one process more", append(slices.Clone(l.Entries), fmt.Sprintf("%d:%d:%d", 31998, 31998, root))},
			{"a thread instead of a process", append(slices.Clone(l.Entries[:last]), fmt.Sprintf("%d:%d:%d", l.Members[last], root, 0))},
			{"a thread more", append(slices.Clone(l.Entries), fmt.Sprintf("%d:%d:%d", 31998, root, 0))},
			{"another parent", append(slices.Clone(l.Entries[:last]), fmt.Sprintf("%d:%d:%d", l.Members[last], l.Members[last], root))},
			{"a ghost instead of a process", append(slices.Clone(l.Entries[:last]), fmt.Sprintf("%d:0:0", l.Members[last]))},
		}
		for _, c := range cases {
			v := l.TryEntries(l.Copy(), c.entries)
			// A process that takes no part does no harm: it is none of the image's.
			if c.what != "one process more" {
				l.WantFailure(c.what, v)
			}
			unix.Kill(31998, unix.SIGKILL)
		}
		return len(cases)
	})
}

// TestHostileLevels has processes with other numbers inside of their pid namespace than the image has, and some that are
// in none.
func TestHostileLevels(t *testing.T) {
	hostileTree(t, "pidns", "one", func(l *kit.TreeLab) int {
		last := len(l.Entries) - 1
		entry, inner := l.Entries[last], strings.LastIndexByte(l.Entries[last], ':')
		for _, c := range []struct{ what, entry string }{
			{"another number inside", entry[:inner] + ":77"},
			{"any number inside", entry[:inner] + ":0"},
			{"a namespace of its own", entry + ":1"},
		} {
			l.WantFailure(c.what, l.TryEntries(l.Copy(), append(slices.Clone(l.Entries[:last]), c.entry)))
		}
		return 3
	})
}

// TestHostileReferences makes tasks refer to objects that come later, to none, and to those of another kind.
func TestHostileReferences(t *testing.T) {
	hostileTree(t, "share", "files+fs:3", func(l *kit.TreeLab) int {
		tries := 0
		for _, p := range kit.Records(t, l.Image) {
			if p.Type != image.CKPT_HDR_TASK_OBJS {
				continue
			}
			for at := 8; at < p.Len; at += 4 {
				old := int32(le.Uint32(l.Image[p.Pos+at:]))
				for _, ref := range []int32{0, -1, old + 1, old + 5, 1 << 19, 0x7fffffff} {
					if ref == old {
						continue
					}
					b := l.Copy()
					le.PutUint32(b[p.Pos+at:], uint32(ref))
					tries++
					v := l.TryTree(resealed(b))
					// Another object of the same kind may do.
					if ref <= 0 || ref > 1<<18 {
						l.WantFailure(fmt.Sprintf("reference %d at %d, was %d", ref, p.Pos+at, old), v)
					}
				}
			}
		}
		return tries
	})
}

// TestHostileThreadChild has child processes of threads that cannot have them.
func TestHostileThreadChild(t *testing.T) {
	hostileTree(t, "thread_child", "", func(l *kit.TreeLab) int {
		a := arrayOf(t, l.Image)
		thread, child := -1, -1
		for i := range a.places {
			if a.get(i, atPid) != a.get(i, atTgid) {
				thread = i
			} else if a.get(i, atPtid) != a.get(i, atPpid) {
				child = i
			}
		}
		if thread < 0 || child < 0 {
			t.Fatal("no child of a thread in the image")
		}
		for what, damage := range map[string]func(a *array){
			"unknown":                  func(a *array) { a.set(child, atPtid, 31999) },
			"a child":                  func(a *array) { a.set(child, atPtid, a.get(child, atPid)) },
			"negative":                 func(a *array) { a.set(child, atPtid, -1) },
			"a thread is its own":      func(a *array) { a.set(thread, atPtid, a.get(thread, atPid)) },
			"a thread is its leader's": func(a *array) { a.set(thread, atPtid, a.get(0, atPid)) },
		} {
			a := arrayOf(t, l.Image)
			damage(a)
			l.WantFailure("thread of the parent: "+what, l.TryTree(resealed(a.b)))
		}
		return 5
	})
}

// TestHostileIOContext damages what tasks share by CLONE_IO.
func TestHostileIOContext(t *testing.T) {
	hostileTree(t, "clone_io", "set", func(l *kit.TreeLab) int {
		tries := 0
		for _, p := range kit.Records(t, l.Image) {
			if p.Type != image.CKPT_HDR_IO_CONTEXT {
				continue
			}
			// A class that there is not, and numbers that are too large.
			for _, ioprio := range []uint32{7 << 13, 0x10000, 0xffffffff} {
				b := l.Copy()
				le.PutUint32(b[p.Pos+12:], ioprio)
				tries++
				l.WantFailure(fmt.Sprintf("I/O priority %#x", ioprio), l.TryTree(resealed(b)))
			}
		}
		if tries != 3 {
			t.Errorf("I/O contexts in the image: got %d, want 1", tries/3)
		}
		return tries
	})
}

// TestHostileTreeRandom changes random bytes of the structure of hierarchies.
func TestHostileTreeRandom(t *testing.T)    { hostileTreeRandom(t, "tree", "levels", 4) }
func TestHostileSessionRandom(t *testing.T) { hostileTreeRandom(t, "session", "session_gone", 5) }
func TestHostileZombiesRandom(t *testing.T) { hostileTreeRandom(t, "zombies", "leaders", 6) }
func TestHostileThreadsRandom(t *testing.T) { hostileTreeRandom(t, "threads", "names", 7) }
func TestHostileNestedRandom(t *testing.T)  { hostileTreeRandom(t, "pidns", "two", 8) }
func TestHostileSharingRandom(t *testing.T) { hostileTreeRandom(t, "share", "files+fs+sighand:4", 9) }

func hostileTreeRandom(t *testing.T, prog, variant string, seed uint64) {
	t.Helper()
	hostileTreeRandomIn(t, prog, variant, seed,
		image.CKPT_HDR_TREE, image.CKPT_HDR_PIDS, image.CKPT_HDR_TASK, image.CKPT_HDR_TASK_OBJS, image.CKPT_HDR_SIGNAL,
		image.CKPT_HDR_SIGPENDING, image.CKPT_HDR_THREAD)
}

// hostileTreeRandomIn changes random bytes of records of some types.
func hostileTreeRandomIn(t *testing.T, prog, variant string, seed uint64, types ...uint32) {
	t.Helper()
	const tries = 25
	hostileTree(t, prog, variant, func(l *kit.TreeLab) int {
		rnd := rand.New(rand.NewPCG(seed, 20261124))
		places := slices.DeleteFunc(kit.Records(t, l.Image), func(p kit.Place) bool { return !slices.Contains(types, p.Type) })
		succeeded := 0
		var changed []string
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("the last try: %v", changed)
			}
		})
		for range tries {
			b := l.Copy()
			changed = nil
			for range 1 + rnd.IntN(2) {
				p := places[rnd.IntN(len(places))]
				at, value := 8+rnd.IntN(p.Fixed-8), byte(rnd.Uint32())
				b[p.Pos+at] = value
				changed = append(changed, fmt.Sprintf("byte %d of record %s at %d: %#x", at, p.Name, p.Pos, value))
			}
			if v := l.TryTree(resealed(b)); v.Errno == 0 {
				succeeded++
			}
		}
		t.Logf("seed %d: %d of %d restarts succeeded", seed, succeeded, tries)
		return tries
	})
}
