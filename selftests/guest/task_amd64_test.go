// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"os"
	"path/filepath"
	"testing"

	"linux-cr/selftests/guest/kit"
)

func TestTaskPrctlX86(t *testing.T) { twoWays(t, "task_prctl", "tsc", "cpuid_fault") }

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
