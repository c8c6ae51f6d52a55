// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"

	"linux-cr/abi/schema"
)

// callDocs say more about a system call than its one line in the schema.
var callDocs = map[string][]string{
	"checkpoint": {
		"@pid is the root of the hierarchy as the caller's pid namespace numbers it; the caller's own pid makes a self-checkpoint. The image goes to @fd, errors and debug messages to @logfd; CHECKPOINT_FD_NONE stands for no descriptor in @logfd, and in @fd with CHECKPOINT_DRYRUN.",
		"Returns a positive identifier of the checkpoint, or 0 to the task that comes back here from a restart. With CHECKPOINT_QUERY, which ignores every other argument, the result is what CHECKPOINT_QUERY_REV() and CHECKPOINT_QUERY_FEATURES() take apart.",
	},
	"restart": {
		"A coordinator reads the image from @fd and names in @pid the root of the hierarchy it has prepared, a child of its own; every task of that hierarchy calls restart too. With RESTART_TASKSELF the caller itself becomes the one task of the image. Errors and debug messages go to @logfd, unless it is CHECKPOINT_FD_NONE.",
		"A restored task returns what the system call that the checkpoint interrupted returns: 0 after a self-checkpoint. When a restart fails, nothing of the image is left behind.",
	},
	"clone_with_pids": {
		"As clone(2), with the pids of the new task chosen by the caller: see struct target_pid_set.",
	},
}

// interfaceHeader is include/uapi/linux/checkpoint.h.
func interfaceHeader() []byte {
	w := &writer{}
	cStart(w, true, true)
	w.p("#ifndef _UAPI_LINUX_CHECKPOINT_H")
	w.p("#define _UAPI_LINUX_CHECKPOINT_H")
	w.p("")
	w.p("/*")
	w.p(" * Checkpoint/restart of process hierarchies: the system calls.")
	for _, c := range schema.Syscalls {
		w.p(" *")
		text := fmt.Sprintf("long %s(%s)", c.Name, cArgs(c.Args))
		for i, line := range wrap(text, 70) {
			if i == 0 {
				w.p(" * %s", line)
			} else {
				w.p(" *\t%s", line)
			}
		}
		w.p(" *")
		for i, par := range append([]string{fmt.Sprintf("Number %d on every architecture: %s.", c.Num, c.Doc)}, callDocs[c.Name]...) {
			if i > 0 {
				w.p(" *")
			}
			for _, line := range wrap(par, 70) {
				w.p(" *   %s", line)
			}
		}
	}
	w.p(" *")
	w.p(" * Unknown flags are refused with EINVAL. The format of the image is in")
	w.p(" * <linux/checkpoint_image.h>.")
	w.p(" */")
	w.p("")
	w.p("#include <linux/types.h>")
	w.p("")
	cEnum(w, schema.CheckpointFlags)
	cEnum(w, schema.RestartFlags)
	w.p("/* Stands for \"no descriptor\" in the fd and logfd arguments. */")
	w.p("#define CHECKPOINT_FD_NONE\t(%d)", schema.FDNone)
	w.p("")
	cComment(w, "The result of CHECKPOINT_QUERY: the format revision of this kernel in bits 0-15, its CKPT_FEATURE_* bits above.")
	w.p("#define CHECKPOINT_QUERY_REV(x)\t\t((__u16)((x) & 0xffff))")
	w.p("#define CHECKPOINT_QUERY_FEATURES(x)\t((__u64)(x) >> %d)", queryShift)
	w.p("")
	cEnum(w, schema.Features)
	w.p(`/**
 * struct target_pid_set - the pids that clone_with_pids gives to a new task
 * @num_pids: number of entries, at most the number of pid namespaces that the
 *	new task is in
 * @target_pids: the pids, from an outer namespace to the innermost, which is
 *	always the last entry. 0 lets the kernel choose; a pid that is in use is
 *	refused with EBUSY.
 *
 * More entries than the task has pid namespaces are refused with EINVAL.
 */
struct target_pid_set {
	int num_pids;
	__kernel_pid_t *target_pids;
};
`)
	w.p("#endif /* _UAPI_LINUX_CHECKPOINT_H */")
	return w.Bytes()
}

// queryShift is where the feature bits start in the result of CHECKPOINT_QUERY.
const queryShift = 16
