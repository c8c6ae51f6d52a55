package qemu

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hugelgupf/vmtest/qemu"
	"golang.org/x/sys/unix"

	"linux-cr/qemu/event"
)

// eventPort gives the machine the verdict port and calls handle for every event. vmtest's own event channel goes one way
// and through a terminal; here the host acknowledges the last event, for what is still on its way when the machine turns
// itself off would be lost.
func eventPort(handle func(event.Event)) qemu.Fn {
	return func(alloc *qemu.IDAllocator, opts *qemu.Options) error {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open the verdict port: %w", err)
		}
		ours, theirs := os.NewFile(uintptr(fds[0]), "verdict port"), os.NewFile(uintptr(fds[1]), "verdict port")
		id := alloc.ID("events")
		opts.AppendQEMU(
			"-chardev", fmt.Sprintf("socket,id=%s,fd=%d", id, opts.AddFile(theirs)),
			"-device", "virtio-serial",
			"-device", fmt.Sprintf("virtserialport,chardev=%s,name=%s", id, event.Port),
		)
		opts.Tasks = append(opts.Tasks, func(ctx context.Context, n *qemu.Notifications) error {
			defer ours.Close()
			select {
			case <-n.VMStarted:
			case <-ctx.Done():
				return theirs.Close()
			}
			// The machine has its own copy, whose end is the end of the stream.
			if err := theirs.Close(); err != nil {
				return err
			}
			return readEvents(ours, handle)
		})
		return nil
	}
}

// readEvents calls handle for every event on rw until the last one, which it acknowledges.
func readEvents(rw io.ReadWriter, handle func(event.Event)) error {
	r := bufio.NewReader(rw)
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET) {
			return ErrNoVerdict
		}
		if err != nil {
			return fmt.Errorf("read the verdict port: %w", err)
		}
		var e event.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("the guest sent %q: %w", line, err)
		}
		if e.Kind == event.Done {
			if _, err := rw.Write([]byte(event.Ack)); err != nil {
				return fmt.Errorf("acknowledge the verdict: %w", err)
			}
			return nil
		}
		handle(e)
	}
}
