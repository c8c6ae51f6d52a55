// SPDX-License-Identifier: GPL-2.0

package kit

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"linux-cr/abi/calls"
)

// Stock reports whether programs are to run undisturbed. It does not take SELFTEST_STOCK's word for it: on a kernel that
// has the system calls nothing may be left out.
var Stock = sync.OnceValue(func() bool {
	if os.Getenv("SELFTEST_STOCK") != "1" {
		return false
	}
	if _, _, err := calls.Query(); !errors.Is(err, calls.ErrNoSyscall) {
		panic(fmt.Sprintf("SELFTEST_STOCK=1 on a kernel that has checkpoint(2): %v", err))
	}
	return true
})
