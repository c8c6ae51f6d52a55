// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/abi/image"
	"linux-cr/selftests/guest/kit"
)

// Bits of PR_SET_SECUREBITS, from linux/securebits.h.
const (
	noSetuidFixup       = 1 << 2
	noSetuidFixupLocked = 1 << 3
	keepCapsLocked      = 1 << 5
)

// TestCredLocked has root become a user who has capabilities. Where securebits are locked such that root would lose all
// capabilities on the way, a restart is no way around that.
func TestCredLocked(t *testing.T) {
	for _, c := range []struct {
		name string
		// bits are those of the caller of restart, and of the image.
		bits uint32
		ok   bool
	}{
		{"nothing", 0, true},
		{"keep_caps", keepCapsLocked, true}, // CAP_SETPCAP could still set SECBIT_NO_SETUID_FIXUP.
		{"fixup", noSetuidFixupLocked, true},
		{"both", keepCapsLocked | noSetuidFixupLocked, false},
		{"both_without_fixup", keepCapsLocked | noSetuidFixup | noSetuidFixupLocked, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := kit.Start(t, "task_creds", "keep", "caps")
			p.Ready(t)
			img := kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_FREEZE)
			p.Kill(t)
			p.Go(t, 0, 0)
			b := withSecurebits(t, img.Bytes(t), c.bits)
			log := filepath.Join(t.TempDir(), "log")
			cmd := exec.Command(kit.Path("lockbits"), fmt.Sprint(c.bits), kit.Path("selfrestart"), log)
			cmd.Stdin = asInput(t, b)
			out, err := cmd.Output()
			text, _ := os.ReadFile(log)
			if !c.ok {
				if want := fmt.Sprintln(int(unix.EPERM)); string(out) != want || !strings.Contains(string(text), "does not have capabilities") {
					t.Errorf("restart: got %q, %v, want %q; log:\n%s", out, err, want, text)
				}
				return
			}
			if v := p.Verdict(t); v != "OK" || err != nil {
				t.Errorf("after the restart: %s; %q, %v; log:\n%s", v, out, err, text)
			}
		})
	}
}

// asInput leaves an image in a file, open for reading.
func asInput(t *testing.T, b []byte) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return kit.File(t, name, os.O_RDONLY)
}

// withSecurebits changes the securebits of the one task of an image.
func withSecurebits(t *testing.T, b []byte, bits uint32) []byte {
	t.Helper()
	for _, p := range kit.Records(t, b) {
		if p.Type != image.CKPT_HDR_CRED {
			continue
		}
		var cred image.Cred
		if err := cred.Decode(b[p.Pos:p.Pos+p.Len], le); err != nil {
			t.Fatal(err)
		}
		cred.Securebits = bits
		b = bytes.Clone(b)
		copy(b[p.Pos:], cred.Append(nil, le))
	}
	return sealed(t, b, 0)
}
