// SPDX-License-Identifier: GPL-2.0

package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"
)

// savedSample is a section of three files: with a hole, empty, all hole.
func savedSample(t testing.TB, o ByteOrder) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewSavedWriter(&b, o, 3)
	for _, step := range []func() error{
		func() error { return w.File(&SavedFile{Mode: 0o644, UID: 7, Size: 9000, Mtime: -5}, "/a/b") },
		func() error { return w.Data(0, []byte("start")) },
		func() error { return w.Data(8192, bytes.Repeat([]byte{1}, 808)) },
		func() error { return w.File(&SavedFile{}, "/empty") },
		func() error { return w.File(&SavedFile{Size: 1 << 40}, "/hole") },
		func() error { return w.Close(4096) },
	} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readSaved reads a section to its end and says what it has.
func readSaved(src io.Reader) (text string, rest io.Reader, err error) {
	s, rest, err := OpenSaved(src)
	if s == nil || err != nil {
		return "", rest, err
	}
	for {
		f, path, err := s.Next()
		if err == io.EOF {
			return fmt.Sprint(text, s.Pos()), rest, nil
		}
		if err != nil {
			return text, rest, err
		}
		text += fmt.Sprintf("%s %d", path, f.Size)
		for path != "/skip" {
			at, data, err := s.Data()
			if err == io.EOF {
				break
			}
			if err != nil {
				return text, rest, err
			}
			text += fmt.Sprintf(" %d+%d", at, len(data))
		}
		text += "; "
	}
}

func TestSaved(t *testing.T) {
	for _, s := range sources {
		img := sample(t, s)
		b := savedSample(t, s.order)
		text, rest, err := readSaved(bytes.NewReader(append(bytes.Clone(b), img...)))
		if want := "/a/b 9000 0+5 8192+808; /empty 0; /hole 1099511627776; 4096"; err != nil || text != want {
			t.Errorf("%s: %q, %v; want %q", s.name, text, err, want)
		}
		if got, err := io.ReadAll(rest); err != nil || !bytes.Equal(got, img) {
			t.Errorf("%s: the image behind is %d bytes, %v; want %d", s.name, len(got), err, len(img))
		}
		// Without a section there is just the image.
		text, rest, err = readSaved(bytes.NewReader(img))
		got, _ := io.ReadAll(rest)
		if text != "" || err != nil || !bytes.Equal(got, img) {
			t.Errorf("%s, none: %q, %v, %d bytes", s.name, text, err, len(got))
		}
	}
	for n := range 16 {
		if _, rest, err := readSaved(bytes.NewReader(make([]byte, n))); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		} else if got, _ := io.ReadAll(rest); len(got) != n {
			t.Errorf("%d bytes: %d are left", n, len(got))
		}
	}
}

// TestSavedDamage changes each byte and cuts the section everywhere: it is never taken for a good one.
func TestSavedDamage(t *testing.T) {
	b := savedSample(t, binary.LittleEndian)
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 1 << (i % 8)
		// What does not begin as a section is handed on, and refused as an image.
		_, rest, err := readSaved(bytes.NewReader(c))
		if err == nil {
			_, err = NewReader(rest)
		}
		if err == nil {
			t.Errorf("byte %d: no error", i)
		}
		_, rest, err = readSaved(bytes.NewReader(b[:i]))
		if err == nil {
			_, err = NewReader(rest)
		}
		if err == nil {
			t.Errorf("cut at %d: no error", i)
		}
		if i > 16 && !errors.Is(err, ErrTruncated) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
}

// TestSavedOrder has sections with a good trailer and records that do not fit.
func TestSavedOrder(t *testing.T) {
	file := &SavedFile{Size: 100}
	data := func(at uint64, n int) Record { return &SavedData{Offset: at, Data: make([]byte, n)} }
	for name, c := range map[string]struct {
		n    int
		recs []Record
		want error
	}{
		"none":               {0, nil, nil},
		"too few":            {2, []Record{file, NewString("/a")}, ErrTrailer},
		"too many":           {0, []Record{file, NewString("/a")}, ErrOrder},
		"no path":            {1, []Record{file, data(0, 8)}, ErrOrder},
		"two paths":          {1, []Record{file, NewString("/a"), NewString("/b")}, ErrOrder},
		"path alone":         {0, []Record{NewString("/a")}, ErrOrder},
		"data alone":         {0, []Record{data(0, 8)}, ErrOrder},
		"relative":           {1, []Record{file, NewString("a")}, ErrRecord},
		"root":               {1, []Record{file, NewString("/")}, ErrRecord},
		"dots":               {1, []Record{file, NewString("/a/../b")}, ErrRecord},
		"slash":              {1, []Record{file, NewString("/a/")}, ErrRecord},
		"beyond":             {1, []Record{file, NewString("/a"), data(96, 8)}, ErrRecord},
		"far beyond":         {1, []Record{file, NewString("/a"), data(1<<63-1, 8)}, ErrRecord},
		"overlap":            {1, []Record{file, NewString("/a"), data(0, 8), data(7, 8)}, ErrRecord},
		"no data":            {1, []Record{file, NewString("/a"), data(0, 0)}, ErrRecord},
		"behind the pad":     {1, []Record{&Pad{}, file, NewString("/a")}, ErrOrder},
		"two pads":           {0, []Record{&Pad{}, &Pad{}}, ErrOrder},
		"another head":       {0, []Record{&SavedHead{Magic: CKPT_MAGIC_SAVED, Rev: CKPT_REV}}, ErrOrder},
		"a record of a task": {0, []Record{&Tree{NrTasks: 1}}, ErrOrder},
	} {
		var b bytes.Buffer
		w, err := NewSavedWriter(&b, binary.BigEndian, c.n)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range c.recs {
			if err := w.put(r); err != nil {
				t.Fatal(err)
			}
		}
		if name == "two pads" || name == "behind the pad" {
			err = w.put(&SavedTail{Magic: CKPT_MAGIC_SAVED, NrRecords: w.count + 1, Size: uint64(w.pos + 40), Checksum: w.hash.Sum64()})
		} else {
			err = w.Close(512)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := readSaved(&b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// FuzzSaved feeds the reader anything. It must not hold more than a record, and end.
func FuzzSaved(f *testing.F) {
	f.Add(savedSample(f, binary.LittleEndian))
	f.Add(savedSample(f, binary.BigEndian))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, rest, err := readSaved(bytes.NewReader(b))
		if err != nil {
			return
		}
		if r, err := NewReader(rest); err == nil {
			for err == nil {
				_, err = r.Next()
			}
		}
	})
}
