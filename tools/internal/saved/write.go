// SPDX-License-Identifier: GPL-2.0

package saved

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
)

// fdWriter writes to a descriptor. Unlike os.File it does not end the program when nobody reads what it writes to
// standard output: somebody has to thaw the processes.
type fdWriter int

func (w fdWriter) Write(b []byte) (int, error) {
	done := 0
	for done < len(b) {
		n, err := unix.Write(int(w), b[done:])
		switch err {
		case nil:
			done += n
		case unix.EINTR:
		case unix.EAGAIN:
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(w), Events: unix.POLLOUT}}, -1); err != nil && err != unix.EINTR {
				return done, err
			}
		default:
			return done, fmt.Errorf("write the saved files: %w", err)
		}
	}
	return done, nil
}

// Write writes the files to a descriptor, as the section that stands in front of an image. It returns its length.
func Write(fd int, files []*File) (int64, error) {
	w, err := image.NewSavedWriter(fdWriter(fd), binary.NativeEndian, len(files))
	if err != nil {
		return 0, err
	}
	buf := make([]byte, image.MaxSavedData)
	for _, f := range files {
		if err := f.write(w, buf); err != nil {
			return w.Pos(), err
		}
	}
	err = w.Close(int64(os.Getpagesize()))
	return w.Pos(), err
}

// openToRead opens a file in a way that nobody notices more of than he has to.
func openToRead(path string) (*os.File, error) {
	const flags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC
	fd, err := unix.Open(path, flags|unix.O_NOATIME, 0)
	if err == unix.EPERM { // Not the owner.
		fd, err = unix.Open(path, flags, 0)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

func (f *File) fail(err error) error { return fmt.Errorf("%s cannot be saved: %w", f.Path, err) }

var errChanging = errors.New("somebody outside is changing it")

func (f *File) write(w *image.SavedWriter, buf []byte) error {
	in, err := openToRead(f.open)
	if err != nil {
		return f.fail(err)
	}
	defer in.Close()
	if err := unix.Fstat(int(in.Fd()), &f.stat); err != nil {
		return f.fail(err)
	}
	head := &image.SavedFile{
		Mode: f.stat.Mode & 0o7777, UID: f.stat.Uid, GID: f.stat.Gid, Ino: f.stat.Ino,
		Size: uint64(f.stat.Size), Mtime: f.stat.Mtim.Nano(),
	}
	if err := w.File(head, f.Path); err != nil {
		return err
	}
	err = extents(in, f.stat.Size, func(from, to int64) error {
		for from < to {
			n, err := in.ReadAt(buf[:min(int64(len(buf)), to-from)], from)
			if n == 0 {
				if err == io.EOF {
					err = errChanging
				}
				return f.fail(err)
			}
			if err := w.Data(uint64(from), buf[:n]); err != nil {
				return err
			}
			from += int64(n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	var after unix.Stat_t
	if err := unix.Fstat(int(in.Fd()), &after); err != nil {
		return f.fail(err)
	}
	if changed(&f.stat, &after) {
		return f.fail(errChanging)
	}
	return nil
}

func changed(a, b *unix.Stat_t) bool { return a.Size != b.Size || a.Mtim != b.Mtim || a.Ctim != b.Ctim }

// Changed returns the files that have been changed since they were saved.
func Changed(files []*File) []string {
	var paths []string
	for _, f := range files {
		var st unix.Stat_t
		if err := unix.Lstat(f.Path, &st); err != nil || identify(&st) != identify(&f.stat) || st.Size != f.stat.Size || st.Mtim != f.stat.Mtim {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

// extents calls data for each part of a file that is not a hole. A file system that knows no holes has none.
func extents(f *os.File, size int64, data func(from, to int64) error) error {
	fd := int(f.Fd())
	for at := int64(0); at < size; {
		from, err := unix.Seek(fd, at, unix.SEEK_DATA)
		switch {
		case err == unix.ENXIO:
			return nil
		case err != nil:
			return data(at, size)
		}
		to, err := unix.Seek(fd, from, unix.SEEK_HOLE)
		if err != nil || to > size {
			to = size
		}
		if from >= size {
			return nil
		}
		if err := data(from, to); err != nil {
			return err
		}
		at = to
	}
	return nil
}
