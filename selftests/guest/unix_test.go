// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

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
func TestUnixNames(t *testing.T)   { unixSockets(t, "path", "abstract", "gone", "server", "longest") }
func TestUnixBacklog(t *testing.T) { unixSockets(t, "backlog") }
func TestUnixShut(t *testing.T)    { unixSockets(t, "shut", "hup") }
func TestUnixOptions(t *testing.T) { unixSockets(t, "options", "stamp") }
func TestUnixOOB(t *testing.T)     { unixSockets(t, "oob") }
func TestUnixEpoll(t *testing.T)   { unixSockets(t, "epoll") }

// TestUnixBlocked checkpoints a program asleep in a call, which goes on when its handler has run.
func TestUnixBlocked(t *testing.T) {
	for _, v := range []string{"read", "accept", "send", "sendto", "connect"} {
		kit.Run(t, kit.Case{Prog: "unix_call", Variant: v, Look: newSocket, Signals: []syscall.Signal{unix.SIGUSR1}})
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

// logServer is who has the address that unix_log connects with, and has it by the same name.
func logServer(t *testing.T, dir, variant string) int {
	t.Helper()
	name := filepath.Join(dir, "syslog")
	if variant == "relative" {
		t.Chdir(dir)
		name = "syslog"
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: name}); err != nil {
		t.Fatal(err)
	}
	return fd
}

// startLog starts unix_log when there is somebody to connect with.
func startLog(t *testing.T, variant string) (*kit.Prog, int) {
	t.Helper()
	dir := kit.MeetingPlace(t)
	fd := logServer(t, dir, variant)
	p := kit.StartIn(t, dir, "unix_log", "keep", variant)
	p.Ready(t)
	return p, fd
}

// TestUnixLog has a program that is connected with a datagram socket outside.
func TestUnixLog(t *testing.T) {
	for _, variant := range []string{"there", "gone"} {
		p, fd := startLog(t, variant)
		img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags)
		if !strings.Contains(img.Log(), "a restart connects with who has the address then") {
			t.Errorf("%s: log %q, want a warning", variant, img.Log())
		}
		p.Kill(t)
		if variant == "gone" {
			unix.Close(fd)
		}
		kit.Restart(t, p, img, kit.Tool)
		p.Go(t, 0, 0)
		if v := p.Verdict(t); v != "OK" {
			t.Errorf("unix_log %s: %s", variant, v)
		}
		if variant == "gone" {
			continue
		}
		buf := make([]byte, 100)
		for _, want := range []string{"before", "after"} {
			if n, err := unix.Read(fd, buf); err != nil || string(buf[:n]) != want {
				t.Errorf("the one outside got %q, %v; want %q", buf[:max(n, 0)], err, want)
			}
		}
		unix.Close(fd)
	}
}

// TestUnixLogRelative is refused: the address leads elsewhere from another directory.
func TestUnixLogRelative(t *testing.T) {
	p, fd := startLog(t, "relative")
	defer unix.Close(fd)
	img, err := kit.Checkpoint(t, p.Pid, kit.Freeze.Flags|calls.CHECKPOINT_SUBTREE)
	if err != unix.EBUSY || !strings.Contains(img.Log(), "its peer is outside of the hierarchy") {
		t.Errorf("checkpoint: %v, log %q; want EBUSY and the reason", err, img.Log())
	}
	p.Kill(t)
}

// unixSocks is how many Unix sockets there are, those included that nobody finds any more.
func unixSocks(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/net/protocols")
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 2 && strings.HasPrefix(f[0], "UNIX") {
			n, _ := strconv.Atoi(f[2])
			sum += n
		}
	}
	return sum
}

// TestUnixNoLeak restarts from damaged images of what is hard to give back: sockets in flight in each other, connections
// that wait, senders that are closed. Nothing of them stays.
func TestUnixNoLeak(t *testing.T) {
	for _, v := range []string{"cycle", "backlog", "server", "rights", "hup"} {
		p := kit.Start(t, "unix", "keep", v)
		p.Ready(t)
		img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags)
		p.Kill(t)
		b := img.Bytes(t)
		if err := os.WriteFile(img.Path, b[:len(b)-8], 0o600); err != nil {
			t.Fatal(err)
		}
		// The collector of what is in flight runs when a socket is closed.
		settled := func() int {
			for range 5 {
				fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
				if err != nil {
					t.Fatal(err)
				}
				unix.Close(fds[0])
				unix.Close(fds[1])
				time.Sleep(20 * time.Millisecond)
			}
			return unixSocks(t)
		}
		before := settled()
		for range 3 {
			r := kit.StartRestart(t, img, []string{"/bin/restart", "-l", filepath.Join(t.TempDir(), "log")})
			if status := r.Wait(t); status == 0 {
				t.Fatalf("%s: restart from a damaged image succeeds", v)
			}
		}
		after := settled()
		for i := 0; after > before && i < 100; i++ {
			after = settled()
		}
		if after > before {
			t.Errorf("%s: %d Unix sockets after failed restarts, %d before", v, after, before)
		}
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
