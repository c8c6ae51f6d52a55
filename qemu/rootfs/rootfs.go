// Package rootfs assembles the guest's initramfs: a u-root busybox, which is kept in the cache, followed by an archive
// with our init, the tools, the programs to checkpoint and whatever else a run brings.
package rootfs

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/u-root/gobusybox/src/pkg/golang"
	"github.com/u-root/mkuimage/cpio"
	"github.com/u-root/mkuimage/uimage"
	"github.com/u-root/uio/llog"

	"linux-cr/qemu/arch"
	"linux-cr/qemu/event"
	"linux-cr/qemu/kbuild"
)

// commands are the u-root programs of every guest. dependencies.go of package qemu keeps them in go.mod.
var commands = []string{
	"cat", "dmesg", "echo", "gosh", "hexdump", "kill", "ls", "mkdir", "mount", "ps", "rm", "sleep", "umount",
}

// A Rootfs is an initramfs to be built.
type Rootfs struct {
	// Root is the checkout of the project.
	Root string

	Arch *arch.Arch

	// Plan is what the guest has to do.
	Plan event.Plan

	// Files maps further paths of the guest to files of the host. They keep their permissions.
	Files map[string]string
}

// Build writes the initramfs to output.
func (r *Rootfs) Build(output string) error {
	base, err := r.base()
	if err != nil {
		return fmt.Errorf("build the u-root image: %w", err)
	}
	records, err := r.records()
	if err != nil {
		return err
	}
	out, err := os.Create(output)
	if err != nil {
		return err
	}
	defer out.Close()
	in, err := os.Open(base)
	if err != nil {
		return err
	}
	defer in.Close()
	n, err := io.Copy(out, in)
	if err != nil {
		return err
	}
	// The kernel takes archives one after the other; each begins at a multiple of four bytes.
	if _, err := out.Write(make([]byte, -n&3)); err != nil {
		return err
	}
	w := cpio.Newc.Writer(out)
	if err := cpio.WriteRecords(w, records); err != nil {
		return fmt.Errorf("write %s: %w", output, err)
	}
	if err := cpio.WriteTrailer(w); err != nil {
		return fmt.Errorf("write %s: %w", output, err)
	}
	return out.Close()
}

// base returns the path of the cached u-root image.
func (r *Rootfs) base() (string, error) {
	cache, err := kbuild.CacheDir()
	if err != nil {
		return "", err
	}
	sum, err := os.ReadFile(filepath.Join(r.Root, "go.sum"))
	if err != nil {
		return "", err
	}
	version, err := exec.Command("go", "version").Output()
	if err != nil {
		return "", fmt.Errorf("go version: %w", err)
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%s %s %s\n%s", version, r.Arch.Name, commands, uRootLines(string(sum))))
	dir := filepath.Join(cache, "initramfs")
	path := filepath.Join(dir, hex.EncodeToString(key[:16])+".cpio")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	packages := make([]string, len(commands))
	for i, c := range commands {
		packages[i] = "github.com/u-root/u-root/cmds/core/" + c
	}
	image := filepath.Join(tmp, "base.cpio")
	// Packages are looked up from the working directory, which a test does not have at the root of the module.
	env := golang.Default(golang.DisableCGO(), golang.WithGOARCH(r.Arch.Name), golang.WithWorkingDir(r.Root))
	err = uimage.Create(llog.New(slog.LevelError, llog.WritePrintf(os.Stderr)),
		uimage.WithReplaceEnv(env),
		uimage.WithTempDir(tmp),
		uimage.WithBusyboxCommands(packages...),
		uimage.WithBaseArchive(uimage.DefaultRamfs()),
		uimage.WithShell("gosh"),
		uimage.WithCPIOOutput(image),
	)
	if err != nil {
		return "", err
	}
	return path, os.Rename(image, path)
}

// uRootLines selects the checksums on which the busybox depends most, so that an unrelated module does not rebuild it.
func uRootLines(sum string) string {
	var lines []string
	for _, line := range strings.Split(sum, "\n") {
		if strings.HasPrefix(line, "github.com/u-root/") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// records returns our part of the image.
func (r *Rootfs) records() ([]cpio.Record, error) {
	plan, err := json.Marshal(r.Plan)
	if err != nil {
		return nil, err
	}
	files := cpio.InMemArchive()
	made := map[string]bool{}
	add := func(rec cpio.Record) error {
		for _, dir := range parents(rec.Name) {
			if !made[dir] {
				made[dir] = true
				if err := files.WriteRecord(cpio.Directory(dir, 0o755)); err != nil {
					return err
				}
			}
		}
		return files.WriteRecord(rec)
	}
	if err := add(cpio.StaticFile(strings.TrimPrefix(event.PlanPath, "/"), string(plan), 0o644)); err != nil {
		return nil, err
	}
	for guest, host := range r.Files {
		info, err := os.Stat(host)
		if err != nil {
			return nil, err
		}
		data, err := os.ReadFile(host)
		if err != nil {
			return nil, err
		}
		if err := add(cpio.StaticFile(strings.TrimPrefix(guest, "/"), string(data), uint64(info.Mode().Perm()))); err != nil {
			return nil, err
		}
	}
	var records []cpio.Record
	for _, name := range files.Order {
		records = append(records, files.Files[name])
	}
	return records, nil
}

// parents lists the directories above name, the outermost first.
func parents(name string) []string {
	var dirs []string
	for i, c := range name {
		if c == '/' {
			dirs = append(dirs, name[:i])
		}
	}
	return dirs
}
