// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/abi/image"
	"linux-cr/selftests/guest/kit"
)

// A memory file has another inode number after the restart, which maps and fdinfo show.
var memfdLook = []string{"maps", "^fdinfo "}

func TestMemfdContents(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "memfd", Variant: "contents", MaxImage: 64<<10 + programBytes, Look: memfdLook})
}

func TestMemfdSeals(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "memfd", Variant: "seals", MaxImage: 64<<10 + programBytes, Look: memfdLook})
}

// TestMemfdExec checkpoints a program that was started from a memory file.
func TestMemfdExec(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "memfd", Variant: "exec", MaxImage: 2<<20 + programBytes, Look: memfdLook})
}

// memfd appends a memory file and returns its number.
func (g *graft) memfd(m image.Memfd, name string, offsets ...uint64) int32 {
	m.ObjRef = g.next
	g.add(&m)
	g.add(&image.StringRecord{Text: append([]byte(name), 0)})
	if len(offsets) > 0 {
		g.pages(offsets...)
	}
	g.pages()
	g.next++
	return g.next - 1
}

// made appends the open file that was made with a memory file.
func (g *graft) made(inode int32, flags uint32) {
	g.add(&image.File{ObjRef: g.next, FType: image.CKPT_FILE_SHMEM, FFlags: flags, IMode: unix.S_IFREG | 0o777, InodeRef: inode, Marks: image.CKPT_FILEF_MADE})
	g.next++
}

// TestHostileMemfd grafts memory files that are wrong in one way each.
func TestHostileMemfd(t *testing.T) {
	sealed := image.Memfd{Size: 4 * page, Mode: 0o777, Seals: unix.F_SEAL_SEAL | unix.F_SEAL_WRITE}
	plain := image.Memfd{Size: 4 * page, Mode: 0o777, Seals: unix.F_SEAL_SEAL}
	with := func(m image.Memfd, change func(m *image.Memfd)) image.Memfd {
		change(&m)
		return m
	}
	hostile(t, func(l *kit.Lab) int {
		good := []struct {
			what string
			make func(g *graft)
		}{
			{"a memory file", func(g *graft) { g.file(g.memfd(plain, "memfd:x", 0, 3*page), unix.O_RDWR, 0) }},
			{"the file made with it", func(g *graft) { g.made(g.memfd(plain, "memfd:"), unix.O_RDWR) }},
			{"a sealed one with contents", func(g *graft) { g.file(g.memfd(sealed, "memfd:x", 0, page), unix.O_RDWR, 100) }},
			{"an odd size", func(g *graft) {
				g.memfd(with(plain, func(m *image.Memfd) { m.Size = 4*page + 1 }), "memfd:x", 4*page)
			}},
			{"empty", func(g *graft) { g.memfd(image.Memfd{Mode: 0o666, Seals: unix.F_SEAL_EXEC}, "memfd:x") }},
			{"name of 255 bytes", func(g *graft) { g.memfd(plain, "memfd:"+strings.Repeat("\xff", 249)) }},
		}
		for _, c := range good {
			g := newGraft(t, l)
			c.make(g)
			if v := l.Try(g.image()); v.Errno != 0 {
				t.Errorf("%s: %v\n%s", c.what, v.Errno, v.Log)
			}
		}
		bad := []struct {
			what string
			make func(g *graft)
		}{
			{"size beyond the largest file", func(g *graft) { g.memfd(with(plain, func(m *image.Memfd) { m.Size = 1 << 63 }), "memfd:x") }},
			{"page behind the end", func(g *graft) { g.memfd(plain, "memfd:x", 4*page) }},
			{"page of an empty file", func(g *graft) { g.memfd(with(plain, func(m *image.Memfd) { m.Size = 0 }), "memfd:x", 0) }},
			{"pages that fall", func(g *graft) { g.memfd(plain, "memfd:x", 2*page, page) }},
			{"no end of the pages", func(g *graft) {
				g.add(&image.Memfd{ObjRef: g.next, Size: page})
				g.add(&image.StringRecord{Text: []byte("memfd:x\x00")})
			}},
			{"no name", func(g *graft) { g.add(&image.Memfd{ObjRef: g.next, Size: page}); g.pages() }},
			{"a name of another kind", func(g *graft) { g.memfd(plain, "SYSV00000000") }},
			{"name of 256 bytes", func(g *graft) { g.memfd(plain, "memfd:"+strings.Repeat("x", 250)) }},
			{"unknown seals", func(g *graft) { g.memfd(with(plain, func(m *image.Memfd) { m.Seals = 1 << 8 }), "memfd:x") }},
			{"a seal that implies others", func(g *graft) { g.memfd(with(plain, func(m *image.Memfd) { m.Seals = unix.F_SEAL_EXEC }), "memfd:x") }},
			{"unknown mode", func(g *graft) { g.memfd(with(plain, func(m *image.Memfd) { m.Mode = 0o17777 }), "memfd:x") }},
			{"unknown flags", func(g *graft) { g.memfd(with(plain, func(m *image.Memfd) { m.Flags = 1 << 5 }), "memfd:x") }},
			{"huge pages of no size", func(g *graft) { g.memfd(with(plain, func(m *image.Memfd) { m.HugeShift = 13 }), "memfd:x") }},
			{"huge pages beyond all sizes", func(g *graft) { g.memfd(with(plain, func(m *image.Memfd) { m.HugeShift = 64 }), "memfd:x") }},
			{"a user that does not exist", func(g *graft) { g.memfd(with(plain, func(m *image.Memfd) { m.UID = 1<<32 - 1 }), "memfd:x") }},
			{"made, read-only", func(g *graft) { g.made(g.memfd(plain, "memfd:x"), unix.O_RDONLY) }},
			{"made, of shared memory", func(g *graft) { g.made(g.shmem(page), unix.O_RDWR) }},
			{"made, of nothing", func(g *graft) { g.made(0, unix.O_RDWR) }},
			{"flags that it cannot have", func(g *graft) { g.file(g.memfd(plain, "memfd:x"), unix.O_RDWR|unix.O_TRUNC, 0) }},
			{"position below 0", func(g *graft) { g.file(g.memfd(plain, "memfd:x"), unix.O_RDWR, -1) }},
		}
		for _, c := range bad {
			g := newGraft(t, l)
			c.make(g)
			l.WantFailure(c.what, l.Try(g.image()))
		}
		return len(good) + len(bad)
	})
}

// TestHostileUnsealed lets an area claim that it is from before the seal of a memory file that it does not show.
func TestHostileUnsealed(t *testing.T) {
	hostile(t, func(l *kit.Lab) int {
		tries := 0
		for _, p := range kit.Records(t, l.Image) {
			if p.Type != image.CKPT_HDR_VMA {
				continue
			}
			var vma image.VMA
			if err := vma.Decode(l.Image[p.Pos:p.Pos+p.Len], le); err != nil {
				t.Fatal(err)
			}
			for _, ref := range []int32{1, vma.FileRef, 1 << 30, -1} {
				if ref == 0 {
					continue
				}
				vma.UnsealedRef = ref
				b := slices.Concat(l.Image[:p.Pos], vma.Append(nil, le), l.Image[p.Pos+p.Len:])
				l.WantFailure(fmt.Sprint("area of memory file ", ref), l.Try(sealed(t, b, 0)))
				tries++
			}
		}
		return tries
	})
}

// TestMemfdNoexec has restart obey vm.memfd_noexec as memfd_create(2) does.
func TestMemfdNoexec(t *testing.T) {
	p := kit.Start(t, "memfd", "keep", "contents")
	p.Ready(t)
	img := kit.MustCheckpoint(t, p.Pid, kit.Freeze.Flags)
	p.Kill(t)
	kit.Sysctl(t, "/proc/sys/vm/memfd_noexec", "2")
	restartFails(t, img, unix.EACCES, "memory file memfd:with a name")
}

// restartFails has a process of the superuser fail to become the program of an image, for a reason.
func restartFails(t *testing.T, img *kit.Image, errno unix.Errno, reason string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "log")
	log := kit.File(t, name, os.O_RDWR|os.O_CREATE)
	if ret, err := kit.RawCall(t, 0, "restart", 0, calls.RESTART_TASKSELF, kit.File(t, img.Path, os.O_RDONLY), log); ret != -1 || err != errno {
		t.Errorf("restart: got %d, %v, want %v", ret, err, errno)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), reason) {
		t.Errorf("the log does not say %q:\n%s", reason, b)
	}
}
