// SPDX-License-Identifier: GPL-2.0

// Command coverage makes docs/coverage.md and the table in README.md from docs/coverage.yaml, the list of what a
// checkpoint covers, refuses and misses. Its test compares the list with the messages in the kernel's sources. It
// also counts the lines of the hooks for docs/design.md.
//
// With -check it writes nothing and reports each file that is not current.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

//go:generate go run .

const regenerate = "go generate ./gen/coverage"

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("coverage", flag.ContinueOnError)
	flags.SetOutput(stderr)
	check := flags.Bool("check", false, "write nothing, report files that are not current")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	root, err := moduleRoot()
	if err == nil {
		var stale []string
		stale, err = update(root, !*check)
		if err == nil && *check && len(stale) > 0 {
			for _, name := range stale {
				fmt.Fprintf(stderr, "%s:1:1: not current, run '%s'\n", name, regenerate)
			}
			return 1
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, "gen/coverage:", err)
		return 1
	}
	return 0
}

// update compares the files with what they should be and returns those that differ, after writing them if asked to.
func update(root string, write bool) ([]string, error) {
	kinds, err := Load(filepath.Join(root, "docs", "coverage.yaml"))
	if err != nil {
		return nil, err
	}
	footprint, err := Footprint(filepath.Join(root, "kernel", "hooks", "6.12"))
	if err != nil {
		return nil, err
	}
	want := map[string]string{"docs/coverage.md": Markdown(kinds)}
	for _, f := range []struct{ file, marker, text string }{
		{"README.md", "coverage", Summary(kinds)},
		{"docs/design.md", "footprint", footprint},
	} {
		old, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.file)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if want[f.file], err = Fill(string(old), f.marker, f.text); err != nil {
			return nil, fmt.Errorf("%s: %w", f.file, err)
		}
	}

	var stale []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		text := want[name]
		path := filepath.Join(root, filepath.FromSlash(name))
		if got, err := os.ReadFile(path); err == nil && string(got) == text {
			continue
		}
		stale = append(stale, name)
		if write {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				return nil, err
			}
		}
	}
	return stale, nil
}

// moduleRoot is the nearest directory upwards that has a go.mod.
func moduleRoot() (string, error) {
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
