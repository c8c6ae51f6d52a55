// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"linux-cr/tools/internal/cli"
	"linux-cr/tools/internal/imagetest"
	"linux-cr/tools/internal/kernlog"
	"linux-cr/tools/internal/proc"
	"linux-cr/tools/internal/source"
	"linux-cr/tools/internal/tree"
)

// runTool runs restart with the given stdin and returns exit status and stderr.
func runTool(t *testing.T, stdin []byte, args ...string) (int, string, string) {
	t.Helper()
	dir := t.TempDir()
	in := filepath.Join(dir, "stdin")
	if err := os.WriteFile(in, stdin, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(in)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out, err := os.Create(filepath.Join(dir, "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var errs bytes.Buffer
	status := run(args, f, out, &errs)
	data, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return status, string(data), errs.String()
}

func TestErrors(t *testing.T) {
	good := imagetest.Make(t, imagetest.Task(42))
	var foreign bytes.Buffer
	imagetest.Start(t, &foreign, imagetest.Other())
	for _, c := range []struct {
		want  string
		stdin []byte
		args  []string
	}{
		{"no such file", nil, []string{"-i", "/nonexistent/img"}},
		{"the image on stdin: ", nil, nil},
		{"not a checkpoint image", []byte("root:x:0:0:root:/root:/bin/bash\n"), nil},
		{"ends early", good[:300], nil},
		{"ends early", good[:300], []string{"--self"}},
		{"this machine is", foreign.Bytes(), nil},
		{"unknown flag: --nonsense", nil, []string{"--nonsense"}},
		{"unknown command", nil, []string{"img"}},
		{"none of the others can be", nil, []string{"--no-wait", "--copy-status"}},
		{"none of the others can be", nil, []string{"--self", "--frozen"}},
		{"init is started by", nil, []string{"init"}},
	} {
		status, stdout, stderr := runTool(t, c.stdin, c.args...)
		if status != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "restart: ") || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: status %d, stdout %q, stderr %q", c.args, status, stdout, stderr)
		}
	}
}

func TestHelpVersionCompletion(t *testing.T) {
	for args, want := range map[string]string{
		"--help": "--copy-status", "--version": "restart ", "completion bash": "__start_restart",
		"__complete --saved-files ": "fail\nkeep\noverwrite\n", "__complete --changed=": "fail\nwarn\n",
	} {
		status, stdout, _ := runTool(t, nil, strings.Split(args, " ")...)
		if status != 0 || !strings.Contains(stdout, want) {
			t.Errorf("%s: status %d, stdout %q", args, status, stdout)
		}
		if strings.Contains(stdout, " init ") {
			t.Errorf("%s shows the hidden command", args)
		}
	}
}

func TestAsStatus(t *testing.T) {
	for status, want := range map[unix.WaitStatus]error{
		0: nil, 3 << 8: cli.Status(3), 9: cli.Status(137), 11 | 0x80: cli.Status(139),
	} {
		if got := asStatus(status); got != want {
			t.Errorf("%#x: %v, want %v", status, got, want)
		}
	}
}

func TestTaken(t *testing.T) {
	if got := taken(os.Getpid()).Error(); !strings.Contains(got, "is taken by restart.test (state ") {
		t.Error(got)
	}
	if got := taken(1 << 30).Error(); !strings.Contains(got, "process group or session") {
		t.Error(got)
	}
}

func TestInitArgs(t *testing.T) {
	cmd := command(nil, nil)
	if err := cmd.ParseFlags([]string{"--pidns", "--ipcns", "-i", "a b", "--no-wait"}); err != nil {
		t.Fatal(err)
	}
	got := initArgs(cmd.Flags())
	slices.Sort(got)
	if want := []string{"--input=a b", "--no-wait=true", "init"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestWaitForwards ends a process by a signal that restart receives.
func TestWaitForwards(t *testing.T) {
	for _, init := range []bool{false, true} {
		p := &tree.Plan{}
		child := p.Clone(uintptr(unix.SIGCHLD))
		child()
		p.Call("pause", unix.SYS_PPOLL, 0, 0, 0, 0, 0)
		proc, err := p.Start()
		if err != nil {
			t.Fatal(err)
		}
		j := &job{options: &options{init: init}, proc: proc, sigs: make(chan os.Signal, 1)}
		j.sigs <- unix.SIGTERM
		status, err := j.wait()
		if err != nil || !status.Signaled() || status.Signal() != unix.SIGTERM {
			t.Errorf("%#x, %v", status, err)
		}
		proc.Close()
	}
}

// TestManual has the manual page name every option.
func TestManual(t *testing.T) {
	page, err := os.ReadFile("../../docs/man/restart.1")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), "\\-", "-")
	command(nil, nil).Flags().VisitAll(func(f *pflag.Flag) {
		if !strings.Contains(text, "--"+f.Name) {
			t.Errorf("restart(1) does not have --%s", f.Name)
		}
	})
}

// newJob prepares a restart of an image that no kernel accepts.
func newJob(t *testing.T) *job {
	t.Helper()
	name := filepath.Join(t.TempDir(), "img")
	if err := os.WriteFile(name, imagetest.Make(t, imagetest.Task(42)), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	src, err := source.Open(in, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	log, err := kernlog.Open("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return &job{options: &options{}, src: src, log: log, sigs: make(chan os.Signal, 1), stderr: io.Discard}
}

// noChildren checks that a failed restart has left no process.
func noChildren(t *testing.T) {
	t.Helper()
	if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		t.Errorf("there is still a child: %d, %v", pid, err)
	}
}

func TestFailedRestartLeavesNothing(t *testing.T) {
	waits := &tree.Plan{}
	waits.Clone(uintptr(unix.SIGCHLD))()
	waits.Call("pause", unix.SYS_PPOLL, 0, 0, 0, 0, 0)
	fails := &tree.Plan{}
	fails.Clone(uintptr(unix.SIGCHLD))()
	fails.Call("setsid", unix.SYS_SETSID)
	fails.Call("setsid again", unix.SYS_SETSID)
	for name, plan := range map[string]*tree.Plan{"waits": waits, "fails": fails} {
		j := newJob(t)
		if err := j.coordinate(plan, 0); err == nil || j.pid.Load() != 0 {
			t.Errorf("%s: pid %d, %v", name, j.pid.Load(), err)
		}
		noChildren(t)
	}
}

func TestFailedSelfRestartLeavesNothing(t *testing.T) {
	if err := newJob(t).restartSelf(); err == nil {
		t.Error("an image without task state was restarted")
	}
	noChildren(t)
}

func TestExplain(t *testing.T) {
	log, err := kernlog.Open("", "")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	call := func(name string, errno unix.Errno) error {
		return &tree.CallError{Call: name, PID: int32(os.Getpid()), Errno: errno}
	}
	for want, err := range map[string]error{
		"is taken by restart.test (state ": call("clone_with_pids", unix.EBUSY),
		"--pidns does without":             call("clone_with_pids", unix.EPERM),
		"pids.max":                         call("clone_with_pids", unix.EAGAIN),
		fmt.Sprint("for pid ", os.Getpid(), ": invalid argument"):      call("clone_with_pids", unix.EINVAL),
		fmt.Sprint("mount /proc for pid ", os.Getpid(), ": operation"): call("mount /proc", unix.EPERM),
		"other": errors.New("other"),
	} {
		if got := explain(err, log); !strings.Contains(got.Error(), want) {
			t.Errorf("%v, want %q", got, want)
		}
	}
}

func TestLimit(t *testing.T) {
	old := proc.Root
	defer func() { proc.Root = old }()
	proc.Root = t.TempDir()
	root := imagetest.Task(999)
	inside := imagetest.Child(root, 998, 1)
	h := head(t, root, inside, imagetest.Child(inside, 997, 1000))
	if err := checkLimit(h); err != nil {
		t.Errorf("without /proc: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(proc.Root, "sys", "kernel"), 0o755); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[string]string{
		"1001\n": "", "1000\n": "pid 1000 is above what this machine allows: kernel.pid_max is 1000", "999\n": "pid 999 is above",
	} {
		if err := os.WriteFile(filepath.Join(proc.Root, "sys", "kernel", "pid_max"), []byte(limit), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := checkLimit(h); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", limit, err)
		}
	}
}

// TestSelfOfMany has --self refuse an image of more than one task.
func TestSelfOfMany(t *testing.T) {
	root := imagetest.Task(42)
	j := newJob(t)
	j.src.Tasks = append(j.src.Tasks, imagetest.Thread(root, 43))
	if err := j.restartSelf(); err == nil || err.Error() != "the image holds 2 tasks: --self brings back an image of one" {
		t.Error(err)
	}
}

// TestLogIsImage wants the log of a restart not to empty its image.
func TestLogIsImage(t *testing.T) {
	img := filepath.Join(t.TempDir(), "img")
	if err := os.WriteFile(img, imagetest.Make(t, imagetest.Task(42)), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(img)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := kernlog.Open(img, imagePath(in)); err == nil || !strings.Contains(err.Error(), "name another file for the log") {
		t.Error(err)
	}
	if info, err := os.Stat(img); err != nil || info.Size() == 0 {
		t.Errorf("%v, %v", info, err)
	}
}
