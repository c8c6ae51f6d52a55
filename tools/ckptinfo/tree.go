// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"linux-cr/abi/image"
)

// node is a task in the tree.
type node struct {
	*task
	inits  bool // it is the init of a pid namespace
	below  []*node
	walked int // how many of them have been printed
}

// forest finds the trees of the image, of which there is one when the image is
// in order: what has no parent before it stands for itself.
func (s *survey) forest() []*node {
	var tops []*node
	processes := map[int32]*node{}
	for i := range s.tasks {
		n := &node{task: &s.tasks[i]}
		parent := processes[n.PPID]
		switch {
		case n.ghost():
			parent = nil
		case n.thread():
			parent = processes[n.TGID]
		default:
			processes[n.PID] = n
			n.inits = parent != nil && len(n.Levels) > len(parent.Levels)
		}
		if parent == nil {
			tops = append(tops, n)
			continue
		}
		parent.below = append(parent.below, n)
	}
	return tops
}

// walk calls enter for a node and for everything below it, with the nodes on the
// way there, and leave when it is through with a node. It does not recurse: the
// image says how deep a tree is.
func walk(top *node, enter func(path []*node), leave func(n *node)) {
	path := []*node{top}
	enter(path)
	for len(path) > 0 {
		n := path[len(path)-1]
		if n.walked == len(n.below) {
			leave(n)
			path = path[:len(path)-1]
			continue
		}
		path = append(path, n.below[n.walked])
		n.walked++
		enter(path)
	}
}

func treeText(out io.Writer, s *survey) {
	for _, top := range s.forest() {
		walk(top, func(path []*node) {
			for i, n := range path[1:] {
				parent := path[i]
				last := parent.walked == len(parent.below)
				io.WriteString(out, branch(n == path[len(path)-1], last))
			}
			fmt.Fprintln(out, path[len(path)-1].label())
		}, func(*node) {})
	}
}

// branch is the part of a line that leads to a node, or past it.
func branch(here, last bool) string {
	switch {
	case here && last:
		return "└─"
	case here:
		return "├─"
	case last:
		return "  "
	}
	return "│ "
}

// label names a task, as in "sh(42)", "{worker}(43)" or "init(50:1) [pid namespace]".
func (n *node) label() string {
	if n.ghost() {
		return "ghost(" + n.ids() + ")"
	}
	name := plain(n.name())
	if n.thread() {
		name = "{" + name + "}"
	}
	label := name + "(" + n.ids() + ")"
	if n.inits {
		label += " [pid namespace]"
	}
	if n.state != nil && n.state.State != image.CKPT_TASK_RUNNING {
		label += " " + n.doing()
	}
	return label
}

// ids are the task's in the root's pid namespace and in those below.
func (n *node) ids() string {
	ids := []string{fmt.Sprint(n.PID)}
	for _, pid := range n.Levels {
		ids = append(ids, fmt.Sprint(pid))
	}
	return strings.Join(ids, ":")
}

func treeJSON(out io.Writer, s *survey) {
	io.WriteString(out, "[")
	for i, top := range s.forest() {
		if i > 0 {
			io.WriteString(out, ",")
		}
		walk(top, func(path []*node) {
			n := path[len(path)-1]
			if len(path) > 1 && path[len(path)-2].walked > 1 {
				io.WriteString(out, ",")
			}
			member := marshal(taskJSON(n.task))
			fmt.Fprintf(out, "\n%s%s,\"below\":[", strings.Repeat(" ", len(path)), member[:len(member)-1])
		}, func(*node) { io.WriteString(out, "]}") })
	}
	io.WriteString(out, "\n]\n")
}
