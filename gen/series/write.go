// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// load reads kernel/series and everything it refers to.
func load(root string) (*series, []mail, error) {
	name := filepath.Join(root, "kernel", "series")
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	s, err := parseSeries(string(text))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	c, err := readContent(root, s.base)
	if err != nil {
		return nil, nil, err
	}
	if err := s.assign(c); err != nil {
		return nil, nil, err
	}
	coverage, err := os.ReadFile(filepath.Join(root, "docs", "coverage.md"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, err
	}
	return s, s.mails(string(coverage)), nil
}

// write puts the mails into dir, in place of those of an earlier run.
func write(dir string, mails []mail) error {
	old, err := filepath.Glob(filepath.Join(dir, "[0-9][0-9][0-9][0-9]-*.patch"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, m := range mails {
		if err := os.WriteFile(filepath.Join(dir, m.name), []byte(m.text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// inTemp writes the mails to a folder of their own for the time of f. names are
// those of the patches, without the cover letter.
func inTemp(mails []mail, f func(dir string, names []string) error) error {
	dir, err := os.MkdirTemp("", "linux-cr-series-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := write(dir, mails); err != nil {
		return err
	}
	var names []string
	for _, m := range mails[1:] {
		names = append(names, filepath.Join(dir, m.name))
	}
	return f(dir, names)
}
