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
	Tasks  []image.Pids

	order image.ByteOrder
}

// Root is the top of the hierarchy.
func (h *Head) Root() *image.Pids {
	for i := range h.Tasks {
		if h.Tasks[i].Flags&image.CKPT_PIDS_ROOT != 0 {
			return &h.Tasks[i]
		}
	}
	return &h.Tasks[0]
}

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
	want := -1 // length of the task array, once it is known
	for want != len(h.Tasks) {
		entry, err := in.Next()
		if err != nil {
			return nil, err
		}
		switch rec := entry.Record.(type) {
		case *image.Tree:
			if rec.NrTasks == 0 || want >= 0 {
				return nil, misplaced(entry)
			}
			want = int(rec.NrTasks)
		case *image.Pids:
			if want < 0 || rec.PID <= 0 {
				return nil, misplaced(entry)
			}
			h.Tasks = append(h.Tasks, *rec)
		case *image.ErrorRecord:
			return nil, fmt.Errorf("%w: %s", image.ErrFailed, strings.Trim(string(rec.Text), "\x00"))
		case *image.Tail:
			return nil, misplaced(entry)
		}
	}
	return raw.Bytes(), nil
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
