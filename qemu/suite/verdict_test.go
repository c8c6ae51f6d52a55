package suite

import (
	"strings"
	"testing"

	"linux-cr/qemu/event"
)

// feed returns a source of events for collect.
func feed(events ...event.Event) func(string) (event.Event, bool) {
	return func(string) (event.Event, bool) {
		if len(events) == 0 {
			return event.Event{}, false
		}
		e := events[0]
		events = events[1:]
		return e, true
	}
}

func TestFaults(t *testing.T) {
	start, end := event.Event{Kind: event.Start}, event.Event{Kind: event.Result}
	out := func(text string) event.Event { return event.Event{Kind: event.Output, Text: text} }
	skipped := out("=== RUN   TestX\n    x_test.go:3: no such register\n--- SKIP: TestX (0.00s)\nPASS\n")
	allowed := []Skip{{Test: "TestX", Arch: "amd64", Reason: "no such register"}}
	for _, tt := range []struct {
		name   string
		events []event.Event
		skips  []Skip
		want   string
	}{
		{"passed", []event.Event{start, out("--- PASS: TestX (0.00s)\nPASS\n"), end}, nil, ""},
		{"silent", nil, nil, "did not run"},
		{"cut off", []event.Event{start, out("=== RUN   TestX\n")}, nil, "ended during this test"},
		{"cut off after passing", []event.Event{start, out("--- PASS: TestX (0.00s)\n")}, nil, "ended during this test"},
		{"no result", []event.Event{start, out("testing: warning: no tests to run\nPASS\n"), end}, nil, "no result"},
		{"failed", []event.Event{start, out("--- FAIL: TestX (0.00s)\n"), end}, nil, "TestX failed"},
		{"failed subtest", []event.Event{start, out("--- PASS: TestX (0.00s)\n    --- FAIL: TestX/a (0.00s)\n"), end}, nil, "TestX/a failed"},
		{"skipped", []event.Event{start, skipped, end}, nil, "does not allow"},
		{"allowed skip", []event.Event{start, skipped, end}, allowed, ""},
		{"other reason", []event.Event{start, out("    no idea\n--- SKIP: TestX (0.00s)\n"), end}, allowed, "does not allow"},
		{"problem", []event.Event{start, out("--- PASS: TestX (0.00s)\n"), {Kind: event.Problem, Text: "WARNING: x"}, end}, nil, "WARNING: x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			faults := collect("TestX", feed(tt.events...)).faults(tt.skips, "amd64")
			got := strings.Join(faults, "; ")
			if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
				t.Errorf("faults = %q, want %q", got, tt.want)
			}
		})
	}
}
