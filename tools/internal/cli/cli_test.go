// SPDX-License-Identifier: GPL-2.0

package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func run(t *testing.T, result error, args ...string) (int, string, string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := &cobra.Command{Use: "tool", RunE: func(*cobra.Command, []string) error { return result }}
	status := Run(cmd, args, &out, &errs)
	return status, out.String(), errs.String()
}

func TestErrorIsOneLine(t *testing.T) {
	status, out, errs := run(t, errors.New("first\nsecond\n"))
	if status != 1 || out != "" || errs != "tool: first; second\n" {
		t.Errorf("status %d, stdout %q, stderr %q", status, out, errs)
	}
}

func TestStatusIsSilent(t *testing.T) {
	status, out, errs := run(t, Status(137))
	if status != 137 || out != "" || errs != "" {
		t.Errorf("status %d, stdout %q, stderr %q", status, out, errs)
	}
}

func TestUnknownFlag(t *testing.T) {
	status, _, errs := run(t, nil, "--nonsense")
	if status != 1 || !strings.HasPrefix(errs, "tool: ") || strings.Count(errs, "\n") != 1 {
		t.Errorf("status %d, stderr %q", status, errs)
	}
}

func TestVersion(t *testing.T) {
	status, out, _ := run(t, nil, "--version")
	if status != 0 || !strings.HasPrefix(out, "tool ") || !strings.Contains(out, "revision") {
		t.Errorf("status %d, stdout %q", status, out)
	}
}
