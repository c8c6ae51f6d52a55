// Package selftests runs the tests of selftests/guest in a virtual machine with the patched kernel.
//
//	make kernel && go test ./selftests
//
// SELFTEST_RUN=PATTERN selects tests of the guest like -run, KERNEL=PATH another kernel image, SELFTEST_DEBUG=1 the
// debug kernel, SELFTEST_ARCH another architecture, SELFTEST_MACHINES how many machines share the tests (otherwise two,
// where there are two processors), SELFTEST_HOSTFS=0 hides the host's root directory, which is otherwise
// at /host of the guest, and ACCEL=kvm uses hardware acceleration. The guest gets every variable of that prefix.
package selftests

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"linux-cr/qemu/arch"
	"linux-cr/qemu/suite"
)

// slowdown is how much longer everything may take under the checkers of the debug kernel.
const slowdown = 4

// machines is how many virtual machines share the tests: as many as processors, two at the most.
func machines() int {
	if n, err := strconv.Atoi(os.Getenv("SELFTEST_MACHINES")); err == nil && n > 0 {
		return n
	}
	return min(2, runtime.NumCPU())
}

func TestGuest(t *testing.T) {
	if testing.Short() {
		t.Skip("boots a virtual machine")
	}
	name := os.Getenv("SELFTEST_ARCH")
	if name == "" {
		name = runtime.GOARCH
	}
	a, err := arch.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	c := suite.Config{
		Name:        "selftests",
		Arch:        a,
		Package:     "selftests/guest",
		Run:         os.Getenv("SELFTEST_RUN"),
		Kernel:      os.Getenv("KERNEL"),
		Debug:       os.Getenv("SELFTEST_DEBUG") == "1",
		HostFS:      os.Getenv("SELFTEST_HOSTFS") != "0",
		TestTimeout: 4 * time.Minute,
		Timeout:     40 * time.Minute,
		Skips:       slices.Concat(skips, pending),
		Machines:    machines(),
	}
	if !c.Debug {
		c.Skips = append(c.Skips, plainSkips...)
	}
	if c.Debug {
		c.Name += "-debug"
		c.TestTimeout *= slowdown
		c.Timeout *= slowdown
	}
	suite.Run(t, c)
}
