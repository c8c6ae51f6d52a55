// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/selftests/guest/kit"
)

func TestFileBasic(t *testing.T)   { kit.Run(t, kit.Case{Prog: "file_basic"}) }
func TestFileDup(t *testing.T)     { kit.Run(t, kit.Case{Prog: "file_dup"}) }
func TestFileTable(t *testing.T)   { kit.Run(t, kit.Case{Prog: "file_table"}) }
func TestFileDir(t *testing.T)     { kit.Run(t, kit.Case{Prog: "file_dir"}) }
func TestFileDevices(t *testing.T) { kit.Run(t, kit.Case{Prog: "file_dev"}) }

// TestFileGrew adds to a file while the program is dead.
func TestFileGrew(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "file_changed", WhileDead: func(t *testing.T, p *kit.Prog) {
		f, err := os.OpenFile(filepath.Join(p.Dir, "data"), os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString("more"); err != nil {
			t.Fatal(err)
		}
	}})
}

// TestFileVanished takes away a file that the program has open: both ways to restart say which file.
func TestFileVanished(t *testing.T) {
	for _, how := range []kit.How{kit.Calls, kit.Tool} {
		t.Run(how.Name, func(t *testing.T) {
			p := kit.Start(t, "file_changed", "keep", "")
			p.Ready(t)
			img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags)
			p.Kill(t)
			if err := os.Remove(filepath.Join(p.Dir, "vanish")); err != nil {
				t.Fatal(err)
			}
			log := filepath.Join(t.TempDir(), "log")
			r := kit.StartRestart(t, img, how.Args(p, log))
			if status := r.Wait(t); status != 1 {
				t.Errorf("exit status: got %d, want 1; output:\n%s", status, r.Output())
			}
			b, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(b)+r.Output(), filepath.Join(p.Dir, "vanish")) {
				t.Errorf("neither log nor output name the file:\n%s%s", b, r.Output())
			}
			if how.Name == kit.Calls.Name {
				if got := r.Line(t); !strings.HasPrefix(got, "restart -1 2 ") {
					t.Errorf("restart: got %q, want -1 and ENOENT", got)
				}
				if got := r.Line(t); got != "signal 9" {
					t.Errorf("child: got %q, want signal 9", got)
				}
			}
		})
	}
}

// TestFileSystems runs the file programs on file systems other than the tmpfs of /tmp: the root, and the ext4 disk.
func TestFileSystems(t *testing.T) {
	for _, base := range []string{"/root", "/ext4"} {
		t.Run(filepath.Base(base), func(t *testing.T) {
			var st unix.Statfs_t
			if err := unix.Statfs(base, &st); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: file system type %#x", base, st.Type)
			dir := func(t *testing.T) string {
				d, err := os.MkdirTemp(base, "meet")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { os.RemoveAll(d) })
				return d
			}
			for _, prog := range []string{"file_basic", "file_dup", "file_dir", "mem_shared_file"} {
				variant := ""
				if prog == "mem_shared_file" {
					variant = "write"
				}
				kit.Run(t, kit.Case{Prog: prog, Variant: variant, Dir: dir, Ways: []kit.Way{kit.Freeze}})
			}
		})
	}
}
