// SPDX-License-Identifier: GPL-2.0

// Package output is what the generators have in common: it writes their files, or with -check only compares them.
package output

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// A Generator makes files of the repository from others.
type Generator struct {
	// Name is the command's folder.
	Name string

	// Regenerate is the command that brings the files up to date.
	Regenerate string

	// Files makes every file in memory, by its path below root, the checkout.
	Files func(root string) (map[string][]byte, error)
}

// Main is the generator's command: it writes the files that are not current, or names them. It returns the exit status.
func (g *Generator) Main(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet(g.Name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	check := flags.Bool("check", false, "write nothing, report files that are not current")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	stale, err := g.Update(!*check)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", g.Name, err)
		return 1
	}
	if *check && len(stale) > 0 {
		for _, name := range stale {
			fmt.Fprintf(stderr, "%s:1:1: not current, run '%s'\n", name, g.Regenerate)
		}
		return 1
	}
	return 0
}

// Update returns the files that are not current, after writing them if asked to.
func (g *Generator) Update(write bool) ([]string, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	files, err := g.Files(root)
	if err != nil {
		return nil, err
	}
	return update(root, files, write)
}

func update(root string, files map[string][]byte, write bool) ([]string, error) {
	var stale []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(root, filepath.FromSlash(name))
		if got, err := os.ReadFile(path); err == nil && bytes.Equal(got, files[name]) {
			continue
		}
		stale = append(stale, name)
		if !write {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, files[name], 0o644); err != nil {
			return nil, err
		}
	}
	return stale, nil
}

// Root is the nearest directory upwards that has a go.mod.
func Root() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("%s is not inside the repository", start)
		}
		dir = up
	}
}
