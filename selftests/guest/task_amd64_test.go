// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"os"
	"path/filepath"
	"testing"

	"linux-cr/abi/image"
	"linux-cr/selftests/guest/kit"
)

func TestTaskPrctlX86(t *testing.T) { twoWays(t, "task_prctl", "tsc", "cpuid_fault") }

// TestTaskDispatch has system calls of the program's own sent back to it as signals.
func TestTaskDispatch(t *testing.T) {
	twoWays(t, "task_dispatch_amd64", "selector", "range", "blocked", "off")
	families(t, "task_dispatch_amd64", "thread")
}

// TestHostileDispatch has dispatch settings that prctl(2) would not take.
func TestHostileDispatch(t *testing.T) {
	hostileOf(t, "task_dispatch_amd64", "range", func(l *kit.Lab) int {
		const (
			mode     = 28
			offset   = 88
			length   = 96
			selector = 104
		)
		at := firstOf(t, l, image.CKPT_HDR_THREAD)
		start := le.Uint64(l.Image[at+offset:])
		if le.Uint32(l.Image[at+mode:]) != 1 || start == 0 {
			t.Fatalf("the image has no dispatch of a range: %x", l.Image[at:at+112])
		}
		cases := []struct {
			what string
			set  func(thread []byte)
		}{
			{"a mode that is not known", func(b []byte) { le.PutUint32(b[mode:], 2) }},
			{"a range while it is off", func(b []byte) { le.PutUint32(b[mode:], 0) }},
			{"a range of no bytes", func(b []byte) { le.PutUint64(b[length:], 0) }},
			{"a range that wraps", func(b []byte) { le.PutUint64(b[length:], -start) }},
			{"a range of all bytes", func(b []byte) { le.PutUint64(b[length:], 1<<64-1) }},
			{"a selector in the kernel", func(b []byte) { le.PutUint64(b[selector:], 0xffffffff81000000) }},
			{"a selector that is no address", func(b []byte) { le.PutUint64(b[selector:], 1<<63-1) }},
		}
		for _, c := range cases {
			b := l.Copy()
			c.set(b[at:])
			l.WantFailure(c.what, l.Try(sealed(t, b, 0)))
		}
		return len(cases)
	})
}

func firstOf(t *testing.T, l *kit.Lab, typ uint32) int {
	t.Helper()
	for _, p := range kit.Records(t, l.Image) {
		if p.Type == typ {
			return p.Pos
		}
	}
	t.Fatalf("no record of type %d", typ)
	return 0
}

// TestTaskRseqSection checkpoints a program inside a restartable sequence, which must be aborted.
func TestTaskRseqSection(t *testing.T) {
	release := func(t *testing.T, p *kit.Prog) {
		f, err := os.OpenFile(filepath.Join(p.Dir, "spin"), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
	}
	kit.Run(t, kit.Case{Prog: "task_rseq_cs_amd64", WhileDead: release, Look: []string{"."}})
}
