// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"linux-cr/abi/image"
	"linux-cr/tools/internal/imagetest"
)

// family is an image of processes with threads, zombies, a stopped task, ghosts
// and nested pid namespaces. The first task has the given name.
func family(t *testing.T, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := image.NewWriter(&b, binary.LittleEndian, &image.Header{ArchID: image.CKPT_ARCH_X86_64, PageShift: 12, WordBits: 64})
	if err != nil {
		t.Fatal(err)
	}
	put := func(list ...image.Record) {
		t.Helper()
		for _, r := range list {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	root := imagetest.Task(100)
	worker := imagetest.Child(root, 101)
	dead := imagetest.Child(worker, 102)
	init := imagetest.Child(root, 110, 1)
	inside := imagetest.Child(init, 111, 5)
	inside.PGID, inside.SID = 120, 121
	deep := imagetest.Child(inside, 112, 6, 1)
	tasks := []image.Pids{
		root, imagetest.Thread(root, 103), imagetest.Thread(root, 104), worker, dead, imagetest.Child(worker, 105),
		init, inside, imagetest.Thread(inside, 113, 7), deep,
	}
	ghosts := []image.Pids{imagetest.Ghost(120, 9), imagetest.Ghost(121, 10)}
	put(&image.HeaderArch{}, &image.Container{}, image.NewString("/"), &image.Tree{NrTasks: uint32(len(tasks)), NrGhosts: uint32(len(ghosts))})
	for _, list := range [][]image.Pids{tasks, ghosts} {
		for i := range list {
			put(&list[i])
		}
	}
	task := func(n int, name string, state uint32) {
		r := &image.Task{PID: tasks[n].PID, State: state}
		copy(r.Comm[:15], name)
		put(r)
	}
	mm := func(ref, exe int32, pages int) {
		put(&image.MM{ObjRef: ref, NrVmas: 1, ExeRef: exe}, &image.MMContext{}, &image.VMA{Start: 1 << 20, End: 2 << 20, Kind: image.CKPT_VMA_FILE, FileRef: 2})
		addrs := make([]uint64, pages)
		for i := range addrs {
			addrs[i] = 1<<20 + uint64(i)<<12
		}
		for _, chunk := range [][]uint64{addrs, nil} {
			if err := w.WritePages(chunk, bytes.NewReader(make([]byte, len(chunk)<<12))); err != nil {
				t.Fatal(err)
			}
		}
	}
	task(0, name, image.CKPT_TASK_RUNNING)
	put(&image.File{ObjRef: 1, FType: image.CKPT_FILE_GENERIC, Size: 17}, image.NewString(name+"/a file"),
		&image.File{ObjRef: 2, FType: image.CKPT_FILE_GENERIC, Size: 4096}, image.NewString("bin/prog"),
		&image.FileTable{ObjRef: 3, NrFDs: 2}, &image.FileDesc{FD: 0, FileRef: 1}, &image.FileDesc{FD: 1, FileRef: 1},
		&image.FS{ObjRef: 4}, image.NewString("."), image.NewString("home"))
	mm(5, 2, 3)
	put(&image.Signal{ObjRef: 6}, &image.Cred{ObjRef: 7}, &image.TaskObjs{MMRef: 5, FilesRef: 3, FSRef: 4, SignalRef: 6, CredRef: 7})
	for _, n := range []int{1, 2} {
		task(n, fmt.Sprint("thread", n), image.CKPT_TASK_RUNNING)
		put(&image.TaskObjs{MMRef: 5, FilesRef: 3, FSRef: 4, SignalRef: 6, CredRef: 7})
	}
	task(3, "worker", image.CKPT_TASK_STOPPED)
	mm(8, 2, 1)
	put(&image.TaskObjs{MMRef: 8, FilesRef: 3, FSRef: 4, SignalRef: 6, CredRef: 7})
	task(4, "dead", image.CKPT_TASK_ZOMBIE)
	put(&image.TaskObjs{SignalRef: 6, CredRef: 7})
	for n, name := range []string{"kid", "init", "inside", "thread", "deep"} {
		task(5+n, name, image.CKPT_TASK_RUNNING)
		put(&image.TaskObjs{MMRef: 8, FSRef: 4, SignalRef: 6, CredRef: 7})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// opened is an image of processes with open files of every kind: a file that they share, a pipe between them, a FIFO, an
// eventfd, an epoll instance, and shared memory. The name is that of the first one, and in paths.
func opened(t *testing.T, name string) []byte {
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
	root := imagetest.Task(100)
	child, partner := imagetest.Child(root, 101), imagetest.Child(root, 102)
	tasks := []image.Pids{root, imagetest.Thread(root, 103), child, partner}
	put(&image.HeaderArch{}, &image.Container{}, image.NewString("/"), &image.Tree{NrTasks: uint32(len(tasks))})
	for i := range tasks {
		put(&tasks[i])
	}
	task := func(n int, name string) {
		r := &image.Task{PID: tasks[n].PID, State: image.CKPT_TASK_RUNNING}
		copy(r.Comm[:15], name)
		put(r)
	}
	task(0, name)
	put(&image.File{ObjRef: 1, FType: image.CKPT_FILE_GENERIC, IMode: 0o20666, FFlags: 0o100002}, image.NewString("dev/null"),
		&image.File{ObjRef: 2, FType: image.CKPT_FILE_GENERIC, IMode: 0o100644, FFlags: 0o102001, FPos: 1234, Size: 1234}, image.NewString(name+"/a log"),
		&image.Pipe{ObjRef: 3, Size: 65536, NrBufs: 2}, &image.PipeBuf{Data: []byte("hello")}, &image.PipeBuf{Data: []byte("world!")},
		&image.File{ObjRef: 4, FType: image.CKPT_FILE_PIPE, IMode: 0o10600, FFlags: 0o4000, InodeRef: 3},
		&image.File{ObjRef: 5, FType: image.CKPT_FILE_PIPE, IMode: 0o10600, FFlags: 1, InodeRef: 3},
		&image.Pipe{ObjRef: 6, Flags: image.CKPT_PIPE_FIFO, Size: 65536}, image.NewString("tmp/fifo"),
		&image.File{ObjRef: 7, FType: image.CKPT_FILE_FIFO, IMode: 0o10600, FFlags: 2, InodeRef: 6},
		&image.File{ObjRef: 8, FType: image.CKPT_FILE_EVENTFD, FFlags: 2}, &image.Eventfd{Count: 7},
		&image.File{ObjRef: 9, FType: image.CKPT_FILE_EPOLL, FFlags: 2},
		&image.FileTable{ObjRef: 10, NrFDs: 5}, &image.FileDesc{FD: 0, FileRef: 1}, &image.FileDesc{FD: 2, FileRef: 2},
		&image.FileDesc{FD: 3, FileRef: 4, Flags: image.CKPT_FD_CLOEXEC}, &image.FileDesc{FD: 4, FileRef: 8}, &image.FileDesc{FD: 5, FileRef: 9},
		&image.File{ObjRef: 11, FType: image.CKPT_FILE_GENERIC, IMode: 0o100755, Size: 4096}, image.NewString("bin/prog"),
		&image.Shmem{ObjRef: 12, Size: 8192})
	if err := w.WritePages([]uint64{0}, bytes.NewReader(make([]byte, 4096))); err != nil {
		t.Fatal(err)
	}
	if err := w.WritePages(nil, bytes.NewReader(nil)); err != nil {
		t.Fatal(err)
	}
	put(&image.File{ObjRef: 13, FType: image.CKPT_FILE_SHMEM, FFlags: 2, InodeRef: 12, Size: 8192},
		&image.MM{ObjRef: 14, NrVmas: 2, ExeRef: 11}, &image.MMContext{})
	for _, v := range []image.VMA{{Start: 1 << 20, End: 2 << 20, Kind: image.CKPT_VMA_FILE, FileRef: 13}, {Start: 2 << 20, End: 3 << 20, Kind: image.CKPT_VMA_FILE, FileRef: 2}} {
		put(&v)
		if err := w.WritePages(nil, bytes.NewReader(nil)); err != nil {
			t.Fatal(err)
		}
	}
	put(&image.Signal{ObjRef: 15}, &image.Cred{ObjRef: 16}, &image.TaskObjs{MMRef: 14, FilesRef: 10, SignalRef: 15, CredRef: 16})
	task(1, "thread")
	put(&image.TaskObjs{MMRef: 14, FilesRef: 10, SignalRef: 15, CredRef: 16})
	task(2, "child")
	put(&image.FileTable{ObjRef: 17, NrFDs: 3}, &image.FileDesc{FD: 1, FileRef: 5}, &image.FileDesc{FD: 2, FileRef: 2}, &image.FileDesc{FD: 7, FileRef: 7},
		&image.TaskObjs{MMRef: 14, FilesRef: 17, SignalRef: 15, CredRef: 16})
	task(3, "partner")
	put(&image.TaskObjs{MMRef: 14, FilesRef: 17, SignalRef: 15, CredRef: 16},
		&image.Mqueue{ObjRef: 18, Maxmsg: 10, Msgsize: 8192, NrMessages: 1, Mode: 0o640, UID: 1000}, image.NewString(name+"-queue"), &image.MqueueMsg{Priority: 3, Text: []byte("hello")},
		&image.Epoll{ObjRef: 19, FileRef: 9, NrItems: 2}, &image.EpollItem{FileRef: 4, FD: 3, Events: 1}, &image.EpollItem{FileRef: 8, FD: 4, Events: 1})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// connected is an image of a process with sockets: a pair, one that listens with a connection that waits, and one whose peer
// is closed; the pair's second end is in flight in the first as well.
func connected(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := imagetest.Start(t, &b, imagetest.Own())
	root := imagetest.Task(100)
	name := func(text string) *image.SocketName { return &image.SocketName{Name: []byte(text)} }
	socket := func(n int32, kind, state, flags uint32) *image.Socket {
		return &image.Socket{ObjRef: n, Family: 1, SockType: kind, State: state, Flags: flags}
	}
	file := func(n int32) *image.File {
		return &image.File{ObjRef: n, FType: image.CKPT_FILE_SOCKET, IMode: 0o140777, FFlags: 2}
	}
	task := &image.Task{PID: root.PID, State: image.CKPT_TASK_RUNNING}
	copy(task.Comm[:15], "job")
	const up, listening, alone = image.CKPT_SOCKET_CONNECTED, image.CKPT_SOCKET_LISTENING, image.CKPT_SOCKET_UNCONNECTED
	const bound = image.CKPT_SOCKF_NAME | image.CKPT_SOCKF_BOUND
	for _, r := range []image.Record{
		&image.HeaderArch{}, &image.Container{}, image.NewString("/"), &image.Tree{NrTasks: 1}, &root, task,
		socket(1, 1, up, 0), file(2), &image.SocketFile{SocketRef: 1},
		socket(3, 1, up, image.CKPT_SOCKF_SHUT_WR), file(4), &image.SocketFile{SocketRef: 3},
		socket(5, 1, listening, bound|image.CKPT_SOCKF_PATH), name("job/a socket\x00"), image.NewString("/srv/job/a socket"), file(6), &image.SocketFile{SocketRef: 5},
		socket(7, 2, alone, bound), name("\x00log"), file(8), &image.SocketFile{SocketRef: 7},
		&image.FileTable{ObjRef: 9, NrFDs: 4}, &image.FileDesc{FD: 3, FileRef: 2}, &image.FileDesc{FD: 4, FileRef: 4},
		&image.FileDesc{FD: 5, FileRef: 6}, &image.FileDesc{FD: 6, FileRef: 8},
		&image.MM{ObjRef: 10}, &image.MMContext{}, &image.Signal{ObjRef: 11}, &image.Cred{ObjRef: 12},
		&image.TaskObjs{MMRef: 10, FilesRef: 9, SignalRef: 11, CredRef: 12},
		socket(13, 1, up, image.CKPT_SOCKF_EMBRYO),
		&image.SocketQueue{ObjRef: 14, SocketRef: 1, PeerRef: 3, NrBuffers: 2},
		&image.SocketBuffer{SenderRef: 3, NrFiles: 1, Data: []byte("hello")}, &image.SocketRight{FileRef: 4}, &image.SocketBuffer{SenderRef: 3, Data: []byte("world!")},
		&image.SocketQueue{ObjRef: 15, SocketRef: 3, PeerRef: 1},
		&image.SocketQueue{ObjRef: 16, SocketRef: 5, NrBuffers: 1}, &image.SocketBuffer{SenderRef: 13},
		&image.SocketQueue{ObjRef: 17, SocketRef: 7, Flags: image.CKPT_SOCKQ_PEER_NAMED}, name("/dev/log\x00"),
		&image.SocketQueue{ObjRef: 18, SocketRef: 13, Flags: image.CKPT_SOCKQ_PEER_CLOSED}, name(""),
	} {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestConnected shows the views of sockets.
func TestConnected(t *testing.T) {
	data := connected(t)
	for _, name := range []string{"fds", "files", "objects"} {
		for _, args := range [][]string{{name}, {name, "--json"}} {
			status, out, errs := runTool(bytes.NewReader(data), args...)
			if status != 0 || errs != "" {
				t.Errorf("%v: status %d, stderr %q; want 0 and nothing", args, status, errs)
			}
			checkGolden(t, strings.ReplaceAll("connected-"+strings.Join(args, ""), "--", "-"), out)
			if len(args) > 1 && !json.Valid([]byte(out)) {
				t.Errorf("%v: not valid JSON:\n%s", args, out)
			}
		}
	}
}

// TestOpened shows the views of files.
func TestOpened(t *testing.T) {
	data := opened(t, "job")
	for _, name := range []string{"fds", "files", "ipc", "objects"} {
		for _, args := range [][]string{{name}, {name, "--json"}} {
			status, out, errs := runTool(bytes.NewReader(data), args...)
			if status != 0 || errs != "" {
				t.Errorf("%v: status %d, stderr %q; want 0 and nothing", args, status, errs)
			}
			checkGolden(t, strings.ReplaceAll("opened-"+strings.Join(args, ""), "--", "-"), out)
			if len(args) > 1 && !json.Valid([]byte(out)) {
				t.Errorf("%v: not valid JSON:\n%s", args, out)
			}
			_, out, _ = runTool(bytes.NewReader(opened(t, "\x1b[2J\t\n\xffx")), args...)
			if strings.ContainsAny(out, "\x1b\t\xff") {
				t.Errorf("%v lets control characters through: %q", args, out)
			}
			for size := 400; size < len(data); size += 56 {
				if status, out, errs := runTool(bytes.NewReader(data[:size]), args...); status != 1 || len(args) > 1 && !json.Valid([]byte(out)) {
					t.Errorf("%v of %d bytes: status %d, stderr %q, %q", args, size, status, errs, out)
				}
			}
		}
	}
}

// TestUnknownIPC shows a kind of IPC that nobody has listed under the name of its record.
func TestUnknownIPC(t *testing.T) {
	defer func(kinds map[string]ipcKind) {
		ipcKinds = kinds
		delete(ipcRecords, "shmem")
	}(ipcKinds)
	ipcKinds, ipcRecords["shmem"] = nil, true
	_, out, _ := runTool(bytes.NewReader(opened(t, "job")), "ipc")
	if !strings.Contains(out, " shmem ") {
		t.Errorf("no line for shmem:\n%s", out)
	}
}

// TestForeignFlags shows the open flags of an architecture with other numbers.
func TestForeignFlags(t *testing.T) {
	for arch, want := range map[uint16]string{image.CKPT_ARCH_X86_64: "DIRECT", image.CKPT_ARCH_ARM64: "DIRECTORY"} {
		var b bytes.Buffer
		imagetest.Start(t, &b, arch)
		r, err := image.NewReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		s := &survey{contents: &contents{reader: r}}
		if got := join(s.flagNames(nil, &image.File{FFlags: 0o40000})); got != want {
			t.Errorf("0o40000 of architecture %d: got %s, want %s", arch, got, want)
		}
	}
}

func TestViews(t *testing.T) {
	data := family(t, "job")
	for _, v := range views {
		for _, args := range [][]string{{v.name}, {v.name, "--json"}} {
			status, out, errs := runTool(bytes.NewReader(data), args...)
			if status != 0 || errs != "" {
				t.Errorf("%v: status %d, stderr %q; want 0 and nothing", args, status, errs)
			}
			checkGolden(t, strings.ReplaceAll("family-"+strings.Join(args, ""), "--", "-"), out)
			if len(args) > 1 && !json.Valid([]byte(out)) {
				t.Errorf("%v: not valid JSON:\n%s", args, out)
			}
		}
	}
}

// TestViewsWrong shows what there is of an image that is damaged, or none.
func TestViewsWrong(t *testing.T) {
	data := family(t, "job")
	for _, v := range views {
		for _, args := range [][]string{{v.name}, {v.name, "--json"}} {
			for _, size := range []int{0, 500, len(data) / 2, len(data) - 1} {
				status, out, errs := runTool(bytes.NewReader(data[:size]), args...)
				if status != 1 || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "ckptinfo: stdin: ") {
					t.Errorf("%v of %d bytes: status %d, stderr %q", args, size, status, errs)
				}
				if size > 0 && len(args) > 1 && !json.Valid([]byte(out)) {
					t.Errorf("%v of %d bytes: not valid JSON:\n%s", args, size, out)
				}
			}
			if status, out, _ := runTool(nil, append(args, img("failed"))...); status != 0 || out == "" {
				t.Errorf("%v of a failed checkpoint: status %d, %q", args, status, out)
			}
		}
	}
}

// TestViewsHostile shows names without what a terminal acts on, and trees that
// are none.
func TestViewsHostile(t *testing.T) {
	data := family(t, "\x1b[2J\t\n\xffx")
	for _, v := range views {
		for _, args := range [][]string{{v.name}, {v.name, "--json"}} {
			_, out, _ := runTool(bytes.NewReader(data), args...)
			if strings.ContainsAny(out, "\x1b\t\xff") {
				t.Errorf("%v lets control characters through: %q", args, out)
			}
		}
	}
	loop := imagetest.Child(image.Pids{PID: 5}, 5)
	late := imagetest.Child(image.Pids{PID: 7}, 6)
	data = imagetest.Make(t, loop, loop, late, imagetest.Child(late, 7), imagetest.Thread(image.Pids{PID: 9}, 8), imagetest.Ghost(5))
	status, out, errs := runTool(bytes.NewReader(data), "tree")
	if want := "?(5)\n└─?(5)\n?(6)\n└─?(7)\n{?}(8)\nghost(5)\n"; status != 0 || out != want || errs != "" {
		t.Errorf("status %d, stderr %q, got\n%swant\n%s", status, errs, out, want)
	}
}

// TestDeepTree has 100,000 tasks, each the child of the one before.
func TestDeepTree(t *testing.T) {
	const n = 100_000
	s := &survey{contents: &contents{}}
	for pid := int32(1); pid <= n; pid++ {
		s.tasks = append(s.tasks, task{Pids: &image.Pids{PID: pid, TGID: pid, PPID: pid - 1}})
	}
	entered, left := 0, 0
	for _, top := range s.forest() {
		walk(top, func(path []*node) { entered = max(entered, len(path)) }, func(*node) { left++ })
	}
	if entered != n || left != n {
		t.Errorf("%d levels, %d tasks; want %d", entered, left, n)
	}
}

// TestSavedFiles shows files whose contents stand in front of the image.
func TestSavedFiles(t *testing.T) {
	saved := imagetest.Saved(t, map[string]string{"/srv/two words": "text", "/srv/\x1b[2J": ""})
	data := append(bytes.Clone(saved), family(t, "job")...)
	for args, want := range map[string]string{
		"":             "saved     2 files, 4096 bytes in front of the image\n",
		"files":        "4     4  0644  1000:100  2001-09-09T01:46:40Z  \"/srv/two words\"\n",
		"files --json": `{"type":"saved","name":"/srv/two words","data":4,"mode":420,"uid":1000,"gid":100,"ino":0,"size":4,"mtime":1000000000000000000}`,
		"--json":       `"saved_files": [{"type":"saved","name":"/srv/`,
		"sizes":        "2 saved files, 4096 bytes in front of the image\n",
		"sizes --json": `"saved_bytes":4096`,
		"ps":           "job",
	} {
		status, out, errs := runTool(bytes.NewReader(data), strings.Fields(args)...)
		if status != 0 || errs != "" || !strings.Contains(out, want) {
			t.Errorf("%s: status %d, stderr %q, want %q in\n%s", args, status, errs, want, out)
		}
		if strings.ContainsAny(out, "\x1b") {
			t.Errorf("%s lets control characters through: %q", args, out)
		}
		for _, n := range []int{17, 100, len(saved) - 1} {
			status, _, errs := runTool(bytes.NewReader(data[:n]), strings.Fields(args)...)
			if status != 1 || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "ends early") {
				t.Errorf("%s of %d bytes: status %d, stderr %q", args, n, status, errs)
			}
		}
	}
}
