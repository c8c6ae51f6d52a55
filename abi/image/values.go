// SPDX-License-Identifier: GPL-2.0

package image

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"linux-cr/abi/schema"
)

// Value is a field of a decoded record with its declaration.
type Value struct {
	*schema.Field
	V any // a sized integer, a slice of them, or []element
}

// element is a struct inside a record.
type element interface{ values() []any }

// elements lists the structs of an array for the walker.
func elements[T any, P interface {
	*T
	element
}](s []T) []element {
	list := make([]element, len(s))
	for i := range s {
		list[i] = P(&s[i])
	}
	return list
}

// Values lists the fields of a record in the order of their declaration.
func Values(r Record) []Value { return pair(declared[r.Type()].Fields, r.values()) }

func pair(fields []schema.Field, values []any) []Value {
	list := make([]Value, len(fields))
	for i := range fields {
		list[i] = Value{&fields[i], values[i]}
	}
	return list
}

// Uint is a number as an unsigned integer; ok is false for arrays.
func (v Value) Uint() (n uint64, ok bool) { return toUint(v.V) }

func toUint(v any) (uint64, bool) {
	switch n := v.(type) {
	case uint8:
		return uint64(n), true
	case uint16:
		return uint64(n), true
	case uint32:
		return uint64(n), true
	case uint64:
		return n, true
	case int32:
		return uint64(n), true
	case int64:
		return uint64(n), true
	}
	return 0, false
}

// Symbol renders a value with the names of an enum: one name, or the names of
// the bits with "|" between them. What has no name is a number.
func Symbol(e *schema.Enum, n uint64) string {
	if !e.Bits {
		if v := e.Lookup(n); v != nil {
			return v.Name
		}
		return strconv.FormatUint(n, 10)
	}
	var names []string
	for _, v := range e.Values {
		if n&v.Num != 0 {
			names = append(names, v.Name)
			n &^= v.Num
		}
	}
	if n != 0 {
		names = append(names, fmt.Sprintf("%#x", n))
	}
	if names == nil {
		return "0"
	}
	return strings.Join(names, "|")
}

// Text renders the value for people: names for constants and flags, quoted
// text, hexadecimal bytes. A large number is shown in hexadecimal too.
func (v Value) Text() string {
	switch x := v.V.(type) {
	case []element:
		list := make([]string, len(x))
		for i, e := range x {
			var parts []string
			for _, m := range pair(v.Of.Fields, e.values()) {
				parts = append(parts, m.Name+"="+m.Text())
			}
			list[i] = "{" + strings.Join(parts, " ") + "}"
		}
		return "[" + strings.Join(list, " ") + "]"
	case []byte:
		if v.Kind == schema.Char {
			return strconv.Quote(v.text(x))
		}
		return hex.EncodeToString(x)
	}
	if n, ok := v.Uint(); ok {
		return v.number(n)
	}
	list := []string{}
	rv := reflect.ValueOf(v.V)
	for i := range rv.Len() {
		n, _ := toUint(rv.Index(i).Interface())
		list = append(list, v.number(n))
	}
	return "[" + strings.Join(list, " ") + "]"
}

// text is what a Char array says, without the NUL bytes around it.
func (v Value) text(b []byte) string {
	if v.LeadNUL && len(b) > 0 {
		b = b[1:]
	}
	return CString(b)
}

func (v Value) number(n uint64) string {
	switch {
	case v.Enum != nil:
		return Symbol(v.Enum, n)
	case v.Flags != nil:
		return Symbol(v.Flags, n)
	case v.Kind.Signed():
		return strconv.FormatInt(int64(n), 10)
	case n >= 1<<16:
		return fmt.Sprintf("%d(%#x)", n, n)
	}
	return strconv.FormatUint(n, 10)
}

// JSON renders the value for programs: numbers as numbers, constants by name,
// flags as an array of names, text as a string, bytes in hexadecimal, structs
// as objects.
func (v Value) JSON() any {
	switch x := v.V.(type) {
	case []element:
		list := make([]Object, len(x))
		for i, e := range x {
			list[i] = objectOf(pair(v.Of.Fields, e.values()))
		}
		return list
	case []byte:
		if v.Kind == schema.Char {
			return v.text(x)
		}
		return hex.EncodeToString(x)
	}
	n, ok := v.Uint()
	if !ok {
		return v.V
	}
	switch {
	case v.Enum != nil && v.Enum.Lookup(n) != nil:
		return v.Enum.Lookup(n).Name
	case v.Flags != nil:
		names := []string{}
		if n != 0 {
			names = strings.Split(Symbol(v.Flags, n), "|")
		}
		return names
	}
	return v.V
}
