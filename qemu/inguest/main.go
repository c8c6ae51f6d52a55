// Package inguest is for test packages that only make sense inside of the virtual machine.
package inguest

import (
	"fmt"
	"os"
	"testing"
)

// Main runs the tests of a package in the guest. On the host it runs none and says how they are run: there they could
// only damage the machine, and go test ./... has to pass over them.
func Main(m *testing.M, how string) {
	if !Here() {
		fmt.Printf("these tests run in the virtual machine: %s\n", how)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Here reports whether the process runs in the guest.
func Here() bool {
	return os.Getenv("LINUX_CR_GUEST") == "1"
}
