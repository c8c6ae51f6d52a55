package suite

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"linux-cr/qemu"
	"linux-cr/qemu/arch"
	"linux-cr/qemu/event"
)

// bootMisbehave boots a machine with the tests of package misbehave that match pattern.
func bootMisbehave(t *testing.T, pattern string, timeout time.Duration) *run {
	t.Helper()
	if testing.Short() {
		t.Skip("boots a virtual machine")
	}
	a, err := arch.Find("amd64")
	if err != nil {
		t.Fatal(err)
	}
	r, release, err := boot(t, &Config{
		Name: "harness", Arch: a, Package: "qemu/suite/misbehave", Run: pattern, Kernel: os.Getenv("KERNEL"),
		Debug: os.Getenv("SELFTEST_DEBUG") == "1", TestTimeout: 3 * time.Second, Timeout: timeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return r
}

// expect collects the verdict of every test and compares its faults with those wanted: a part of one of them, or
// nothing for a test that has to pass.
func expect(t *testing.T, r *run, want map[string]string) {
	t.Helper()
	want[event.BootTest] = ""
	if _, ok := want[event.LeakTest]; r.config.Debug && !ok {
		want[event.LeakTest] = ""
	}
	for _, name := range r.names {
		v := collect(name, r.take)
		part, ok := want[name]
		if !ok {
			t.Errorf("%s: unexpected test", name)
		}
		got := strings.Join(v.faults(nil, "amd64"), "\n")
		if (part == "") != (got == "") || !strings.Contains(got, part) {
			t.Errorf("%s: faults %q, want %q\noutput:\n%s", name, got, part, v.output)
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s: not among the tests", name)
	}
}

// TestHarness proves that the failures of a test are noticed, and blamed on that test alone.
func TestHarness(t *testing.T) {
	r := bootMisbehave(t, "^Test(Passes|Fails|Skips|GoPanics|ExitsEarly|Warns|Leaves|Hangs|Stops)", 5*time.Minute)
	expect(t, r, map[string]string{
		"TestPasses":              "",
		"TestFails":               "TestFails failed",
		"TestFailsInSubtest":      "TestFailsInSubtest/bad failed",
		"TestSkips":               "TestSkips was skipped",
		"TestGoPanics":            "ended with exit status 2",
		"TestExitsEarly":          "no result",
		"TestWarns":               "the kernel complains: WARNING: ",
		"TestPassesAfterWarning":  "",
		"TestLeavesProcess":       "left behind: process",
		"TestLeavesFrozenProcess": "left behind: process",
		"TestPassesAfterCleanUp":  "",
		"TestHangs":               "ended with exit status 2",
		"TestStops":               "killed after",
	})
	for range r.events {
	}
	if err := <-r.ended; err != nil {
		t.Errorf("the machine did not end well: %v", err)
	}
}

// TestHarnessEnds proves that a machine which ends too early is noticed, whatever makes it end.
func TestHarnessEnds(t *testing.T) {
	for _, tt := range []struct {
		test    string
		timeout time.Duration
		want    error
	}{
		{"TestPanics", time.Minute, qemu.ErrNoVerdict},
		{"TestPowersOff", time.Minute, qemu.ErrNoVerdict},
		{"TestStops", 12 * time.Second, qemu.ErrTimeout},
	} {
		t.Run(tt.test, func(t *testing.T) {
			r := bootMisbehave(t, "^("+tt.test+"|TestAfterTheEnd)$", tt.timeout)
			expect(t, r, map[string]string{tt.test: "the guest ended during this test", "TestAfterTheEnd": "did not run"})
			if err := <-r.ended; !errors.Is(err, tt.want) {
				t.Errorf("the machine ended with %v, want %v", err, tt.want)
			}
			if tt.test == "TestPanics" && !strings.Contains(qemu.ConsoleTail(r.dir, 60), "Kernel panic") {
				t.Error("the console log does not show the panic")
			}
		})
	}
}

// TestCheckers proves that what only the debug kernel notices arrives here.
func TestCheckers(t *testing.T) {
	if os.Getenv("SELFTEST_DEBUG") != "1" {
		t.Skip("for the debug kernel: SELFTEST_DEBUG=1")
	}
	r := bootMisbehave(t, "^TestChecker", 5*time.Minute)
	expect(t, r, map[string]string{
		"TestCheckerKASAN": "the kernel complains: BUG: KASAN: slab-use-after-free",
		"TestCheckerUBSAN": "the kernel complains: UBSAN: array-index-out-of-bounds",
		// The lock checker gives up at the first fault of another checker.
		event.LeakTest: "locks are no longer checked",
	})
	for range r.events {
	}
	if err := <-r.ended; err != nil {
		t.Errorf("the machine did not end well: %v", err)
	}
}
