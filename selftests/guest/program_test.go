// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/selftests/guest/kit"
)

// scripts are what the programs get to do.
//
//go:embed programs
var scripts embed.FS

// A program is a real one, of a Debian package, which is run from the file system of the host. It runs once undisturbed;
// and once it is saved in the middle of its work with checkpoint --kill, found to be gone and its work undone, brought
// back with restart, and driven to its end, twice over. Then its results have to be the same, byte for byte.
type program struct {
	name string
	argv []string

	// terminal gives it a pseudo terminal, which is saved along with it.
	terminal bool

	// uid is the user it runs as.
	uid uint32

	// before brings it to the middle of its work, after to its end: its own end when empty.
	before, after []step

	// works are processes that must be there in the middle of the work.
	works []string

	// results are the files that are compared, besides out and the exit status.
	results []string

	// alone is for programs that have terminals: one that runs meanwhile could take the number.
	alone bool

	// pending are messages of the kernel that may stand in the way: refusals that docs/coverage.yaml lists, and for
	// which skips_test.go excuses the test.
	pending []string
}

// A step is something the driver does, or waits for.
type step func(t *testing.T, r *running)

// running is a program that has been started.
type running struct {
	*program
	prog   *kit.Prog
	cmd    *exec.Cmd
	dir    string
	status int
}

// limit is how long a step may take.
const limit = 90 * time.Second

// holds waits until a file holds a text.
func holds(file, text string) step {
	return func(t *testing.T, r *running) {
		t.Helper()
		r.until(t, fmt.Sprintf("%s holds %q", file, text), func() bool { return strings.Contains(r.read(file), text) })
	}
}

// exists waits for files.
func exists(files ...string) step {
	return func(t *testing.T, r *running) {
		t.Helper()
		for _, name := range files {
			r.until(t, "there is "+name, func() bool {
				found, _ := filepath.Glob(filepath.Join(r.dir, name))
				return len(found) > 0
			})
		}
	}
}

// types types on the terminal.
func types(keys string) step {
	return func(t *testing.T, r *running) {
		t.Helper()
		f, err := os.OpenFile(filepath.Join(r.dir, "keys"), os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(keys); err != nil {
			t.Fatal(err)
		}
	}
}

// signals sends a signal to the root of the program.
func signals(sig syscall.Signal) step {
	return func(t *testing.T, r *running) {
		t.Helper()
		r.prog.Signal(t, sig)
	}
}

// goes opens the gate.
func goes(t *testing.T, r *running) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, "go"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
}

// commands runs another program of the host beside this one, to its end.
func commands(argv ...string) step {
	return func(t *testing.T, r *running) {
		t.Helper()
		if out, err := r.command(argv).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
		}
	}
}

func (r *running) command(argv []string) *exec.Cmd {
	cmd := &exec.Cmd{Path: argv[0], Args: argv, Dir: r.dir}
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + r.dir, "TMPDIR=" + r.dir, "LC_ALL=C.UTF-8", "TERM=linux", "PYTHONDONTWRITEBYTECODE=1"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: hostRoot, Credential: &syscall.Credential{Uid: r.uid, Gid: r.uid}}
	return cmd
}

func (r *running) read(name string) string {
	b, _ := os.ReadFile(filepath.Join(r.dir, name))
	return string(b)
}

// open opens a file that the program writes to.
func (r *running) open(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(r.dir, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (r *running) until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	if !r.prog.Within(limit, cond) {
		t.Fatalf("%s: not within %v that %s", r.name, limit, what)
	}
}

// testPrograms runs programs as the subtests of a test.
func testPrograms(t *testing.T, programs ...program) {
	t.Helper()
	useHost(t)
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			if !p.alone {
				t.Parallel()
			}
			wantHostFile(t, p.argv[0])
			want := p.undisturbed(t)
			p.disturbed(t, want)
		})
	}
}

// start starts the program and brings it to the middle of its work.
func (p *program) start(t *testing.T) *running {
	t.Helper()
	r := &running{program: p, dir: kit.MeetingPlace(t)}
	if err := os.CopyFS(r.dir, must(fs.Sub(scripts, "programs"))); err != nil {
		t.Fatal(err)
	}
	r.cmd = r.command(p.argv)
	if p.terminal {
		if err := os.WriteFile(filepath.Join(r.dir, "keys"), nil, 0o666); err != nil {
			t.Fatal(err)
		}
		r.cmd.Args = append([]string{kit.Path("terminal"), r.dir, hostRoot}, p.argv...)
		r.cmd.Path, r.cmd.SysProcAttr = r.cmd.Args[0], nil
	}
	out, errs := r.open(t, "out"), r.open(t, "errors")
	defer out.Close()
	defer errs.Close()
	r.cmd.Stdout, r.cmd.Stderr = out, errs
	t.Cleanup(func() { r.cleanUp(t) })
	r.prog = kit.StartCommand(t, p.name, r.dir, r.cmd)
	for _, s := range p.before {
		s(t, r)
	}
	for _, name := range p.works {
		r.until(t, name+" is at work", func() bool { return slices.Contains(r.names(), name) })
	}
	return r
}

// finish drives the program to its end.
func (r *running) finish(t *testing.T) {
	t.Helper()
	after := r.after
	if after == nil {
		after = []step{goes}
	}
	for _, s := range after {
		s(t, r)
	}
}

// undisturbed is what the program makes when nobody checkpoints it.
func (p *program) undisturbed(t *testing.T) map[string]string {
	t.Helper()
	r := p.start(t)
	r.finish(t)
	r.until(t, "it ends", func() bool { return !r.prog.Alive() })
	r.prog.WaitDead(t)
	r.status = exitStatus(r.cmd.ProcessState)
	r.wantGone(t)
	got := r.made()
	if len(got["out"])+len(p.results) == 0 {
		t.Fatalf("%s has made nothing: %s", p.name, r.read("errors"))
	}
	return got
}

// disturbed checkpoints and restarts the program, and expects what it makes undisturbed.
func (p *program) disturbed(t *testing.T, want map[string]string) {
	t.Helper()
	r := p.start(t)
	p.mayRefuse(t, r)
	var back *kit.Restarted
	for range 2 {
		img := r.save(t)
		if back != nil {
			if status := back.Wait(t); status != 128+int(unix.SIGKILL) {
				t.Errorf("the status of the restart of a killed program: got %d, want that of SIGKILL: %s", status, back.Output())
			}
		}
		r.wantGone(t)
		// Nobody is left who could do the rest of the work: the check has to notice.
		if diff := differences(want, r.made()); diff == nil {
			t.Fatal("the work was done already when the program was killed: this test proves nothing")
		}
		back = kit.Restart(t, r.prog, img, kit.Tool)
	}
	r.finish(t)
	r.status = back.Wait(t)
	r.wantGone(t)
	for _, d := range differences(want, r.made()) {
		t.Error(d)
	}
}

// mayRefuse asks for what stands in the way of a checkpoint. Refusals that are known to be pending skip the test.
func (p *program) mayRefuse(t *testing.T, r *running) {
	t.Helper()
	out, err := exec.Command("/bin/checkpoint", "--dry-run", strconv.Itoa(r.prog.Pid)).CombinedOutput()
	if err == nil {
		return
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, line := range lines {
		if !slices.ContainsFunc(p.pending, func(message string) bool { return strings.Contains(line, message) }) {
			t.Fatalf("checkpoint --dry-run %s: %v:\n%s", p.name, err, out)
		}
	}
	t.Skipf("undisturbed it works; refused, pending: %s", strings.Join(lines, "; "))
}

// save saves and kills the program.
func (r *running) save(t *testing.T) *kit.Image {
	t.Helper()
	img := &kit.Image{Path: filepath.Join(t.TempDir(), "image"), LogPath: filepath.Join(t.TempDir(), "log")}
	out, err := exec.Command("/bin/checkpoint", "--kill", "-l", img.LogPath, "-o", img.Path, strconv.Itoa(r.prog.Pid)).CombinedOutput()
	if err != nil {
		t.Fatalf("checkpoint: %v: %s", err, out)
	}
	if len(out) != 0 {
		t.Errorf("checkpoint: %s", out)
	}
	img.Check(t)
	return img
}

// members are the processes of the program, descendants or not: they work in its directory. Zombies do not.
func (r *running) members() []int {
	var pids []int
	for _, path := range must(filepath.Glob("/proc/[0-9]*")) {
		cwd, err := os.Readlink(path + "/cwd")
		if err == nil && strings.Contains(cwd, r.dir) {
			pids = append(pids, must(strconv.Atoi(filepath.Base(path))))
		}
	}
	return pids
}

// names are those of the processes.
func (r *running) names() []string {
	var names []string
	for _, pid := range r.members() {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		names = append(names, strings.TrimSpace(string(b)))
	}
	return names
}

func (r *running) wantGone(t *testing.T) {
	t.Helper()
	r.until(t, "all processes are gone", func() bool { return len(r.members()) == 0 })
}

func (r *running) cleanUp(t *testing.T) {
	for _, pid := range r.members() {
		if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
			t.Error(err)
		}
	}
	if t.Failed() {
		for _, name := range []string{"errors", "log", "screen"} {
			if text := r.read(name); text != "" {
				t.Logf("%s: %s:\n%s", r.name, name, text)
			}
		}
	}
}

// made is what the program has made so far.
func (r *running) made() map[string]string {
	made := map[string]string{"exit status": fmt.Sprint(r.status)}
	for _, name := range append([]string{"out", "errors"}, r.results...) {
		b, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			b = []byte(err.Error())
			b = bytes.ReplaceAll(b, []byte(r.dir), nil)
		}
		made[name] = string(b)
	}
	return made
}

// differences says where two sets of results differ.
func differences(want, got map[string]string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			all = append(all, fmt.Sprintf("%s: got %.2000q, want %.2000q", name, got[name], want[name]))
		}
	}
	return all
}

func exitStatus(s *os.ProcessState) int {
	if ws := s.Sys().(syscall.WaitStatus); ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return s.ExitCode()
}
