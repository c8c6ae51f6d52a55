// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"linux-cr/qemu/arch"
	"linux-cr/qemu/kbuild"
)

// buildOptions says how kernels are built: as by make kernel, for the machine that we run on. ksrc is a kernel tree or
// empty for that of the package.
func buildOptions(root, ksrc string, stderr io.Writer) (kbuild.Options, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return kbuild.Options{}, err
	}
	a, err := arch.Find(runtime.GOARCH)
	start := time.Now()
	return kbuild.Options{
		Root:     root,
		Arch:     a,
		KSRC:     ksrc,
		Progress: func(line string) { fmt.Fprintf(stderr, "[%4.0fs] %s\n", time.Since(start).Seconds(), line) },
		Warnings: stderr,
	}, err
}

// buildSteps builds the kernel after each patch. ksrc is where src was found, or empty for that of the package.
func buildSteps(root, ksrc string, src *kbuild.Source, mails []mail, stderr io.Writer) error {
	opts, err := buildOptions(root, ksrc, stderr)
	if err != nil {
		return err
	}
	steps, err := readSteps(opts.Root, src, mails)
	if err != nil {
		return err
	}
	return kbuild.BuildSteps(opts, steps)
}

// readSteps returns what differs from the source after each patch.
func readSteps(root string, src *kbuild.Source, mails []mail) ([]kbuild.Step, error) {
	last, err := kbuild.ReadOverlay(root, src)
	if err != nil {
		return nil, err
	}
	var steps []kbuild.Step
	err = inTemp(mails, func(dir string, names []string) error {
		tree := filepath.Join(dir, "tree")
		if err := pristine(tree, src.Dir, last); err != nil {
			return err
		}
		for _, name := range names {
			if err := applyPatch(tree, name); err != nil {
				return err
			}
			overlay, err := changed(tree, src.Dir, last)
			if err != nil {
				return err
			}
			steps = append(steps, kbuild.Step{Name: filepath.Base(name), Overlay: overlay})
		}
		return nil
	})
	return steps, err
}

// changed reads those of the files that differ from the source.
func changed(tree, src string, files kbuild.Overlay) (kbuild.Overlay, error) {
	overlay := kbuild.Overlay{}
	for name := range files {
		now, err := os.ReadFile(filepath.Join(tree, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // A later patch adds it.
		}
		if err != nil {
			return nil, err
		}
		if old, err := os.ReadFile(filepath.Join(src, name)); err == nil && bytes.Equal(old, now) {
			continue
		}
		overlay[name] = now
	}
	return overlay, nil
}
