// SPDX-License-Identifier: GPL-2.0

package main

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
)

// contents is what the records of an image add up to.
type contents struct {
	reader   *image.Reader
	complete bool // there is a trailer, and it is right
	records  int
	pages    int
	tasks    []task
	nrTasks  int // announced
	failures []failure
	checksum uint64
}

// task is an entry of the task array, with the name once its state was read.
type task struct {
	*image.Pids
	state *image.Task
}

// failure is an error record.
type failure struct {
	err     int32
	message string
}

// errno is the name of the error, as in "EBUSY".
func (f failure) errno() string {
	if name := unix.ErrnoName(unix.Errno(-f.err)); name != "" {
		return name
	}
	return fmt.Sprint(f.err)
}

func (c *contents) add(e *image.Entry) {
	c.records++
	c.pages += len(e.Addrs)
	switch r := e.Record.(type) {
	case *image.Tree:
		c.nrTasks = int(r.NrTasks)
	case *image.Pids:
		c.tasks = append(c.tasks, task{Pids: r})
	case *image.Task:
		for i := range c.tasks {
			if c.tasks[i].PID == r.PID && c.tasks[i].state == nil {
				c.tasks[i].state = r
				break
			}
		}
	case *image.ErrorRecord:
		c.failures = append(c.failures, failure{r.Err, r.Message()})
	case *image.Tail:
		c.checksum = r.Checksum
	}
}

// byteOrder is the byte order of the source.
func (c *contents) byteOrder() string {
	if c.reader.Order() == image.ByteOrder(binary.BigEndian) {
		return "big-endian"
	}
	return "little-endian"
}
