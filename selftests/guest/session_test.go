// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"testing"

	"linux-cr/abi/image"
	"linux-cr/selftests/guest/kit"
)

func TestSessionLeader(t *testing.T) { families(t, "session", "leader", "root_leads") }
func TestSessionGroups(t *testing.T) { families(t, "session", "orphaned") }

// TestSessionGhosts has groups and sessions whose leaders are gone: their numbers are in the image as ghosts.
func TestSessionGhosts(t *testing.T) {
	for _, v := range []string{"group_gone", "session_gone"} {
		kit.RunFamilies(t, kit.Family{Prog: "session", Variant: v, Image: func(t *testing.T, i *kit.Image) {
			ghosts := 0
			for _, p := range i.Array(t) {
				if p.Flags&image.CKPT_PIDS_GHOST != 0 {
					ghosts++
				}
			}
			if ghosts != 1 {
				t.Errorf("ghosts: got %d, want 1", ghosts)
			}
			wantConsistent(t, i)
		}})
	}
}
