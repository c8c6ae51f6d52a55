// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
	"linux-cr/tools/internal/kernlog"
	"linux-cr/tools/internal/proc"
	"linux-cr/tools/internal/source"
	"linux-cr/tools/internal/support"
	"linux-cr/tools/internal/tree"
)

// explain gives the reason why a task could not be made.
func explain(err error, log *kernlog.Log) error {
	var call *tree.CallError
	if !errors.As(err, &call) || call.Call != "clone_with_pids" {
		return err
	}
	switch call.Errno {
	case unix.EBUSY:
		return taken(int(call.PID))
	case unix.EPERM:
		return fmt.Errorf("%w (a chosen pid needs CAP_CHECKPOINT_RESTORE; --pidns does without)", err)
	case unix.EAGAIN:
		return fmt.Errorf("%w (a limit of processes: ulimit -u, pids.max of the cgroup, kernel.threads-max or kernel.pid_max)", err)
	}
	return support.Explain(fmt.Sprintf("clone_with_pids for pid %d", call.PID), call.Errno, log)
}

// taken says who has the pid that the image needs.
func taken(pid int) error {
	t, err := proc.Read(pid)
	if err != nil {
		return fmt.Errorf("pid %d is taken: a process group or session has this number (--pidns avoids that)", pid)
	}
	return fmt.Errorf("pid %d is taken by %s (state %c; --pidns avoids that)", pid, t.Comm, t.State)
}

// patience is how long restart waits for processes that are about to end.
const patience = 2 * time.Second

// awaitEnding waits while nothing but processes that are about to end has a
// number that the image needs, as behind a checkpoint that has killed the
// original. What else has one, the kernel finds.
func awaitEnding(head *source.Head) {
	if container(head.Root()) {
		return
	}
	for begin := time.Now(); inWay(head) && time.Since(begin) < patience; {
		time.Sleep(5 * time.Millisecond)
	}
}

// inWay reports whether such processes are there, and no others.
func inWay(head *source.Head) bool {
	wanted := map[int]bool{}
	for _, list := range [][]image.Pids{head.Tasks, head.Ghosts} {
		for i := range list {
			pid := int(list[i].PID)
			// A process or thread, or a process group without a leader.
			if unix.Kill(pid, 0) != unix.ESRCH || unix.Kill(-pid, 0) != unix.ESRCH {
				wanted[pid] = true
			}
		}
	}
	if len(wanted) == 0 {
		return false
	}
	all, err := proc.All()
	if err != nil {
		return false
	}
	found := false
	for _, t := range all {
		if !wanted[t.PID] && !wanted[t.PGID] && !wanted[t.SID] {
			continue
		}
		if !t.Ending {
			return false
		}
		found = true
	}
	return found
}

// checkLimit finds a pid that this machine hands out to nobody.
func checkLimit(head *source.Head) error {
	data, err := os.ReadFile(filepath.Join(proc.Root, "sys", "kernel", "pid_max"))
	if err != nil {
		return nil // Then the kernel says it, less clearly.
	}
	limit, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return fmt.Errorf("kernel.pid_max: %w", err)
	}
	for _, list := range [][]image.Pids{head.Tasks, head.Ghosts} {
		for i := range list {
			for _, pid := range source.PIDs(&list[i]) {
				if int(pid) >= limit {
					return fmt.Errorf("pid %d is above what this machine allows: kernel.pid_max is %d", pid, limit)
				}
			}
		}
	}
	return nil
}
