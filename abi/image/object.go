// SPDX-License-Identifier: GPL-2.0

package image

import (
	"bytes"
	"encoding/json"
)

// Member is a name and a value of a JSON object.
type Member struct {
	Name  string
	Value any
}

// Object is a JSON object whose members keep their order.
type Object []Member

// MarshalJSON writes the members in order.
func (o Object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.Value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// JSON lists the fields of a record under their names in the schema, without
// the reserved ones.
func JSON(r Record) Object { return objectOf(Values(r)) }

func objectOf(values []Value) Object {
	o := Object{}
	for _, v := range values {
		if !v.Reserved {
			o = append(o, Member{v.Name, v.JSON()})
		}
	}
	return o
}
