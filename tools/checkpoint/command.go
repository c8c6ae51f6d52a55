// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"linux-cr/tools/internal/cli"
	"linux-cr/tools/internal/proc"
	"linux-cr/tools/internal/saved"
	"linux-cr/tools/internal/support"
)

// options are the command line.
type options struct {
	output      string
	force       bool
	keepPartial bool
	log         string
	kill        bool
	frozen      bool
	container   bool
	tty         bool
	ipc         bool
	cut         bool
	saveFiles   []string
	patterns    []*saved.Pattern
	dryRun      bool
	verbose     bool
	pid         int
}

func run(args []string, stdout *os.File, stderr io.Writer) int {
	return cli.Run(command(stdout, stderr), args, stdout, stderr)
}

func command(stdout *os.File, stderr io.Writer) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "checkpoint [flags] PID",
		Short: "Save a running process and its descendants to an image",
		Long: "checkpoint saves process PID and its descendants to an image, from which restart(1) brings them back.\n" +
			"They are stopped meanwhile and go on afterwards.",
		Example: "  checkpoint -o job.img 4711           # and go on\n" +
			"  checkpoint --kill 4711 | ssh other restart\n" +
			"  checkpoint --dry-run 4711            # would it work?",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("name one process id (checkpoint --help tells more)")
			}
			return nil
		},
		ValidArgsFunction:     cli.CompletePID,
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			var err error
			if o.pid, err = strconv.Atoi(args[0]); err != nil || o.pid <= 0 {
				return fmt.Errorf("%q is not a process id", args[0])
			}
			for _, text := range o.saveFiles {
				p, err := saved.ParsePattern(text)
				if err != nil {
					return err
				}
				o.patterns = append(o.patterns, p)
			}
			if o.dryRun {
				return o.rehearse(stdout)
			}
			return o.save(stdout, stderr)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&o.output, "output", "o", "", "write the image to `FILE` instead of stdout")
	f.BoolVarP(&o.force, "force", "f", false, "replace FILE when it exists")
	f.BoolVar(&o.keepPartial, "keep-partial", false, "keep the incomplete FILE of a checkpoint that failed")
	f.StringVarP(&o.log, "log", "l", "", "write the kernel's messages to `FILE`")
	f.BoolVar(&o.kill, "kill", false, "kill the processes once the image is complete, and wait for their end")
	f.BoolVar(&o.frozen, "frozen", false, "leave the processes frozen in their cgroup")
	f.BoolVar(&o.container, "container", false, "PID is the init of a container: save all of it, and refuse what is shared with the outside")
	f.BoolVar(&o.cut, "cut", false, "cut connections with Unix sockets of processes outside: after restart their peers are closed")
	f.BoolVar(&o.tty, "tty", false, "save what is open on a terminal of somebody else, too: after restart it is that of restart")
	f.BoolVar(&o.ipc, "ipc", false, "save all System V IPC objects and POSIX message queues that the caller may read, not only those that the processes have attached or open")
	f.StringArrayVar(&o.saveFiles, "save-files", nil, "put the contents of open and mapped files whose path matches `PATTERN` into the image, too; ** matches any directories")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "write no image: print what stands in the way, and fail when something does")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "print tasks, size and time")
	cmd.MarkFlagsMutuallyExclusive("kill", "frozen", "dry-run")
	cmd.MarkFlagsMutuallyExclusive("output", "dry-run")
	cmd.MarkFlagsMutuallyExclusive("save-files", "dry-run")
	cli.AddCompletion(cmd)
	return cmd
}

// precheck finds what can be said better before the kernel is asked.
func (o *options) precheck() error {
	pids, err := proc.Hierarchy(o.pid)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no process %d", o.pid)
	}
	if err != nil {
		return err
	}
	if slices.Contains(pids, os.Getpid()) {
		return fmt.Errorf("process %d is an ancestor of this very command: it cannot be stopped from here", o.pid)
	}
	return support.Check()
}
