// SPDX-License-Identifier: GPL-2.0

package source

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
	"linux-cr/tools/internal/imagetest"
)

const behind = "bytes behind the image"

// kernel reads an image as the kernel would, in small steps, and nothing more.
func kernel(t *testing.T, fd int, size int) []byte {
	t.Helper()
	got := make([]byte, size)
	n, err := io.ReadFull(rawReader(fd), got)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		t.Fatal(err)
	}
	return got[:n]
}

func TestFile(t *testing.T) {
	data := imagetest.Make(t, imagetest.Task(42))
	name := filepath.Join(t.TempDir(), "img")
	if err := os.WriteFile(name, []byte("before"+string(data)+behind), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := in.Seek(int64(len("before")), io.SeekStart); err != nil {
		t.Fatal(err)
	}
	s, err := Open(in, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Root().PID != 42 || len(s.Tasks) != 1 {
		t.Errorf("%+v", s.Tasks)
	}
	s.Start()
	if got := kernel(t, s.Fd(), len(data)); !bytes.Equal(got, data) {
		t.Error("the kernel would read something else than the image")
	}
}

// stream offers data on a descriptor that cannot be read twice.
var streams = map[string]func(t *testing.T, data []byte) *os.File{
	"pipe":   func(t *testing.T, data []byte) *os.File { return pipe(t, data, 0) },
	"slow":   func(t *testing.T, data []byte) *os.File { return pipe(t, data, 700) },
	"socket": socket,
	"non-blocking": func(t *testing.T, data []byte) *os.File {
		f := pipe(t, data, 0)
		if err := unix.SetNonblock(int(f.Fd()), true); err != nil {
			t.Fatal(err)
		}
		return f
	},
}

// pipe returns a pipe that data comes through, in pieces of step bytes.
func pipe(t *testing.T, data []byte, step int) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Fd() // Makes it blocking, as an inherited one is.
	go trickle(w, data, step)
	t.Cleanup(func() { r.Close() })
	return r
}

func trickle(w io.WriteCloser, data []byte, step int) {
	defer w.Close()
	if step == 0 {
		step = len(data)
	}
	for len(data) > 0 {
		n := min(step, len(data))
		if _, err := w.Write(data[:n]); err != nil {
			return
		}
		data = data[n:]
		if step < 1000 && len(data) > 100000 {
			time.Sleep(10 * time.Microsecond)
		}
	}
}

func socket(t *testing.T, data []byte) *os.File {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	go trickle(os.NewFile(uintptr(fds[1]), "writer"), data, 0)
	r := os.NewFile(uintptr(fds[0]), "reader")
	t.Cleanup(func() { r.Close() })
	return r
}

func TestStream(t *testing.T) {
	data := imagetest.Make(t, imagetest.Task(42))
	for name, open := range streams {
		t.Run(name, func(t *testing.T) {
			in := open(t, []byte(string(data)+behind))
			s, err := Open(in, name, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if s.Root().PID != 42 {
				t.Errorf("%+v", s.Tasks)
			}
			s.Start()
			// The pipe ends where the image ends...
			if got := kernel(t, s.Fd(), len(data)+1); !bytes.Equal(got, data) {
				t.Errorf("the kernel would read %d bytes that are not the image's %d", len(got), len(data))
			}
			// ...and what is behind is still there.
			rest, err := io.ReadAll(rawReader(in.Fd()))
			if err != nil || string(rest) != behind {
				t.Errorf("behind the image: %q, %v", rest, err)
			}
		})
	}
}

// TestStreamEndsEarly has the kernel see the end of the input.
func TestStreamEndsEarly(t *testing.T) {
	data := imagetest.Make(t, imagetest.Task(42))
	for _, size := range []int{len(data) - 1, len(data) - 60, len(data) / 2} {
		s, err := Open(pipe(t, data[:size], 0), "x", nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		if got := kernel(t, s.Fd(), len(data)); !bytes.Equal(got, data[:size]) {
			t.Errorf("the kernel would read %d bytes of %d", len(got), size)
		}
		s.Close()
	}
}

// TestKernelGivesUp ends the feeder when nobody reads any more.
func TestKernelGivesUp(t *testing.T) {
	data := imagetest.Make(t, imagetest.Task(42))
	s, err := Open(pipe(t, data, 0), "x", nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		s.feed.run()
		close(ended)
	}()
	s.Close()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the feeder goes on")
	}
}

func TestRefusals(t *testing.T) {
	good := imagetest.Make(t, imagetest.Task(42))
	var foreign bytes.Buffer
	imagetest.Start(t, &foreign, imagetest.Other())
	var failed bytes.Buffer
	if err := imagetest.Start(t, &failed, imagetest.Own()).Fail(-16, "file /x: unlinked"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data []byte
		want error
		text string
	}{
		"empty":    {nil, image.ErrTruncated, "empty"},
		"text":     {[]byte("root:x:0:0:root:/root:/bin/bash\n"), image.ErrNotImage, "not a checkpoint image"},
		"one byte": {[]byte("x"), image.ErrNotImage, "not a checkpoint image"},
		"short":    {good[:200], image.ErrTruncated, "ends early"},
		"foreign":  {foreign.Bytes(), ErrForeignArch, "this machine is"},
		"failed":   {failed.Bytes(), image.ErrFailed, "file /x: unlinked"},
		"no tasks": {imagetest.Make(t), image.ErrOrder, ""},
		"pid 0":    {imagetest.Make(t, imagetest.Task(0)), image.ErrOrder, ""},
	} {
		s, err := Open(pipe(t, c.data, 0), "the input", nil)
		if !errors.Is(err, c.want) || !strings.HasPrefix(err.Error(), "the input: ") || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than a line: %q", name, err)
		}
	}
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if _, err := Open(dir, "d", nil); err == nil {
		t.Error("a directory was accepted")
	}
}

// TestSavedFiles has saved files in front of the image: they are read first, and the kernel sees the image alone.
func TestSavedFiles(t *testing.T) {
	img := imagetest.Make(t, imagetest.Task(42))
	section := imagetest.Saved(t, map[string]string{"/x/a": "first", "/x/b": ""})
	data := append(bytes.Clone(section), img...)
	inputs := map[string]func(*testing.T, []byte) *os.File{"file": func(t *testing.T, data []byte) *os.File {
		f, err := os.CreateTemp(t.TempDir(), "img")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		if _, err := f.WriteString("before" + string(data)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Seek(6, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		return f
	}}
	for name, open := range streams {
		inputs[name] = open
	}
	for name, open := range inputs {
		for _, with := range []bool{true, false} {
			var got []string
			take := func(r *image.SavedReader) error {
				_, path, err := r.Next()
				got = append(got, path)
				return err
			}
			if !with {
				take = nil
			}
			s, err := Open(open(t, data), name, take)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if with != (len(got) == 1) || s.Root().PID != 42 {
				t.Errorf("%s: took %q, root %d", name, got, s.Root().PID)
			}
			s.Start()
			if got := kernel(t, s.Fd(), len(img)); !bytes.Equal(got, img) {
				t.Errorf("%s: the kernel would read %d other bytes than the image", name, len(got))
			}
			s.Close()
		}
		if _, err := Open(open(t, data), name, func(*image.SavedReader) error { return os.ErrExist }); !errors.Is(err, os.ErrExist) {
			t.Errorf("%s: %v, want what take returned", name, err)
		}
		bad := bytes.Clone(data)
		bad[len(section)-1] ^= 1
		if _, err := Open(open(t, bad), name, nil); !errors.Is(err, image.ErrChecksum) {
			t.Errorf("%s, damaged: %v", name, err)
		}
		if _, err := Open(open(t, data[:len(section)-1]), name, nil); !errors.Is(err, image.ErrTruncated) {
			t.Errorf("%s, cut: %v", name, err)
		}
	}
}
