// SPDX-License-Identifier: GPL-2.0

package kit

import (
	"encoding/binary"
	"fmt"
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// AddSwap turns /dev/zram0 into swap space until the end of the test.
func AddSwap(t testing.TB, size int64) {
	t.Helper()
	const dev = "/dev/zram0"
	if _, err := os.Stat(dev); err != nil {
		t.Fatalf("no compressed RAM disk for swap space (CONFIG_ZRAM): %v", err)
	}
	Put(t, "/sys/block/zram0/reset", "1")
	Put(t, "/sys/block/zram0/disksize", fmt.Sprint(size))
	t.Cleanup(func() { Put(t, "/sys/block/zram0/reset", "1") })

	// The header of mkswap(8): version, last page, signature at the end of the first page.
	page := make([]byte, 4096)
	binary.NativeEndian.PutUint32(page[1024:], 1)
	binary.NativeEndian.PutUint32(page[1028:], uint32(size/4096-1))
	copy(page[4086:], "SWAPSPACE2")
	f, err := os.OpenFile(dev, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(page)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}

	name, err := unix.BytePtrFromString(dev)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_SWAPON, uintptr(unsafe.Pointer(name)), 0, 0); errno != 0 {
		t.Fatalf("swapon %s: %v", dev, errno)
	}
	t.Cleanup(func() {
		if _, _, errno := unix.Syscall(unix.SYS_SWAPOFF, uintptr(unsafe.Pointer(name)), 0, 0); errno != 0 {
			t.Errorf("swapoff %s: %v", dev, errno)
		}
	})
}
