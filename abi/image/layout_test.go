// SPDX-License-Identifier: GPL-2.0

package image

import (
	"encoding/binary"
	"reflect"
	"testing"
)

// layout is the layout of a record as the C side asserts it.
type layout struct {
	rec    Record
	size   int // of the fixed part
	places []place
}

// place is a field's place: its C name, its Go name (empty for the count of an
// array), offset and size (of one element, for the array at the end).
type place struct {
	cName, goName string
	offset, size  int
}

// fill sets every bit of a value. A slice gets one element.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Int32, reflect.Int64:
		v.SetInt(-1)
	default:
		v.SetUint(1<<(8*v.Type().Size()) - 1)
	}
}

// TestLayout sets the bits of one field at a time and looks where they come out.
func TestLayout(t *testing.T) {
	for _, l := range layouts {
		name := TypeName(l.rec.Type())
		if got := l.rec.EncodedSize(); got != l.size {
			t.Errorf("%s: EncodedSize() = %d; want %d", name, got, l.size)
		}
		for _, p := range l.places {
			if p.goName == "" {
				continue
			}
			for _, o := range []ByteOrder{binary.LittleEndian, binary.BigEndian} {
				rec := newRecord(l.rec.Type())
				fill(reflect.ValueOf(rec).Elem().FieldByName(p.goName))
				b := rec.Append(nil, o)
				for i, c := range b {
					if i < 8 || isCount(l, i) {
						continue
					}
					if set := c == 0xff; set != (i >= p.offset && i < p.offset+p.size) {
						t.Errorf("%s.%s: byte %d is %#x; the field is at %d, %d bytes", name, p.cName, i, c, p.offset, p.size)
					}
				}
				back := newRecord(l.rec.Type())
				if err := back.Decode(b, o); err != nil {
					t.Errorf("%s.%s: Decode: %v", name, p.cName, err)
				} else if !reflect.DeepEqual(back, normal(rec)) {
					t.Errorf("%s.%s: round trip gives %+v; want %+v", name, p.cName, back, rec)
				}
			}
		}
	}
}

// isCount tells whether byte i of a record belongs to the count of its array.
func isCount(l layout, i int) bool {
	for _, p := range l.places {
		if p.goName == "" && i >= p.offset && i < p.offset+p.size {
			return true
		}
	}
	return false
}

// normal gives a record the empty slices that Decode makes.
func normal(r Record) Record {
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice && f.IsNil() && f.Type().Elem().Kind() != reflect.Uint8 {
			f.Set(reflect.MakeSlice(f.Type(), 0, 0))
		}
	}
	return r
}
