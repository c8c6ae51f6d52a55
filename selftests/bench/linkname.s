// SPDX-License-Identifier: GPL-2.0
// Without an assembly file in the package, the compiler refuses the functions
// without a body in fork.go.
