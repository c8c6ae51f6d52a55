// SPDX-License-Identifier: GPL-2.0

package interrupt

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOffLeader(t *testing.T) {
	for range 100 {
		ran := false
		OffLeader(func() {
			ran = true
			if unix.Gettid() == os.Getpid() {
				t.Error("the first thread of the process")
			}
		})
		if !ran {
			t.Fatal("not called")
		}
	}
}
