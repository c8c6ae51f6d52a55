// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"linux-cr/abi/image"
	"linux-cr/tools/internal/imagetest"
)

// shown runs every way to show an image. Whatever it is, there is no panic, one line of error at the most, no control
// character, and JSON is JSON.
func shown(t *testing.T, data []byte) {
	t.Helper()
	ways := [][]string{{}, {"-v"}, {"--json"}, {"-e"}}
	for _, v := range views {
		ways = append(ways, []string{v.name}, []string{v.name, "--json"})
	}
	for _, args := range ways {
		status, out, errs := runTool(bytes.NewReader(data), args...)
		if status != 0 && strings.Count(errs, "\n") != 1 || status == 0 && errs != "" {
			t.Fatalf("%v: status %d, stderr %q", args, status, errs)
		}
		if strings.ContainsAny(out+errs, "\x1b\x00\x07") {
			t.Fatalf("%v lets control characters through: %q", args, out)
		}
		if out != "" && len(args) > 0 && args[len(args)-1] == "--json" && !json.Valid([]byte(out)) {
			t.Fatalf("%v: not valid JSON:\n%s", args, out)
		}
	}
}

// samplesOf are images with every kind of thing in them.
func samplesOf(t *testing.T) [][]byte {
	saved := imagetest.Saved(t, map[string]string{"/srv/a": "text", "/srv/b": ""})
	return [][]byte{
		family(t, "job"), opened(t, "job"), connected(t), special(t), append(saved, special(t)...),
		read(t, img("x86_64")), read(t, img("s390x")), read(t, img("failed")),
	}
}

// damage changes some bytes, mostly to what is interesting, or moves a piece elsewhere. The trailer is put right again,
// or nothing behind it would be looked at.
func damage(rnd *rand.Rand, data []byte) []byte {
	b := bytes.Clone(data)
	values := []byte{0, 1, 2, 4, 8, 0x10, 0x1b, 0x7f, 0x80, 0xff}
	for range 1 + rnd.IntN(4) {
		at := rnd.IntN(len(b))
		switch rnd.IntN(6) {
		case 0:
			b[at] = byte(rnd.Uint32())
		case 1: // a number of 32 bits, as those of objects are
			at = at &^ 3 % (len(b) - 3)
			copy(b[at:], []byte{byte(rnd.IntN(24)), 0, 0, 0})
		case 2:
			from, n := rnd.IntN(len(b))&^7, 8*rnd.IntN(24)
			copy(b[at&^7:], b[from:min(len(b), from+n)])
		case 3:
			if rnd.IntN(8) == 0 {
				return b[:at]
			}
		default:
			b[at] = values[rnd.IntN(len(values))]
		}
	}
	_ = image.Seal(b)
	return b
}

// TestDamaged shows damaged images.
func TestDamaged(t *testing.T) {
	const rounds = 40
	for n, data := range samplesOf(t) {
		for seed := range uint64(rounds) {
			rnd := rand.New(rand.NewPCG(seed, uint64(n)))
			t.Run(fmt.Sprintf("%d-%d", n, seed), func(t *testing.T) { shown(t, damage(rnd, data)) })
		}
	}
}
