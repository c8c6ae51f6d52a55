// SPDX-License-Identifier: GPL-2.0

package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ignoreList names the checkpatch types that are not looked for, a type and the
// reason per line.
//
//go:embed checkpatch.ignore
var ignoreList string

// parseIgnore returns the types of an ignore list.
func parseIgnore(text string) ([]string, error) {
	var types []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		typ, reason, _ := strings.Cut(line, " ")
		if strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("checkpatch.ignore: %s has no reason", typ)
		}
		types = append(types, typ)
	}
	return types, nil
}

// checkpatch runs the source's own checkpatch.pl over every patch.
func checkpatch(src string, mails []mail) error {
	types, err := parseIgnore(ignoreList)
	if err != nil {
		return err
	}
	script := filepath.Join(src, "scripts", "checkpatch.pl")
	if _, err := os.Stat(script); err != nil {
		return err
	}
	return inTemp(mails, func(_ string, names []string) error {
		var errs []error
		for _, name := range names {
			args := []string{script, "--root=" + src, "--strict", "--show-types", "--no-summary", "--color=never"}
			if len(types) > 0 {
				args = append(args, "--ignore", strings.Join(types, ","))
			}
			out, err := exec.Command("perl", append(args, name)...).CombinedOutput()
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, out))
			}
		}
		return errors.Join(errs...)
	})
}
