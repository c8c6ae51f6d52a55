// SPDX-License-Identifier: GPL-2.0

package saved

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"golang.org/x/sys/unix"

	"linux-cr/tools/internal/proc"
)

// Pattern selects files by their absolute path: * and ? stand for anything but a slash, ** for any number of directories,
// [...] for a class, {a,b} for alternatives.
type Pattern struct {
	text string
	used bool
}

// ParsePattern checks a pattern.
func ParsePattern(text string) (*Pattern, error) {
	switch {
	case !strings.HasPrefix(text, "/"):
		return nil, fmt.Errorf("pattern %q does not begin with a slash: it is compared with absolute paths", text)
	case !doublestar.ValidatePattern(text):
		return nil, fmt.Errorf("pattern %q is malformed", text)
	}
	return &Pattern{text: text}, nil
}

func (p *Pattern) String() string { return p.text }

// Used reports whether Find has found a file for the pattern.
func (p *Pattern) Used() bool { return p.used }

func (p *Pattern) match(path string) bool { return doublestar.MatchUnvalidated(p.text, path) }

// identity tells files from each other.
type identity struct{ dev, ino uint64 }

func identify(st *unix.Stat_t) identity { return identity{uint64(st.Dev), st.Ino} }

// File is a file to be saved.
type File struct {
	Path string
	open string // what to open: its path, or the descriptor of a process
	stat unix.Stat_t
}

// search looks for files.
type search struct {
	patterns []*Pattern
	files    []*File
	seen     map[string]bool     // paths
	names    map[identity]string // of the files
}

// Find returns the files that the processes have open or mapped and that a pattern selects. The processes are frozen.
func Find(pids []int, patterns []*Pattern) ([]*File, error) {
	s := &search{patterns: patterns, seen: map[string]bool{}, names: map[identity]string{}}
	for _, pid := range pids {
		if t, err := proc.Read(pid); err != nil || t.Ending {
			continue // A zombie has neither files nor memory.
		}
		dir := filepath.Join(proc.Root, strconv.Itoa(pid))
		if err := s.descriptors(dir); err != nil {
			return nil, fmt.Errorf("files of process %d: %w", pid, err)
		}
		if err := s.mappings(dir); err != nil {
			return nil, fmt.Errorf("mappings of process %d: %w", pid, err)
		}
	}
	return s.files, nil
}

// descriptors looks at those of each thread, which may have its own.
func (s *search) descriptors(dir string) error {
	threads, err := os.ReadDir(filepath.Join(dir, "task"))
	if err != nil {
		return err
	}
	for _, t := range threads {
		fds, err := os.ReadDir(filepath.Join(dir, "task", t.Name(), "fd"))
		if gone(err) {
			continue
		}
		if err != nil {
			return err
		}
		for _, fd := range fds {
			if err := s.descriptor(filepath.Join(dir, "task", t.Name()), fd.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// gone tells that a thread or a descriptor is not there any more.
func gone(err error) bool { return errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH) }

func (s *search) descriptor(task, fd string) error {
	link := filepath.Join(task, "fd", fd)
	path, err := os.Readlink(link)
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if !s.matches(path) {
		return nil
	}
	// To open a file ends a write lease on it, and its holder is told.
	info, err := os.ReadFile(filepath.Join(task, "fdinfo", fd))
	if err != nil {
		return err
	}
	if leased(string(info)) {
		return fmt.Errorf("%s cannot be saved: there is a write lease on it", path)
	}
	return s.add(path, link, 0)
}

// leased reports whether a file of /proc/PID/fdinfo tells of a write lease.
func leased(info string) bool {
	for line := range strings.Lines(info) {
		// lock: NUMBER: LEASE ACTIVE WRITE PID ...
		if f := strings.Fields(line); len(f) > 4 && f[0] == "lock:" && f[2] == "LEASE" && f[4] == "WRITE" {
			return true
		}
	}
	return false
}

// mappings looks at what is mapped, the executable among it.
func (s *search) mappings(dir string) error {
	maps, err := os.ReadFile(filepath.Join(dir, "maps"))
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(maps)) {
		// START-END PERMS OFFSET DEV INODE PATH
		at := strings.IndexByte(line, '/')
		f := strings.Fields(line)
		if at < 0 || len(f) < 6 || !strings.HasPrefix(f[5], "/") {
			continue
		}
		ino, err := strconv.ParseUint(f[4], 10, 64)
		if err != nil {
			return err
		}
		path := strings.ReplaceAll(strings.TrimSuffix(line[at:], "\n"), `\012`, "\n")
		if !s.matches(path) {
			continue
		}
		if err := s.add(path, path, ino); err != nil {
			return err
		}
	}
	return nil
}

// matches reports whether a pattern selects a path.
func (s *search) matches(path string) bool {
	if !strings.HasPrefix(path, "/") {
		return false
	}
	for _, p := range s.patterns {
		if p.match(path) {
			return true
		}
	}
	return false
}

// Pseudo file systems, by what statfs(2) says: their files are not contents that somebody has put there.
var pseudo = map[int64]bool{
	unix.PROC_SUPER_MAGIC: true, unix.SYSFS_MAGIC: true, unix.CGROUP_SUPER_MAGIC: true, unix.CGROUP2_SUPER_MAGIC: true,
	unix.DEBUGFS_MAGIC: true, unix.TRACEFS_MAGIC: true, unix.SECURITYFS_MAGIC: true, unix.BPF_FS_MAGIC: true,
	unix.EFIVARFS_MAGIC: true, unix.NSFS_MAGIC: true,
}

// add takes a file if it is a regular one that has the path: what open leads to, with the inode number if it is not 0.
// Others are left to the kernel, which finds them by path, saves or refuses them.
func (s *search) add(path, open string, ino uint64) error {
	if s.seen[path] {
		return nil
	}
	var st, named unix.Stat_t
	if err := unix.Stat(open, &st); err != nil {
		if gone(err) || errors.Is(err, unix.ENOTDIR) {
			return nil
		}
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Nlink == 0 || ino != 0 && st.Ino != ino {
		return nil
	}
	if err := unix.Lstat(path, &named); err != nil || identify(&named) != identify(&st) {
		return nil
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(open, &fs); err != nil {
		return &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	if pseudo[int64(fs.Type)] {
		return nil
	}
	if int64(fs.Type) == unix.HUGETLBFS_MAGIC {
		return fmt.Errorf("%s cannot be saved: nobody can write(2) to a file of hugetlbfs", path)
	}
	if other, ok := s.names[identify(&st)]; ok {
		return fmt.Errorf("%s cannot be saved: it is the same file as %s", path, other)
	}
	s.seen[path], s.names[identify(&st)] = true, path
	for _, p := range s.patterns {
		p.used = p.used || p.match(path)
	}
	s.files = append(s.files, &File{path, open, st})
	return nil
}
