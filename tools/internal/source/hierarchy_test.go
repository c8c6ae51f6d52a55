// SPDX-License-Identifier: GPL-2.0

package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"linux-cr/abi/image"
	"linux-cr/tools/internal/imagetest"
)

func open(t *testing.T, tasks ...image.Pids) (*Source, error) {
	t.Helper()
	s, err := Open(pipe(t, imagetest.Make(t, tasks...), 0), "x", nil)
	if err == nil {
		t.Cleanup(s.Close)
	}
	return s, err
}

func TestHierarchy(t *testing.T) {
	root := imagetest.Task(42)
	child := imagetest.Child(root, 43)
	init := imagetest.Child(child, 50, 1)
	inside := imagetest.Child(init, 51, 2)
	deep := imagetest.Child(inside, 52, 3, 1)
	deep.PGID, inside.SID = 60, 61
	s, err := open(t, root, imagetest.Thread(root, 44), child, init, inside, imagetest.Thread(inside, 45, 9), deep,
		imagetest.Ghost(60, 7, 8), imagetest.Ghost(61, 8), imagetest.Ghost(62))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for p := range s.Processes() {
		fmt.Fprintf(&got, "%d %d:", p.PID, PIDs(p.Pids))
		for _, c := range p.Children {
			fmt.Fprintf(&got, " %d", c.PID)
			if c.IsInit() {
				got.WriteString("!")
			}
		}
		for _, t := range p.Threads {
			fmt.Fprintf(&got, " {%d}", t.PID)
		}
		for _, g := range p.Ghosts {
			fmt.Fprintf(&got, " ghost %d", PIDs(g))
		}
		got.WriteString("\n")
	}
	want := "42 [42]: 43 {44} ghost [62]\n43 [43]: 50!\n50 [50 1]: 51 ghost [61 8]\n51 [51 2]: 52! {45}\n52 [52 3 1]: ghost [60 7 8]\n"
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
	if s.Root().PID != 42 || len(s.Tasks) != 7 || len(s.Ghosts) != 3 {
		t.Errorf("root %d, %d tasks, %d ghosts", s.Root().PID, len(s.Tasks), len(s.Ghosts))
	}
}

func TestImpossible(t *testing.T) {
	root := imagetest.Task(42)
	child := imagetest.Child(root, 43)
	thread := imagetest.Thread(child, 44)
	init := imagetest.Child(root, 50, 1)
	with := func(p image.Pids, change func(p *image.Pids)) image.Pids {
		change(&p)
		return p
	}
	list := func(tasks ...image.Pids) []image.Pids { return tasks }
	for want, tasks := range map[string][]image.Pids{
		"pid 43 stands twice in the task array":                                   list(root, child, child),
		"pid 42 stands twice in the task array":                                   list(root, child, imagetest.Ghost(42)),
		"pid 60 stands twice in the task array":                                   list(root, imagetest.Ghost(60), imagetest.Ghost(60)),
		"pid 43 is a ghost among the tasks":                                       list(root, with(child, func(p *image.Pids) { p.Flags = image.CKPT_PIDS_GHOST }), with(child, func(p *image.Pids) { p.PID = 7; p.TGID = 7 })),
		"there are two roots, 42 and 43":                                          list(root, imagetest.Task(43)),
		"the first task, 43, is not the root":                                     list(child, root),
		"the root, 42, is a thread of process 7":                                  list(with(root, func(p *image.Pids) { p.TGID = 7 })),
		"the root, 42, is in a pid namespace below its own":                       list(with(root, func(p *image.Pids) { p.Levels = []int32{3} })),
		"the parent of the root, 43, is one of its descendants":                   list(with(root, func(p *image.Pids) { p.PPID = 43 }), child),
		"the parent of process 46, 43, is not in the image":                       list(root, imagetest.Child(child, 46)),
		"the parent of process 43, 0, is not in the image":                        list(root, with(child, func(p *image.Pids) { p.PPID = 0 })),
		"the parent of process 46, 44, is a thread":                               list(root, child, thread, imagetest.Child(thread, 46)),
		"process 46 stands before its parent 43":                                  list(root, imagetest.Child(child, 46), child),
		"process 43 descends from itself":                                         list(root, with(child, func(p *image.Pids) { p.PPID = 46 }), imagetest.Child(child, 46)),
		"process 47 descends from itself":                                         list(root, imagetest.Child(image.Pids{PID: 47}, 47)),
		"thread 44 stands before its leader 43":                                   list(root, thread, child),
		"the leader of thread 44, 43, is not in the image":                        list(root, thread),
		"the parent of thread 44 is 43, that of its process 43 is 42":             list(root, child, with(thread, func(p *image.Pids) { p.PPID = 43 })),
		"thread 44 is in another process group or session than its process 43":    list(root, child, with(thread, func(p *image.Pids) { p.SID = 7 })),
		"thread 44 is 1 pid namespaces below the root, its process 43 is 0":       list(root, child, with(thread, func(p *image.Pids) { p.Levels = []int32{5} })),
		"process 51 is 2, not 1, in a pid namespace that its parent 42 is not in": list(root, imagetest.Child(root, 51, 2)),
		"process 51 is 2 pid namespaces below the root, its parent 42 is 0":       list(root, imagetest.Child(root, 51, 1, 1)),
		"process 51 is 0 pid namespaces below the root, its parent 50 is 1":       list(root, init, imagetest.Child(init, 51)),
		"pids 52 and 53 are both 2 in the pid namespace of process 50":            list(root, init, imagetest.Child(init, 52, 2), imagetest.Child(init, 53, 2)),
		"pids 50 and 53 are both 1 in the pid namespace of process 50":            list(root, init, imagetest.Child(init, 53, 1)),
		"pid 53 is 0 in a pid namespace":                                          list(root, init, imagetest.Child(init, 53, 0)),
		"no task of the pid namespace of ghost 60 has it":                         list(root, init, imagetest.Ghost(60, 5)),
	} {
		_, err := open(t, tasks...)
		if !errors.Is(err, ErrHierarchy) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestClaims reads images that announce more tasks than they have.
func TestClaims(t *testing.T) {
	for n, want := range map[uint32]error{1 << 31: image.ErrRecord, 1 << 22: image.ErrTruncated} {
		var b bytes.Buffer
		w := imagetest.Start(t, &b, imagetest.Own())
		root := imagetest.Task(42)
		for _, r := range []image.Record{&image.HeaderArch{}, &image.Container{}, image.NewString("/"), &image.Tree{NrTasks: 1, NrGhosts: 1}, &root} {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		data := b.Bytes()
		order := binary.NativeEndian
		at := bytes.LastIndex(data, order.AppendUint32(order.AppendUint32(nil, image.CKPT_HDR_TREE), 16))
		if at < 0 {
			t.Fatal("the image has no head of a task array")
		}
		order.PutUint32(data[at+8:], n)
		var h Head
		if _, err := readHead(bytes.NewReader(data), &h); !errors.Is(err, want) || cap(h.Tasks) > 4 {
			t.Errorf("%d tasks: %v, room for %d", n, err, cap(h.Tasks))
		}
	}
}
