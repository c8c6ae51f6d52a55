// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"linux-cr/abi/image"
	"linux-cr/tools/internal/imagetest"
)

// special is an image of a process with descriptors of the kinds that opened and connected do not have.
func special(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := imagetest.Start(t, &b, imagetest.Own())
	put := func(list ...image.Record) {
		t.Helper()
		for _, r := range list {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	pages := func() {
		t.Helper()
		for _, addrs := range [][]uint64{{0}, nil} {
			if err := w.WritePages(addrs, bytes.NewReader(make([]byte, len(addrs)<<12))); err != nil {
				t.Fatal(err)
			}
		}
	}
	file := func(n int32, kind uint32, mode uint32, inode int32) *image.File {
		return &image.File{ObjRef: n, FType: kind, IMode: mode, FFlags: 2, InodeRef: inode}
	}
	root := imagetest.Task(100)
	task := &image.Task{PID: root.PID, State: image.CKPT_TASK_RUNNING}
	copy(task.Comm[:15], "job")
	put(&image.HeaderArch{}, &image.Container{}, image.NewString("/"), &image.Tree{NrTasks: 1}, &root, task)
	put(&image.Unlinked{ObjRef: 1, IMode: 0o100644, Size: 4096}, image.NewString("/srv"))
	pages()
	put(file(2, image.CKPT_FILE_UNLINKED, 0o100644, 1))
	put(&image.Memfd{ObjRef: 3, Size: 4096}, image.NewString("a buffer"))
	pages()
	put(file(4, image.CKPT_FILE_SHMEM, 0o100777, 3))
	put(&image.Pty{ObjRef: 5, Index: 7}, image.NewString("/dev/ptmx"), &image.PtyEnd{}, &image.PtyEnd{},
		file(6, image.CKPT_FILE_TTY, 0o20620, 0), &image.TtyFile{TtyRef: 5, Role: image.CKPT_TTY_MASTER},
		file(7, image.CKPT_FILE_TTY, 0o20620, 0), &image.TtyFile{TtyRef: 5, Role: image.CKPT_TTY_SLAVE}, image.NewString("/dev/pts/7"),
		file(8, image.CKPT_FILE_TERMINAL, 0o20620, 0), &image.TtyFile{Role: image.CKPT_TTY_SLAVE}, image.NewString("/dev/pts/3"),
		file(9, image.CKPT_FILE_TIMERFD, 0, 0), &image.Timerfd{Clock: 1, Value: 5e9},
		file(10, image.CKPT_FILE_SIGNALFD, 0, 0), &image.Signalfd{Mask: 1 << 14},
		file(11, image.CKPT_FILE_PIDFD, 0, 0), &image.Pidfd{PID: 100},
		file(12, image.CKPT_FILE_INOTIFY, 0, 0), &image.Inotify{},
		file(13, image.CKPT_FILE_NSFS, 0o100444, 0), &image.Nsfs{NsType: 1 << 29, PID: 100},
		&image.Shm{ObjRef: 14, Size: 8192})
	pages()
	put(file(15, image.CKPT_FILE_SHM, 0, 0), &image.ShmFile{ShmRef: 14},
		&image.FileTable{ObjRef: 16, NrFDs: 12})
	for fd, n := range []int32{2, 4, 6, 7, 8, 9, 10, 11, 12, 13, 15} {
		put(&image.FileDesc{FD: int32(fd), FileRef: n})
	}
	put(&image.MM{ObjRef: 17}, &image.MMContext{}, &image.Signal{ObjRef: 18}, &image.Cred{ObjRef: 19},
		&image.TaskObjs{MMRef: 17, FilesRef: 16, SignalRef: 18, CredRef: 19})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSpecial shows the views of these kinds.
func TestSpecial(t *testing.T) {
	data := special(t)
	for _, name := range []string{"fds", "files", "ipc"} {
		for _, args := range [][]string{{name}, {name, "--json"}} {
			status, out, errs := runTool(bytes.NewReader(data), args...)
			if status != 0 || errs != "" {
				t.Errorf("%v: status %d, stderr %q; want 0 and nothing", args, status, errs)
			}
			checkGolden(t, strings.ReplaceAll("special-"+strings.Join(args, ""), "--", "-"), out)
			if len(args) > 1 && !json.Valid([]byte(out)) {
				t.Errorf("%v: not valid JSON:\n%s", args, out)
			}
		}
	}
}
