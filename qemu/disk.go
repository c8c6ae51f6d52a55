package qemu

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// diskBytes is the size of the guest's disk. The file has holes, so that it takes little room on the host.
const diskBytes = 256 << 20

// MakeDisk makes an empty ext4 file system in the folder dir and returns the path of the image.
func MakeDisk(dir string) (string, error) {
	tool, err := exec.LookPath("mke2fs")
	if err != nil {
		// Debian keeps it where only root looks.
		if tool, err = exec.LookPath("/sbin/mke2fs"); err != nil {
			return "", fmt.Errorf("mke2fs is missing; install it with `make deps`")
		}
	}
	path := filepath.Join(dir, "ext4.img")
	if err := os.RemoveAll(path); err != nil {
		return "", err
	}
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := f.Truncate(diskBytes); err != nil {
		return "", err
	}
	if out, err := exec.Command(tool, "-q", "-t", "ext4", path).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", tool, err, out)
	}
	return path, nil
}
