// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"testing"

	"linux-cr/selftests/guest/kit"
)

func TestCPURegisters(t *testing.T) {
	kit.Run(t,
		kit.Case{Prog: "cpu_gpr_amd64", Variant: "a"},
		kit.Case{Prog: "cpu_gpr_amd64", Variant: "b"},
		kit.Case{Prog: "cpu_base_amd64"},
		kit.Case{Prog: "cpu_trap_amd64"})
}

func TestCPUVectors(t *testing.T) {
	for _, variant := range []string{"x87", "sse", "avx", "avx512"} {
		kit.Run(t, kit.Case{Prog: "cpu_fpu_amd64", Variant: variant})
	}
}

func TestMemExec(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "mem_exec_amd64"})
}
