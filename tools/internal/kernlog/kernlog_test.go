// SPDX-License-Identifier: GPL-2.0

package kernlog

import (
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

const text = "[warn][pid 12 (a] b)] harmless\n[err -16][pid 12 (a] b)] first\n\n[err -95] second\n"

func TestReason(t *testing.T) {
	for _, name := range []string{"", filepath.Join(t.TempDir(), "log")} {
		l, err := Open(name, "")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if got := l.Reason(); got != "" {
			t.Errorf("empty log: %q", got)
		}
		if _, err := unix.Write(l.Fd(), []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := l.Reason(); got != "[pid 12 (a] b)] first: device or resource busy" {
			t.Errorf("%q", got)
		}
		if got := l.Errors(); !slices.Equal(got, []string{"[pid 12 (a] b)] first: device or resource busy", "second: operation not supported"}) {
			t.Errorf("%q", got)
		}
	}
}

func TestLogToDevice(t *testing.T) {
	l, err := Open("/dev/null", "/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if lines := l.Lines(); lines != nil {
		t.Errorf("%q", lines)
	}
}
