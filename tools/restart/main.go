// SPDX-License-Identifier: GPL-2.0

// Restart brings the processes of a checkpoint image back.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
