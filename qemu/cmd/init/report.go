package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"linux-cr/qemu/event"
)

// A report is the guest's end of the verdict port.
type report struct {
	port *os.File
}

// newReport opens the virtio-serial port that has the name of the verdict port.
func newReport() (*report, error) {
	names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
	if err != nil {
		return nil, err
	}
	for _, path := range names {
		name, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(string(name)) != event.Port {
			continue
		}
		port, err := os.OpenFile(filepath.Join("/dev", filepath.Base(filepath.Dir(path))), os.O_RDWR, 0)
		if err != nil {
			return nil, fmt.Errorf("open the verdict port: %w", err)
		}
		return &report{port}, nil
	}
	return nil, fmt.Errorf("the machine has no port called %s", event.Port)
}

func (r *report) send(e event.Event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := r.port.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("report to the host: %w", err)
	}
	return nil
}

// close says that the report is complete and waits until the host has it.
func (r *report) close() error {
	if err := r.send(event.Event{Kind: event.Done}); err != nil {
		return err
	}
	ack := make([]byte, len(event.Ack))
	if _, err := io.ReadFull(r.port, ack); err != nil {
		return fmt.Errorf("wait for the host: %w", err)
	}
	return r.port.Close()
}
