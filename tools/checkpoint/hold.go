// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"linux-cr/tools/internal/cgroup"
	"linux-cr/tools/internal/proc"
)

// hold is a hierarchy that is frozen through a cgroup of its own.
type hold struct {
	group *cgroup.Group
	fresh bool                  // the cgroup was made for this
	was   bool                  // it was frozen before
	from  *cgroup.Group         // where PID was before
	moved map[int]*cgroup.Group // where each process was before
}

// freeze freezes pid and its descendants. A signal ends the attempt.
func freeze(pid int, sigs <-chan os.Signal) (*hold, error) {
	h, err := gather(pid)
	if err == nil {
		h.was, err = h.group.Frozen()
	}
	if err == nil && !h.was {
		err = h.group.Freeze()
	}
	if err == nil {
		err = h.complete(pid)
	}
	if err == nil {
		select {
		case s := <-sigs:
			err = fmt.Errorf("ended by a signal: %v", s)
		default:
		}
	}
	if err != nil {
		return nil, errors.Join(err, h.release())
	}
	return h, nil
}

// gather brings the hierarchy into a cgroup that holds nothing else.
func gather(pid int) (*hold, error) {
	h := &hold{moved: map[int]*cgroup.Group{}}
	own, err := cgroup.Of(pid)
	if err != nil {
		return h, err
	}
	alone, err := holdsExactly(own, pid)
	if err != nil {
		return h, err
	}
	h.from = own
	if alone {
		h.group = own
		return h, nil
	}
	name := fmt.Sprintf("checkpoint-%d", pid)
	group, err := own.NewChild(name)
	if err != nil {
		return h, err
	}
	h.group, h.fresh = group, true
	// A process may fork before it is moved, and its child stays behind: look
	// again until nobody is left.
	for {
		left, err := h.outside(pid)
		if err != nil || len(left) == 0 {
			return h, err
		}
		for _, p := range left {
			from, err := cgroup.Of(p)
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err != nil {
				return h, err
			}
			switch err := group.Add(p); {
			case errors.Is(err, unix.ESRCH):
			case err != nil:
				return h, fmt.Errorf("move process %d to %s: %w", p, group.Dir, err)
			default:
				h.moved[p] = from
			}
		}
	}
}

// holdsExactly reports whether a cgroup can be frozen to stop the hierarchy of
// pid, all of it and nobody else.
func holdsExactly(g *cgroup.Group, pid int) (bool, error) {
	if g.IsRoot() {
		return false, nil
	}
	pids, err := proc.Hierarchy(pid)
	if err != nil {
		return false, err
	}
	procs, err := g.Procs()
	if err != nil {
		return false, err
	}
	ours := set(pids)
	for _, p := range procs {
		if !ours[p] {
			return false, nil
		}
	}
	left, err := (&hold{group: g}).outside(pid)
	return len(left) == 0, err
}

func set(pids []int) map[int]bool {
	s := make(map[int]bool, len(pids))
	for _, p := range pids {
		s[p] = true
	}
	return s
}

// outside returns the processes of the hierarchy that are not in the cgroup.
func (h *hold) outside(pid int) ([]int, error) {
	pids, err := proc.Hierarchy(pid)
	if err != nil {
		return nil, err
	}
	procs, err := h.group.Procs()
	if err != nil {
		return nil, err
	}
	inside := set(procs)
	return slices.DeleteFunc(pids, func(p int) bool {
		if inside[p] {
			return true
		}
		// One that has ended is not listed in its cgroup.
		t, err := proc.Read(p)
		return err != nil || t.State == 'Z' || t.State == 'X'
	}), nil
}

// complete fails when a process of the hierarchy is not in the cgroup.
func (h *hold) complete(pid int) error {
	left, err := h.outside(pid)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("process %d, a descendant of %d, is in another cgroup than %s", left[0], pid, h.group.Dir)
	}
	return err
}

// release lets the hierarchy go on as it was before.
func (h *hold) release() error {
	if h.group == nil {
		return nil
	}
	var errs []error
	if !h.was {
		errs = append(errs, h.group.Thaw())
	}
	if !h.fresh {
		return errors.Join(errs...)
	}
	procs, err := h.group.Procs()
	if err != nil {
		errs = append(errs, err)
	}
	for _, pid := range procs {
		from := h.moved[pid]
		if from == nil {
			from = h.from // Born since.
		}
		if err := from.Add(pid); err != nil && !errors.Is(err, unix.ESRCH) {
			errs = append(errs, fmt.Errorf("move process %d back to %s: %w", pid, from.Dir, err))
		}
	}
	return errors.Join(append(errs, h.group.Remove())...)
}

// thawCommand is what a user types to end the hold.
func (h *hold) thawCommand() string {
	return fmt.Sprintf("echo 0 > %s/cgroup.freeze", h.group.Dir)
}
