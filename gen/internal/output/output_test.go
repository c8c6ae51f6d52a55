// SPDX-License-Identifier: GPL-2.0

package output

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestGenerator: what is current stays untouched, what is not is named or written.
func TestGenerator(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	if err := os.WriteFile("go.mod", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	text := "one\n"
	g := &Generator{Name: "gen/x", Regenerate: "go generate ./x", Files: func(dir string) (map[string][]byte, error) {
		if text == "" {
			return nil, errors.New("no text")
		}
		return map[string][]byte{"deep/file": []byte(text), "other": []byte("always\n")}, nil
	}}
	run := func(want int, says string, args ...string) {
		t.Helper()
		var b strings.Builder
		if got := g.Main(args, &b); got != want || !strings.Contains(b.String(), says) || says == "" && b.Len() > 0 {
			t.Errorf("%v: got %d and %q, want %d and %q", args, got, b.String(), want, says)
		}
	}
	run(1, "deep/file:1:1: not current, run 'go generate ./x'\nother:1:1", "-check")
	if _, err := os.Stat("deep"); err == nil {
		t.Error("-check writes")
	}
	run(0, "")
	run(0, "", "-check")
	old := time.Unix(1, 0)
	if err := os.Chtimes("other", old, old); err != nil {
		t.Fatal(err)
	}
	text = "two\n"
	t.Chdir(filepath.Join(root, "deep"))
	run(0, "")
	if got, err := os.ReadFile("file"); err != nil || string(got) != text {
		t.Errorf("got %q, %v", got, err)
	}
	if info, err := os.Stat("../other"); err != nil || !info.ModTime().Equal(old) {
		t.Errorf("a current file was written: %v", err)
	}
	text = ""
	run(1, "gen/x: no text")
	run(2, "flag", "-unknown")
}
