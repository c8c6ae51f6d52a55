// SPDX-License-Identifier: GPL-2.0

// Package guest holds the tests that run inside the virtual machine, on a kernel with the checkpoint system calls.
//
//	go test ./selftests
//
// builds the machine and runs them there. One file per subject: mem_test.go checkpoints the programs mem_*.c of
// selftests/progs, and so on. A test of state is a table of kit.Case: each program checks itself after the restart, is
// compared with what /proc showed before, and has a twin that loses its state and must fail.
package guest
