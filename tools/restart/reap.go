// SPDX-License-Identifier: GPL-2.0

package main

import (
	"os"

	"golang.org/x/sys/unix"

	"linux-cr/tools/internal/proc"
)

// reap ends every child, those included that become ours because their parent
// has ended, and waits until there is none.
func reap() {
	for {
		children, err := ownChildren()
		if err != nil {
			children = nil // Without /proc: they end by themselves, see alive.
		}
		for _, pid := range children {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		if !await(max(1, len(children))) {
			return
		}
	}
}

// await waits for the end of n children. It returns whether there were as many.
func await(n int) bool {
	for n > 0 {
		switch _, err := unix.Wait4(-1, nil, unix.WALL, nil); err {
		case nil:
			n--
		case unix.EINTR:
		default:
			return false
		}
	}
	return true
}

func ownChildren() ([]int, error) {
	all, err := proc.All()
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, t := range all {
		if t.PPID == os.Getpid() {
			pids = append(pids, t.PID)
		}
	}
	return pids, nil
}
