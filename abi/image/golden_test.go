// SPDX-License-Identifier: GPL-2.0

package image

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden images of the current revision")

// golden compares a file of testdata with what it should hold.
func golden(t *testing.T, name string, want []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what this revision writes; if the change is meant: go test ./abi/image -update, and bump the revision once it is released", path)
	}
}

// TestGolden keeps one image per revision and byte order, with its text.
func TestGolden(t *testing.T) {
	for _, s := range sources {
		name := fmt.Sprintf("rev%d-%s", CKPT_REV, s.name)
		img := sample(t, s)
		golden(t, name+".img", img)
		golden(t, name+".txt", []byte(dump(img)))
	}
	img := failedSample(t)
	golden(t, fmt.Sprintf("rev%d-failed.img", CKPT_REV), img)
	golden(t, fmt.Sprintf("rev%d-failed.txt", CKPT_REV), []byte(dump(img)))
}

// TestRoundTrip writes again what it reads, byte for byte.
func TestRoundTrip(t *testing.T) {
	for _, s := range sources {
		want := sample(t, s)
		r, err := NewReader(bytes.NewReader(want))
		if err != nil {
			t.Fatal(err)
		}
		if r.Order() != s.order {
			t.Errorf("%s: Order() = %v; want %v", s.name, r.Order(), s.order)
		}
		var got bytes.Buffer
		w, err := NewWriter(&got, r.Order(), r.Header())
		if err != nil {
			t.Fatal(err)
		}
		for {
			e, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			switch e.Record.(type) {
			case *Header, *Pad:
			case *Pgarr:
				err = w.WritePages(e.Addrs, r.Pages())
			case *Tail:
				err = w.Close()
			default:
				err = w.Write(e.Record)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: the copy differs", s.name)
		}
	}
}
