// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"testing"

	"linux-cr/selftests/guest/kit"
)

// namespaces runs a variant; the namespaces that come back are new ones, with the same numbers inside.
func namespaces(t *testing.T, variant string) {
	t.Helper()
	kit.RunFamilies(t, kit.Family{Prog: "pidns", Variant: variant, Ways: someWays, Look: []string{"ns/pid"}})
}

func TestPidNamespaceOne(t *testing.T)      { namespaces(t, "one") }
func TestPidNamespaceNested(t *testing.T)   { namespaces(t, "two") }
func TestPidNamespaceSiblings(t *testing.T) { namespaces(t, "siblings") }
func TestPidNamespaceOrphan(t *testing.T)   { namespaces(t, "orphan") }
func TestPidNamespaceGhost(t *testing.T)    { namespaces(t, "gone") }
