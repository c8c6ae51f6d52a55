// SPDX-License-Identifier: GPL-2.0

package main

import (
	"io"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

const stopSelfRounds = 200

// TestStopSelf has a child stop itself again and again: what comes after the stop waits for SIGCONT.
func TestStopSelf(t *testing.T) {
	if os.Getenv("TEST_STOP_SELF") != "" {
		for i := 0; i < stopSelfRounds; i++ {
			stopSelf()
			_, _ = unix.Write(1, []byte{'x'})
		}
		os.Exit(0)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestStopSelf$")
	cmd.Env = append(os.Environ(), "TEST_STOP_SELF=1")
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	w.Close()
	early := 0
	for i := 0; i < stopSelfRounds; i++ {
		var status unix.WaitStatus
		if _, err := unix.Wait4(cmd.Process.Pid, &status, unix.WUNTRACED, nil); err != nil || !status.Stopped() {
			t.Fatalf("round %d: %v, status %#x; want a stop", i, err, status)
		}
		n, err := unix.IoctlGetInt(int(r.Fd()), unix.TIOCINQ)
		if err != nil {
			t.Fatal(err)
		}
		if n > i {
			early++
		}
		if err := unix.Kill(cmd.Process.Pid, unix.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	if early > 0 {
		t.Errorf("the child went on before SIGCONT in %d of %d rounds", early, stopSelfRounds)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if b, _ := io.ReadAll(r); len(b) != stopSelfRounds {
		t.Errorf("the child wrote %d bytes, want %d", len(b), stopSelfRounds)
	}
}
