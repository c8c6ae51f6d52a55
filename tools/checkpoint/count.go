// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io"
	"math"
	"os"

	"linux-cr/abi/image"
)

// countTasks reads how many tasks the image in a file has, which begins at
// start: 0 when that cannot be told, as of an image that went into a pipe.
func countTasks(f *os.File, start int64) int {
	// The file itself need not be open for reading.
	in, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	if err != nil {
		return 0
	}
	defer in.Close()
	if info, err := in.Stat(); err != nil || !info.Mode().IsRegular() {
		return 0
	}
	r, err := image.NewReader(io.NewSectionReader(in, start, math.MaxInt64-start))
	for err == nil {
		var e *image.Entry
		if e, err = r.Next(); err != nil {
			break
		}
		if tree, ok := e.Record.(*image.Tree); ok {
			return int(tree.NrTasks)
		}
	}
	return 0
}
