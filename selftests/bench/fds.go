// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
)

// What is measured of descriptors. All times are divided by the number of descriptors; those of checkpoint and restart
// are what the descriptors add to the time of the same program without any.
//
//   - open(2): by the program, of as many files on tmpfs as it then has descriptors, each another one.
//   - checkpoint and restart: as of a crowd, by the bare calls.
const (
	fdOpen    = "open(2)"
	fdSave    = "checkpoint to tmpfs"
	fdRestore = "restart by the calls"
)

var fdOrder = []string{fdOpen, fdSave, fdRestore}

// errRefused comes from a kernel that does not save these descriptors.
var errRefused = errors.New("refused")

// A Table is what a process has open: n files, or n pairs.
type Table struct {
	kind  string
	n     int
	dir   string
	times map[string][]time.Duration // of the process with its descriptors
	bare  map[string][]time.Duration // of the one without
}

// parseTables reads KIND:N,...
func parseTables(text string) ([]*Table, error) {
	var list []*Table
	if text == "" {
		return nil, nil
	}
	for _, word := range strings.Split(text, ",") {
		kind, number, _ := strings.Cut(word, ":")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > 30000 || !slices.Contains([]string{"files", "pipes", "sockets"}, kind) {
			return nil, fmt.Errorf("%q is not files, pipes or sockets and how many", word)
		}
		list = append(list, &Table{kind: kind, n: n})
	}
	return list, nil
}

func measureTables(dir, tables string, rounds int) error {
	list, err := parseTables(tables)
	if err != nil {
		return err
	}
	// Who restarts may open no more than its own hard limit allows.
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 65536, Max: 65536}); err != nil {
		return fmt.Errorf("setrlimit: %w", err)
	}
	for _, b := range list {
		b.dir = dir
		err := b.measure(rounds)
		if errors.Is(err, errRefused) {
			// Nothing is measured, and nobody is to believe that it was.
			fmt.Printf("\n%d %s: not measured, %v\n\nskipped table=%s descriptors=%d\n", b.n, b.kind, err, b.kind, b.fds())
			continue
		}
		if err == nil {
			err = b.report(os.Stdout)
		}
		if err != nil {
			return fmt.Errorf("%d %s: %w", b.n, b.kind, err)
		}
	}
	return nil
}

func (b *Table) measure(rounds int) error {
	b.times, b.bare = map[string][]time.Duration{}, map[string][]time.Duration{}
	for r := range rounds {
		if err := b.round(0, b.bare); err != nil {
			return err
		}
		if err := b.round(b.n, b.times); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%d %s: round %d of %d\n", b.n, b.kind, r+1, rounds)
	}
	return nil
}

// round measures everything once, of a process with n of them.
func (b *Table) round(n int, times map[string][]time.Duration) error {
	dir := filepath.Join(b.dir, "fds")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c := &Crowd{n: 1, dir: dir, times: map[string][]time.Duration{}}
	path, log := filepath.Join(dir, "image"), filepath.Join(dir, "log.kernel")
	cmd := exec.Command(progs+"fds", dir, "keep", fmt.Sprintf("%s:%d", b.kind, n))
	if err := cmd.Start(); err != nil {
		return err
	}
	opened, err := fdsReady(dir)
	if err == nil {
		err = b.save(c, cmd.Process.Pid, path, log)
	}
	cmd.Process.Kill()
	var exit *exec.ExitError
	if waitErr := cmd.Wait(); waitErr != nil && !errors.As(waitErr, &exit) {
		err = errors.Join(err, waitErr)
	}
	if err != nil {
		return err
	}
	entries, pids, err := arrayOf(path)
	if err != nil {
		return err
	}
	bare := append([]string{progs + "treestart_" + runtime.GOARCH, log}, entries...)
	if err := c.restore(crowdRestore, path, pids, bare); err != nil {
		return err
	}
	times[fdOpen] = append(times[fdOpen], opened)
	times[fdSave] = append(times[fdSave], c.times[crowdSave]...)
	times[fdRestore] = append(times[fdRestore], c.times[crowdRestore]...)
	return nil
}

// save is a checkpoint. A refusal is told apart from what goes wrong by a dry run, which writes nothing but the reason.
func (b *Table) save(c *Crowd, pid int, path, log string) error {
	err := c.save(pid, path)
	if !errors.Is(err, unix.EBADF) && !errors.Is(err, unix.EOPNOTSUPP) {
		return err
	}
	f, openErr := os.Create(log)
	if openErr != nil {
		return openErr
	}
	defer f.Close()
	_, dryErr := calls.Checkpoint(pid, calls.CHECKPOINT_FD_NONE, calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE|calls.CHECKPOINT_DRYRUN, int(f.Fd()))
	why, _ := os.ReadFile(log)
	first, _, _ := strings.Cut(string(why), "\n")
	if dryErr == nil || b.kind != "sockets" || !strings.Contains(first, "socket") {
		return fmt.Errorf("%w: %s", err, first)
	}
	return fmt.Errorf("%w by this kernel: %v: %s", errRefused, dryErr, first)
}

// fdsReady waits for the program and reads how long its calls of open(2) took.
func fdsReady(dir string) (time.Duration, error) {
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		text, err := os.ReadFile(filepath.Join(dir, "result"))
		if err != nil && !os.IsNotExist(err) {
			return 0, err
		}
		var ns, n int64
		if strings.HasSuffix(string(text), "READY\n") {
			if _, err := fmt.Sscanf(string(text), "open %d %d\n", &ns, &n); err != nil {
				return 0, fmt.Errorf("fds: %q", text)
			}
			return time.Duration(ns), nil
		}
		if strings.Contains(string(text), "SETUP") || time.Since(begin) > patience {
			return 0, fmt.Errorf("fds: %q", text)
		}
	}
}

// fds is how many descriptors there are.
func (b *Table) fds() int {
	if b.kind == "files" {
		return b.n
	}
	return 2 * b.n
}

// cost is what one descriptor costs.
func (b *Table) cost(what string) time.Duration {
	d := median(b.times[what])
	if what != fdOpen {
		d -= median(b.bare[what])
	}
	return d / time.Duration(b.fds())
}

// report prints the table of one kind, and a line for programs for each figure.
func (b *Table) report(w io.Writer) error {
	fmt.Fprintf(w, "\n%d %s, %d descriptors, medians of %d rounds\n\n", b.n, b.kind, b.fds(), len(b.times[fdSave]))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "what\tms\twithout them, ms\tus per descriptor\tratio to open(2)")
	for _, what := range fdOrder {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.2f\t%.2f\n", what, ms(median(b.times[what])), ms(median(b.bare[what])), float64(b.cost(what))/1e3, b.ratio(what))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, what := range fdOrder {
		_, err := fmt.Fprintf(w, "figure table=%s descriptors=%d what=%q median_ns=%d each_ns=%d\nratio table=%s descriptors=%d what=%q to=%q value=%.3f\n",
			b.kind, b.fds(), what, median(b.times[what]), b.cost(what), b.kind, b.fds(), what, fdOpen, b.ratio(what))
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *Table) ratio(what string) float64 {
	return float64(b.cost(what)) / float64(max(b.cost(fdOpen), 1))
}
