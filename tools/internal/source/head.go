// SPDX-License-Identifier: GPL-2.0

package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"linux-cr/abi/image"
	"linux-cr/abi/schema"
)

// Head is what a restart has to know before the kernel reads the image.
type Head struct {
	Header image.Header
	Config image.Container
	Tasks  []image.Pids // a process behind its parent, a thread behind its leader
	Ghosts []image.Pids

	root      *Process
	processes []*Process
	order     image.ByteOrder
}

// Root is the top of the hierarchy.
func (h *Head) Root() *Process { return h.root }

// goArchs are the architectures of the image by Go's names.
var goArchs = map[string]uint64{
	"amd64":   image.CKPT_ARCH_X86_64,
	"arm64":   image.CKPT_ARCH_ARM64,
	"s390x":   image.CKPT_ARCH_S390X,
	"riscv64": image.CKPT_ARCH_RISCV64,
	"ppc64le": image.CKPT_ARCH_PPC64LE,
}

// ErrForeignArch is the error of an image that another kind of machine made.
var ErrForeignArch = errors.New("wrong architecture")

// readHead reads from r to the end of the task array and not a byte further. It
// returns the bytes read.
func readHead(r io.Reader, h *Head) ([]byte, error) {
	var raw bytes.Buffer
	in, err := image.NewReader(io.TeeReader(r, &raw))
	if err != nil {
		return nil, err
	}
	h.Header, h.order = *in.Header(), in.Order()
	if err := checkArch(uint64(h.Header.ArchID)); err != nil {
		return nil, err
	}
	if err := h.readTasks(in); err != nil {
		return nil, err
	}
	if err := h.grow(); err != nil {
		return nil, err
	}
	return raw.Bytes(), nil
}

// readTasks reads the task array. It grows with the records that arrive, not
// with the number that was announced.
func (h *Head) readTasks(in *image.Reader) error {
	var tree *image.Tree
	for tree == nil || len(h.Tasks) < int(tree.NrTasks) || len(h.Ghosts) < int(tree.NrGhosts) {
		entry, err := in.Next()
		if err != nil {
			return err
		}
		switch rec := entry.Record.(type) {
		case *image.Container:
			h.Config = *rec
		case *image.Tree:
			if rec.NrTasks == 0 || tree != nil {
				return misplaced(entry)
			}
			tree = rec
		case *image.Pids:
			switch {
			case tree == nil || rec.PID <= 0:
				return misplaced(entry)
			case len(h.Tasks) < int(tree.NrTasks):
				h.Tasks = append(h.Tasks, *rec)
			default:
				h.Ghosts = append(h.Ghosts, *rec)
			}
		case *image.ErrorRecord:
			return fmt.Errorf("%w: %s", image.ErrFailed, strings.Trim(string(rec.Text), "\x00"))
		case *image.Tail:
			return misplaced(entry)
		}
	}
	return nil
}

func misplaced(e *image.Entry) error {
	return &image.Error{Pos: e.Pos, Record: e.Name(), Err: image.ErrOrder}
}

func checkArch(id uint64) error {
	own, ok := goArchs[runtime.GOARCH]
	if ok && id == own {
		return nil
	}
	return fmt.Errorf("%w: the image was made on %s, this machine is %s", ErrForeignArch, archName(id), archName(own))
}

// archName is the name of an architecture; image.NewReader has refused numbers
// that have none.
func archName(id uint64) string {
	if v := schema.Archs.Lookup(id); v != nil {
		return v.Name
	}
	return runtime.GOARCH
}
