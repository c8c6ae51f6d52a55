// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"linux-cr/abi/image"
	"linux-cr/abi/schema"
)

var update = flag.Bool("update", false, "rewrite the golden output")

// img is a golden image of the current revision.
func img(name string) string {
	return fmt.Sprintf("../../abi/image/testdata/rev%d-%s.img", image.CKPT_REV, name)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// runTool runs the tool with stdin, or with an empty one.
func runTool(stdin io.Reader, args ...string) (status int, stdout, stderr string) {
	if stdin == nil {
		stdin = strings.NewReader("")
	}
	var out, errs bytes.Buffer
	// Cobra takes the arguments of the process for nil ones.
	status = run(append([]string{}, args...), stdin, &out, &errs)
	return status, out.String(), errs.String()
}

func TestOutput(t *testing.T) {
	for _, c := range []struct{ name, args string }{
		{"x86_64", ""}, {"x86_64", "-v"}, {"x86_64", "--json"}, {"x86_64", "-e"},
		{"s390x", ""}, {"s390x", "--json"},
		{"failed", ""}, {"failed", "--json"}, {"failed", "-e"}, {"failed", "-e --json"},
	} {
		args := append(strings.Fields(c.args), img(c.name))
		status, out, errs := runTool(nil, args...)
		if status != 0 || errs != "" {
			t.Errorf("%v: status %d, stderr %q; want 0 and nothing", args, status, errs)
		}
		name := strings.TrimSuffix(c.name+"-"+strings.NewReplacer("-", "", " ", "-").Replace(c.args), "-")
		checkGolden(t, name, out)
		if strings.Contains(c.args, "json") && !json.Valid([]byte(out)) {
			t.Errorf("%v: not valid JSON:\n%s", args, out)
		}
	}
}

// checkGolden compares output with what testdata has.
func checkGolden(t *testing.T, name, out string) {
	t.Helper()
	path := filepath.Join("testdata", name+".out")
	if *update {
		if err := os.WriteFile(path, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(read(t, path)); out != want {
		t.Errorf("got\n%s\nwant %s (-update rewrites it):\n%s", out, path, want)
	}
}

// TestStdin reads an image from a stream and leaves what follows it.
func TestStdin(t *testing.T) {
	_, want, _ := runTool(nil, img("s390x"))
	for _, args := range [][]string{nil, {"-"}} {
		stream := bytes.NewBuffer(append(read(t, img("s390x")), "next"...))
		status, out, errs := runTool(stream, args...)
		if status != 0 || out != want || errs != "" || stream.String() != "next" {
			t.Errorf("args %v: status %d, stderr %q, %d bytes left; want those of the file, and 4 bytes", args, status, errs, stream.Len())
		}
	}
}

// TestWrong reads what is no whole image: one line on stderr, status 1.
func TestWrong(t *testing.T) {
	good := read(t, img("x86_64"))
	edit := func(at int, b ...byte) []byte {
		c := bytes.Clone(good)
		copy(c[at:], b)
		return c
	}
	for _, c := range []struct {
		name   string
		data   []byte
		stderr string
		stdout bool // records before the damage are shown
	}{
		{"empty", nil, "empty", false},
		{"foreign", []byte("#!/bin/sh\necho hello\n"), "not a checkpoint image", false},
		{"arch", edit(16, 99), "unknown architecture", false},
		{"revision", edit(18, 99), "revision", false},
		{"header cut", good[:100], "ends early", false},
		{"cut", good[:4000], "ends early", true},
		{"flipped", edit(13000, 1), "", true},
		{"checksum", edit(len(good)-1, 0xee), "checksum", true},
	} {
		for _, args := range [][]string{nil, {"-v"}, {"--json"}} {
			status, out, errs := runTool(bytes.NewReader(c.data), args...)
			if status != 1 || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "ckptinfo: stdin: ") || !strings.Contains(errs, c.stderr) {
				t.Errorf("%s %v: status %d, stderr %q; want 1 and one line with %q", c.name, args, status, errs, c.stderr)
			}
			if (strings.Contains(out, "header_arch")) != c.stdout {
				t.Errorf("%s %v: stdout %.200q", c.name, args, out)
			}
			if c.stdout && args != nil && args[0] == "--json" && !json.Valid([]byte(out)) {
				t.Errorf("%s: not valid JSON:\n%s", c.name, out)
			}
		}
	}
	for _, name := range []string{"testdata/missing.img", "testdata"} {
		if status, out, errs := runTool(nil, name); status != 1 || out != "" || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: status %d, stdout %q, stderr %q; want 1 and one line", name, status, out, errs)
		}
	}
}

// TestHostileText shows text of an image without what a terminal acts on.
func TestHostileText(t *testing.T) {
	b := read(t, img("failed"))
	at := bytes.Index(b, []byte("sockets"))
	copy(b[at:], "\x1b[2J\r\n")
	for _, args := range [][]string{nil, {"-v"}, {"-e"}, {"--json"}} {
		_, out, _ := runTool(bytes.NewReader(b), args...)
		if strings.ContainsAny(out, "\x1b\r") {
			t.Errorf("%v lets control characters through: %q", args, out)
		}
	}
}

func TestWriteError(t *testing.T) {
	var errs bytes.Buffer
	if status := run([]string{img("x86_64")}, nil, full{}, &errs); status != 1 || !strings.Contains(errs.String(), "no space") {
		t.Errorf("status %d, stderr %q; want 1 and the error of the output", status, errs.String())
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestUsage(t *testing.T) {
	for args, want := range map[string]string{"--help": "ckptinfo [flags] [FILE]", "--version": "ckptinfo ", "completion bash": "__start_ckptinfo"} {
		if status, out, errs := runTool(nil, strings.Fields(args)...); status != 0 || errs != "" || !strings.Contains(out, want) {
			t.Errorf("%s: status %d, stdout %.100q, stderr %q", args, status, out, errs)
		}
	}
	for _, args := range [][]string{{"--nonsense"}, {"a", "b"}} {
		if status, out, errs := runTool(nil, args...); status != 1 || out != "" || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: status %d, stdout %q, stderr %q; want 1 and one line", args, status, out, errs)
		}
	}
}

// TestKeys looks for the key fields in the schema.
func TestKeys(t *testing.T) {
	known := map[string]map[string]bool{}
	for _, r := range schema.Records() {
		known[r.Name] = map[string]bool{}
		for _, f := range r.Fields {
			known[r.Name][f.Name] = true
		}
	}
	for rec, spec := range keys {
		for key := range strings.FieldsSeq(spec) {
			if name, _, _ := strings.Cut(key, ":"); !known[rec][name] {
				t.Errorf("record %s has no field %s", rec, name)
			}
		}
	}
}

// TestManual looks for every flag in the manual page.
func TestManual(t *testing.T) {
	page := strings.ReplaceAll(string(read(t, "../../docs/man/ckptinfo.1")), `\-`, "-")
	for _, flag := range []string{"--json", "--verbose", "-v", "--error", "-e", "--help", "--version", "completion", "ckptinfo ps", "ckptinfo tree", "ckptinfo objects", "ckptinfo fds", "ckptinfo files", "ckptinfo ipc", "ckptinfo sizes"} {
		if !strings.Contains(page, flag) {
			t.Errorf("ckptinfo.1 does not mention %s", flag)
		}
	}
}
