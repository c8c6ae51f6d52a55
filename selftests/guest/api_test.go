// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/abi/image"
	"linux-cr/selftests/guest/kit"
)

const none = calls.CHECKPOINT_FD_NONE

// counting starts a program that runs on and on.
func counting(t *testing.T) *kit.Prog {
	t.Helper()
	p := kit.Start(t, "counter", "keep", "")
	p.Ready(t)
	return p
}

// finish lets the program end and wants it unharmed.
func finish(t *testing.T, p *kit.Prog) {
	t.Helper()
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("%s %s afterwards: %s", p.Name, p.Variant, v)
	}
}

func wantErrno(t *testing.T, what string, err error, want unix.Errno) {
	t.Helper()
	if want == 0 && err == nil {
		return
	}
	if !errors.Is(err, want) || want == 0 {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func scratch(t *testing.T, flags int) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scratch")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	return kit.File(t, path, flags)
}

// TestCheckpointFlags tries every bit, and the combinations that make no sense.
func TestCheckpointFlags(t *testing.T) {
	p := counting(t)
	out := int(scratch(t, os.O_WRONLY).Fd())
	const all = calls.CHECKPOINT_SUBTREE | calls.CHECKPOINT_FREEZE | calls.CHECKPOINT_KILL | calls.CHECKPOINT_DRYRUN | calls.CHECKPOINT_QUERY |
		calls.CHECKPOINT_CUT | calls.CHECKPOINT_TTY | calls.CHECKPOINT_IPC
	for bit := range 64 {
		flag := uint64(1) << bit
		if flag&all != 0 {
			continue
		}
		_, err := calls.Checkpoint(p.Pid, out, flag|calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE, none)
		wantErrno(t, fmt.Sprintf("checkpoint with flag %#x", flag), err, unix.EINVAL)
		_, err = calls.Restart(0, out, flag|calls.RESTART_TASKSELF, none)
		if flag > calls.RESTART_GHOST && flag != calls.RESTART_CHANGED {
			wantErrno(t, fmt.Sprintf("restart with flag %#x", flag), err, unix.EINVAL)
		}
	}
	for _, flags := range []uint64{
		calls.CHECKPOINT_QUERY | calls.CHECKPOINT_SUBTREE,
		calls.CHECKPOINT_QUERY | calls.CHECKPOINT_DRYRUN,
		calls.CHECKPOINT_DRYRUN | calls.CHECKPOINT_KILL | calls.CHECKPOINT_SUBTREE | calls.CHECKPOINT_FREEZE,
	} {
		_, err := calls.Checkpoint(p.Pid, out, flags, none)
		wantErrno(t, fmt.Sprintf("checkpoint with flags %#x", flags), err, unix.EINVAL)
	}
	finish(t, p)
}

func TestCheckpointQuery(t *testing.T) {
	rev, features, err := calls.Query()
	if err != nil {
		t.Fatal(err)
	}
	const want = calls.CKPT_FEATURE_MEMORY | calls.CKPT_FEATURE_FILES | calls.CKPT_FEATURE_SELF | calls.CKPT_FEATURE_FREEZE
	if rev == 0 || features&want != want {
		t.Errorf("query: revision %d, features %#x; want a revision and %#x", rev, features, want)
	}
	// It has no side effects and looks at nothing else.
	got, err := calls.Checkpoint(-5, 12345, calls.CHECKPOINT_QUERY, 54321)
	if err != nil || uint16(got) != rev {
		t.Errorf("query with other arguments that make no sense: got %#x, %v", got, err)
	}
}

func TestCheckpointDescriptors(t *testing.T) {
	p := counting(t)
	out, in := int(scratch(t, os.O_WRONLY).Fd()), int(scratch(t, os.O_RDONLY).Fd())
	const flags = calls.CHECKPOINT_SUBTREE | calls.CHECKPOINT_FREEZE
	for _, tt := range []struct {
		what    string
		fd, log int
	}{
		{"no descriptor", none, none},
		{"closed descriptor", 12345, none},
		{"descriptor for reading", in, none},
		{"closed log", out, 12345},
		{"log for reading", out, in},
		{"log -2", out, -2},
	} {
		_, err := calls.Checkpoint(p.Pid, tt.fd, flags, tt.log)
		wantErrno(t, tt.what, err, unix.EBADF)
	}
	finish(t, p)
}

func TestCheckpointPids(t *testing.T) {
	p := counting(t)
	f := scratch(t, os.O_WRONLY)
	out := int(f.Fd())
	for _, tt := range []struct {
		what  string
		pid   int
		flags uint64
		want  unix.Errno
	}{
		{"a number without a task", 4000000, calls.CHECKPOINT_SUBTREE | calls.CHECKPOINT_FREEZE, unix.ESRCH},
		{"negative", -1, calls.CHECKPOINT_SUBTREE | calls.CHECKPOINT_FREEZE, unix.EINVAL},
		{"a kernel thread", 2, calls.CHECKPOINT_SUBTREE | calls.CHECKPOINT_FREEZE, unix.EINVAL},
		{"no container's init and no SUBTREE", p.Pid, calls.CHECKPOINT_FREEZE, unix.EINVAL},
		{"running", p.Pid, calls.CHECKPOINT_SUBTREE, unix.EBUSY},
	} {
		_, err := calls.Checkpoint(tt.pid, out, tt.flags, none)
		wantErrno(t, tt.what, err, tt.want)
	}
	finish(t, p)
}

// TestCheckpointFails looks at what a failure leaves: a log line, an error record, and a program that goes on.
func TestCheckpointFails(t *testing.T) {
	p := counting(t)
	img, err := kit.Checkpoint(t, p.Pid, calls.CHECKPOINT_SUBTREE)
	wantErrno(t, "checkpoint of a running task", err, unix.EBUSY)
	if log := img.Log(); !strings.Contains(log, fmt.Sprintf("pid %d", p.Pid)) || !strings.Contains(log, fmt.Sprintf("err -%d", int(unix.EBUSY))) {
		t.Errorf("log: got %q, want the task and the errno", log)
	}
	errno, text := img.ErrorRecord(t)
	if errno != unix.EBUSY || !strings.Contains(text, fmt.Sprint(p.Pid)) {
		t.Errorf("error record: got %v, %q; want EBUSY and the task", errno, text)
	}
	// The image is of no use, and restart says why.
	in := kit.File(t, img.Path, os.O_RDONLY)
	if ret, errno := kit.RawCall(t, 0, "restart", 0, calls.RESTART_TASKSELF, in, nil); ret != -1 || errno != unix.EIO {
		t.Errorf("restart from the image of a failed checkpoint: got %d, %v; want EIO", ret, errno)
	}
	finish(t, p)
}

func TestCheckpointKill(t *testing.T) {
	p := kit.Start(t, "mem_areas", "keep", "")
	p.Ready(t)
	img := kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_FREEZE|calls.CHECKPOINT_KILL)
	p.WaitDead(t)
	r := kit.Restart(t, p, img, kit.Calls)
	finish(t, p)
	if status := r.Wait(t); status != 0 {
		t.Errorf("exit status: got %d, want 0", status)
	}

	// A checkpoint that fails kills nobody.
	p = kit.Start(t, "refuse", "keep", "fanotify")
	p.Ready(t)
	_, err := kit.Checkpoint(t, p.Pid, calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE|calls.CHECKPOINT_KILL)
	if err == nil {
		t.Error("checkpoint of fanotify: no error")
	}
	finish(t, p)
}

// TestCheckpointDryRun wants the answer for a program that can be checkpointed, and every obstacle of one that cannot.
func TestCheckpointDryRun(t *testing.T) {
	const flags = calls.CHECKPOINT_SUBTREE | calls.CHECKPOINT_FREEZE | calls.CHECKPOINT_DRYRUN
	p := counting(t)
	if ret, err := calls.Checkpoint(p.Pid, none, flags, none); ret != 0 || err != nil {
		t.Errorf("dry run: got %d, %v; want 0", ret, err)
	}
	img, err := kit.Checkpoint(t, p.Pid, flags)
	if st, _ := os.Stat(img.Path); err != nil || st.Size() != 0 {
		t.Errorf("dry run with a descriptor: got %v and %d bytes, want nothing", err, st.Size())
	}
	finish(t, p)

	p = kit.Start(t, "refuse", "keep", "many")
	p.Ready(t)
	img, err = kit.Checkpoint(t, p.Pid, flags)
	if err == nil {
		t.Error("dry run of a program with obstacles: no error")
	}
	log := strings.ToLower(img.Log())
	for _, word := range []string{"posix timer", "pidfd", "socket", "shared memory segment"} {
		if !strings.Contains(log, word) {
			t.Errorf("dry run does not name %q:\n%s", word, log)
		}
	}
	if n := strings.Count(log, "[err "); n < 4 {
		t.Errorf("dry run: got %d lines with an error, want at least 4:\n%s", n, log)
	}
	finish(t, p)
}

// TestCheckpointLeavesAlone wants a program that the caller froze or stopped to be so afterwards, and one that it did
// not to run.
func TestCheckpointLeavesAlone(t *testing.T) {
	for _, way := range kit.Ways {
		t.Run(way.Name, func(t *testing.T) {
			p := counting(t)
			release := way.Hold(t, p.Pid)
			for range 3 {
				kit.MustCheckpoint(t, p.Pid, way.Flags)
			}
			count := func() string { b, _ := os.ReadFile(filepath.Join(p.Dir, "count")); return string(b) }
			if way.Name != kit.Freeze.Name {
				before := count()
				time.Sleep(300 * time.Millisecond)
				if count() != before {
					t.Error("the program runs although it was held")
				}
			}
			release()
			before := count()
			if !p.Within(10*time.Second, func() bool { return count() != before }) {
				t.Error("the program does not go on")
			}
			finish(t, p)
		})
	}
}

// TestCheckpointContainer checkpoints the init of a pid namespace as a whole container.
func TestCheckpointContainer(t *testing.T) {
	p := kit.StartContainer(t, "counter")
	p.Ready(t)
	img, err := kit.Checkpoint(t, p.Pid, calls.CHECKPOINT_FREEZE|calls.CHECKPOINT_KILL)
	if err != nil {
		t.Fatal(err)
	}
	img.Check(t)
	r, err := image.NewReader(kit.File(t, img.Path, os.O_RDONLY))
	if err != nil {
		t.Fatal(err)
	}
	if flags := r.Header().Flags; flags&image.CKPT_HEADER_CONTAINER == 0 {
		t.Errorf("flags of the header: got %#x, want the container bit", flags)
	}
	p.Kill(t)

	res := kit.StartRestart(t, img, []string{"/bin/restart", "--pidns", "--copy-status", "-l", filepath.Join(t.TempDir(), "log")})
	t.Cleanup(res.Kill)
	time.Sleep(500 * time.Millisecond)
	finish(t, p)
	if status := res.Wait(t); status != 0 {
		t.Errorf("exit status: got %d, want 0; %s", status, res.Output())
	}
}

func TestRestartArguments(t *testing.T) {
	p := kit.Start(t, "tiny", "keep", "")
	p.Ready(t)
	img := kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_FREEZE)
	finish(t, p)
	open := func() int { return int(kit.File(t, img.Path, os.O_RDONLY).Fd()) }
	for _, tt := range []struct {
		what  string
		pid   int
		fd    int
		flags uint64
		log   int
		want  unix.Errno
	}{
		{"unknown flag", 0, open(), 8 | calls.RESTART_TASKSELF, none, unix.EINVAL},
		{"negative pid", -1, open(), 0, none, unix.EINVAL},
		{"TASKSELF with a pid", 1, open(), calls.RESTART_TASKSELF, none, unix.EINVAL},
		{"GHOST with a pid", 1, open(), calls.RESTART_GHOST, none, unix.EINVAL},
		{"TASKSELF and GHOST", 0, open(), calls.RESTART_TASKSELF | calls.RESTART_GHOST, none, unix.EINVAL},
		{"FROZEN without a coordinator", 0, open(), calls.RESTART_FROZEN, none, unix.EINVAL},
		{"no descriptor", 1, none, 0, none, unix.EBADF},
		{"closed descriptor", 1, 12345, 0, none, unix.EBADF},
		{"descriptor for writing", 1, int(scratch(t, os.O_WRONLY).Fd()), 0, none, unix.EBADF},
		{"closed log", 1, open(), 0, 12345, unix.EBADF},
		{"not a child", 1, open(), 0, none, unix.ESRCH},
		{"no such task", 4000000, open(), 0, none, unix.ESRCH},
		{"TASKSELF with threads", 0, open(), calls.RESTART_TASKSELF, none, unix.EBUSY},
	} {
		_, err := calls.Restart(tt.pid, tt.fd, tt.flags, tt.log)
		wantErrno(t, tt.what, err, tt.want)
	}
}

// TestRestartNoImage feeds restart what is no image at all.
func TestRestartNoImage(t *testing.T) {
	for _, tt := range []struct {
		name string
		data []byte
		want unix.Errno
	}{
		{"empty", nil, unix.EPIPE},
		{"short", []byte{1, 0, 0}, unix.EPIPE},
		{"elf", []byte("\x7fELF" + strings.Repeat("\x02\x01\x01\x00", 500)), unix.EINVAL},
		{"text", []byte(strings.Repeat("hello, world! ", 500)), unix.EINVAL},
		{"zeros", make([]byte, 5000), unix.EINVAL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "image")
			if err := os.WriteFile(path, tt.data, 0o666); err != nil {
				t.Fatal(err)
			}
			if ret, errno := kit.RawCall(t, 0, "restart", 0, calls.RESTART_TASKSELF, kit.File(t, path, os.O_RDONLY), nil); ret != -1 || errno != tt.want {
				t.Errorf("self-restart: got %d, %v; want %v", ret, errno, tt.want)
			}
			r := kit.StartRestart(t, &kit.Image{Path: path}, []string{kit.Path("corestart"), "0", filepath.Join(t.TempDir(), "log")})
			t.Cleanup(r.Kill)
			if line := r.Line(t); !strings.HasPrefix(line, fmt.Sprintf("restart -1 %d ", tt.want)) {
				t.Errorf("restart: got %q, want %v", line, tt.want)
			}
			if line := r.Line(t); line != "signal 9" {
				t.Errorf("child: got %q, want signal 9", line)
			}
		})
	}
}

// TestRestartFrozen wants the program to come back frozen, and to go on when it is thawed.
func TestRestartFrozen(t *testing.T) {
	p := counting(t)
	img := kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_FREEZE|calls.CHECKPOINT_KILL)
	p.Kill(t)
	size := func() int64 { st, _ := os.Stat(filepath.Join(p.Dir, "count")); return st.Size() }
	r := kit.StartRestart(t, img, []string{"/bin/restart", "--frozen", "--no-wait", "-l", filepath.Join(t.TempDir(), "log")})
	if status := r.Wait(t); status != 0 {
		t.Fatalf("restart --frozen: exit status %d: %s", status, r.Output())
	}
	t.Cleanup(func() { unix.Kill(p.Pid, unix.SIGKILL) })
	dir := kit.V2Group(t, p.Pid)
	if got, _ := os.ReadFile(filepath.Join(dir, "cgroup.events")); !strings.Contains(string(got), "frozen 1") {
		t.Errorf("%s/cgroup.events: got %q, want frozen 1", dir, got)
	}
	before := size()
	time.Sleep(300 * time.Millisecond)
	if size() != before {
		t.Error("the program runs although it was to stay frozen")
	}
	kit.Put(t, filepath.Join(dir, "cgroup.freeze"), "0")
	if !p.Within(10*time.Second, func() bool { return size() > before }) {
		t.Error("the program does not go on when it is thawed")
	}
	finish(t, p)
}

// TestRestartTaken wants a clear error from the tool when the number is in use, and nothing left behind.
func TestRestartTaken(t *testing.T) {
	p := counting(t)
	img := kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_FREEZE)
	r := kit.StartRestart(t, img, []string{"/bin/restart", "-l", filepath.Join(t.TempDir(), "log")})
	if status := r.Wait(t); status != 1 || !strings.Contains(r.Output(), fmt.Sprint(p.Pid)) {
		t.Errorf("restart of a process whose number is taken: status %d, output %q; want 1 and the number", status, r.Output())
	}
	if n := strings.Count(strings.TrimSpace(r.Output()), "\n"); n != 0 {
		t.Errorf("want one line, got:\n%s", r.Output())
	}
	finish(t, p)
}

const unprivAllowed = "/proc/sys/kernel/ckpt_unpriv_allowed"

// TestUnprivileged walks through the values of kernel.ckpt_unpriv_allowed as root and as nobody.
func TestUnprivileged(t *testing.T) {
	if got := strings.TrimSpace(string(must(os.ReadFile(unprivAllowed)))); got != "1" {
		t.Errorf("default of kernel.ckpt_unpriv_allowed: got %s, want 1", got)
	}
	for value, want := range []struct{ checkpoint, restart unix.Errno }{
		{unix.EPERM, unix.EPERM},
		{0, unix.EPERM},
		{0, 0},
	} {
		t.Run(fmt.Sprint(value), func(t *testing.T) {
			kit.Sysctl(t, unprivAllowed, fmt.Sprint(value))
			for _, uid := range []int{0, kit.Nobody} {
				p := kit.StartAs(t, uid, "tiny")
				p.Ready(t)
				path := filepath.Join(kit.MeetingPlace(t), "image")
				wantC, wantR := want.checkpoint, want.restart
				if uid == 0 {
					wantC, wantR = 0, 0
				}
				_, errno := kit.RawCall(t, uid, "checkpoint", p.Pid, calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE, kit.File(t, path, os.O_RDWR|os.O_CREATE), nil)
				if errno != wantC {
					t.Errorf("checkpoint as user %d: got %v, want %v", uid, errno, wantC)
				}
				if errno != 0 {
					// Root makes the image for him.
					kit.RawCall(t, 0, "checkpoint", p.Pid, calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE, kit.File(t, path, os.O_RDWR|os.O_TRUNC), nil)
				}
				p.Kill(t)
				p.Go(t, 0, 0)
				if got := kit.SelfRestartAs(t, uid, path); got != wantR {
					t.Errorf("restart as user %d: got %v, want %v", uid, got, wantR)
				} else if wantR == 0 {
					if v := p.Verdict(t); v != "OK" {
						t.Errorf("after the restart as user %d: %s", uid, v)
					}
				}
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestTraceAccess wants checkpoint to refuse a caller that may not trace the task: another user's, and one that hides
// from its own user.
func TestTraceAccess(t *testing.T) {
	out := scratch(t, os.O_WRONLY)
	const flags = calls.CHECKPOINT_SUBTREE | calls.CHECKPOINT_FREEZE
	p := counting(t)
	if ret, errno := kit.RawCall(t, kit.Nobody, "checkpoint", p.Pid, flags, out, nil); ret != -1 || errno != unix.EPERM {
		t.Errorf("nobody checkpoints a task of root: got %d, %v; want EPERM", ret, errno)
	}
	if ret, errno := kit.RawCall(t, kit.Nobody, "checkpoint", p.Pid, flags|calls.CHECKPOINT_DRYRUN, nil, nil); ret != -1 || errno != unix.EPERM {
		t.Errorf("nobody tries a dry run on a task of root: got %d, %v; want EPERM", ret, errno)
	}
	finish(t, p)

	p = kit.StartAs(t, kit.Nobody, "task_prctl", "dumpable")
	p.Ready(t)
	if ret, errno := kit.RawCall(t, kit.Nobody, "checkpoint", p.Pid, flags, out, nil); ret != -1 || errno != unix.EPERM {
		t.Errorf("nobody checkpoints an undumpable task of his: got %d, %v; want EPERM", ret, errno)
	}
	kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_FREEZE)
	finish(t, p)
}

// TestUnprivilegedImage wants nobody to gain anything from an image of root's.
func TestUnprivilegedImage(t *testing.T) {
	kit.Sysctl(t, unprivAllowed, "2")
	p := kit.Start(t, "tiny", "keep", "")
	p.Ready(t)
	img := kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_FREEZE)
	p.Kill(t)
	for d := img.Path; d != "/tmp"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if got := kit.SelfRestartAs(t, kit.Nobody, img.Path); got != unix.EPERM && got != unix.EACCES {
		t.Errorf("nobody restarts a program of root: got %v, want EPERM", got)
	}
}
