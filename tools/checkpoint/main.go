// SPDX-License-Identifier: GPL-2.0

// Checkpoint saves a running process and its descendants to an image.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}
