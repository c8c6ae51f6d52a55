// SPDX-License-Identifier: GPL-2.0

package tree

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// clone stands in for clone_with_pids, which this kernel need not have.
func clone(p *Plan) func() { return p.Clone(uintptr(unix.SIGCHLD)) }

func wait(t *testing.T, proc *Process) unix.WaitStatus {
	t.Helper()
	defer proc.Close()
	var status unix.WaitStatus
	if _, err := unix.Wait4(proc.PID, &status, 0, nil); err != nil {
		t.Fatal(err)
	}
	return status
}

func write(p *Plan, fd int, text string) {
	p.Call("write", unix.SYS_WRITE, uintptr(fd), p.Text(text), uintptr(len(text)))
}

// TestTree has a process make a child of its own, as a restart of several
// processes does.
func TestTree(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fd := int(w.Fd())
	p := &Plan{}
	root := clone(p)
	root()
	p.Call("setsid", unix.SYS_SETSID)
	write(p, fd, "root\n")
	leaf := clone(p)
	p.Call("wait4", unix.SYS_WAIT4, ^uintptr(0), 0, 0, 0)
	write(p, fd, "reaped\n")
	p.Exit(3)
	leaf()
	write(p, fd, "leaf\n")
	p.Exit(4)
	proc, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	if status := wait(t, proc); status.ExitStatus() != 3 {
		t.Errorf("the root ended with %#x", status)
	}
	buf := make([]byte, 100)
	var got string
	for {
		n, err := r.Read(buf)
		got += string(buf[:n])
		if err != nil {
			break
		}
	}
	if got != "root\nleaf\nreaped\n" {
		t.Errorf("got %q", got)
	}
}

func TestFailureIsReported(t *testing.T) {
	p := &Plan{}
	root := clone(p)
	root()
	p.Task(7)
	p.Call("close", unix.SYS_CLOSE, ^uintptr(0))
	p.Exit(0)
	proc, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	var status unix.WaitStatus
	if _, err := unix.Wait4(proc.PID, &status, 0, nil); err != nil {
		t.Fatal(err)
	}
	defer proc.Close()
	if status.ExitStatus() != 1 {
		t.Errorf("the process ended with %#x", status)
	}
	var call *CallError
	if err := proc.Err(); !errors.As(err, &call) || *call != (CallError{"close", 7, unix.EBADF}) || err.Error() != "close for pid 7: bad file descriptor" {
		t.Errorf("reported %v", err)
	}
}

func TestForkFails(t *testing.T) {
	p := &Plan{}
	root := p.Clone(unix.CLONE_THREAD) // EINVAL: needs CLONE_SIGHAND
	root()
	p.Exit(0)
	if proc, err := p.Start(); !errors.Is(err, unix.EINVAL) {
		t.Errorf("%v, %v", proc, err)
	}
}

func TestPlanWithoutChild(t *testing.T) {
	p := &Plan{}
	clone(p)
	p.Exit(0)
	if _, err := p.Start(); err == nil {
		t.Error("a plan whose fork leads nowhere was started")
	}
	if _, err := (&Plan{}).Start(); err == nil {
		t.Error("an empty plan was started")
	}
}

// TestKeepOnly checks in the child, by its exit status, which descriptors are open.
func TestKeepOnly(t *testing.T) {
	var keep, lose [3]int
	for i := range keep {
		var fds [2]int
		if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fds[0])
		defer unix.Close(fds[1])
		keep[i], lose[i] = fds[0], fds[1]
	}
	try := func(fd int) unix.WaitStatus {
		p := &Plan{}
		root := clone(p)
		root()
		p.KeepOnly(keep[2], keep[0], keep[1])
		p.Call("fcntl", unix.SYS_FCNTL, uintptr(fd), unix.F_GETFD)
		p.Exit(0)
		proc, err := p.Start()
		if err != nil {
			t.Fatal(err)
		}
		return wait(t, proc)
	}
	for i := range keep {
		if status := try(keep[i]); status.ExitStatus() != 0 {
			t.Errorf("descriptor %d was closed", keep[i])
		}
		if status := try(lose[i]); status.ExitStatus() != 1 {
			t.Errorf("descriptor %d was left open", lose[i])
		}
	}
}

// TestManyStarts looks for a runtime that the fork leaves in a bad state:
// goroutines run and memory is allocated meanwhile.
func TestManyStarts(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	for range 4 {
		go func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					_ = strings.Repeat(fmt.Sprint(i), 100)
				}
			}
		}()
	}
	for range 200 {
		p := &Plan{}
		root := clone(p)
		root()
		p.Exit(7)
		proc, err := p.Start()
		if err != nil {
			t.Fatal(err)
		}
		if status := wait(t, proc); status.ExitStatus() != 7 {
			t.Fatalf("ended with %#x", status)
		}
	}
}

func TestString(t *testing.T) {
	p := &Plan{}
	root := CloneWithPids(602)(p, uintptr(unix.SIGCHLD), 0, []int32{42, 1})
	root()
	p.Call("setsid", unix.SYS_SETSID)
	p.Expect(7, "getppid", unix.SYS_GETPPID)
	p.Call("restart", 601, 0, ^uintptr(0), 0, 7)
	want := "0 clone_with_pids(17, 0, 0, 0, [42 1]) child: 1\n1 setsid()\n2 getppid() must be 7\n3 restart(0, -1, 0, 7)\n"
	if got := p.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
