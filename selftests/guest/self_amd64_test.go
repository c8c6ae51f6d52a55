// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/selftests/guest/kit"
)

// TestSelfUnclean restarts callers who have what the program of the image would inherit: EBUSY. A caller who has nothing
// comes as far as reading the image, of which there is none.
func TestSelfUnclean(t *testing.T) {
	for what, want := range map[string]unix.Errno{
		"nothing": unix.EPIPE, "timer": unix.EBUSY, "undo": unix.EBUSY, "ioperm": unix.EBUSY,
		"iopl": unix.EBUSY, "tls": unix.EBUSY,
	} {
		t.Run(what, func(t *testing.T) {
			out, err := exec.Command(kit.Path("unclean_amd64"), what).Output()
			if err != nil {
				t.Fatal(err)
			}
			if why, ok := strings.CutPrefix(string(out), "unsupported"); ok {
				t.Skip("this kernel has no such state:" + why)
			}
			if want := fmt.Sprintf("-1 %d\n", int(want)); string(out) != want {
				t.Errorf("restart: got %q, want %q", out, want)
			}
		})
	}
}
