// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io"

	"linux-cr/tools/internal/cgroup"
)

// place is the cgroup in which a hierarchy is left frozen.
type place struct {
	group, home *cgroup.Group
	pid         int
}

// newPlace makes a cgroup named after the root of the image and moves the
// process there.
func newPlace(root, pid int) (*place, error) {
	home, err := cgroup.Of(pid)
	if err != nil {
		return nil, err
	}
	group, err := home.NewChild(fmt.Sprintf("restart-%d", root))
	if err != nil {
		return nil, err
	}
	p := &place{group, home, pid}
	if err := group.Add(pid); err != nil {
		p.settle(io.Discard, root, err)
		return nil, err
	}
	return p, nil
}

// settle tells the user where the processes are, or leaves no trace of the
// attempt.
func (p *place) settle(stderr io.Writer, root int, err error) {
	if err == nil {
		fmt.Fprintf(stderr, "restart: process %d is frozen; to let it go on: echo 0 > %s/cgroup.freeze\n", root, p.group.Dir)
		return
	}
	// The process may be dead by now; the cgroup goes as soon as it is empty.
	_ = p.group.Thaw()
	_ = p.home.Add(p.pid)
	_ = p.group.Remove()
}
