// SPDX-License-Identifier: GPL-2.0

package image

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

// Seal corrects size and checksum in the trailer of an image that was edited in
// memory. Tests make images with it that are wrong in one place only.
func Seal(b []byte) error {
	size := declared[CKPT_HDR_TAIL].FixedSize()
	if len(b) < headSize+size {
		return ErrTruncated
	}
	tail := b[len(b)-size:]
	for _, o := range []ByteOrder{binary.LittleEndian, binary.BigEndian} {
		var t Tail
		if t.Decode(tail, o) == nil && t.Magic == CKPT_MAGIC_TAIL {
			t.Size = uint64(len(b))
			t.Checksum = xxhash.Sum64(b[:len(b)-size])
			t.Append(tail[:0], o)
			return nil
		}
	}
	return fmt.Errorf("%w: there is no trailer at the end", ErrOrder)
}
