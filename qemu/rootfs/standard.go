package rootfs

import (
	"os"
	"path"
	"path/filepath"

	"linux-cr/qemu/arch"
)

// Folders of the guest.
const (
	// BinDir holds the tools and what a run adds.
	BinDir = "/bin"

	// ProgsDir holds the programs of selftests/progs, and SamplesDir those of the kernel's samples/checkpoint.
	ProgsDir   = "/progs"
	SamplesDir = "/samples"
)

// Standard returns the files that every guest has: our init, the tools, the programs to checkpoint and the samples.
// Binaries are left in the folder dir.
func Standard(root string, a *arch.Arch, dir string) (map[string]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	files := map[string]string{"/init": filepath.Join(dir, "init")}
	if err := GoCommand(root, a, "./qemu/cmd/init", files["/init"]); err != nil {
		return nil, err
	}
	tools, err := Tools(root, a, filepath.Join(dir, "tools"))
	if err != nil {
		return nil, err
	}
	add := func(to string, built map[string]string) {
		for name, host := range built {
			files[path.Join(to, name)] = host
		}
	}
	add(BinDir, tools)
	for from, to := range map[string]string{
		"selftests/progs":                ProgsDir,
		"kernel/tree/samples/checkpoint": SamplesDir,
		"qemu/demo/progs":                BinDir,
	} {
		programs, err := Programs(root, a, from)
		if err != nil {
			return nil, err
		}
		add(to, programs)
	}
	return files, nil
}
