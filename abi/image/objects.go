// SPDX-License-Identifier: GPL-2.0

package image

import (
	"fmt"

	"linux-cr/abi/schema"
)

// Objects checks the object numbers of a stream of records: objects are
// numbered 1, 2, 3, ... in order of appearance, and a reference names an
// earlier object of the right type.
type Objects struct {
	types []uint64 // CKPT_OBJ_* of object n at n-1
}

// links are the fields of a record type that hold object numbers.
type links struct {
	object uint64 // CKPT_OBJ_* of the record itself, 0 for none
	refs   []ref
}

type ref struct {
	index int // of the field
	name  string
	typ   uint64
}

var linksOf = func() map[uint32]links {
	m := map[uint32]links{}
	for _, r := range schema.Records() {
		var l links
		if r.Object != nil {
			l.object = r.Object.Num
		}
		for i, f := range r.Fields {
			if f.Ref == "" {
				continue
			}
			for _, v := range schema.ObjTypes.Values {
				if v.Name == f.Ref {
					l.refs = append(l.refs, ref{i, f.Name, v.Num})
				}
			}
		}
		if l.object != 0 || l.refs != nil {
			m[r.WireType()] = l
		}
	}
	return m
}()

// Add checks the next record of the stream. Its error is ErrReference.
func (o *Objects) Add(r Record) error {
	l, ok := linksOf[r.Type()]
	if !ok {
		return nil
	}
	values := r.values()
	for _, ref := range l.refs {
		n := values[ref.index].(int32)
		switch {
		case n == 0: // Validate knows whether that is allowed.
		case n < 0 || int(n) > len(o.types):
			return fmt.Errorf("%w: %s is %d, there are %d objects so far", ErrReference, ref.name, n, len(o.types))
		case o.types[n-1] != ref.typ:
			return fmt.Errorf("%w: %s is object %d, a %s and not a %s", ErrReference, ref.name, n,
				Symbol(schema.ObjTypes, o.types[n-1]), Symbol(schema.ObjTypes, ref.typ))
		}
	}
	if l.object == 0 {
		return nil
	}
	if n := values[0].(int32); int64(n) != int64(len(o.types))+1 {
		return fmt.Errorf("%w: objref is %d, the next object is number %d", ErrReference, n, len(o.types)+1)
	}
	o.types = append(o.types, l.object)
	return nil
}
