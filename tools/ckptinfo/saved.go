// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io"
	"time"

	"linux-cr/abi/image"
)

// savedFile is a file whose contents stand in front of the image.
type savedFile struct {
	*image.SavedFile
	path string
	data uint64 // bytes, without holes
}

func (f *savedFile) mtime() string {
	return time.Unix(0, f.Mtime).UTC().Format("2006-01-02T15:04:05.999999999Z")
}

// readSaved reads the saved files that the image may begin with. It returns where the image itself stands.
func (c *contents) readSaved(src io.Reader) (io.Reader, error) {
	r, src, err := image.OpenSaved(src)
	if r == nil || err != nil {
		return src, err
	}
	for {
		f, path, err := r.Next()
		if err == io.EOF {
			c.savedSize = r.Pos()
			return src, nil
		}
		if err != nil {
			return src, fmt.Errorf("saved files: %w", err)
		}
		s := savedFile{SavedFile: f, path: path}
		for {
			_, data, err := r.Data()
			if err != nil {
				break // The next file, or Next tells.
			}
			s.data += uint64(len(data))
		}
		c.saved = append(c.saved, s)
	}
}

// savedText prints a row per saved file.
func savedText(out io.Writer, c *contents) {
	if len(c.saved) == 0 {
		return
	}
	fmt.Fprintln(out)
	table(out, func(row func(...any)) {
		row("SIZE", "DATA", "MODE", "OWNER", "CHANGED", "SAVED FILE")
		for i := range c.saved {
			f := &c.saved[i]
			o := object{names: []string{f.path}}
			row(f.Size, f.data, fmt.Sprintf("%04o", f.Mode), fmt.Sprintf("%d:%d", f.UID, f.GID), f.mtime(), o.shownNames()[0])
		}
	})
}

// savedJSON is what there is to tell of each saved file.
func savedJSON(c *contents) []image.Object {
	list := []image.Object{}
	for i := range c.saved {
		f := &c.saved[i]
		o := append(image.Object{{Name: "type", Value: "saved"}, {Name: "name", Value: f.path}, {Name: "data", Value: f.data}}, image.JSON(f.SavedFile)...)
		list = append(list, o)
	}
	return list
}
