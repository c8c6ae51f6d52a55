// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/tools/internal/source"
)

// clocks are those that a time namespace can move, by their names in /proc.
var clocks = []struct {
	name   string
	id     int32
	stands func(h *source.Head) int64 // what the tasks saw at the checkpoint, nanoseconds
}{
	{"monotonic", unix.CLOCK_MONOTONIC, func(h *source.Head) int64 { return h.Header.Monotonic + h.Config.MonotonicOffset }},
	{"boottime", unix.CLOCK_BOOTTIME, func(h *source.Head) int64 { return h.Header.Boottime + h.Config.BoottimeOffset }},
}

// goOn gives the processes that the calling thread makes from now on a time
// namespace in which the clocks go on from where they stood at the checkpoint.
// The thread itself does not enter it.
func goOn(h *source.Head) error {
	if err := unix.Unshare(unix.CLONE_NEWTIME); err != nil {
		return fmt.Errorf("new time namespace: %w", err)
	}
	// Of the thread, which /proc/thread-self does not show.
	file := fmt.Sprintf("/proc/%d/timens_offsets", unix.Gettid())
	// Until they are set they are those of the namespace that we are in.
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	own, err := parseOffsets(string(b))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	var text strings.Builder
	for _, c := range clocks {
		var now unix.Timespec
		if err := unix.ClockGettime(c.id, &now); err != nil {
			return fmt.Errorf("CLOCK_%s: %w", strings.ToUpper(c.name), err)
		}
		text.WriteString(offsetLine(c.name, c.stands(h)-(now.Nano()-own[c.name])))
	}
	if err := os.WriteFile(file, []byte(text.String()), 0); err != nil {
		return fmt.Errorf("the clocks cannot go on from where they stood: %w", err)
	}
	return nil
}

// parseOffsets reads the nanoseconds that a time namespace adds to each clock.
func parseOffsets(text string) (map[string]int64, error) {
	offsets := map[string]int64{}
	for line := range strings.Lines(text) {
		var name string
		var sec, nsec int64
		if _, err := fmt.Sscan(line, &name, &sec, &nsec); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		offsets[name] = sec*int64(time.Second) + nsec
	}
	return offsets, nil
}

// offsetLine is a line of timens_offsets, where the nanoseconds are never
// negative.
func offsetLine(name string, offset int64) string {
	sec, nsec := offset/int64(time.Second), offset%int64(time.Second)
	if nsec < 0 {
		sec, nsec = sec-1, nsec+int64(time.Second)
	}
	return fmt.Sprintf("%s %d %d\n", name, sec, nsec)
}
