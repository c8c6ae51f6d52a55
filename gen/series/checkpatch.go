// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// ignoreList names what checkpatch is not heeded about.
//
//go:embed checkpatch.ignore
var ignoreList string

// An exception is a type of finding that is let pass in some files.
type exception struct {
	typ, glob string
	used      bool
}

// parseIgnore reads an ignore list.
func parseIgnore(text string) ([]*exception, error) {
	var list []*exception
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 3 {
			return nil, fmt.Errorf("checkpatch.ignore: %q is not a type, a file and a reason", line)
		}
		if _, err := path.Match(fields[1], ""); err != nil {
			return nil, fmt.Errorf("checkpatch.ignore: %s: %w", fields[1], err)
		}
		list = append(list, &exception{typ: fields[0], glob: fields[1]})
	}
	return list, nil
}

// finding is a line of checkpatch --terse --showfile --show-types.
var finding = regexp.MustCompile(`^(\S+?):\d+: (?:ERROR|WARNING|CHECK):([A-Z0-9_]+): `)

// heeded returns the lines of output that no exception covers.
func heeded(output string, list []*exception) []string {
	var lines []string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		covered := false
		if m := finding.FindStringSubmatch(line); m != nil {
			for _, e := range list {
				if e.typ == m[2] && (e.glob == "*" || matches(e.glob, m[1])) {
					e.used, covered = true, true
				}
			}
		}
		if !covered {
			lines = append(lines, line)
		}
	}
	return lines
}

// checkpatch runs the source's own checkpatch.pl over every patch.
func checkpatch(src string, mails []mail, ignore string) error {
	list, err := parseIgnore(ignore)
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
			var out, noise bytes.Buffer
			cmd := exec.Command("perl", script, "--root="+src, "--strict", "--terse", "--showfile", "--show-types",
				"--no-summary", "--color=never", name)
			// A helper in Python complains on stderr where a module is missing;
			// that is no finding.
			cmd.Stdout, cmd.Stderr = &out, &noise
			err := cmd.Run()
			lines := heeded(out.String(), list)
			switch {
			case len(lines) > 0:
				errs = append(errs, fmt.Errorf("%s:\n%s", filepath.Base(name), strings.Join(lines, "\n")))
			case err != nil && out.Len() == 0:
				errs = append(errs, fmt.Errorf("%s: checkpatch.pl: %w\n%s", filepath.Base(name), err, noise.String()))
			}
		}
		for _, e := range list {
			if !e.used {
				errs = append(errs, fmt.Errorf("checkpatch.ignore: nothing needs the exception %s %s", e.typ, e.glob))
			}
		}
		return errors.Join(errs...)
	})
}
