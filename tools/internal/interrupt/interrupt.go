// SPDX-License-Identifier: GPL-2.0

// Package interrupt lets a signal cut short a system call that takes long, and
// nothing else do so.
//
// The Go runtime receives a signal on any thread, so the one that sits in the
// call may never notice; and it sends threads SIGURG for purposes of its own,
// which would end the call for no reason. Watch therefore blocks all signals of
// the calling thread but one, and sends it that one.
package interrupt

import (
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// poke is the signal that ends the call. The runtime has a handler for it that
// does nothing, and nobody else sends it.
const poke = unix.Signal(40)

// period is how often the thread is poked: the first one may come just before
// it enters the call.
const period = 20 * time.Millisecond

// open are the signals that stay unblocked: poke and those that tell of a
// fault of the program itself.
var open = []unix.Signal{poke, unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGILL, unix.SIGTRAP, unix.SIGSYS, unix.SIGABRT}

// Watch makes the first signal of sigs interrupt the calling thread, until stop
// is called; stop returns that signal, or nil when there was none. The
// goroutine stays on its thread in between. hit, which may be nil, is called in
// another one whenever the thread is interrupted, for what the call waits for besides.
func Watch(sigs <-chan os.Signal, hit func()) (stop func() os.Signal) {
	runtime.LockOSThread()
	mask := blocked()
	var old unix.Sigset_t
	// Cannot fail: how and both pointers are valid.
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &mask, &old)
	tid := unix.Gettid()
	done := make(chan struct{})
	result := make(chan os.Signal)
	go func() {
		var got os.Signal
		select {
		case got = <-sigs:
		case <-done:
		}
		for got != nil {
			if hit != nil {
				hit()
			}
			_ = unix.Tgkill(os.Getpid(), tid, poke)
			select {
			case <-done:
				result <- got
				return
			case <-time.After(period):
			}
		}
		result <- nil
	}()
	return func() os.Signal {
		close(done)
		got := <-result
		_ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil)
		runtime.UnlockOSThread()
		return got
	}
}

func blocked() unix.Sigset_t {
	var set unix.Sigset_t
	for i := range set.Val {
		set.Val[i] = ^set.Val[i]
	}
	width := strconv.IntSize
	for _, s := range open {
		bit := int(s) - 1
		set.Val[bit/width] &^= 1 << (bit % width)
	}
	return set
}
