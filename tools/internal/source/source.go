// SPDX-License-Identifier: GPL-2.0

// Package source reads the head of an image, up to the task array, and then
// hands the whole image to the kernel as one descriptor.
//
// From a file the head is read with pread, and the kernel gets the file itself
// at the position it had. From a pipe, a socket or a terminal the head can only
// be consumed: the kernel then gets a pipe of our own, into which the consumed
// bytes are written again and the rest is spliced, record by record, so that
// nothing behind the trailer is taken from the input.
package source

import (
	"fmt"
	"io"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// Source is an image that is about to be restarted.
type Source struct {
	Head
	in   *os.File
	feed *feeder // nil for a file
}

// Open reads the head of the image in, which messages call name.
func Open(in *os.File, name string) (*Source, error) {
	s := &Source{in: in}
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory", name)
	}
	var head []byte
	pos, err := unix.Seek(s.fd(), 0, io.SeekCurrent)
	seekable := err == nil
	if seekable {
		head, err = readHead(io.NewSectionReader(in, pos, math.MaxInt64-pos), &s.Head)
	} else {
		head, err = readHead(rawReader(s.fd()), &s.Head)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !seekable {
		if s.feed, err = newFeeder(s.fd(), head, s.order); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Source) fd() int { return int(s.in.Fd()) }

// Fd is the descriptor the kernel reads the image from.
func (s *Source) Fd() int {
	if s.feed != nil {
		return s.feed.out
	}
	return s.fd()
}

// Start lets the image flow to the kernel. The processes that must not hold the
// inner ends of its pipe have to exist by then or to close what they inherit.
func (s *Source) Start() {
	if s.feed != nil {
		go s.feed.run()
	}
}

// Close takes the image from the kernel. The input stays open.
func (s *Source) Close() {
	if s.feed != nil {
		s.feed.close()
	}
}
