// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The other end of a pipe is a process of its own: this program again, with one of these arguments.
const (
	// drain reads its standard input, 1 MiB per read(2), throws it away and prints how much it was.
	drain = "drain"

	// feed moves its standard input, a file, to its standard output, a pipe, by splice(2): without a copy.
	feed = "feed"
)

const pipeStep = 1 << 20

func runDrain() error {
	buf := make([]byte, pipeStep)
	fmt.Println("ready")
	for total := 0; ; {
		n, err := unix.Read(0, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if n == 0 {
			_, err := fmt.Println(total)
			return err
		}
		total += n
	}
}

func runFeed() error {
	for {
		n, err := unix.Splice(0, nil, 1, nil, pipeStep, 0)
		if err == unix.EINTR {
			continue
		}
		if err == unix.EPIPE || err == nil && n == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("splice: %w", err)
		}
	}
}

// A Pipe is one end of a pipe whose other end another process has.
type Pipe struct {
	*os.File
	cmd *exec.Cmd
	out io.ReadCloser
}

func newPipe(arg string, stdin *os.File) (*Pipe, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	r, w := os.NewFile(uintptr(fds[0]), "pipe"), os.NewFile(uintptr(fds[1]), "pipe")
	p := &Pipe{cmd: exec.Command("/proc/self/exe", arg)}
	p.cmd.Stderr = os.Stderr
	var err error
	theirs := r
	if arg == drain {
		p.File, p.cmd.Stdin = w, r
		p.out, err = p.cmd.StdoutPipe()
	} else {
		p.File, theirs = r, w
		p.cmd.Stdin, p.cmd.Stdout = stdin, w
	}
	if err == nil {
		err = p.cmd.Start()
	}
	theirs.Close()
	if err != nil {
		p.File.Close()
		return nil, err
	}
	return p, nil
}

// toDrain runs f with a pipe that another process empties, and checks that the process got as much as f says.
func toDrain(f func(fd int) (int64, error)) error {
	p, err := newPipe(drain, nil)
	if err != nil {
		return err
	}
	out := bufio.NewReader(p.out)
	_, err = out.ReadString('\n')
	var want int64
	if err == nil {
		want, err = f(int(p.Fd()))
	}
	p.Close()
	text, readErr := out.ReadString('\n')
	if err := errors.Join(err, p.cmd.Wait()); err != nil {
		return err
	}
	got, parseErr := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if readErr != nil || parseErr != nil || got != want {
		return fmt.Errorf("the other end of the pipe got %q bytes, want %d", text, want)
	}
	return nil
}

// fromFeed runs f with a pipe that another process fills from a file.
func fromFeed(path string, f func(fd int) error) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	p, err := newPipe(feed, in)
	if err != nil {
		return err
	}
	err = f(int(p.Fd()))
	p.Close()
	return errors.Join(err, p.cmd.Wait())
}
