// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io"
	"os"

	"linux-cr/tools/internal/cgroup"
)

// place is the cgroup in which a hierarchy is left frozen. The root of the
// hierarchy enters it before it makes any other process.
type place struct {
	group *cgroup.Group
	procs *os.File
}

// newPlace makes a cgroup named after the root of the image.
func newPlace(root int) (*place, error) {
	home, err := cgroup.Of(os.Getpid())
	if err != nil {
		return nil, err
	}
	group, err := home.NewChild(fmt.Sprintf("restart-%d", root))
	if err != nil {
		return nil, err
	}
	procs, err := group.OpenProcs()
	if err != nil {
		_ = group.Remove()
		return nil, err
	}
	return &place{group, procs}, nil
}

// fd is the descriptor through which a process enters.
func (p *place) fd() int { return int(p.procs.Fd()) }

// settle tells the user where the processes are, or, when they are gone, leaves
// no trace of the attempt.
func (p *place) settle(stderr io.Writer, root int, err error) {
	_ = p.procs.Close()
	if err == nil {
		fmt.Fprintf(stderr, "restart: process %d is frozen; to let it go on: echo 0 > %s/cgroup.freeze\n", root, p.group.Dir)
		return
	}
	_ = p.group.Remove()
}
