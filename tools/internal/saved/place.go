// SPDX-License-Identifier: GPL-2.0

package saved

import (
	"errors"
	"fmt"
	"os"
	"path"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Place puts the files in their places. When it fails, everything is as it was. Otherwise Undo or Close has to follow.
func (fs *Files) Place() error {
	if fs == nil {
		return nil
	}
	for _, s := range fs.list {
		put := fs.create
		if s.there {
			put = fs.overwrite
		}
		if err := put(s); err != nil {
			return errors.Join(fail(s.path, err), fs.Undo())
		}
		// Nobody may execute a file that is open for writing.
		if err := closeFile(&s.data); err != nil {
			return errors.Join(fail(s.path, err), fs.Undo())
		}
	}
	return nil
}

// Undo has everything as it was before Place, as far as nobody has touched it since, and lets go of it.
func (fs *Files) Undo() error {
	if fs == nil {
		return nil
	}
	var errs []error
	for _, s := range fs.list {
		if err := s.undo(); err != nil {
			errs = append(errs, fail(s.path, err))
		}
	}
	fs.Close()
	return errors.Join(errs...)
}

func (s *staged) undo() error {
	if s.backup != nil || s.dressed {
		return s.writeBack()
	}
	if s.made == (identity{}) {
		return nil
	}
	var st unix.Stat_t
	name := path.Base(s.path)
	if err := unix.Fstatat(s.dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil || identify(&st) != s.made {
		return nil
	}
	return unix.Unlinkat(s.dir, name, 0)
}

// create gives a new file its name. It never takes the place of another one.
func (fs *Files) create(s *staged) error {
	if err := fs.dress(s, s.data); err != nil {
		return err
	}
	var st unix.Stat_t
	self := fmt.Sprintf("/proc/self/fd/%d", s.data.Fd())
	held, err := unix.Open(self, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	s.held = os.NewFile(uintptr(held), s.path)
	if err := unix.Fstat(held, &st); err != nil {
		return err
	}
	name := path.Base(s.path)
	if s.temp == "" {
		err = unix.Linkat(unix.AT_FDCWD, self, s.dir, name, unix.AT_SYMLINK_FOLLOW)
	} else {
		err = unix.Renameat2(s.dir, s.temp, s.dir, name, unix.RENAME_NOREPLACE)
		if err == unix.EINVAL { // Not every file system can promise that; a link is as good.
			err = unix.Linkat(s.dir, s.temp, s.dir, name, 0)
		} else if err == nil {
			s.temp = ""
		}
	}
	if err == unix.EEXIST {
		return errors.New("somebody has made it in the meantime")
	}
	if err == nil {
		s.made = identify(&st)
	}
	return err
}

// dress gives a file owner, mode and time of the saved one, as far as the caller may.
func (fs *Files) dress(s *staged, f *os.File) error {
	fd := int(f.Fd())
	mode := s.Mode
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Uid != s.UID || st.Gid != s.GID {
		if err := unix.Fchown(fd, int(s.UID), int(s.GID)); err != nil {
			fs.warn(fmt.Sprintf("file %s gets another owner than %d:%d: %v", s.path, s.UID, s.GID, err))
			mode &^= unix.S_ISUID | unix.S_ISGID
		}
	}
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&0o7777 != mode {
		if err := unix.Fchmod(fd, mode); err != nil {
			fs.warn(fmt.Sprintf("file %s keeps the mode %#o: %v", s.path, st.Mode&0o7777, err))
		}
	}
	if err := setMtime(fd, s.Mtime); err != nil {
		fs.warn(fmt.Sprintf("file %s gets a new time of change: %v", s.path, err))
	}
	return nil
}

// setMtime sets the time of the last change of an open file, in nanoseconds, and no other.
func setMtime(fd int, mtime int64) error {
	t := time.Unix(0, mtime)
	times := [2]unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Sec: t.Unix(), Nsec: int64(t.Nanosecond())}}
	// futimens(3): utimensat(2) without a path.
	_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(fd), 0, uintptr(unsafe.Pointer(&times)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// openAgain opens the file that was there.
func (s *staged) openAgain(flags int) (*os.File, error) {
	fd, err := unix.Openat(s.dir, path.Base(s.path), flags|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), s.path)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || identify(&st) != identify(&s.before) {
		f.Close()
		return nil, errors.Join(err, errors.New("another file has its name now"))
	}
	return f, nil
}

// overwrite puts the saved contents into the file that is there: whoever has it open sees them. What it had is kept until
// Close.
func (fs *Files) overwrite(s *staged) error {
	flags := unix.O_RDWR
	if s.data == nil {
		flags = unix.O_RDONLY
	}
	f, err := s.openAgain(flags)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Fstat(int(f.Fd()), &s.before); err != nil {
		return err
	}
	if s.data != nil {
		backup, _, err := s.temporary(false)
		if err != nil {
			return err
		}
		if err := copyInto(backup, f, s.before.Size); err != nil {
			backup.Close()
			return fmt.Errorf("keep what it has: %w", err)
		}
		s.backup = backup
		if err := copyInto(f, s.data, int64(s.Size)); err != nil {
			return err
		}
	}
	s.dressed = true
	return fs.dress(s, f)
}

// writeBack undoes overwrite.
func (s *staged) writeBack() error {
	flags := unix.O_RDWR
	if s.backup == nil {
		flags = unix.O_RDONLY
	}
	f, err := s.openAgain(flags)
	if err != nil {
		return err
	}
	defer f.Close()
	fd := int(f.Fd())
	if s.backup != nil {
		err = copyInto(f, s.backup, s.before.Size)
	}
	var st unix.Stat_t
	if err == nil {
		err = unix.Fstat(fd, &st)
	}
	if err == nil && (st.Uid != s.before.Uid || st.Gid != s.before.Gid) {
		err = unix.Fchown(fd, int(s.before.Uid), int(s.before.Gid))
	}
	if err == nil && st.Mode != s.before.Mode {
		err = unix.Fchmod(fd, s.before.Mode&0o7777)
	}
	if err != nil {
		return err
	}
	// Who may write to a file of somebody else may not set its time.
	if err = setMtime(fd, s.before.Mtim.Nano()); err == unix.EPERM {
		err = nil
	}
	return err
}

// copyInto gives a file the contents of another one, and its holes as far as the file system can. At no time it is empty.
func copyInto(to, from *os.File, size int64) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(to.Fd()), &st); err != nil {
		return err
	}
	buf := make([]byte, 1<<20)
	end := int64(0)
	err := extents(from, size, func(a, b int64) error {
		if err := clear(to, end, min(a, st.Size)); err != nil {
			return err
		}
		for end = a; end < b; {
			n, err := from.ReadAt(buf[:min(int64(len(buf)), b-end)], end)
			if n == 0 {
				return err
			}
			if _, err := to.WriteAt(buf[:n], end); err != nil {
				return err
			}
			end += int64(n)
		}
		return nil
	})
	if err == nil {
		err = clear(to, end, min(size, st.Size))
	}
	if err != nil {
		return err
	}
	return unix.Ftruncate(int(to.Fd()), size)
}

// clear makes a hole, or else writes zeros.
func clear(f *os.File, from, to int64) error {
	if from >= to {
		return nil
	}
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, from, to-from)
	if err != unix.EOPNOTSUPP && err != unix.ENOSYS {
		return err
	}
	for from < to {
		n, err := f.WriteAt(nothing[:min(int64(len(nothing)), to-from)], from)
		if err != nil {
			return err
		}
		from += int64(n)
	}
	return nil
}
