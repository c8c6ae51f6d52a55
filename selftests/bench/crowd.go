// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bufio"
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
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/abi/image"
)

// What is measured of a crowd, in the order of the table. All times are divided by the number of tasks.
//
//   - fork, exit, wait: by the first process, of as many as the crowd has; of threads: pthread_create and join.
//   - checkpoint: one call with CHECKPOINT_FREEZE to a new file on tmpfs, from the call to its return.
//   - restart: from the first clone_with_pids to the return of the coordinator's restart(2): the making of the
//     processes is a part of it. By the bare calls, and by the tool, which reads the image's head first.
const (
	crowdFork    = "fork, exit, wait"
	crowdSave    = "checkpoint to tmpfs"
	crowdRestore = "restart by the calls"
	crowdTool    = "restart by the tool"
)

var crowdOrder = []string{crowdFork, crowdSave, crowdRestore, crowdTool}

const (
	// sharers are processes that share sharedBytes of memory, which are to be in the image once.
	sharers     = "sharers"
	sharedBytes = 100 << 20

	progs       = "/progs/"
	restartTool = "/bin/restart"
)

// A Crowd is a hierarchy of n processes, or a process of n threads.
type Crowd struct {
	kind  string
	n     int
	dir   string
	bytes int64
	times map[string][]time.Duration
}

func checkCounts(text string) error {
	_, err := parseCounts(text)
	return err
}

func parseCounts(text string) ([]int, error) {
	var list []int
	if text == "" {
		return nil, nil
	}
	for _, word := range strings.Split(text, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 2 || n > 30000 {
			return nil, fmt.Errorf("%q is not a number of tasks", word)
		}
		list = append(list, n)
	}
	return list, nil
}

func measureCrowds(dir, kind, counts string, rounds int) error {
	list, err := parseCounts(counts)
	if err != nil {
		return err
	}
	for _, n := range list {
		if n >= 1000 {
			rounds = min(rounds, 3)
		}
		c := &Crowd{kind: kind, n: n, dir: dir, times: map[string][]time.Duration{}}
		for r := range rounds {
			if err := c.round(); err != nil {
				return fmt.Errorf("%d %s: %w", n, kind, err)
			}
			fmt.Fprintf(os.Stderr, "%d %s: round %d of %d\n", n, kind, r+1, rounds)
		}
		if err := c.report(os.Stdout); err != nil {
			return err
		}
	}
	return nil
}

// round measures everything once.
func (c *Crowd) round() error {
	dir := filepath.Join(c.dir, "crowd")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command(progs+"crowd", dir, "keep", fmt.Sprintf("%s:%d", c.kind, c.n))
	if err := cmd.Start(); err != nil {
		return err
	}
	pid := cmd.Process.Pid
	path := filepath.Join(dir, "image")
	err := c.ready(dir, pid)
	if err == nil {
		err = c.save(pid, path)
	}
	killErr := cmd.Process.Kill()
	var exit *exec.ExitError
	if waitErr := cmd.Wait(); waitErr != nil && !errors.As(waitErr, &exit) {
		killErr = errors.Join(killErr, waitErr)
	}
	if err := errors.Join(err, killErr); err != nil {
		return err
	}
	entries, pids, err := arrayOf(path)
	if err != nil {
		return err
	}
	if len(pids) != c.n {
		return fmt.Errorf("the image has %d tasks", len(pids))
	}
	log := filepath.Join(dir, "restart.log")
	bare := append([]string{progs + "treestart_" + runtime.GOARCH, log}, entries...)
	if err := c.restore(crowdRestore, path, pids, bare); err != nil {
		return err
	}
	return c.restore(crowdTool, path, pids, []string{restartTool, "--verbose", "-l", log})
}

// ready waits for the crowd and reads how long its forks took.
func (c *Crowd) ready(dir string, pid int) error {
	result := filepath.Join(dir, "result")
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		text, err := os.ReadFile(result)
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		var ns int64
		if strings.HasSuffix(string(text), "READY\n") {
			if _, err := fmt.Sscanf(string(text), "fork %d\n", &ns); err != nil {
				return fmt.Errorf("crowd: %q", text)
			}
			c.add(crowdFork, time.Duration(ns))
			return nil
		}
		if strings.Contains(string(text), "SETUP") || time.Since(begin) > patience {
			return fmt.Errorf("crowd %d: %q", pid, text)
		}
	}
}

func (c *Crowd) save(pid int, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	begin := monotonic()
	_, err = calls.Checkpoint(pid, int(f.Fd()), calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE, calls.CHECKPOINT_FD_NONE)
	c.add(crowdSave, time.Duration(monotonic()-begin))
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c.bytes = info.Size()
	if own := c.bytes - sharedBytes; c.kind == sharers && (own < 0 || own > int64(c.n)<<20) {
		return fmt.Errorf("image of %d bytes, with %d bytes of shared memory", c.bytes, sharedBytes)
	}
	return nil
}

// arrayOf reads the task array of an image, as treestart takes it.
func arrayOf(path string) (entries []string, pids []int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	r, err := image.NewReader(f)
	if err != nil {
		return nil, nil, err
	}
	for {
		e, err := r.Next()
		if err == io.EOF {
			return entries, pids, nil
		}
		if err != nil {
			return nil, nil, err
		}
		p, ok := e.Record.(*image.Pids)
		if !ok {
			if len(pids) > 0 {
				return entries, pids, nil
			}
			continue
		}
		mark := ""
		if p.Flags&image.CKPT_PIDS_SYSVSEM != 0 {
			mark = "s"
		}
		entries = append(entries, fmt.Sprintf("%d:%d%s:%d", p.PID, p.TGID, mark, p.PPID))
		pids = append(pids, int(p.PID))
	}
}

// restore runs a restarter, which tells the time it took, and ends what has come back.
func (c *Crowd) restore(what, path string, pids []int, args []string) error {
	if err := gone(pids); err != nil {
		return err
	}
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin = in
	out, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	w.Close()
	if err != nil {
		return err
	}
	took, err := tookOf(bufio.NewScanner(out))
	if err == nil {
		c.add(what, took)
		err = unix.Kill(pids[0], unix.SIGKILL)
	} else {
		cmd.Process.Kill()
	}
	var exit *exec.ExitError
	if waitErr := cmd.Wait(); waitErr != nil && !errors.As(waitErr, &exit) {
		err = errors.Join(err, waitErr)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return gone(pids)
}

// tookOf reads the time that a restarter tells: "took NANOSECONDS" or "restart: DURATION".
func tookOf(s *bufio.Scanner) (time.Duration, error) {
	var said []string
	for s.Scan() {
		line := s.Text()
		if ns, ok := strings.CutPrefix(line, "took "); ok && len(said) > 0 && strings.HasPrefix(said[0], "restart 0 ") {
			n, err := strconv.ParseInt(ns, 10, 64)
			return time.Duration(n), err
		}
		if d, err := time.ParseDuration(strings.TrimPrefix(line, "restart: ")); err == nil {
			return d, nil
		}
		said = append(said, line)
	}
	return 0, fmt.Errorf("%q", said)
}

// gone waits until the numbers of the tasks are free.
func gone(pids []int) error {
	begin := time.Now()
	for _, pid := range pids {
		for unix.Kill(pid, 0) != unix.ESRCH {
			if time.Since(begin) > patience {
				return fmt.Errorf("process %d does not end", pid)
			}
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

func (c *Crowd) add(what string, d time.Duration) { c.times[what] = append(c.times[what], d) }

// report prints the table of one crowd, and a line for programs for each figure.
func (c *Crowd) report(w io.Writer) error {
	fmt.Fprintf(w, "\n%d %s, image of %d bytes, medians of %d rounds\n\n", c.n, c.kind, c.bytes, len(c.times[crowdSave]))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "what\tms\tus per task\tleast to most, ms\tratio to fork")
	for _, what := range crowdOrder {
		m := median(c.times[what])
		fmt.Fprintf(t, "%s\t%s\t%.1f\t%s to %s\t%.2f\n", what, ms(m), float64(m.Microseconds())/float64(c.n),
			ms(slices.Min(c.times[what])), ms(slices.Max(c.times[what])), c.ratio(what))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, what := range crowdOrder {
		_, err := fmt.Fprintf(w, "figure crowd=%s tasks=%d bytes=%d what=%q median_ns=%d\nratio crowd=%s tasks=%d what=%q to=%q value=%.3f\n",
			c.kind, c.n, c.bytes, what, median(c.times[what]), c.kind, c.n, what, crowdFork, c.ratio(what))
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Crowd) ratio(what string) float64 {
	return float64(median(c.times[what])) / float64(max(median(c.times[crowdFork]), 1))
}
