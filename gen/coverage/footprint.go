// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A hook is a patch of existing kernel files.
type hook struct {
	name           string
	files          []string
	added, removed int
}

// Footprint renders a table of the hooks in dir: which files each edits, and by how many lines.
func Footprint(dir string) (string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.patch"))
	if err != nil {
		return "", err
	}
	if len(paths) == 0 {
		return "", fmt.Errorf("%s: no hooks", dir)
	}
	rows := [][]string{{"hook", "lines", "files"}}
	var all hook
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		h := parseHook(strings.TrimSuffix(filepath.Base(path), ".patch"), string(text))
		if len(h.files) == 0 {
			return "", fmt.Errorf("%s: edits no file", path)
		}
		rows = append(rows, []string{h.name, fmt.Sprintf("+%d -%d", h.added, h.removed), strings.Join(h.files, ", ")})
		all.added += h.added
		all.removed += h.removed
		all.files = append(all.files, h.files...)
	}
	rows = append(rows, []string{"all", fmt.Sprintf("+%d -%d", all.added, all.removed), fmt.Sprintf("%d files", len(all.files))})
	return table(rows), nil
}

func parseHook(name, text string) hook {
	h := hook{name: name}
	inHunk := false
	for _, line := range strings.Split(text, "\n") {
		file, isFile := strings.CutPrefix(line, "+++ b/")
		switch {
		case strings.HasPrefix(line, "diff "):
			inHunk = false
		case strings.HasPrefix(line, "@@"):
			inHunk = true
		case !inHunk && isFile:
			h.files = append(h.files, file)
		case inHunk && strings.HasPrefix(line, "+"):
			h.added++
		case inHunk && strings.HasPrefix(line, "-"):
			h.removed++
		}
	}
	return h
}
