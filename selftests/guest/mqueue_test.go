// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/abi/image"
	"linux-cr/abi/schema"
	"linux-cr/selftests/guest/kit"
)

// mqueueLook is what differs in /proc: the inode number of a queue and the mount that it is in.
var mqueueLook = []string{`\bfdinfo `, "ns/ipc"}

// TestMqueue has a queue in the image once, however many descriptors there are of it, and one that nobody has open.
func TestMqueue(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "mqueue", Variant: "state", Ways: kit.EveryWay, Look: mqueueLook, Image: func(t *testing.T, i *kit.Image) {
		wantRecords(t, i, map[uint32]int{image.CKPT_HDR_MQUEUE: 8, image.CKPT_HDR_MQUEUE_FILE: 8})
	}})
}

// TestMqueueHere has queues without a name in the namespace of whoever saves and restarts.
func TestMqueueHere(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "mqueue", Variant: "state-here", Look: mqueueLook, Image: func(t *testing.T, i *kit.Image) {
		wantRecords(t, i, map[uint32]int{image.CKPT_HDR_MQUEUE: 8})
	}})
}

func TestHostileFieldsMqueues(t *testing.T) {
	hostileFieldsOf(t, &schema.Mqueues, "mqueue", "lab-here")
}

func TestMqueueWaiters(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "mqueue", Variant: "waiters", Look: mqueueLook, Image: func(t *testing.T, i *kit.Image) {
		wantRecords(t, i, map[uint32]int{image.CKPT_HDR_MQUEUE: 4, image.CKPT_HDR_MQUEUE_FILE: 5})
	}})
}

func TestMqueueExec(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "mqueue", Variant: "exec", Look: mqueueLook})
}

// mountedQueue is where the queue of a program shows in the namespace of the tests.
func mountedQueue(p *kit.Prog) string {
	return fmt.Sprint("/dev/mqueue/job-mounted-", p.Pid)
}

// TestMqueueMounted has a queue open by its path, too. It is still there when the program is dead, and is removed.
func TestMqueueMounted(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "mqueue", Variant: "mounted-here", Look: mqueueLook, WhileDead: func(t *testing.T, p *kit.Prog) {
		if err := os.Remove(mountedQueue(p)); err != nil {
			t.Error(err)
		}
	}})
}

// TestMqueueTaken wants a queue that is still there to be left as it is, and the restart to fail; an IPC namespace of its
// own lets it succeed.
func TestMqueueTaken(t *testing.T) {
	p := kit.Start(t, "mqueue", "keep", "mounted-here")
	p.Ready(t)
	img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags)
	p.Kill(t)
	t.Cleanup(func() { os.Remove(mountedQueue(p)) })
	was, err := os.Stat(mountedQueue(p))
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	r := kit.StartRestart(t, img, []string{"/bin/restart", "-l", log})
	if status := r.Wait(t); status == 0 {
		t.Error("restart succeeds although the name is taken")
	}
	if b, _ := os.ReadFile(log); !strings.Contains(string(b), "its name is in use") {
		t.Errorf("log: %q", b)
	}
	now, err := os.Stat(mountedQueue(p))
	if err != nil || !os.SameFile(was, now) {
		t.Errorf("the queue has been replaced, or is gone: %v", err)
	}
	if err := os.Remove(mountedQueue(p)); err != nil {
		t.Fatal(err)
	}
	kit.Restart(t, p, img, kit.Tool)
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("mqueue mounted-here: %s", v)
	}
}

// TestMqueueAll has a queue that no task of the hierarchy has open: it comes along with CHECKPOINT_IPC, and only then.
func TestMqueueAll(t *testing.T) {
	name := fmt.Sprint("job-all-", os.Getpid())
	path := filepath.Join("/dev/mqueue", name)
	fd, _, errno := unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(must(unix.BytePtrFromString(name)))), unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, 0o640, 0, 0, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	t.Cleanup(func() { os.Remove(path) })
	text := []byte("hello")
	if _, _, errno := unix.Syscall6(unix.SYS_MQ_TIMEDSEND, fd, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)), 3, 0, 0); errno != 0 {
		t.Fatal(errno)
	}
	unix.Close(int(fd))
	was := must(os.ReadFile(path))

	p := kit.Start(t, "tiny", "keep", "")
	p.Ready(t)
	wantRecords(t, kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags), map[uint32]int{image.CKPT_HDR_MQUEUE: 0})
	img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags|calls.CHECKPOINT_IPC)
	wantRecords(t, img, map[uint32]int{image.CKPT_HDR_MQUEUE: 1, image.CKPT_HDR_MQUEUE_MSG: 1, image.CKPT_HDR_MQUEUE_FILE: 0})
	p.Kill(t)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	kit.Restart(t, p, img, kit.Tool)
	if now, err := os.ReadFile(path); err != nil || string(now) != string(was) {
		t.Errorf("the queue after the restart: got %q, %v; want %q", now, err, was)
	}
	if st, err := os.Stat(path); err == nil && st.Mode().Perm() != 0o640&^umask() {
		t.Errorf("permissions: got %o, want %o", st.Mode().Perm(), 0o640&^umask())
	}
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("tiny: %s", v)
	}
}

// umask is that of the tests.
func umask() os.FileMode {
	mask := unix.Umask(0)
	unix.Umask(mask)
	return os.FileMode(mask)
}

// TestHostileMqueue grafts message queues that are wrong in one way each. None of them is left behind.
func TestHostileMqueue(t *testing.T) {
	const name = "hostile"
	queue := func(g *graft, q image.Mqueue, name string, msgs ...image.MqueueMsg) int32 {
		q.ObjRef, q.NrMessages = g.next, uint32(len(msgs))
		if q.Maxmsg == 0 {
			q.Maxmsg, q.Msgsize = 4, 64
		}
		g.add(&q)
		g.add(image.NewString(name))
		for i := range msgs {
			g.add(&msgs[i])
		}
		g.next++
		return q.ObjRef
	}
	file := func(g *graft, ref int32, flags uint32, change ...func(f *image.File)) {
		f := image.File{ObjRef: g.next, FType: image.CKPT_FILE_MQUEUE, FFlags: flags, IMode: unix.S_IFREG | 0o600}
		for _, c := range change {
			c(&f)
		}
		g.add(&f)
		g.add(&image.MqueueFile{MqueueRef: ref})
		g.next++
	}
	text := func(priority uint32, size int) image.MqueueMsg {
		return image.MqueueMsg{Priority: priority, Text: make([]byte, size)}
	}
	left := func() int {
		list, err := os.ReadDir("/dev/mqueue")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	hostile(t, func(l *kit.Lab) int {
		self := int32(0)
		for _, p := range kit.Records(t, l.Image) {
			if p.Type == image.CKPT_HDR_TASK {
				self = int32(le.Uint32(l.Image[p.Pos+8:]))
			}
		}
		good := map[string]func(g *graft){
			"a queue":       func(g *graft) { queue(g, image.Mqueue{Mode: 0o600}, name) },
			"with messages": func(g *graft) { queue(g, image.Mqueue{}, name, text(1, 64), text(32767, 0), text(1, 5), text(0, 1)) },
			"of others":     func(g *graft) { queue(g, image.Mqueue{UID: 7, GID: 8, Mode: 0o4777}, name) },
			"without name":  func(g *graft) { queue(g, image.Mqueue{Flags: image.CKPT_MQUEUE_UNLINKED}, name, text(1, 3)) },
			"two, one without name": func(g *graft) {
				queue(g, image.Mqueue{}, name)
				queue(g, image.Mqueue{Flags: image.CKPT_MQUEUE_UNLINKED}, name)
			},
			"the longest name": func(g *graft) {
				queue(g, image.Mqueue{Flags: image.CKPT_MQUEUE_UNLINKED}, strings.Repeat("x", 255))
			},
			"opened": func(g *graft) {
				ref := queue(g, image.Mqueue{}, name)
				file(g, ref, unix.O_RDWR|unix.O_CLOEXEC)
				file(g, ref, unix.O_WRONLY|unix.O_NONBLOCK)
			},
			"notifying": func(g *graft) {
				queue(g, image.Mqueue{NotifyPID: self, NotifySigno: 64, NotifyValue: 1<<64 - 1}, name)
			},
			"notifying nobody": func(g *graft) {
				queue(g, image.Mqueue{NotifyPID: self, NotifyHow: image.CKPT_MQ_NOTIFY_NONE}, name)
			},
		}
		bad := map[string]func(g *graft){
			"no name":         func(g *graft) { queue(g, image.Mqueue{}, "") },
			"a dot":           func(g *graft) { queue(g, image.Mqueue{}, ".") },
			"the directory":   func(g *graft) { queue(g, image.Mqueue{Flags: image.CKPT_MQUEUE_UNLINKED}, "..") },
			"a path":          func(g *graft) { queue(g, image.Mqueue{}, "a/b") },
			"a long name":     func(g *graft) { queue(g, image.Mqueue{}, strings.Repeat("x", 256)) },
			"the name of two": func(g *graft) { queue(g, image.Mqueue{}, name); queue(g, image.Mqueue{}, name) },
			"unknown marks":   func(g *graft) { queue(g, image.Mqueue{Flags: 1 << 7}, name) },
			"unknown permissions": func(g *graft) {
				queue(g, image.Mqueue{Mode: unix.S_IFREG | 0o600}, name)
			},
			"of nobody":        func(g *graft) { queue(g, image.Mqueue{UID: 1<<32 - 1}, name) },
			"of no group":      func(g *graft) { queue(g, image.Mqueue{GID: 1<<32 - 1}, name) },
			"without room":     func(g *graft) { queue(g, image.Mqueue{Maxmsg: 4}, name) },
			"of all memory":    func(g *graft) { queue(g, image.Mqueue{Maxmsg: 1 << 16, Msgsize: 1 << 24}, name) },
			"of too much":      func(g *graft) { queue(g, image.Mqueue{Maxmsg: 1 << 10, Msgsize: 1 << 14}, name) },
			"of more messages": func(g *graft) { queue(g, image.Mqueue{Maxmsg: 1<<16 + 1, Msgsize: 1}, name) },
			"fuller than full": func(g *graft) {
				queue(g, image.Mqueue{Maxmsg: 1, Msgsize: 1}, name, text(1, 1), text(1, 1))
			},
			"a message too large": func(g *graft) { queue(g, image.Mqueue{}, name, text(1, 65)) },
			"a priority too high": func(g *graft) { queue(g, image.Mqueue{}, name, text(32768, 1)) },
			"messages that are missing": func(g *graft) {
				g.add(&image.Mqueue{ObjRef: g.next, NrMessages: 3, Maxmsg: 4, Msgsize: 4})
				g.add(image.NewString(name))
				g.next++
			},
			"a name that is missing": func(g *graft) { g.add(&image.Mqueue{ObjRef: g.next, Maxmsg: 4, Msgsize: 4}); g.next++ },
			"notifying a task that is not there": func(g *graft) {
				queue(g, image.Mqueue{NotifyPID: self + 1, NotifySigno: 10}, name)
			},
			"notifying task -1": func(g *graft) { queue(g, image.Mqueue{NotifyPID: -1, NotifySigno: 10}, name) },
			"notifying without one": func(g *graft) {
				queue(g, image.Mqueue{NotifySigno: 10}, name)
			},
			"notifying a thread": func(g *graft) { queue(g, image.Mqueue{NotifyPID: self, NotifyHow: 2}, name) },
			"an unknown signal":  func(g *graft) { queue(g, image.Mqueue{NotifyPID: self, NotifySigno: 65}, name) },
			"nothing with a signal": func(g *graft) {
				queue(g, image.Mqueue{NotifyPID: self, NotifyHow: image.CKPT_MQ_NOTIFY_NONE, NotifySigno: 10}, name)
			},
			"nothing for another program": func(g *graft) { queue(g, image.Mqueue{Flags: image.CKPT_MQUEUE_EXECED}, name) },
			"a file of no queue":          func(g *graft) { file(g, 0, unix.O_RDWR) },
			"a file of something else":    func(g *graft) { file(g, 1, unix.O_RDWR) },
			"a file of both kinds":        func(g *graft) { file(g, queue(g, image.Mqueue{}, name), unix.O_ACCMODE) },
			"a file that is cut off":      func(g *graft) { file(g, queue(g, image.Mqueue{}, name), unix.O_RDWR|unix.O_TRUNC) },
			"a direct file":               func(g *graft) { file(g, queue(g, image.Mqueue{}, name), unix.O_RDWR|unix.O_DIRECT) },
			"a file before its begin": func(g *graft) {
				file(g, queue(g, image.Mqueue{}, name), unix.O_RDONLY, func(f *image.File) { f.FPos = -1 })
			},
			"a file with a mark": func(g *graft) {
				file(g, queue(g, image.Mqueue{}, name), unix.O_RDONLY, func(f *image.File) { f.Marks = image.CKPT_FILEF_PATH })
			},
			"a path to something else": func(g *graft) {
				ref := queue(g, image.Mqueue{}, name)
				g.add(&image.File{ObjRef: g.next, FType: image.CKPT_FILE_MQUEUE, IMode: unix.S_IFREG | 0o600})
				g.add(&image.MqueueFile{MqueueRef: ref, Flags: image.CKPT_MQ_FILE_PATH})
				g.add(image.NewString("/dev/null"))
				g.next++
			},
		}
		before := left()
		for what, make := range good {
			g := newGraft(t, l)
			make(g)
			if v := l.Try(g.image()); v.Errno != 0 {
				t.Errorf("%s: %v\n%s", what, v.Errno, v.Log)
			}
			os.Remove("/dev/mqueue/" + name)
		}
		for what, make := range bad {
			g := newGraft(t, l)
			make(g)
			l.WantFailure(what, l.Try(g.image()))
			if after := left(); after != before {
				t.Errorf("%s: got %d queues, want the %d from before", what, after, before)
				os.Remove("/dev/mqueue/" + name)
			}
		}
		return len(good) + len(bad)
	})
}
