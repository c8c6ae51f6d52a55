// SPDX-License-Identifier: GPL-2.0

// Command abi generates everything that follows from abi/schema:
//
//	include/uapi/linux/checkpoint.h         the system-call interface, in C
//	include/uapi/linux/checkpoint_image.h   the image format, in C
//	kernel/checkpoint/records.[ch]          the kernel's record table and checks
//	kernel/checkpoint/records_layout.c      static assertions of every size and offset
//	abi/image/z*.go                         the image format, in Go, a file per subsystem
//	abi/image/zlayout_test.go               the same sizes and offsets, as a Go test
//	abi/calls/zcalls.go                     numbers and flags of the system calls, in Go
//	docs/image-format.md                    the reference
//
// The C files stand below kernel/tree, where they have the path of a kernel
// tree. Each file names its generator and its input in its first lines. The
// output depends on nothing but the schema, and a file is written only when its
// content changes.
//
// With -check it writes nothing and reports each file that is not current.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"sort"

	"linux-cr/abi/schema"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stderr))
}

func run(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("abi", flag.ContinueOnError)
	flags.SetOutput(stderr)
	check := flags.Bool("check", false, "write nothing, report files that are not current")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	root, err := moduleRoot()
	if err != nil {
		fmt.Fprintln(stderr, "gen/abi:", err)
		return 1
	}
	out, err := outputs()
	if err != nil {
		fmt.Fprintln(stderr, "gen/abi:", err)
		return 1
	}
	stale, err := update(root, out, !*check)
	if err != nil {
		fmt.Fprintln(stderr, "gen/abi:", err)
		return 1
	}
	if *check && len(stale) > 0 {
		for _, name := range stale {
			fmt.Fprintf(stderr, "%s:1:1: not current, run '%s'\n", name, regenerate)
		}
		return 1
	}
	return 0
}

// outputs makes every generated file in memory, by its path in the repository.
func outputs() (map[string][]byte, error) {
	if err := schema.Validate(); err != nil {
		return nil, err
	}
	const tree = "kernel/tree/"
	out := map[string][]byte{
		tree + "include/uapi/linux/checkpoint.h":       interfaceHeader(),
		tree + "include/uapi/linux/checkpoint_image.h": imageHeader(),
		tree + "kernel/checkpoint/records.h":           recordsHeader(),
		tree + "kernel/checkpoint/records.c":           recordsSource(),
		tree + "kernel/checkpoint/records_layout.c":    layoutSource(),
		"docs/image-format.md":                         reference(),
	}
	files, err := goFiles()
	if err != nil {
		return nil, err
	}
	maps.Copy(out, files)
	for name, text := range map[string]func() ([]byte, error){
		"abi/image/zlayout_test.go": goLayoutTest,
		"abi/calls/zcalls.go":       goCalls,
	} {
		b, err := text()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = b
	}
	return out, nil
}

// update compares the files with what is there and returns those that differ,
// after writing them if asked to.
func update(root string, out map[string][]byte, write bool) ([]string, error) {
	var stale []string
	for name, want := range out {
		path := filepath.Join(root, filepath.FromSlash(name))
		if got, err := os.ReadFile(path); err == nil && bytes.Equal(got, want) {
			continue
		}
		stale = append(stale, name)
		if !write {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			return nil, err
		}
	}
	sort.Strings(stale)
	return stale, nil
}

// moduleRoot is the nearest directory upwards that has a go.mod.
func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("%s is not inside the repository", start)
		}
		dir = up
	}
}
