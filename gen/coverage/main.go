// SPDX-License-Identifier: GPL-2.0

// Command coverage makes docs/coverage.md and the table in README.md from docs/coverage.yaml, the list of what a
// checkpoint covers, refuses and misses. Its test compares the list with the messages in the kernel's sources. It
// also counts the lines of the hooks for docs/design.md.
//
// With -check it writes nothing and reports each file that is not current.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"linux-cr/gen/internal/output"
)

//go:generate go run .

const regenerate = "go generate ./gen/coverage"

var generator = &output.Generator{Name: "gen/coverage", Regenerate: regenerate, Files: files}

func main() { os.Exit(generator.Main(os.Args[1:], os.Stderr)) }

// files makes what follows from the list and from the hooks.
func files(root string) (map[string][]byte, error) {
	kinds, err := Load(filepath.Join(root, "docs", "coverage.yaml"))
	if err != nil {
		return nil, err
	}
	footprint, err := Footprint(filepath.Join(root, "kernel", "hooks", "6.12"))
	if err != nil {
		return nil, err
	}
	want := map[string][]byte{"docs/coverage.md": []byte(Markdown(kinds))}
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
		text, err := Fill(string(old), f.marker, f.text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.file, err)
		}
		want[f.file] = []byte(text)
	}
	return want, nil
}
