// SPDX-License-Identifier: GPL-2.0

package schema

// Syscalls are the three system calls. Upstream has handed out numbers up to
// 471 and adds about five a year; 512 to 547 are the x32 calls of x86-64. From
// 600 on there is room for decades.
var Syscalls = []Syscall{
	{Name: "checkpoint", Num: 600, Doc: "save a process hierarchy to a stream", Args: []Arg{
		{"pid_t", "pid"}, {"int", "fd"}, {"unsigned long", "flags"}, {"int", "logfd"},
	}},
	{Name: "restart", Num: 601, Doc: "bring a process hierarchy back from a stream", Args: []Arg{
		{"pid_t", "pid"}, {"int", "fd"}, {"unsigned long", "flags"}, {"int", "logfd"},
	}},
	{Name: "clone_with_pids", Num: 602, Doc: "clone(2) with chosen pids", Args: []Arg{
		{"unsigned long", "clone_flags"}, {"void __user *", "newsp"},
		{"int __user *", "parent_tidptr"}, {"int __user *", "child_tidptr"},
		{"struct target_pid_set __user *", "pid_set"},
	}},
}

// FDNone stands for "no descriptor" in the fd (dry run) and logfd arguments.
const FDNone = -1
