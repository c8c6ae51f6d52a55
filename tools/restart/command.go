// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
	"linux-cr/tools/internal/cli"
	"linux-cr/tools/internal/kernlog"
	"linux-cr/tools/internal/saved"
	"linux-cr/tools/internal/source"
	"linux-cr/tools/internal/support"
)

// options are the command line.
type options struct {
	input      string
	log        string
	pidns      bool
	ipcns      bool
	timens     bool
	self       bool
	frozen     bool
	noWait     bool
	copyStatus bool
	verbose    bool
	changed    changed
	savedFiles saved.Policy

	init  bool     // this is the init of the pid namespace that --pidns made
	ready *os.File // there: told when the processes run
}

func run(args []string, stdin, stdout *os.File, stderr io.Writer) int {
	return cli.Run(command(stdin, stderr), args, stdout, stderr)
}

func command(stdin *os.File, stderr io.Writer) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "restart [flags]",
		Short: "Bring the processes of a checkpoint image back",
		Long: "restart reads an image that checkpoint(1) wrote and brings its processes and threads back,\n" +
			"with the ids they had. It waits until the first process, the root of the hierarchy, ends.",
		Example: "  restart -i job.img\n" +
			"  ssh other checkpoint --kill 4711 | restart --copy-status\n" +
			"  restart --pidns --no-wait -i job.img   # although the process ids are taken",
		Args:                  cobra.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.pidns || o.ipcns {
				return o.enter(cmd.Flags(), stdin, stderr)
			}
			return o.bring(stdin, stderr)
		},
	}
	o.bind(cmd.Flags())
	cmd.MarkFlagsMutuallyExclusive("no-wait", "copy-status")
	cmd.MarkFlagsMutuallyExclusive("self", "frozen")
	cmd.AddCommand(initCommand(stdin, stderr))
	cli.CompleteFlag(cmd, "changed", "fail", "warn")
	cli.CompleteFlag(cmd, "saved-files", "fail", "keep", "overwrite")
	cli.AddCompletion(cmd)
	return cmd
}

func (o *options) bind(f *pflag.FlagSet) {
	f.SortFlags = false
	f.StringVarP(&o.input, "input", "i", "", "read the image from `FILE` instead of stdin")
	f.StringVarP(&o.log, "log", "l", "", "write the kernel's messages to `FILE`")
	f.BoolVar(&o.pidns, "pidns", false, "give the processes a pid namespace of their own")
	f.BoolVar(&o.ipcns, "ipcns", false, "give the processes a pid and an IPC namespace of their own")
	f.BoolVar(&o.timens, "timens", false, "give the processes a time namespace in which their clocks go on from where they stood")
	f.BoolVar(&o.self, "self", false, "bring back one process, without others or threads, under a new process id")
	f.BoolVar(&o.frozen, "frozen", false, "leave the processes frozen in a cgroup of their own")
	f.BoolVar(&o.noWait, "no-wait", false, "do not wait for the first process to end")
	f.BoolVar(&o.copyStatus, "copy-status", false, "exit as the first process does: its status, or 128 + the signal")
	f.Var(&o.changed, "changed", "executables and libraries that have changed: `fail|warn`")
	f.Var(&o.savedFiles, "saved-files", "files that the image has contents of and that have been changed since: `fail|keep|overwrite`")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "print how long it took")
}

// forwarded are the signals that are meant for the processes while restart
// waits for them.
var forwarded = []os.Signal{
	unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM, unix.SIGWINCH,
}

// bring does the restart and waits.
func (o *options) bring(stdin *os.File, stderr io.Writer) (err error) {
	in, name := stdin, "the image on stdin"
	if o.input != "" {
		if in, err = os.Open(o.input); err != nil {
			return err
		}
		defer in.Close()
		name = o.input
	}
	if _, err := unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS); err == nil {
		return errors.New("an image is not typed in: redirect stdin, or name a file with -i")
	}
	var files *saved.Files
	defer func() { files.Close() }()
	src, err := source.Open(in, name, func(r *image.SavedReader) (err error) {
		files, err = saved.Stage(r, o.savedFiles, func(line string) { fmt.Fprintf(stderr, "restart: warning: %s\n", line) })
		return err
	})
	if err != nil {
		return err
	}
	defer src.Close()
	if err := support.Check(); err != nil {
		return err
	}
	log, err := kernlog.Open(o.log, imagePath(in))
	if err != nil {
		return err
	}
	defer log.Close()

	sigs := make(chan os.Signal, 16)
	signal.Notify(sigs, forwarded...)
	defer signal.Stop(sigs)
	j := &job{options: o, src: src, log: log, sigs: sigs, stderr: stderr}
	if err := files.Place(); err != nil {
		return err
	}
	if o.self {
		err = j.restartSelf()
	} else {
		err = j.restart()
	}
	if err != nil {
		return errors.Join(err, files.Undo())
	}
	files.Close()
	defer j.proc.Close()
	if o.ready != nil {
		if _, err := o.ready.Write([]byte{readyByte}); err != nil {
			return err
		}
		if err := o.ready.Close(); err != nil {
			return err
		}
	}
	// Whoever waits is the reaper of a namespace, or was not told not to.
	if o.noWait && !o.init {
		return nil
	}
	status, err := j.wait()
	if err != nil {
		return err
	}
	if o.copyStatus {
		return asStatus(status)
	}
	return nil
}

// imagePath leads to the open image, which stdin may be as well.
func imagePath(in *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", in.Fd()) }

// asStatus is the exit status that stands for a wait status.
func asStatus(status unix.WaitStatus) error {
	code := status.ExitStatus()
	if status.Signaled() {
		code = 128 + int(status.Signal())
	}
	if code == 0 {
		return nil
	}
	return cli.Status(code)
}
