// SPDX-License-Identifier: GPL-2.0

package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"linux-cr/tools/internal/proc"
)

// AddCompletion gives a command without subcommands the one that prints a
// completion script; cobra adds it only to commands that have others.
func AddCompletion(root *cobra.Command) {
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(&cobra.Command{
		Use:                   "completion {bash|zsh|fish}",
		Short:                 "Print a completion script for a shell",
		Args:                  cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs:             []string{"bash", "zsh", "fish"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			default:
				return root.GenFishCompletion(out, true)
			}
		},
	})
}

// CompletePID offers the running processes for the one argument of a command.
func CompletePID(_ *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	all, err := proc.All()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var pids []string
	for _, t := range all {
		if pid := fmt.Sprint(t.PID); strings.HasPrefix(pid, prefix) {
			pids = append(pids, pid+"\t"+t.Comm)
		}
	}
	return pids, cobra.ShellCompDirectiveNoFileComp
}

// CompleteFlag offers the values of a flag that has only these.
func CompleteFlag(cmd *cobra.Command, flag string, values ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // There is no such flag, or it has values already.
	}
}
