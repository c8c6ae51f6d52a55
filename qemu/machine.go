package qemu

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"linux-cr/qemu/arch"
)

// Memory of a guest in MiB; the checkers of the debug configuration take a part of it.
const (
	PlainMiB = 2048
	DebugMiB = 3072
)

// DebugArgs are the kernel arguments of the debug configuration: every report is shown, not only the first, and a
// processor that makes no progress ends the run. The limit is generous, for an emulated guest is slow on a busy host.
var DebugArgs = []string{"kasan_multi_shot", "softlockup_panic=1", "watchdog_thresh=60"}

// Root returns the checkout of the project: the nearest directory with its go.mod, from the working directory upward.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("there is no go.mod above the working directory: run this in a checkout")
		}
		dir = parent
	}
}

// FindKernel returns the kernel to boot: path if it is not empty, else the one that make kernel leaves.
func FindKernel(root string, a *arch.Arch, debug bool, path string) (string, error) {
	command := "make kernel"
	if path == "" {
		path = filepath.Join(root, "build", a.Name, "kernel")
		if debug {
			path += "-debug"
			command += " DEBUG=1"
		}
		if a.Name != runtime.GOARCH {
			command += " ARCH=" + a.Name
		}
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("no kernel at %s: run `%s`", path, command)
	}
	return filepath.Abs(path)
}

// Processors is the number of processors of a guest: at least two, so that races can happen.
func Processors() int {
	return max(2, min(4, runtime.NumCPU()))
}
