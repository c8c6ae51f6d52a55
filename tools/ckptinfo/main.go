// SPDX-License-Identifier: GPL-2.0

// Ckptinfo shows what is in a checkpoint image.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
