// SPDX-License-Identifier: GPL-2.0

package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/cespare/xxhash/v2"

	"linux-cr/abi/schema"
)

// MaxSavedData is the largest piece of a saved file.
const MaxSavedData = 1 << 20

// SavedReader reads the saved files in front of an image. It reads no byte of the image itself.
type SavedReader struct {
	src    io.Reader
	order  ByteOrder
	hash   *xxhash.Digest
	buf    bytes.Buffer
	pos    int64
	start  int64  // position of the current record
	name   string // and its type
	count  uint64
	left   uint32 // files to come
	file   *SavedFile
	end    uint64 // of the last piece of the file
	ahead  Record // read, and not yet used
	padded bool
	err    error // sticky
}

// OpenSaved looks whether a stream begins with saved files. If so it returns their reader, and src is where the image
// stands once that has returned io.EOF. Otherwise it returns nil, and the image to read in place of src.
func OpenSaved(src io.Reader) (*SavedReader, io.Reader, error) {
	head := make([]byte, 16)
	n, err := io.ReadFull(src, head)
	whole := io.MultiReader(bytes.NewReader(head[:n]), src)
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, whole, err
	}
	s := &SavedReader{src: whole, hash: xxhash.New()}
	for _, o := range []ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if n == len(head) && o.Uint32(head) == CKPT_HDR_SAVED_HEAD && o.Uint64(head[8:]) == CKPT_MAGIC_SAVED {
			s.order = o
		}
	}
	if s.order == nil {
		return nil, whole, nil
	}
	rec, err := s.read()
	if err != nil {
		return nil, src, s.fail(err)
	}
	h := rec.(*SavedHead)
	if h.Rev != CKPT_REV {
		return nil, src, fmt.Errorf("%w: the image has revision %d, this program knows %d", ErrRevision, h.Rev, CKPT_REV)
	}
	s.left = h.NrFiles
	return s, src, nil
}

// Pos is the number of bytes consumed: when Next has returned io.EOF, where the image stands.
func (s *SavedReader) Pos() int64 { return s.pos }

func (s *SavedReader) fail(err error) error {
	s.err = &Error{s.start, s.name, err}
	return s.err
}

// more adds n bytes to the buffer, which grows with what arrives.
func (s *SavedReader) more(n int64) error {
	at := s.buf.Len()
	got, err := s.buf.ReadFrom(io.LimitReader(s.src, n))
	s.pos += got
	s.hash.Write(s.buf.Bytes()[at:])
	if err == nil && got < n {
		err = ErrTruncated
	}
	return err
}

// read reads and checks a record of the section.
func (s *SavedReader) read() (Record, error) {
	sum := s.hash.Sum64()
	s.buf.Reset()
	s.start, s.name = s.pos, ""
	if err := s.more(schema.HdrSize); err != nil {
		return nil, err
	}
	typ, size := s.order.Uint32(s.buf.Bytes()), s.order.Uint32(s.buf.Bytes()[4:])
	s.name = TypeName(typ)
	switch typ {
	case CKPT_HDR_SAVED_HEAD, CKPT_HDR_SAVED_FILE, CKPT_HDR_STRING, CKPT_HDR_SAVED_DATA, CKPT_HDR_PAD, CKPT_HDR_SAVED_TAIL:
	default:
		return nil, fmt.Errorf("%w: it is none of saved files", ErrOrder)
	}
	if limit := uint32(declared[typ].MaxSize()); size < schema.HdrSize || size%8 != 0 || size > limit {
		return nil, fmt.Errorf("%w: len is %d", ErrRecord, size)
	}
	if err := s.more(int64(size) - schema.HdrSize); err != nil {
		return nil, err
	}
	rec := newRecord(typ)
	err := rec.Decode(s.buf.Bytes(), s.order)
	if err == nil {
		err = rec.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if _, first := rec.(*SavedHead); first != (s.count == 0) {
		return nil, ErrOrder
	}
	s.count++
	if t, ok := rec.(*SavedTail); ok {
		return rec, s.checkTail(t, sum)
	}
	return rec, nil
}

func (s *SavedReader) checkTail(t *SavedTail, sum uint64) error {
	switch {
	case t.Magic != CKPT_MAGIC_SAVED:
		return fmt.Errorf("%w: magic is %#x", ErrTrailer, t.Magic)
	case s.left > 0:
		return fmt.Errorf("%w: %d saved files are missing", ErrTrailer, s.left)
	case t.NrRecords != s.count:
		return fmt.Errorf("%w: it counts %d records, there are %d", ErrTrailer, t.NrRecords, s.count)
	case t.Size != uint64(s.pos):
		return fmt.Errorf("%w: it counts %d bytes, there are %d", ErrTrailer, t.Size, s.pos)
	case t.Checksum != sum:
		return fmt.Errorf("%w: the trailer of the saved files has %016x, they have %016x", ErrChecksum, t.Checksum, sum)
	}
	return nil
}

// next is the next record. The caller takes it by setting ahead to nil.
func (s *SavedReader) next() (Record, error) {
	if s.err != nil {
		return nil, s.err
	}
	if s.ahead == nil {
		rec, err := s.read()
		if err != nil {
			return nil, s.fail(err)
		}
		s.ahead = rec
	}
	return s.ahead, nil
}

// Next returns the next file and its path, which is absolute and has neither "." nor ".." in it. What is left of the data
// of the last one is checked and skipped. It returns io.EOF when the section has ended and was found to be in order.
func (s *SavedReader) Next() (*SavedFile, string, error) {
	for {
		_, _, err := s.Data()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, "", err
		}
	}
	for {
		rec, err := s.next()
		if err != nil {
			return nil, "", err
		}
		s.ahead = nil
		switch r := rec.(type) {
		case *SavedTail:
			s.err = io.EOF
			return nil, "", io.EOF
		case *Pad:
			if !s.padded {
				s.padded, s.file = true, nil
				continue
			}
		case *SavedFile:
			if !s.padded && s.left > 0 {
				return s.begin(r)
			}
		}
		return nil, "", s.fail(ErrOrder)
	}
}

// begin reads the path of a file.
func (s *SavedReader) begin(f *SavedFile) (*SavedFile, string, error) {
	rec, err := s.next()
	if err != nil {
		return nil, "", err
	}
	s.ahead = nil
	name, ok := rec.(*StringRecord)
	if !ok {
		return nil, "", s.fail(ErrOrder)
	}
	if p := name.Value(); !strings.HasPrefix(p, "/") || p == "/" || p != path.Clean(p) {
		return nil, "", s.fail(fmt.Errorf("%w: %q is no path of a file", ErrRecord, p))
	}
	s.left--
	s.file, s.end = f, 0
	return f, name.Value(), nil
}

// Data returns the next piece of the file that Next has returned, and where it stands in it; pieces come in order, and what
// is between them are zeros. It returns io.EOF behind the last one.
func (s *SavedReader) Data() (offset uint64, data []byte, err error) {
	if s.err == nil && s.file == nil && s.ahead == nil {
		return 0, nil, io.EOF // Before the first file.
	}
	rec, err := s.next()
	if err != nil {
		return 0, nil, err
	}
	d, ok := rec.(*SavedData)
	if !ok {
		return 0, nil, io.EOF
	}
	s.ahead = nil
	n := uint64(len(d.Data))
	if s.file == nil || n == 0 || d.Offset < s.end || d.Offset > s.file.Size || n > s.file.Size-d.Offset {
		return 0, nil, s.fail(fmt.Errorf("%w: %d bytes at %d do not fit", ErrRecord, n, d.Offset))
	}
	s.end = d.Offset + n
	return d.Offset, d.Data, nil
}

// SavedWriter writes saved files in front of an image.
type SavedWriter struct {
	dst   io.Writer
	order ByteOrder
	hash  *xxhash.Digest
	buf   []byte
	pos   int64
	count uint64
	err   error // sticky
}

// NewSavedWriter begins a section of n files.
func NewSavedWriter(dst io.Writer, o ByteOrder, n int) (*SavedWriter, error) {
	w := &SavedWriter{dst: dst, order: o, hash: xxhash.New()}
	return w, w.put(&SavedHead{Magic: CKPT_MAGIC_SAVED, Rev: CKPT_REV, NrFiles: uint32(n)})
}

// Pos is the number of bytes written.
func (w *SavedWriter) Pos() int64 { return w.pos }

func (w *SavedWriter) put(r Record) error {
	if w.err != nil {
		return w.err
	}
	if err := r.Validate(); err != nil {
		w.err = &Error{w.pos, TypeName(r.Type()), fmt.Errorf("%w: %w", ErrRecord, err)}
		return w.err
	}
	w.buf = r.Append(w.buf[:0], w.order)
	n, err := w.dst.Write(w.buf)
	w.pos += int64(n)
	w.hash.Write(w.buf[:n])
	w.count++
	w.err = err
	return err
}

// File begins a file.
func (w *SavedWriter) File(f *SavedFile, path string) error {
	if err := w.put(f); err != nil {
		return err
	}
	return w.put(NewString(path))
}

// Data adds a piece to the file, of MaxSavedData bytes at most.
func (w *SavedWriter) Data(offset uint64, data []byte) error {
	return w.put(&SavedData{Offset: offset, Data: data})
}

// Close ends the section at a multiple of page bytes, so that an image behind it keeps the places of its pages.
func (w *SavedWriter) Close(page int64) error {
	fixed := int64((&Pad{}).EncodedSize() + (&SavedTail{}).EncodedSize())
	end := w.pos + fixed
	if err := w.put(&Pad{Zero: make([]byte, (page-end%page)%page)}); err != nil {
		return err
	}
	t := &SavedTail{Magic: CKPT_MAGIC_SAVED, NrRecords: w.count + 1, Checksum: w.hash.Sum64()}
	t.Size = uint64(w.pos + int64(t.EncodedSize()))
	return w.put(t)
}
