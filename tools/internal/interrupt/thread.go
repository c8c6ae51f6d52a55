// SPDX-License-Identifier: GPL-2.0

package interrupt

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// OffLeader calls f on a thread that ends with it and that is not the first one of the process, and returns when f has.
//
// Who holds a pidfd of the thread can see its end at once then. Of the first thread, kernels since 6.15 do not tell
// before the others have ended, too.
func OffLeader(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if unix.Gettid() == os.Getpid() {
			// As long as this goroutine keeps it, no other one gets it.
			OffLeader(f)
			runtime.UnlockOSThread()
			return
		}
		f()
	}()
	<-done
}
