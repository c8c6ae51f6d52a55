package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience is how long processes may take to disappear.
const patience = 2 * time.Second

// processes returns the user processes of the guest, pid to command line. Kernel threads have no command line; neither
// have zombies, which their parents may still want.
func processes() (map[int]string, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	found := map[int]string{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		data, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) || len(data) == 0 {
			continue
		}
		if err != nil {
			return nil, err
		}
		found[pid] = strings.TrimSpace(strings.ReplaceAll(string(data), "\x00", " "))
	}
	return found, nil
}

// cleanUp describes the processes that were not there before, and removes them with the control groups that a test
// may have frozen them in.
func cleanUp(before map[int]string) ([]string, error) {
	left, err := newProcesses(before, patience)
	if err != nil {
		return nil, err
	}
	var described []string
	for pid, cmdline := range left {
		described = append(described, fmt.Sprintf("process %d (%s)%s", pid, cmdline, whereabouts(pid)))
	}
	sort.Strings(described)
	thaw()
	for pid := range left {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return nil, fmt.Errorf("kill process %d: %w", pid, err)
		}
	}
	still, err := newProcesses(before, patience)
	if err != nil {
		return nil, err
	}
	for pid, cmdline := range still {
		described = append(described, fmt.Sprintf("process %d (%s) cannot be killed%s", pid, cmdline, whereabouts(pid)))
	}
	removeGroups()
	return described, nil
}

// newProcesses waits up to limit for the processes that were not there before to disappear, and returns the rest.
func newProcesses(before map[int]string, limit time.Duration) (map[int]string, error) {
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		now, err := processes()
		if err != nil {
			return nil, err
		}
		for pid := range before {
			delete(now, pid)
		}
		if len(now) == 0 || time.Now().After(deadline) {
			return now, nil
		}
	}
}

// whereabouts says in what state a process is and where in the kernel it waits, as far as can be learned.
func whereabouts(pid int) string {
	var text string
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
		for _, line := range strings.Split(string(status), "\n") {
			if state, ok := strings.CutPrefix(line, "State:"); ok {
				text += ", state " + strings.TrimSpace(state)
			}
		}
	}
	if stack, err := os.ReadFile(fmt.Sprintf("/proc/%d/stack", pid)); err == nil && len(stack) > 0 {
		text += "\n" + strings.TrimRight(string(stack), "\n")
	}
	return text
}

// groups lists the control groups below the mount points of both versions, the innermost first.
func groups() []string {
	var dirs []string
	for _, root := range []string{"/sys/fs/cgroup", "/cgroup"} {
		// Groups vanish while one looks; those are not of interest.
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() && path != root {
				dirs = append(dirs, path)
			}
			return nil
		})
	}
	sort.Sort(sort.Reverse(sort.StringSlice(dirs)))
	return dirs
}

// thaw lets frozen processes run, without which those of the version 1 freezer cannot die. A group has one of the
// two files.
func thaw() {
	for _, dir := range groups() {
		_ = os.WriteFile(filepath.Join(dir, "cgroup.freeze"), []byte("0"), 0)
		_ = os.WriteFile(filepath.Join(dir, "freezer.state"), []byte("THAWED"), 0)
	}
}

// removeGroups removes the groups that are empty, or become so while their last processes are torn down.
func removeGroups() {
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		left := groups()
		for _, dir := range left {
			_ = syscall.Rmdir(dir)
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return
		}
	}
}
