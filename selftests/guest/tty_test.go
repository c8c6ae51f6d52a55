// SPDX-License-Identifier: GPL-2.0

package guest

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

	"linux-cr/abi/calls"
	"linux-cr/abi/image"
	"linux-cr/abi/schema"
	"linux-cr/selftests/guest/kit"
)

// ptsPlace is a meeting place with a devpts of its own: numbers of terminals are state, and other tests take some.
func ptsPlace(t *testing.T) string {
	t.Helper()
	dir := kit.MeetingPlace(t)
	pts := filepath.Join(dir, "pts")
	if err := os.Mkdir(pts, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("devpts", pts, "devpts", 0, "ptmxmode=0666,mode=0620"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(pts, unix.MNT_DETACH) })
	return dir
}

func ptys(t *testing.T, signals []syscall.Signal, variants ...string) {
	t.Helper()
	for _, v := range variants {
		kit.Run(t, kit.Case{Prog: "pty", Variant: v, Dir: ptsPlace, Signals: signals})
	}
}

func TestPtyModes(t *testing.T)   { ptys(t, nil, "modes", "packet", "locked", "peer", "many") }
func TestPtyData(t *testing.T)    { ptys(t, nil, "canon", "raw", "stopped", "xoff", "tabs") }
func TestPtyClosed(t *testing.T)  { ptys(t, nil, "closed", "unopened") }
func TestPtyHungUp(t *testing.T)  { ptys(t, nil, "dead", "vhangup", "reopened") }
func TestPtyBlocked(t *testing.T) { ptys(t, []syscall.Signal{unix.SIGUSR1}, "read", "write") }

// TestPtyJobs has a session with job control below who holds the master: groups in front and behind keep their places,
// and neither the death of the original nor the restart sends a signal.
func TestPtyJobs(t *testing.T) {
	for _, v := range []string{"session", "blocked", "gone", "ahead"} {
		// Killed one after the other, the first deaths are a hangup to the others, who write it down.
		ways := []kit.Way{{Name: "kill", Flags: calls.CHECKPOINT_FREEZE | calls.CHECKPOINT_KILL, Hold: kit.Freeze.Hold}, kit.TreeV2, kit.TreeV1}
		kit.RunFamilies(t, kit.Family{Prog: "pty_job", Variant: v, Ways: ways, Start: func(t *testing.T, mode string) *kit.Prog {
			return kit.StartFamilyIn(t, ptsPlace(t), "pty_job", mode, v)
		}})
	}
}

// A userTerminal is a terminal of somebody in front of it: the test has its master.
type userTerminal struct {
	dir    string
	master *os.File
	slave  string
}

func newTerminal(t *testing.T) *userTerminal {
	t.Helper()
	u := &userTerminal{dir: ptsPlace(t)}
	fd, err := unix.Open(filepath.Join(u.dir, "pts/ptmx"), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	u.master = os.NewFile(uintptr(fd), "master")
	t.Cleanup(func() { u.master.Close() })
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	u.slave = filepath.Join(u.dir, "pts/0")
	return u
}

// group is the process group in the foreground.
func (u *userTerminal) group() int {
	raw, err := u.master.SyscallConn()
	if err != nil {
		return -1
	}
	pgid := -1
	raw.Control(func(fd uintptr) {
		if n, err := unix.IoctlGetInt(int(fd), unix.TIOCGPGRP); err == nil {
			pgid = n
		}
	})
	return pgid
}

func (u *userTerminal) typeIn(t *testing.T, text string) {
	t.Helper()
	if _, err := u.master.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// restart runs the tool in a session of its own, as a job of the terminal.
func (u *userTerminal) restart(t *testing.T, i *kit.Image, log string) *exec.Cmd {
	t.Helper()
	tty, err := os.OpenFile(u.slave, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	cmd := exec.Command("/bin/restart", "-i", i.Path, "-l", log, "--copy-status")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			b, _ := os.ReadFile(log)
			t.Logf("log of the restart:\n%s", b)
		}
	})
	return cmd
}

// startJob starts a job on the terminal and returns who started it and the job's number.
func startJob(t *testing.T, u *userTerminal, mode, variant string) (shell *kit.Prog, job int) {
	t.Helper()
	shell = kit.StartFamilyIn(t, u.dir, "term_job", mode, variant)
	shell.Ready(t)
	if variant == "leader" {
		return shell, shell.Pid
	}
	b, err := os.ReadFile(filepath.Join(u.dir, "job"))
	if err != nil {
		t.Fatal(err)
	}
	if job, err = strconv.Atoi(strings.TrimSpace(string(b))); err != nil {
		t.Fatal(err)
	}
	return shell, job
}

func soon(t *testing.T, p *kit.Prog, what string, cond func() bool) {
	t.Helper()
	if !p.Within(10*time.Second, cond) {
		t.Errorf("not in time: %s", what)
	}
}

func stateOf(pid int) string {
	if s := kit.Stat(pid); len(s) > 2 {
		return s[2]
	}
	return ""
}

// TestTerminalRefused has a terminal outside of the hierarchy without the flag.
func TestTerminalRefused(t *testing.T) {
	for variant, want := range map[string]struct {
		errno unix.Errno
		text  string
	}{
		"job":    {unix.EBADF, "it is outside of the hierarchy, and CHECKPOINT_TTY is not given"},
		"leader": {unix.EBUSY, "of the session is outside of the hierarchy, and CHECKPOINT_TTY is not given"},
	} {
		t.Run(variant, func(t *testing.T) {
			u := newTerminal(t)
			shell, job := startJob(t, u, "keep", variant)
			img, err := kit.Checkpoint(t, job, calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE)
			if !errors.Is(err, want.errno) || !strings.Contains(img.Log(), want.text) {
				t.Errorf("checkpoint: %v, log %q; want %v, %q", err, img.Log(), want.errno, want.text)
			}
			if !strings.Contains(img.Log(), "pts0") {
				t.Errorf("log %q, want the name of the terminal", img.Log())
			}
			shell.Kill(t)
		})
	}
}

// TestTerminalOfRestarter saves a job of a shell, and restarts it as a job of another one, on another terminal.
func TestTerminalOfRestarter(t *testing.T) {
	for _, variant := range []string{"job", "background", "leader"} {
		t.Run(variant, func(t *testing.T) {
			u := newTerminal(t)
			shell, job := startJob(t, u, "keep", variant)
			img := kit.MustCheckpoint(t, job, calls.CHECKPOINT_FREEZE|calls.CHECKPOINT_TTY)
			if !strings.Contains(img.Log(), "will be on the terminal of who restarts") {
				t.Errorf("log %q, want a warning", img.Log())
			}
			if err := unix.Kill(job, unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			shell.WaitDead(t)
			shell.WaitGone(t)

			other := newTerminal(t)
			cmd := other.restart(t, img, filepath.Join(t.TempDir(), "log"))
			soon(t, shell, "the job is back", func() bool { return stateOf(job) == "S" })
			if got := linkOf(job, 3); got != other.slave {
				t.Errorf("terminal of the job: got %s, want %s", got, other.slave)
			}
			if variant == "job" {
				soon(t, shell, "the job has the terminal", func() bool { return other.group() == job })
				// More than once: restart must stop before it does anything else.
				for i := 0; i < 20 && !t.Failed(); i++ {
					stopAndGoOn(t, shell, other, job, cmd.Process.Pid)
				}
			} else if got := other.group(); got != cmd.Process.Pid {
				t.Errorf("foreground: got %d, want %d", got, cmd.Process.Pid)
			}
			shell.Go(t, 0, 0)
			if variant != "background" {
				other.typeIn(t, "input\n")
			}
			var shown string
			soon(t, shell, "output", func() bool {
				b := make([]byte, 1000)
				n, _ := other.master.Read(b)
				shown += string(b[:max(n, 0)])
				return strings.Contains(shown, "output\r\n")
			})
			if variant == "job" {
				other.typeIn(t, "\x03")
			}
			if v := shell.Verdict(t); v != "OK" {
				t.Errorf("the job after the restart:\n%s", v)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("restart: %v", err)
			}
		})
	}
	t.Run("twin", func(t *testing.T) {
		u := newTerminal(t)
		shell, _ := startJob(t, u, "lose", "job")
		shell.Go(t, 0, 0)
		if v := shell.Verdict(t); !strings.HasPrefix(v, "FAIL") {
			t.Errorf("the job lost its terminal and says %q, want FAIL", v)
		}
	})
}

// stopAndGoOn types ^Z: the job stops, and restart with it, as the shell expects; what the shell continues is restart.
func stopAndGoOn(t *testing.T, p *kit.Prog, u *userTerminal, job, tool int) {
	t.Helper()
	u.typeIn(t, "\x1a")
	defer func() {
		if t.Failed() {
			t.Logf("job %v, tool %v", kit.Stat(job), kit.Stat(tool))
		}
	}()
	soon(t, p, "both are stopped", func() bool { return stateOf(job) == "T" && stateOf(tool) == "T" })
	if got := u.group(); got != tool {
		t.Errorf("foreground of a stopped job: got %d, want %d", got, tool)
	}
	if err := unix.Kill(tool, unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	soon(t, p, "the job goes on", func() bool { return stateOf(job) == "S" && u.group() == job })
}

func linkOf(pid, fd int) string {
	s, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd))
	if err != nil {
		return err.Error()
	}
	return s
}

// TestTerminalNone restarts a job that had a terminal where there is none.
func TestTerminalNone(t *testing.T) {
	u := newTerminal(t)
	shell, job := startJob(t, u, "keep", "background")
	img := kit.MustCheckpoint(t, job, calls.CHECKPOINT_FREEZE|calls.CHECKPOINT_TTY)
	if err := unix.Kill(job, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	shell.WaitDead(t)
	shell.WaitGone(t)
	log := filepath.Join(t.TempDir(), "log")
	r := kit.StartRestart(t, img, []string{"/bin/restart", "-l", log})
	if status := r.Wait(t); status == 0 {
		t.Error("restart without a terminal succeeds")
	}
	if b, _ := os.ReadFile(log); !strings.Contains(string(b), "who restarts has none") {
		t.Errorf("log: %q", b)
	}
}

// TestPtyNumberTaken restarts a program whose terminal has a number that somebody else has by now.
func TestPtyNumberTaken(t *testing.T) {
	dir := ptsPlace(t)
	p := kit.StartIn(t, dir, "pty", "keep", "canon")
	p.Ready(t)
	img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags)
	p.Kill(t)
	taken := kit.File(t, filepath.Join(dir, "pts/ptmx"), os.O_RDWR|unix.O_NOCTTY)
	log := filepath.Join(t.TempDir(), "log")
	r := kit.StartRestart(t, img, []string{"/bin/restart", "-l", log})
	if status := r.Wait(t); status == 0 {
		t.Error("restart succeeds although the number is taken")
	}
	if b, _ := os.ReadFile(log); !strings.Contains(string(b), "terminal pts0: the number is in use") {
		t.Errorf("log: %q", b)
	}
	taken.Close()
	kit.Restart(t, p, img, kit.Tool)
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("pty canon: %s", v)
	}
}

// TestHostileFieldsTerminals changes every field of what a terminal has.
func TestHostileFieldsTerminals(t *testing.T) { hostileFieldsOf(t, &schema.Terminals, "pty", "lab") }

// TestHostileTerminalRandom changes random bytes of the terminal of a session.
func TestHostileTerminalRandom(t *testing.T) {
	hostileTreeRandomIn(t, "pty_job", "blocked", 10,
		image.CKPT_HDR_PTY, image.CKPT_HDR_PTY_END, image.CKPT_HDR_TTY_FILE)
}
