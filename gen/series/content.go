// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A file is one of kernel/tree.
type file struct {
	name string // path in a kernel tree
	data string
	exec bool
}

// A hook is an edit of files of the kernel.
type hook struct {
	name string
	diff string // without what stands before it in the file
}

// content is all that the series has to hold.
type content struct {
	files []*file
	hooks []*hook
}

// readContent collects kernel/tree and the hooks for a kernel line below root.
func readContent(root, base string) (*content, error) {
	c := &content{}
	tree := filepath.Join(root, "kernel", "tree")
	err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		// What an editor leaves behind is no part of the kernel.
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") && d.Name() != ".gitignore" {
			return err
		}
		f, err := readFile(tree, path)
		if err == nil {
			c.files = append(c.files, f)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(root, "kernel", "hooks", base, "*.patch"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		h, err := readHook(path)
		if err != nil {
			return nil, err
		}
		c.hooks = append(c.hooks, h)
	}
	return c, nil
}

func readFile(tree, path string) (*file, error) {
	name, err := filepath.Rel(tree, path)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 || data[len(data)-1] != '\n' {
		return nil, fmt.Errorf("%s does not end in a newline", path)
	}
	return &file{filepath.ToSlash(name), string(data), info.Mode()&0o100 != 0}, nil
}

func readHook(path string) (*hook, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text := string(data)
	start := -1
	for _, mark := range []string{"diff --git a/", "--- a/"} {
		at := strings.Index("\n"+text, "\n"+mark)
		if at >= 0 && (start < 0 || at < start) {
			start = at
		}
	}
	if start < 0 || !strings.HasSuffix(text, "\n") {
		return nil, fmt.Errorf("%s is not a patch in git's format", path)
	}
	name := strings.TrimSuffix(filepath.Base(path), ".patch")
	return &hook{name, text[start:]}, nil
}

// assign gives every file and hook to the patch that asks for it. Each has to
// belong to exactly one, and each glob and hook of the series has to exist.
func (s *series) assign(c *content) error {
	var errs []error
	for _, p := range s.patches {
		p.files, p.edits = nil, nil
		for _, g := range p.globs {
			if !slices.ContainsFunc(c.files, func(f *file) bool { return matches(g, f.name) }) {
				errs = append(errs, fmt.Errorf("%q: no file in kernel/tree matches %s", p.subject, g))
			}
		}
		for _, name := range p.hooks {
			if !slices.ContainsFunc(c.hooks, func(h *hook) bool { return h.name == name }) {
				errs = append(errs, fmt.Errorf("%q: there is no kernel/hooks/%s/%s.patch", p.subject, s.base, name))
			}
		}
	}
	for _, f := range c.files {
		owner, err := s.owner("kernel/tree/"+f.name, func(p *patch) bool {
			return slices.ContainsFunc(p.globs, func(g string) bool { return matches(g, f.name) })
		})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		owner.files = append(owner.files, f)
	}
	for _, h := range c.hooks {
		owner, err := s.owner("kernel/hooks/"+s.base+"/"+h.name+".patch", func(p *patch) bool {
			return slices.Contains(p.hooks, h.name)
		})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		owner.edits = append(owner.edits, h)
	}
	for _, p := range s.patches {
		slices.SortFunc(p.files, func(a, b *file) int { return strings.Compare(a.name, b.name) })
	}
	return errors.Join(errs...)
}

func (s *series) owner(what string, has func(*patch) bool) (*patch, error) {
	var owner *patch
	for _, p := range s.patches {
		switch {
		case !has(p):
		case owner != nil:
			return nil, fmt.Errorf("%s is in two patches: %q and %q", what, owner.subject, p.subject)
		default:
			owner = p
		}
	}
	if owner == nil {
		return nil, fmt.Errorf("%s is in no patch of kernel/series", what)
	}
	return owner, nil
}
