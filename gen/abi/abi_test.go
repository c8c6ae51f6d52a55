// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"linux-cr/abi/schema"
)

const root = "../.."

// TestCurrent compares the generated files with what the schema says now.
func TestCurrent(t *testing.T) {
	out, err := outputs()
	if err != nil {
		t.Fatal(err)
	}
	stale, err := generator.Update(false)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range stale {
		t.Errorf("%s:1:1: not current, run '%s'", name, regenerate)
	}
	again, err := outputs()
	if err != nil {
		t.Fatal(err)
	}
	for name := range out {
		if !bytes.Equal(out[name], again[name]) {
			t.Errorf("%s: two runs differ", name)
		}
	}
}

// TestBanner looks for the two lines that lead from a generated file back to
// its source.
func TestBanner(t *testing.T) {
	out, err := outputs()
	if err != nil {
		t.Fatal(err)
	}
	goBanner := regexp.MustCompile(`^// Code generated .* DO NOT EDIT\.\n`)
	for name, text := range out {
		head := strings.Join(strings.SplitN(string(text), "\n", 4)[:3], "\n")
		if !strings.Contains(head, banner) || !strings.Contains(head, regenerate) {
			t.Errorf("%s: starts with\n%s", name, head)
		}
		if strings.HasSuffix(name, ".go") && !goBanner.Match(text) {
			t.Errorf("%s: go does not see that it is generated", name)
		}
	}
}

// TestStyle keeps the C files inside the limits of the kernel's coding style.
func TestStyle(t *testing.T) {
	out, err := outputs()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range out {
		if ext := filepath.Ext(name); ext != ".c" && ext != ".h" {
			continue
		}
		for i, line := range strings.Split(string(text), "\n") {
			switch {
			case columns(line) > 100:
				t.Errorf("%s:%d:1: %d columns", name, i+1, columns(line))
			case strings.TrimRight(line, " \t") != line:
				t.Errorf("%s:%d:1: blank at the end", name, i+1)
			case strings.Contains(name, "/uapi/") && strings.HasPrefix(strings.TrimSpace(line), "//"):
				t.Errorf("%s:%d:1: // comment in a uapi header", name, i+1)
			}
		}
	}
}

// TestDocumented looks for every name of the schema in the reference and in the
// headers.
func TestDocumented(t *testing.T) {
	ref, hdr := string(reference()), string(imageHeader())+string(interfaceHeader())
	for _, s := range schema.All {
		for _, r := range s.Records {
			if !strings.Contains(ref, "### Record "+r.Name+"\n") || strings.Contains(hdr, "struct ckpt_hdr_"+r.Name+" {") == s.Tools {
				t.Errorf("record %s is missing, or in the header though the kernel does not know it", r.Name)
			}
		}
	}
	for _, s := range schema.All {
		for _, e := range s.Enums {
			for _, v := range e.Values {
				if name := e.Prefix + v.Name; !strings.Contains(ref, "`"+name+"`") || !strings.Contains(hdr, name) {
					t.Errorf("%s is missing", name)
				}
			}
		}
	}
}
