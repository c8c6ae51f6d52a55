// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/abi/image"
	"linux-cr/abi/schema"
	"linux-cr/selftests/guest/kit"
)

// newSocket is what differs in /proc: the number of a socket's inode.
var newSocket = []string{"^fd ", "^fdinfo "}

func unixSockets(t *testing.T, variants ...string) {
	t.Helper()
	for _, v := range variants {
		kit.Run(t, kit.Case{Prog: "unix", Variant: v, Look: newSocket})
	}
}

func TestUnixData(t *testing.T)    { unixSockets(t, "stream", "dgram", "seqpacket") }
func TestUnixRights(t *testing.T)  { unixSockets(t, "rights", "cycle", "creds") }
func TestUnixNames(t *testing.T)   { unixSockets(t, "path", "abstract", "gone", "server") }
func TestUnixBacklog(t *testing.T) { unixSockets(t, "backlog") }
func TestUnixShut(t *testing.T)    { unixSockets(t, "shut", "hup") }
func TestUnixOptions(t *testing.T) { unixSockets(t, "options", "stamp") }
func TestUnixOOB(t *testing.T)     { unixSockets(t, "oob") }
func TestUnixEpoll(t *testing.T)   { unixSockets(t, "epoll") }

// TestUnixBlocked checkpoints a program asleep in a call, which goes on when its handler has run.
func TestUnixBlocked(t *testing.T) {
	for _, v := range []string{"read", "accept", "send"} {
		kit.Run(t, kit.Case{Prog: "unix", Variant: v, Look: newSocket, Signals: []syscall.Signal{unix.SIGUSR1}})
	}
}

// TestUnixFileGone has the file that a socket was bound to removed meanwhile: it is made again, as it was.
func TestUnixFileGone(t *testing.T) {
	p := kit.Start(t, "unix", "keep", "path")
	p.Ready(t)
	img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags)
	p.Kill(t)
	if err := os.Remove(filepath.Join(p.Dir, "socket")); err != nil {
		t.Fatal(err)
	}
	kit.Restart(t, p, img, kit.Tool)
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("unix path: %s", v)
	}
}

// TestUnixAddressTaken restarts a program whose address somebody else has, who keeps it.
func TestUnixAddressTaken(t *testing.T) {
	p := kit.Start(t, "unix", "keep", "path")
	p.Ready(t)
	img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags)
	p.Kill(t)
	path := filepath.Join(p.Dir, "socket")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	r := kit.StartRestart(t, img, []string{"/bin/restart", "-l", log})
	if status := r.Wait(t); status == 0 {
		t.Error("restart succeeds although the address is taken")
	}
	if b, _ := os.ReadFile(log); !strings.Contains(string(b), "cannot bind a Unix socket to "+path) {
		t.Errorf("log: %q", b)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the other's file: %v", err)
	}
	unix.Close(fd)
	kit.Restart(t, p, img, kit.Tool)
	p.Go(t, 0, 0)
	if v := p.Verdict(t); !strings.Contains(v, "mode of the file") {
		t.Errorf("unix path: %s, want only the mode of the other's file", v)
	}
}

// TestUnixFailureLeavesNothing makes the file of a socket again, and then fails: the file is gone again.
func TestUnixFailureLeavesNothing(t *testing.T) {
	p := kit.Start(t, "unix", "keep", "path")
	p.Ready(t)
	img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags)
	p.Kill(t)
	path := filepath.Join(p.Dir, "socket")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	b := img.Bytes(t)
	if err := os.WriteFile(img.Path, b[:len(b)-8], 0o600); err != nil {
		t.Fatal(err)
	}
	r := kit.StartRestart(t, img, []string{"/bin/restart", "-l", filepath.Join(t.TempDir(), "log")})
	if status := r.Wait(t); status == 0 {
		t.Error("restart from a damaged image succeeds")
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the file of the socket is left behind: %v", err)
	}
}

// TestUnixCut cuts a connection with a process outside, if that is asked for.
func TestUnixCut(t *testing.T) {
	p := kit.Start(t, "unix_cut", "keep", "")
	p.Ready(t)
	img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags|calls.CHECKPOINT_CUT)
	if !strings.Contains(img.Log(), "is cut from its peer") {
		t.Errorf("log %q, want a warning", img.Log())
	}
	p.Kill(t)
	kit.Restart(t, p, img, kit.Tool)
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("unix_cut: %s", v)
	}
}

// TestUnixFamily has processes that talk to each other through sockets, which they share and pass on.
func TestUnixFamily(t *testing.T) {
	for _, v := range []string{"sockets"} {
		kit.RunFamilies(t, kit.Family{Prog: "wires", Variant: v, Look: []string{`\bfd `, `\bfdinfo `}})
	}
}

// TestHostileFieldsSockets changes every field of what a socket has.
func TestHostileFieldsSockets(t *testing.T) { hostileFieldsOf(t, &schema.Sockets, "unix", "lab") }

// TestHostileSocketRandom changes random bytes of sockets.
func TestHostileSocketRandom(t *testing.T) {
	hostileTreeRandomIn(t, "wires", "sockets", 11, image.CKPT_HDR_SOCKET, image.CKPT_HDR_SOCKET_QUEUE, image.CKPT_HDR_SOCKET_BUFFER)
}
