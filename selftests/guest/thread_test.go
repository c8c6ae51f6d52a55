// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"testing"

	"linux-cr/abi/image"
	"linux-cr/selftests/guest/kit"
)

// someWays hold a hierarchy once by the checkpoint itself and once by a control group; the first restart is done by the
// tool, the second by the bare calls.
var someWays = []kit.Way{kit.Freeze, kit.TreeV2}

// families runs variants of a program in some ways.
func families(t *testing.T, prog string, variants ...string) {
	t.Helper()
	for _, v := range variants {
		kit.RunFamilies(t, kit.Family{Prog: prog, Variant: v, Ways: someWays})
	}
}

// TestThreadNames holds the threads in every way there is.
func TestThreadNames(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "threads", Variant: "names", Ways: kit.EveryWay})
}

func TestThreadWaits(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "threads", Variant: "waits", Ways: someWays, Dead: dead})
}

func TestThreadSignals(t *testing.T) { families(t, "threads", "pending") }
func TestThreadSched(t *testing.T)   { families(t, "threads", "sched") }

// TestThreadsMany has 200 threads, which share everything.
func TestThreadsMany(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "threads", Variant: "many", Ways: someWays, Image: func(t *testing.T, i *kit.Image) {
		wantRecords(t, i, map[uint32]int{
			image.CKPT_HDR_TASK: 201, image.CKPT_HDR_MM: 1, image.CKPT_HDR_FILE_TABLE: 1, image.CKPT_HDR_FS: 1,
			image.CKPT_HDR_SIGHAND: 1, image.CKPT_HDR_SIGNAL: 1, image.CKPT_HDR_CRED: 1,
		})
	}})
}

func TestThreadLeaderGone(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "leader", Variant: "child"})
}

// wantRecords counts the records of some types.
func wantRecords(t *testing.T, i *kit.Image, want map[uint32]int) {
	t.Helper()
	got := map[uint32]int{}
	i.Each(t, func(rec image.Record) { got[rec.Type()]++ })
	for typ, n := range want {
		if got[typ] != n {
			t.Errorf("records of type %s: got %d, want %d", image.TypeName(typ), got[typ], n)
		}
	}
}
