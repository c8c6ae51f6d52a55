// SPDX-License-Identifier: GPL-2.0

// Package source reads the head of an image, up to the task array, and then
// hands the whole image to the kernel as one descriptor.
//
// From a file the head is read with pread, and the kernel gets the file itself
// at the position it had. From a pipe, a socket or a terminal the head can only
// be consumed: the kernel then gets a pipe of our own, into which the consumed
// bytes are written again and the rest is spliced, record by record, so that
// nothing behind the trailer is taken from the input.
//
// Saved files may stand in front of the image: they are read first, and the kernel never sees them.
package source

import (
	"fmt"
	"io"
	"math"
	"os"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
)

// Source is an image that is about to be restarted.
type Source struct {
	Head
	in   *os.File
	feed *feeder // nil for a file
}

// Open reads the head of the image in, which messages call name. Saved files in front of it are for take, which reads
// them to their end; without it they are skipped.
func Open(in *os.File, name string, take func(*image.SavedReader) error) (*Source, error) {
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
	var src io.Reader = rawReader(s.fd())
	if seekable {
		src = io.NewSectionReader(in, pos, math.MaxInt64-pos)
	}
	length, src, err := takeSaved(src, take)
	if err == nil && length > 0 && seekable {
		_, err = unix.Seek(s.fd(), pos+length, io.SeekStart)
	}
	if err == nil {
		head, err = readHead(src, &s.Head)
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

// takeSaved passes saved files on to take. It returns their length and where the image stands then.
func takeSaved(src io.Reader, take func(*image.SavedReader) error) (int64, io.Reader, error) {
	r, src, err := image.OpenSaved(src)
	if r == nil || err != nil {
		return 0, src, err
	}
	if take != nil {
		err = take(r)
	}
	for err == nil {
		_, _, err = r.Next()
	}
	if err == io.EOF {
		err = nil
	}
	return r.Pos(), src, err
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
