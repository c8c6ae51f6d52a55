// SPDX-License-Identifier: GPL-2.0

// Package cli gives the tools one way to fail: one line on stderr that begins
// with the name of the tool, and an exit status.
package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"linux-cr/tools/internal/version"
)

// Status ends a tool with an exit status and no message of its own.
type Status int

func (s Status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// Run executes cmd and returns the exit status of the tool.
func Run(cmd *cobra.Command, args []string, stdout, stderr io.Writer) int {
	cmd.Version = version.String()
	cmd.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	cmd.SetHelpCommand(&cobra.Command{Hidden: true}) // --help does it.
	cmd.SilenceErrors = true
	cmd.SilenceUsage = true
	err := cmd.Execute()
	if err == nil {
		return 0
	}
	var status Status
	if errors.As(err, &status) {
		return int(status)
	}
	fmt.Fprintf(stderr, "%s: %s\n", cmd.Name(), OneLine(err.Error()))
	return 1
}

// OneLine joins the lines of a message.
func OneLine(s string) string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "; ")
}
