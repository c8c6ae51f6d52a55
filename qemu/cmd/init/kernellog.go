package main

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"linux-cr/qemu/event"
	"linux-cr/qemu/klog"
)

// A kernelLog reads the messages that came since the last call of read.
type kernelLog struct {
	fd int
}

func openKernelLog() (*kernelLog, error) {
	fd, err := unix.Open("/dev/kmsg", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open the kernel log: %w", err)
	}
	return &kernelLog{fd}, nil
}

func (l *kernelLog) close() {
	unix.Close(l.fd)
}

// read returns the messages since the last call; the first call returns everything since boot.
func (l *kernelLog) read() ([]klog.Record, error) {
	var records []klog.Record
	buf := make([]byte, 16<<10)
	for {
		n, err := unix.Read(l.fd, buf)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return records, nil
		case errors.Is(err, unix.EPIPE):
			// The ring was overwritten: what is lost may have been a warning.
			records = append(records, klog.Record{Text: "WARNING: kernel messages were lost before this one"})
			continue
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return nil, fmt.Errorf("read the kernel log: %w", err)
		}
		r, err := klog.Parse(string(buf[:n]))
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
}

// write adds a message to the kernel log, to find one's way through the console log.
func (l *kernelLog) write(text string) error {
	if _, err := unix.Write(l.fd, []byte("<5>"+text+"\n")); err != nil {
		return fmt.Errorf("write to the kernel log: %w", err)
	}
	return nil
}

// reportKernel sends what the kernel logged during test, and a problem for every complaint in it. It returns an error
// only when the host cannot be told.
func reportKernel(r *report, l *kernelLog, test string) error {
	records, err := l.read()
	if err != nil {
		return err
	}
	if len(records) == 0 {
		return nil
	}
	var lines []string
	var complaints []string
	for _, rec := range records {
		lines = append(lines, rec.String())
		if klog.Problem(rec) {
			complaints = append(complaints, rec.Text)
		}
	}
	if err := r.send(event.Event{Kind: event.Kernel, Test: test, Text: strings.Join(lines, "\n")}); err != nil {
		return err
	}
	for _, c := range complaints {
		if err := r.send(event.Event{Kind: event.Problem, Test: test, Text: "the kernel complains: " + c}); err != nil {
			return err
		}
	}
	return nil
}
