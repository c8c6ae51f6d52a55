// SPDX-License-Identifier: GPL-2.0

package guest

import "testing"

func TestPidNamespaceOne(t *testing.T)      { families(t, "pidns", "one") }
func TestPidNamespaceNested(t *testing.T)   { families(t, "pidns", "two") }
func TestPidNamespaceSiblings(t *testing.T) { families(t, "pidns", "siblings") }
func TestPidNamespaceOrphan(t *testing.T)   { families(t, "pidns", "orphan") }
func TestPidNamespaceGhost(t *testing.T)    { families(t, "pidns", "gone") }
