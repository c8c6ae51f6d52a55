// SPDX-License-Identifier: GPL-2.0

package schema

// Frame describes an image in prose, for the C header and the reference alike.
var Frame = []string{
	"An image is a stream of records. Each starts with struct ckpt_hdr: its type and its length in bytes, a multiple of 8 that includes the header. The fixed part of a record follows; some records end in one array, whose element count stands in an earlier field, and zeros up to the length. A length that is not exactly what the counts say is an error.",
	"Numbers are in the byte order of the source, with one exception: arch_id in the first record is little-endian everywhere. The magic number of the first record tells the byte order. Every field has a fixed width and is aligned to it; there are no implicit holes, and the layout is the same on every architecture.",
	"Fields hold what user space knows: flags and constants of system calls, CPU state as the notes of core files, never kernel-internal values.",
	"Reserved fields are zero. A reader refuses a record of a type that it does not know, except when CKPT_HDR_OPTIONAL is set in the type: such a record may be skipped.",
	"Objects that can be shared stand once in the image, before the first record that refers to them, and are numbered 1, 2, 3, ... in order of appearance. Fields with a name in _ref hold such numbers; 0 is none.",
	"A reader stops at the trailer; bytes behind it belong to someone else. An image that ends in an error record instead is that of a failed checkpoint.",
}

// Order shows the order of the records in an image.
const Order = `header
header_arch
container, string (the directory paths are relative to)
tree, pids ... (the task array, then its ghosts)
for each task, in the order of the array:
    task
    thread, regset ..., restart_block, sched, sigtask, sigpending (not of a zombie)
    objects that appear for the first time, each before its first referrer:
        file, string (its path)
        file_table, file_desc ...
        fs, string (root), string (working directory)
        mm, mm_context, for each area:
            vma, string (a name or none), [pad] pgarr ..., pgarr (empty)
        sighand
        signal, sigpending (shared)
        cred
    task_objs
tail, or error when the checkpoint failed`
