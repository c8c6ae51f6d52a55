// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
	"linux-cr/selftests/guest/kit"
)

// TestSeccomp has three filters: one that three tasks have in common, and one more for two of them each.
func TestSeccomp(t *testing.T) {
	for _, v := range []string{"privileged", "nnp"} {
		kit.RunFamilies(t, kit.Family{Prog: "seccomp", Variant: v, Ways: kit.EveryWay, Look: []string{"fd(info)? "}, Image: func(t *testing.T, i *kit.Image) {
			wantRecords(t, i, map[uint32]int{image.CKPT_HDR_SECCOMP_FILTER: 3})
		}})
	}
}

// filter appends a seccomp filter and returns its number.
func (g *graft) filter(prev int32, insns ...image.SockFilter) int32 {
	g.add(&image.SeccompFilter{ObjRef: g.next, PrevRef: prev, Insns: insns})
	g.next++
	return g.next - 1
}

// TestHostileSeccomp grafts filters that seccomp(2) would not take.
func TestHostileSeccomp(t *testing.T) {
	allow := image.SockFilter{Code: 0x06, K: 0x7fff0000}
	many := make([]image.SockFilter, 4096)
	for i := range many {
		many[i] = allow
	}
	hostile(t, func(l *kit.Lab) int {
		good := []struct {
			what string
			make func(g *graft)
		}{
			{"a filter", func(g *graft) { g.filter(0, allow) }},
			{"two that follow one", func(g *graft) { one := g.filter(0, allow); g.filter(one, allow); g.filter(one, allow) }},
			{"the largest", func(g *graft) { g.filter(0, many...) }},
			{"a long chain", func(g *graft) {
				last := int32(0)
				for range 2000 {
					last = g.filter(last, allow)
				}
			}},
		}
		for _, c := range good {
			g := newGraft(t, l)
			c.make(g)
			if v := l.Try(g.image()); v.Errno != 0 {
				t.Errorf("%s: %v\n%s", c.what, v.Errno, v.Log)
			}
		}
		bad := []struct {
			what string
			make func(g *graft)
		}{
			{"no instruction", func(g *graft) { g.filter(0) }},
			{"unknown flags", func(g *graft) {
				g.add(&image.SeccompFilter{ObjRef: g.next, Flags: 1 << 4, Insns: []image.SockFilter{allow}})
			}},
			{"itself before it", func(g *graft) { g.filter(g.next, allow) }},
			{"another object before it", func(g *graft) { g.filter(1, allow) }},
			{"nothing before it", func(g *graft) { g.filter(math.MaxInt32, allow) }},
			{"number below 0 before it", func(g *graft) { g.filter(-1, allow) }},
			{"no return", func(g *graft) { g.filter(0, image.SockFilter{Code: 0x20}) }},
			{"jump behind the end", func(g *graft) { g.filter(0, image.SockFilter{Code: 0x15, Jt: 200, Jf: 200}, allow) }},
			{"long jump behind the end", func(g *graft) { g.filter(0, image.SockFilter{Code: 0x05, K: math.MaxUint32}, allow) }},
			{"load from behind seccomp_data", func(g *graft) { g.filter(0, image.SockFilter{Code: 0x20, K: 64}, allow) }},
			{"unaligned load", func(g *graft) { g.filter(0, image.SockFilter{Code: 0x20, K: 1}, allow) }},
			{"load from a packet", func(g *graft) { g.filter(0, image.SockFilter{Code: 0x28, K: 0}, allow) }},
			{"memory that is not initialized", func(g *graft) { g.filter(0, image.SockFilter{Code: 0x60, K: 3}, allow) }},
			{"memory beyond its 16 words", func(g *graft) { g.filter(0, image.SockFilter{Code: 0x02, K: 16}, allow) }},
			{"division by 0", func(g *graft) { g.filter(0, image.SockFilter{Code: 0x34}, allow) }},
			{"unknown instruction", func(g *graft) { g.filter(0, image.SockFilter{Code: 0xffff}, allow) }},
			{"more than a task can have", func(g *graft) {
				last := int32(0)
				for range 9 {
					last = g.filter(last, many...)
				}
			}},
		}
		for _, c := range bad {
			g := newGraft(t, l)
			c.make(g)
			l.WantFailure(c.what, l.Try(g.image()))
		}
		return len(good) + len(bad)
	})
}

// TestHostileSeccompTask gives a task modes that it cannot have.
func TestHostileSeccompTask(t *testing.T) {
	hostile(t, func(l *kit.Lab) int {
		places := kit.Records(t, l.Image)
		var objs image.TaskObjs
		var at kit.Place
		for _, p := range places {
			if p.Type == image.CKPT_HDR_TASK_OBJS {
				at = p
			}
		}
		if err := objs.Decode(l.Image[at.Pos:at.Pos+at.Len], le); err != nil {
			t.Fatal(err)
		}
		tries := []struct{ mode, ref int32 }{{0, 1}, {1, 1}, {2, 0}, {2, 1}, {2, -1}, {2, math.MaxInt32}, {3, 0}, {-1, 0}}
		for _, c := range tries {
			objs.SeccompMode, objs.SeccompRef = uint32(c.mode), c.ref
			b := l.Copy()
			copy(b[at.Pos:], objs.Append(nil, le))
			l.WantFailure("a seccomp mode", l.Try(sealed(t, b, 0)))
		}
		return len(tries)
	})
}

// TestSeccompCaller restarts from a process that has a filter itself, which stays below those of the image.
func TestSeccompCaller(t *testing.T) {
	p := kit.Start(t, "tiny", "keep", "")
	p.Ready(t)
	img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags)
	p.Kill(t)
	r := kit.StartRestart(t, img, []string{kit.Path("seccomp_one"), "run", kit.Path("selfrestart"), filepath.Join(t.TempDir(), "log")})
	status := fmt.Sprintf("/proc/%d/status", r.Pid())
	var text string
	for range 500 {
		b, _ := os.ReadFile(status)
		if text = string(b); strings.Contains(text, "Name:\ttiny\n") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if !strings.Contains(text, "Seccomp_filters:\t3\n") {
		t.Errorf("want 3 filters: %s", text)
	}
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("verdict: %s", v)
	}
	r.Wait(t)
}

// TestSeccompUnprivileged lets nobody have filters with no_new_privs, and not without.
func TestSeccompUnprivileged(t *testing.T) {
	kit.Sysctl(t, unprivAllowed, "2")
	p := kit.StartAs(t, kit.Nobody, "seccomp_one", "")
	p.Ready(t)
	img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags)
	p.Kill(t)
	p.Go(t, 0, 0)
	good := img.Bytes(t)
	for _, c := range []struct {
		keep bool
		want unix.Errno
	}{{true, 0}, {false, unix.EACCES}} {
		b := slices.Clone(good)
		for _, at := range kit.Records(t, b) {
			var task image.Task
			if at.Type != image.CKPT_HDR_TASK || c.keep {
				continue
			}
			if err := task.Decode(b[at.Pos:at.Pos+at.Len], le); err != nil {
				t.Fatal(err)
			}
			task.Flags &^= image.CKPT_TASKF_NO_NEW_PRIVS
			copy(b[at.Pos:], task.Append(nil, le))
		}
		path := filepath.Join("/tmp", fmt.Sprint("seccomp-image-", c.keep))
		if err := os.WriteFile(path, sealed(t, b, 0), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Remove(path) })
		if got := kit.SelfRestartAs(t, kit.Nobody, path); got != c.want {
			t.Errorf("restart by nobody, no_new_privs %v: got %v, want %v", c.keep, got, c.want)
		}
	}
}
