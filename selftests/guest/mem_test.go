// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"linux-cr/selftests/guest/kit"
)

// The memory of a small static program without its own data: what an image of it weighs at most.
const programBytes = 1 << 20

func TestMemAreas(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "mem_areas"}, kit.Case{Prog: "mem_prot", Variant: "plain"}, kit.Case{Prog: "mem_prot", Variant: "exec_only"}, kit.Case{Prog: "mem_cow"})
}

// TestMemAbsent checks that memory without contents costs nothing: 256 MiB with 16 pages, 32 MiB that were only read and
// are the kernel's own zero page. 32 MiB of zeros that were written may be in the image: finding them means reading all
// memory.
func TestMemAbsent(t *testing.T) {
	kit.Run(t,
		kit.Case{Prog: "mem_untouched", MaxImage: programBytes},
		kit.Case{Prog: "mem_zero", MaxImage: 32<<20 + programBytes, Ways: []kit.Way{kit.Freeze, kit.V2}})
}

func TestMemBig(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "mem_big", MaxImage: 64<<20 + programBytes, Ways: []kit.Way{kit.Freeze}})
}

func TestMemHeapAndStack(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "mem_brk"}, kit.Case{Prog: "mem_stack", Variant: "main"}, kit.Case{Prog: "mem_stack", Variant: "mapped"})
}

// TestMemFile changes a page of the file that the program did not touch while the program is dead: the image must not
// have it, neither as size nor as contents.
func TestMemFile(t *testing.T) {
	change := func(t *testing.T, p *kit.Prog) {
		f, err := os.OpenFile(filepath.Join(p.Dir, "data"), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xee}, 4096), 1000*4096); err != nil {
			t.Fatal(err)
		}
	}
	for _, variant := range []string{"same", "longer", "shorter"} {
		kit.Run(t, kit.Case{Prog: "mem_file", Variant: variant, WhileDead: change, MaxImage: 2 << 20})
	}
}

func TestMemSharedFile(t *testing.T) {
	for _, variant := range []string{"write", "read", "rdonly"} {
		kit.Run(t, kit.Case{Prog: "mem_shared_file", Variant: variant, MaxImage: programBytes})
	}
}

// The inode of shared anonymous memory has another number after the restart, which maps shows.
func TestMemSharedAnon(t *testing.T) {
	for _, variant := range []string{"anon", "dev_zero"} {
		kit.Run(t, kit.Case{Prog: "mem_shared_anon", Variant: variant, MaxImage: programBytes, Look: []string{"maps"}})
	}
}

func TestMemSharedSwap(t *testing.T) {
	kit.AddSwap(t, 64<<20)
	for _, variant := range []string{"anonymous", "memfd"} {
		kit.Run(t, kit.Case{Prog: "mem_shared_swap", Variant: variant, MaxImage: 1<<20 + programBytes, Look: memfdLook})
	}
}

func TestMemAdvice(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "mem_advice"}, kit.Case{Prog: "mem_name"}, kit.Case{Prog: "mem_seal"})
}

func TestMemLock(t *testing.T) {
	for _, variant := range []string{"mlock", "onfault", "all", "future", "future_onfault"} {
		kit.Run(t, kit.Case{Prog: "mem_lock", Variant: variant})
	}
}

func TestMemHuge(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "mem_thp"})
}

func TestMemMoved(t *testing.T) {
	kit.Run(t, kit.Case{Prog: "mem_mremap"}, kit.Case{Prog: "mem_vdso"})
}

// TestMemSwap makes a compressed RAM disk the swap space: the pages are there at the time of the checkpoint.
func TestMemSwap(t *testing.T) {
	kit.AddSwap(t, 64<<20)
	kit.Run(t, kit.Case{Prog: "mem_swap", MaxImage: 2 << 20})
}

// TestMemKeys has two threads with different rights to the same areas.
func TestMemKeys(t *testing.T) {
	kit.RunFamilies(t, kit.Family{Prog: "pkey", Ways: kit.EveryWay})
}

// TestAIO has rings that the kernel maps, each of an inode of its own.
func TestAIO(t *testing.T) {
	for _, v := range []string{"rest", "gone"} {
		kit.Run(t, kit.Case{Prog: "aio", Variant: v, Look: []string{"maps"}})
	}
}
