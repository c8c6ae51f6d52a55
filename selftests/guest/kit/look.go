// SPDX-License-Identifier: GPL-2.0

package kit

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// A Look is what /proc shows of a process: file and line names to text.
type Look map[string]string

// statusLines are the lines of /proc/PID/status that must not change. Left out are those that differ between any two
// looks (memory in RAM, context switches), the parent, and the process group and session, which lie outside of a
// hierarchy of one.
var statusLines = []string{
	"Name", "Umask", "Tgid", "Pid", "NStgid", "NSpid", "Uid", "Gid", "Groups", "Kthread", "VmSize", "VmLck", "VmData",
	"VmStk", "VmExe", "VmLib", "HugetlbPages", "CoreDumping", "THP_enabled", "Threads", "SigPnd", "ShdPnd", "SigBlk", "SigIgn",
	"SigCgt", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters", "Speculation_Store_Bypass",
	"SpeculationIndirectBranch", "Cpus_allowed", "Cpus_allowed_list", "Mems_allowed", "Mems_allowed_list", "untag_mask",
}

// statFields are the fields of /proc/PID/stat that must not change, counted from 1 as in proc_pid_stat(5).
var statFields = map[int]string{
	1: "pid", 2: "comm", 18: "priority", 19: "nice", 20: "num_threads", 23: "vsize", 25: "rsslim", 26: "startcode", 27: "endcode",
	28: "startstack", 31: "signal", 32: "blocked", 33: "sigignore", 34: "sigcatch", 38: "exit_signal", 40: "rt_priority",
	41: "policy", 45: "start_data", 46: "end_data", 47: "start_brk", 48: "arg_start", 49: "arg_end", 50: "env_start", 51: "env_end",
	52: "exit_code",
}

// PF_FORKNOEXEC of the flags in /proc/PID/stat.
const forkNoExec = 0x40

// whole are the files that must be the same, byte for byte.
var whole = []string{
	"maps", "auxv", "environ", "cmdline", "comm", "limits", "personality", "timerslack_ns", "oom_score_adj", "coredump_filter",
	"uid_map", "gid_map", "cpuset",
}

var links = []string{"exe", "cwd", "root", "ns/cgroup", "ns/ipc", "ns/mnt", "ns/net", "ns/pid", "ns/time", "ns/user", "ns/uts"}

// Look looks at a process.
func LookAt(t testing.TB, pid int) Look {
	t.Helper()
	l := Look{}
	dir := fmt.Sprintf("/proc/%d", pid)
	for _, name := range whole {
		l[name] = optional(t, filepath.Join(dir, name))
	}
	for _, name := range links {
		l[name] = link(filepath.Join(dir, name))
	}
	for _, line := range strings.Split(optional(t, filepath.Join(dir, "status")), "\n") {
		if k, v, ok := strings.Cut(line, ":"); ok && slices.Contains(statusLines, k) {
			l["status "+k] = strings.TrimSpace(v)
		}
	}
	l.stat(pid)
	l.sched(optional(t, filepath.Join(dir, "sched")))
	l.smaps(optional(t, filepath.Join(dir, "smaps")))
	l.files(t, dir)
	return l
}

// optional reads a file that a kernel may not have.
func optional(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return ""
	}
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func link(path string) string {
	s, err := os.Readlink(path)
	if err != nil {
		return err.Error()
	}
	return s
}

func (l Look) stat(pid int) {
	for i, f := range Stat(pid) {
		if name, ok := statFields[i+1]; ok {
			l["stat "+name] = f
		}
		if i+1 == 9 {
			flags, _ := strconv.ParseUint(f, 10, 64)
			l["stat flags"] = fmt.Sprint(flags & forkNoExec)
		}
	}
}

var schedLine = regexp.MustCompile(`(?m)^(policy|prio)\s*:\s*(\S+)`)

func (l Look) sched(text string) {
	for _, m := range schedLine.FindAllStringSubmatch(text, -1) {
		l["sched "+m[1]] = m[2]
	}
}

var areaLine = regexp.MustCompile(`^[0-9a-f]+-[0-9a-f]+ `)

// smaps keeps the size and the flags of each area, and whether it may have huge pages. Which pages are in RAM is
// nobody's business: clean file pages are read again when they are needed, and zeros are not kept.
func (l Look) smaps(text string) {
	area := ""
	for _, line := range strings.Split(text, "\n") {
		if areaLine.MatchString(line) {
			area = strings.Fields(line)[0]
			continue
		}
		k, v, _ := strings.Cut(line, ":")
		switch k {
		case "Size", "KernelPageSize", "THPeligible", "ProtectionKey":
			l["smaps "+area+" "+k] = strings.TrimSpace(v)
		case "VmFlags":
			f := strings.Fields(v)
			// sd: written since somebody asked. It says nothing about the program.
			f = slices.DeleteFunc(f, func(s string) bool { return s == "sd" })
			sort.Strings(f)
			l["smaps "+area+" "+k] = strings.Join(f, " ")
		}
	}
}

func (l Look) files(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		l["fd"] = err.Error()
		return
	}
	for _, e := range entries {
		l["fd "+e.Name()] = link(filepath.Join(dir, "fd", e.Name()))
		l["fdinfo "+e.Name()] = optional(t, filepath.Join(dir, "fdinfo", e.Name()))
	}
}

// Compare reports every difference between two looks at the same program. Except are regular expressions for what may
// differ.
func (l Look) Compare(t testing.TB, after Look, except ...string) {
	t.Helper()
	keys := map[string]bool{}
	for k := range l {
		keys[k] = true
	}
	for k := range after {
		keys[k] = true
	}
	sorted := make([]string, 0, len(keys))
	for k := range keys {
		sorted = append(sorted, k)
	}
	sort.Strings(sorted)
	for _, k := range sorted {
		if l[k] == after[k] || slices.ContainsFunc(except, func(e string) bool { return regexp.MustCompile(e).MatchString(k) }) {
			continue
		}
		t.Errorf("/proc: %s: got %s, want %s", k, firstDifference(after[k], l[k]), firstDifference(l[k], after[k]))
	}
}

// firstDifference shortens long texts to the first line that differs.
func firstDifference(a, b string) string {
	al, bl := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i, line := range al {
		if i >= len(bl) || bl[i] != line {
			return fmt.Sprintf("line %d %q", i+1, line)
		}
	}
	return fmt.Sprintf("%d lines", len(al))
}
