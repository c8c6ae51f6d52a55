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
	reader    *image.Reader
	complete  bool // there is a trailer, and it is right
	records   int
	pages     int
	tasks     []task          // and ghosts
	nrTasks   int             // announced
	stateless map[int32][]int // entries of the array without a state yet, by pid
	failures  []failure
	checksum  uint64

	saved     []savedFile // in front of the image
	savedSize int64       // bytes that these take there
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
		if c.stateless == nil {
			c.stateless = map[int32][]int{}
		}
		c.stateless[r.PID] = append(c.stateless[r.PID], len(c.tasks))
		c.tasks = append(c.tasks, task{Pids: r})
	case *image.Task:
		if list := c.stateless[r.PID]; len(list) > 0 {
			c.tasks[list[0]].state = r
			c.stateless[r.PID] = list[1:]
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
