// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/selftests/guest/kit"
)

// TestOpenFiles holds one open file that no descriptor leads to: the count that the hostile images are measured with
// has to show it, and only it.
func TestOpenFiles(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	before := kit.OpenFiles(t)
	f := kit.File(t, "/dev/null", unix.O_RDONLY)
	if err := unix.Sendmsg(pair[0], []byte("x"), unix.UnixRights(int(f.Fd())), nil, 0); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if got := kit.OpenFiles(t); got != before+1 {
		t.Errorf("with one file more: got %d, want %d", got, before+1)
	}
	unix.Close(pair[0])
	unix.Close(pair[1])
	if got := kit.OpenFiles(t); got != before-2 {
		t.Errorf("without it and both sockets: got %d, want %d", got, before-2)
	}
}
