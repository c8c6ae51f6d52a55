// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"

	"linux-cr/abi/calls"
)

// changed is what becomes of executables and libraries that have changed since
// the checkpoint: true takes them as they are, with a warning.
type changed bool

func (c *changed) Set(text string) error {
	switch text {
	case "fail":
		*c = false
	case "warn":
		*c = true
	default:
		return errors.New("want fail or warn")
	}
	return nil
}

func (c *changed) String() string {
	if *c {
		return "warn"
	}
	return "fail"
}

func (*changed) Type() string { return "fail|warn" }

// flags are those of restart(2).
func (c changed) flags() uint64 {
	if c {
		return calls.RESTART_CHANGED
	}
	return 0
}
