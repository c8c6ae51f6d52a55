package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"time"

	"linux-cr/qemu/event"
)

// grace is the time that a test which ran into its own limit gets to print where it hangs.
const grace = 15 * time.Second

// runTests runs every test in a process of its own: the kernel's messages then belong to one test, and one that hangs
// or crashes does not take the others along.
func runTests(r *report, tests *event.Tests) error {
	log, err := openKernelLog()
	if err != nil {
		return err
	}
	defer log.close()
	if err := bracket(r, log, event.BootTest, func() error { return nil }); err != nil {
		return err
	}
	leaks, err := openLeakDetector()
	if err != nil {
		return err
	}
	for _, name := range tests.Names {
		err := bracket(r, log, name, func() error { return runTest(r, log, tests, name) })
		if err != nil {
			return err
		}
	}
	if leaks == nil {
		return nil
	}
	return bracket(r, log, event.LeakTest, func() error { return leaks.scan(r) })
}

// bracket reports the start of a test, runs it, and reports what the kernel said meanwhile and the end.
func bracket(r *report, log *kernelLog, name string, run func() error) error {
	start := time.Now()
	if err := r.send(event.Event{Kind: event.Start, Test: name}); err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	if err := reportKernel(r, log, name); err != nil {
		return err
	}
	return r.send(event.Event{Kind: event.Result, Test: name, Seconds: time.Since(start).Seconds()})
}

func runTest(r *report, log *kernelLog, tests *event.Tests, name string) error {
	if err := log.write("linux-cr: " + name); err != nil {
		return err
	}
	before, err := processes()
	if err != nil {
		return err
	}
	pattern := "^" + regexp.QuoteMeta(name) + "$"
	if tests.Sub != "" {
		pattern += "/" + tests.Sub
	}
	limit := time.Duration(tests.Seconds) * time.Second
	dir, err := os.MkdirTemp("/tmp", name+"-")
	if err != nil {
		return err
	}
	cmd := exec.Command(tests.Binary, "-test.v", "-test.run", pattern, "-test.timeout", limit.String())
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), tests.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out := &outputWriter{report: r, test: name}
	cmd.Stdout, cmd.Stderr = out, out
	// A process that the test left behind may keep the pipe open.
	cmd.WaitDelay = time.Second

	problem := func(format string, args ...any) error {
		return r.send(event.Event{Kind: event.Problem, Test: name, Text: fmt.Sprintf(format, args...)})
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", tests.Binary, err)
	}
	timer := time.AfterFunc(limit+grace, func() {
		// The blocked tasks and where they wait go to the kernel log.
		if err := os.WriteFile("/proc/sysrq-trigger", []byte("w"), 0); err != nil {
			fmt.Println("init: sysrq:", err)
		}
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
			fmt.Println("init: kill the test:", err)
		}
	})
	runErr := cmd.Wait()
	if !timer.Stop() {
		if err := problem("killed after %s", limit+grace); err != nil {
			return err
		}
	}
	if err := out.flush(); err != nil {
		return err
	}
	var exit *exec.ExitError
	switch {
	case errors.Is(runErr, exec.ErrWaitDelay):
		if err := problem("a process that the test left behind keeps its output open"); err != nil {
			return err
		}
	case errors.As(runErr, &exit):
		if err := problem("the test ended with %s", exit); err != nil {
			return err
		}
	case runErr != nil:
		return fmt.Errorf("run %s: %w", name, runErr)
	}
	left, err := cleanUp(before)
	if err != nil {
		return err
	}
	for _, p := range left {
		if err := problem("left behind: %s", p); err != nil {
			return err
		}
	}
	return os.RemoveAll(dir)
}
