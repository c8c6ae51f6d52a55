// SPDX-License-Identifier: GPL-2.0

package schema

// Saved are the contents of files that the user wanted to have in the image. The tools write them in front of the image
// while the tasks are frozen, and put them back before they hand the image to the kernel.
var Saved = Subsystem{
	Name: "Saved files", Tools: true,
	Doc: "Contents of files that the user has chosen (checkpoint --save-files): a section in front of the header that tools write and read. " +
		"The kernel does not know these records, and restart(2) takes a stream that stands behind them. " +
		"Order: saved_head; for each file saved_file, string (its path), saved_data ...; pad, so that the image starts at a multiple of the page size; saved_tail.",
	Records: []*Record{
		{Name: "saved_head", Type: 801, Doc: "Always the first record of the section.", Fields: []Field{
			{Name: "magic", Kind: U64, Doc: "CKPT_MAGIC_SAVED in the byte order of the source"},
			{Name: "rev", Kind: U16, Doc: "format revision"},
			{Name: "reserved0", Kind: U16, Reserved: true},
			{Name: "nr_files", Kind: U32, Max: 1 << 20, Doc: "files in the section"},
		}},
		{Name: "saved_file", Type: 802, Doc: "A regular file. A string record with its path follows, from the root of who made the checkpoint, then the data.", Fields: []Field{
			{Name: "mode", Kind: U32, Max: 0o7777, Doc: "permissions"},
			{Name: "uid", Kind: U32, Doc: "owner"},
			{Name: "gid", Kind: U32, Doc: "group"},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "ino", Kind: U64, Doc: "inode number"},
			{Name: "size", Kind: U64, Max: 1<<63 - 1, Doc: "bytes of the file, holes included"},
			{Name: "mtime", Kind: S64, Doc: "time of the last change, nanoseconds of CLOCK_REALTIME"},
		}},
		{Name: "saved_data", Type: 803, Doc: "A piece of the file before it, behind the pieces before it. What no piece covers is a hole, or zeros.", Fields: []Field{
			{Name: "offset", Kind: U64, Max: 1<<63 - 1, Doc: "where it stands in the file, bytes"},
			{Name: "size", Kind: U32, Doc: "bytes of data", Max: 1 << 20},
			{Name: "reserved0", Kind: U32, Reserved: true},
			{Name: "data", Kind: U8, LenOf: "size", MaxLen: 1 << 20, Doc: "the data"},
		}},
		{Name: "saved_tail", Type: 804, Doc: "Always the last record of the section. The header of the image follows.", Fields: []Field{
			{Name: "magic", Kind: U64, Doc: "CKPT_MAGIC_SAVED in the byte order of the source"},
			{Name: "nr_records", Kind: U64, Doc: "records in the section, the first and this one included"},
			{Name: "size", Kind: U64, Doc: "bytes of the section, this record included"},
			{Name: "checksum", Kind: U64, Doc: "XXH64 (seed 0) of every byte of the section before this record"},
		}},
	},
}
