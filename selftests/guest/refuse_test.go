// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
	"linux-cr/selftests/guest/kit"
)

// A refusal is state that a checkpoint has to refuse by name.
type refusal struct {
	// prog is the program; refuse when empty.
	prog    string
	variant string
	// words are what the log line may call it, in lower case; one is enough.
	words []string
	// warned says that the state is not lost with the task: it comes from whoever restarts it, and a warning says so.
	warned bool
	// thread says that the line is about another thread of the program.
	thread bool
}

// refusalErrnos are the errors that say "this cannot be checkpointed".
var refusalErrnos = []unix.Errno{unix.ENOSYS, unix.EBUSY, unix.EBADF, unix.EPERM, unix.EOPNOTSUPP}

// refuse runs the program with each state, wants the checkpoint to be refused with the task and the object named in
// log and error record, and the program to go on unharmed.
func refuse(t *testing.T, cases ...refusal) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.variant, func(t *testing.T) {
			t.Parallel()
			p := kit.Start(t, cmp.Or(c.prog, "refuse"), "keep", c.variant)
			p.Ready(t)
			pid := p.Pid
			if b, err := os.ReadFile(filepath.Join(p.Dir, "target")); err == nil {
				pid = must(strconv.Atoi(strings.TrimSpace(string(b))))
			}
			if !kit.Stock() {
				for _, flags := range []uint64{0, calls.CHECKPOINT_DRYRUN} {
					img, err := kit.Checkpoint(t, pid, flags|calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE)
					c.check(t, img, err, pid, flags)
				}
			}
			finish(t, p)
		})
	}
}

func (c *refusal) check(t *testing.T, img *kit.Image, err error, pid int, flags uint64) {
	t.Helper()
	log := img.Log()
	named := slices.ContainsFunc(c.words, func(w string) bool { return strings.Contains(strings.ToLower(log), w) })
	if c.warned && err == nil && named && strings.Contains(log, "[warn]") {
		return
	}
	errno, _ := err.(unix.Errno)
	if !slices.Contains(refusalErrnos, errno) {
		t.Errorf("checkpoint, flags %#x: got %v, want one of %v", flags, err, refusalErrnos)
		return
	}
	if !named || !c.thread && !strings.Contains(log, fmt.Sprintf("pid %d", pid)) || !strings.Contains(log, fmt.Sprintf("err -%d", int(errno))) {
		t.Errorf("log: got %q, want the errno, pid %d and one of %q", log, pid, c.words)
	}
	if flags == 0 {
		if e, text := img.ErrorRecord(t); e != errno || !strings.Contains(log, text) {
			t.Errorf("error record: got %v, %q; want %v and the log's line", e, text, errno)
		}
	}
}

func TestRefuseFamily(t *testing.T) {
	refuse(t,
		refusal{variant: "traced", words: []string{"trace"}})
}

func TestRefusePipesAndSockets(t *testing.T) {
	refuse(t,
		refusal{variant: "pipe_outside", words: []string{"open for writing outside of the hierarchy"}, warned: true},
		refusal{variant: "fifo_unlinked", words: []string{"unlinked"}},
		refusal{variant: "unix_outside", words: []string{"its peer is outside of the hierarchy"}},
		refusal{variant: "unix_filter", words: []string{"a filter is attached to it"}},
		refusal{variant: "tcp", words: []string{"family 2 (ipv4), type 1 (stream)"}},
		refusal{variant: "netlink", words: []string{"family 16 (netlink), type 3 (raw)"}},
		refusal{variant: "packet", words: []string{"family 17 (packet), type 3 (raw)"}})
}

func TestRefuseAnonFiles(t *testing.T) {
	refuse(t,
		refusal{variant: "epoll_outside", words: []string{"epoll watches"}},
		refusal{variant: "inotify_unlinked", words: []string{"inotify watch 1 of"}},
		refusal{variant: "fanotify", words: []string{"fanotify"}},
		refusal{prog: "refuse_anon", variant: "userfaultfd_outside", words: []string{"watches memory of a process outside"}},
		refusal{prog: "refuse_anon", variant: "userfaultfd_fault", words: []string{"waits for a fault to be resolved"}},
		refusal{prog: "refuse_anon", variant: "perf", words: []string{"anonymous file anon_inode:[perf_event]"}},
		refusal{prog: "refuse_anon", variant: "perf_mapped", words: []string{"anonymous file anon_inode:[perf_event]", "anon_inode:[perf_event]: memory of a device"}},
		refusal{prog: "refuse_anon", variant: "bpf", words: []string{"anonymous file anon_inode:bpf-map"}},
		refusal{prog: "refuse_anon", variant: "bpf_mapped", words: []string{"anonymous file anon_inode:bpf-map", "anon_inode:bpf-map: memory of a device"}},
		refusal{prog: "refuse_anon", variant: "bpf_prog", words: []string{"anonymous file anon_inode:bpf-prog"}},
		refusal{prog: "refuse_anon", variant: "bpf_link", words: []string{"anonymous file anon_inode:bpf_link"}},
		refusal{variant: "pidfd_outside", words: []string{"pidfd of process"}})
}

func TestRefuseIOUring(t *testing.T) {
	refuse(t,
		refusal{prog: "refuse_anon", variant: "io_uring_flight", words: []string{"io_uring: 3 requests in flight"}},
		refusal{prog: "refuse_anon", variant: "io_uring_worker", words: []string{"a thread that the kernel has made for the process"}, thread: true},
		refusal{prog: "refuse_anon", variant: "io_uring_sqpoll", words: []string{"a thread that the kernel has made for the process", "sqpoll"}, thread: true},
		refusal{prog: "refuse_anon", variant: "io_uring_overflow", words: []string{"an io_uring has completions that did not fit"}},
		refusal{prog: "refuse_anon", variant: "io_uring_disabled", words: []string{"an io_uring is not enabled yet"}},
		refusal{prog: "refuse_anon", variant: "io_uring_eventfd", words: []string{"an io_uring has a registered eventfd"}},
		refusal{prog: "refuse_anon", variant: "io_uring_files", words: []string{"an io_uring has registered files"}},
		refusal{prog: "refuse_anon", variant: "io_uring_buffers", words: []string{"an io_uring has registered buffers"}},
		refusal{prog: "refuse_anon", variant: "io_uring_personality", words: []string{"an io_uring has registered personalities"}},
		refusal{prog: "refuse_anon", variant: "io_uring_ring_fd", words: []string{"registered descriptors of rings"}},
		refusal{prog: "refuse_anon", variant: "io_uring_gone", words: []string{"can only be used by a task that has ended"}},
		refusal{prog: "refuse_anon", variant: "io_uring_part", words: []string{"part of an io_uring"}})
}

func TestRefuseFiles(t *testing.T) {
	refuse(t,
		refusal{variant: "hardlink", words: []string{"it has other names"}},
		refusal{variant: "lease_break", words: []string{"somebody waits for its end"}},
		refusal{variant: "setown", words: []string{"its owner (f_setown), task"}},
		refusal{variant: "pipe_setown", words: []string{"its owner (f_setown), "}},
		refusal{variant: "proc_outside", words: []string{"/proc/1/status: it is about a task outside"}},
		refusal{variant: "proc_maps", words: []string{"bound to the address space"}},
		refusal{variant: "proc_fdinfo", words: []string{"goes with a descriptor"}},
		refusal{variant: "ns_outside", words: []string{"namespace uts:"}},
		refusal{variant: "kmsg", words: []string{"kmsg", "device"}})
}

func TestRefuseMqueues(t *testing.T) {
	refuse(t,
		refusal{variant: "mqueue_thread", words: []string{"it notifies a thread (sigev_thread)"}},
		refusal{variant: "mqueue_outside", words: []string{"who is to be notified (mq_notify), process"}},
		refusal{variant: "mqueue_elsewhere", words: []string{"of another ipc namespace"}},
		refusal{variant: "mqueue_unlinked", words: []string{"in a mounted file system: unlinked"}})
}

func TestRefuseTerminals(t *testing.T) {
	refuse(t,
		refusal{variant: "tty_locked", words: []string{"its attributes are locked"}},
		refusal{variant: "tty_discipline", words: []string{": line discipline n_null"}},
		refusal{variant: "tty_readonly", words: []string{"not open for reading and writing"}})
}

func TestRefuseMemory(t *testing.T) {
	kit.Sysctl(t, "/proc/sys/vm/nr_hugepages", "4")
	refuse(t,
		refusal{variant: "memfd_xattr", words: []string{"extended attributes"}},
		refusal{variant: "secretmem", words: []string{"secretmem"}},
		refusal{variant: "shm_huge", words: []string{"huge pages (shm_hugetlb)"}},
		refusal{variant: "shm_elsewhere", words: []string{"of another ipc namespace"}},
		refusal{variant: "hugetlb_readonly", words: []string{"huge pages that are read-only"}},
		refusal{prog: "refuse_anon", variant: "userfaultfd_given", words: []string{"registered with a userfaultfd that no task of the hierarchy has open"}},
		refusal{prog: "refuse_anon", variant: "userfaultfd_huge", words: []string{"huge pages registered with userfaultfd"}},
		refusal{variant: "dev_mem", words: []string{"mem", "device"}},
		refusal{variant: "pkey_exec", words: []string{"protection key of its own"}})
}

func TestRefuseAttached(t *testing.T) {
	refuse(t,
		refusal{variant: "timer_outside", words: []string{"posix timer 0 runs on the cpu clock of process"}},
		refusal{variant: "timer_clock_gone", words: []string{"posix timer 0: runs on the cpu clock of a task that has ended"}},
		refusal{variant: "timer_thread_gone", words: []string{"posix timer 0: notifies a thread that has ended"}},
		refusal{variant: "sem_used", words: []string{"the tasks have used it, and it stays behind"}, warned: true},
		refusal{variant: "seccomp_listener", words: []string{"notifies a listener"}},
		refusal{prog: "refuse_anon", variant: "aio", words: []string{": 1 requests in flight"}},
		refusal{prog: "refuse_anon", variant: "aio_unmapped", words: []string{"its ring is not mapped as a whole"}},
		refusal{prog: "refuse_anon", variant: "aio_readonly", words: []string{"ring of asynchronous i/o with other rights"}},
		refusal{prog: "refuse_anon", variant: "aio_dontfork", words: []string{"ring of asynchronous i/o with other rights"}},
		refusal{prog: "refuse_anon", variant: "epoll_signalfd_gone", words: []string{"for a task that has ended"}},
		refusal{variant: "session_keyring", words: []string{"keyring"}, warned: true},
		refusal{variant: "thread_keyring", words: []string{"keyring"}},
		refusal{variant: "process_keyring", words: []string{"keyring"}},
		refusal{variant: "landlock", words: []string{"landlock", "lsm"}},
		refusal{variant: "pidns_children", words: []string{"namespace"}},
		refusal{variant: "unshared_uts", words: []string{"namespace"}, warned: true},
		refusal{variant: "unshared_net", words: []string{"namespace"}, warned: true},
		refusal{variant: "unshared_ipc", words: []string{"namespace"}, warned: true},
		refusal{variant: "unshared_mnt", words: []string{"namespace"}, warned: true})
}

// TestRefuseCoreDump asks for a checkpoint of a program whose dump is held up, and wants the dump to be whole.
func TestRefuseCoreDump(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "core")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file := filepath.Join(dir, "go")
	kit.Sysctl(t, "/proc/sys/kernel/core_pattern", fmt.Sprintf("|%s %s", kit.Path("stall"), file))
	p := kit.Start(t, "tiny", "keep", "")
	p.Ready(t)
	p.Signal(t, unix.SIGQUIT)
	coreDumping := func() bool {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid))
		return strings.Contains(string(b), "CoreDumping:\t1")
	}
	for range 500 {
		if coreDumping() {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	for _, flags := range []uint64{0, calls.CHECKPOINT_DRYRUN} {
		img, err := kit.Checkpoint(t, p.Pid, flags|calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE)
		if err != unix.EBUSY || !strings.Contains(img.Log(), "dumping core") {
			t.Errorf("checkpoint: got %v, want EBUSY; log: %s", err, img.Log())
		}
	}
	if !coreDumping() {
		t.Error("the dump has ended")
	}
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	p.WaitDead(t)
}
