// SPDX-License-Identifier: GPL-2.0

package kit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A Restarted is a program that was brought back, and the process that did it.
type Restarted struct {
	cmd    *exec.Cmd
	ended  chan struct{}
	err    error
	lines  chan string
	mu     sync.Mutex
	output bytes.Buffer
}

// A How is a way to restart.
type How struct {
	Name string
	Args func(p *Prog, log string) []string
}

// The ways to restart: the bare system calls, and the tool.
var (
	Calls = How{"calls", func(p *Prog, log string) []string {
		return []string{Path("corestart"), fmt.Sprint(p.Pid), log}
	}}
	Tool = How{"tool", func(_ *Prog, log string) []string {
		return []string{"/bin/restart", "--copy-status", "--verbose", "-l", log}
	}}
)

// Restart brings a program back and returns when it runs again.
func Restart(t testing.TB, p *Prog, i *Image, how How) *Restarted {
	t.Helper()
	log := filepath.Join(t.TempDir(), "restart.log")
	r := StartRestart(t, i, how.Args(p, log))
	t.Cleanup(func() {
		// The process is not ours to wait for: kill it, and the restarter ends.
		if p.Alive() {
			unix.Kill(p.Pid, unix.SIGKILL)
		}
		r.Wait(t)
		if t.Failed() {
			t.Logf("%s\n%slog of the kernel:\n%s", strings.Join(r.cmd.Args, " "), r.Output(), read(log))
		}
	})
	// Both say a line when the program runs: the calls their result, the tool how long it took.
	line := r.Line(t)
	_, err := time.ParseDuration(strings.TrimPrefix(line, "restart: "))
	if err != nil && !strings.HasPrefix(line, "restart 0 ") {
		t.Fatalf("restart: %q", line)
	}
	return r
}

// StartRestart starts a restarter with the image as its standard input.
func StartRestart(t testing.TB, i *Image, args []string) *Restarted {
	t.Helper()
	in, err := os.Open(i.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	return StartWith(t, in, args)
}

// StartRestartAs starts a restarter of a user's.
func StartRestartAs(t testing.TB, uid int, i *Image, args []string) *Restarted {
	t.Helper()
	return start(t, File(t, i.Path, os.O_RDONLY), args, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}})
}

// StartWith starts a restarter that reads from in.
func StartWith(t testing.TB, in *os.File, args []string) *Restarted {
	t.Helper()
	return start(t, in, args, nil)
}

func start(t testing.TB, in *os.File, args []string, attr *syscall.SysProcAttr) *Restarted {
	t.Helper()
	r := &Restarted{cmd: exec.Command(args[0], args[1:]...), ended: make(chan struct{}), lines: make(chan string, 100)}
	r.cmd.Stdin, r.cmd.SysProcAttr = in, attr
	out, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.cmd.Stdout, r.cmd.Stderr = w, w
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer out.Close()
		s := bufio.NewScanner(io.TeeReader(out, &lockedWriter{r: r}))
		for s.Scan() {
			r.lines <- s.Text()
		}
	}()
	go func() {
		r.err = r.cmd.Wait()
		select {
		case <-read:
		case <-time.After(2 * time.Second):
		}
		close(r.ended)
	}()
	return r
}

type lockedWriter struct{ r *Restarted }

func (w *lockedWriter) Write(b []byte) (int, error) {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	return w.r.output.Write(b)
}

// Output is what the restarter has printed so far.
func (r *Restarted) Output() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.output.String()
}

// Line waits for the next line of output.
func (r *Restarted) Line(t testing.TB) string {
	t.Helper()
	select {
	case l := <-r.lines:
		return l
	case <-r.ended:
		select {
		case l := <-r.lines:
			return l
		default:
		}
		return ""
	case <-time.After(patience):
		t.Fatalf("no output within %s", patience)
		return ""
	}
}

// Wait waits until the restarter has ended, and returns its exit status: 128 + the signal when it was killed.
func (r *Restarted) Wait(t testing.TB) int {
	t.Helper()
	select {
	case <-r.ended:
	case <-time.After(patience):
		t.Errorf("%s does not end", strings.Join(r.cmd.Args, " "))
		r.cmd.Process.Kill()
		<-r.ended
	}
	var exit *exec.ExitError
	if errors.As(r.err, &exit) {
		if ws := exit.Sys().(syscall.WaitStatus); ws.Signaled() {
			return 128 + int(ws.Signal())
		}
		return exit.ExitCode()
	}
	return 0
}

// Kill ends the restarter; a self-restarted program is the same process.
func (r *Restarted) Kill() {
	r.cmd.Process.Kill()
	<-r.ended
}

// Pid is the number of the restarter.
func (r *Restarted) Pid() int { return r.cmd.Process.Pid }

// Ended reports whether the restarter has ended.
func (r *Restarted) Ended() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}
