// SPDX-License-Identifier: GPL-2.0

package main

import (
	"strings"

	"linux-cr/abi/schema"
)

// goCalls is abi/calls/zcalls.go: the numbers and flags of the system calls.
func goCalls() ([]byte, error) {
	w := &writer{}
	goStart(w, "calls")
	w.p("// System-call numbers, the same on every architecture.")
	w.p("const (")
	for _, c := range schema.Syscalls {
		w.p("\tSYS_%s = %d // %s", strings.ToUpper(c.Name), c.Num, c.Doc)
	}
	w.p(")")
	w.p("")
	goEnum(w, schema.CheckpointFlags)
	goEnum(w, schema.RestartFlags)
	goEnum(w, schema.Features)
	w.p("// CHECKPOINT_FD_NONE stands for \"no descriptor\" in the fd and logfd arguments.")
	w.p("const CHECKPOINT_FD_NONE = %d", schema.FDNone)
	w.p("")
	w.p("// queryShift is where the features start in the result of CHECKPOINT_QUERY.")
	w.p("const queryShift = %d", queryShift)
	return goFile(w)
}
