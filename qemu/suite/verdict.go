package suite

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"linux-cr/qemu/event"
)

// A verdict is what the guest said about one top-level test.
type verdict struct {
	name string

	// started and finished say whether the guest announced and closed the test.
	started, finished bool

	// output is that of the test, kernel what the kernel logged meanwhile.
	output, kernel string

	// problems fail the test whatever its output says.
	problems []string

	// results are the outcomes of the test and its subtests, in the order in which they are printed.
	results []result
}

// A result is the outcome of a test or a subtest: PASS, FAIL or SKIP.
type result struct {
	name, status string
}

// collect gathers the events of a test until its end, or until next has no more.
func collect(name string, next func(string) (event.Event, bool)) *verdict {
	v := &verdict{name: name}
	for !v.finished {
		e, ok := next(name)
		if !ok {
			break
		}
		switch e.Kind {
		case event.Start:
			v.started = true
		case event.Output:
			v.output += e.Text
		case event.Kernel:
			v.kernel += e.Text + "\n"
		case event.Problem:
			v.problems = append(v.problems, e.Text)
		case event.Result:
			v.finished = true
		}
	}
	v.results = parse(v.output)
	return v
}

var resultLine = regexp.MustCompile(`(?m)^ *--- (PASS|FAIL|SKIP): (\S+) \([0-9.]+s\)$`)

// parse finds the outcomes in the output of go test -v.
func parse(output string) []result {
	var results []result
	for _, m := range resultLine.FindAllStringSubmatch(output, -1) {
		results = append(results, result{name: m[2], status: m[1]})
	}
	return results
}

// guestOnly are the tests that the guest makes itself; there is no go test behind them.
func guestOnly(name string) bool {
	return name == event.BootTest || name == event.LeakTest
}

// faults says why the test failed, if it did. Skips lists the tests that may be skipped on architecture arch.
func (v *verdict) faults(skips []Skip, arch string) []string {
	if !v.started {
		return []string{"the test did not run"}
	}
	faults := slices.Clone(v.problems)
	if !v.finished {
		faults = append(faults, "the guest ended during this test")
	}
	if guestOnly(v.name) {
		return faults
	}
	own := false
	for _, r := range v.results {
		own = own || r.name == v.name
		switch {
		case r.status == "FAIL":
			faults = append(faults, r.name+" failed")
		case r.status == "SKIP" && !v.maySkip(r.name, skips, arch):
			faults = append(faults, r.name+" was skipped, which the list of skips does not allow")
		}
	}
	if !own && v.finished {
		faults = append(faults, "the test reported no result")
	}
	return faults
}

// maySkip reports whether the list allows the skip of name with the message that it gave.
func (v *verdict) maySkip(name string, skips []Skip, arch string) bool {
	return slices.ContainsFunc(skips, func(s Skip) bool {
		return (s.Test == name || strings.HasPrefix(name, s.Test+"/")) && (s.Arch == "" || s.Arch == arch) && s.Reason != "" && strings.Contains(v.output, s.Reason)
	})
}

// report shows the verdict on the host. A log that is not asked for stays hidden unless the test failed.
func (v *verdict) report(t *testing.T, skips []Skip, arch string) {
	if v.output != "" {
		t.Logf("guest:\n%s", strings.TrimRight(v.output, "\n"))
	}
	faults := v.faults(skips, arch)
	if v.kernel != "" && (len(faults) > 0 || testing.Verbose()) {
		t.Logf("kernel log:\n%s", strings.TrimRight(v.kernel, "\n"))
	}
	for _, f := range faults {
		t.Error(f)
	}
}
