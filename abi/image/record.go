// SPDX-License-Identifier: GPL-2.0

package image

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"linux-cr/abi/schema"
)

// ByteOrder is what a record needs to be encoded and decoded:
// binary.LittleEndian or binary.BigEndian.
type ByteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// Record is one record of an image. The generated structs implement it.
type Record interface {
	// Type is the CKPT_HDR_* number.
	Type() uint32
	// EncodedSize is the length of the record in an image.
	EncodedSize() int
	// Append encodes the record, pre-header and padding included.
	Append(b []byte, o ByteOrder) []byte
	// Decode takes the fields from an encoded record. It checks length,
	// count and padding; Validate checks the values.
	Decode(b []byte, o ByteOrder) error
	// Validate checks values as the kernel does: constants, flags, limits,
	// reserved fields, text, and the sign of references.
	Validate() error

	values() []any
}

// declared finds the declaration of a record type.
var declared = func() map[uint32]*schema.Record {
	m := map[uint32]*schema.Record{}
	for _, r := range schema.Records() {
		m[r.WireType()] = r
	}
	return m
}()

// New makes an empty record of a type, nil for an unknown type.
func New(typ uint32) Record { return newRecord(typ) }

// TypeName is the name of a record type, as in "file_desc".
func TypeName(typ uint32) string {
	if r := declared[typ]; r != nil {
		return r.Name
	}
	return fmt.Sprintf("type %d", typ&^CKPT_HDR_OPTIONAL)
}

// Declaration is what the schema says about a record.
func Declaration(r Record) *schema.Record { return declared[r.Type()] }

// NewString makes a string record.
func NewString(s string) *StringRecord {
	return &StringRecord{Text: append([]byte(s), 0)}
}

// Value is the text without its final NUL.
func (r *StringRecord) Value() string { return CString(r.Text) }

// NewError makes an error record.
func NewError(err int32, message string) *ErrorRecord {
	return &ErrorRecord{Err: err, Text: append(append([]byte{0}, message...), 0)}
}

// Message is the text without its first and final NUL.
func (r *ErrorRecord) Message() string { return CString(bytes.TrimPrefix(r.Text, []byte{0})) }

// CString is the text in front of the first NUL.
func CString(b []byte) string {
	text, _, _ := bytes.Cut(b, []byte{0})
	return string(text)
}

func align8[T int | uint64](n T) T { return (n + 7) &^ 7 }

// appendZeros fills b up to a length.
func appendZeros(b []byte, end int) []byte {
	return append(b, make([]byte, end-len(b))...)
}

// checkHdr checks the pre-header of an encoded record of which at least the
// fixed part must be there, and returns its length.
func checkHdr(b []byte, o ByteOrder, typ uint32, fixed int) (uint64, error) {
	if len(b) < fixed {
		return 0, badLen(uint64(len(b)), uint64(fixed))
	}
	if got := o.Uint32(b); got != typ {
		return 0, &FieldError{"type", fmt.Sprintf("is %d, not %d", got, typ)}
	}
	size := uint64(o.Uint32(b[4:]))
	if size < uint64(fixed) {
		return 0, badLen(size, uint64(fixed))
	}
	return size, nil
}

// checkEnd checks that a record of size bytes holds n bytes and the zeros up to
// the next multiple of 8.
func checkEnd(b []byte, size uint64, n int) error {
	if want := uint64(align8(n)); size != want || uint64(len(b)) < want {
		return badLen(size, want)
	}
	for _, c := range b[n:size] {
		if c != 0 {
			return &FieldError{"len", "the padding at the end is not zero"}
		}
	}
	return nil
}

// checkText checks a fixed array of text: there is a NUL in it.
func checkText(field string, b []byte) error {
	if bytes.IndexByte(b, 0) < 0 {
		return badText(field)
	}
	return nil
}

// isText tells whether b ends in the one NUL it has.
func isText(b []byte) bool {
	return len(b) > 0 && bytes.IndexByte(b, 0) == len(b)-1
}
