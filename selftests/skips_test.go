package selftests

import (
	"os"
	"slices"
	"testing"

	"gopkg.in/yaml.v3"

	"linux-cr/qemu/suite"
)

// skips are the tests that may skip themselves, each with the architecture and the reason. A skip that is not listed
// here fails. What they have in common: the emulated processor lacks the feature, so that no kernel could show it.
var skips = []suite.Skip{
	// QEMU's emulation of the processor ends at AVX2.
	{Test: "TestCPUVectors/avx512", Arch: "amd64", Reason: "CPUID: no AVX512F"},
	// It has no CPUID faulting.
	{Test: "TestTaskPrctlX86/cpuid_fault", Arch: "amd64", Reason: "ARCH_SET_CPUID: No such device"},
	// It has no mitigations that a program could ask for.
	{Test: "TestTaskPrctlCPU/spec_store_bypass", Arch: "amd64", Reason: "not to be set on this CPU"},
	{Test: "TestTaskPrctlCPU/spec_store_force", Arch: "amd64", Reason: "not to be set on this CPU"},
	{Test: "TestTaskPrctlCPU/spec_indirect", Arch: "amd64", Reason: "not to be set on this CPU"},
	// SELFTEST_HOSTFS=0 leaves the programs of the host out.
	{Test: "TestRuntimePython", Reason: noHostFS},
	{Test: "TestProgramShells", Reason: noHostFS},
	{Test: "TestProgramFilters", Reason: noHostFS},
	{Test: "TestProgramInterpreters", Reason: noHostFS},
	{Test: "TestProgramBuilds", Reason: noHostFS},
	{Test: "TestProgramDatabases", Reason: noHostFS},
	{Test: "TestProgramTerminals", Reason: noHostFS},
}

const noHostFS = "no host file system (SELFTEST_HOSTFS=0)"

// pending are programs that work, and whose checkpoint is refused: the reason is what the dry run says, and the message
// of a refusal in docs/coverage.yaml. A program runs as soon as nothing stands in its way any more.
var pending = []suite.Skip{}

// TestPending wants the reason of every pending program to be a refusal still.
func TestPending(t *testing.T) {
	data, err := os.ReadFile("../docs/coverage.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []struct {
		Rows []struct{ State, Message string }
	}
	if err := yaml.Unmarshal(data, &kinds); err != nil {
		t.Fatal(err)
	}
	var refused []string
	for _, k := range kinds {
		for _, r := range k.Rows {
			if r.State == "refused" {
				refused = append(refused, r.Message)
			}
		}
	}
	for _, p := range pending {
		if !slices.Contains(refused, p.Reason) {
			t.Errorf("%s: docs/coverage.yaml lists no refusal %q any more: nothing excuses this skip", p.Test, p.Reason)
		}
	}
}

// plainSkips are those of the plain kernel: it cannot inject failures.
var plainSkips = []suite.Skip{
	{Test: "TestFaultCheckpoint", Reason: "no such file"},
	{Test: "TestFaultRestart", Reason: "no such file"},
}
