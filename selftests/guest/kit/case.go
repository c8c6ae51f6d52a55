// SPDX-License-Identifier: GPL-2.0

package kit

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A Case is a program that is checkpointed, killed and restarted, and has to find everything as it was.
type Case struct {
	Prog, Variant string

	// Ways are how it is held; all of them when empty.
	Ways []Way

	// Dead is how long it stays dead at least. Programs that measure time need long enough to tell.
	Dead time.Duration

	// Signals are sent to the program after the restart, when it sleeps again.
	Signals []syscall.Signal

	// Before runs when the program is ready, WhileDead after its death, After when it runs again and before Signals.
	Before, WhileDead, After func(t *testing.T, p *Prog)

	// MaxImage is the largest size of the image in bytes, 0 for any.
	MaxImage int64

	// Look says what may differ in /proc (see Look.Compare); "." for a program that does not stand still.
	Look []string

	// Dir makes another meeting place than one in /tmp.
	Dir func(t *testing.T) string
}

func (c *Case) name() string {
	if c.Variant == "" {
		return c.Prog
	}
	return c.Variant
}

// Run runs each case in every way, and its twin. On a kernel without the system calls SELFTEST_STOCK=1 runs each program
// undisturbed instead of checkpointing it.
func Run(t *testing.T, cases ...Case) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name(), func(t *testing.T) {
			if Stock() {
				t.Run("undisturbed", func(t *testing.T) { c.Undisturbed(t) })
				t.Run("twin", func(t *testing.T) { c.Twin(t) })
				return
			}
			ways := c.Ways
			if ways == nil {
				ways = Ways
			}
			for n, way := range ways {
				how := Calls
				if n%2 == 1 {
					how = Tool
				}
				t.Run(way.Name, func(t *testing.T) {
					t.Parallel()
					c.Restore(t, way, how)
				})
			}
			t.Run("twin", func(t *testing.T) {
				t.Parallel()
				c.Twin(t)
			})
		})
	}
}

func (c *Case) start(t *testing.T, mode string) *Prog {
	t.Helper()
	if c.Dir != nil {
		return StartIn(t, shareDir(t, c.Dir(t)), c.Prog, mode, c.Variant)
	}
	return Start(t, c.Prog, mode, c.Variant)
}

// Restore checkpoints the program, kills it, restarts it and asks it for its verdict.
func (c *Case) Restore(t *testing.T, way Way, how How) {
	t.Helper()
	p := c.start(t, "keep")
	p.Ready(t)
	if c.Before != nil {
		c.Before(t, p)
	}
	before := LookAt(t, p.Pid)

	held := time.Now()
	release := way.Hold(t, p.Pid)
	img := MustCheckpoint(t, p.Pid, way.Flags)
	saved := time.Now()
	if st, err := os.Stat(img.Path); err != nil {
		t.Fatal(err)
	} else if c.MaxImage > 0 && st.Size() > c.MaxImage {
		t.Errorf("image: got %d bytes, want at most %d", st.Size(), c.MaxImage)
	}
	// A task of the version 1 freezer dies only when it is thawed.
	if err := syscall.Kill(p.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	release()
	p.Kill(t)

	if c.WhileDead != nil {
		c.WhileDead(t, p)
	}
	time.Sleep(c.Dead)

	begin := time.Now()
	r := Restart(t, p, img, how)
	if way.Stopped {
		until(t, "state T after the restart", func() bool { s := Stat(p.Pid); return len(s) > 2 && s[2] == "T" })
		p.Signal(t, syscall.SIGCONT)
	}
	back := time.Now()

	if !looksAside(c.Look) {
		p.Settle(t)
		before.Compare(t, LookAt(t, p.Pid), c.Look...)
	}
	c.goOn(t, p)
	p.Go(t, begin.Sub(saved), back.Sub(held))
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("%s %s after the restart:\n%s", c.Prog, c.Variant, v)
	}
	if status := r.Wait(t); status != 0 {
		t.Errorf("exit status of the restart: got %d, want 0", status)
	}
}

func looksAside(except []string) bool { return len(except) == 1 && except[0] == "." }

// goOn does what the program waits for.
func (c *Case) goOn(t *testing.T, p *Prog) {
	t.Helper()
	if c.After != nil {
		c.After(t, p)
	}
	for _, sig := range c.Signals {
		p.Settle(t)
		p.Signal(t, sig)
	}
}

// Twin lets the program lose its state and expects it to notice.
func (c *Case) Twin(t *testing.T) {
	t.Helper()
	p := c.start(t, "lose")
	p.twinReady(t)
	for _, sig := range c.Signals {
		// It may have ended its wait already.
		syscall.Kill(p.Pid, sig)
	}
	p.Go(t, 0, 0)
	if v := p.Verdict(t); !strings.HasPrefix(v, "FAIL") {
		t.Errorf("%s %s lost its state and says %q, want FAIL", c.Prog, c.Variant, v)
	}
}

// twinReady is Ready for a program that may already be past its wait.
func (p *Prog) twinReady(t testing.TB) {
	t.Helper()
	until(t, p.Name+" is ready", func() bool { return strings.Contains(p.Result(), "\n") })
	p.Unsupported(t)
	time.Sleep(200 * time.Millisecond)
}

// Undisturbed lets the program run without a checkpoint; it must then be content. This is how a program is tried out on
// a kernel without the system calls.
func (c *Case) Undisturbed(t *testing.T) {
	t.Helper()
	p := c.start(t, "keep")
	p.Ready(t)
	if c.Before != nil {
		c.Before(t, p)
	}
	if c.WhileDead != nil {
		c.WhileDead(t, p)
	}
	c.goOn(t, p)
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("%s %s, undisturbed: %s", c.Prog, c.Variant, v)
	}
}
