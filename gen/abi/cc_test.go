// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"linux-cr/abi/image"
)

const tree = root + "/kernel/tree"

// cc runs the C compiler on the kernel files, with a shim in place of the
// kernel's own headers. The kernel cannot be built without one, so a machine
// that lacks it is the only reason to skip.
func cc(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("needs a C compiler (package gcc)")
	}
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Fatalf("cc %s: %v\n%.2000s", strings.Join(args, " "), err, out)
	}
}

func kernelFlags() []string {
	return []string{
		"-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wno-sign-compare", "-Werror",
		"-include", "testdata/shim/kernel.h", "-Itestdata/shim",
		"-I" + tree + "/include", "-I" + tree + "/include/uapi", "-I" + tree + "/kernel/checkpoint",
	}
}

// recordsSources are the kernel's files about records.
func recordsSources(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob(tree + "/" + recordsDir + "*.c")
	if err != nil || len(list) == 0 {
		t.Fatalf("no files in %s: %v", recordsDir, err)
	}
	return list
}

// TestLayoutInC has the compiler check every static assertion.
func TestLayoutInC(t *testing.T) {
	for _, src := range recordsSources(t) {
		cc(t, append(kernelFlags(), "-fsyntax-only", src)...)
	}
}

// TestHeadersAlone compiles each uapi header by itself, twice, as C90.
func TestHeadersAlone(t *testing.T) {
	for _, name := range []string{"checkpoint", "checkpoint_image"} {
		include := fmt.Sprintf("#include <linux/%s.h>\n", name)
		src := filepath.Join(t.TempDir(), name+".c")
		if err := os.WriteFile(src, []byte(include+include), 0o644); err != nil {
			t.Fatal(err)
		}
		cc(t, "-std=c90", "-Wall", "-Wextra", "-Werror", "-I"+tree+"/include/uapi", "-fsyntax-only", src)
	}
}

// native is the byte order of this machine in the form that records want.
func native() image.ByteOrder {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// samples are the records of the golden image in this machine's byte order.
func samples(t *testing.T) [][]byte {
	t.Helper()
	name := map[bool]string{true: "x86_64", false: "s390x"}[native() == image.ByteOrder(binary.LittleEndian)]
	f, err := os.Open(fmt.Sprintf("%s/abi/image/testdata/rev%d-%s.img", root, image.CKPT_REV, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := image.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	list := [][]byte{image.NewError(-16, "an obstacle").Append(nil, native())}
	for {
		e, err := r.Next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e.Record.Append(nil, native()))
	}
}

// verdict is what the Go codec says about a record: the field it refuses, "ok"
// or, like testdata/check.c, why it cannot be checked.
func verdict(b []byte) string {
	rec := image.New(native().Uint32(b))
	if rec == nil {
		return "unknown"
	}
	if rec.Type() != image.CKPT_HDR_PGARR && native().Uint32(b[4:]) > uint32(len(b)) {
		return "beyond"
	}
	err := rec.Decode(b, native())
	if err == nil {
		err = rec.Validate()
	}
	var f *image.FieldError
	if errors.As(err, &f) {
		return f.Field
	}
	return "ok"
}

// TestSameVerdict runs the kernel's checks and the Go codec over the same
// damaged records: they must agree on each, and on the field.
func TestSameVerdict(t *testing.T) {
	program := filepath.Join(t.TempDir(), "check")
	cc(t, slices.Concat(kernelFlags(), []string{"-fsanitize=address,undefined", "-o", program, "testdata/check.c"}, recordsSources(t))...)
	rnd := rand.New(rand.NewPCG(1, 2))
	interesting := []byte{0, 1, 2, 0x7f, 0x80, 0xff}
	var records [][]byte
	for _, b := range samples(t) {
		records = append(records, b)
		for range 400 {
			c := bytes.Clone(b)
			for range 1 + rnd.IntN(2) {
				// The type stays, the length changes by little: it is the
				// caller who knows how much there is.
				at := 8 + rnd.IntN(max(1, len(c)-8))
				if at >= len(c) {
					continue
				}
				switch rnd.IntN(8) {
				case 0:
					native().PutUint32(c[4:], uint32(8*rnd.IntN(len(c)/8+1)))
				case 1:
					c[at] = byte(rnd.Uint32())
				default:
					c[at] = interesting[rnd.IntN(len(interesting))]
				}
			}
			records = append(records, c)
		}
	}
	var in bytes.Buffer
	for _, b := range records {
		in.Write(native().AppendUint32(nil, uint32(len(b))))
		in.Write(b)
	}
	cmd := exec.Command(program)
	cmd.Stdin = &in
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v on %s", err, runtime.GOARCH)
	}
	seen := map[string]int{}
	for i, c := range strings.Fields(string(out)) {
		if g := verdict(records[i]); g != c {
			t.Errorf("record %d, %s: the kernel says %s, Go says %s\n%x", i, image.TypeName(native().Uint32(records[i])), c, g, records[i])
		}
		seen[c]++
	}
	if seen["ok"] < 100 || len(seen) < 25 {
		t.Errorf("the records were not varied enough: %v", seen)
	}
}
