package kbuild

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A manifest says what a patched tree was made from.
type manifest struct {
	// Source is the ID of the source.
	Source string

	// Files are the stamps of the source's files. Empty for a source that never changes.
	Files map[string]string `json:",omitempty"`

	// Overlay are the paths that differ from the source.
	Overlay []string
}

// syncTree makes dir the source with the overlay on top. Files whose contents do not change keep their inode and their
// modification time, so that make rebuilds only what depends on the others. Objects made from a tree whose state is not
// known are removed from objects, for no modification time can be trusted then.
func syncTree(dir, objects string, src *Source, o Overlay, progress func(string)) error {
	file := dir + ".manifest"
	var old manifest
	data, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := errors.Join(os.RemoveAll(dir), os.RemoveAll(objects)); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(data, &old); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		// An interrupted sync has to start over.
		if err := os.Remove(file); err != nil {
			return err
		}
	}

	now := manifest{Source: src.ID, Files: old.Files, Overlay: sortedKeys(o)}
	if old.Source != src.ID {
		progress("copying the kernel source to " + dir)
		files, err := syncSource(dir, src, old.Files)
		if err != nil {
			return err
		}
		if !src.Linkable {
			now.Files = files
		}
	}
	for _, path := range old.Overlay {
		if _, ok := o[path]; !ok {
			if err := revert(dir, src, path); err != nil {
				return err
			}
		}
	}
	for _, path := range now.Overlay {
		full := filepath.Join(dir, path)
		have, err := os.ReadFile(full)
		if err == nil && bytes.Equal(have, o[path]) {
			continue
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		mode := os.FileMode(0o644)
		if info, err := os.Stat(full); err == nil {
			mode = info.Mode().Perm()
		}
		if err := writeFile(full, o[path], mode); err != nil {
			return err
		}
	}
	data, err = json.Marshal(now)
	if err != nil {
		return err
	}
	return writeFile(file, data, 0o644)
}

// syncSource brings the files whose stamps differ from those in old, and removes those that are gone.
func syncSource(dir string, src *Source, old map[string]string) (map[string]string, error) {
	files, err := src.Files()
	if err != nil {
		return nil, err
	}
	for path := range old {
		if _, ok := files[path]; !ok {
			if err := os.RemoveAll(filepath.Join(dir, path)); err != nil {
				return nil, err
			}
		}
	}
	for _, path := range sortedKeys(files) {
		if old[path] == files[path] {
			continue
		}
		if err := bring(filepath.Join(src.Dir, path), filepath.Join(dir, path), src.Linkable); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// bring puts the file or symbolic link from into the tree as to, sharing the inode when link is set.
func bring(from, to string, link bool) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	if link {
		if err := os.Link(from, to); err == nil || !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return copyFile(from, to)
}

// revert gives path back the contents it has in the source. The time must be new, or make would keep the object of the
// changed file: hence no link.
func revert(dir string, src *Source, path string) error {
	to := filepath.Join(dir, path)
	from := filepath.Join(src.Dir, path)
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		return os.RemoveAll(to)
	}
	return bring(from, to, false)
}
