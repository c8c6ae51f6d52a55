package qemu

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Claim makes dir, the folder of a run, this process's own until release is called. Two runs that share one would
// overwrite each other's image and log.
func Claim(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another run uses %s: %w", dir, err)
	}
	return func() { f.Close() }, nil
}
