// SPDX-License-Identifier: GPL-2.0

// Package image reads and writes checkpoint images, of any architecture and
// either byte order, as streams.
//
//	+--------+-------------+-----------+------+--------+   +------+
//	| header | header_arch | container | tree | pids.. |...| tail |
//	+--------+-------------+-----------+------+--------+   +------+
//	 magic                                                  other magic, number of
//	 arch_id (little-endian)                                records and bytes,
//	 rev                                                    checksum
//
// Every box is a record:
//
//	0      4      8                fixed            len
//	+------+------+----------------+-------+--------+
//	| type | len  | fields         | array | zeros  |
//	+------+------+----------------+-------+--------+
//
// Numbers are in the byte order of the source, which the magic of the header
// tells; the length is a multiple of 8. Memory comes in chunks. A pad record
// before a chunk makes its pages start at a multiple of the page size:
//
//	+-----+------------------+-----------------+----------+----------+
//	| pad | pgarr: nr_pages  | nr_pages * u64: | page     | page     |
//	|     |                  | addresses       | contents | contents |
//	+-----+------------------+-----------------+----------+----------+
//	                                           ^ multiple of the page size
//
// The structs and their codec (z*.go) are generated from abi/schema; the table
// of every field is docs/image-format.md.
//
// An image is hostile input. The Reader checks every length, count, constant
// and reference before it uses it, holds one record at a time, and lets a
// claimed length allocate no more than the stream has delivered. It reads
// exactly up to the end of the trailer, so that what follows in a pipe is left
// for its owner.
package image
