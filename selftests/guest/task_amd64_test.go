// SPDX-License-Identifier: GPL-2.0

package guest

import "testing"

func TestTaskPrctlX86(t *testing.T) { twoWays(t, "task_prctl", "tsc", "cpuid_fault") }
