// SPDX-License-Identifier: GPL-2.0

package abi

import (
	"bytes"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFormat keeps every Go file of the repository as gofmt writes it.
func TestFormat(t *testing.T) {
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (name == "testdata" || name == "build" || name != ".." && strings.HasPrefix(name, ".")):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		got, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		want, err := format.Source(got)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s:1:1: not formatted, run gofmt -w", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
