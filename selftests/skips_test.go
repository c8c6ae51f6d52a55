package selftests

import "linux-cr/qemu/suite"

// skips are the tests that may skip themselves, each with the architecture and the reason. A skip that is not listed
// here fails.
var skips = []suite.Skip{
	// QEMU's emulation of the processor ends at AVX2.
	{Test: "TestCPUVectors/avx512", Arch: "amd64", Reason: "CPUID: no AVX512F"},
}
