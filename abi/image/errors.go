// SPDX-License-Identifier: GPL-2.0

package image

import (
	"errors"
	"fmt"
)

// What can be wrong with an image, for errors.Is.
var (
	ErrNotImage  = errors.New("not a checkpoint image")
	ErrRevision  = errors.New("format revision not supported")
	ErrFeature   = errors.New("needs a feature that is not supported")
	ErrArch      = errors.New("unknown architecture")
	ErrTruncated = errors.New("the image ends early")
	ErrRecord    = errors.New("damaged record")
	ErrUnknown   = errors.New("unknown record")
	ErrOrder     = errors.New("record out of place")
	ErrReference = errors.New("bad object reference")
	ErrTrailer   = errors.New("the trailer disagrees with the image")
	ErrChecksum  = errors.New("checksum does not match")

	// ErrFailed is how an image ends that has an error record in place of a
	// trailer: it is well-formed, but the checkpoint failed.
	ErrFailed = errors.New("the checkpoint failed")
)

// Error tells where an image is wrong. It wraps one of the errors above, or an
// error of the underlying reader or writer.
type Error struct {
	Pos    int64  // position of the record from the start of the image
	Record string // its type, as in "file_desc"; empty when not known
	Err    error
}

func (e *Error) Error() string {
	if e.Record == "" {
		return fmt.Sprintf("at byte %d: %v", e.Pos, e.Err)
	}
	return fmt.Sprintf("at byte %d, record %s: %v", e.Pos, e.Record, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// FieldError tells what is wrong with one field of a record.
type FieldError struct {
	Field   string
	Problem string
}

func (e *FieldError) Error() string { return e.Field + " " + e.Problem }

func badLen(size, want uint64) error {
	return &FieldError{"len", fmt.Sprintf("is %d where %d bytes belong", size, want)}
}

func badText(field string) error {
	return &FieldError{field, "is not NUL-terminated text"}
}

func badReserved(field string) error {
	return &FieldError{field, "is not zero"}
}

func badEnum(field string, v uint64, prefix string) error {
	return &FieldError{field, fmt.Sprintf("has the unknown value %d (%s*)", v, prefix)}
}

func badFlags(field string, bad uint64, prefix string) error {
	return &FieldError{field, fmt.Sprintf("has the unknown bits %#x (%s*)", bad, prefix)}
}

func badRef(field string, v int32) error {
	return &FieldError{field, fmt.Sprintf("is %d, which is no object number", v)}
}

func tooLarge(field string, v, limit uint64) error {
	return &FieldError{field, fmt.Sprintf("is %d, more than %d", v, limit)}
}

func outOfRange(field string, v int64, limit uint64) error {
	return &FieldError{field, fmt.Sprintf("is %d, not within 0 to %d", v, limit)}
}
