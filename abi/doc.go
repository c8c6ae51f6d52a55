// SPDX-License-Identifier: GPL-2.0

// Package abi holds the one definition of the checkpoint image and of the
// system-call interface, in four parts:
//
//	schema   the definition, as declared data
//	image    reader and writer of images
//	calls    the system calls
//	../gen   what makes C headers, Go code and the reference out of schema
package abi

//go:generate go run linux-cr/gen/abi
