package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"time"

	"linux-cr/qemu/event"
)

const kmemleak = "/sys/kernel/debug/kmemleak"

// leakAge is how old an object has to be before kmemleak reports it, plus a little.
const leakAge = 6 * time.Second

// debugLocks is what lockdep says as long as it works.
var debugLocks = regexp.MustCompile(`(?m)^ *debug_locks: *1$`)

// A leakDetector drives kmemleak: what was unreferenced before it was opened does not count.
type leakDetector struct{}

// openLeakDetector returns nil when the kernel has no kmemleak.
func openLeakDetector() (*leakDetector, error) {
	if _, err := os.Stat(kmemleak); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, command := range []string{"scan=off", "scan", "clear"} {
		if err := os.WriteFile(kmemleak, []byte(command), 0); err != nil {
			return nil, fmt.Errorf("kmemleak %s: %w", command, err)
		}
	}
	return &leakDetector{}, nil
}

// scan reports the objects that nothing refers to any more, and a lock checker that is off. It scans twice, since a pointer may have been in a register
// or on its way from one object to another during the first scan.
func (*leakDetector) scan(r *report) error {
	if err := checkLockdep(r); err != nil {
		return err
	}
	time.Sleep(leakAge)
	for range 2 {
		if err := os.WriteFile(kmemleak, []byte("scan"), 0); err != nil {
			return fmt.Errorf("kmemleak scan: %w", err)
		}
	}
	data, err := os.ReadFile(kmemleak)
	if err != nil {
		return err
	}
	if len(data) == 0 {
		return nil
	}
	n := strings.Count(string(data), "unreferenced object")
	if err := r.send(event.Event{Kind: event.Output, Test: event.LeakTest, Text: string(data)}); err != nil {
		return err
	}
	return r.send(event.Event{Kind: event.Problem, Test: event.LeakTest, Text: fmt.Sprintf("kmemleak found %d unreferenced objects", n)})
}

// checkLockdep reports that the kernel no longer checks locks, which it stops to do at the first fault and, without one,
// when it runs out of memory for them.
func checkLockdep(r *report) error {
	data, err := os.ReadFile("/proc/lockdep_stats")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if debugLocks.Match(data) {
		return nil
	}
	return r.send(event.Event{Kind: event.Problem, Test: event.LeakTest, Text: "locks are no longer checked:\n" + string(data)})
}
