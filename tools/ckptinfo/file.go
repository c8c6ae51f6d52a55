// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
	"linux-cr/abi/schema"
)

// An openFlag is a flag of an open file description. Numbers are those of most architectures, and of the ARM and PowerPC
// ones where these differ.
type openFlag struct {
	name      string
	bits, arm uint32
}

var openFlags = []openFlag{
	{"APPEND", 0o2000, 0}, {"NONBLOCK", 0o4000, 0}, {"SYNC", 0o4000000, 0}, {"DSYNC", 0o10000, 0}, {"ASYNC", 0o20000, 0},
	{"DIRECT", 0o40000, 0o200000}, {"DIRECTORY", 0o200000, 0o40000}, {"NOFOLLOW", 0o400000, 0o100000},
	{"", 0o100000, 0o400000}, // O_LARGEFILE, which every file of a 64-bit program has
	{"NOATIME", 0o1000000, 0}, {"PATH", 0o10000000, 0}, {"TMPFILE", 0o20000000, 0},
}

const (
	accessModes = 0o3
	onlyPath    = 0o10000000
)

// likeARM are the architectures with the numbers of ARM.
var likeARM = map[uint16]bool{
	image.CKPT_ARCH_ARM64: true, image.CKPT_ARCH_PPC64LE: true,
}

// fileType is the type of a file in a word: for one with a path what stat(2) says.
func fileType(f *image.File) string {
	if f.FType != image.CKPT_FILE_GENERIC && f.FType != image.CKPT_FILE_UNLINKED {
		return strings.ToLower(image.Symbol(schema.FileTypes, uint64(f.FType)))
	}
	switch f.IMode & unix.S_IFMT {
	case unix.S_IFREG:
		return "reg"
	case unix.S_IFDIR:
		return "dir"
	case unix.S_IFCHR:
		return "chr"
	case unix.S_IFBLK:
		return "blk"
	case unix.S_IFLNK:
		return "lnk"
	case unix.S_IFIFO:
		return "fifo"
	case unix.S_IFSOCK:
		return "sock"
	}
	return "?"
}

// accessMode is r, w or rw, and - for a file that can be neither read nor written.
func accessMode(f *image.File) string {
	if f.FFlags&onlyPath != 0 {
		return "-"
	}
	return [...]string{"r", "w", "rw", "-"}[f.FFlags&accessModes]
}

// flagNames adds the flags of a description to a list.
func (s *survey) flagNames(names []string, f *image.File) []string {
	left := f.FFlags &^ accessModes
	for _, o := range openFlags {
		bits := o.bits
		if o.arm != 0 && likeARM[s.reader.Header().ArchID] {
			bits = o.arm
		}
		if left&bits != 0 && o.name != "" {
			names = append(names, o.name)
		}
		left &^= bits
	}
	if left != 0 {
		names = append(names, fmt.Sprintf("%#o", left))
	}
	return names
}

func join(names []string) string {
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, ",")
}

// fileName is the path of file n, or what it is an end of, and what the record behind it tells.
func (s *survey) fileName(n int32) string {
	o := &s.objects[n-1]
	f, ok := o.record.(*image.File)
	if !ok {
		return "?"
	}
	var parts []string
	if part, ok := o.part.(*image.SocketFile); ok {
		return strings.Join(s.socketWords(part.SocketRef), " ")
	}
	switch {
	case len(o.names) > 0:
		parts = append(parts, o.shownNames()...)
	case f.InodeRef != 0:
		parts = append(parts, s.inodeName(f.InodeRef))
	default:
		parts = append(parts, fileType(f))
	}
	if o.part != nil {
		parts = append(parts, s.partWords(o.part)...)
	}
	for _, by := range o.by {
		if r, ok := s.objects[by-1].record.(*image.Epoll); ok && r.FileRef == n {
			parts = append(parts, watching(s.objects[by-1].watched))
		}
	}
	return strings.Join(parts, " ")
}

// shownNames are those of an object, quoted when they need it.
func (o *object) shownNames() []string {
	var list []string
	for _, name := range o.names {
		if name = plain(name); name == "" || strings.Contains(name, " ") {
			name = `"` + name + `"`
		}
		list = append(list, name)
	}
	return list
}

// inodeName is what a file is an end of: its path, or its type and its number in the image.
func (s *survey) inodeName(n int32) string {
	o := &s.objects[n-1]
	if len(o.names) > 0 {
		return strings.Join((&object{names: o.inodeNames()}).shownNames(), " ")
	}
	return fmt.Sprintf("%s:%d", image.TypeName(o.record.Type()), n)
}

// fieldsOf are the telling fields of a record.
func fieldsOf(r image.Record) []string {
	if spec, ok := keys[image.TypeName(r.Type())]; ok {
		return pick(r, spec)
	}
	return firstNumbers(r)
}

func watching(fds []int32) string {
	var list []string
	for _, fd := range fds[:min(most, len(fds))] {
		list = append(list, fmt.Sprint(fd))
	}
	if len(fds) > most {
		list = append(list, "...")
	}
	return "watches " + join(list)
}

// ends are the files that are ends of each inode.
func (s *survey) ends() map[int32][]int32 {
	all := map[int32][]int32{}
	for n, o := range s.all() {
		if f, ok := o.record.(*image.File); ok && f.InodeRef != 0 {
			all[f.InodeRef] = append(all[f.InodeRef], int32(n))
		}
	}
	return all
}

// inodeNames are those of an inode as /proc/PID/fd would show them: of a file without a name only the directory is known.
func (o *object) inodeNames() []string {
	switch o.record.(type) {
	case *image.Unlinked:
		return []string{strings.TrimSuffix(o.names[0], "/") + "/? (deleted)"}
	case *image.Memfd:
		return []string{"/memfd:" + o.names[0] + " (deleted)"}
	}
	return o.names
}

// partWords is what the record behind that of a file tells of it.
func (s *survey) partWords(r image.Record) []string {
	switch part := r.(type) {
	case *image.TtyFile:
		return s.ttyWords(part)
	case *image.ShmFile:
		if shm, ok := s.recordOf(part.ShmRef).(*image.Shm); ok {
			return []string{fmt.Sprintf("/SYSV%08x", uint32(shm.Perm[0].Key)), fmt.Sprintf("shm:%d", part.ShmRef)}
		}
	case *image.Signalfd:
		return signalNames(part.Mask)
	case *image.Pidfd:
		return append([]string{taskName(part.PID)}, pick(r, "flags")...)
	case *image.Nsfs:
		return []string{namespaceName(part.NsType), "of", taskName(part.PID)}
	}
	return fieldsOf(r)
}

// recordOf is that of an object, nil without one.
func (s *survey) recordOf(n int32) image.Record {
	if n <= 0 || int(n) > len(s.objects) {
		return nil
	}
	return s.objects[n-1].record
}

// ttyWords tell which end of which pseudo terminal a file is, or that its terminal is somebody else's.
func (s *survey) ttyWords(f *image.TtyFile) []string {
	words := []string{"outside"}
	if pty, ok := s.recordOf(f.TtyRef).(*image.Pty); ok {
		words = []string{strings.ToLower(image.Symbol(schema.TTYRoles, uint64(f.Role))), "of", fmt.Sprintf("pts/%d", pty.Index)}
	}
	if f.Flags != 0 {
		words = append(words, pick(f, "flags")...)
	}
	return words
}

// signalNames are those of a set, by the numbers of most architectures.
func signalNames(mask uint64) []string {
	names := []string{}
	for n := range 64 {
		if mask>>n&1 == 0 {
			continue
		}
		name := unix.SignalName(unix.Signal(n + 1))
		if name == "" {
			name = fmt.Sprint(n + 1)
		}
		names = append(names, strings.TrimPrefix(name, "SIG"))
	}
	return []string{join(names)}
}

// taskName names a task by its id; without one it has ended, or it is whoever restarts.
func taskName(pid int32) string {
	if pid == 0 {
		return "-"
	}
	return fmt.Sprint(pid)
}

// namespaces are the kinds of namespaces by their CLONE_NEW* flags, as /proc/PID/ns has them.
var namespaces = map[uint32]string{
	unix.CLONE_NEWNS: "mnt", unix.CLONE_NEWUTS: "uts", unix.CLONE_NEWIPC: "ipc", unix.CLONE_NEWUSER: "user",
	unix.CLONE_NEWPID: "pid", unix.CLONE_NEWNET: "net", unix.CLONE_NEWCGROUP: "cgroup", unix.CLONE_NEWTIME: "time",
}

func namespaceName(kind uint32) string {
	if name := namespaces[kind]; name != "" {
		return name
	}
	return fmt.Sprintf("%#x", kind)
}
