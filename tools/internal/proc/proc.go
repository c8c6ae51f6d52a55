// SPDX-License-Identifier: GPL-2.0

// Package proc reads what /proc tells about tasks.
package proc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Root is where procfs is mounted. Tests put a folder of their own here.
var Root = "/proc"

// Task is one line of /proc/PID/stat, as far as the tools need it.
type Task struct {
	PID, PPID, PGID, SID int
	Comm                 string
	State                byte // R, S, D, T, t, Z, ...
	Ending               bool // it has ended, is ending, or has been killed
}

// Stopped reports whether a job-control signal or a tracer has stopped the task.
func (t *Task) Stopped() bool { return t.State == 'T' || t.State == 't' }

// Fields of /proc/PID/stat behind the name, and what tells in them that a task
// is ending: PF_EXITING, SIGKILL.
const (
	statFlags, exiting = 6, 1 << 2
	statPending        = 28
	killed             = 1 << (unix.SIGKILL - 1)
)

// ending reports whether the fields are those of a task that is about to go.
func ending(fields []string) bool {
	bit := func(n int, mask uint64) bool {
		if len(fields) <= n {
			return false
		}
		v, err := strconv.ParseUint(fields[n], 10, 64)
		return err == nil && v&mask != 0
	}
	return fields[0] == "Z" || fields[0] == "X" || bit(statFlags, exiting) || bit(statPending, killed)
}

// Read returns a task. A thread that is not the leader is found as well.
func Read(pid int) (*Task, error) {
	data, err := os.ReadFile(filepath.Join(Root, strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil, err
	}
	return parseStat(string(data))
}

func parseStat(line string) (*Task, error) {
	// The name may hold blanks and parentheses: the last one closes it.
	open, shut := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || shut < open {
		return nil, fmt.Errorf("unexpected line in /proc/PID/stat: %q", line)
	}
	fields := strings.Fields(line[shut+1:])
	if len(fields) < 4 || len(fields[0]) != 1 {
		return nil, fmt.Errorf("unexpected line in /proc/PID/stat: %q", line)
	}
	t := &Task{Comm: line[open+1 : shut], State: fields[0][0], Ending: ending(fields)}
	var err error
	if t.PID, err = strconv.Atoi(strings.TrimSpace(line[:open])); err != nil {
		return nil, err
	}
	for i, n := range []*int{&t.PPID, &t.PGID, &t.SID} {
		if *n, err = strconv.Atoi(fields[1+i]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// All returns every process.
func All() ([]*Task, error) {
	entries, err := os.ReadDir(Root)
	if err != nil {
		return nil, err
	}
	var all []*Task
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		t, err := Read(pid)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			continue // It ended while we were reading.
		}
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// Hierarchy returns pid and the processes that descend from it, parents first.
func Hierarchy(pid int) ([]int, error) {
	if _, err := Read(pid); err != nil {
		return nil, err
	}
	all, err := All()
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, t := range all {
		children[t.PPID] = append(children[t.PPID], t.PID)
	}
	pids := []int{pid}
	for i := 0; i < len(pids); i++ {
		pids = append(pids, children[pids[i]]...)
	}
	return pids, nil
}
