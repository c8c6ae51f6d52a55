// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"testing"

	"linux-cr/selftests/guest/kit"
)

func TestIOUring(t *testing.T)       { pipes(t, "io_uring", "rest", "wide", "unmapped", "closed") }
func TestIOUringSingle(t *testing.T) { pipes(t, "io_uring", "single") }

// TestIOUringFamily has two processes use the same ring.
func TestIOUringFamily(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "io_uring", Variant: "family", Ways: someWays, Look: []string{`\bfd `, `\bfdinfo `}})
}
