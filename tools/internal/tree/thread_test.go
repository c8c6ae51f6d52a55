// SPDX-License-Identifier: GPL-2.0

package tree_test

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/tools/internal/tree"
	"linux-cr/tools/internal/tree/treetest"
)

const threadFlags = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD | unix.CLONE_SYSVSEM

// makers are two ways to clone: with clone3, and with clone(2), which gets the
// top of a stack as clone_with_pids does.
var makers = map[string]tree.Maker{
	"clone3": treetest.Clone3,
	"clone":  tree.PlainClone,
}

func start(t *testing.T, p *tree.Plan) *tree.Process {
	t.Helper()
	proc, err := p.Start()
	if errors.Is(err, unix.ENOSYS) {
		// An emulator may lack clone3; any kernel that has it says EINVAL to no arguments.
		if _, _, errno := unix.Syscall(unix.SYS_CLONE3, 0, 0, 0); errno == unix.ENOSYS {
			t.Skip("the machine has no clone3(2)")
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proc.Close)
	return proc
}

func ended(t *testing.T, proc *tree.Process) unix.WaitStatus {
	t.Helper()
	var status unix.WaitStatus
	if _, err := unix.Wait4(proc.PID, &status, 0, nil); err != nil {
		t.Fatal(err)
	}
	return status
}

// pause never returns.
func pause(p *tree.Plan) { p.Call("pause", unix.SYS_PPOLL, 0, 0, 0, 0, 0) }

// threads plans a process with n threads that do what is asked for, each in its
// turn, and a leader that waits.
func threads(t *testing.T, mk tree.Maker, n int, do func(p *tree.Plan, i int)) *tree.Plan {
	t.Helper()
	p := &tree.Plan{}
	if err := p.Stacks(n); err != nil {
		t.Fatal(err)
	}
	mk(p, uintptr(unix.SIGCHLD), 0, nil)()
	children := make([]func(), n)
	for i := range children {
		p.Task(int32(100 + i))
		children[i] = mk(p, threadFlags, p.Stack(i), nil)
	}
	pause(p)
	for i, child := range children {
		child()
		p.Task(int32(100 + i))
		do(p, i)
	}
	return p
}

// TestThreadsRun has each thread write to a pipe, and the last thread end the process.
func TestThreadsRun(t *testing.T) {
	for name, mk := range makers {
		t.Run(name, func(t *testing.T) {
			var fds [2]int
			if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fds[0])
			const n = 50
			p := threads(t, mk, n, func(p *tree.Plan, i int) {
				p.Call("write", unix.SYS_WRITE, uintptr(fds[1]), p.Text(string(rune('!'+i))), 1)
				p.Call("exit", unix.SYS_EXIT, 0) // of the thread alone
			})
			proc := start(t, p)
			unix.Close(fds[1])
			var got []byte
			for len(got) < n {
				b := make([]byte, n)
				m, err := unix.Read(fds[0], b)
				if err != nil || m == 0 {
					t.Fatalf("read: %d, %v after %q: %v", m, err, got, proc.Err())
				}
				got = append(got, b[:m]...)
			}
			slices.Sort(got)
			for i, c := range got {
				if c != byte('!'+i) {
					t.Fatalf("the threads wrote %q", got)
				}
			}
			// They end, and only they.
			treetest.Until(t, "end of the threads", func() bool { return len(treetest.Threads(int32(proc.PID))) == 1 })
			if err := unix.Kill(proc.PID, unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if status := ended(t, proc); !status.Signaled() || proc.Err() != nil {
				t.Errorf("%#x, %v", status, proc.Err())
			}
		})
	}
}

// TestThreadFails names the thread whose call fails; the process ends.
func TestThreadFails(t *testing.T) {
	for name, mk := range makers {
		t.Run(name, func(t *testing.T) { threadFails(t, mk) })
	}
}

func threadFails(t *testing.T, mk tree.Maker) {
	p := threads(t, mk, 20, func(p *tree.Plan, i int) {
		if i == 13 {
			p.Call("close", unix.SYS_CLOSE, ^uintptr(0))
		}
		pause(p)
	})
	proc := start(t, p)
	told := make(chan error, 1)
	stop := proc.OnFailure(func() { told <- proc.Err() })
	defer stop()
	if status := ended(t, proc); status.ExitStatus() != 1 {
		t.Errorf("the process ended with %#x", status)
	}
	var call *tree.CallError
	select {
	case err := <-told:
		if !errors.As(err, &call) || *call != (tree.CallError{Call: "close", PID: 113, Errno: unix.EBADF}) {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("nobody was told")
	}
}

// TestFirstFailureCounts has all threads fail.
func TestFirstFailureCounts(t *testing.T) {
	p := threads(t, tree.PlainClone, 20, func(p *tree.Plan, i int) { p.Call("close", unix.SYS_CLOSE, ^uintptr(0)) })
	proc := start(t, p)
	ended(t, proc)
	var call *tree.CallError
	if err := proc.Err(); !errors.As(err, &call) || call.Errno != unix.EBADF || call.PID < 100 || call.PID > 119 {
		t.Errorf("%v", err)
	}
}

func TestExpect(t *testing.T) {
	for _, c := range []struct {
		want   uintptr
		status int
	}{{uintptr(os.Getpid()), 3}, {1 << 30, 1}} {
		p := &tree.Plan{}
		p.Clone(uintptr(unix.SIGCHLD))()
		p.Expect(c.want, "getppid", unix.SYS_GETPPID)
		p.Exit(3)
		proc := start(t, p)
		if status := ended(t, proc); status.ExitStatus() != c.status || proc.Err() != nil {
			t.Errorf("want %d: status %#x, %v", c.want, status, proc.Err())
		}
	}
}

func TestOnFailureStops(t *testing.T) {
	p := threads(t, tree.PlainClone, 1, func(p *tree.Plan, _ int) { pause(p) })
	proc := start(t, p)
	proc.OnFailure(func() { t.Error("told of a failure") })()
	_ = unix.Kill(proc.PID, unix.SIGKILL)
	ended(t, proc)
}
