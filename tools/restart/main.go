// SPDX-License-Identifier: GPL-2.0

// Restart brings the processes of a checkpoint image back.
package main

import (
	"os"

	"linux-cr/tools/internal/interrupt"
)

func main() {
	// The processes end with the thread that made them, and have to see its end.
	interrupt.OffLeader(func() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) })
}
