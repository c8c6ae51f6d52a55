// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/selftests/guest/kit"
)

const hold = calls.CHECKPOINT_SUBTREE | calls.CHECKPOINT_FREEZE

// TestFullFileSystem checkpoints to a file system that is too small.
func TestFullFileSystem(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	p := kit.Start(t, "mem_areas", "keep", "")
	p.Ready(t)
	f, err := os.Create(filepath.Join(dir, "image"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = calls.Checkpoint(p.Pid, int(f.Fd()), hold, none)
	f.Close()
	wantErrno(t, "checkpoint to a full file system", err, unix.ENOSPC)
	finish(t, p)
}

// TestImageInTheMiddle writes an image into the middle of a file and restarts from there.
func TestImageInTheMiddle(t *testing.T) {
	p := kit.Start(t, "tiny", "keep", "")
	p.Ready(t)
	f := scratch(t, os.O_RDWR)
	if _, err := f.WriteString("before"); err != nil {
		t.Fatal(err)
	}
	if _, err := calls.Checkpoint(p.Pid, int(f.Fd()), hold|calls.CHECKPOINT_KILL, none); err != nil {
		t.Fatal(err)
	}
	p.WaitDead(t)
	if _, err := f.WriteString("behind"); err != nil {
		t.Fatal(err)
	}
	b := must(os.ReadFile(f.Name()))
	if !strings.HasPrefix(string(b), "before") || !strings.HasSuffix(string(b), "behind") {
		t.Errorf("the image is not where the file offset was")
	}
	// Restart reads from the offset of its descriptor too.
	if _, err := f.Seek(6, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	r := kit.StartWith(t, f, []string{kit.Path("corestart"), fmt.Sprint(p.Pid), filepath.Join(t.TempDir(), "log")})
	t.Cleanup(r.Kill)
	if line := r.Line(t); !strings.HasPrefix(line, "restart 0 ") {
		t.Fatalf("restart: %s", line)
	}
	if at := must(f.Seek(0, io.SeekCurrent)); at != int64(len(b)-6) {
		t.Errorf("offset after the restart: got %d, want %d", at, len(b)-6)
	}
	finish(t, p)
}

// TestClosedPipe checkpoints into a pipe that nobody reads.
func TestClosedPipe(t *testing.T) {
	p := kit.Start(t, "mem_areas", "keep", "")
	p.Ready(t)
	in, out := pipe(t)
	in.Close()
	_, err := calls.Checkpoint(p.Pid, int(out.Fd()), hold, none)
	wantErrno(t, "checkpoint to a closed pipe", err, unix.EPIPE)

	// The reader goes away in the middle.
	in, out = pipe(t)
	go func() {
		io.CopyN(io.Discard, in, 100000)
		in.Close()
	}()
	_, err = calls.Checkpoint(p.Pid, int(out.Fd()), hold, none)
	wantErrno(t, "checkpoint to a pipe closed later", err, unix.EPIPE)
	finish(t, p)
}

// blocked starts a checkpoint into a pipe in a process of its own and waits until it can write no more.
func blocked(t *testing.T, p *kit.Prog) (cmd *exec.Cmd, in *os.File) {
	t.Helper()
	in, out := pipe(t)
	cmd = exec.Command(kit.Path("rawcall"), "0", "checkpoint", fmt.Sprint(p.Pid), fmt.Sprint(hold))
	cmd.ExtraFiles = []*os.File{out}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	t.Cleanup(func() { cmd.Process.Kill() })
	n, last := 0, 0
	if !p.Within(20*time.Second, func() bool {
		last = n
		n = must(unix.IoctlGetInt(int(in.Fd()), unix.TIOCINQ))
		time.Sleep(50 * time.Millisecond)
		return n > 0 && n == last
	}) {
		t.Fatal("the checkpoint writes nothing")
	}
	return cmd, in
}

// ended waits for a command with a limit.
func ended(t *testing.T, cmd *exec.Cmd) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		return err
	case <-time.After(20 * time.Second):
		t.Fatalf("%s hangs", cmd)
		return nil
	}
}

// TestTargetKilled kills the target while its checkpoint waits for the reader: it dies at once, and the checkpoint
// ends with an error when it can write again.
func TestTargetKilled(t *testing.T) {
	p := kit.Start(t, "mem_areas", "keep", "")
	p.Ready(t)
	cmd, in := blocked(t, p)
	p.Kill(t)
	go io.Copy(io.Discard, in)
	if err := ended(t, cmd); err == nil {
		t.Error("the checkpoint of a task that was killed succeeded")
	}
}

// TestCheckpointerKilled kills the process that checkpoints: the target goes on.
func TestCheckpointerKilled(t *testing.T) {
	p := kit.Start(t, "mem_areas", "keep", "")
	p.Ready(t)
	cmd, _ := blocked(t, p)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := ended(t, cmd); !errors.As(err, &exit) {
		t.Errorf("killed checkpoint: %v", err)
	}
	finish(t, p)
}

// TestTwoCheckpoints wants the second of two simultaneous checkpoints of a task to fail.
func TestTwoCheckpoints(t *testing.T) {
	p := kit.Start(t, "mem_areas", "keep", "")
	p.Ready(t)
	cmd, in := blocked(t, p)
	_, err := kit.Checkpoint(t, p.Pid, hold)
	wantErrno(t, "second checkpoint", err, unix.EBUSY)
	go io.Copy(io.Discard, in)
	if err := ended(t, cmd); err != nil {
		t.Errorf("first checkpoint: %v", err)
	}
	finish(t, p)
}

// TestThawedMeanwhile lets the target go in the middle of its checkpoint: it stays held until the image is complete.
func TestThawedMeanwhile(t *testing.T) {
	for _, way := range []kit.Way{kit.V2, kit.V1, kit.Stop} {
		t.Run(way.Name, func(t *testing.T) {
			p := counting(t)
			release := way.Hold(t, p.Pid)
			in, out := pipe(t)
			if _, err := unix.FcntlInt(out.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() {
				_, err := calls.Checkpoint(p.Pid, int(out.Fd()), calls.CHECKPOINT_SUBTREE, none)
				done <- err
			}()
			p.Within(10*time.Second, func() bool { n, _ := unix.IoctlGetInt(int(in.Fd()), unix.TIOCINQ); return n > 0 })
			release()
			count := func() string { return string(must(os.ReadFile(filepath.Join(p.Dir, "count")))) }
			before := count()
			time.Sleep(300 * time.Millisecond)
			if count() != before {
				t.Error("the target ran in the middle of its checkpoint")
			}
			go io.Copy(io.Discard, in)
			if err := <-done; err != nil {
				t.Errorf("checkpoint: %v", err)
			}
			if !p.Within(10*time.Second, func() bool { return count() != before }) {
				t.Error("the target does not go on after its checkpoint")
			}
			finish(t, p)
		})
	}
}

// TestRestarterKilled kills restarts that wait for the rest of their image: nothing stays behind.
func TestRestarterKilled(t *testing.T) {
	p := kit.Start(t, "tiny", "keep", "")
	p.Ready(t)
	img := kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_FREEZE|calls.CHECKPOINT_KILL)
	p.WaitDead(t)
	b := img.Bytes(t)
	for _, args := range [][]string{
		{kit.Path("selfrestart")},
		{kit.Path("corestart"), fmt.Sprint(p.Pid), filepath.Join(t.TempDir(), "log")},
	} {
		for _, part := range []int{0, 100, len(b) / 2, len(b) - 1} {
			in, out := pipe(t)
			go out.Write(b[:part])
			r := kit.StartWith(t, in, args)
			time.Sleep(200 * time.Millisecond)
			r.Kill()
			if strings.HasSuffix(args[0], "corestart") {
				p.WaitGone(t)
			}
			out.Close()
		}
	}
}
