// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
)

// What is measured, in the order of the table.
const (
	ckptFile    = "checkpoint to tmpfs"
	writeFile   = "write(2) to tmpfs"
	writeOnce   = "write(2) to tmpfs, one call"
	sendFile    = "sendfile(2), tmpfs to tmpfs"
	stopFile    = "stopped, to tmpfs"
	ckptPipe    = "checkpoint to pipe"
	writePipe   = "write(2) to pipe"
	stopPipe    = "stopped, to pipe"
	stopNone    = "longest gap, undisturbed"
	restartFile = "restart from tmpfs"
	readFresh   = "read(2) from tmpfs, fresh memory"
	readWarm    = "read(2) from tmpfs, warm memory"
	restartPipe = "restart from pipe"
	readPipe    = "read(2) from pipe, fresh memory"
	forkExit    = "fork, exit, wait"
	memCopy     = "memcpy, warm memory"
)

// compared says beside what each figure of ours is shown; the first is what the aims are in.
var compared = []struct {
	what   string
	beside []string
}{
	{ckptFile, []string{writeFile, sendFile}},
	{ckptPipe, []string{writePipe}},
	{stopFile, []string{writeFile, forkExit, memCopy}},
	{restartFile, []string{readFresh, readWarm}},
	{restartPipe, []string{readPipe}},
}

// A Bench measures one size.
type Bench struct {
	dir     string
	size    int
	shared  *shared
	times   map[string][]time.Duration
	bytes   int64 // of the image
	src     []byte
	dst     []byte
	logPath string
}

func newBench(dir string, sh *shared, size int) (*Bench, error) {
	b := &Bench{dir: dir, size: size, shared: sh, times: map[string][]time.Duration{}, logPath: filepath.Join(dir, "log")}
	// The image is the memory, and a little of the rest of the process.
	for _, buf := range []*[]byte{&b.src, &b.dst} {
		var err error
		if *buf, err = memory(size + 32<<20); err != nil {
			return nil, err
		}
		// A fork would make the next write to it slow.
		if err := unix.Madvise(*buf, unix.MADV_DONTFORK); err != nil {
			return nil, fmt.Errorf("madvise: %w", err)
		}
		for i := range *buf {
			(*buf)[i] = byte(i * i >> 7)
		}
	}
	return b, nil
}

func (b *Bench) close() {
	unix.Munmap(b.src)
	unix.Munmap(b.dst)
}

func memory(size int) ([]byte, error) {
	mem, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("mmap: %w", err)
	}
	return mem, nil
}

func monotonic() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}

// timed measures one call.
func (b *Bench) timed(what string, f func() error) error {
	begin := monotonic()
	err := f()
	end := monotonic()
	if err != nil {
		return fmt.Errorf("%s: %w%s", what, err, b.log())
	}
	b.add(what, end-begin)
	return nil
}

func (b *Bench) add(what string, ns int64) { b.times[what] = append(b.times[what], time.Duration(ns)) }

// log is what the kernel said, for an error.
func (b *Bench) log() string {
	text, err := os.ReadFile(b.logPath)
	if err != nil || len(text) == 0 {
		return ""
	}
	return "\nlog of the kernel:\n" + string(text)
}

// withLog opens the log anew.
func (b *Bench) withLog(f func(logfd int) error) error {
	log, err := os.Create(b.logPath)
	if err != nil {
		return err
	}
	defer log.Close()
	return f(int(log.Fd()))
}

// round measures everything once. Only the first round verifies the memory.
func (b *Bench) round(first bool) error {
	image := filepath.Join(b.dir, "image")
	t, err := startTarget(b.shared, b.size)
	if err != nil {
		return err
	}
	err = b.saves(t, image)
	if killErr := t.kill(); err == nil {
		err = killErr
	}
	if err != nil {
		return err
	}
	if err := b.restores(image, first); err != nil {
		return err
	}
	begin := monotonic()
	copy(b.dst, b.src[:b.bytes])
	b.add(memCopy, monotonic()-begin)
	return os.Remove(image)
}

func (b *Bench) saves(t *Target, image string) error {
	if err := b.gap(t, stopNone, func() error { time.Sleep(300 * time.Millisecond); return nil }); err != nil {
		return err
	}
	ns, err := t.do(cmdFork)
	if err != nil {
		return err
	}
	b.add(forkExit, int64(ns))

	// Whoever comes first in a round gets memory in another state.
	steps := []func() error{
		func() error { return b.gap(t, stopFile, func() error { return b.saveFile(t, image) }) },
		func() error { return b.writeFile() },
	}
	if err := b.saveOnce(steps); err != nil {
		return err
	}
	for _, f := range []func() error{b.writeOnce, func() error { return b.sendFile(image) }} {
		if err := f(); err != nil {
			return err
		}
	}
	err = toDrain(func(fd int) (int64, error) {
		err := b.gap(t, stopPipe, func() error { return b.save(t, ckptPipe, fd) })
		return b.bytes, err
	})
	if err != nil {
		return err
	}
	return toDrain(func(fd int) (int64, error) {
		return b.bytes, b.timed(writePipe, func() error { return writeAll(fd, b.src[:b.bytes]) })
	})
}

// saveOnce runs the steps, the first one first until the size of the image is known and in every other round.
func (b *Bench) saveOnce(steps []func() error) error {
	if b.bytes != 0 && len(b.times[ckptFile])%2 == 1 {
		steps[0], steps[1] = steps[1], steps[0]
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// gap measures the longest time that the target sees nothing while f runs.
func (b *Bench) gap(t *Target, what string, f func() error) error {
	if _, err := t.do(cmdReset); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	if err := t.runsAfter(monotonic()); err != nil {
		return err
	}
	b.add(what, t.gap)
	return nil
}

func (b *Bench) save(t *Target, what string, fd int) error {
	return b.withLog(func(logfd int) error {
		return b.timed(what, func() error {
			_, err := calls.Checkpoint(t.pid, fd, calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE, logfd)
			return err
		})
	})
}

func (b *Bench) saveFile(t *Target, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := b.save(t, ckptFile, int(f.Fd())); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if b.bytes = info.Size(); b.bytes < int64(b.size) || b.bytes > int64(len(b.src)) {
		return fmt.Errorf("the image has %d bytes for %d bytes of memory", b.bytes, b.size)
	}
	return nil
}

func (b *Bench) writeFile() error {
	return b.toFresh(func(fd int) error {
		return b.timed(writeFile, func() error {
			for rest := b.src[:b.bytes]; len(rest) > 0; {
				n := min(len(rest), writeStep)
				if err := writeAll(fd, rest[:n]); err != nil {
					return err
				}
				rest = rest[n:]
			}
			return nil
		})
	})
}

// writeOnce is left out for sizes at which it would take longer than all the rest.
func (b *Bench) writeOnce() error {
	if b.size >= 1<<30 {
		return nil
	}
	return b.toFresh(func(fd int) error {
		return b.timed(writeOnce, func() error { return writeAll(fd, b.src[:b.bytes]) })
	})
}

// writeStep is the length of a write(2). In Linux 6.12, a write to tmpfs touches up to 2 MiB of what is still to be
// written before each page: many bytes in one call are slow.
const writeStep = 64 << 10

// sendFile copies the image inside of the kernel.
func (b *Bench) sendFile(image string) error {
	in, err := os.Open(image)
	if err != nil {
		return err
	}
	defer in.Close()
	return b.toFresh(func(fd int) error {
		return b.timed(sendFile, func() error {
			for left := int(b.bytes); left > 0; {
				n, err := unix.Sendfile(fd, int(in.Fd()), nil, left)
				if err != nil && err != unix.EINTR {
					return err
				}
				left -= max(n, 0)
			}
			return nil
		})
	})
}

// toFresh runs f with a new file, and removes that.
func (b *Bench) toFresh(f func(fd int) error) error {
	path := filepath.Join(b.dir, "written")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	defer file.Close()
	return f(int(file.Fd()))
}

func (b *Bench) restores(image string, verify bool) error {
	err := b.restore(restartFile, verify, func(f func(fd int) error) error {
		in, err := os.Open(image)
		if err != nil {
			return err
		}
		defer in.Close()
		return f(int(in.Fd()))
	})
	if err != nil {
		return err
	}
	for _, warm := range []bool{false, true} {
		if err := b.readFile(image, warm); err != nil {
			return err
		}
	}
	err = b.restore(restartPipe, false, func(f func(fd int) error) error { return fromFeed(image, f) })
	if err != nil {
		return err
	}
	return fromFeed(image, func(fd int) error { return b.readFreshly(readPipe, fd) })
}

func (b *Bench) readFile(image string, warm bool) error {
	in, err := os.Open(image)
	if err != nil {
		return err
	}
	defer in.Close()
	if warm {
		return b.timed(readWarm, func() error { return readAll(int(in.Fd()), b.dst[:b.bytes]) })
	}
	return b.readFreshly(readFresh, int(in.Fd()))
}

// readFreshly reads into memory that nobody has touched, as a restart does.
func (b *Bench) readFreshly(what string, fd int) error {
	buf, err := memory(int(b.bytes))
	if err != nil {
		return err
	}
	defer unix.Munmap(buf)
	return b.timed(what, func() error { return readAll(fd, buf) })
}

// restore brings the target back, sees that it runs, and ends it.
func (b *Bench) restore(what string, verify bool, from func(func(fd int) error) error) error {
	pid, err := forkRestarter()
	if err != nil {
		return err
	}
	t := &Target{pid, b.shared}
	err = from(func(fd int) error {
		return b.withLog(func(logfd int) error {
			return b.timed(what, func() error {
				_, err := calls.Restart(pid, fd, 0, logfd)
				return err
			})
		})
	})
	if err == nil {
		err = t.runsAfter(monotonic())
	}
	if err == nil && verify {
		var sum uint64
		if sum, err = t.do(cmdSum); err == nil && sum != wantSum(b.size) {
			err = fmt.Errorf("%s: the memory has another sum than it had", what)
		}
	}
	if killErr := t.kill(); err == nil {
		err = killErr
	}
	return err
}

func writeAll(fd int, buf []byte) error {
	for len(buf) > 0 {
		n, err := unix.Write(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		buf = buf[n:]
	}
	return nil
}

func readAll(fd int, buf []byte) error {
	for len(buf) > 0 {
		n, err := unix.Read(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return fs.ErrInvalid
		}
		buf = buf[n:]
	}
	return nil
}
