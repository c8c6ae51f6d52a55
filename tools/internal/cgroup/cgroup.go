// SPDX-License-Identifier: GPL-2.0

// Package cgroup freezes processes through the cgroup v2 hierarchy.
package cgroup

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/tools/internal/proc"
)

// Timeout is how long a cgroup may take to freeze. A task that the kernel
// cannot stop, asleep on a dead NFS server for instance, would take for ever.
var Timeout = 10 * time.Second

// Group is a cgroup by its directory.
type Group struct {
	Dir  string
	root bool // the top of the hierarchy as far as it is mounted
}

// Of returns the cgroup of a process.
func Of(pid int) (*Group, error) {
	mount, top, err := mounted()
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(proc.Root, strconv.Itoa(pid), "cgroup"))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		path, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::")
		if !ok {
			continue
		}
		rel, err := filepath.Rel(top, path)
		if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
			return nil, fmt.Errorf("the cgroup of process %d, %s, is not below the mounted one, %s", pid, path, top)
		}
		return &Group{Dir: filepath.Join(mount, rel), root: rel == "."}, nil
	}
	return nil, fmt.Errorf("process %d has no cgroup v2", pid)
}

// mounted returns where cgroup2 is mounted and which cgroup is at its top.
func mounted() (mount, top string, err error) {
	data, err := os.ReadFile(filepath.Join(proc.Root, "self", "mountinfo"))
	if err != nil {
		return "", "", err
	}
	for line := range strings.Lines(string(data)) {
		// ID parent dev root mountpoint options... - fstype source options
		fields := strings.Fields(line)
		for i := 6; i+1 < len(fields); i++ {
			if fields[i] == "-" {
				if fields[i+1] == "cgroup2" {
					return unescape(fields[4]), unescape(fields[3]), nil
				}
				break
			}
		}
	}
	return "", "", errors.New("cgroup v2 is not mounted (mount -t cgroup2 none /sys/fs/cgroup)")
}

// unescape undoes the octal escapes of mountinfo.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// IsRoot reports whether this is the top of the hierarchy, which cannot be frozen.
func (g *Group) IsRoot() bool { return g.root }

// NewChild makes a cgroup below g.
func (g *Group) NewChild(name string) (*Group, error) {
	c := &Group{Dir: filepath.Join(g.Dir, name)}
	if err := os.Mkdir(c.Dir, 0o755); err != nil {
		return nil, err
	}
	return c, nil
}

// Remove removes an empty cgroup.
func (g *Group) Remove() error {
	// A task that has just ended may still be counted for a moment.
	for deadline := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
		err := unix.Rmdir(g.Dir)
		if err != unix.EBUSY || time.Now().After(deadline) {
			if err != nil {
				return &os.PathError{Op: "rmdir", Path: g.Dir, Err: err}
			}
			return nil
		}
	}
}

// Add moves a process into the cgroup.
func (g *Group) Add(pid int) error {
	return g.write("cgroup.procs", strconv.Itoa(pid))
}

// OpenProcs opens the file through which a process that writes "0" there enters.
func (g *Group) OpenProcs() (*os.File, error) {
	return os.OpenFile(filepath.Join(g.Dir, "cgroup.procs"), os.O_WRONLY, 0)
}

// Procs returns the processes in g and in the cgroups below it.
func (g *Group) Procs() ([]int, error) {
	var pids []int
	err := filepath.WalkDir(g.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.Name() != "cgroup.procs" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, f := range strings.Fields(string(data)) {
			pid, err := strconv.Atoi(f)
			if err != nil {
				return err
			}
			pids = append(pids, pid)
		}
		return nil
	})
	return pids, err
}

// Frozen reports whether every task in the cgroup is frozen. The top of the
// hierarchy never is.
func (g *Group) Frozen() (bool, error) {
	f, err := os.Open(filepath.Join(g.Dir, "cgroup.events"))
	if g.root && errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	return readFrozen(f)
}

func readFrozen(events *os.File) (bool, error) {
	data, err := io.ReadAll(io.NewSectionReader(events, 0, 1<<12))
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, "frozen "); ok {
			return strings.TrimSpace(value) == "1", nil
		}
	}
	return false, errors.New("this kernel has no cgroup v2 freezer")
}

// Freeze stops the tasks of the cgroup and returns when all of them have.
func (g *Group) Freeze() error {
	events, err := os.Open(filepath.Join(g.Dir, "cgroup.events"))
	if err != nil {
		return err
	}
	defer events.Close()
	if err := g.write("cgroup.freeze", "1"); err != nil {
		return err
	}
	fds := []unix.PollFd{{Fd: int32(events.Fd()), Events: unix.POLLPRI}}
	for deadline := time.Now().Add(Timeout); ; {
		frozen, err := readFrozen(events)
		if frozen || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s did not freeze within %v", g.Dir, Timeout)
		}
		// POLLPRI: the file has changed since it was last read.
		if _, err := unix.Poll(fds, 100); err != nil && err != unix.EINTR {
			return err
		}
	}
}

// Thaw lets the tasks of the cgroup go on.
func (g *Group) Thaw() error { return g.write("cgroup.freeze", "0") }

func (g *Group) write(file, value string) error {
	// No O_CREATE: a missing file means that this is no cgroup.
	f, err := os.OpenFile(filepath.Join(g.Dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}
