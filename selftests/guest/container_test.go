// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/selftests/guest/kit"
)

// TestContainerTree saves a container of several processes as a whole; it comes back in a pid namespace of its own.
func TestContainerTree(t *testing.T) {
	for _, c := range []struct{ prog, variant string }{
		{"tree", "levels"}, {"threads", "names"}, {"zombies", "status"}, {"pidns", "one"}, {"session", "session_gone"},
	} {
		t.Run(c.prog, func(t *testing.T) {
			p := kit.StartContainer(t, c.prog, c.variant)
			p.Ready(t)
			p.SettleFamily(t)
			img, err := kit.Checkpoint(t, p.Pid, calls.CHECKPOINT_FREEZE)
			if err != nil {
				t.Fatalf("checkpoint: %v", err)
			}
			img.Check(t)
			if root := img.Array(t)[0]; root.PID != 1 {
				t.Errorf("pid of the root: got %d, want 1", root.PID)
			}
			p.KillFamily(t, func() {})
			r := kit.Restart(t, p, img, kit.Tool)
			// It has another number outside.
			kids := kit.Members(r.Pid())
			if len(kids) < 2 {
				t.Fatalf("processes below the restart: %v", kids)
			}
			p.Pid = kids[1]
			finish(t, p)
			if status := r.Wait(t); status != 0 {
				t.Errorf("exit status of the restart: got %d, want 0", status)
			}
		})
	}
}

// TestContainerPid wants EINVAL for a process that is not the init of a container.
func TestContainerPid(t *testing.T) {
	p := kit.StartContainer(t, "tree", "levels")
	p.Ready(t)
	for _, pid := range kit.Members(p.Pid)[1:] {
		_, err := kit.Checkpoint(t, pid, calls.CHECKPOINT_FREEZE)
		wantErrno(t, fmt.Sprintf("checkpoint of process %d as a container", pid), err, unix.EINVAL)
	}
	p.KillFamily(t, func() {})
}

// TestContainerLeak has containers that share something with a process outside: the checkpoint of the container fails
// and says what and who, that of a subtree warns.
func TestContainerLeak(t *testing.T) {
	for variant, words := range map[string]string{
		"files": "file", "fs": "root", "vm": "address space", "sighand": "signal", "file": "/",
	} {
		t.Run(variant, func(t *testing.T) {
			p := kit.StartFamily(t, "leaky", "keep", variant)
			p.Ready(t)
			pid := must(strconv.Atoi(strings.TrimSpace(string(must(os.ReadFile(filepath.Join(p.Dir, "container")))))))

			img, err := kit.Checkpoint(t, pid, calls.CHECKPOINT_FREEZE)
			wantErrno(t, "checkpoint of a container that leaks", err, unix.EBUSY)
			_, text := img.ErrorRecord(t)
			for _, what := range []string{words, fmt.Sprint(p.Pid), "leaky"} {
				if !strings.Contains(img.Log(), what) {
					t.Errorf("the log does not name %q:\n%s", what, img.Log())
				}
			}
			if text == "" {
				t.Error("no error record")
			}

			img = kit.MustCheckpoint(t, pid, calls.CHECKPOINT_FREEZE)
			if !strings.Contains(img.Log(), words) {
				t.Errorf("subtree: no warning that names %q:\n%s", words, img.Log())
			}
			finish(t, p)
		})
	}
}

// TestContainerTight has a container that shares nothing.
func TestContainerTight(t *testing.T) {
	p := kit.StartFamily(t, "leaky", "keep", "nothing")
	p.Ready(t)
	pid := must(strconv.Atoi(strings.TrimSpace(string(must(os.ReadFile(filepath.Join(p.Dir, "container")))))))
	if img, err := kit.Checkpoint(t, pid, calls.CHECKPOINT_FREEZE); err != nil {
		t.Errorf("checkpoint: %v\n%s", err, img.Log())
	}
	finish(t, p)
}
