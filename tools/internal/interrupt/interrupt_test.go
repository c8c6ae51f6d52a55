// SPDX-License-Identifier: GPL-2.0

package interrupt

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// sleep is a call that a handled signal ends although the handler asks for restarting.
func sleep(d time.Duration) error {
	ts := unix.NsecToTimespec(d.Nanoseconds())
	return unix.Nanosleep(&ts, nil)
}

func TestSignalEndsCall(t *testing.T) {
	sigs := make(chan os.Signal, 1)
	sigs <- unix.SIGINT
	hit := 0
	stop := Watch(sigs, func() { hit++ })
	err := sleep(time.Minute)
	if got := stop(); got != unix.SIGINT || err != unix.EINTR || hit == 0 {
		t.Errorf("the call ended with %v, stop returned %v", err, got)
	}
}

func TestOtherSignalsDoNot(t *testing.T) {
	stop := Watch(make(chan os.Signal), nil)
	tid := unix.Gettid()
	go func() {
		time.Sleep(20 * time.Millisecond)
		_ = unix.Tgkill(os.Getpid(), tid, unix.SIGURG)
	}()
	err := sleep(100 * time.Millisecond)
	if got := stop(); got != nil || err != nil {
		t.Errorf("the call ended with %v, stop returned %v", err, got)
	}
}
