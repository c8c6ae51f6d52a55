package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"

	"linux-cr/qemu/event"
)

// work carries out the plan.
func work() error {
	plan, err := readPlan()
	if err != nil {
		return err
	}
	if plan.Shell {
		return shell()
	}
	r, err := newReport()
	if err != nil {
		return err
	}
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return fmt.Errorf("uname: %w", err)
	}
	if err := r.send(event.Event{Kind: event.Ready, Text: unix.ByteSliceToString(uts.Release[:])}); err != nil {
		return err
	}
	switch {
	case plan.Tests != nil:
		err = runTests(r, plan.Tests)
	case len(plan.Command) > 0:
		err = runCommand(r, plan.Command)
	default:
		err = errors.New("the plan is empty")
	}
	if err != nil {
		return err
	}
	return r.close()
}

// shell gives the console to a user.
func shell() error {
	cmd := exec.Command("/bin/sh")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Dir = "/root"
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// runCommand runs args, relays their output as it comes, and reports the exit status.
func runCommand(r *report, args []string) error {
	log, err := openKernelLog()
	if err != nil {
		return err
	}
	defer log.close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = "/root"
	out := &outputWriter{report: r}
	cmd.Stdout, cmd.Stderr = out, out
	runErr := cmd.Run()
	if err := out.flush(); err != nil {
		return err
	}
	if err := reportKernel(r, log, ""); err != nil {
		return err
	}
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(runErr, &exit):
		code = exit.ExitCode()
		if code < 0 {
			code = 255 // Ended by a signal, which the message names.
			if err := r.send(event.Event{Kind: event.Output, Text: runErr.Error() + "\n"}); err != nil {
				return err
			}
		}
	case runErr != nil:
		code = 127
		if err := r.send(event.Event{Kind: event.Output, Text: runErr.Error() + "\n"}); err != nil {
			return err
		}
	}
	return r.send(event.Event{Kind: event.Exit, Code: code})
}

// An outputWriter sends what a program writes, line by line, so that events stay small and the order is kept.
type outputWriter struct {
	report *report
	test   string
	buf    bytes.Buffer
}

func (w *outputWriter) Write(p []byte) (int, error) {
	w.buf.Write(p)
	i := bytes.LastIndexByte(w.buf.Bytes(), '\n')
	if i < 0 {
		return len(p), nil
	}
	return len(p), w.send(string(w.buf.Next(i + 1)))
}

func (w *outputWriter) flush() error {
	if w.buf.Len() == 0 {
		return nil
	}
	return w.send(string(w.buf.Next(w.buf.Len())))
}

func (w *outputWriter) send(text string) error {
	return w.report.send(event.Event{Kind: event.Output, Test: w.test, Text: text})
}
