// SPDX-License-Identifier: GPL-2.0

package saved

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
)

// place is a directory without symbolic links in its path.
func place(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func parse(t *testing.T, texts ...string) []*Pattern {
	t.Helper()
	var list []*Pattern
	for _, text := range texts {
		p, err := ParsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func open(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// section saves files of this very process that patterns select.
func section(t *testing.T, patterns ...string) []byte {
	t.Helper()
	files, err := Find([]int{os.Getpid()}, parse(t, patterns...))
	if err != nil {
		t.Fatal(err)
	}
	return write(t, files)
}

func write(t *testing.T, files []*File) []byte {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "section"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	n, err := Write(int(out.Fd()), files)
	if err != nil {
		t.Fatal(err)
	}
	b := []byte(get(t, out.Name()))
	if n != int64(len(b)) || n%int64(os.Getpagesize()) != 0 {
		t.Errorf("Write says %d bytes, there are %d", n, len(b))
	}
	return b
}

// stage reads a section. Warnings go to the list that comes back.
func stage(t *testing.T, section []byte, policy Policy) (*Files, []string, error) {
	t.Helper()
	r, _, err := image.OpenSaved(bytes.NewReader(section))
	if err != nil {
		t.Fatal(err)
	}
	var warnings []string
	fs, err := Stage(r, policy, func(line string) { warnings = append(warnings, line) })
	return fs, warnings, err
}

// restore is a restart that succeeds.
func restore(t *testing.T, section []byte, policy Policy) []string {
	t.Helper()
	fs, warnings, err := stage(t, section, policy)
	if err != nil {
		t.Fatal(err)
	}
	if err := fs.Place(); err != nil {
		t.Fatal(err)
	}
	fs.Close()
	return warnings
}

// only checks that a directory has these entries: nothing temporary is left.
func only(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s has %q, want %q", dir, got, want)
	}
}

func TestParsePattern(t *testing.T) {
	for text, want := range map[string]string{"data/*": "does not begin with a slash", "": "does not begin with a slash", "/a/[": "is malformed", "/a/{b": "is malformed"} {
		if _, err := ParsePattern(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"/a/*", "/a/b", true}, {"/a/*", "/a/b/c", false}, {"/a/**", "/a/b/c", true}, {"/a/**/*.db", "/a/x.db", true},
		{"/a/{b,c}.[0-9]", "/a/c.7", true}, {"/a/b?", "/a/b", false}, {"/**", "/a", true},
	} {
		if got := parse(t, c.pattern)[0].match(c.path); got != c.want {
			t.Errorf("%s matches %s: %v", c.pattern, c.path, got)
		}
	}
}

func TestPolicy(t *testing.T) {
	for _, name := range policies {
		var p Policy
		if err := p.Set(name); err != nil || p.String() != name {
			t.Errorf("%s: %v, %v", name, p.String(), err)
		}
	}
	if err := new(Policy).Set("perhaps"); err == nil {
		t.Error("an unknown policy is none")
	}
}

// TestFind selects among files that are open, mapped, unlinked, renamed, and no files.
func TestFind(t *testing.T) {
	dir := place(t)
	for _, name := range []string{"open", "mapped", "gone", "old", "closed", "two words\nand a line", "replaced", "new"} {
		put(t, filepath.Join(dir, name), name)
	}
	for _, name := range []string{"open", "gone", "old", "two words\nand a line", "replaced"} {
		open(t, filepath.Join(dir, name))
	}
	open(t, filepath.Join(dir, "open")) // once more
	m := open(t, filepath.Join(dir, "mapped"))
	mem, err := unix.Mmap(int(m.Fd()), 0, 1, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(mem)
	m.Close()
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, err := range []error{
		os.Remove(filepath.Join(dir, "gone")),
		os.Rename(filepath.Join(dir, "old"), filepath.Join(dir, "renamed")),
		os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "replaced")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	patterns := parse(t, dir+"/**", dir, dir+"/gone*", dir+"/closed", dir+"/m*", "/proc/**")
	proc, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer proc.Close()
	files, err := Find([]int{os.Getpid()}, patterns)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, strings.TrimPrefix(f.Path, dir+"/"))
	}
	slices.Sort(got)
	if want := []string{"mapped", "open", "renamed", "two words\nand a line"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	for i, want := range []bool{true, false, false, false, true, false} {
		if patterns[i].Used() != want {
			t.Errorf("%s: used %v", patterns[i], !want)
		}
	}
	// Two names of one file could not be put back as one.
	if err := os.Link(filepath.Join(dir, "open"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	open(t, filepath.Join(dir, "link"))
	if _, err := Find([]int{os.Getpid()}, patterns); err == nil || !strings.Contains(err.Error(), "it is the same file as "+dir) {
		t.Errorf("two names: %v", err)
	}
	// The executable is mapped.
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if exe, err = filepath.EvalSymlinks(exe); err != nil {
		t.Fatal(err)
	}
	if files, err := Find([]int{os.Getpid()}, parse(t, filepath.Dir(exe)+"/*")); err != nil || !slices.ContainsFunc(files, func(f *File) bool { return f.Path == exe }) {
		t.Errorf("the executable: %v, %v", files, err)
	}
}

func TestLeased(t *testing.T) {
	for info, want := range map[string]bool{
		"pos:\t0\nlock:\t1: LEASE  ACTIVE    WRITE 100 00:01:5 0 EOF\n": true,
		"lock:\t1: LEASE  ACTIVE    READ 100 00:01:5 0 EOF\n":           false,
		"lock:\t1: POSIX  ADVISORY  WRITE 100 00:01:5 0 EOF\n":          false,
		"": false,
	} {
		if leased(info) != want {
			t.Errorf("%q: %v", info, !want)
		}
	}
}

// sparse makes a file with holes and an owner, a mode and a time of its own.
func sparse(t *testing.T, name string) *os.File {
	t.Helper()
	put(t, name, "begin")
	f := open(t, name)
	if _, err := f.WriteAt(bytes.Repeat([]byte("middle"), 1<<18), 5<<20); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(1 << 30); err != nil {
		t.Fatal(err)
	}
	if err := f.Chmod(0o4751); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, time.Time{}, time.Unix(1e9, 123456789)); err != nil {
		t.Fatal(err)
	}
	return f
}

func stat(t *testing.T, name string) unix.Stat_t {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Lstat(name, &st); err != nil {
		t.Fatal(err)
	}
	return st
}

// same compares a file with what a stat and a piece of it were.
func same(t *testing.T, name string, want unix.Stat_t) {
	t.Helper()
	got := stat(t, name)
	if got.Size != want.Size || got.Mode != want.Mode || got.Uid != want.Uid || got.Gid != want.Gid || got.Mtim != want.Mtim {
		t.Errorf("%s: got %+v, want %+v", name, got, want)
	}
}

func TestMissing(t *testing.T) {
	dir := place(t)
	name := filepath.Join(dir, "sparse")
	f := sparse(t, name)
	if os.Getuid() == 0 {
		if err := unix.Fchown(int(f.Fd()), 1234, 5678); err != nil {
			t.Fatal(err)
		}
		if err := f.Chmod(os.ModeSetuid | 0o751); err != nil {
			t.Fatal(err)
		}
	}
	empty := filepath.Join(dir, "empty")
	put(t, empty, "")
	open(t, empty)
	before := stat(t, name)
	b := section(t, dir+"/*")
	if len(b) > 8<<20 {
		t.Errorf("the holes of %d bytes are in the section: %d bytes", before.Size, len(b))
	}
	for _, policy := range []Policy{Fail, Keep, Overwrite} {
		os.Remove(name)
		os.Remove(empty)
		if w := restore(t, b, policy); w != nil {
			t.Error(w)
		}
		only(t, dir, "empty", "sparse")
		same(t, name, before)
		if after := stat(t, name); after.Blocks > before.Blocks+64 {
			t.Errorf("the holes are filled: %d blocks, want %d", after.Blocks, before.Blocks)
		}
		buf := make([]byte, 6<<18)
		if _, err := open(t, name).ReadAt(buf, 5<<20); err != nil || !bytes.Equal(buf, bytes.Repeat([]byte("middle"), 1<<18)) {
			t.Errorf("other contents, %v", err)
		}
		// A second restart finds everything there, and so does one of an image with the same contents.
		ino := stat(t, name).Ino
		if w := restore(t, b, policy); w != nil || stat(t, name).Ino != ino {
			t.Errorf("again: %v, inode %d, %d", w, ino, stat(t, name).Ino)
		}
	}
	// A restart that fails leaves nothing.
	os.Remove(name)
	fs, _, err := stage(t, b, Fail)
	if err != nil {
		t.Fatal(err)
	}
	only(t, dir, "empty")
	if err := fs.Place(); err != nil {
		t.Fatal(err)
	}
	only(t, dir, "empty", "sparse")
	if err := fs.Undo(); err != nil {
		t.Fatal(err)
	}
	only(t, dir, "empty")
	// Unless somebody has put something else there.
	if fs, _, err = stage(t, b, Fail); err != nil {
		t.Fatal(err)
	}
	if err := fs.Place(); err != nil {
		t.Fatal(err)
	}
	os.Remove(name)
	put(t, name, "mine")
	if err := fs.Undo(); err != nil || get(t, name) != "mine" {
		t.Errorf("Undo: %v, %q", err, get(t, name))
	}
	// Or before it has its name.
	os.Remove(name)
	os.Remove(empty)
	if fs, _, err = stage(t, b, Overwrite); err != nil {
		t.Fatal(err)
	}
	put(t, name, "mine")
	if err := fs.Place(); err == nil || !strings.Contains(err.Error(), "somebody has made it in the meantime") {
		t.Error(err)
	}
	only(t, dir, "sparse")
	if get(t, name) != "mine" {
		t.Error("it was overwritten")
	}
}

// TestDiffers changes a file in several ways after it was saved.
func TestDiffers(t *testing.T) {
	dir := place(t)
	name := filepath.Join(dir, "file")
	sparse(t, name)
	before := stat(t, name)
	b := section(t, name)
	for how, change := range map[string]func(f *os.File) error{
		"a byte":           func(f *os.File) error { _, err := f.WriteAt([]byte("x"), 5<<20+100); return err },
		"a byte of a hole": func(f *os.File) error { _, err := f.WriteAt([]byte("x"), 1<<29); return err },
		"longer":           func(f *os.File) error { return f.Truncate(1<<30 + 1) },
		"shorter":          func(f *os.File) error { return f.Truncate(3) },
		"empty":            func(f *os.File) error { return f.Truncate(0) },
	} {
		t.Run(how, func(t *testing.T) {
			os.Remove(name)
			restore(t, b, Fail)
			f := open(t, name)
			if err := change(f); err != nil {
				t.Fatal(err)
			}
			f.Close()
			other := stat(t, name)
			if _, _, err := stage(t, b, Fail); err == nil || !strings.Contains(err.Error(), "file "+name+" differs") {
				t.Errorf("fail: %v", err)
			}
			if w := restore(t, b, Keep); len(w) != 1 || !strings.Contains(w[0], name+" differs") {
				t.Errorf("keep: %q", w)
			}
			if now := stat(t, name); now.Ctim != other.Ctim {
				t.Errorf("it was touched: %+v, before %+v", now, other)
			}
			// Undone, it is as it was changed.
			fs, _, err := stage(t, b, Overwrite)
			if err != nil {
				t.Fatal(err)
			}
			if err := fs.Place(); err != nil {
				t.Fatal(err)
			}
			same(t, name, before)
			if err := fs.Undo(); err != nil {
				t.Fatal(err)
			}
			same(t, name, other)
			if _, _, err := stage(t, b, Fail); err == nil {
				t.Error("the undone file is like the saved one")
			}
			// Overwritten, it is the same inode for whoever has it open.
			if w := restore(t, b, Overwrite); w != nil {
				t.Error(w)
			}
			same(t, name, before)
			now := stat(t, name)
			if now.Ino != other.Ino || now.Blocks > before.Blocks+64 {
				t.Errorf("inode %d, %d blocks; want %d, %d", now.Ino, now.Blocks, other.Ino, before.Blocks)
			}
			if w := restore(t, b, Fail); w != nil {
				t.Error(w)
			}
			only(t, dir, "file")
		})
	}
	// The same contents with another time: that is no difference, and the override sets the time.
	if err := os.Chtimes(name, time.Time{}, time.Unix(2e9, 0)); err != nil {
		t.Fatal(err)
	}
	other := stat(t, name)
	restore(t, b, Fail)
	same(t, name, other)
	fs, _, err := stage(t, b, Overwrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := fs.Place(); err != nil {
		t.Fatal(err)
	}
	same(t, name, before)
	if err := fs.Undo(); err != nil {
		t.Fatal(err)
	}
	same(t, name, other)
}

// TestNoPlace has something in the way that is no file.
func TestNoPlace(t *testing.T) {
	dir := place(t)
	sub := filepath.Join(dir, "sub")
	name := filepath.Join(sub, "file")
	make := func() {
		if err := os.MkdirAll(sub, 0o755); err != nil {
			t.Fatal(err)
		}
		put(t, name, "saved")
	}
	make()
	open(t, name)
	b := section(t, name)
	aside := filepath.Join(dir, "aside")
	for want, change := range map[string]func() error{
		"there is no directory " + sub:              func() error { return os.RemoveAll(sub) },
		"there is a symbolic link in " + sub:        func() error { return os.Symlink(aside, sub) },
		"something else than a file has its name":   func() error { return os.Symlink(aside, name) },
		"something else than a file has its name ":  func() error { return os.Mkdir(name, 0o755) },
		"something else than a file has its name  ": func() error { return unix.Mkfifo(name, 0o644) },
		"not a directory":                           func() error { return os.WriteFile(sub, nil, 0o644) },
	} {
		os.RemoveAll(sub)
		os.RemoveAll(aside)
		make()
		if err := os.Rename(sub, aside); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(want, "something") {
			if err := os.Mkdir(sub, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		for _, policy := range []Policy{Fail, Keep, Overwrite} {
			_, _, err := stage(t, b, policy)
			if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) || !strings.Contains(err.Error(), name) {
				t.Errorf("%v, want %q", err, want)
			}
		}
	}
}

// TestChanging saves a file that grows, and one that changes between saving it and the end of the checkpoint.
func TestChanging(t *testing.T) {
	dir := place(t)
	name := filepath.Join(dir, "file")
	put(t, name, "text")
	open(t, name)
	files, err := Find([]int{os.Getpid()}, parse(t, name))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	b := write(t, files)
	if got := Changed(files); got != nil {
		t.Errorf("%q have changed", got)
	}
	put(t, name, "other")
	if got := Changed(files); len(got) != 1 || got[0] != name {
		t.Errorf("%q have changed, want %s", got, name)
	}
	os.Remove(name)
	if got := Changed(files); len(got) != 1 {
		t.Errorf("%q have changed, want the one that is gone", got)
	}
	restore(t, b, Fail)
	if get(t, name) != "text" {
		t.Errorf("contents: %q", get(t, name))
	}
}

// TestClosedPipe writes to a pipe that nobody reads. This test itself would end if that were written with os.File.
func TestClosedPipe(t *testing.T) {
	dir := place(t)
	name := filepath.Join(dir, "file")
	put(t, name, "text")
	open(t, name)
	files, err := Find([]int{os.Getpid()}, parse(t, name))
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	if _, err := Write(int(w.Fd()), files); err == nil || !strings.Contains(err.Error(), "broken pipe") {
		t.Error(err)
	}
}

// TestHostileSections has sections that are well-formed and ask for what must not be.
func TestHostileSections(t *testing.T) {
	dir := place(t)
	name := filepath.Join(dir, "file")
	for want, f := range map[string]struct {
		n    int
		file image.SavedFile
	}{
		"in the meantime": {2, image.SavedFile{Mode: 0o644}},
		"too large":       {1, image.SavedFile{Size: 1<<63 - 1}},
	} {
		var b bytes.Buffer
		w, err := image.NewSavedWriter(&b, binary.NativeEndian, f.n)
		for range f.n {
			if err == nil {
				err = w.File(&f.file, name)
			}
		}
		if err == nil {
			err = w.Close(4096)
		}
		if err != nil {
			t.Fatal(err)
		}
		fs, _, err := stage(t, b.Bytes(), Fail)
		if err == nil {
			err = fs.Place()
		}
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", want, err)
		}
		only(t, dir)
	}
	// A damaged one leaves nothing, wherever the damage is.
	put(t, name, "text")
	open(t, name)
	good := section(t, name)
	os.Remove(name)
	for i := 16; i < len(good); i += 7 {
		bad := bytes.Clone(good)
		bad[i] ^= 0x40
		r, _, err := image.OpenSaved(bytes.NewReader(bad))
		if err != nil {
			continue
		}
		if _, err := Stage(r, Overwrite, func(string) {}); err == nil {
			t.Errorf("byte %d: no error", i)
		}
		if _, err := os.Lstat(name); err == nil {
			t.Fatalf("byte %d: the file is there", i)
		}
	}
	only(t, dir)
}

// TestWithoutTmpfile takes the way of file systems that have no files without names.
func TestWithoutTmpfile(t *testing.T) {
	dir := place(t)
	name := filepath.Join(dir, "file")
	put(t, name, "text")
	open(t, name)
	b := section(t, name)
	os.Remove(name)
	fs, _, err := stage(t, b, Fail)
	if err != nil {
		t.Fatal(err)
	}
	// As temporary does it there.
	s := fs.list[0]
	s.temp = fmt.Sprintf(".restart-%d-0", os.Getpid())
	put(t, filepath.Join(dir, s.temp), "text")
	s.data.Close()
	s.data = open(t, filepath.Join(dir, s.temp))
	if err := fs.Place(); err != nil {
		t.Fatal(err)
	}
	fs.Close()
	only(t, dir, "file")
	if get(t, name) != "text" {
		t.Error(get(t, name))
	}
}
