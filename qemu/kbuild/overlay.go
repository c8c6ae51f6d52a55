package kbuild

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
)

// An Overlay is what the project changes in a kernel tree: path to new contents.
type Overlay map[string][]byte

// ReadOverlay collects the files of root/kernel/tree and the results of applying root/kernel/hooks/<line>/*.patch, in
// lexical order and without fuzz, to src. The source itself is not touched.
func ReadOverlay(root string, src *Source) (Overlay, error) {
	o := Overlay{}
	if err := o.addTree(filepath.Join(root, "kernel", "tree"), src); err != nil {
		return nil, err
	}
	dir := filepath.Join(root, "kernel", "hooks", src.Line)
	hooks, err := filepath.Glob(filepath.Join(dir, "*.patch"))
	if err != nil {
		return nil, err
	}
	if len(hooks) == 0 {
		return nil, fmt.Errorf("kernel %s is not supported: there are no hooks in kernel/hooks/%s", src.Version, src.Line)
	}
	sort.Strings(hooks)
	if err := o.addHooks(hooks, src); err != nil {
		return nil, err
	}
	return o, nil
}

func (o Overlay) addTree(dir string, src *Source) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if strings.HasPrefix(d.Name(), ".") && d.Name() != ".gitignore" {
			return nil // Left by an editor.
		}
		if _, err := os.Lstat(filepath.Join(src.Dir, rel)); err == nil {
			return fmt.Errorf("kernel/tree/%s exists in kernel %s: change it by a patch in kernel/hooks/%s", rel, src.Version, src.Line)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		o[rel] = data
		return nil
	})
}

// addHooks applies the patches to copies of the files that they name.
func (o Overlay) addHooks(hooks []string, src *Source) error {
	scratch, err := os.MkdirTemp("", "linux-cr-hooks-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	touched := map[string]bool{}
	for _, hook := range hooks {
		paths, err := patchedPaths(hook)
		if err != nil {
			return err
		}
		for _, path := range paths {
			if touched[path] {
				continue
			}
			touched[path] = true
			if err := copyFile(filepath.Join(src.Dir, path), filepath.Join(scratch, path)); err != nil {
				return fmt.Errorf("%s: %w", hook, err)
			}
		}
		cmd := exec.Command("patch", "-p1", "--fuzz=0", "--batch", "--no-backup-if-mismatch", "-d", scratch, "-i", hook)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s does not apply to kernel %s: %w\n%s", hook, src.Version, err, out)
		}
	}
	for path := range touched {
		data, err := os.ReadFile(filepath.Join(scratch, path))
		if err != nil {
			return fmt.Errorf("hooks may edit files, not delete them: %w", err)
		}
		o[path] = data
	}
	return nil
}

// patchedPaths returns the files that a patch in git's format edits. New files belong into kernel/tree.
func patchedPaths(patch string) ([]string, error) {
	// Relative paths would be looked up in the scratch directory by patch -d.
	if !filepath.IsAbs(patch) {
		return nil, fmt.Errorf("%s: path is not absolute", patch)
	}
	data, err := os.ReadFile(patch)
	if err != nil {
		return nil, err
	}
	var paths []string
	s := bufio.NewScanner(bytes.NewReader(data))
	s.Buffer(nil, 1<<20)
	for prev := ""; s.Scan(); prev = s.Text() {
		name, ok := strings.CutPrefix(s.Text(), "+++ b/")
		if !ok || !strings.HasPrefix(prev, "--- ") {
			continue
		}
		if strings.HasPrefix(prev, "--- /dev/null") {
			return nil, fmt.Errorf("%s creates %s: new files belong into kernel/tree", patch, name)
		}
		name, _, _ = strings.Cut(name, "\t")
		paths = append(paths, name)
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, errors.New(patch + ": no file is changed by this patch")
	}
	return paths, nil
}

// Hash identifies the overlay.
func (o Overlay) Hash() string {
	parts := make([]string, 0, 2*len(o))
	for _, path := range sortedKeys(o) {
		parts = append(parts, path, string(o[path]))
	}
	return hashStrings(parts...)
}

// KconfigHash identifies those files of the overlay that can change the configuration.
func (o Overlay) KconfigHash() string {
	var parts []string
	for _, path := range sortedKeys(o) {
		if strings.HasPrefix(filepath.Base(path), "Kconfig") {
			parts = append(parts, path, string(o[path]))
		}
	}
	return hashStrings(parts...)
}
