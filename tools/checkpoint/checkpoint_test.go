// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/tools/internal/cli"
	"linux-cr/tools/internal/kernlog"
	"linux-cr/tools/internal/saved"
	"linux-cr/tools/internal/support"
)

// runTool returns exit status, stdout and stderr.
func runTool(t *testing.T, args ...string) (int, string, string) {
	t.Helper()
	out, err := os.CreateTemp(t.TempDir(), "stdout")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var errs bytes.Buffer
	status := run(args, out, &errs)
	data, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return status, string(data), errs.String()
}

func TestCommandLineErrors(t *testing.T) {
	exists := filepath.Join(t.TempDir(), "img")
	if err := os.WriteFile(exists, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	}()
	for _, c := range []struct {
		want string
		args []string
	}{
		{"name one process id", nil},
		{"name one process id", []string{"1", "2"}},
		{`"abc" is not a process id`, []string{"abc"}},
		{`"0" is not a process id`, []string{"0"}},
		{"unknown flag: --nonsense", []string{"--nonsense", "1"}},
		{"none of the others can be", []string{"--kill", "--frozen", "1"}},
		{"none of the others can be", []string{"--dry-run", "-o", "x", "1"}},
		{"none of the others can be", []string{"--dry-run", "--save-files", "/a", "1"}},
		{`pattern "a*" does not begin with a slash`, []string{"--save-files", "/{a,b}", "--save-files", "a*", "1"}},
		{`pattern "/[" is malformed`, []string{"--save-files", "/[", "1"}},
		{"there is no process 2147483647", []string{"2147483647"}},
		{"is an ancestor of this very command", []string{strconv.Itoa(os.Getpid())}},
	} {
		status, stdout, stderr := runTool(t, c.args...)
		if status != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "checkpoint: ") || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: status %d, stdout %q, stderr %q", c.args, status, stdout, stderr)
		}
	}
	// Whatever this kernel can do, an image that exists stays.
	status, _, stderr := runTool(t, "-o", exists, strconv.Itoa(child.Process.Pid))
	if data, err := os.ReadFile(exists); status != 1 || stderr == "" || err != nil || string(data) != "old" {
		t.Errorf("status %d, stderr %q, file %q, %v", status, stderr, data, err)
	}
}

func TestHelpVersionCompletion(t *testing.T) {
	for args, want := range map[string]string{
		"--help": "--keep-partial", "--version": "checkpoint ", "completion bash": "__start_checkpoint",
		"completion zsh": "#compdef checkpoint", "completion fish": "complete -c checkpoint",
		"__complete " + strconv.Itoa(os.Getpid()): strconv.Itoa(os.Getpid()) + "\t",
	} {
		status, stdout, _ := runTool(t, strings.Fields(args)...)
		if status != 0 || !strings.Contains(stdout, want) {
			t.Errorf("%s: status %d, stdout %q", args, status, stdout)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		o    options
		want uint64
	}{
		{options{}, calls.CHECKPOINT_SUBTREE | calls.CHECKPOINT_FREEZE},
		{options{frozen: true}, calls.CHECKPOINT_SUBTREE | calls.CHECKPOINT_FREEZE},
		{options{container: true, kill: true}, calls.CHECKPOINT_FREEZE | calls.CHECKPOINT_KILL},
		{options{dryRun: true}, calls.CHECKPOINT_SUBTREE | calls.CHECKPOINT_FREEZE | calls.CHECKPOINT_DRYRUN},
	} {
		if got := c.o.flags(); got != c.want {
			t.Errorf("%+v: %#x, want %#x", c.o, got, c.want)
		}
	}
}

func TestObstacles(t *testing.T) {
	log, err := kernlog.Open("", "")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	text := "[err -95][pid 7 (a)] epoll\n[warn] nothing\n[err -9][pid 8 (b)] file /x: unlinked\n"
	if _, err := unix.Write(log.Fd(), []byte(text)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	result := printObstacles(&out, log.Errors(), unix.EBUSY)
	want := "[pid 7 (a)] epoll: operation not supported\n[pid 8 (b)] file /x: unlinked: bad file descriptor\n"
	if out.String() != want || result != cli.Status(1) {
		t.Errorf("%q, %v", out.String(), result)
	}
	// Without obstacles the errno is the message.
	if err := printObstacles(&out, nil, unix.EPERM); err != unix.EPERM {
		t.Error(err)
	}
	if err := printObstacles(&out, nil, nil); err != nil {
		t.Error(err)
	}
	// The first error explains a failure; the errno does without one.
	if err := support.Explain("checkpoint", unix.EBUSY, log); err.Error() != "[pid 7 (a)] epoll: operation not supported" {
		t.Error(err)
	}
	empty, err := kernlog.Open("", "")
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	if err := support.Explain("checkpoint", unix.EPERM, empty); !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "ckpt_unpriv_allowed") {
		t.Error(err)
	}
}

// TestOptionNames has messages that ask for a flag of the system call name the option instead.
func TestOptionNames(t *testing.T) {
	var out strings.Builder
	lines := []string{"terminal pts3: outside, and CHECKPOINT_TTY is not given", "file /x: unlinked"}
	_ = printObstacles(&out, lines, unix.EBADF)
	if want := "terminal pts3: outside, and --tty is not given\nfile /x: unlinked\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	for message, want := range map[string]string{
		"its peer is outside of the hierarchy, and CHECKPOINT_CUT is not given": "its peer is outside of the hierarchy, and --cut is not given",
		"not the init of a container, and CHECKPOINT_SUBTREE is not given":      "not the init of a container, leave out --container",
		"changed (RESTART_CHANGED takes it as it is)":                           "changed (--changed=warn takes it as it is)",
	} {
		if got := support.Words(message); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestPrecious has an image that cannot get its name: it is removed unless it is the last of what it holds.
func TestPrecious(t *testing.T) {
	for _, precious := range []bool{false, true} {
		dir := t.TempDir()
		f, err := os.CreateTemp(dir, "image")
		if err != nil {
			t.Fatal(err)
		}
		out := &output{file: f, temp: f.Name(), name: filepath.Join(dir, "no", "where"), precious: precious}
		err = out.finish()
		if err == nil || strings.Contains(err.Error(), "have been killed") != precious {
			t.Errorf("precious %v: %v", precious, err)
		}
		if err := out.abandon(false); err != nil {
			t.Error(err)
		}
		if left := names(t, dir); (len(left) == 1) != precious {
			t.Errorf("precious %v: %q is left", precious, left)
		}
	}
}

// TestLogIsImage wants the log not to empty the image.
func TestLogIsImage(t *testing.T) {
	img := filepath.Join(t.TempDir(), "img")
	for range 2 { // the second time it exists
		if _, err := kernlog.Open(img, filepath.Join(filepath.Dir(img), ".", "img")); err == nil || !strings.Contains(err.Error(), "name another file for the log") {
			t.Error(err)
		}
		if err := os.WriteFile(img, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if data, err := os.ReadFile(img); err != nil || string(data) != "old" {
		t.Errorf("%q, %v", data, err)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestOutput(t *testing.T) {
	for _, c := range []struct {
		exists, force, fail, keep bool
		want                      string // content afterwards, "-" for no file
	}{
		{want: "new"},
		{fail: true, want: "-"},
		{fail: true, keep: true, want: "new"},
		{exists: true, want: "old"},
		{exists: true, force: true, want: "new"},
		{exists: true, force: true, fail: true, want: "old"},
		{exists: true, force: true, fail: true, keep: true, want: "new"},
		{force: true, want: "new"},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			dir := t.TempDir()
			name := filepath.Join(dir, "img")
			if c.exists {
				if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := openOutput(name, c.force, nil)
			if c.exists && !c.force {
				if err == nil || !strings.Contains(err.Error(), "exists") {
					t.Fatal(err)
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := out.file.WriteString("new"); err != nil {
					t.Fatal(err)
				}
				if out.pos() != 3 {
					t.Errorf("at %d", out.pos())
				}
				if c.fail {
					err = out.abandon(c.keep)
				} else {
					err = out.finish()
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if c.want == "-" {
				if left := names(t, dir); len(left) != 0 {
					t.Errorf("left behind: %q", left)
				}
				return
			}
			if got := names(t, dir); !slices.Equal(got, []string{"img"}) {
				t.Errorf("files: %q", got)
			}
			data, err := os.ReadFile(name)
			info, err2 := os.Stat(name)
			if err != nil || err2 != nil || string(data) != c.want || info.Mode().Perm() != 0o600 {
				t.Errorf("%q, %v, %v, %v", data, info, err, err2)
			}
		})
	}
}

func TestOutputDevice(t *testing.T) {
	out, err := openOutput("/dev/null", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := out.abandon(false); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat("/dev/null"); err != nil {
		t.Fatal(err)
	}
	if _, err := openOutput(t.TempDir(), true, nil); err == nil {
		t.Error("a directory was accepted")
	}
}

func TestTerminalIsRefused(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	if _, err := openOutput("", false, tty); err == nil || !strings.Contains(err.Error(), "terminal") {
		t.Error(err)
	}
}

// TestManual has the manual page name every option.
func TestManual(t *testing.T) {
	page, err := os.ReadFile("../../docs/man/checkpoint.1")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), "\\-", "-")
	command(nil, nil).Flags().VisitAll(func(f *pflag.Flag) {
		if !strings.Contains(text, "--"+f.Name) {
			t.Errorf("checkpoint(1) does not have --%s", f.Name)
		}
	})
}

// TestSaveContents writes files of this process in front of an image, and gives up when a signal comes.
func TestSaveContents(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o := options{pid: os.Getpid(), verbose: true}
	for _, text := range []string{name, "/nonexistent/*"} {
		p, err := saved.ParsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		o.patterns = append(o.patterns, p)
	}
	out, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var errs bytes.Buffer
	files, err := o.saveContents(int(out.Fd()), nil, &errs)
	if err != nil || len(files) != 1 || files[0].Path != name {
		t.Errorf("%v, %v", files, err)
	}
	for _, want := range []string{"warning: the processes have no file that --save-files=/nonexistent/* matches\n", "files saved: 1, in "} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("stderr %q, want %q", errs.String(), want)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	sigs := make(chan os.Signal, 1)
	sigs <- unix.SIGTERM
	if _, err := o.saveContents(int(w.Fd()), sigs, &errs); err == nil || !strings.Contains(err.Error(), "ended by a signal") {
		t.Errorf("with a reader that has stopped: %v", err)
	}
}
