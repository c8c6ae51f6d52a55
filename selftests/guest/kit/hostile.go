// SPDX-License-Identifier: GPL-2.0

package kit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A Verdict is what became of a restart from a damaged image.
type Verdict struct {
	// Errno is that of the restart; 0 when it succeeded.
	Errno unix.Errno

	// Log is what the kernel said.
	Log string
}

// A Lab tries damaged images of one program.
type Lab struct {
	t   testing.TB
	dir string
	n   int

	// Prog is the dead program, Image its good image.
	Prog  *Prog
	Image []byte

	// Env are further variables of the restarter's environment.
	Env []string
}

// NewLab checkpoints and kills a program whose image is small. A copy of it that comes back in spite of everything finds
// that it may go, and ends.
func NewLab(t testing.TB) *Lab {
	t.Helper()
	return NewLabOf(t, "tiny", "")
}

// NewLabOf is NewLab with a program of the caller's, which must not wait for anybody once it may go.
func NewLabOf(t testing.TB, prog, variant string) *Lab {
	t.Helper()
	p := Start(t, prog, "keep", variant)
	p.Ready(t)
	img := MustCheckpoint(t, p.Pid, Freeze.Flags)
	p.Kill(t)
	p.Go(t, 0, 0)
	// No dumps and no messages about programs that crash with registers of ours.
	Sysctl(t, "/proc/sys/kernel/core_pattern", "\n")
	if _, err := os.Stat("/proc/sys/debug/exception-trace"); err == nil {
		Sysctl(t, "/proc/sys/debug/exception-trace", "0")
	}
	l := &Lab{t: t, dir: t.TempDir(), Prog: p, Image: img.Bytes(t)}
	if v := l.Try(l.Image); v.Errno != 0 {
		t.Fatalf("restart from the good image: %v\n%s", v.Errno, v.Log)
	}
	return l
}

// Copy is the good image, to be damaged.
func (l *Lab) Copy() []byte { return bytes.Clone(l.Image) }

// try starts a restarter with an image and collects what it says.
func (l *Lab) try(b []byte, args ...string) (out string, state *os.ProcessState, log string) {
	l.t.Helper()
	l.n++
	name := filepath.Join(l.dir, fmt.Sprint("image-", l.n))
	logName := name + ".log"
	if err := os.WriteFile(name, b, 0o666); err != nil {
		l.t.Fatal(err)
	}
	defer os.Remove(name)
	defer os.Remove(logName)
	in, err := os.Open(name)
	if err != nil {
		l.t.Fatal(err)
	}
	defer in.Close()
	for i, a := range args {
		if a == "LOG" {
			args[i] = logName
		}
	}
	cmd := exec.Command(args[0], args[1:]...)
	var stdout bytes.Buffer
	cmd.Stdin, cmd.Stdout = in, &stdout
	cmd.Env = append(os.Environ(), l.Env...)
	// A copy that came back with another stdout must not keep us waiting.
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	// Registers and memory may be such that it never ends. A busy host is given time to say that the restart failed.
	timer := time.AfterFunc(15*time.Second, func() { cmd.Process.Kill() })
	if err := cmd.Wait(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
			l.t.Fatal(err)
		}
	}
	timer.Stop()
	return stdout.String(), cmd.ProcessState, read(logName)
}

// Try lets a process become the program of an image.
func (l *Lab) Try(b []byte) Verdict {
	l.t.Helper()
	out, state, log := l.try(b, Path("selfrestart"), "LOG")
	if out == "" {
		return Verdict{Log: log}
	}
	errno, err := strconv.Atoi(strings.TrimSpace(out))
	if err != nil || errno == 0 || state.ExitCode() != 1 {
		l.t.Errorf("restart left its caller damaged: %q, %v; log:\n%s", out, state, log)
	}
	return Verdict{unix.Errno(errno), log}
}

// TryCoordinator restarts from an image with a coordinator and a child.
func (l *Lab) TryCoordinator(b []byte) Verdict {
	l.t.Helper()
	out, state, log := l.try(b, Path("corestart"), fmt.Sprint(l.Prog.Pid), "LOG")
	var ret, errno, pid int
	if n, _ := fmt.Sscanf(out, "restart %d %d %d", &ret, &errno, &pid); n != 3 {
		if state.ExitCode() == -1 {
			// Killed after too long: so is the child.
			unix.Kill(l.Prog.Pid, unix.SIGKILL)
			return Verdict{Log: log}
		}
		l.t.Errorf("corestart: %q, %v; log:\n%s", out, state, log)
		return Verdict{Log: log}
	}
	if ret == 0 {
		// Still there? Its coordinator has been killed because it never ended.
		unix.Kill(l.Prog.Pid, unix.SIGKILL)
		return Verdict{Log: log}
	}
	if !strings.Contains(out, "\nsignal 9\n") {
		l.t.Errorf("the child of a failed restart: %q, want signal 9", out)
	}
	return Verdict{unix.Errno(errno), log}
}

// WantFailure reports a restart that succeeded, or that failed without a word in the log.
func (l *Lab) WantFailure(what string, v Verdict) {
	l.t.Helper()
	if v.Errno == 0 {
		l.t.Errorf("%s: the restart succeeded; log:\n%s", what, v.Log)
		return
	}
	if !strings.Contains(v.Log, fmt.Sprintf("[err -%d]", int(v.Errno))) {
		l.t.Errorf("%s: %v without a line in the log: %q", what, v.Errno, v.Log)
	}
}

// A Census counts what a failed restart could leave behind.
type Census struct {
	Processes, Files int
	Slab, Available  int // KiB
}

// TakeCensus counts, after giving the kernel time to free what it frees later.
func TakeCensus(t testing.TB) Census {
	t.Helper()
	unix.Sync()
	Put(t, "/proc/sys/vm/drop_caches", "3")
	time.Sleep(300 * time.Millisecond)
	Put(t, "/proc/sys/vm/drop_caches", "3")
	shrinkSlabs(t)
	var c Census
	for _, e := range mustDir(t, "/proc") {
		if _, err := strconv.Atoi(e.Name()); err == nil && read(filepath.Join("/proc", e.Name(), "cmdline")) != "" {
			c.Processes++
		}
	}
	c.Files = OpenFiles(t)
	s := bufio.NewScanner(strings.NewReader(read("/proc/meminfo")))
	for s.Scan() {
		f := strings.Fields(s.Text())
		n, _ := strconv.Atoi(f[1])
		switch f[0] {
		case "SUnreclaim:":
			c.Slab = n
		case "MemAvailable:":
			c.Available = n
		}
	}
	return c
}

// shrinkSlabs lets each cache give back its empty slabs. On the debug kernel this also ends the quarantine in which KASAN
// keeps freed objects.
func shrinkSlabs(t testing.TB) {
	t.Helper()
	const dir = "/sys/kernel/slab"
	for _, e := range mustDir(t, dir) {
		// Caches that share a slab have a link to it each.
		if e.IsDir() {
			Put(t, filepath.Join(dir, e.Name(), "shrink"), "1")
		}
	}
}

func mustDir(t testing.TB, path string) []fs.DirEntry {
	t.Helper()
	d, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// less reports whether something is there that was not.
func (c Census) less(after Census) bool {
	return after.Processes > c.Processes || after.Files > c.Files || after.Slab > c.Slab+slabNoise || after.Available < c.Available-memoryNoise
}

// slabNoise and memoryNoise are what comes and goes, in KiB.
const (
	slabNoise   = 2048
	memoryNoise = 16384
)

// Compare wants no process and no open file more than before, and no more memory in use than noise. A busy machine is
// given time to free what it frees later: what has leaked does not go by waiting.
func (c Census) Compare(t testing.TB, after Census, tries int) {
	t.Helper()
	for i := 0; i < 10 && c.less(after); i++ {
		time.Sleep(time.Second)
		after = TakeCensus(t)
	}
	t.Logf("%d tries: before %+v, after %+v", tries, c, after)
	if after.Processes > c.Processes {
		t.Errorf("processes: got %d, want %d", after.Processes, c.Processes)
	}
	if after.Files > c.Files {
		t.Errorf("open files: got %d, want %d", after.Files, c.Files)
	}
	if after.Slab > c.Slab+slabNoise {
		t.Errorf("unreclaimable slab: got %d KiB, want about %d", after.Slab, c.Slab)
	}
	if after.Available < c.Available-memoryNoise {
		t.Errorf("available memory: got %d KiB, want about %d", after.Available, c.Available)
	}
}

// KernelSilence wants no kernel message until the end of the test.
func KernelSilence(t testing.TB) {
	t.Helper()
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Seek(fd, 0, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer unix.Close(fd)
		buf := make([]byte, 16<<10)
		for {
			n, err := unix.Read(fd, buf)
			if err != nil {
				if err != unix.EAGAIN {
					t.Error(err)
				}
				return
			}
			_, text, _ := strings.Cut(string(buf[:n]), ";")
			line, _, _ := strings.Cut(text, "\n")
			// Dropping caches is announced, and so is any mmap(2) of more memory than there is.
			if strings.Contains(line, "drop_caches") || strings.HasPrefix(line, "linux-cr: ") ||
				// The kernel settles its clock in the first seconds.
				strings.HasPrefix(line, "tsc: ") || strings.HasPrefix(line, "clocksource: ") || strings.HasPrefix(line, "__vm_enough_memory:") ||
				// A host that is busy stops the whole machine for a while.
				strings.HasPrefix(line, "hrtimer: interrupt took") {
				continue
			}
			t.Errorf("kernel message: %s", line)
		}
	})
}
