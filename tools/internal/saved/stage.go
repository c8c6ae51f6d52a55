// SPDX-License-Identifier: GPL-2.0

package saved

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
)

// Files are saved files on their way back.
type Files struct {
	policy Policy
	warn   func(string)
	list   []*staged
	differ []string // paths, for Fail
}

// staged is a file that is to be put back.
type staged struct {
	*image.SavedFile
	path   string
	dir    int      // O_PATH, without symbolic links on the way
	temp   string   // name of data in dir, when the file system has no files without a name
	data   *os.File // the saved contents, nil for a file that has them
	there  bool     // there is a file by the name, which looks as before says
	before unix.Stat_t

	made    identity // of the new file, once it has its name
	held    *os.File // keeps the inode number of the new or the old file from being that of another one
	backup  *os.File // what was in the old one, once it has been overwritten
	dressed bool     // owner, mode and time have been set
}

// Stage reads the saved files from a section, which it reads to its end, and touches nothing. warn gets a line for what
// could not be put back as it was and what stays different.
func Stage(r *image.SavedReader, policy Policy, warn func(string)) (*Files, error) {
	fs := &Files{policy: policy, warn: warn}
	for {
		f, name, err := r.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = fs.stage(r, f, name)
		}
		if err != nil {
			fs.Close()
			return nil, err
		}
	}
	if len(fs.differ) > 0 {
		fs.Close()
		more := ""
		if n := len(fs.differ) - 1; n > 0 {
			more = fmt.Sprintf(", and so do %d more", n)
		}
		return nil, fmt.Errorf("file %s differs from what the image has of it%s (--saved-files=keep leaves such files as they are, --saved-files=overwrite puts the saved contents into them)", fs.differ[0], more)
	}
	return fs, nil
}

func fail(name string, err error) error { return fmt.Errorf("saved file %s: %w", name, err) }

// noSymlinks: directories have no symbolic links in the paths that the kernel tells. One that is there by now could lead
// whoever may write more than its owner to where that one wants.
const noSymlinks = unix.RESOLVE_NO_SYMLINKS

func openDir(name string) (int, error) {
	how := &unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: noSymlinks}
	fd, err := unix.Openat2(unix.AT_FDCWD, name, how)
	switch err {
	case unix.ENOENT:
		err = fmt.Errorf("there is no directory %s", name)
	case unix.ELOOP:
		err = fmt.Errorf("there is a symbolic link in %s", name)
	}
	return fd, err
}

// openOld opens what is there by the name; nil for nothing.
func (s *staged) openOld() (*os.File, error) {
	const flags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Openat(s.dir, path.Base(s.path), flags|unix.O_NOATIME, 0)
	if err == unix.EPERM { // Not the owner.
		fd, err = unix.Openat(s.dir, path.Base(s.path), flags, 0)
	}
	switch err {
	case nil:
	case unix.ENOENT:
		return nil, nil
	case unix.ELOOP, unix.ENXIO:
		return nil, errKind
	default:
		return nil, err
	}
	f := os.NewFile(uintptr(fd), s.path)
	err = unix.Fstat(fd, &s.before)
	if err == nil && s.before.Mode&unix.S_IFMT != unix.S_IFREG {
		err = errKind
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

var errKind = errors.New("something else than a file has its name")

// stage reads one file.
func (fs *Files) stage(r *image.SavedReader, f *image.SavedFile, name string) (err error) {
	s := &staged{SavedFile: f, path: name, dir: -1}
	listed := false
	defer func() {
		if !listed {
			s.close()
		}
	}()
	if s.dir, err = openDir(path.Dir(name)); err != nil {
		return fail(name, err)
	}
	old, err := s.openOld()
	if err != nil {
		return fail(name, err)
	}
	s.there, s.held = old != nil, old
	if !s.there || fs.policy == Overwrite {
		if s.data, s.temp, err = s.temporary(!s.there); err != nil {
			return fail(name, err)
		}
	}
	same, err := s.read(r, old)
	if err != nil {
		return err
	}
	switch {
	case !s.there:
	case same && (fs.policy != Overwrite || s.before.Mtim.Nano() == f.Mtime):
		return nil
	case same: // The time is all there is to set.
		err = s.drop()
	case fs.policy == Fail:
		fs.differ = append(fs.differ, name)
		return nil
	case fs.policy == Keep:
		fs.warn(fmt.Sprintf("file %s differs from what the image has of it, and stays as it is", name))
		return nil
	}
	if s.data != nil {
		err = unix.Ftruncate(int(s.data.Fd()), int64(f.Size))
	}
	if err != nil {
		return fail(name, err)
	}
	listed = true
	fs.list = append(fs.list, s)
	return nil
}

// read reads the contents: into data, if there is such a file, and to compare them with what is there, if something is.
func (s *staged) read(r *image.SavedReader, old *os.File) (same bool, err error) {
	same = old != nil && uint64(s.before.Size) == s.Size
	buf := make([]byte, 1<<16)
	end := uint64(0)
	for {
		at, data, err := r.Data()
		last := err == io.EOF
		if last {
			at = s.Size
		} else if err != nil {
			return false, err
		}
		if same {
			same, err = zeros(old, int64(end), int64(at), buf)
			if err == nil && same {
				same, err = equal(old, int64(at), data, buf)
			}
			if err != nil {
				return false, fail(s.path, err)
			}
		}
		if last {
			return same, nil
		}
		if s.data != nil {
			if _, err := s.data.WriteAt(data, int64(at)); err != nil {
				return false, fail(s.path, err)
			}
		}
		end = at + uint64(len(data))
	}
}

var nothing = make([]byte, 1<<16)

// zeros reports whether a file has only zeros somewhere.
func zeros(f *os.File, from, to int64, buf []byte) (bool, error) {
	for from < to {
		data, err := unix.Seek(int(f.Fd()), from, unix.SEEK_DATA)
		if err == unix.ENXIO {
			return true, nil
		}
		if err == nil && data > from {
			from = data
			continue
		}
		n, err := f.ReadAt(buf[:min(int64(len(buf)), to-from)], from)
		if !bytes.Equal(buf[:n], nothing[:n]) {
			return false, nil
		}
		if n == 0 {
			return false, noEOF(err)
		}
		from += int64(n)
	}
	return true, nil
}

// equal reports whether a file has some bytes somewhere.
func equal(f *os.File, at int64, want, buf []byte) (bool, error) {
	for len(want) > 0 {
		n, err := f.ReadAt(buf[:min(len(buf), len(want))], at)
		if !bytes.Equal(buf[:n], want[:n]) {
			return false, nil
		}
		if n == 0 {
			return false, noEOF(err)
		}
		at, want = at+int64(n), want[n:]
	}
	return true, nil
}

// noEOF is for a file that has become shorter: it differs.
func noEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// temporary makes a file in the directory of s that nobody else sees; one that is to be given a name need not be
// without one.
func (s *staged) temporary(link bool) (*os.File, string, error) {
	flags := unix.O_TMPFILE | unix.O_RDWR | unix.O_CLOEXEC
	if !link {
		flags |= unix.O_EXCL
	}
	fd, err := unix.Openat(s.dir, ".", flags, 0o600)
	if err == nil {
		return os.NewFile(uintptr(fd), s.path), "", nil
	}
	if err != unix.EOPNOTSUPP && err != unix.EISDIR {
		return nil, "", err
	}
	for n := 0; ; n++ {
		name := fmt.Sprintf(".restart-%d-%d", os.Getpid(), n)
		fd, err := unix.Openat(s.dir, name, unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
		if err == unix.EEXIST && n < 1000 {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if !link {
			err = unix.Unlinkat(s.dir, name, 0)
			name = ""
		}
		return os.NewFile(uintptr(fd), s.path), name, err
	}
}

// drop gives up the contents of a file that need not be written.
func (s *staged) drop() error {
	err := closeFile(&s.data)
	if s.temp != "" {
		err = errors.Join(err, unix.Unlinkat(s.dir, s.temp, 0))
		s.temp = ""
	}
	return err
}

func closeFile(f **os.File) error {
	if *f == nil {
		return nil
	}
	err := (*f).Close()
	*f = nil
	return err
}

// close gives up everything but what has been put in its place.
func (s *staged) close() {
	_ = s.drop()
	_ = closeFile(&s.held)
	_ = closeFile(&s.backup)
	if s.dir >= 0 {
		_ = unix.Close(s.dir)
		s.dir = -1
	}
}

// Close lets go of all files: they stay as they are now.
func (fs *Files) Close() {
	if fs == nil {
		return
	}
	for _, s := range fs.list {
		s.close()
	}
	fs.list = nil
}
