// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"linux-cr/abi/calls"
	"linux-cr/abi/image"
	"linux-cr/selftests/guest/kit"
)

// selfCheckpointed runs the program that checkpoints itself up to its end, and returns its image.
func selfCheckpointed(t *testing.T, variant string) (*kit.Prog, *kit.Image) {
	t.Helper()
	p := kit.Start(t, "self", "keep", variant)
	p.Ready(t)
	first, _, _ := strings.Cut(p.Result(), "\n")
	id, err := strconv.Atoi(strings.TrimPrefix(first, "ckpt "))
	if err != nil || id <= 0 {
		t.Fatalf("the program says %q, want ckpt and a positive identifier", first)
	}
	p.Go(t, 0, 0)
	p.WaitDead(t)
	img := &kit.Image{Path: filepath.Join(p.Dir, "image"), LogPath: os.DevNull, ID: id}
	img.Check(t)
	return p, img
}

// fresh forgets what the program said in a former life.
func fresh(t *testing.T, p *kit.Prog) {
	t.Helper()
	if err := os.Truncate(filepath.Join(p.Dir, "result"), 0); err != nil {
		t.Fatal(err)
	}
}

// TestSelfCheckpoint restarts one image several times, in every way there is: each life sees 0 as the result.
func TestSelfCheckpoint(t *testing.T) {
	for _, variant := range []string{"pid0", "pid"} {
		t.Run(variant, func(t *testing.T) {
			p, img := selfCheckpointed(t, variant)
			for _, args := range [][]string{
				{kit.Path("selfrestart")},
				{kit.Path("selfrestart"), filepath.Join(t.TempDir(), "log")},
				{"/bin/restart", "--self", "--copy-status"},
				{"/bin/restart", "--copy-status"},
				{kit.Path("corestart"), fmt.Sprint(p.Pid), filepath.Join(t.TempDir(), "log")},
				{kit.Path("selfrestart")},
			} {
				fresh(t, p)
				r := kit.StartRestart(t, img, args)
				if status := r.Wait(t); status != 0 {
					t.Errorf("%s: exit status %d: %s", strings.Join(args, " "), status, r.Output())
				}
				if got := strings.TrimSpace(p.Result()); got != "OK" {
					t.Errorf("%s: the program says %q, want OK", strings.Join(args, " "), got)
				}
			}
		})
	}
}

func TestSelfTwin(t *testing.T) {
	c := kit.Case{Prog: "self", Variant: "pid"}
	c.Twin(t)
}

// TestSelfIDs wants another identifier for each checkpoint.
func TestSelfIDs(t *testing.T) {
	_, a := selfCheckpointed(t, "pid")
	_, b := selfCheckpointed(t, "pid")
	if a.ID == b.ID {
		t.Errorf("two checkpoints have the identifier %d", a.ID)
	}
}

// TestManyLives checkpoints, kills and restarts a counter fifty times. Its file holds every number once.
func TestManyLives(t *testing.T) {
	const lives = 50
	p := counting(t)
	for n := range lives {
		before := p.Result()
		img := kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_FREEZE|calls.CHECKPOINT_KILL)
		if n == 0 {
			p.WaitDead(t)
		} else {
			p.WaitGone(t)
		}
		how := kit.Calls
		if n%10 == 9 {
			how = kit.Tool
		}
		kit.Restart(t, p, img, how)
		if p.Result() != before {
			t.Fatalf("life %d: the program says %q", n, p.Result())
		}
		os.Remove(img.Path)
	}
	finish(t, p)
	b := must(os.ReadFile(filepath.Join(p.Dir, "count")))
	for i, line := range strings.Fields(string(b)) {
		if line != fmt.Sprint(i+1) {
			t.Fatalf("line %d of the count is %q", i+1, line)
		}
	}
}

// TestStream writes an image to a pipe and restarts from one, with bytes behind the trailer that stay where they are.
func TestStream(t *testing.T) {
	p := kit.Start(t, "mem_areas", "keep", "")
	p.Ready(t)
	in, out := pipe(t)
	read := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(in)
		read <- b
	}()
	id, err := calls.Checkpoint(p.Pid, int(out.Fd()), calls.CHECKPOINT_SUBTREE|calls.CHECKPOINT_FREEZE|calls.CHECKPOINT_KILL, none)
	out.Close()
	b := <-read
	if err != nil || id <= 0 {
		t.Fatalf("checkpoint to a pipe: got %d, %v", id, err)
	}
	if places := kit.Records(t, b); places[len(places)-1].Type != image.CKPT_HDR_TAIL {
		t.Fatal("the stream does not end in a trailer")
	}
	p.WaitDead(t)

	const rest = "this belongs to someone else"
	in, out = pipe(t)
	go func() {
		out.Write(b)
		out.WriteString(rest)
		out.Close()
	}()
	r := kit.StartWith(t, in, []string{kit.Path("corestart"), fmt.Sprint(p.Pid), filepath.Join(t.TempDir(), "log")})
	t.Cleanup(r.Kill)
	if line := r.Line(t); !strings.HasPrefix(line, "restart 0 ") {
		t.Fatalf("restart from a pipe: %s", line)
	}
	got, err := io.ReadAll(in)
	if err != nil || string(got) != rest {
		t.Errorf("behind the image: got %q, %v; want %q", got, err, rest)
	}
	finish(t, p)
}

// TestTwoImages restarts two programs from one pipe, one after the other.
func TestTwoImages(t *testing.T) {
	var progs []*kit.Prog
	var all []byte
	for _, name := range []string{"mem_areas", "sig_pending"} {
		p := kit.Start(t, name, "keep", "")
		p.Ready(t)
		img := kit.MustCheckpoint(t, p.Pid, calls.CHECKPOINT_FREEZE|calls.CHECKPOINT_KILL)
		p.WaitDead(t)
		progs = append(progs, p)
		all = append(all, img.Bytes(t)...)
	}
	in, out := pipe(t)
	go func() {
		out.Write(all)
		out.Close()
	}()
	for _, p := range progs {
		r := kit.StartWith(t, in, []string{kit.Path("corestart"), fmt.Sprint(p.Pid), filepath.Join(t.TempDir(), "log")})
		t.Cleanup(r.Kill)
		if line := r.Line(t); !strings.HasPrefix(line, "restart 0 ") {
			t.Fatalf("restart of %s: %s", p.Name, line)
		}
		finish(t, p)
	}
	if b, err := io.ReadAll(in); err != nil || len(b) != 0 {
		t.Errorf("behind both images: %d bytes, %v", len(b), err)
	}
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Close()
		w.Close()
	})
	return r, w
}
