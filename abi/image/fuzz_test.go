// SPDX-License-Identifier: GPL-2.0

package image

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// FuzzReader feeds the Reader anything. What it accepts must be what the
// records encode to.
func FuzzReader(f *testing.F) {
	for _, s := range sources {
		f.Add(sample(f, s))
	}
	f.Add(failedSample(f))
	f.Fuzz(func(t *testing.T, img []byte) {
		// Most of what a fuzzer makes fails at the checksum: seal it.
		_ = Seal(img)
		r, err := NewReader(bytes.NewReader(img))
		if err != nil {
			return
		}
		var copied []byte
		exact := true
		for {
			e, err := r.Next()
			if err == io.EOF || errors.Is(err, ErrFailed) {
				if exact && !bytes.HasPrefix(img, copied) {
					t.Fatal("the records encode to something else than was read")
				}
				return
			}
			if err != nil {
				return
			}
			if e.Record == nil {
				exact = false // skipped
				continue
			}
			copied = e.Record.Append(copied, r.Order())
			for _, a := range e.Addrs {
				copied = r.Order().AppendUint64(copied, a)
			}
			pages, err := io.ReadAll(r.Pages())
			if err != nil {
				return
			}
			copied = append(copied, pages...)
		}
	})
}
