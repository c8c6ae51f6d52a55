// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"flag"
	"os"
	"testing"

	"linux-cr/qemu/inguest"
)

// TestMain lets many programs wait at the same time: most tests sleep most of the time.
func TestMain(m *testing.M) {
	// A test may start this program as one to be checkpointed.
	if os.Getenv(asProgram) != "" && len(os.Args) == 3 {
		goroutines(os.Args[1], os.Args[2])
	}
	flag.Parse()
	if f := flag.Lookup("test.parallel"); inguest.Here() {
		f.Value.Set("6")
	}
	inguest.Main(m, "run go test ./selftests")
}
