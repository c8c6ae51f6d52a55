// SPDX-License-Identifier: GPL-2.0

package kit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/abi/image"
)

// An Image is the result of a checkpoint, good or bad.
type Image struct {
	Path, LogPath string
	ID            int
}

// Log is what the kernel wrote to the log descriptor.
func (i *Image) Log() string { return read(i.LogPath) }

// Bytes is the whole image.
func (i *Image) Bytes(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(i.Path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Checkpoint checkpoints a process and returns what checkpoint(2) says.
func Checkpoint(t testing.TB, pid int, flags uint64) (*Image, error) {
	t.Helper()
	dir := t.TempDir()
	i := &Image{Path: filepath.Join(dir, "image"), LogPath: filepath.Join(dir, "log")}
	out, err := os.Create(i.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	log, err := os.Create(i.LogPath)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the kernel:\n%s\nimage:\n%s", i.Log(), i.Dump())
		}
	})
	id, err := calls.Checkpoint(pid, int(out.Fd()), flags, int(log.Fd()))
	i.ID = id
	return i, err
}

// MustCheckpoint is Checkpoint for one that has to succeed. It reads the image with the Go codec too.
func MustCheckpoint(t testing.TB, pid int, flags uint64) *Image {
	t.Helper()
	i, err := Checkpoint(t, pid, flags|calls.CHECKPOINT_SUBTREE)
	if err != nil {
		t.Fatalf("checkpoint: %v", err)
	}
	if i.ID <= 0 {
		t.Errorf("checkpoint returned %d, want a positive identifier", i.ID)
	}
	i.Check(t)
	return i
}

// Check reads the image as ckptinfo does and compares the frame with what is known.
func (i *Image) Check(t testing.TB) {
	t.Helper()
	f, err := os.Open(i.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := image.NewReader(f)
	if err != nil {
		t.Fatalf("image: %v", err)
	}
	if got := int(r.Header().CkptID); i.ID != 0 && got != i.ID {
		t.Errorf("ckpt_id of the header: got %d, want %d", got, i.ID)
	}
	for {
		_, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("image: %v", err)
		}
	}
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if r.Pos() != st.Size() {
		t.Errorf("image: %d bytes behind the trailer", st.Size()-r.Pos())
	}
}

// ErrorRecord is the text of the error record at the end of a failed checkpoint's image.
func (i *Image) ErrorRecord(t testing.TB) (errno unix.Errno, text string) {
	t.Helper()
	f, err := os.Open(i.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := image.NewReader(f)
	if err != nil {
		t.Fatalf("image: %v", err)
	}
	for {
		e, err := r.Next()
		if errors.Is(err, image.ErrFailed) || err == io.EOF {
			return errno, text
		}
		if err != nil {
			t.Fatalf("image of a failed checkpoint: %v", err)
		}
		if rec, ok := e.Record.(*image.ErrorRecord); ok {
			errno, text = unix.Errno(-rec.Err), rec.Message()
		}
	}
}

// Dump is a line per record, the middle of a long image left out.
func (i *Image) Dump() string {
	f, err := os.Open(i.Path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	r, err := image.NewReader(f)
	if err != nil {
		return err.Error()
	}
	const show = 40
	var lines []string
	for {
		e, err := r.Next()
		if err != nil {
			lines = append(lines, err.Error())
			break
		}
		line := fmt.Sprintf("%8d %-14s %6d", e.Pos, e.Name(), e.Len)
		if s, ok := e.Record.(*image.StringRecord); ok {
			line += " " + s.Value()
		}
		lines = append(lines, line)
	}
	if len(lines) > 2*show {
		lines = append(append(lines[:show:show], "..."), lines[len(lines)-show:]...)
	}
	return strings.Join(lines, "\n")
}

// A Place is where a record stands in an image.
type Place struct {
	Pos  int
	Len  int
	Type uint32
	Name string
	// Fixed is the length without raw pages and addresses.
	Fixed int
}

// Records lists the records of a good image.
func Records(t testing.TB, b []byte) []Place {
	t.Helper()
	r, err := image.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var places []Place
	for {
		e, err := r.Next()
		if err == io.EOF {
			return places
		}
		if err != nil {
			t.Fatal(err)
		}
		p := Place{Pos: int(e.Pos), Len: int(e.Len), Type: e.Type, Name: e.Name(), Fixed: int(e.Len)}
		if len(e.Addrs) > 0 {
			p.Fixed = 16 + 8*len(e.Addrs)
		}
		places = append(places, p)
	}
}
