// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io"
	"os"

	"linux-cr/tools/internal/proc"
	"linux-cr/tools/internal/saved"
)

// saveContents writes the files that --save-files selects in front of the image. The processes are frozen, so nothing comes
// between their contents and the image but who else has them open. A signal ends it.
func (o *options) saveContents(fd int, sigs <-chan os.Signal, stderr io.Writer) ([]*saved.File, error) {
	if o.patterns == nil {
		return nil, nil
	}
	pids, err := proc.Hierarchy(o.pid)
	if err != nil {
		return nil, err
	}
	files, err := saved.Find(pids, o.patterns)
	if err != nil {
		return nil, err
	}
	for _, p := range o.patterns {
		if !p.Used() {
			fmt.Fprintf(stderr, "checkpoint: warning: the processes have no file that --save-files=%s matches\n", p)
		}
	}
	if len(files) == 0 {
		return nil, nil
	}
	// Whoever reads the image may never go on: do not wait for the last write when a signal comes.
	done := make(chan error, 1)
	size := int64(0)
	go func() {
		var err error
		size, err = saved.Write(fd, files)
		done <- err
	}()
	select {
	case s := <-sigs:
		return nil, fmt.Errorf("ended by a signal: %v", s)
	case err := <-done:
		if err != nil {
			return nil, err
		}
	}
	if o.verbose {
		fmt.Fprintf(stderr, "checkpoint: files saved: %d, in %d bytes\n", len(files), size)
	}
	return files, nil
}
