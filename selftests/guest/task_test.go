// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"testing"

	"linux-cr/selftests/guest/kit"
)

// task runs variants of a program whose state belongs to the task.
func task(t *testing.T, prog string, variants ...string) {
	t.Helper()
	for _, v := range variants {
		kit.Run(t, kit.Case{Prog: prog, Variant: v})
	}
}

// twoWays runs variants in two of the four ways: these attributes do not depend on how the task is held.
func twoWays(t *testing.T, prog string, variants ...string) {
	t.Helper()
	for _, v := range variants {
		kit.Run(t, kit.Case{Prog: prog, Variant: v, Ways: []kit.Way{kit.Freeze, kit.V2}})
	}
}

func TestTaskIDs(t *testing.T)         { task(t, "task_ids", "") }
func TestTaskName(t *testing.T)        { task(t, "task_comm", "") }
func TestTaskLimits(t *testing.T)      { task(t, "task_limits", "") }
func TestTaskDirectories(t *testing.T) { task(t, "task_fs", "cwd", "root", "outside") }
func TestTaskProcfs(t *testing.T)      { task(t, "task_procfs", "") }
func TestTaskRseq(t *testing.T)        { task(t, "task_rseq", "") }
func TestTaskRobustList(t *testing.T)  { task(t, "task_robust", "") }
func TestTaskClearTid(t *testing.T)    { task(t, "task_tid", "") }
func TestTaskTimes(t *testing.T)       { task(t, "task_times", "") }
func TestTaskMembarrier(t *testing.T)  { task(t, "task_membarrier", "") }
func TestTaskAffinity(t *testing.T)    { task(t, "task_affinity", "one", "all") }
func TestTaskCreds(t *testing.T) {
	task(t, "task_creds", "user", "mixed", "caps", "bounding", "reqkey")
}

func TestTaskSched(t *testing.T) {
	twoWays(t, "task_sched", "nice", "nice_low", "fifo", "rr", "batch", "idle", "reset", "deadline")
}

func TestTaskIoprio(t *testing.T) { twoWays(t, "task_ioprio", "be", "rt", "idle", "none") }

func TestTaskPrctl(t *testing.T) {
	twoWays(t, "task_prctl", "dumpable", "pdeathsig", "keepcaps", "securebits", "no_new_privs", "thp_disable", "subreaper")
}

func TestTaskPrctlMemory(t *testing.T) {
	twoWays(t, "task_prctl", "mdwe", "mdwe_no_inherit", "memory_merge", "io_flusher", "timerslack", "personality", "name")
}

func TestTaskPrctlCPU(t *testing.T) {
	twoWays(t, "task_prctl", "mce_early", "mce_late", "spec_store_bypass", "spec_store_force", "spec_indirect")
}
