// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// output is where the image goes.
type output struct {
	file *os.File
	name string // final name, empty for stdout and for what is no regular file
	temp string // name until the image is complete, when it replaces another

	precious bool // what is in it has been killed: it is not removed any more
}

// openOutput opens what -o names, or else stdout. A regular file that exists is
// replaced only with force, and only when the new image is complete.
func openOutput(name string, force bool, stdout *os.File) (*output, error) {
	if name == "" {
		if _, err := unix.IoctlGetTermios(int(stdout.Fd()), unix.TCGETS); err == nil {
			return nil, errors.New("an image is no text for a terminal: redirect stdout, or name a file with -o")
		}
		return &output{file: stdout}, nil
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a directory", name)
	case err == nil && !info.Mode().IsRegular(): // a FIFO or a device
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		return &output{file: f}, err
	case err == nil && force:
		f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".")
		if err != nil {
			return nil, err
		}
		return &output{file: f, name: name, temp: f.Name()}, nil
	}
	// An image holds the memory of the processes: nobody else may read it.
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("%s exists: name another file, or replace it with --force", name)
	}
	if err != nil {
		return nil, err
	}
	return &output{file: f, name: name}, nil
}

// pos is where the image ends so far, 0 when the output is no file.
func (o *output) pos() int64 {
	info, err := o.file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	pos, err := unix.Seek(int(o.file.Fd()), 0, io.SeekCurrent)
	if err != nil {
		return 0
	}
	return pos
}

// finish closes a complete image and gives it its name.
func (o *output) finish() error {
	err := o.file.Close()
	if err == nil && o.temp != "" {
		err = os.Rename(o.temp, o.name)
	}
	if err != nil && o.precious {
		return fmt.Errorf("the processes have been killed, and their image is in %s: %w", o.file.Name(), err)
	}
	return err
}

// abandon closes an incomplete image, and removes it unless it is to be kept.
func (o *output) abandon(keep bool) error {
	if o.precious {
		return nil
	}
	if o.name == "" {
		return nil // Not ours to remove; whoever reads it sees the error record.
	}
	_ = o.file.Close()
	switch {
	case !keep && o.temp != "":
		return os.Remove(o.temp)
	case !keep:
		return os.Remove(o.name)
	case o.temp != "":
		return os.Rename(o.temp, o.name)
	}
	return nil
}
