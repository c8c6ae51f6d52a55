// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"testing"

	"linux-cr/selftests/guest/kit"
)

func fileCases(t *testing.T, prog string, look []string, variants ...string) {
	t.Helper()
	for _, v := range variants {
		kit.Run(t, kit.Case{Prog: prog, Variant: v, Look: look})
	}
}

func TestLock(t *testing.T) {
	fileCases(t, "file_lock", nil, "posix", "ofd", "flock", "flock_shared")
}

func TestLease(t *testing.T) { fileCases(t, "file_lock", nil, "lease_write", "lease_read") }

func TestFileOwner(t *testing.T) {
	fileCases(t, "file_owner", newPipe, "process", "thread", "group", "file")
}

// TestDnotify has one process that watches a directory, and a child that watches it through the same open file.
func TestDnotify(t *testing.T) {
	fileCases(t, "dnotify", nil, "often", "once", "thread", "ownerless", "none")
	kit.RunFamilies(t, kit.Family{Prog: "lock_family", Variant: "watch", Look: []string{`\bfd `, `\bfdinfo `}})
}

// TestLockFamily has several processes with locks, some asleep until they get one.
func TestLockFamily(t *testing.T) {
	for _, v := range []string{"wait", "table", "owner"} {
		kit.RunFamilies(t, kit.Family{Prog: "lock_family", Variant: v, Look: []string{`\bfd `, `\bfdinfo `}})
	}
}
