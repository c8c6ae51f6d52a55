// SPDX-License-Identifier: GPL-2.0

// Command abi generates everything that follows from abi/schema:
//
//	include/uapi/linux/checkpoint.h         the system-call interface, in C
//	include/uapi/linux/checkpoint_image.h   the image format, in C
//	kernel/checkpoint/records.h             what the kernel knows about a type of record
//	kernel/checkpoint/records/              that, checks and static assertions, a file per subsystem
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
	"fmt"
	"maps"
	"os"

	"linux-cr/abi/schema"
	"linux-cr/gen/internal/output"
)

var generator = &output.Generator{
	Name:       "gen/abi",
	Regenerate: regenerate,
	Files:      func(string) (map[string][]byte, error) { return outputs() },
}

func main() { os.Exit(generator.Main(os.Args[1:], os.Stderr)) }

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
		"docs/image-format.md":                         reference(),
	}
	for name, b := range recordsFiles() {
		out[tree+recordsDir+name] = b
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
