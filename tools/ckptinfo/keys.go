// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"strconv"
	"strings"

	"linux-cr/abi/image"
)

// keys are the fields shown in the line of a record, by record. A name that
// ends in ":x" is shown in hexadecimal, one in ":o" in octal. Records that are
// not listed show their first fields.
var keys = map[string]string{
	"header":        "",
	"header_arch":   "elf_machine fpu_size features:x",
	"container":     "lsm",
	"string":        "text",
	"pad":           "size",
	"tail":          "nr_records size",
	"error":         "err text",
	"tree":          "nr_tasks",
	"pids":          "pid tgid ppid pgid sid flags",
	"task":          "pid comm state flags",
	"thread":        "nr_regsets clear_child_tid:x robust_list:x rseq_addr:x",
	"regset":        "note_type:x size",
	"restart_block": "kind flags remaining",
	"sched":         "policy nice priority",
	"task_objs":     "mm_ref files_ref fs_ref sighand_ref signal_ref cred_ref",
	"cred":          "objref uid euid gid egid cap_effective:x nr_groups",
	"file":          "objref f_type f_flags:o i_mode:o f_pos",
	"file_table":    "objref nr_fds",
	"file_desc":     "fd file_ref flags",
	"pipe":          "objref flags size nr_bufs",
	"pipe_buf":      "flags offset size",
	"timerfd":       "clock value interval ticks flags",
	"inotify":       "nr_watches nr_events",
	"unlinked":      "objref flags i_mode:o size uid gid",
	"memfd":         "objref flags size seals:x",
	"eventfd":       "count flags",
	"epoll":         "objref file_ref nr_items",
	"epoll_item":    "fd file_ref events:x flags data:x",
	"fs":            "objref umask:o",
	"mm":            "objref nr_vmas exe_ref brk:x",
	"mm_context":    "vdso:x",
	"shmem":         "objref flags size",
	"shm":           "objref flags size",
	"shm_file":      "shm_ref",
	"sem":           "objref otime",
	"sem_undo":      "objref nr_sets",
	"sem_undo_set":  "sem_ref",
	"msg_queue":     "objref nr_messages qbytes",
	"msg":           "mtype",
	"mqueue":        "objref flags maxmsg msgsize nr_messages mode:o notify_pid",
	"mqueue_msg":    "priority size",
	"mqueue_file":   "mqueue_ref flags",
	"vma":           "start:x end:x kind prot map_flags:x flags file_ref",
	"pgarr":         "nr_pages",
	"sighand":       "objref nr_actions",
	"signal":        "objref flags oom_score_adj nr_rlimits",
	"sigtask":       "blocked:x flags",
	"sigpending":    "queue nr_infos signals:x",

	"socket":          "objref sock_type state flags backlog nr_options",
	"socket_file":     "socket_ref",
	"socket_peercred": "pid uid gid nr_groups",
	"socket_queue":    "objref socket_ref peer_ref flags nr_buffers",
	"socket_buffer":   "flags sender_ref nr_files size",
	"socket_right":    "file_ref",
}

// fallback is how many fields of other records are shown.
const fallback = 4

// line is what the line of a record says behind its type and length.
func line(e *image.Entry) string {
	if e.Record == nil {
		return "(unknown, optional)"
	}
	spec, ok := keys[e.Name()]
	parts := pick(e.Record, spec)
	if !ok {
		parts = firstNumbers(e.Record)
	}
	if len(e.Addrs) > 0 {
		parts = append(parts, fmt.Sprintf("%#x ... %#x", e.Addrs[0], e.Addrs[len(e.Addrs)-1]))
	}
	return strings.Join(parts, " ")
}

// pick shows the fields of a record that are listed.
func pick(r image.Record, spec string) []string {
	values := image.Values(r)
	var parts []string
	for key := range strings.FieldsSeq(spec) {
		name, base, _ := strings.Cut(key, ":")
		for _, v := range values {
			if v.Name == name {
				parts = append(parts, name+"="+inBase(v, base))
			}
		}
	}
	return parts
}

// firstNumbers shows the first fields of a record that are numbers.
func firstNumbers(r image.Record) []string {
	var parts []string
	for _, v := range image.Values(r) {
		if _, number := v.Uint(); number && !v.Reserved && len(parts) < fallback {
			parts = append(parts, v.Name+"="+v.Text())
		}
	}
	return parts
}

func inBase(v image.Value, base string) string {
	n, ok := v.Uint()
	switch {
	case ok && base == "x":
		return fmt.Sprintf("%#x", n)
	case ok && base == "o":
		return fmt.Sprintf("%#o", n)
	case ok && base == "":
		if v.Enum == nil && v.Flags == nil && !v.Kind.Signed() {
			return strconv.FormatUint(n, 10)
		}
	}
	return v.Text()
}
