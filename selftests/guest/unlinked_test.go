// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"os"
	"path/filepath"
	"testing"

	"linux-cr/selftests/guest/kit"
)

// newInode is what differs in /proc: the number and the name of an inode that has been made again.
var newInode = []string{"^fd ", "^fdinfo .*", "^maps$", "^exe$", "^cwd$"}

func TestUnlinked(t *testing.T) {
	fileCases(t, "file_unlinked", newInode, "plain", "shared", "log", "replaced", "renamed", "tmpfile", "tmpfile_excl")
}

func TestUnlinkedExe(t *testing.T) { fileCases(t, "file_unlinked", newInode, "exe") }
func TestUnlinkedDir(t *testing.T) { fileCases(t, "file_unlinked", newInode, "dir", "cwd") }
func TestPathFiles(t *testing.T)   { fileCases(t, "file_unlinked", newInode, "paths") }

// TestUnlinkedFileSystems has the files on other file systems than the tmpfs of /tmp.
func TestUnlinkedFileSystems(t *testing.T) {
	for _, base := range []string{"/root", "/ext4"} {
		t.Run(filepath.Base(base), func(t *testing.T) {
			dir := func(t *testing.T) string {
				d, err := os.MkdirTemp(base, "meet")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { os.RemoveAll(d) })
				return d
			}
			for _, c := range []struct{ prog, variant string }{
				{"file_unlinked", "shared"}, {"file_unlinked", "log"}, {"file_unlinked", "exe"}, {"file_unlinked", "cwd"},
				{"file_unlinked", "tmpfile"}, {"file_lock", "posix"}, {"file_lock", "flock"}, {"file_lock", "lease_write"},
			} {
				kit.Run(t, kit.Case{Prog: c.prog, Variant: c.variant, Dir: dir, Look: newInode, Ways: []kit.Way{kit.Freeze}})
			}
		})
	}
}
