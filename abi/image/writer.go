// SPDX-License-Identifier: GPL-2.0

package image

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/cespare/xxhash/v2"
)

// Writer writes an image record by record. It keeps what the Reader checks:
// valid fields, object numbers, the place of page contents, the trailer.
type Writer struct {
	dst   io.Writer
	order ByteOrder
	hash  *xxhash.Digest
	buf   []byte
	pos   int64
	count uint64
	page  int64 // bytes
	objs  Objects
	done  bool
	err   error // sticky
}

// NewWriter starts an image with its header. Magic and revision are set here.
func NewWriter(dst io.Writer, o ByteOrder, h *Header) (*Writer, error) {
	head := *h
	head.Magic, head.Rev = CKPT_MAGIC_HEAD, CKPT_REV
	if head.PageShift < minPageShift || head.PageShift > maxPageShift {
		return nil, fmt.Errorf("%w: page_shift is %d", ErrRecord, head.PageShift)
	}
	w := &Writer{dst: dst, order: o, hash: xxhash.New(), page: 1 << head.PageShift}
	return w, w.put(&head)
}

// Pos is the number of bytes written.
func (w *Writer) Pos() int64 { return w.pos }

// write passes bytes on and counts them.
func (w *Writer) write(b []byte) (int, error) {
	n, err := w.dst.Write(b)
	w.pos += int64(n)
	w.hash.Write(b[:n])
	return n, err
}

type writeFunc func([]byte) (int, error)

func (f writeFunc) Write(b []byte) (int, error) { return f(b) }

// put writes a record as it is, or only the fixed part of a raw one.
func (w *Writer) put(r Record) error {
	if w.err != nil {
		return w.err
	}
	if w.done {
		return fmt.Errorf("%w: the image has its last record already", ErrOrder)
	}
	start := w.pos
	err := r.Validate()
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrRecord, err)
	} else {
		err = w.objs.Add(r)
	}
	if err == nil {
		w.buf = r.Append(w.buf[:0], w.order)
		_, err = w.write(w.buf)
	}
	if err == nil {
		w.count++
		return nil
	}
	w.err = &Error{start, TypeName(r.Type()), err}
	return w.err
}

// Write adds a record. Header, trailer and pages have calls of their own.
func (w *Writer) Write(r Record) error {
	switch r.(type) {
	case *Header, *Tail, *Pad:
		return fmt.Errorf("%w: the writer makes its own %s", ErrOrder, TypeName(r.Type()))
	case *Pgarr:
		return fmt.Errorf("%w: pages are written with WritePages", ErrOrder)
	}
	return w.put(r)
}

// WritePages adds a chunk of pages, behind a pad record if it needs one to put
// the contents at a multiple of the page size. No addresses end an area.
func (w *Writer) WritePages(addrs []uint64, contents io.Reader) error {
	if w.err != nil {
		return w.err
	}
	n := int64(len(addrs))
	chunk := &Pgarr{NrPages: uint64(n), RawSize: uint64(n) * uint64(8+w.page)}
	fixed := int64(declared[CKPT_HDR_PGARR].FixedSize())
	if int64(chunk.RawSize)+fixed > math.MaxUint32 {
		return fmt.Errorf("%w: %d pages of %d bytes are too many for one chunk", ErrRecord, n, w.page)
	}
	if n == 0 {
		return w.put(chunk)
	}
	if w.pos+fixed+8*n != w.roundUp(w.pos+fixed+8*n) {
		pad := &Pad{}
		at := w.pos + int64(pad.EncodedSize()) + fixed + 8*n
		pad.Zero = make([]byte, w.roundUp(at)-at)
		if err := w.put(pad); err != nil {
			return err
		}
	}
	if err := w.put(chunk); err != nil {
		return err
	}
	w.buf = w.buf[:0]
	for _, a := range addrs {
		w.buf = w.order.AppendUint64(w.buf, a)
	}
	_, err := w.write(w.buf)
	if err == nil {
		_, err = io.CopyN(writeFunc(w.write), contents, n*w.page)
	}
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("page contents: %w", io.ErrUnexpectedEOF)
	}
	if err != nil {
		w.err = &Error{w.pos, TypeName(CKPT_HDR_PGARR), err}
	}
	return w.err
}

func (w *Writer) roundUp(n int64) int64 { return (n + w.page - 1) &^ (w.page - 1) }

// Close writes the trailer.
func (w *Writer) Close() error {
	t := &Tail{
		Magic: CKPT_MAGIC_TAIL, NrRecords: w.count + 1,
		Size: uint64(w.pos) + uint64(declared[CKPT_HDR_TAIL].FixedSize()), Checksum: w.hash.Sum64(),
	}
	if err := w.put(t); err != nil {
		return err
	}
	w.done = true
	return nil
}

// Fail ends the image of a failed checkpoint with an error record in place of
// the trailer. There may be several.
func (w *Writer) Fail(err int32, message string) error { return w.put(NewError(err, message)) }
