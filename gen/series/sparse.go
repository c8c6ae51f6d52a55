// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"

	"linux-cr/qemu/kbuild"
)

// sparseOurs runs the checker in the tree and objects of make kernel, brought up to date first.
func sparseOurs(root, ksrc string, c *content, stderr io.Writer) error {
	opts, err := buildOptions(root, ksrc, stderr)
	if err != nil {
		return err
	}
	return kbuild.WithTree(opts, func(make func(...string) *exec.Cmd) error {
		// The bootable file lies in the folder below arch/ whose name is wanted.
		return sparse(make, strings.Split(opts.Arch.Image, "/")[1], c)
	})
}

// sparseIn runs the checker in a configured object folder, whose source is the
// patched tree.
func sparseIn(obj, arch string, c *content) error {
	return sparse(func(args ...string) *exec.Cmd {
		return exec.Command("make", append([]string{"-C", obj}, args...)...)
	}, arch, c)
}

// sparse runs the checker over our objects and fails on what it says about our
// files. arch is the folder name below arch/.
func sparse(make func(args ...string) *exec.Cmd, arch string, c *content) error {
	targets := objects(c, arch)
	if len(targets) == 0 {
		return fmt.Errorf("no file in kernel/tree is compiled into the kernel")
	}
	args := []string{"--no-print-directory", fmt.Sprintf("-j%d", runtime.NumCPU()), "C=2", "CHECK=sparse"}
	cmd := make(append(args, targets...)...)
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("make C=2: %w\n%s", err, out)
	}
	if !bytes.Contains(out, []byte("CHECK")) {
		return fmt.Errorf("make C=2 did not run sparse\n%s", out)
	}
	if found := about(out, c); len(found) > 0 {
		return fmt.Errorf("sparse:\n%s", strings.Join(found, "\n"))
	}
	return nil
}

// objects are the make targets of the files that the kernel is built from.
func objects(c *content, arch string) []string {
	var targets []string
	for _, f := range c.files {
		name, ok := strings.CutSuffix(f.name, ".c")
		top, below, _ := strings.Cut(f.name, "/")
		switch {
		case !ok, top == "samples", top == "tools", top == "usr":
		case top == "arch" && !strings.HasPrefix(below, arch+"/"):
		default:
			targets = append(targets, name+".o")
		}
	}
	return targets
}

// lockers are our functions that sparse counts the locks of wrongly, and what they call that returns with one held and
// that sparse cannot follow: it depends on the result, or on the architecture. Lockdep has seen each of them at work.
var lockers = map[string]string{
	"ckpt_walk_pmd":          "pte_offset_map_lock, which may return without the lock",
	"userfault_walk_pmd":     "the same",
	"ckpt_ipc_key_used":      "ipc_findkey, which takes the lock of the object that it returns, and none without one",
	"ckpt_ipc_clear":         "the remove operation of the kind of object, which drops the lock",
	"ckpt_ipc_free":          "the remove operation of the kind of object, which drops the lock",
	"ckpt_undo_apply":        "find_alloc_undo, which returns in an RCU section unless it fails",
	"ckpt_sched_affinity":    "task_rq_lock, which takes two locks and drops them in a loop",
	"timer_settle":           "lock_timer, which takes the lock of the timer that it returns, and none without one",
	"timer_start":            "the same",
	"ckpt_sched_set_cputime": "task_rq_lock, which takes two locks and drops them in a loop",
}

var imbalance = regexp.MustCompile(`context imbalance in '(\w+)'`)

// balanced reports whether a line is about the locks of one of the lockers.
func balanced(line string) bool {
	m := imbalance.FindStringSubmatch(line)
	return m != nil && lockers[m[1]] != ""
}

var diagnostic = regexp.MustCompile(`^(\S+?):\d+:(\d+:)? `)

// about returns the lines of output that are about files of kernel/tree.
func about(output []byte, c *content) []string {
	var found []string
	lines := bufio.NewScanner(bytes.NewReader(output))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		m := diagnostic.FindStringSubmatch(lines.Text())
		if m == nil || balanced(lines.Text()) {
			continue
		}
		for _, f := range c.files {
			if m[1] == f.name || strings.HasSuffix(m[1], "/"+f.name) {
				found = append(found, lines.Text())
				break
			}
		}
	}
	return found
}
