package kbuild

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"time"
)

// DefaultLine is the kernel line that is built when the user names no tree.
const DefaultLine = "6.12"

// A Source is an untouched kernel tree.
type Source struct {
	// Dir is where the tree lies. It is only read.
	Dir string

	// Name is the folder name that the patched tree and its objects get in the cache.
	Name string

	// ID identifies the contents.
	ID string

	// Line is version and patch level, as in 6.12: it selects the hooks.
	Line string

	// Version is the full version, as in 6.12.117.
	Version string

	// Linkable says that Dir belongs to the cache and never changes, so that the patched tree may share its inodes.
	Linkable bool
}

// FindSource returns the tree at ksrc, or if that is empty the one from Debian's package, unpacked into the cache.
func FindSource(cache, ksrc string, progress func(string)) (*Source, error) {
	if ksrc != "" {
		return userSource(ksrc)
	}
	return packagedSource(cache, "/usr/src/linux-source-"+DefaultLine+".tar.xz", progress)
}

func packagedSource(cache, tarball string, progress func(string)) (*Source, error) {
	if _, err := os.Stat(tarball); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no kernel source: install it with `make deps` (package linux-source-%s), or name a tree with KSRC=DIR", DefaultLine)
	}
	id, err := hashFile(tarball)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "src", id[:16])
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, err
	}
	release, err := lock(dir+".lock", func() { progress("waiting for another run that unpacks the kernel source") })
	if err != nil {
		return nil, err
	}
	defer release()
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		progress("unpacking " + tarball)
		tmp := dir + ".tmp"
		if err := os.RemoveAll(tmp); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(tmp, 0o755); err != nil {
			return nil, err
		}
		if out, err := exec.Command("tar", "-xf", tarball, "-C", tmp, "--strip-components=1").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("unpack %s: %w\n%s", tarball, err, out)
		}
		if err := os.Rename(tmp, dir); err != nil {
			return nil, err
		}
	}
	s := &Source{Dir: dir, ID: id, Linkable: true}
	if err := s.readVersion(); err != nil {
		return nil, err
	}
	s.Name = "linux-" + s.Version + "-" + id[:12]
	return s, nil
}

func userSource(ksrc string) (*Source, error) {
	dir, err := filepath.Abs(ksrc)
	if err != nil {
		return nil, err
	}
	s := &Source{Dir: dir}
	if err := s.readVersion(); err != nil {
		return nil, fmt.Errorf("KSRC=%s: %w", ksrc, err)
	}
	files, err := s.Files()
	if err != nil {
		return nil, fmt.Errorf("KSRC=%s: %w", ksrc, err)
	}
	parts := make([]string, 0, 2*len(files))
	for _, f := range sortedKeys(files) {
		parts = append(parts, f, files[f])
	}
	s.ID = hashStrings(parts...)
	s.Name = "ksrc-" + s.Version + "-" + hashStrings(dir)[:12]
	return s, nil
}

var versionLine = regexp.MustCompile(`(?m)^(VERSION|PATCHLEVEL|SUBLEVEL) *= *(\d+)$`)

func (s *Source) readVersion() error {
	data, err := os.ReadFile(filepath.Join(s.Dir, "Makefile"))
	if err != nil {
		return fmt.Errorf("not a kernel tree: %w", err)
	}
	v := map[string]string{}
	for _, m := range versionLine.FindAllStringSubmatch(string(data), 3) {
		v[m[1]] = m[2]
	}
	if len(v) != 3 {
		return errors.New("not a kernel tree: its Makefile has no version")
	}
	s.Line = v["VERSION"] + "." + v["PATCHLEVEL"]
	s.Version = s.Line + "." + v["SUBLEVEL"]
	return nil
}

// Files returns the files of the tree with a stamp that changes with their contents: size, mode and modification
// time. Of a git checkout these are the tracked files; of another tree everything that is not a product of a build.
func (s *Source) Files() (map[string]string, error) {
	files := map[string]string{}
	add := func(path string) error {
		info, err := os.Lstat(filepath.Join(s.Dir, path))
		if errors.Is(err, fs.ErrNotExist) {
			return nil // Tracked by git and deleted by the user.
		}
		if err != nil {
			return err
		}
		if info.IsDir() {
			return nil
		}
		files[path] = fmt.Sprintf("%d-%o-%s", info.Size(), info.Mode(), info.ModTime().UTC().Format(time.RFC3339Nano))
		return nil
	}
	if _, err := os.Stat(filepath.Join(s.Dir, ".git")); err == nil {
		// A tree may belong to someone else, which git would refuse although ls-files only reads.
		out, err := exec.Command("git", "-c", "safe.directory=*", "-C", s.Dir, "ls-files", "-z").Output()
		if err != nil {
			return nil, fmt.Errorf("list the files of %s: %w", s.Dir, err)
		}
		for _, path := range strings.Split(string(bytes.TrimRight(out, "\x00")), "\x00") {
			if err := add(path); err != nil {
				return nil, err
			}
		}
		return files, nil
	}
	err := filepath.WalkDir(s.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(s.Dir, path)
		if err != nil {
			return err
		}
		if built(rel) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		return add(rel)
	})
	return files, err
}

var (
	builtNames = regexp.MustCompile(`(\.(o|a|ko|mod|cmd|order|symvers|lds\.s)|^\..*\.(cmd|d)|^\.(config|config\.old|version|missing-syscalls\.d))$`)
	builtPaths = regexp.MustCompile(`^(include/(config|generated)|arch/[^/]*/include/generated|vmlinux.*|System\.map|\.tmp_.*)$`)
)

// built reports whether the path of a kernel tree is something that a build in place leaves behind. With such files in
// the source, a build into another directory refuses to start.
func built(path string) bool {
	return builtPaths.MatchString(path) || builtNames.MatchString(filepath.Base(path))
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
