// SPDX-License-Identifier: GPL-2.0

package image

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
)

// source is a machine that a sample image comes from.
type source struct {
	name      string // of the golden files
	order     ByteOrder
	arch      uint16
	elf       uint32
	machine   string
	regsets   map[uint32]int // NT_* to size
	regsOrder []uint32
}

var sources = []source{
	{"x86_64", binary.LittleEndian, CKPT_ARCH_X86_64, 62, "x86_64", map[uint32]int{1: 216, 2: 512, 0x202: 832}, []uint32{1, 2, 0x202}},
	{"s390x", binary.BigEndian, CKPT_ARCH_S390X, 22, "s390x", map[uint32]int{1: 216, 2: 136, 0x307: 4}, []uint32{1, 2, 0x307}},
}

const samplePage = 4096

// sample writes an image of one process, as a kernel would.
func sample(t testing.TB, s source) []byte {
	t.Helper()
	var out bytes.Buffer
	h := &Header{
		ArchID: s.arch, PageShift: 12, WordBits: 64, KernelMajor: 6, KernelMinor: 12, KernelPatch: 117,
		Time: 1795449600_000000000, Monotonic: 5000_000000000, Boottime: 5100_000000000,
		Uflags: 1, FeatRequired: CKPT_FEATURE_MEMORY | CKPT_FEATURE_FILES, FeatOptional: 1 << 40, CkptID: 7,
	}
	copy(h.Nodename[:], "node")
	copy(h.Release[:], "6.12.117")
	copy(h.Version[:], "#1 SMP Mon Nov 23 12:00:00 UTC 2026")
	copy(h.Machine[:], s.machine)
	w, err := NewWriter(&out, s.order, h)
	if err != nil {
		t.Fatal(err)
	}
	put := func(list ...Record) {
		t.Helper()
		for _, r := range list {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	pages := func(addrs ...uint64) {
		t.Helper()
		var b bytes.Buffer
		for _, a := range addrs {
			fmt.Fprintf(&b, "page at %#x", a)
			b.Write(make([]byte, -b.Len()&(samplePage-1)))
		}
		if err := w.WritePages(addrs, &b); err != nil {
			t.Fatal(err)
		}
	}

	task := &Task{PID: 42, State: CKPT_TASK_RUNNING, ExitSignal: 17, Flags: CKPT_TASKF_SUPERPRIV, Utime: 12345678, Stime: 2345678, StartTime: 4000_000000000, StartBoottime: 4100_000000000, Minflt: 81, Nvcsw: 12}
	copy(task.Comm[:], "counter")
	put(&HeaderArch{ElfMachine: s.elf, FPUSize: 832, Features: 7, Hwcap: 0x1f8bfbff, Hwcap2: 2},
		&Container{}, NewString("/"),
		&Tree{NrTasks: 1},
		&Pids{PID: 42, TGID: 42, PPID: 1, PGID: 42, SID: 42, Flags: CKPT_PIDS_ROOT, Levels: []int32{3}},
		task,
		&Thread{NrRegsets: uint32(len(s.regsOrder)), RSEQLen: 32, RSEQAddr: 0x7f0000002040, RSEQSig: 0x53053053, RobustList: 0x7f0000002060, RobustListLen: 24, ClearChildTid: 0x7f0000002010, SsFlags: 2})
	for _, note := range s.regsOrder {
		data := make([]byte, s.regsets[note])
		for i := range data {
			data[i] = byte(i)
		}
		put(&Regset{NoteType: note, Data: data})
	}
	put(&RestartBlock{Kind: CKPT_RESTART_NANOSLEEP, Flags: CKPT_RESTARTF_TIMEOUT | CKPT_RESTARTF_RMTP, Clockid: 1, Remaining: 700_000000, Addr: 0x7ffc00000010},
		&Sched{TimerSlack: 50000, DefaultTimerSlack: 50000, NrCPUs: 4, Affinity: []uint64{3}},
		&Sigtask{Blocked: 1 << 13},
		&Sigpending{Queue: CKPT_SIGQUEUE_PRIVATE},
	)
	file := func(ref int32, path string, mode, flags uint32, pos int64) {
		t.Helper()
		put(&File{ObjRef: ref, FType: CKPT_FILE_GENERIC, FFlags: flags, IMode: mode, FPos: pos, Ino: uint64(1000 + ref), DevMajor: 8, DevMinor: 1, Size: 4096, Mtime: 1795440000_000000000}, NewString(path))
	}
	file(1, "dev/null", 0o20666, 2, 0)
	file(2, "tmp/counter.out", 0o100644, 0o2001, 1234)
	put(&FileTable{ObjRef: 3, NrFDs: 4},
		&FileDesc{FD: 0, FileRef: 1}, &FileDesc{FD: 1, FileRef: 2}, &FileDesc{FD: 2, FileRef: 2}, &FileDesc{FD: 9, FileRef: 2, Flags: CKPT_FD_CLOEXEC},
		&FS{ObjRef: 4, Umask: 0o22}, NewString("."), NewString("tmp"))
	file(5, "usr/bin/counter", 0o100755, 0, 0)
	put(&MM{ObjRef: 6, NrVmas: 4, ExeRef: 5, Dumpable: 1, DumpFilter: 0x33, StartCode: 0x401000, EndCode: 0x401800, StartBrk: 0x1000000, Brk: 0x1021000, StartStack: 0x7ffc00001000, MmapBase: 0x7f0000003000, Auxv: []uint64{6, 4096, 3, 0x400040, 0, 0}},
		&MMContext{VDSO: 0x7ffc00100000, VDSOSize: 0x2000, VDSOChecksum: 0x1122334455667788},
		&VMA{Start: 0x400000, End: 0x402000, Kind: CKPT_VMA_FILE, Prot: 5, MapFlags: 2, FileRef: 5})
	pages()
	put(&VMA{Start: 0x1000000, End: 0x1021000, Kind: CKPT_VMA_ANON, Prot: 3, MapFlags: 2, Flags: CKPT_VMAF_NAMED, Offset: 0x1000000}, NewString("[heap]"))
	pages(0x1000000, 0x1001000)
	pages()
	put(&VMA{Start: 0x7ffbfffe0000, End: 0x7ffc00002000, Kind: CKPT_VMA_ANON, Prot: 3, MapFlags: 0x102, Offset: 0x7ffbfffe0000})
	pages(0x7ffc00001000)
	pages()
	put(&VMA{Start: 0x7ffc00100000, End: 0x7ffc00102000, Kind: CKPT_VMA_SPECIAL, Prot: 5, MapFlags: 2}, NewString("[vdso]"))
	pages()
	actions := make([]Sigaction, 64)
	actions[9] = Sigaction{Handler: 0x401200, Flags: 0x14000000, Restorer: 0x401700, Mask: 1 << 9}
	put(&Sighand{ObjRef: 7, Actions: actions})
	signal := &Signal{ObjRef: 8, OomScoreAdj: 100, Maxrss: 1500, Rlimits: make([]Rlimit, 16)}
	signal.Itimers[0] = Itimer{Value: 250_000000, Interval: 1000_000000}
	for i := range signal.Rlimits {
		signal.Rlimits[i] = Rlimit{Cur: 8 << 20, Max: 1<<64 - 1}
	}
	info := Siginfo{}
	s.order.PutUint32(info.Info[:], 10)
	put(signal, &Sigpending{Queue: CKPT_SIGQUEUE_SHARED, Signals: 1 << 9, Infos: []Siginfo{info}},
		&Cred{ObjRef: 9, UID: 1000, EUID: 1000, SUID: 1000, FSUID: 1000, GID: 100, EGID: 100, SGID: 100, FSGID: 100, CapBounding: 1<<41 - 1, Groups: []uint32{100, 101, 102}},
		&TaskObjs{MMRef: 6, FilesRef: 3, FSRef: 4, SighandRef: 7, SignalRef: 8, CredRef: 9})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// failedSample is the image of a checkpoint that met an obstacle.
func failedSample(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, binary.LittleEndian, &Header{ArchID: CKPT_ARCH_X86_64, PageShift: 12, WordBits: 64, KernelMajor: 6, KernelMinor: 12})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []Record{
		&HeaderArch{ElfMachine: 62}, &Container{}, NewString("/"), &Tree{NrTasks: 1}, &Pids{PID: 42, TGID: 42, PPID: 1, PGID: 42, SID: 42, Flags: CKPT_PIDS_ROOT},
	} {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Fail(-16, "task 42 (counter): file descriptor 5: sockets cannot be checkpointed"); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
