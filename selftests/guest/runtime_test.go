// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"linux-cr/selftests/guest/kit"
)

// asProgram is the environment variable that makes the tests a program which gets checkpointed: a Go program with
// hundreds of goroutines, timers, and a runtime that has threads, an epoll and an eventfd.
const asProgram = "SELFTEST_AS_PROGRAM"

const (
	nrTickers = 200
	nrPairs   = 100
	nrSleeps  = 50
)

// A gopher is the state of the Go program.
type gopher struct {
	dir     string
	ticks   [nrTickers]atomic.Int64
	sums    [nrPairs]int64
	slept   atomic.Int64
	spins   atomic.Int64
	stop    chan struct{}
	wg      sync.WaitGroup
	mu      sync.Mutex
	garbage [][]byte
	failed  bool
}

func (g *gopher) say(format string, args ...any) {
	f, err := os.OpenFile(filepath.Join(g.dir, "result"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		os.Exit(3)
	}
	defer f.Close()
	fmt.Fprintf(f, format+"\n", args...)
}

func (g *gopher) fail(format string, args ...any) {
	g.failed = true
	g.say("FAIL: "+format, args...)
}

// goroutines is the Go program, with the rules of prog.h.
func goroutines(dir, mode string) {
	g := &gopher{dir: dir, stop: make(chan struct{})}
	for n := range nrTickers {
		g.wg.Go(func() { g.tick(n) })
	}
	for n := range nrPairs {
		g.pair(n)
	}
	for range nrSleeps {
		g.wg.Go(func() {
			time.Sleep(3 * time.Second)
			g.slept.Add(1)
		})
	}
	g.wg.Go(g.spin)
	g.wg.Go(g.litter)
	time.Sleep(300 * time.Millisecond)
	g.say("READY")
	for {
		if b, err := os.ReadFile(filepath.Join(dir, "go")); err == nil && len(b) > 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	g.verify(mode == "lose")
}

func (g *gopher) tick(n int) {
	ticker := time.NewTicker(time.Duration(10+n%7) * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			g.ticks[n].Add(1)
		case <-g.stop:
			return
		}
	}
}

// pair has two goroutines that play numbers into each other's hands.
func (g *gopher) pair(n int) {
	there, back := make(chan int64), make(chan int64)
	g.wg.Go(func() {
		defer close(back)
		for v := range there {
			back <- v + 1
		}
	})
	g.wg.Go(func() {
		defer close(there)
		for v := int64(0); ; {
			select {
			case <-g.stop:
				return
			case there <- v:
			}
			v = <-back
			g.sums[n] = v
			time.Sleep(5 * time.Millisecond)
		}
	})
}

func (g *gopher) spin() {
	for {
		select {
		case <-g.stop:
			return
		default:
			g.spins.Add(1)
			runtime.Gosched()
			if g.spins.Load()%1000 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
	}
}

// litter keeps the garbage collector busy.
func (g *gopher) litter() {
	for {
		select {
		case <-g.stop:
			return
		case <-time.After(2 * time.Millisecond):
			g.mu.Lock()
			g.garbage = append(g.garbage[max(0, len(g.garbage)-50):], make([]byte, 20000))
			g.mu.Unlock()
		}
	}
}

func (g *gopher) verify(lose bool) {
	if n := runtime.NumGoroutine(); n < nrTickers+2*nrPairs+2 {
		g.fail("goroutines: got %d", n)
	}
	if lose {
		close(g.stop)
		time.Sleep(100 * time.Millisecond)
	}
	var before [nrTickers]int64
	for n := range g.ticks {
		before[n] = g.ticks[n].Load()
	}
	spins := g.spins.Load()
	time.Sleep(4 * time.Second)
	for n := range g.ticks {
		if g.ticks[n].Load() == before[n] {
			g.fail("ticker %d has stopped", n)
			break
		}
	}
	if g.spins.Load() == spins {
		g.fail("the busy goroutine has stopped")
	}
	if got := g.slept.Load(); got != nrSleeps {
		g.fail("sleeps that ended: got %d, want %d", got, nrSleeps)
	}
	runtime.GC()
	if !lose {
		close(g.stop)
	}
	g.wg.Wait()
	for n, sum := range g.sums {
		if sum == 0 {
			g.fail("pair %d has played nothing", n)
		}
	}
	if g.failed {
		os.Exit(1)
	}
	g.say("OK")
	os.Exit(0)
}

// TestRuntimeGo checkpoints a Go program.
func TestRuntimeGo(t *testing.T) {
	kit.RunFamilies(t, kit.Family{
		Prog: "goroutines", Ways: someWays, Dead: dead, Look: []string{"."},
		Start: func(t *testing.T, mode string) *kit.Prog {
			dir := kit.MeetingPlace(t)
			cmd := exec.Command("/proc/self/exe", dir, mode)
			cmd.Path = must(os.Executable())
			cmd.Env = append(os.Environ(), asProgram+"=1")
			return kit.StartCommand(t, "goroutines", dir, cmd)
		},
	})
}

// python is a program with threads in everything that the interpreter offers, with the rules of prog.h.
const python = `
import os, queue, sys, threading, time
d, mode = sys.argv[1], sys.argv[2]
def say(s):
    with open(d + "/result", "a") as f:
        f.write(s + "\n")
failed = False
def fail(s):
    global failed
    failed = True
    say("FAIL: " + s)
lock, cond, stop, bar = threading.Lock(), threading.Condition(), threading.Event(), threading.Barrier(3)
sem, q, out = threading.Semaphore(0), queue.Queue(), queue.Queue()
counts, got, local = [0] * 4, [], threading.local()
def count(n):
    local.v = n
    while not stop.is_set():
        counts[n] += 1
        time.sleep(0.002 * n)
    out.put(("count", local.v == n))
def worker():
    while True:
        v = q.get()
        if v is None:
            break
        out.put(("square", v * v))
def waiter():
    with cond:
        ok = cond.wait(60)
    out.put(("cond", ok))
def blocked():
    with lock:
        out.put(("lock", True))
def acquirer():
    out.put(("sem", sem.acquire(timeout=60)))
def barrier():
    bar.wait(60)
    out.put(("bar", True))
lock.acquire()
ts = [threading.Thread(target=count, args=(n,)) for n in range(4)]
ts += [threading.Thread(target=f) for f in (worker, waiter, blocked, acquirer, barrier, barrier)]
for t in ts:
    t.daemon = True
    t.start()
slept = []
t0 = time.monotonic()
threading.Timer(3, lambda: slept.append(time.monotonic() - t0)).start()
time.sleep(0.5)
say("READY")
while not os.path.exists(d + "/go"):
    time.sleep(0.02)
if mode == "lose":
    stop.set()
    time.sleep(0.2)
before = list(counts)
time.sleep(0.5)
for n in range(4):
    if counts[n] <= before[n]:
        fail("thread %d does not count" % n)
for v in range(10):
    q.put(v)
q.put(None)
with cond:
    cond.notify()
lock.release()
sem.release()
bar.wait(20)
stop.set()
for t in ts:
    t.join(20)
    if t.is_alive():
        fail("thread does not end: %s" % t)
time.sleep(4)
if len(slept) != 1 or slept[0] < 2.9:
    fail("timer: %s" % slept)
res = {}
while not out.empty():
    k, v = out.get()
    res.setdefault(k, []).append(v)
want = {"count": [True] * 4, "square": [v * v for v in range(10)], "cond": [True], "lock": [True], "sem": [True], "bar": [True] * 2}
if res != want:
    fail("results: got %s, want %s" % (res, want))
if not failed:
    say("OK")
sys.stdout.flush()
os._exit(failed)
`

// TestRuntimePython checkpoints the Python interpreter of the host.
func TestRuntimePython(t *testing.T) {
	useHost(t)
	wantHostFile(t, "/usr/bin/python3")
	kit.RunFamilies(t, kit.Family{
		Prog: "python", Ways: someWays, Dead: dead, Look: []string{"."},
		Start: func(t *testing.T, mode string) *kit.Prog {
			dir := kit.MeetingPlace(t)
			script := filepath.Join(dir, "script.py")
			if err := os.WriteFile(script, []byte(python), 0o666); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("/usr/bin/python3", script, dir, mode)
			cmd.Env = []string{"PATH=/usr/bin", "PYTHONDONTWRITEBYTECODE=1"}
			cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: hostRoot}
			return kit.StartCommand(t, "python", dir, cmd)
		},
	})
}
