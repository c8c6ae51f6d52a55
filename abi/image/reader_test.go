// SPDX-License-Identifier: GPL-2.0

package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// readAll reads an image to its end: nil, or what it failed with.
func readAll(src io.Reader) (*Reader, error) {
	r, err := NewReader(src)
	for err == nil {
		_, err = r.Next()
	}
	if err == io.EOF {
		err = nil
	}
	return r, err
}

// find is the position of the n-th record of a type, from 0.
func find(t testing.TB, img []byte, typ uint32, n int) int {
	t.Helper()
	r, err := NewReader(bytes.NewReader(img))
	for err == nil {
		var e *Entry
		if e, err = r.Next(); err == nil && e.Type == typ {
			if n--; n < 0 {
				return int(e.Pos)
			}
		}
	}
	t.Fatalf("no record %s: %v", TypeName(typ), err)
	return 0
}

func TestTruncated(t *testing.T) {
	for _, s := range sources {
		img := sample(t, s)
		for n := range img {
			if _, err := readAll(bytes.NewReader(img[:n])); !errors.Is(err, ErrTruncated) {
				t.Fatalf("%s: %d of %d bytes = %v; want ErrTruncated", s.name, n, len(img), err)
			}
		}
	}
}

// TestStopsAtTrailer leaves what follows an image in the stream.
func TestStopsAtTrailer(t *testing.T) {
	img := sample(t, sources[0])
	src := bytes.NewBuffer(append(bytes.Clone(img), "next"...))
	r, err := readAll(onlyReader{src})
	if err != nil || r.Pos() != int64(len(img)) || src.String() != "next" {
		t.Errorf("read %d bytes of %d, %v; %d bytes are left", r.Pos(), len(img), err, src.Len())
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("Next() = %v; want io.EOF again", err)
	}
}

// onlyReader hides everything but Read.
type onlyReader struct{ io.Reader }

// TestShortReads delivers a byte at a time.
func TestShortReads(t *testing.T) {
	img := sample(t, sources[1])
	if _, err := readAll(oneByte{bytes.NewReader(img)}); err != nil {
		t.Error(err)
	}
}

type oneByte struct{ r io.Reader }

func (o oneByte) Read(b []byte) (int, error) { return o.r.Read(b[:min(1, len(b))]) }

func TestReadError(t *testing.T) {
	img := sample(t, sources[0])
	want := errors.New("disk on fire")
	_, err := readAll(io.MultiReader(bytes.NewReader(img[:1000]), failing{want}))
	if !errors.Is(err, want) || errors.Is(err, ErrTruncated) {
		t.Errorf("readAll = %v; want the error of the stream", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestFailedCheckpoint(t *testing.T) {
	img := failedSample(t)
	for _, more := range []string{"", "abc", "a stream that goes on with something else"} {
		if _, err := readAll(bytes.NewReader(append(bytes.Clone(img), more...))); err != ErrFailed {
			t.Errorf("with %q behind = %v; want ErrFailed", more, err)
		}
	}
}

func TestDamage(t *testing.T) {
	le := binary.LittleEndian
	img := sample(t, sources[0])
	at := func(typ uint32, n, off int) int { return find(t, img, typ, n) + off }
	vma := at(CKPT_HDR_VMA, 0, 0)
	chunk := at(CKPT_HDR_PGARR, 1, 0)
	u16 := func(at int, v uint16) func([]byte) { return func(b []byte) { le.PutUint16(b[at:], v) } }
	u32 := func(at int, v uint32) func([]byte) { return func(b []byte) { le.PutUint32(b[at:], v) } }
	u64 := func(at int, v uint64) func([]byte) { return func(b []byte) { le.PutUint64(b[at:], v) } }
	for _, c := range []struct {
		name  string
		edit  func([]byte)
		want  error
		field string
	}{
		{"first type", u32(0, 2), ErrNotImage, ""},
		{"magic", u64(8, 1), ErrNotImage, ""},
		{"arch", u16(16, 99), ErrArch, ""},
		{"revision", u16(18, CKPT_REV+1), ErrRevision, ""},
		{"header length", u32(4, 392), ErrRecord, "len"},
		{"page size", func(b []byte) { b[20] = 63 }, ErrRecord, ""},
		{"features", u64(72, 1<<50), ErrFeature, ""},
		{"reserved", u16(22, 1), ErrRecord, "reserved0"},
		{"unknown record", u32(vma, 77), ErrUnknown, ""},
		{"length 0", u32(vma+4, 0), ErrRecord, ""},
		{"length odd", u32(vma+4, 65), ErrRecord, ""},
		{"length short", u32(vma+4, 64), ErrRecord, "len"},
		{"length long", u32(vma+4, 80), ErrRecord, ""},
		{"length huge", u32(vma+4, 0xfffffff8), ErrRecord, ""},
		{"enum", u32(vma+24, 9), ErrRecord, "kind"},
		{"max", u32(vma+28, 8), ErrRecord, "prot"},
		{"flags", u32(vma+36, 1<<31), ErrRecord, "flags"},
		{"negative reference", u32(vma+48, 0xffffffff), ErrRecord, "file_ref"},
		{"reference to what comes later", u32(vma+48, 9), ErrReference, ""},
		{"reference of another type", u32(vma+48, 3), ErrReference, ""},
		{"null reference", u32(at(CKPT_HDR_FILE_DESC, 0, 12), 0), ErrRecord, "file_ref"},
		{"object number", u32(at(CKPT_HDR_MM, 0, 8), 7), ErrReference, ""},
		{"object number 0", u32(at(CKPT_HDR_MM, 0, 8), 0), ErrRecord, "objref"},
		{"count", u32(at(CKPT_HDR_MM, 0, 144), 1<<30), ErrRecord, "nr_auxv"},
		{"count and length", u32(at(CKPT_HDR_MM, 0, 144), 5), ErrRecord, "len"},
		{"text without end", func(b []byte) { copy(b[at(CKPT_HDR_TASK, 0, 160):], "0123456789abcdef") }, ErrRecord, "comm"},
		{"NUL in text", func(b []byte) { b[at(CKPT_HDR_STRING, 1, 18)] = 0 }, ErrRecord, "text"},
		{"padding", func(b []byte) { b[at(CKPT_HDR_STRING, 0, 23)] = 1 }, ErrRecord, "len"},
		{"pages", u64(chunk+8, 3), ErrRecord, ""},
		{"too many pages", u64(chunk+8, 1<<40), ErrRecord, "nr_pages"},
		{"page address", u64(chunk+16, 0x1000001), ErrRecord, ""},
		{"two headers", func(b []byte) { copy(b[384:], b[:384]) }, ErrOrder, ""},
		{"page contents", func(b []byte) { b[chunk+5000] ^= 1 }, ErrChecksum, ""},
		{"trailer magic", u64(len(img)-32, 5), ErrTrailer, ""},
		{"trailer count", u64(len(img)-24, 5), ErrTrailer, ""},
		{"trailer size", u64(len(img)-16, 5), ErrTrailer, ""},
		{"trailer checksum", u64(len(img)-8, 5), ErrChecksum, ""},
	} {
		b := bytes.Clone(img)
		c.edit(b)
		_, err := readAll(bytes.NewReader(b))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v; want %v", c.name, err, c.want)
		}
		var f *FieldError
		if c.field != "" && (!errors.As(err, &f) || f.Field != c.field) {
			t.Errorf("%s: %v; want it to name the field %s", c.name, err, c.field)
		}
	}
}

// TestOptional skips a record that nobody knows, if it may be.
func TestOptional(t *testing.T) {
	img := sample(t, sources[0])
	pos := find(t, img, CKPT_HDR_TREE, 0)
	extra := binary.LittleEndian.AppendUint32(nil, CKPT_HDR_OPTIONAL|77)
	extra = binary.LittleEndian.AppendUint32(extra, 24)
	extra = append(extra, "sixteen bytes ok"...)
	// Pages have to keep their place, so the record takes the place of pad.
	b := append(append(append([]byte{}, img[:pos]...), extra...), img[pos:]...)
	pad := find(t, img, CKPT_HDR_PAD, 0) + 24
	size := binary.LittleEndian.Uint32(b[pad+4:])
	binary.LittleEndian.PutUint32(b[pad+4:], size-24)
	binary.LittleEndian.PutUint32(b[pad+8:], binary.LittleEndian.Uint32(b[pad+8:])-24)
	b = append(b[:pad+int(size)-24], b[pad+int(size):]...)
	tail := b[len(b)-40:]
	binary.LittleEndian.PutUint64(tail[16:], binary.LittleEndian.Uint64(tail[16:])+1)
	if err := Seal(b); err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(bytes.NewReader(b)); err != nil {
		t.Error(err)
	}
}

// TestHugeClaims reads images that announce more than they have.
func TestHugeClaims(t *testing.T) {
	le := binary.LittleEndian
	img := sample(t, sources[0])
	for name, typ := range map[string]uint32{"optional": CKPT_HDR_OPTIONAL | 77, "chunk": CKPT_HDR_PGARR, "signals": CKPT_HDR_SIGPENDING} {
		pos := find(t, img, CKPT_HDR_TREE, 0)
		b := bytes.Clone(img[:pos+24])
		le.PutUint32(b[pos:], typ)
		le.PutUint32(b[pos+4:], 0xfffffff8)
		if typ == CKPT_HDR_SIGPENDING {
			le.PutUint32(b[pos+4:], 24+65536*48)
			le.PutUint32(b[pos+8:], 1)
			le.PutUint32(b[pos+12:], 65536)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readAll(bytes.NewReader(b))
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<18 {
			t.Errorf("%s: allocated %d bytes for %d bytes of image", name, n, len(b))
		}
	}
}

// TestNotImage reads what people mistake for images.
func TestNotImage(t *testing.T) {
	for _, text := range []string{"x", "#!/bin/sh\n", "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00", string(make([]byte, 4096))} {
		if _, err := NewReader(bytes.NewReader([]byte(text))); !errors.Is(err, ErrNotImage) {
			t.Errorf("NewReader(%.10q) = %v; want ErrNotImage", text, err)
		}
	}
	if _, err := NewReader(bytes.NewReader(nil)); !errors.Is(err, ErrTruncated) {
		t.Errorf("NewReader of nothing = %v; want ErrTruncated", err)
	}
}

// TestOldRevisions reads the golden images of the revisions before this one:
// each is named and refused, not misread.
func TestOldRevisions(t *testing.T) {
	for rev := 1; rev < CKPT_REV; rev++ {
		files, err := filepath.Glob(fmt.Sprintf("testdata/rev%d-*.img", rev))
		if err != nil || len(files) == 0 {
			t.Fatalf("revision %d has no golden image: %v", rev, err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			_, err = NewReader(bytes.NewReader(b))
			want := fmt.Sprintf("revision %d", rev)
			if !errors.Is(err, ErrRevision) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %v of %s", name, err, ErrRevision, want)
			}
		}
	}
}
