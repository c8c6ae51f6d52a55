// SPDX-License-Identifier: GPL-2.0

// Package kit runs the programs of selftests/progs, checkpoints and restarts them, and looks at them from outside.
package kit

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ProgDir holds the programs in the guest.
const ProgDir = "/progs"

// patience is how long anything may take that normally takes a moment. The guest has no hardware acceleration.
const patience = 100 * time.Second

// A Prog is a program under test. After a checkpoint and a restart it is the same Prog in another process.
type Prog struct {
	Name, Variant string

	// Dir is where program and test meet: result, go, and what the program makes.
	Dir string

	// Pid is the number of the process, before and after.
	Pid int

	cmd   *exec.Cmd
	ended chan struct{}
}

// Path is the file of a program.
func Path(name string) string { return filepath.Join(ProgDir, name) }

// MeetingPlace makes a directory that a program and a test share, whoever the program becomes.
func MeetingPlace(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	return shareDir(t, dir)
}

func shareDir(t testing.TB, dir string) string {
	t.Helper()
	for d := dir; strings.HasPrefix(d, os.TempDir()+"/"); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"result", "log"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Start starts a program in mode keep or lose.
func Start(t testing.TB, name, mode, variant string) *Prog {
	t.Helper()
	return StartIn(t, MeetingPlace(t), name, mode, variant)
}

// StartIn starts a program that meets the test in a directory of the caller's choice.
func StartIn(t testing.TB, dir, name, mode, variant string) *Prog {
	t.Helper()
	return launch(t, dir, name, mode, variant, nil)
}

func launch(t testing.TB, dir, name, mode, variant string, attr *syscall.SysProcAttr) *Prog {
	t.Helper()
	args := []string{dir, mode}
	if variant != "" {
		args = append(args, variant)
	}
	p := &Prog{Name: name, Variant: variant, Dir: dir, cmd: exec.Command(Path(name), args...), ended: make(chan struct{})}
	p.cmd.SysProcAttr = attr
	return begin(t, p)
}

func begin(t testing.TB, p *Prog) *Prog {
	t.Helper()
	p.cmd.Dir = p.Dir
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.Pid = p.cmd.Process.Pid
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.Kill(t)
		if t.Failed() {
			t.Logf("%s %s: result:\n%s", p.Name, p.Variant, p.Result())
		}
	})
	return p
}

// Result is what the program has said so far.
func (p *Prog) Result() string {
	b, err := os.ReadFile(filepath.Join(p.Dir, "result"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// until polls until the condition holds.
func until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	if !poll(patience, cond) {
		t.Fatalf("%s: not within %s", what, patience)
	}
}

// poll reports whether the condition came true within the limit.
func poll(limit time.Duration, cond func() bool) bool {
	for end := time.Now().Add(limit); ; time.Sleep(5 * time.Millisecond) {
		if cond() {
			return true
		}
		if time.Now().After(end) {
			return cond()
		}
	}
}

// verdict finds the last line when it is a verdict.
func verdict(result string) (string, bool) {
	lines := strings.Split(strings.TrimSpace(result), "\n")
	for _, prefix := range []string{"SETUP:", "UNSUPPORTED:"} {
		for _, l := range lines {
			if strings.HasPrefix(l, prefix) {
				return l, true
			}
		}
	}
	last := lines[len(lines)-1]
	return last, last == "OK"
}

// Unsupported ends the test when the program found that this machine has no such state.
func (p *Prog) Unsupported(t testing.TB) {
	t.Helper()
	switch v, _ := verdict(p.Result()); {
	case strings.HasPrefix(v, "UNSUPPORTED:"):
		t.Skipf("%s %s: %s", p.Name, p.Variant, v)
	case strings.HasPrefix(v, "SETUP:"):
		t.Fatalf("%s %s: %s", p.Name, p.Variant, v)
	}
}

// Ready waits until the program has set up its state, and waits in the kernel or spins.
func (p *Prog) Ready(t testing.TB) {
	t.Helper()
	until(t, p.Name+" is ready", func() bool {
		return p.Result() != "" && strings.HasSuffix(p.Result(), "\n")
	})
	p.Unsupported(t)
	if !strings.Contains(p.Result(), "READY\n") {
		t.Fatalf("%s %s: got %q, want READY", p.Name, p.Variant, p.Result())
	}
	p.Settle(t)
}

// Settle waits until the process sleeps, or, when it spins on purpose, until it has used the CPU for a while.
func (p *Prog) Settle(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(p.Dir, "spin")); err == nil {
		start := cpuTicks(p.Pid)
		until(t, p.Name+" spins", func() bool { return cpuTicks(p.Pid) >= start+3 })
		return
	}
	if p.Name == "busy_io" {
		return
	}
	asleep := 0
	until(t, p.Name+" sleeps", func() bool {
		if s := Stat(p.Pid); len(s) > 2 && s[2] == "S" {
			asleep++
		} else {
			asleep = 0
		}
		return asleep >= 3
	})
}

// Stat is /proc/PID/stat in fields, counted from 0: pid, name, state, ...
func Stat(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return statFieldsOf(string(b))
}

func statFieldsOf(s string) []string {
	open, end := strings.IndexByte(s, '('), strings.LastIndexByte(s, ')')
	if open < 0 || end < open {
		return nil
	}
	return append([]string{strings.TrimSpace(s[:open]), s[open+1 : end]}, strings.Fields(s[end+1:])...)
}

func cpuTicks(pid int) int {
	s := Stat(pid)
	if len(s) < 15 {
		return 0
	}
	u, _ := strconv.Atoi(s[13])
	k, _ := strconv.Atoi(s[14])
	return u + k
}

// Go lets the program go on and tells it how long it has been dead at least and at most.
func (p *Prog) Go(t testing.TB, least, most time.Duration) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.Dir, "go"), fmt.Appendf(nil, "%d %d\n", least, most), 0o644); err != nil {
		t.Fatal(err)
	}
	// A spinning program jumps through a word of this file: the second word is the way out.
	f, err := os.OpenFile(filepath.Join(p.Dir, "spin"), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var exit [8]byte
	if _, err := f.ReadAt(exit[:], 8); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(exit[:], 0); err != nil {
		t.Fatal(err)
	}
}

// Verdict waits for the program's verdict and returns it: OK, or its FAIL lines.
func (p *Prog) Verdict(t testing.TB) string {
	t.Helper()
	gone := 0
	ok := poll(patience, func() bool {
		if v, ok := verdict(p.Result()); ok || strings.HasPrefix(v, "FAIL") && !p.Alive() {
			return true
		}
		if p.Alive() {
			gone = 0
		} else {
			gone++
		}
		// A child may give the verdict for it.
		return gone > 2000
	})
	p.Unsupported(t)
	if !ok {
		return fmt.Sprintf("no verdict within %s: %q, state %v, syscall %s", patience, p.Result(), Stat(p.Pid), read(fmt.Sprintf("/proc/%d/syscall", p.Pid)))
	}
	var lines []string
	for _, l := range strings.Split(strings.TrimSpace(p.Result()), "\n") {
		if l == "OK" || strings.HasPrefix(l, "FAIL") {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return fmt.Sprintf("ended without a verdict: %q", p.Result())
	}
	return strings.Join(lines, "\n")
}

// Alive reports whether the process exists and is no zombie.
func (p *Prog) Alive() bool {
	s := Stat(p.Pid)
	return len(s) > 2 && s[2] != "Z" && s[2] != "X"
}

// Kill ends the original process and waits until its number is free.
func (p *Prog) Kill(t testing.TB) {
	t.Helper()
	select {
	case <-p.ended:
		return
	default:
	}
	if err := unix.Kill(p.Pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		t.Error(err)
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Errorf("%s %s: process %d does not die: %v", p.Name, p.Variant, p.Pid, Stat(p.Pid))
	}
}

// Signal sends a signal to the process.
func (p *Prog) Signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := unix.Kill(p.Pid, sig); err != nil {
		t.Fatalf("kill(%d, %v): %v", p.Pid, sig, err)
	}
}

func read(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
