// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
	"linux-cr/abi/schema"
	"linux-cr/selftests/guest/kit"
)

// TestSysvShm has a segment that four areas of three processes show, and one that nobody does: each is in the image once.
func TestSysvShm(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "sysv", Variant: "shm", Alone: true, Ways: kit.EveryWay, Look: []string{"ns/ipc"}, Image: func(t *testing.T, i *kit.Image) {
		wantRecords(t, i, map[uint32]int{image.CKPT_HDR_SHM: 2})
	}})
}

// TestSysvShmHere has a removed segment in the namespace of whoever saves and restarts.
func TestSysvShmHere(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "sysv", Variant: "shm-here", Alone: true, Image: func(t *testing.T, i *kit.Image) {
		wantRecords(t, i, map[uint32]int{image.CKPT_HDR_SHM: 1})
	}})
}

// TestSysvShmLeftBehind has a segment in the namespace of whoever restarts, which outlives its processes.
func TestSysvShmLeftBehind(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "sysv", Variant: "shm-left-here", Alone: true, Image: func(t *testing.T, i *kit.Image) {
		wantRecords(t, i, map[uint32]int{image.CKPT_HDR_SHM: 1})
	}})
}

// TestSysvShmInUse has a segment that somebody has attached, or changed, since: it stays, and the restart fails.
func TestSysvShmInUse(t *testing.T) {
	const key = 0x5eed0001
	_, img, _ := whole(t, "sysv", "shm-left-here")
	id, err := unix.SysvShmGet(key, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer removeSysv(int32(id))
	mem, err := unix.SysvShmAttach(id, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	before := string(mem)
	sysvInUse(t, img)
	if string(mem) != before {
		t.Error("a failed restart changes a segment that is in use")
	}
	if err := unix.SysvShmDetach(mem); err != nil {
		t.Fatal(err)
	}
	var ds unix.SysvShmDesc
	if _, err := unix.SysvShmCtl(id, unix.IPC_STAT, &ds); err != nil {
		t.Fatal(err)
	}
	ds.Perm.Mode ^= 0o004
	if _, err := unix.SysvShmCtl(id, unix.IPC_SET, &ds); err != nil {
		t.Fatal(err)
	}
	sysvInUse(t, img)
}

// sysvInUse has a restart fail on an identifier.
func sysvInUse(t *testing.T, img *kit.Image) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	status := kit.StartRestart(t, img, []string{"/bin/restart", "-l", log}).Wait(t)
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if status != 1 || !strings.Contains(string(b), "its identifier or its key 0x5eed0001 is in use") {
		t.Errorf("restart: exit status %d, log %q", status, b)
	}
}

func TestSysvSem(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "sysv", Variant: "sem", Alone: true, Look: []string{"ns/ipc"}})
}

// TestSysvSemShared has two processes that share what is undone.
func TestSysvSemShared(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "sysv", Variant: "sysvsem", Alone: true, Look: []string{"ns/ipc"}, Image: func(t *testing.T, i *kit.Image) {
		wantRecords(t, i, map[uint32]int{image.CKPT_HDR_SEM: 1, image.CKPT_HDR_SEM_UNDO: 1, image.CKPT_HDR_SEM_UNDO_SET: 1})
	}})
}

func TestSysvMsg(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "sysv", Variant: "msg", Alone: true, Look: []string{"ns/ipc"}})
}

func TestHostileFieldsIPC(t *testing.T) { hostileFieldsOf(t, &schema.IPC, "sysv", "lab-here") }

// removeSysv removes objects by identifier, whatever there is of them.
func removeSysv(ids ...int32) {
	for _, id := range ids {
		_, _, _ = unix.Syscall(unix.SYS_SHMCTL, uintptr(id), unix.IPC_RMID, 0)
		_, _, _ = unix.Syscall(unix.SYS_MSGCTL, uintptr(id), unix.IPC_RMID, 0)
		_, _, _ = unix.Syscall6(unix.SYS_SEMCTL, uintptr(id), 0, unix.IPC_RMID, 0, 0, 0)
	}
}

// sysvLeft are the lines of /proc/sysvipc, without those that say what is in the columns.
func sysvLeft(t *testing.T) int {
	t.Helper()
	lines := 0
	for _, kind := range []string{"shm", "sem", "msg"} {
		b, err := os.ReadFile("/proc/sysvipc/" + kind)
		if err != nil {
			t.Fatal(err)
		}
		lines += strings.Count(string(b), "\n") - 1
	}
	return lines
}

// TestHostileSysv grafts System V IPC objects that are wrong in one way each. None of them is left behind.
func TestHostileSysv(t *testing.T) {
	const id = 40<<15 + 77
	perm := func(change ...func(p *image.IpcPerm)) [1]image.IpcPerm {
		p := image.IpcPerm{ID: id, Key: 0x7eed, Mode: 0o600}
		for _, c := range change {
			c(&p)
		}
		return [1]image.IpcPerm{p}
	}
	shm := func(g *graft, s image.Shm, pages ...uint64) int32 {
		s.ObjRef = g.next
		g.add(&s)
		if len(pages) > 0 {
			g.pages(pages...)
		}
		g.pages()
		g.next++
		return s.ObjRef
	}
	file := func(g *graft, ref int32, flags uint32) {
		g.add(&image.File{ObjRef: g.next, FType: image.CKPT_FILE_SHM, FFlags: flags, IMode: unix.S_IFREG | 0o600})
		g.add(&image.ShmFile{ShmRef: ref})
		g.next++
	}
	sem := func(g *graft, p [1]image.IpcPerm, values ...uint32) int32 {
		s := image.Sem{ObjRef: g.next, Perm: p}
		for _, v := range values {
			s.Sems = append(s.Sems, image.SemValue{Value: v})
		}
		g.add(&s)
		g.next++
		return s.ObjRef
	}
	undo := func(g *graft, tasks []int32, sets ...image.SemUndoSet) {
		g.add(&image.SemUndo{ObjRef: g.next, NrSets: uint32(len(sets)), Tasks: tasks})
		for i := range sets {
			g.add(&sets[i])
		}
		g.next++
	}
	msg := func(g *graft, q image.MsgQueue, sizes ...int) {
		q.ObjRef, q.NrMessages = g.next, uint32(len(sizes))
		g.add(&q)
		for _, n := range sizes {
			g.add(&image.Msg{Mtype: 1, Text: make([]byte, n)})
		}
		g.next++
	}
	hostile(t, func(l *kit.Lab) int {
		self := int32(0)
		for _, p := range kit.Records(t, l.Image) {
			if p.Type == image.CKPT_HDR_TASK {
				self = int32(le.Uint32(l.Image[p.Pos+8:]))
			}
		}
		good := map[string]func(g *graft){
			"a segment":               func(g *graft) { file(g, shm(g, image.Shm{Perm: perm(), Size: 3*page + 5}, 0, 3*page), unix.O_RDWR) },
			"one that is locked":      func(g *graft) { shm(g, image.Shm{Perm: perm(), Size: page, Flags: image.CKPT_SHM_LOCKED}) },
			"one without reservation": func(g *graft) { shm(g, image.Shm{Perm: perm(), Size: page, Flags: image.CKPT_SHM_NORESERVE}) },
			"of somebody else": func(g *graft) {
				sem(g, perm(func(p *image.IpcPerm) { p.UID, p.GID, p.Cuid, p.Cgid = 1, 2, 3, 4 }), 1, 2)
			},
			"the largest identifier": func(g *graft) { sem(g, perm(func(p *image.IpcPerm) { p.ID = 1<<31 - 1 }), 32767) },
			"something to undo": func(g *graft) {
				ref := sem(g, perm(), 3, 4)
				undo(g, []int32{self}, image.SemUndoSet{SemRef: ref, Adjust: []int32{-3, 1}})
			},
			"nothing to undo":  func(g *graft) { undo(g, []int32{self}) },
			"a queue":          func(g *graft) { msg(g, image.MsgQueue{Perm: perm(), Qbytes: 16384}, 8000, 0, 8192, 1) },
			"a shrunken queue": func(g *graft) { msg(g, image.MsgQueue{Perm: perm(), Qbytes: 10}, 8000, 7000) },
		}
		bad := map[string]func(g *graft){
			"identifier below 0":      func(g *graft) { sem(g, perm(func(p *image.IpcPerm) { p.ID = -1 }), 1) },
			"unknown permissions":     func(g *graft) { sem(g, perm(func(p *image.IpcPerm) { p.Mode = 0o1600 }), 1) },
			"an owner that is nobody": func(g *graft) { sem(g, perm(func(p *image.IpcPerm) { p.UID = 1<<32 - 1 }), 1) },
			"a creator that is nobody": func(g *graft) {
				sem(g, perm(func(p *image.IpcPerm) { p.Cgid = 1<<32 - 1 }), 1)
			},
			"the same identifier twice": func(g *graft) {
				sem(g, perm(), 1)
				sem(g, perm(func(p *image.IpcPerm) { p.Key++ }), 1)
			},
			"the same key twice": func(g *graft) { sem(g, perm(), 1); sem(g, perm(func(p *image.IpcPerm) { p.ID++ }), 1) },
			"the same place twice": func(g *graft) {
				sem(g, perm(), 1)
				sem(g, perm(func(p *image.IpcPerm) { p.Key++; p.ID += 1 << 15 }), 1)
			},
			"segment without size":  func(g *graft) { shm(g, image.Shm{Perm: perm()}) },
			"segment without end":   func(g *graft) { shm(g, image.Shm{Perm: perm(), Size: 1<<64 - 1}) },
			"segment beyond memory": func(g *graft) { shm(g, image.Shm{Perm: perm(), Size: 1 << 56}) },
			"page behind the end":   func(g *graft) { shm(g, image.Shm{Perm: perm(), Size: page}, page) },
			"unknown marks":         func(g *graft) { shm(g, image.Shm{Perm: perm(), Size: page, Flags: 1 << 4}) },
			"removed, with a key":   func(g *graft) { shm(g, image.Shm{Perm: perm(), Size: page, Flags: image.CKPT_SHM_DEST}) },
			"removed, of nobody": func(g *graft) {
				shm(g, image.Shm{Perm: perm(func(p *image.IpcPerm) { p.Key = 0 }), Size: page, Flags: image.CKPT_SHM_DEST})
			},
			"a file of no segment":   func(g *graft) { file(g, 0, unix.O_RDWR) },
			"a file of a set":        func(g *graft) { file(g, sem(g, perm(), 1), unix.O_RDWR) },
			"a file to write only":   func(g *graft) { file(g, shm(g, image.Shm{Perm: perm(), Size: page}), unix.O_WRONLY) },
			"a file that is cut off": func(g *graft) { file(g, shm(g, image.Shm{Perm: perm(), Size: page}), unix.O_RDWR|unix.O_TRUNC) },
			"no semaphores":          func(g *graft) { sem(g, perm()) },
			"more semaphores than there may be": func(g *graft) {
				sem(g, perm(), make([]uint32, 32001)...)
			},
			"a value beyond the largest": func(g *graft) { sem(g, perm(), 32768) },
			"undo of nobody":             func(g *graft) { undo(g, nil) },
			"undo of a task that is not there": func(g *graft) {
				undo(g, []int32{self + 1})
			},
			"undo of one twice": func(g *graft) { undo(g, []int32{self, self}) },
			"undo of task 0":    func(g *graft) { undo(g, []int32{0}) },
			"undo on nothing":   func(g *graft) { undo(g, []int32{self}, image.SemUndoSet{Adjust: []int32{1}}) },
			"undo of more than are": func(g *graft) {
				undo(g, []int32{self}, image.SemUndoSet{SemRef: sem(g, perm(), 1), Adjust: []int32{1, 1}})
			},
			"undo of fewer than are": func(g *graft) {
				undo(g, []int32{self}, image.SemUndoSet{SemRef: sem(g, perm(), 1, 1), Adjust: []int32{1}})
			},
			"undo of too much": func(g *graft) {
				undo(g, []int32{self}, image.SemUndoSet{SemRef: sem(g, perm(), 1), Adjust: []int32{32768}})
			},
			"undo of a set twice": func(g *graft) {
				set := image.SemUndoSet{SemRef: sem(g, perm(), 1), Adjust: []int32{1}}
				undo(g, []int32{self}, set, set)
			},
			"undo without its sets": func(g *graft) { g.add(&image.SemUndo{ObjRef: g.next, NrSets: 3, Tasks: []int32{self}}) },
			"a message too large":   func(g *graft) { msg(g, image.MsgQueue{Perm: perm(), Qbytes: 16384}, 8193) },
			"more than the queue holds": func(g *graft) {
				msg(g, image.MsgQueue{Perm: perm(), Qbytes: 16384}, 8000, 8000, 8000)
			},
			"a queue of all memory": func(g *graft) { msg(g, image.MsgQueue{Perm: perm(), Qbytes: 1 << 40}) },
			"a message of no type": func(g *graft) {
				g.add(&image.MsgQueue{ObjRef: g.next, NrMessages: 1, Perm: perm(), Qbytes: 100})
				g.add(&image.Msg{})
			},
			"messages that are missing": func(g *graft) {
				g.add(&image.MsgQueue{ObjRef: g.next, NrMessages: 1 << 20, Perm: perm(), Qbytes: 100})
			},
		}
		before := sysvLeft(t)
		for what, make := range good {
			g := newGraft(t, l)
			make(g)
			if v := l.Try(g.image()); v.Errno != 0 {
				t.Errorf("%s: %v\n%s", what, v.Errno, v.Log)
			}
			removeSysv(id, 1<<31-1)
		}
		for what, make := range bad {
			g := newGraft(t, l)
			make(g)
			l.WantFailure(what, l.Try(g.image()))
			if after := sysvLeft(t); after != before {
				t.Errorf("%s: got %d objects, want the %d from before", what, after, before)
				removeSysv(id, id+1)
			}
		}
		return len(good) + len(bad)
	})
}
