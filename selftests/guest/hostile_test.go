// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
	"linux-cr/abi/schema"
	"linux-cr/selftests/guest/kit"
)

// le is the byte order of the guest.
var le = binary.NativeEndian

// hostile runs a test with a lab, and wants that nothing is left and the kernel is silent at the end.
func hostile(t *testing.T, try func(l *kit.Lab) (tries int)) {
	t.Helper()
	hostileOf(t, "tiny", "", try)
}

// hostileOf is hostile with an image of another program.
func hostileOf(t *testing.T, prog, variant string, try func(l *kit.Lab) (tries int)) {
	t.Helper()
	kit.KernelSilence(t)
	l := kit.NewLabOf(t, prog, variant)
	// What is allocated once is allocated now.
	l.Try(l.Image[:len(l.Image)/2])
	before := kit.TakeCensus(t)
	tries := try(l)
	before.Compare(t, kit.TakeCensus(t), tries)
}

// sealed corrects size and checksum of a damaged image, so that only the damage is wrong.
func sealed(t *testing.T, b []byte, records int) []byte {
	t.Helper()
	if records != 0 {
		at := len(b) - 24
		le.PutUint64(b[at:], le.Uint64(b[at:])+uint64(records))
	}
	if err := image.Seal(b); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestHostileTruncated cuts the image at every record and in the middle of each.
func TestHostileTruncated(t *testing.T) {
	hostile(t, func(l *kit.Lab) int {
		tries := 0
		for _, p := range kit.Records(t, l.Image) {
			cuts := []int{p.Pos, p.Pos + 4, p.Pos + p.Len/2/8*8, p.Pos + p.Len - 1}
			for i, cut := range cuts {
				if i > 0 && cut == cuts[i-1] {
					continue
				}
				tries++
				l.WantFailure(fmt.Sprintf("cut at %d, in record %s", cut, p.Name), l.Try(l.Copy()[:cut]))
			}
		}
		return tries
	})
}

// TestHostileCoordinator damages images that a coordinator reads: the child must die.
func TestHostileCoordinator(t *testing.T) {
	hostile(t, func(l *kit.Lab) int {
		tries := 0
		seen := map[uint32]bool{}
		for _, p := range kit.Records(t, l.Image) {
			if seen[p.Type] {
				continue
			}
			seen[p.Type] = true
			tries += 2
			l.WantFailure("cut before "+p.Name, l.TryCoordinator(l.Copy()[:p.Pos]))
			b := l.Copy()
			le.PutUint32(b[p.Pos:], 0x7777)
			// Without its trailer there is nothing to seal.
			if p.Type != image.CKPT_HDR_TAIL {
				b = sealed(t, b, 0)
			}
			l.WantFailure("unknown type instead of "+p.Name, l.TryCoordinator(b))
		}
		return tries
	})
}

// TestHostileChecksum changes single bytes of memory contents and seals nothing.
func TestHostileChecksum(t *testing.T) {
	hostile(t, func(l *kit.Lab) int {
		tries := 0
		for _, p := range kit.Records(t, l.Image) {
			if p.Type != image.CKPT_HDR_PGARR || p.Fixed == p.Len {
				continue
			}
			for _, at := range []int{p.Fixed, p.Fixed + 2049, p.Len - 1} {
				b := l.Copy()
				b[p.Pos+at] ^= 0x10
				tries++
				l.WantFailure(fmt.Sprintf("byte %d of the pages at %d", at, p.Pos), l.Try(b))
			}
		}
		return tries
	})
}

// TestHostileLengths gives records of every type lengths that are wrong.
func TestHostileLengths(t *testing.T) {
	hostile(t, func(l *kit.Lab) int {
		tries := 0
		eachType(t, l, func(p kit.Place) {
			for _, n := range []uint32{0, 7, 8, uint32(p.Len) - 8, uint32(p.Len) + 1, uint32(p.Len) + 8, 1 << 20, 0x7ffffff8, 0xfffffff8} {
				if n == uint32(p.Len) {
					continue
				}
				b := l.Copy()
				le.PutUint32(b[p.Pos+4:], n)
				tries++
				l.WantFailure(fmt.Sprintf("length %#x of record %s, was %#x", n, p.Name, p.Len), l.Try(resealed(b)))
			}
		})
		return tries
	})
}

// resealed seals what can be sealed.
func resealed(b []byte) []byte {
	// The trailer itself may be what is damaged.
	_ = image.Seal(b)
	return b
}

// eachType calls f for up to two records of each type: the first and the last.
func eachType(t *testing.T, l *kit.Lab, f func(kit.Place)) {
	t.Helper()
	places := kit.Records(t, l.Image)
	for i, p := range places {
		same := func(q kit.Place) bool { return q.Type == p.Type }
		if slices.IndexFunc(places, same) == i || !slices.ContainsFunc(places[i+1:], same) {
			f(p)
		}
	}
}

// TestHostileTypes gives records of every type another one: unknown, unknown but optional, and the next known one.
func TestHostileTypes(t *testing.T) {
	hostile(t, func(l *kit.Lab) int {
		tries := 0
		eachType(t, l, func(p kit.Place) {
			for _, typ := range []uint32{0, 0x7777, image.CKPT_HDR_ERROR, image.CKPT_HDR_STRING, image.CKPT_HDR_HEADER, 0xffffffff, p.Type | schema.RecordOptional} {
				if typ == p.Type {
					continue
				}
				b := l.Copy()
				le.PutUint32(b[p.Pos:], typ)
				tries++
				v := l.Try(resealed(b))
				// A reader steps over what is optional and unknown: no padding at all is padding too.
				if p.Type == image.CKPT_HDR_PAD && typ&schema.RecordOptional != 0 {
					continue
				}
				if p.Type == image.CKPT_HDR_PGARR && typ&schema.RecordOptional != 0 && p.Fixed != p.Len {
					continue
				}
				l.WantFailure(fmt.Sprintf("type %#x of record %s", typ, p.Name), v)
			}
		})
		return tries
	})
}

// TestHostileOrder drops, repeats and exchanges records.
func TestHostileOrder(t *testing.T) {
	hostile(t, func(l *kit.Lab) int {
		tries := 0
		places := kit.Records(t, l.Image)
		// The memory of an area may come in other chunks, and padding may go where nothing has to be aligned behind it.
		free := func(p kit.Place) bool { return p.Type == image.CKPT_HDR_PGARR || p.Type == image.CKPT_HDR_PAD }
		// An object may stand anywhere before the first record that refers to it.
		object := func(p kit.Place) bool { return image.Declaration(image.New(p.Type)).Object != nil }
		try := func(what string, may bool, b []byte) {
			tries++
			if v := l.Try(b); !may {
				l.WantFailure(what, v)
			}
		}
		eachType(t, l, func(p kit.Place) {
			end := p.Pos + p.Len
			if p.Type != image.CKPT_HDR_TAIL {
				b := slices.Concat(l.Image[:p.Pos], l.Image[end:])
				try("without record "+p.Name, free(p), sealed(t, b, -1))
				b = slices.Concat(l.Image[:end], l.Image[p.Pos:])
				try("with record "+p.Name+" twice", free(p), sealed(t, b, 1))
			}
			i := slices.IndexFunc(places, func(q kit.Place) bool { return q.Pos == p.Pos })
			if i+2 >= len(places) {
				return
			}
			next := places[i+1]
			b := slices.Concat(l.Image[:p.Pos], l.Image[next.Pos:next.Pos+next.Len], l.Image[p.Pos:end], l.Image[next.Pos+next.Len:])
			if !bytes.Equal(b, l.Image) {
				try(fmt.Sprintf("records %s and %s exchanged", p.Name, next.Name),
					p.Type == next.Type || free(p) || free(next) || object(p) || object(next), sealed(t, b, 0))
			}
		})
		return tries
	})
}

// TestHostileFiles opens more files than the caller may have open and mapped. A few more than it knew of are no harm.
func TestHostileFiles(t *testing.T) {
	kit.Sysctl(t, "/proc/sys/vm/max_map_count", "300")
	var old unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 256, Max: 256}, &old); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Prlimit(0, unix.RLIMIT_NOFILE, &old, nil) })
	hostile(t, func(l *kit.Lab) int {
		places := kit.Records(t, l.Image)
		i := slices.IndexFunc(places, func(p kit.Place) bool { return p.Type == image.CKPT_HDR_EVENTFD })
		file := l.Image[places[i-1].Pos : places[i].Pos+places[i].Len]
		last := uint32(0)
		for _, p := range places {
			if image.Declaration(image.New(p.Type)).Object != nil {
				last++
			}
		}
		tail := places[len(places)-1].Pos
		with := func(n int) []byte {
			b := slices.Clone(l.Image[:tail])
			for k := range n {
				b = append(b, file...)
				le.PutUint32(b[len(b)-len(file)+schema.HdrSize:], last+1+uint32(k))
			}
			return sealed(t, append(b, l.Image[tail:]...), 2*n)
		}
		if v := l.Try(with(100)); v.Errno != 0 {
			t.Errorf("100 files more: %v\n%s", v.Errno, v.Log)
		}
		v := l.Try(with(600))
		l.WantFailure("600 files more", v)
		if v.Errno != unix.EMFILE {
			t.Errorf("600 files more: got %v, want EMFILE", v.Errno)
		}
		return 2
	})
}

// TestHostileFlood puts an optional record of an unknown type before each record: it is skipped. A record after the
// trailer is not read.
func TestHostileFlood(t *testing.T) {
	l := kit.NewLab(t)
	unknown := le.AppendUint32(nil, schema.RecordOptional|0x4242)
	unknown = le.AppendUint32(unknown, 16)
	unknown = append(unknown, "optional"...)
	eachType(t, l, func(p kit.Place) {
		if p.Type == image.CKPT_HDR_HEADER || p.Type == image.CKPT_HDR_PGARR || p.Type == image.CKPT_HDR_PAD {
			return // The first record, or one whose place is fixed by its alignment.
		}
		for _, q := range kit.Records(t, l.Image) {
			if q.Pos > p.Pos && q.Type == image.CKPT_HDR_PGARR && q.Fixed != q.Len {
				return // Chunks that follow would be misaligned.
			}
		}
		b := slices.Concat(l.Image[:p.Pos], unknown, l.Image[p.Pos:])
		if v := l.Try(sealed(t, b, 1)); v.Errno != 0 {
			t.Errorf("an optional record before %s: %v\n%s", p.Name, v.Errno, v.Log)
		}
	})
	if v := l.Try(append(l.Copy(), unknown...)); v.Errno != 0 {
		t.Errorf("bytes behind the trailer: %v\n%s", v.Errno, v.Log)
	}
}

// The fields of records of each subsystem, changed to what is wrong or odd.
func TestHostileFieldsFrame(t *testing.T)   { hostileFields(t, &schema.General) }
func TestHostileFieldsTask(t *testing.T)    { hostileFields(t, &schema.Task) }
func TestHostileFieldsThreads(t *testing.T) { hostileFields(t, &schema.Threads) }
func TestHostileFieldsCreds(t *testing.T)   { hostileFields(t, &schema.Creds) }
func TestHostileFieldsFiles(t *testing.T)   { hostileFields(t, &schema.Files) }
func TestHostileFieldsPipes(t *testing.T)   { hostileFields(t, &schema.Pipes) }
func TestHostileFieldsEvents(t *testing.T)  { hostileFields(t, &schema.Events) }
func TestHostileFieldsTimers(t *testing.T)  { hostileFields(t, &schema.Timers) }
func TestHostileFieldsInotify(t *testing.T) { hostileFields(t, &schema.Inotify) }
func TestHostileFieldsAIO(t *testing.T)     { hostileFields(t, &schema.AIO) }
func TestHostileFieldsIOUring(t *testing.T) { hostileFieldsOf(t, &schema.IOUring, "io_uring", "small") }
func TestHostileFieldsLocks(t *testing.T)   { hostileFields(t, &schema.Locks) }
func TestHostileFieldsMemory(t *testing.T)  { hostileFields(t, &schema.MM) }
func TestHostileFieldsMemfd(t *testing.T)   { hostileFields(t, &schema.Memfd) }
func TestHostileFieldsSeccomp(t *testing.T) { hostileFields(t, &schema.Seccomp) }
func TestHostileFieldsSignals(t *testing.T) { hostileFields(t, &schema.Signals) }

func hostileFields(t *testing.T, sub *schema.Subsystem) {
	t.Helper()
	hostileFieldsOf(t, sub, "tiny", "")
}

// hostileFieldsOf is hostileFields with an image of another program.
func hostileFieldsOf(t *testing.T, sub *schema.Subsystem, prog, variant string) {
	t.Helper()
	hostileOf(t, prog, variant, func(l *kit.Lab) int {
		tries := 0
		for _, p := range kit.Records(t, l.Image) {
			i := slices.IndexFunc(sub.Records, func(r *schema.Record) bool { return r.WireType() == p.Type })
			if i < 0 || firstOfType(t, l, p) != p.Pos {
				continue
			}
			for _, f := range scalars(sub.Records[i]) {
				tries += mutateField(t, l, p, f)
			}
		}
		if tries == 0 {
			t.Error("no record of this subsystem is in the image")
		}
		return tries
	})
}

func firstOfType(t *testing.T, l *kit.Lab, p kit.Place) int {
	places := kit.Records(t, l.Image)
	return places[slices.IndexFunc(places, func(q kit.Place) bool { return q.Type == p.Type })].Pos
}

// A scalar is a field of fixed width and its place in the record.
type scalar struct {
	schema.Field
	at, size int
	counts   bool // the number of elements of the record's array
}

var widths = map[schema.Kind]int{
	schema.U8: 1, schema.U16: 2, schema.U32: 4, schema.U64: 8, schema.S32: 4, schema.S64: 8, schema.LE16: 2, schema.Char: 1,
}

// scalars lists the fields of the fixed part; an array is represented by its first element.
func scalars(r *schema.Record) []scalar {
	at := schema.HdrSize
	var list []scalar
	lengths := map[string]bool{}
	for _, f := range r.Fields {
		lengths[f.LenOf] = f.LenOf != ""
	}
	for _, f := range r.Fields {
		if f.LenOf != "" {
			break
		}
		if f.Of != nil {
			for range f.Count {
				for _, e := range f.Of.Fields {
					at += widths[e.Kind] * max(1, e.Count)
				}
			}
			continue
		}
		list = append(list, scalar{f, at, widths[f.Kind], lengths[f.Name]})
		at += widths[f.Kind] * max(1, f.Count)
	}
	return list
}

// mutateField changes one field in several ways. Where the schema says that the result is wrong, the restart must fail.
func mutateField(t *testing.T, l *kit.Lab, p kit.Place, f scalar) int {
	t.Helper()
	pos := p.Pos + f.at
	old := l.Image[pos : pos+f.size]
	tries := 0
	for _, m := range []struct {
		name string
		do   func(b []byte)
	}{
		{"0", func(b []byte) { clear(b) }},
		{"all ones", func(b []byte) { copy(b, "\xff\xff\xff\xff\xff\xff\xff\xff") }},
		{"lowest bit changed", func(b []byte) { b[0] ^= 1 }},
		{"highest bit changed", func(b []byte) { b[len(b)-1] ^= 0x80 }},
		{"one more", func(b []byte) { b[0]++ }},
	} {
		b := l.Copy()
		m.do(b[pos : pos+f.size])
		if bytes.Equal(b[pos:pos+f.size], old) {
			continue
		}
		tries++
		v := l.Try(resealedFor(p, b))
		if wrong(p, f, b[pos:pos+f.size]) {
			l.WantFailure(fmt.Sprintf("%s.%s: %s (%x, was %x)", p.Name, f.Name, m.name, b[pos:pos+f.size], old), v)
		}
	}
	return tries
}

// resealedFor seals the image unless the trailer's own fields are tried.
func resealedFor(p kit.Place, b []byte) []byte {
	if p.Type == image.CKPT_HDR_TAIL {
		return b
	}
	return resealed(b)
}

// number is the value of a field, sign extended.
func number(f scalar, b []byte) (unsigned uint64, signed int64) {
	var full [8]byte
	copy(full[:], b)
	unsigned = binary.LittleEndian.Uint64(full[:])
	shift := 64 - 8*f.size
	return unsigned, int64(unsigned<<shift) >> shift
}

// wrong reports whether the schema refuses the value, or the frame gives it away.
func wrong(p kit.Place, f scalar, b []byte) bool {
	u, s := number(f, b)
	switch {
	case p.Type == image.CKPT_HDR_TAIL, f.counts, f.Reserved && u != 0:
		return true
	case p.Type == image.CKPT_HDR_HEADER && slices.Contains([]string{"magic", "arch_id", "rev", "page_shift", "word_bits"}, f.Name):
		return true
	case f.Enum != nil:
		return !slices.ContainsFunc(f.Enum.Values, func(v schema.Value) bool { return v.Num == u })
	case f.Flags != nil:
		known := uint64(0)
		for _, v := range f.Flags.Values {
			known |= v.Num
		}
		return u&^known != 0
	case f.Ref != "":
		return s < 0 || s == 0 && f.NonNull || s > 1<<20
	case f.Max != 0:
		return u > f.Max || s < 0 && (f.Kind == schema.S32 || f.Kind == schema.S64)
	case f.Name == "objref":
		return s <= 0 || s > 1<<20
	}
	return false
}

// TestHostileRandom changes random bytes, with a fixed seed. Many a byte means little: a restart that succeeds is none
// of our business, what matters is that nothing breaks.
func TestHostileRandom(t *testing.T)          { hostileRandom(t, 1, false) }
func TestHostileRandomMore(t *testing.T)      { hostileRandom(t, 2, false) }
func TestHostileRandomStructure(t *testing.T) { hostileRandom(t, 3, true) }

func hostileRandom(t *testing.T, seed uint64, structure bool) {
	t.Helper()
	const tries = 250
	hostile(t, func(l *kit.Lab) int {
		rnd := rand.New(rand.NewPCG(seed, 20261123))
		places := kit.Records(t, l.Image)
		succeeded := 0
		for range tries {
			b := l.Copy()
			for range 1 + rnd.IntN(3) {
				// Most of an image is memory: pick the record first.
				p := places[rnd.IntN(len(places)-1)]
				limit := p.Fixed
				if !structure {
					limit = p.Len
				}
				b[p.Pos+rnd.IntN(limit)] = byte(rnd.Uint32())
			}
			if v := l.Try(resealed(b)); v.Errno == 0 {
				succeeded++
			}
		}
		t.Logf("seed %d: %d of %d restarts succeeded", seed, succeeded, tries)
		return tries
	})
}
