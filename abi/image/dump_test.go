// SPDX-License-Identifier: GPL-2.0

package image

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// dump prints every record and field of an image, and how it ends.
func dump(b []byte) string {
	var out strings.Builder
	r, err := NewReader(strings.NewReader(string(b)))
	for err == nil {
		var e *Entry
		if e, err = r.Next(); err != nil {
			break
		}
		fmt.Fprintf(&out, "%6d %s %d\n", e.Pos, e.Name(), e.Len)
		if e.Record == nil {
			continue
		}
		for _, v := range Values(e.Record) {
			fmt.Fprintf(&out, "       .%s = %s\n", v.Name, v.Text())
		}
		for _, a := range e.Addrs {
			page := make([]byte, 24)
			if _, err = io.ReadFull(r.Pages(), page); err != nil {
				break
			}
			fmt.Fprintf(&out, "       %#x: %q\n", a, CString(page))
			_, err = io.CopyN(io.Discard, r.Pages(), samplePage-24)
		}
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("complete")
	}
	fmt.Fprintf(&out, "%v\n", err)
	return out.String()
}
