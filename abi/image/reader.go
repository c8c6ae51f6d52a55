// SPDX-License-Identifier: GPL-2.0

package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"

	"linux-cr/abi/schema"
)

// headSize is how much of the first record stands at the same place in every
// revision: pre-header, magic, arch_id, rev.
const headSize = 24

// Page sizes that a source can have, as powers of two.
const (
	minPageShift = 12
	maxPageShift = 20
)

// Entry is a record and its place in the image.
type Entry struct {
	Pos  int64 // from the start of the image
	Type uint32
	Len  uint32
	// Record is nil for an optional record of an unknown type.
	Record Record
	// Addrs are the addresses of the pages of a chunk (pgarr). The contents
	// are read from Reader.Pages, in the same order.
	Addrs []uint64
}

// Name is the record's type, as in "file_desc".
func (e *Entry) Name() string { return TypeName(e.Type) }

// Reader reads an image record by record.
type Reader struct {
	src    io.Reader
	order  ByteOrder
	hash   *xxhash.Digest
	buf    bytes.Buffer // of the current record
	pos    int64        // bytes consumed
	start  int64        // position of the current record
	name   string       // and its type
	count  uint64
	objs   Objects
	header Header
	first  *Entry           // the header, until Next has returned it
	pages  io.LimitedReader // page contents not yet consumed
	failed bool             // an error record was read
	err    error            // sticky
}

// NewReader reads the header of an image and nothing more.
func NewReader(src io.Reader) (*Reader, error) {
	r := &Reader{src: src, hash: xxhash.New(), name: "header"}
	if err := r.readHeader(); err != nil {
		if errors.Is(err, ErrNotImage) || errors.Is(err, ErrRevision) || errors.Is(err, ErrArch) || errors.Is(err, ErrFeature) {
			return nil, err
		}
		return nil, r.fail(err)
	}
	return r, nil
}

// Header is the first record.
func (r *Reader) Header() *Header { return &r.header }

// Order is the byte order of the source.
func (r *Reader) Order() ByteOrder { return r.order }

// Pos is the number of bytes consumed.
func (r *Reader) Pos() int64 { return r.pos }

// Pages reads the page contents of the chunk that Next returned last. What is
// left of them is skipped by the next call of Next.
func (r *Reader) Pages() io.Reader { return &r.pages }

// fail makes an error of the current record final.
func (r *Reader) fail(err error) error {
	r.err = &Error{r.start, r.name, err}
	return r.err
}

// Read consumes bytes of the stream. It makes the Reader its own source for the
// parts that are handed on.
func (r *Reader) read(b []byte) (int, error) {
	n, err := r.src.Read(b)
	r.pos += int64(n)
	r.hash.Write(b[:n])
	if n > 0 {
		err = nil
	}
	return n, err
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(b []byte) (int, error) { return f(b) }

// more adds n bytes to the buffer. The buffer grows with what arrives, not with
// what was announced.
func (r *Reader) more(n uint64) error {
	got, err := r.buf.ReadFrom(&io.LimitedReader{R: readFunc(r.read), N: int64(n)})
	if err == nil && uint64(got) < n {
		err = ErrTruncated
	}
	return err
}

// skip consumes n bytes.
func (r *Reader) skip(n int64) error {
	got, err := io.Copy(io.Discard, &io.LimitedReader{R: readFunc(r.read), N: n})
	if err == nil && got < n {
		err = ErrTruncated
	}
	return err
}

// magicIn is the start of every image in a byte order: the type of the first
// record, its length (which differs between revisions), the magic.
func magicIn(o ByteOrder, length []byte) []byte {
	b := o.AppendUint32(nil, CKPT_HDR_HEADER)
	b = append(b, length...)
	return o.AppendUint64(b, CKPT_MAGIC_HEAD)
}

func (r *Reader) readHeader() error {
	if err := r.more(headSize); err != nil && !errors.Is(err, ErrTruncated) {
		return err
	}
	b := r.buf.Bytes()
	if len(b) == 0 {
		return fmt.Errorf("%w: it is empty", ErrTruncated)
	}
	length := b[min(4, len(b)):min(8, len(b))]
	head := b[:min(16, len(b))]
	for _, o := range []ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if bytes.HasPrefix(magicIn(o, length), head) {
			r.order = o
		}
	}
	switch {
	case r.order == nil:
		return ErrNotImage
	case len(b) < headSize:
		return ErrTruncated
	}
	if arch := binary.LittleEndian.Uint16(b[16:]); schema.Archs.Lookup(uint64(arch)) == nil {
		return fmt.Errorf("%w: number %d", ErrArch, arch)
	}
	if rev := r.order.Uint16(b[18:]); rev != CKPT_REV {
		return fmt.Errorf("%w: the image has revision %d, this program knows %d", ErrRevision, rev, CKPT_REV)
	}
	size := r.order.Uint32(b[4:])
	if want := uint32(r.header.EncodedSize()); size != want {
		return fmt.Errorf("%w: %w", ErrRecord, badLen(uint64(size), uint64(want)))
	}
	if err := r.more(uint64(size) - headSize); err != nil {
		return err
	}
	if err := r.header.Decode(r.buf.Bytes(), r.order); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if bad := r.header.FeatRequired &^ schema.Features.Mask(); bad != 0 {
		return fmt.Errorf("%w: bits %#x", ErrFeature, bad)
	}
	if err := r.header.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if s := r.header.PageShift; s < minPageShift || s > maxPageShift {
		return fmt.Errorf("%w: page_shift is %d", ErrRecord, s)
	}
	r.count = 1
	r.first = &Entry{Type: CKPT_HDR_HEADER, Len: size, Record: &r.header}
	return nil
}

// Next returns the next record, the header included. It returns io.EOF behind
// the trailer, when everything was found to be in order; ErrFailed behind the
// error records of a failed checkpoint; and an *Error otherwise.
func (r *Reader) Next() (*Entry, error) {
	if e := r.first; e != nil {
		r.first = nil
		return e, nil
	}
	if r.err != nil {
		return nil, r.err
	}
	if err := r.skip(r.pages.N); err != nil {
		return nil, r.fail(err)
	}
	r.pages = io.LimitedReader{}
	r.start, r.name = r.pos, ""
	e, err := r.next()
	if err != nil {
		if err == ErrFailed {
			r.err = err
			return nil, err
		}
		return nil, r.fail(err)
	}
	return e, nil
}

func (r *Reader) next() (*Entry, error) {
	sum := r.hash.Sum64()
	r.buf.Reset()
	if err := r.more(schema.HdrSize); err != nil {
		if r.failed && errors.Is(err, ErrTruncated) {
			return nil, ErrFailed
		}
		return nil, err
	}
	b := r.buf.Bytes()
	e := &Entry{Pos: r.start, Type: r.order.Uint32(b), Len: r.order.Uint32(b[4:])}
	if r.failed && e.Type != CKPT_HDR_ERROR {
		// Without a trailer the image ends where its error records end.
		return nil, ErrFailed
	}
	r.name = TypeName(e.Type)
	r.count++
	if e.Len < schema.HdrSize || e.Len%8 != 0 {
		return nil, fmt.Errorf("%w: len is %d", ErrRecord, e.Len)
	}
	e.Record = newRecord(e.Type)
	if e.Record == nil {
		if e.Type&CKPT_HDR_OPTIONAL == 0 {
			return nil, ErrUnknown
		}
		return e, r.skip(int64(e.Len) - schema.HdrSize)
	}
	if err := r.decode(e); err != nil {
		return nil, err
	}
	if err := r.objs.Add(e.Record); err != nil {
		return nil, err
	}
	switch rec := e.Record.(type) {
	case *Header:
		return nil, fmt.Errorf("%w: there is another header", ErrOrder)
	case *ErrorRecord:
		r.failed = true
	case *Pgarr:
		return e, r.startPages(e, rec)
	case *Tail:
		if err := r.checkTail(rec, sum); err != nil {
			return nil, err
		}
		r.err = io.EOF
	}
	return e, nil
}

// decode reads the rest of a record that is known.
func (r *Reader) decode(e *Entry) error {
	decl := declared[e.Type]
	size := uint64(e.Len)
	if decl.Raw != "" {
		size = min(size, uint64(decl.FixedSize()))
	}
	if limit := uint64(decl.MaxSize()); size > limit {
		return fmt.Errorf("%w: len is %d, more than %d", ErrRecord, size, limit)
	}
	if err := r.more(size - schema.HdrSize); err != nil {
		return err
	}
	if err := e.Record.Decode(r.buf.Bytes(), r.order); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if err := e.Record.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	return nil
}

// startPages checks the raw part of a chunk and reads its addresses.
func (r *Reader) startPages(e *Entry, p *Pgarr) error {
	page := int64(1) << r.header.PageShift
	n := int64(p.NrPages)
	if want := uint64(n) * uint64(8+page); p.RawSize != want {
		return fmt.Errorf("%w: len is %d, which does not fit %d pages of %d bytes", ErrRecord, e.Len, n, page)
	}
	if n == 0 {
		return nil
	}
	if contents := r.pos + n*8; contents%page != 0 {
		return fmt.Errorf("%w: page contents start at byte %d, which is not a multiple of %d", ErrRecord, contents, page)
	}
	r.buf.Reset()
	if err := r.more(uint64(n) * 8); err != nil {
		return err
	}
	e.Addrs = make([]uint64, n)
	for i := range e.Addrs {
		e.Addrs[i] = r.order.Uint64(r.buf.Bytes()[8*i:])
		if e.Addrs[i]%uint64(page) != 0 {
			return fmt.Errorf("%w: page address %#x is not a multiple of %d", ErrRecord, e.Addrs[i], page)
		}
	}
	r.pages = io.LimitedReader{R: readFunc(r.read), N: n * page}
	return nil
}

func (r *Reader) checkTail(t *Tail, sum uint64) error {
	switch {
	case t.Magic != CKPT_MAGIC_TAIL:
		return fmt.Errorf("%w: magic is %#x", ErrTrailer, t.Magic)
	case t.NrRecords != r.count:
		return fmt.Errorf("%w: it counts %d records, there are %d", ErrTrailer, t.NrRecords, r.count)
	case t.Size != uint64(r.pos):
		return fmt.Errorf("%w: it counts %d bytes, there are %d", ErrTrailer, t.Size, r.pos)
	case t.Checksum != sum:
		return fmt.Errorf("%w: the trailer has %016x, the image %016x", ErrChecksum, t.Checksum, sum)
	}
	return nil
}
