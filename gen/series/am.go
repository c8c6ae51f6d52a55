// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"linux-cr/qemu/kbuild"
)

// checkAm proves that git am of the series onto an untouched source gives the
// tree that make kernel builds. Only the files that the series touches are
// looked at, since nothing else can differ.
func checkAm(root string, src *kbuild.Source, s *series, mails []mail) error {
	if src.Line != s.base {
		return fmt.Errorf("%s is kernel %s, the series is for %s", src.Dir, src.Version, s.base)
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	overlay, err := kbuild.ReadOverlay(root, src)
	if err != nil {
		return err
	}
	return inTemp(mails, func(dir string, names []string) error {
		repo := filepath.Join(dir, "repo")
		if err := pristine(repo, src.Dir, overlay); err != nil {
			return err
		}
		if err := git(repo, append([]string{"am", "--quiet", "--whitespace=error"}, names...)...); err != nil {
			return fmt.Errorf("git am: %w", err)
		}
		return compare(repo, overlay)
	})
}

// pristine makes a repository of the source's files that the overlay changes.
func pristine(repo, src string, overlay kbuild.Overlay) error {
	if err := os.MkdirAll(repo, 0o755); err != nil {
		return err
	}
	for name := range overlay {
		data, err := os.ReadFile(filepath.Join(src, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // The series adds it.
		}
		if err != nil {
			return err
		}
		to := filepath.Join(repo, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			return err
		}
	}
	if err := git(repo, "init", "--quiet"); err != nil {
		return err
	}
	// -f: the tree's own .gitignore has no say here.
	if err := git(repo, "add", "-f", "."); err != nil {
		return err
	}
	return git(repo, "commit", "--quiet", "--allow-empty", "-m", "source")
}

// compare looks for differences between the repository and the overlay.
func compare(repo string, overlay kbuild.Overlay) error {
	var diffs []string
	for name, want := range overlay {
		got, err := os.ReadFile(filepath.Join(repo, name))
		switch {
		case errors.Is(err, os.ErrNotExist):
			diffs = append(diffs, name+" is not in the series")
		case err != nil:
			return err
		case !bytes.Equal(got, want):
			diffs = append(diffs, name+" differs")
		}
	}
	out, err := gitOutput(repo, "ls-files", "-z")
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		if _, ok := overlay[name]; !ok {
			diffs = append(diffs, name+" is only in the series")
		}
	}
	if len(diffs) > 0 {
		return fmt.Errorf("git am of the series does not give the tree that is built: %s", strings.Join(diffs, ", "))
	}
	return nil
}

func git(dir string, args ...string) error {
	_, err := gitOutput(dir, args...)
	return err
}

// gitOutput runs git without any configuration of the user.
func gitOutput(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=series", "GIT_AUTHOR_EMAIL=series@example.org",
		"GIT_COMMITTER_NAME=series", "GIT_COMMITTER_EMAIL=series@example.org")
	cmd.Env = without(cmd.Env, "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w\n%s%s", err, out.String(), errs.String())
	}
	return out.String(), nil
}

// without drops variables that would point git at another repository.
func without(env []string, names ...string) []string {
	var kept []string
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		drop := false
		for _, n := range names {
			drop = drop || n == name
		}
		if !drop {
			kept = append(kept, e)
		}
	}
	return kept
}

// applyTo applies the first n patches to a kernel tree, to build each step.
func applyTo(tree string, mails []mail, n int) error {
	if n < 0 || n >= len(mails) {
		return fmt.Errorf("the series has %d patches", len(mails)-1)
	}
	return inTemp(mails, func(_ string, names []string) error {
		for _, name := range names[:n] {
			if err := applyPatch(tree, name); err != nil {
				return err
			}
		}
		return nil
	})
}

func applyPatch(tree, name string) error {
	cmd := exec.Command("patch", "-p1", "--fuzz=0", "--batch", "--no-backup-if-mismatch", "-d", tree, "-i", name)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, out)
	}
	return nil
}
