// SPDX-License-Identifier: GPL-2.0

// Package imagetest makes small images for the tests of the tools. They have
// the frame and the task array of an image and some pages, but no task state.
package imagetest

import (
	"bytes"
	"encoding/binary"
	"maps"
	"runtime"
	"slices"
	"testing"

	"linux-cr/abi/image"
	"linux-cr/abi/schema"
)

// Pages is how many pages an image has.
const Pages = 300

// archs are the architectures by Go's names.
var archs = map[string]string{
	"amd64": "X86_64", "arm64": "ARM64", "s390x": "S390X", "riscv64": "RISCV64", "ppc64le": "PPC64LE",
}

// Own is the number of this machine's architecture.
func Own() uint16 { return number(archs[runtime.GOARCH]) }

func number(name string) uint16 {
	for _, v := range schema.Archs.Values {
		if v.Name == name {
			return uint16(v.Num)
		}
	}
	panic("imagetest: no architecture " + name)
}

// Other is the number of another one.
func Other() uint16 {
	for _, v := range schema.Archs.Values {
		if v.Num != uint64(Own()) {
			return uint16(v.Num)
		}
	}
	panic("imagetest: there is only one architecture")
}

// Make returns an image of tasks, made on this kind of machine. Ghosts stand at
// the end.
func Make(t *testing.T, tasks ...image.Pids) []byte {
	t.Helper()
	var b bytes.Buffer
	w := Start(t, &b, Own())
	write := func(r image.Record) {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	write(&image.HeaderArch{})
	write(&image.Container{})
	write(image.NewString("/"))
	ghosts := 0
	for ghosts < len(tasks) && tasks[len(tasks)-1-ghosts].Flags&image.CKPT_PIDS_GHOST != 0 {
		ghosts++
	}
	write(&image.Tree{NrTasks: uint32(len(tasks) - ghosts), NrGhosts: uint32(ghosts)})
	for i := range tasks {
		write(&tasks[i])
	}
	addrs := make([]uint64, Pages)
	for i := range addrs {
		addrs[i] = uint64(i) << 12
	}
	if err := w.WritePages(addrs, bytes.NewReader(bytes.Repeat([]byte("page"), Pages<<10))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Start writes the header of an image of the given architecture.
func Start(t *testing.T, b *bytes.Buffer, arch uint16) *image.Writer {
	t.Helper()
	w, err := image.NewWriter(b, binary.NativeEndian, &image.Header{ArchID: arch, PageShift: 12, WordBits: 64})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Task is an entry of the task array: the root, which leads its group and session.
func Task(pid int32) image.Pids {
	return image.Pids{PID: pid, TGID: pid, PGID: pid, SID: pid, Flags: image.CKPT_PIDS_ROOT}
}

// Child is a process of a parent, in its process group and session.
func Child(parent image.Pids, pid int32, levels ...int32) image.Pids {
	return image.Pids{PID: pid, TGID: pid, PPID: parent.PID, PGID: parent.PGID, SID: parent.SID, Levels: levels}
}

// Thread is a thread of a process.
func Thread(leader image.Pids, pid int32, levels ...int32) image.Pids {
	return image.Pids{PID: pid, TGID: leader.PID, PPID: leader.PPID, PGID: leader.PGID, SID: leader.SID, Levels: levels}
}

// Ghost is the number of a process group or session that has no leader.
func Ghost(pid int32, levels ...int32) image.Pids {
	return image.Pids{PID: pid, Flags: image.CKPT_PIDS_GHOST, Levels: levels}
}

// Saved returns a section of saved files, each with its contents by its path, as it stands in front of an image.
func Saved(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := image.NewSavedWriter(&b, binary.NativeEndian, len(files))
	for _, path := range slices.Sorted(maps.Keys(files)) {
		text := files[path]
		if err == nil {
			err = w.File(&image.SavedFile{Mode: 0o644, UID: 1000, GID: 100, Size: uint64(len(text)), Mtime: 1e18}, path)
		}
		if err == nil && text != "" {
			err = w.Data(0, []byte(text))
		}
	}
	if err == nil {
		err = w.Close(4096)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
