// SPDX-License-Identifier: GPL-2.0

// Package kernlog takes what the kernel writes to the log descriptor of
// checkpoint(2) and restart(2), and finds the reason of a failure in it.
package kernlog

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Log receives the kernel's messages.
type Log struct {
	file *os.File
}

// Open makes a log: the named file, emptied, or without a name an anonymous
// one in memory. The file must not be that of the image, if that has a name.
func Open(name, image string) (*Log, error) {
	if name != "" {
		if err := apart(name, image); err != nil {
			return nil, err
		}
		// Read access is for Lines. A terminal or a FIFO takes the messages just
		// as well; they cannot be read back from there.
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
		if err != nil {
			return nil, err
		}
		return &Log{f}, nil
	}
	fd, err := unix.MemfdCreate("checkpoint-log", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	return &Log{os.NewFile(uintptr(fd), "log")}, nil
}

// apart fails when to empty the log would be to empty the image.
func apart(log, image string) error {
	if image == "" {
		return nil
	}
	a, errA := os.Stat(log)
	b, errB := os.Stat(image)
	same := filepath.Clean(log) == filepath.Clean(image)
	if errA == nil {
		same = a.Mode().IsRegular() && errB == nil && os.SameFile(a, b)
	}
	if same {
		return fmt.Errorf("%s is the image: name another file for the log", log)
	}
	return nil
}

// Fd is the descriptor to hand to the kernel.
func (l *Log) Fd() int { return int(l.file.Fd()) }

// Close lets go of the log.
func (l *Log) Close() error { return l.file.Close() }

// Lines returns what the kernel has written so far, without empty lines; none
// when the log is not a regular file.
func (l *Log) Lines() []string {
	info, err := l.file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	data, err := io.ReadAll(io.NewSectionReader(l.file, 0, info.Size()))
	if err != nil {
		return nil
	}
	var lines []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
