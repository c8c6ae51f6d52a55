package selftests

import "linux-cr/qemu/suite"

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
	// It needs SELFTEST_HOSTFS=1, and a Python on the host.
	{Test: "TestRuntimePython", Reason: "no host file system (SELFTEST_HOSTFS=1) with Python"},
}

// plainSkips are those of the plain kernel: it cannot inject failures.
var plainSkips = []suite.Skip{
	{Test: "TestFaultCheckpoint", Reason: "no such file"},
	{Test: "TestFaultRestart", Reason: "no such file"},
}
