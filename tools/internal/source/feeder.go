// SPDX-License-Identifier: GPL-2.0

package source

import (
	"fmt"
	"io"
	"sync"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
	"linux-cr/abi/schema"
)

// pipeSize is what an unprivileged user may ask for by default.
const pipeSize = 1 << 20

// feeder passes an image on from a descriptor that cannot be read twice.
type feeder struct {
	in    int
	head  []byte // consumed already
	order image.ByteOrder
	out   int // read end, for the kernel
	write int // write end, for run
	once  sync.Once
}

func newFeeder(in int, head []byte, order image.ByteOrder) (*feeder, error) {
	var fds [2]int
	// Not os.Pipe: its ends would be non-blocking, and the kernel would fail
	// with EAGAIN where it has to wait.
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	// A larger pipe only saves wakeups.
	_, _ = unix.FcntlInt(uintptr(fds[1]), unix.F_SETPIPE_SZ, pipeSize)
	return &feeder{in: in, head: head, order: order, out: fds[0], write: fds[1]}, nil
}

// run passes on the image, its trailer included. When the input ends early or
// makes no sense, so does the pipe: the kernel tells the user about it.
func (f *feeder) run() {
	defer unix.Close(f.write)
	if f.writeAll(f.head) != nil {
		return
	}
	hdr := make([]byte, schema.HdrSize)
	for {
		if n, err := io.ReadFull(rawReader(f.in), hdr); err != nil {
			_ = f.writeAll(hdr[:n])
			return
		}
		if f.writeAll(hdr) != nil {
			return
		}
		size := f.order.Uint32(hdr[4:])
		if size < schema.HdrSize {
			return
		}
		if f.pass(int64(size)-schema.HdrSize) != nil || f.order.Uint32(hdr) == image.CKPT_HDR_TAIL {
			return
		}
	}
}

// pass moves n bytes without looking at them.
func (f *feeder) pass(n int64) error {
	for n > 0 {
		moved, err := unix.Splice(f.in, nil, f.write, nil, int(min(n, pipeSize)), unix.SPLICE_F_MOVE)
		switch err {
		case nil:
			if moved == 0 {
				return io.ErrUnexpectedEOF
			}
			n -= int64(moved)
		case unix.EINTR:
		case unix.EAGAIN:
			if err := await(f.in, unix.POLLIN); err != nil {
				return err
			}
		case unix.EINVAL: // The input, a terminal for instance, cannot splice.
			return f.copy(n)
		default:
			return err
		}
	}
	return nil
}

func (f *feeder) copy(n int64) error {
	buf := make([]byte, 1<<16)
	for n > 0 {
		got, err := rawReader(f.in).Read(buf[:min(n, int64(len(buf)))])
		if err != nil {
			return err
		}
		if err := f.writeAll(buf[:got]); err != nil {
			return err
		}
		n -= int64(got)
	}
	return nil
}

func (f *feeder) writeAll(b []byte) error {
	for len(b) > 0 {
		n, err := unix.Write(f.write, b)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// close takes the pipe from the kernel, which also ends run.
func (f *feeder) close() { f.once.Do(func() { unix.Close(f.out) }) }

// rawReader reads a descriptor without the runtime's poller and without
// reading ahead. It waits when the descriptor is non-blocking.
type rawReader int

func (r rawReader) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(int(r), b)
		switch err {
		case nil:
			if n == 0 && len(b) > 0 {
				return 0, io.EOF
			}
			return n, nil
		case unix.EINTR:
		case unix.EAGAIN:
			if err := await(int(r), unix.POLLIN); err != nil {
				return 0, err
			}
		default:
			return 0, err
		}
	}
}

func await(fd int, events int16) error {
	_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events}}, -1)
	if err == unix.EINTR {
		return nil
	}
	return err
}
