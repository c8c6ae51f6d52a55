// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
	"linux-cr/selftests/guest/kit"
)

const page = 4096

// A graft is what is put into a good image before its trailer, where a restart restores objects as anywhere else.
type graft struct {
	t       *testing.T
	l       *kit.Lab
	b       []byte
	records int
	// next is the number that the next object has to have.
	next int32
}

func newGraft(t *testing.T, l *kit.Lab) *graft {
	t.Helper()
	g := &graft{t: t, l: l, next: 1}
	for _, p := range kit.Records(t, l.Image) {
		if p.Type == image.CKPT_HDR_TAIL {
			g.b = slices.Clone(l.Image[:p.Pos])
		} else if image.Declaration(image.New(p.Type)).Object != nil {
			g.next = int32(le.Uint32(l.Image[p.Pos+8:])) + 1
		}
	}
	return g
}

// add appends a record.
func (g *graft) add(r image.Record) {
	g.b = r.Append(g.b, le)
	g.records++
}

// shmem appends shared memory and returns its number.
func (g *graft) shmem(size uint64, offsets ...uint64) int32 {
	g.add(&image.Shmem{ObjRef: g.next, Size: size})
	if len(offsets) > 0 {
		g.pages(offsets...)
	}
	g.pages()
	g.next++
	return g.next - 1
}

// pages appends a chunk of pages, with padding before it.
func (g *graft) pages(addrs ...uint64) {
	head := 16 + 8*len(addrs)
	if at := len(g.b) + head; len(addrs) > 0 && at%page != 0 {
		g.add(&image.Pad{Zero: make([]byte, page-(at+16)%page)})
	}
	g.b = le.AppendUint32(g.b, image.CKPT_HDR_PGARR)
	g.b = le.AppendUint32(g.b, uint32(head+page*len(addrs)))
	g.b = le.AppendUint64(g.b, uint64(len(addrs)))
	for _, a := range addrs {
		g.b = le.AppendUint64(g.b, a)
	}
	g.b = append(g.b, bytes.Repeat([]byte{0x5a}, page*len(addrs))...)
	g.records++
}

// file appends an open file of shared memory.
func (g *graft) file(inode int32, flags uint32, pos int64) {
	g.add(&image.File{ObjRef: g.next, FType: image.CKPT_FILE_SHMEM, FFlags: flags, IMode: unix.S_IFREG | 0o777, FPos: pos, InodeRef: inode})
	g.next++
}

// image is the whole, sealed.
func (g *graft) image() []byte {
	places := kit.Records(g.t, g.l.Image)
	tail := g.l.Image[places[len(places)-1].Pos:]
	return sealed(g.t, append(slices.Clone(g.b), tail...), g.records)
}

// TestHostileShmem grafts shared memory that is wrong in one way each.
func TestHostileShmem(t *testing.T) {
	hostile(t, func(l *kit.Lab) int {
		good := []struct {
			what string
			make func(g *graft)
		}{
			{"shared memory", func(g *graft) { g.file(g.shmem(4*page, 0, 3*page), unix.O_RDWR, 0) }},
			{"a file at an offset, read-only", func(g *graft) { g.file(g.shmem(4*page), unix.O_RDONLY, 100) }},
			{"a terabyte with one page", func(g *graft) {
				g.add(&image.Shmem{ObjRef: g.next, Size: 1 << 40, Flags: image.CKPT_SHMEM_NORESERVE})
				g.pages(1 << 39)
				g.pages()
				g.next++
			}},
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
			{"size 0", func(g *graft) { g.shmem(0) }},
			{"size that is no multiple of pages", func(g *graft) { g.shmem(page + 8) }},
			{"size beyond the largest file", func(g *graft) { g.shmem(1 << 63) }},
			{"size of all ones, in pages", func(g *graft) { g.shmem(^uint64(page - 1)) }},
			{"more than there is memory", func(g *graft) { g.shmem(1 << 52) }},
			{"page behind the end", func(g *graft) { g.shmem(4*page, 4*page) }},
			{"page far behind the end", func(g *graft) { g.shmem(4*page, 1<<63) }},
			{"page at no multiple", func(g *graft) { g.shmem(4*page, page+8) }},
			{"page twice", func(g *graft) { g.shmem(4*page, page, page) }},
			{"pages that fall", func(g *graft) { g.shmem(4*page, 2*page, page) }},
			{"unknown flags", func(g *graft) { g.add(&image.Shmem{ObjRef: g.next, Size: page, Flags: 1 << 7}); g.pages() }},
			{"no end of the pages", func(g *graft) { g.add(&image.Shmem{ObjRef: g.next, Size: page}) }},
			{"file without inode", func(g *graft) { g.file(0, unix.O_RDWR, 0) }},
			{"file of an object of another type", func(g *graft) { g.shmem(page); g.file(1, unix.O_RDWR, 0) }},
			{"file of itself", func(g *graft) { g.file(g.next, unix.O_RDWR, 0) }},
			{"file of what comes later", func(g *graft) { g.file(g.next+1, unix.O_RDWR, 0); g.shmem(page) }},
			{"access mode 3", func(g *graft) { g.file(g.shmem(page), unix.O_ACCMODE, 0) }},
			{"flags that it cannot have", func(g *graft) { g.file(g.shmem(page), unix.O_RDWR|unix.O_TRUNC, 0) }},
			{"position below 0", func(g *graft) { g.file(g.shmem(page), unix.O_RDWR, -1) }},
		}
		for _, c := range bad {
			g := newGraft(t, l)
			c.make(g)
			l.WantFailure(c.what, l.Try(g.image()))
		}
		return len(good) + len(bad)
	})
}

// TestHostileObjects grafts a second object of each type that a task has one of, and of files, of which there may be many.
func TestHostileObjects(t *testing.T) {
	hostile(t, func(l *kit.Lab) int {
		tries := 0
		for _, typ := range []uint32{image.CKPT_HDR_MM, image.CKPT_HDR_FILE_TABLE, image.CKPT_HDR_FS, image.CKPT_HDR_SIGHAND, image.CKPT_HDR_SIGNAL, image.CKPT_HDR_CRED} {
			places := kit.Records(t, l.Image)
			p := places[slices.IndexFunc(places, func(p kit.Place) bool { return p.Type == typ })]
			g := newGraft(t, l)
			at := len(g.b)
			g.b = append(g.b, l.Image[p.Pos:p.Pos+p.Len]...)
			le.PutUint32(g.b[at+8:], uint32(g.next))
			g.records++
			tries++
			v := l.Try(g.image())
			l.WantFailure("a second "+p.Name, v)
			if want := "than 1 tasks can have"; !strings.Contains(v.Log, want) {
				t.Errorf("a second %s: the log does not say %q: %s", p.Name, want, v.Log)
			}
		}
		return tries
	})
}

// named gives the first private anonymous area of the image a name.
func named(t *testing.T, l *kit.Lab, name string) []byte {
	t.Helper()
	places := kit.Records(t, l.Image)
	for i, p := range places {
		if p.Type != image.CKPT_HDR_VMA {
			continue
		}
		var vma image.VMA
		if err := vma.Decode(l.Image[p.Pos:p.Pos+p.Len], le); err != nil {
			t.Fatal(err)
		}
		if vma.Kind != image.CKPT_VMA_ANON || vma.MapFlags != unix.MAP_PRIVATE {
			continue
		}
		vma.Flags |= image.CKPT_VMAF_NAMED
		b := vma.Append(slices.Clone(l.Image[:p.Pos]), le)
		text := &image.StringRecord{Text: append([]byte(name), 0)}
		b = text.Append(b, le)
		return sealed(t, append(b, shifted(t, l.Image, places[i+1:], text.EncodedSize())...), 1)
	}
	t.Fatal("the image has no private anonymous area")
	return nil
}

// shifted is the rest of an image, with the next padding shorter or longer for what has been put before it.
func shifted(t *testing.T, b []byte, places []kit.Place, by int) []byte {
	t.Helper()
	for _, p := range places {
		if p.Type == image.CKPT_HDR_PGARR && p.Fixed != p.Len {
			break
		}
		if p.Type != image.CKPT_HDR_PAD {
			continue
		}
		n := (p.Len - 16 - by%page + page) % page
		pad := &image.Pad{Zero: make([]byte, n)}
		return slices.Concat(b[places[0].Pos:p.Pos], pad.Append(nil, le), b[p.Pos+p.Len:])
	}
	t.Fatal("no padding before the next pages")
	return nil
}

// TestHostileAreaName gives an area names that prctl(2) would not give it.
func TestHostileAreaName(t *testing.T) {
	hostile(t, func(l *kit.Lab) int {
		good := []string{"", "a name", strings.Repeat("n", 79)}
		for _, name := range good {
			if v := l.Try(named(t, l, name)); v.Errno != 0 {
				t.Errorf("name %q: %v\n%s", name, v.Errno, v.Log)
			}
		}
		bad := []string{strings.Repeat("n", 80), strings.Repeat("n", 4000), "tab\t", "line\n", "a[b", "a]b", `a\b`, "a`b", "a$b", "\x7f", "\xff", "é", "\x1f"}
		for _, name := range bad {
			l.WantFailure(fmt.Sprintf("name %.20q", name), l.Try(named(t, l, name)))
		}
		return len(good) + len(bad)
	})
}
