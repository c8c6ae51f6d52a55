// Package event is what the host and the guest of a test run say to each other: the host puts a plan into the
// initramfs, the guest answers with events over a virtio-serial port of its own. Console output cannot be mistaken for a
// verdict, and a guest that dies sends none.
package event

// Port is the name of the virtio-serial port.
const Port = "linux-cr.events"

// PlanPath is where the guest finds its plan.
const PlanPath = "/etc/linux-cr/plan.json"

// HostFSTag is the mount tag of the host's root directory, which a machine may be given; the guest mounts it at /host.
const HostFSTag = "linux-cr-host"

// A Kind says what an event reports.
type Kind string

const (
	// Ready is sent once, when the guest's file systems are mounted; Text is the kernel version.
	Ready Kind = "ready"

	// Start announces a test.
	Start Kind = "start"

	// Output carries a piece of the output of Test, or of the command.
	Output Kind = "output"

	// Kernel carries what the kernel logged during Test.
	Kernel Kind = "kernel"

	// Problem names something that fails Test whatever it says itself: a kernel warning, processes left behind.
	Problem Kind = "problem"

	// Result ends a test.
	Result Kind = "result"

	// Exit ends a command; Code is its exit status.
	Exit Kind = "exit"

	// Done is the last event, which the host answers with Ack. Without it the report is not complete.
	Done Kind = "done"
)

// Ack is what the host sends when it has the last event.
const Ack = "ok\n"

// An Event is one message of the guest, a line of JSON.
type Event struct {
	Kind Kind   `json:"kind"`
	Test string `json:"test,omitempty"`
	Text string `json:"text,omitempty"`
	Code int    `json:"code,omitempty"`

	// Seconds is how long a test took.
	Seconds float64 `json:"seconds,omitempty"`
}

// BootTest and LeakTest are the tests that the guest adds to those of a suite: what the kernel said before the first of
// them, and what its memory leak detector finds after the last.
const (
	BootTest = "KernelBoot"
	LeakTest = "KernelLeaks"
)

// A Plan is what the guest has to do: one of its fields is set.
type Plan struct {
	// Tests is a test suite.
	Tests *Tests `json:"tests,omitempty"`

	// Command is a command line whose output and exit status are reported.
	Command []string `json:"command,omitempty"`

	// Shell asks for a shell on the console; nothing is reported.
	Shell bool `json:"shell,omitempty"`
}

// Tests is a suite: each named test runs in a process of its own.
type Tests struct {
	// Binary is the path of the compiled Go tests in the guest.
	Binary string `json:"binary"`

	// Names are the top-level tests in the order in which they run.
	Names []string `json:"names"`

	// Sub selects subtests, as the part of -test.run after the first slash. Empty selects all.
	Sub string `json:"sub,omitempty"`

	// Env are further variables of the environment, as NAME=VALUE.
	Env []string `json:"env,omitempty"`

	// Seconds is the time limit of one test.
	Seconds int `json:"seconds"`
}
