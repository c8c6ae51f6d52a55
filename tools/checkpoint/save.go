// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/tools/internal/cli"
	"linux-cr/tools/internal/interrupt"
	"linux-cr/tools/internal/kernlog"
	"linux-cr/tools/internal/saved"
	"linux-cr/tools/internal/support"
)

// flags are those of the system call.
func (o *options) flags() uint64 {
	// FREEZE does no harm to what is stopped already.
	flags := uint64(calls.CHECKPOINT_FREEZE)
	if !o.container {
		flags |= calls.CHECKPOINT_SUBTREE
	}
	if o.kill {
		flags |= calls.CHECKPOINT_KILL
	}
	if o.cut {
		flags |= calls.CHECKPOINT_CUT
	}
	if o.tty {
		flags |= calls.CHECKPOINT_TTY
	}
	if o.ipc {
		flags |= calls.CHECKPOINT_IPC
	}
	if o.dryRun {
		flags |= calls.CHECKPOINT_DRYRUN
	}
	return flags
}

// save writes the image. However it ends, the processes are not left frozen
// unless that was asked for and the image is complete.
func (o *options) save(stdout *os.File, stderr io.Writer) (err error) {
	if err := o.precheck(); err != nil {
		return err
	}
	log, err := kernlog.Open(o.log, o.output)
	if err != nil {
		return err
	}
	defer log.Close()
	out, err := openOutput(o.output, o.force, stdout)
	if err != nil {
		return err
	}
	complete := false
	defer func() {
		if err != nil && !complete {
			err = errors.Join(err, out.abandon(o.keepPartial))
		}
	}()
	sigs := make(chan os.Signal, 4)
	signal.Notify(sigs, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	defer signal.Stop(sigs)

	var held *hold
	if o.frozen || o.patterns != nil {
		if held, err = freeze(o.pid, sigs); err != nil {
			return err
		}
		defer func() {
			if err != nil || !o.frozen {
				err = errors.Join(err, held.release())
			}
		}()
	}
	files, err := o.saveContents(int(out.file.Fd()), sigs, stderr)
	if err != nil {
		return err
	}
	killed := &victims{}
	if o.kill {
		if killed, err = mark(o.pid); err != nil {
			return err
		}
		defer killed.close()
	}
	before, start := time.Now(), out.pos()
	if err := o.call(int(out.file.Fd()), log, sigs); err != nil {
		return err
	}
	if o.verbose {
		report(stderr, time.Since(before), out.pos()-start, countTasks(out.file, start))
	}
	for _, path := range saved.Changed(files) {
		fmt.Fprintf(stderr, "checkpoint: warning: file %s has been changed by somebody outside since it was saved\n", path)
	}
	out.precious = o.kill
	if err := out.finish(); err != nil {
		return err
	}
	complete = true
	if err := killed.await(); err != nil {
		return err
	}
	if o.frozen {
		fmt.Fprintf(stderr, "checkpoint: process %d is frozen; to let it go on: %s\n", o.pid, held.thawCommand())
	}
	return nil
}

// call does the checkpoint.
func (o *options) call(fd int, log *kernlog.Log, sigs <-chan os.Signal) error {
	stop := interrupt.Watch(sigs, nil)
	_, err := calls.Checkpoint(o.pid, fd, o.flags(), log.Fd())
	got := stop()
	if err == nil {
		return nil
	}
	if got != nil {
		return fmt.Errorf("ended by a signal: %v", got)
	}
	return support.Explain("checkpoint", err, log)
}

// report prints what is known: an image that goes into a pipe has neither size
// nor number of tasks.
func report(w io.Writer, d time.Duration, size int64, tasks int) {
	d = d.Round(time.Microsecond)
	if size <= 0 {
		fmt.Fprintf(w, "checkpoint: %v\n", d)
		return
	}
	what := ""
	switch {
	case tasks == 1:
		what = "1 task, "
	case tasks > 1:
		what = fmt.Sprintf("%d tasks, ", tasks)
	}
	rate := float64(size) / (1 << 20) / d.Seconds()
	fmt.Fprintf(w, "checkpoint: %s%d bytes in %v, %.0f MiB/s\n", what, size, d, rate)
}

// rehearse prints every obstacle, one per line.
func (o *options) rehearse(stdout io.Writer) error {
	if err := o.precheck(); err != nil {
		return err
	}
	log, err := kernlog.Open(o.log, "")
	if err != nil {
		return err
	}
	defer log.Close()
	sigs := make(chan os.Signal, 4)
	signal.Notify(sigs, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	defer signal.Stop(sigs)
	err = o.call(calls.CHECKPOINT_FD_NONE, log, sigs)
	return printObstacles(stdout, log.Errors(), err)
}

// printObstacles gives the result of a dry run that ended with err.
func printObstacles(w io.Writer, obstacles []string, err error) error {
	if err == nil {
		return nil
	}
	if len(obstacles) == 0 {
		return err
	}
	for _, line := range obstacles {
		fmt.Fprintln(w, support.Words(line))
	}
	return cli.Status(1)
}
