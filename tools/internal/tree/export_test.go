// SPDX-License-Identifier: GPL-2.0

package tree

// PlainClone is a Maker by clone(2), which cannot choose pids.
func PlainClone(p *Plan, flags, stack uintptr, _ []int32) (child func()) {
	return p.cloneOn(flags, stack)
}
