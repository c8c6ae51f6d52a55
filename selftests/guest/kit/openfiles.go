// SPDX-License-Identifier: GPL-2.0

package kit

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// foldLimit is more than the number of files that a processor counts by itself, in either direction, before it adds
// them to the sum that /proc shows: that is 32, or twice the number of processors.
const foldLimit = 512

// OpenFiles counts the open files of the whole machine exactly, those included that no descriptor leads to any more:
// a reference that the kernel lost is among them.
func OpenFiles(t testing.TB) int {
	t.Helper()
	// Who closes a file late does it on a processor that has been asked already: ask again.
	last := -1
	for range 20 {
		n := countFiles(t)
		if n == last {
			return n
		}
		last = n
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the number of open files does not settle; it is about %d", last)
	return 0
}

// countFiles opens files on each processor until the sum jumps: the processor has then counted none that the sum lacks.
// Our own are subtracted.
func countFiles(t testing.TB) int {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var old unix.CPUSet
	if err := unix.SchedGetaffinity(0, &old); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.SchedSetaffinity(0, &old); err != nil {
			t.Error(err)
		}
	}()
	// One descriptor for all reads: each open would count.
	sum, err := os.Open("/proc/sys/fs/file-nr")
	if err != nil {
		t.Fatal(err)
	}
	defer sum.Close()
	var ours []int
	defer func() {
		for _, fd := range ours {
			unix.Close(fd)
		}
	}()
	for cpu, left := 0, old.Count(); left > 0; cpu++ {
		if !old.IsSet(cpu) {
			continue
		}
		left--
		var one unix.CPUSet
		one.Set(cpu)
		if err := unix.SchedSetaffinity(0, &one); err != nil {
			t.Fatal(err)
		}
		for before, n := fileSum(t, sum), 0; fileSum(t, sum) == before; n++ {
			if n == foldLimit {
				t.Fatalf("processor %d opened %d files without a change of file-nr", cpu, n)
			}
			fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			ours = append(ours, fd)
		}
	}
	return fileSum(t, sum) - len(ours) - 1
}

// fileSum reads the first number of file-nr.
func fileSum(t testing.TB, f *os.File) int {
	t.Helper()
	buf := make([]byte, 64)
	n, err := unix.Pread(int(f.Fd()), buf, 0)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := bytes.Cut(buf[:n], []byte("\t"))
	sum, err := strconv.Atoi(string(first))
	if err != nil {
		t.Fatal(err)
	}
	return sum
}
