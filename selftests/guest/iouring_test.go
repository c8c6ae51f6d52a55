// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"testing"

	"linux-cr/selftests/guest/kit"
)

func rings(t *testing.T, variants ...string) {
	t.Helper()
	for _, v := range variants {
		kit.Run(t, kit.Case{Prog: "io_uring", Variant: v, Look: newInodes})
	}
}

func TestIOUring(t *testing.T)       { rings(t, "rest", "wide", "unmapped", "closed") }
func TestIOUringSingle(t *testing.T) { rings(t, "single") }

// TestIOUringFamily has two processes use the same ring.
func TestIOUringFamily(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "io_uring", Variant: "family", Ways: someWays, Look: []string{`\bfd `, `\bfdinfo `, `\bmaps`}})
}
