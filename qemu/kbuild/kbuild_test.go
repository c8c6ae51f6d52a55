package kbuild

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// write makes files below dir: path and contents in turn.
func write(t *testing.T, dir string, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		path := filepath.Join(dir, pairs[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(pairs[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const makefile = "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 7\nEXTRAVERSION =\n"

// kernelTree makes a tree that passes for a kernel.
func kernelTree(t *testing.T) *Source {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "Makefile", makefile, "fork.c", "a\nb\nc\nd\ne\n", "same.c", "same\n",
		"fork.o", "object", "include/generated/x.h", "generated", ".fork.o.cmd", "cmd")
	s, err := userSource(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const hook = `One hook.

--- a/fork.c
+++ b/fork.c
@@ -1,5 +1,6 @@
 a
 b
 c
+hook
 d
 e
`

func TestUserSource(t *testing.T) {
	s := kernelTree(t)
	if s.Line != "6.12" || s.Version != "6.12.7" {
		t.Errorf("line %s, version %s", s.Line, s.Version)
	}
	files, err := s.Files()
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(maps.Keys(files))
	if want := []string{"Makefile", "fork.c", "same.c"}; !slices.Equal(got, want) {
		t.Errorf("files %v, want %v: products of a build do not belong to the source", got, want)
	}
	if _, err := FindSource(t.TempDir(), t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "not a kernel tree") {
		t.Errorf("an empty KSRC gives %v", err)
	}
}

func TestMissingPackage(t *testing.T) {
	_, err := packagedSource(t.TempDir(), "/nonexistent.tar.xz", func(string) {})
	if err == nil || !strings.Contains(err.Error(), "make deps") || !strings.Contains(err.Error(), "KSRC") {
		t.Errorf("error %v does not say how to get a source", err)
	}
}

func TestOverlay(t *testing.T) {
	src := kernelTree(t)
	root := t.TempDir()
	write(t, root, "kernel/tree/checkpoint/new.c", "new\n", "kernel/hooks/6.12/fork.patch", hook)
	o, err := ReadOverlay(root, src)
	if err != nil {
		t.Fatal(err)
	}
	want := Overlay{"checkpoint/new.c": []byte("new\n"), "fork.c": []byte("a\nb\nc\nhook\nd\ne\n")}
	if !maps.EqualFunc(o, want, func(a, b []byte) bool { return string(a) == string(b) }) {
		t.Errorf("overlay %q, want %q", o, want)
	}
	data, err := os.ReadFile(filepath.Join(src.Dir, "fork.c"))
	if err != nil || strings.Contains(string(data), "hook") {
		t.Errorf("the source was changed: %q, %v", data, err)
	}
}

func TestOverlayRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files []string
		want  string
	}{
		{"fuzz", []string{"kernel/hooks/6.12/x.patch", strings.ReplaceAll(hook, " b\n", " B\n")}, "does not apply"},
		{"no hooks", []string{"kernel/hooks/6.18/x.patch", hook}, "not supported"},
		{"unknown file", []string{"kernel/hooks/6.12/x.patch", strings.ReplaceAll(hook, "fork.c", "gone.c")}, "no such file"},
		{"empty patch", []string{"kernel/hooks/6.12/x.patch", "nothing\n"}, "no file is changed"},
		{"new file in a patch", []string{"kernel/hooks/6.12/x.patch", "--- /dev/null\n+++ b/n.c\n@@ -0,0 +1 @@\n+n\n"}, "belong into kernel/tree"},
		{"existing file in the tree", []string{"kernel/hooks/6.12/x.patch", hook, "kernel/tree/fork.c", "x"}, "exists in kernel"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			write(t, root, "kernel/tree/checkpoint/new.c", "new\n")
			write(t, root, tt.files...)
			_, err := ReadOverlay(root, kernelTree(t))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// modTime returns when path was changed last, which is what make looks at.
func modTime(t *testing.T, path string) time.Time {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime()
}

func contents(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestSyncTree follows a tree through changes of the overlay and of the source. Only what changes may get a new time.
func TestSyncTree(t *testing.T) {
	for _, linkable := range []bool{true, false} {
		src := kernelTree(t)
		src.Linkable = linkable
		cache := t.TempDir()
		dir, objects := filepath.Join(cache, "tree"), filepath.Join(cache, "obj")
		sync := func(o Overlay) {
			t.Helper()
			if err := syncTree(dir, objects, src, o, func(string) {}); err != nil {
				t.Fatal(err)
			}
		}
		path := func(name string) string { return filepath.Join(dir, name) }

		sync(Overlay{"fork.c": []byte("hooked\n"), "new.c": []byte("new\n")})
		if contents(t, path("fork.c")) != "hooked\n" || contents(t, path("new.c")) != "new\n" || contents(t, path("same.c")) != "same\n" {
			t.Error("the first tree is wrong")
		}
		if contents(t, filepath.Join(src.Dir, "fork.c")) != "a\nb\nc\nd\ne\n" {
			t.Error("the source was changed through the tree")
		}
		fork, same := modTime(t, path("fork.c")), modTime(t, path("same.c"))

		time.Sleep(10 * time.Millisecond)
		sync(Overlay{"fork.c": []byte("hooked\n"), "new.c": []byte("newer\n")})
		if contents(t, path("new.c")) != "newer\n" {
			t.Error("a changed file was not brought")
		}
		if modTime(t, path("fork.c")) != fork || modTime(t, path("same.c")) != same {
			t.Error("an unchanged file got a new time")
		}

		sync(Overlay{})
		if contents(t, path("fork.c")) != "a\nb\nc\nd\ne\n" || !modTime(t, path("fork.c")).After(fork) {
			t.Error("a file without hooks must be the source's with a new time")
		}
		if _, err := os.Stat(path("new.c")); err == nil {
			t.Error("a file of ours that is gone is still in the tree")
		}

		// A tree in an unknown state is made anew, and its objects are not to be trusted.
		if err := os.MkdirAll(objects, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(dir + ".manifest"); err != nil {
			t.Fatal(err)
		}
		sync(Overlay{})
		if _, err := os.Stat(objects); err == nil {
			t.Error("objects of an unknown tree were kept")
		}
	}
}

func TestSyncChangedSource(t *testing.T) {
	src := kernelTree(t)
	cache := t.TempDir()
	dir, objects := filepath.Join(cache, "tree"), filepath.Join(cache, "obj")
	if err := syncTree(dir, objects, src, Overlay{"fork.c": []byte("hooked\n")}, func(string) {}); err != nil {
		t.Fatal(err)
	}
	same := modTime(t, filepath.Join(dir, "same.c"))
	write(t, src.Dir, "fork.c", "edited\n", "added.c", "added\n")
	if err := os.Remove(filepath.Join(src.Dir, "Makefile")); err != nil {
		t.Fatal(err)
	}
	write(t, src.Dir, "Makefile", makefile+"# edited\n")
	edited, err := userSource(src.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if edited.ID == src.ID || edited.Name != src.Name {
		t.Errorf("an edited tree has the ID %s after %s, the name %s after %s", edited.ID, src.ID, edited.Name, src.Name)
	}
	if err := syncTree(dir, objects, edited, Overlay{"new.c": []byte("new\n")}, func(string) {}); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, filepath.Join(dir, "fork.c")); got != "edited\n" {
		t.Errorf("fork.c is %q", got)
	}
	if got := contents(t, filepath.Join(dir, "added.c")); got != "added\n" {
		t.Errorf("added.c is %q", got)
	}
	if modTime(t, filepath.Join(dir, "same.c")) != same {
		t.Error("an unchanged file got a new time")
	}
}

func TestConfig(t *testing.T) {
	c, err := ParseConfig([]byte("# comment\n\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=\"x\"\nCONFIG_D=12\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Config{"A": "y", "B": "n", "C": `"x"`, "D": "12"}); !maps.Equal(c, want) {
		t.Errorf("config %v, want %v", c, want)
	}
	if err := c.Verify(Config{"A": "y", "C": `"x"`, "D": "12", "E": "y"}); err != nil {
		t.Errorf("Verify: %v", err)
	}
	err = c.Verify(Config{"B": "y", "C": `"x"`, "D": "13"})
	if err == nil {
		t.Fatal("Verify accepts everything")
	}
	for _, want := range []string{"CONFIG_A=y was requested, the kernel has n", "CONFIG_B=n was requested, the kernel has y", "CONFIG_D=12 was requested, the kernel has 13"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Verify does not say %q: %v", want, err)
		}
	}
	if _, err := ParseConfig([]byte("CONFIG_A y\n")); err == nil {
		t.Error("a line that sets nothing was accepted")
	}
}

// TestFragments checks that the fragments of the project parse and do not contradict each other.
func TestFragments(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := map[string]string{}
	for _, file := range fragmentFiles(root, "amd64", true) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := ParseConfig(data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for symbol := range c {
			if other, ok := seen[symbol]; ok {
				t.Errorf("CONFIG_%s is set in %s and in %s", symbol, other, file)
			}
			seen[symbol] = file
		}
	}
}

func TestPrune(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"old", "mid", "new"} {
		write(t, dir, name+"/kernel", "x")
		when := time.Now().Add(time.Duration(i-3) * time.Hour)
		if err := os.Chtimes(filepath.Join(dir, name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	if err := prune(dir, 2); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 2 || left[0].Name() != "mid" || left[1].Name() != "new" {
		t.Errorf("left: %v", left)
	}
}
