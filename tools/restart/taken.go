// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

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
