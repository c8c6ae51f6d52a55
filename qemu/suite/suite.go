// Package suite runs a Go test package inside the guest and shows each of its tests as a subtest of a test on the host.
// One machine is booted per suite, or several that share the tests. What counts is what arrives on the verdict port: a test that is not heard of failed,
// and so did one during which the kernel complained.
package suite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"linux-cr/qemu"
	"linux-cr/qemu/arch"
	"linux-cr/qemu/event"
	"linux-cr/qemu/rootfs"
)

// A Config describes a suite.
type Config struct {
	// Name is the folder below build/<arch> that keeps image and logs of the run.
	Name string

	// Arch is the guest architecture.
	Arch *arch.Arch

	// Package is the folder of the test package, relative to the checkout.
	Package string

	// Run selects tests like go test's -run: a pattern for the top level, and after a slash one for subtests.
	Run string

	// Kernel is the kernel to boot, or empty for the one that make kernel leaves.
	Kernel string

	// Debug boots the second configuration.
	Debug bool

	// HostFS shows the host's root directory to the guest, read-only, at /host.
	HostFS bool

	// TestTimeout is the limit of one top-level test, Timeout that of the whole machine.
	TestTimeout, Timeout time.Duration

	// Skips are the tests that may skip themselves.
	Skips []Skip

	// Append are further kernel arguments.
	Append []string

	// Machines is how many machines share the tests; 0 is one. Tests run one after the other in a guest and keep little
	// more than one processor busy, so that two machines take hardly more time than half of the tests.
	Machines int

	// part says which of these machines this is, from 1; 0 for the only one.
	part int
}

// dir is the folder that keeps image and logs of the run.
func (c *Config) dir(root string) string {
	name := c.Name
	if c.part > 1 {
		name += fmt.Sprintf("-%d", c.part)
	}
	return filepath.Join(root, "build", c.Arch.Name, name)
}

// fewTests is how many tests are not worth a second machine.
const fewTests = 20

// A Skip allows a test to be skipped on an architecture.
type Skip struct {
	// Test is the full name, with the names of its parents. It covers the subtests.
	Test string

	// Arch is the architecture, or empty for all of them.
	Arch string

	// Reason is a part of the message that the test gives.
	Reason string
}

// Run runs the suite and reports to t. With several machines each is a subtest that has its tests as subtests.
func Run(t *testing.T, c Config) {
	names, err := c.tests()
	if err != nil {
		t.Fatal(err)
	}
	if c.Machines < 2 || len(names) <= fewTests {
		runOne(t, c)
		return
	}
	for i := range c.Machines {
		part := c
		part.part = i + 1
		t.Run(fmt.Sprintf("machine%d", part.part), func(t *testing.T) {
			t.Parallel()
			runOne(t, part)
		})
	}
}

// runOne runs the tests of one machine.
func runOne(t *testing.T, c Config) {
	r, release, err := boot(t, &c)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for _, name := range r.names {
		t.Run(name, func(t *testing.T) { r.show(t, name) })
	}
	r.finish(t)
}

// A run is a machine at work.
type run struct {
	config Config
	dir    string

	// names are the expected tests in the order in which they run.
	names []string

	// events come from the machine; ended holds its error afterwards.
	events <-chan event.Event
	ended  <-chan error

	// next is an event that was read and belongs to a later test.
	next *event.Event
}

// boot builds what the guest needs and starts the machine. release waits for its end.
func boot(t *testing.T, c *Config) (*run, func(), error) {
	root, err := qemu.Root()
	if err != nil {
		return nil, nil, err
	}
	kernel, err := qemu.FindKernel(root, c.Arch, c.Debug, c.Kernel)
	if err != nil {
		return nil, nil, err
	}
	dir := c.dir(root)
	unclaim, err := qemu.Claim(dir)
	if err != nil {
		return nil, nil, err
	}
	r := &run{config: *c, dir: dir}
	initramfs, err := r.image(root)
	if err != nil {
		unclaim()
		return nil, nil, err
	}
	disk, err := qemu.MakeDisk(dir)
	if err != nil {
		unclaim()
		return nil, nil, err
	}
	machine := qemu.Config{
		Arch: c.Arch, Kernel: kernel, Initramfs: initramfs, Disk: disk, MiB: qemu.PlainMiB, CPUs: qemu.Processors(),
		HostFS: c.HostFS, Append: c.Append, Timeout: c.Timeout, Dir: dir, Accel: os.Getenv("ACCEL"),
	}
	if c.Debug {
		machine.MiB = qemu.DebugMiB
		machine.Append = append(machine.Append, qemu.DebugArgs...)
	}
	// The log of the console is worth more than what go test says when its own time is up.
	if deadline, ok := t.Deadline(); ok {
		machine.Timeout = min(machine.Timeout, time.Until(deadline)-15*time.Second)
	}
	t.Logf("%d tests of %s on %s; logs in %s", len(r.names), c.Package, kernel, dir)

	ctx, cancel := context.WithCancel(t.Context())
	events, ended := make(chan event.Event), make(chan error, 1)
	r.events, r.ended = events, ended
	go func() {
		err := qemu.Run(ctx, machine, func(e event.Event) {
			select {
			case events <- e:
			case <-ctx.Done():
			}
		})
		close(events)
		ended <- err
		close(ended)
	}()
	return r, func() {
		cancel()
		<-r.ended
		unclaim()
	}, nil
}

// building keeps the machines of a suite from building the same things side by side: the second finds them in the cache.
var building sync.Mutex

// image compiles the tests and builds the initramfs. It sets the list of expected tests.
func (r *run) image(root string) (string, error) {
	building.Lock()
	defer building.Unlock()
	c := &r.config
	_, sub, _ := strings.Cut(c.Run, "/")
	names, err := c.tests()
	if err != nil {
		return "", err
	}
	r.names = append([]string{event.BootTest}, names...)
	if c.Debug {
		r.names = append(r.names, event.LeakTest)
	}
	files, err := rootfs.Standard(root, c.Arch, filepath.Join(r.dir, "bin"))
	if err != nil {
		return "", err
	}
	const binary = "/bin/guest.test"
	files[binary] = filepath.Join(r.dir, "bin", "guest.test")
	if err := rootfs.GoTests(root, c.Arch, "./"+c.Package, files[binary]); err != nil {
		return "", err
	}
	fs := rootfs.Rootfs{Root: root, Arch: c.Arch, Files: files, Plan: event.Plan{Tests: &event.Tests{
		Binary: binary, Names: names, Sub: sub, Seconds: int(c.TestTimeout.Seconds()), Env: settings(),
	}}}
	output := filepath.Join(r.dir, "initramfs.cpio")
	return output, fs.Build(output)
}

// settings are the variables of the environment that the guest gets from the host.
func settings() []string {
	var env []string
	for _, kv := range os.Environ() {
		if strings.HasPrefix(kv, "SELFTEST_") {
			env = append(env, kv)
		}
	}
	return env
}

// tests lists the tests that the machine is to run.
func (c *Config) tests() ([]string, error) {
	root, err := qemu.Root()
	if err != nil {
		return nil, err
	}
	names, err := Tests(filepath.Join(root, c.Package), c.Arch.Name)
	if err != nil {
		return nil, err
	}
	top, _, _ := strings.Cut(c.Run, "/")
	if names, err = filter(names, top); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no test of %s matches %q", c.Package, c.Run)
	}
	return share(names, c.part, c.Machines), nil
}

// share returns the tests of one part of several. Neighbours are of one file and take about as long, so they are dealt
// out in turn.
func share(names []string, part, parts int) []string {
	if part == 0 {
		return names
	}
	var mine []string
	for i, name := range names {
		if i%parts == part-1 {
			mine = append(mine, name)
		}
	}
	return mine
}

func filter(names []string, pattern string) ([]string, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("test pattern: %w", err)
	}
	var kept []string
	for _, name := range names {
		if re.MatchString(name) {
			kept = append(kept, name)
		}
	}
	return kept, nil
}

// show takes the events of the test called name and reports them to t.
func (r *run) show(t *testing.T, name string) {
	v := collect(name, r.take)
	v.report(t, r.config.Skips, r.config.Arch.Name)
	if !v.finished {
		t.Errorf("the console log ends with:\n%s", qemu.ConsoleTail(r.dir, 60))
	}
}

// take returns the next event of the test called name, or false when there is none left.
func (r *run) take(name string) (event.Event, bool) {
	for {
		if r.next == nil {
			e, ok := <-r.events
			if !ok {
				return event.Event{}, false
			}
			r.next = &e
		}
		e := *r.next
		if e.Test != "" && e.Test != name {
			return event.Event{}, false
		}
		r.next = nil
		if e.Test == name {
			return e, true
		}
	}
}

// finish takes what is left and checks that the machine ended well.
func (r *run) finish(t *testing.T) {
	if r.next != nil {
		t.Errorf("unexpected event of the guest: %+v", *r.next)
	}
	for e := range r.events {
		if e.Test != "" {
			t.Errorf("unexpected event of the guest: %+v", e)
		}
	}
	if err := <-r.ended; err != nil {
		t.Errorf("%v; the console log ends with:\n%s", err, qemu.ConsoleTail(r.dir, 60))
	}
	if t.Failed() {
		t.Logf("logs and image are kept in %s; this boots the same machine: sh %s", r.dir, filepath.Join(r.dir, qemu.CommandFile))
	}
}
