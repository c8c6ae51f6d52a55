// SPDX-License-Identifier: GPL-2.0

package kit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
)

// A Family is a Case for a program of several processes or threads.
type Family struct {
	Prog, Variant string

	// Start starts it in a mode; StartFamily when nil.
	Start func(t *testing.T, mode string) *Prog

	// Ways are how it is held; all of them but stopping when empty, since a stop is an event for parents.
	Ways []Way

	// Alone has one way after the other, for what has a name that all of the machine share and that is there once.
	Alone bool

	// Dead is how long it stays dead at least.
	Dead time.Duration

	// Files of the program, below its directory, get back the contents that they had at the checkpoint: like any user
	// would, who keeps them with the image. Its death may change them. The board of family.h is always one of them: the
	// processes die one after the other, and who waits for another goes on.
	Files []string

	// After runs when the program runs again.
	After func(t *testing.T, p *Prog)

	// Image looks at the image.
	Image func(t *testing.T, i *Image)

	// Look says what may differ in /proc (see Look.Compare); "." for a program that does not stand still.
	Look []string
}

// boardFile is what board_make of family.h makes.
const boardFile = "board"

// The ways to hold all processes of a program.
var (
	TreeV2   = Way{Name: "v2", Hold: holdTreeV2}
	TreeV1   = Way{Name: "v1", Hold: holdTreeV1}
	TreeStop = Way{Name: "stop", Hold: holdTreeStop, Stopped: true}

	// EveryWay is all of them.
	EveryWay = []Way{Freeze, TreeV2, TreeV1, TreeStop}
)

// RunFamilies runs each program in every way, and its twin.
func RunFamilies(t *testing.T, families ...Family) {
	t.Helper()
	for _, f := range families {
		name := f.Variant
		if name == "" {
			name = f.Prog
		}
		t.Run(name, func(t *testing.T) { f.run(t) })
	}
}

func (f *Family) run(t *testing.T) {
	t.Helper()
	t.Run("twin", func(t *testing.T) {
		if !f.Alone {
			t.Parallel()
		}
		f.Twin(t)
	})
	if os.Getenv("SELFTEST_STOCK") == "1" {
		t.Run("undisturbed", func(t *testing.T) { f.Undisturbed(t) })
		return
	}
	ways := f.Ways
	if ways == nil {
		ways = []Way{Freeze, TreeV2, TreeV1}
	}
	for n, way := range ways {
		t.Run(way.Name, func(t *testing.T) {
			if !f.Alone {
				t.Parallel()
			}
			// The tool first: it is what people use.
			f.Restore(t, way, n%2 == 1)
		})
	}
}

func (f *Family) start(t *testing.T, mode string) *Prog {
	t.Helper()
	if f.Start != nil {
		return f.Start(t, mode)
	}
	return StartFamily(t, f.Prog, mode, f.Variant)
}

// StartCommand starts a command that knows the directory as one of its arguments, and the rules of prog.h.
func StartCommand(t testing.TB, name, dir string, cmd *exec.Cmd) *Prog {
	t.Helper()
	t.Cleanup(func() { killLeftovers(t, dir) })
	return begin(t, &Prog{Name: name, Dir: dir, cmd: cmd, ended: make(chan struct{})})
}

// StartFamily starts a program of several processes; whatever of it is left at the end of the test is killed.
func StartFamily(t testing.TB, name, mode, variant string) *Prog {
	t.Helper()
	return StartFamilyIn(t, MeetingPlace(t), name, mode, variant)
}

// StartFamilyIn is StartFamily with a meeting place of the caller's.
func StartFamilyIn(t testing.TB, dir, name, mode, variant string) *Prog {
	t.Helper()
	t.Cleanup(func() { killLeftovers(t, dir) })
	return StartIn(t, dir, name, mode, variant)
}

// Restore checkpoints all processes, kills and restarts them, and asks for their verdict. With calls, no tool takes part.
func (f *Family) Restore(t *testing.T, way Way, calls bool) {
	t.Helper()
	p := f.start(t, "keep")
	p.Ready(t)
	still := !looksAside(f.Look)
	if still {
		p.SettleFamily(t)
	}
	before := LookAtFamily(t, p.Pid)

	held := time.Now()
	release := way.Hold(t, p.Pid)
	img := MustCheckpoint(t, p.Pid, way.Flags)
	saved := time.Now()
	if f.Image != nil {
		f.Image(t, img)
	}
	kept := map[string][]byte{}
	for _, name := range append(f.Files, boardFile) {
		if b, err := os.ReadFile(filepath.Join(p.Dir, name)); err == nil {
			kept[name] = b
		}
	}
	p.KillFamily(t, release)
	for name, content := range kept {
		putBack(t, filepath.Join(p.Dir, name), content)
	}
	time.Sleep(f.Dead)

	begin := time.Now()
	how := Tool
	if calls {
		how = TreeCalls(t, img)
	}
	r := Restart(t, p, img, how)
	if way.Stopped {
		continueTree(t, p.Pid, before)
	}
	back := time.Now()
	if still {
		p.SettleFamily(t)
		before.Compare(t, LookAtFamily(t, p.Pid), f.Look...)
	}
	if f.After != nil {
		f.After(t, p)
	}
	p.Go(t, begin.Sub(saved), back.Sub(held))
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("%s %s after the restart:\n%s", f.Prog, f.Variant, v)
	}
	if status := r.Wait(t); status != 0 {
		t.Errorf("exit status of the restart: got %d, want 0", status)
	}
}

// putBack writes the contents of a file that stays the same file.
func putBack(t testing.TB, path string, content []byte) {
	t.Helper()
	out, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := out.WriteAt(content, 0); err != nil {
		t.Fatal(err)
	}
}

// Twin lets the program lose its state and expects it to notice.
func (f *Family) Twin(t *testing.T) {
	t.Helper()
	p := f.start(t, "lose")
	p.twinReady(t)
	p.Go(t, 0, 0)
	if v := p.Verdict(t); !strings.HasPrefix(v, "FAIL") {
		t.Errorf("%s %s lost its state and says %q, want FAIL", f.Prog, f.Variant, v)
	}
}

// Undisturbed lets the program run without a checkpoint.
func (f *Family) Undisturbed(t *testing.T) {
	t.Helper()
	p := f.start(t, "keep")
	p.Ready(t)
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("%s %s, undisturbed: %s", f.Prog, f.Variant, v)
	}
}

// statField is a field of /proc/PID/stat, counted from 1 as in proc_pid_stat(5); 0 when there is none.
func statField(pid, n int) int {
	s := Stat(pid)
	if len(s) < n {
		return 0
	}
	v, _ := strconv.Atoi(s[n-1])
	return v
}

// Members are the processes of a hierarchy, the root first, zombies too.
func Members(root int) []int {
	parents := map[int]int{}
	for _, pid := range processes() {
		parents[pid] = statField(pid, 4)
	}
	members := []int{root}
	for i := 0; i < len(members); i++ {
		var children []int
		for pid, parent := range parents {
			if parent == members[i] {
				children = append(children, pid)
			}
		}
		slices.Sort(children)
		members = append(members, children...)
	}
	return members
}

func processes() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Threads are the threads of a process.
func Threads(pid int) []int {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	var tids []int
	for _, e := range entries {
		if tid, err := strconv.Atoi(e.Name()); err == nil {
			tids = append(tids, tid)
		}
	}
	slices.Sort(tids)
	return tids
}

// killLeftovers ends every process that was started with a directory as its argument.
func killLeftovers(t testing.TB, dir string) {
	t.Helper()
	gone := poll(patience, func() bool {
		left := false
		for _, pid := range processes() {
			cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			args := strings.Split(string(cmdline), "\x00")
			if len(args) > 1 && slices.Contains(args[1:], dir) {
				unix.Kill(pid, unix.SIGKILL)
				left = true
			}
		}
		return !left
	})
	if !gone {
		t.Errorf("processes of %s do not die", dir)
	}
}

// KillFamily ends the original processes and waits until their numbers are free. A task of the version 1 freezer dies
// only when it is released.
func (p *Prog) KillFamily(t testing.TB, release func()) {
	t.Helper()
	members := Members(p.Pid)
	for _, pid := range members {
		if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
			t.Error(err)
		}
	}
	release()
	p.Kill(t)
	p.FamilyGone(t, members)
}

// FamilyGone waits until no process has one of the numbers.
func (p *Prog) FamilyGone(t testing.TB, members []int) {
	t.Helper()
	for _, pid := range members {
		if !poll(patience, func() bool { return unix.Kill(pid, 0) == unix.ESRCH }) {
			t.Fatalf("%s: number %d is not free: stat %v\n%s", p.Name, pid, Stat(pid), read(fmt.Sprintf("/proc/%d/stack", pid)))
		}
	}
}

// familyLines are the lines of /proc/PID/status of each thread that must not change.
var familyLines = []string{
	"Name", "Umask", "Tgid", "Ngid", "Pid", "PPid", "Uid", "Gid", "NStgid", "NSpid", "NSpgid", "NSsid", "Threads", "SigPnd", "ShdPnd",
	"SigBlk", "SigIgn", "SigCgt", "Cpus_allowed", "NoNewPrivs",
}

// familyFields are the fields of /proc/PID/stat of each thread that must not change, counted from 1.
var familyFields = map[int]string{
	3: "state", 5: "pgrp", 6: "session", 18: "priority", 19: "nice", 38: "exit_signal", 40: "rt_priority", 41: "policy", 52: "exit_code",
}

// most is how many processes are looked at in every detail.
const most = 24

// LookAtFamily looks at all threads of a hierarchy. The keys of a process begin with its number.
func LookAtFamily(t testing.TB, root int) Look {
	t.Helper()
	l := Look{}
	members := Members(root)
	l["members"] = fmt.Sprint(members)
	for n, pid := range members {
		tids := Threads(pid)
		l[fmt.Sprintf("%d threads", pid)] = fmt.Sprint(tids)
		for _, tid := range tids {
			l.thread(t, root, pid, tid)
		}
		if n < most && len(Stat(pid)) > 2 && Stat(pid)[2] != "Z" {
			for k, v := range LookAt(t, pid) {
				l[fmt.Sprintf("%d %s", pid, k)] = v
			}
		}
	}
	return l
}

func (l Look) thread(t testing.TB, root, pid, tid int) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/task/%d", pid, tid)
	key := fmt.Sprintf("%d thread %d ", pid, tid)
	s := statOf(dir)
	// Who polls is awake for a moment now and then.
	poll(patience, func() bool {
		s = statOf(dir)
		return len(s) < 3 || s[2] != "R" || s[1] == "spin"
	})
	for _, line := range strings.Split(optional(t, filepath.Join(dir, "status")), "\n") {
		k, v, ok := strings.Cut(line, ":")
		if !ok || !slices.Contains(familyLines, k) || k == "PPid" && pid == root || zombieSignals(s, k) {
			continue
		}
		l[key+"status "+k] = strings.TrimSpace(v)
	}
	for n, name := range familyFields {
		if len(s) >= n {
			l[key+"stat "+name] = s[n-1]
		}
	}
	if len(s) > 2 && s[1] == "spin" {
		delete(l, key+"stat state")
	}
	l[key+"children"] = optional(t, filepath.Join(dir, "children"))
	l[key+"comm"] = optional(t, filepath.Join(dir, "comm"))
	l[key+"timerslack"] = optional(t, filepath.Join(dir, "timerslack_ns"))
}

// zombieSignals are the lines about signals of a task that has ended: nobody can ask for what it had blocked.
func zombieSignals(stat []string, line string) bool {
	return len(stat) > 2 && stat[2] == "Z" && strings.HasPrefix(line, "Sig")
}

// statOf is the stat file in a directory of /proc, in fields counted from 0.
func statOf(dir string) []string {
	b, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return nil
	}
	return statFieldsOf(string(b))
}

// SettleFamily waits until every thread of a hierarchy sleeps, is stopped or has ended; one that is named spin never does.
func (p *Prog) SettleFamily(t testing.TB) {
	t.Helper()
	asleep := 0
	until(t, p.Name+" and its members sleep", func() bool {
		if restless(p.Pid) == 0 {
			asleep++
		} else {
			asleep = 0
		}
		return asleep >= 3
	})
}

// restless is a thread that runs, 0 when there is none.
func restless(root int) int {
	for _, pid := range Members(root) {
		for _, tid := range Threads(pid) {
			s := statOf(fmt.Sprintf("/proc/%d/task/%d", pid, tid))
			if len(s) < 3 || s[2] == "R" && s[1] != "spin" {
				return tid
			}
		}
	}
	return 0
}

// join moves every process of a hierarchy into a control group. The group does not list a process whose first thread has
// ended.
func join(t testing.TB, dir string, root int) {
	t.Helper()
	moved := map[int]bool{}
	until(t, "all processes in "+dir, func() bool {
		complete := true
		for _, pid := range Members(root) {
			if moved[pid] || isZombie(pid) {
				continue
			}
			complete = false
			err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), fmt.Append(nil, pid), 0)
			if err != nil && !errors.Is(err, unix.ESRCH) {
				t.Fatal(err)
			}
			moved[pid] = err == nil
		}
		return complete
	})
}

// isZombie reports whether all threads of a process have ended.
func isZombie(pid int) bool {
	for _, tid := range Threads(pid) {
		if s := statOf(fmt.Sprintf("/proc/%d/task/%d", pid, tid)); len(s) > 2 && s[2] != "Z" && s[2] != "X" {
			return false
		}
	}
	return true
}

func holdTreeV2(t testing.TB, root int) func() {
	t.Helper()
	dir := Group(t, V2Root)
	join(t, dir, root)
	Put(t, filepath.Join(dir, "cgroup.freeze"), "1")
	until(t, "frozen 1 in cgroup.events", func() bool {
		return strings.Contains(read(filepath.Join(dir, "cgroup.events")), "frozen 1")
	})
	return func() { Put(t, filepath.Join(dir, "cgroup.freeze"), "0") }
}

func holdTreeV1(t testing.TB, root int) func() {
	t.Helper()
	dir := Group(t, V1Root)
	join(t, dir, root)
	Put(t, filepath.Join(dir, "freezer.state"), "FROZEN")
	until(t, "FROZEN in freezer.state", func() bool {
		return strings.TrimSpace(read(filepath.Join(dir, "freezer.state"))) == "FROZEN"
	})
	return func() { Put(t, filepath.Join(dir, "freezer.state"), "THAWED") }
}

func holdTreeStop(t testing.TB, root int) func() {
	t.Helper()
	var stopped []int
	until(t, "all processes are stopped", func() bool {
		complete := true
		for _, pid := range Members(root) {
			if slices.Contains(stopped, pid) || isZombie(pid) {
				continue
			}
			complete = false
			if unix.Kill(pid, unix.SIGSTOP) == nil {
				stopped = append(stopped, pid)
			}
		}
		return complete
	})
	until(t, "state T", func() bool {
		for _, pid := range stopped {
			for _, tid := range Threads(pid) {
				if s := statOf(fmt.Sprintf("/proc/%d/task/%d", pid, tid)); len(s) > 2 && s[2] != "T" && s[2] != "Z" {
					return false
				}
			}
		}
		return true
	})
	return func() {
		for _, pid := range stopped {
			if err := unix.Kill(pid, unix.SIGCONT); err != nil && !errors.Is(err, unix.ESRCH) {
				t.Error(err)
			}
		}
	}
}

// continueTree wants all threads stopped, and lets those processes go on that were not stopped before.
func continueTree(t testing.TB, root int, before Look) {
	t.Helper()
	members := Members(root)
	until(t, "state T of all threads after the restart", func() bool {
		for _, pid := range members {
			for _, tid := range Threads(pid) {
				if s := statOf(fmt.Sprintf("/proc/%d/task/%d", pid, tid)); len(s) < 3 || s[2] != "T" && s[2] != "Z" {
					return false
				}
			}
		}
		return true
	})
	for _, pid := range members {
		if before[fmt.Sprintf("%d thread %d stat state", pid, pid)] == "T" {
			continue
		}
		if err := unix.Kill(pid, unix.SIGCONT); err != nil && !errors.Is(err, unix.ESRCH) {
			t.Error(err)
		}
	}
}

// Array is the task array of an image, ghosts at its end.
func (i *Image) Array(t testing.TB) []*image.Pids {
	t.Helper()
	var array []*image.Pids
	i.Each(t, func(rec image.Record) {
		if p, ok := rec.(*image.Pids); ok {
			array = append(array, p)
		}
	})
	return array
}

// Each calls f for every record of a good image.
func (i *Image) Each(t testing.TB, f func(rec image.Record)) {
	t.Helper()
	in, err := os.Open(i.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	r, err := image.NewReader(in)
	if err != nil {
		t.Fatalf("image: %v", err)
	}
	for {
		e, err := r.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("image: %v", err)
		}
		f(e.Record)
	}
}

// Entry is an entry of the task array as treestart takes it.
func Entry(p *image.Pids) string {
	tgid := fmt.Sprint(p.TGID)
	if p.Flags&image.CKPT_PIDS_GHOST != 0 {
		tgid = "0"
	}
	if p.Flags&image.CKPT_PIDS_SYSVSEM != 0 {
		tgid += "s"
	}
	s := fmt.Sprintf("%d:%s:%d", p.PID, tgid, p.PPID)
	for _, level := range p.Levels {
		s += fmt.Sprint(":", level)
	}
	return s
}

// TreeStart is the program that restarts hierarchies by the bare system calls.
func TreeStart() string { return Path("treestart_" + runtime.GOARCH) }

// TreeCalls restarts a hierarchy by the bare system calls.
func TreeCalls(t testing.TB, i *Image) How {
	t.Helper()
	var entries []string
	for _, p := range i.Array(t) {
		entries = append(entries, Entry(p))
	}
	return How{"calls", func(_ *Prog, log string) []string {
		return append([]string{TreeStart(), log}, entries...)
	}}
}
