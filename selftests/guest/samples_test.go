// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"linux-cr/selftests/guest/kit"
)

const samples = "/samples"

// background starts a command with an output file and kills it at the end of the test.
func background(t *testing.T, in, out *os.File, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stdout = in, out
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if in == nil && out == nil {
		cmd.Stderr = nil
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		if err := <-done; t.Failed() {
			t.Logf("%s: %v: %s", cmd, err, stderr.String())
		}
	})
	return cmd
}

// moveAndCopy is mv FILE FILE.orig; cp FILE.orig FILE.
func moveAndCopy(t *testing.T, file string, edit func([]byte) []byte) (orig string) {
	t.Helper()
	orig = file + ".orig"
	if err := os.Rename(file, orig); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, edit(must(os.ReadFile(orig))), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		os.Remove(file)
		os.Remove(orig)
	})
	return orig
}

// wantLines polls until the file begins with the lines.
func wantLines(t *testing.T, file, lines string) {
	t.Helper()
	var got string
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		got = string(must(os.ReadFile(file)))
		if strings.HasPrefix(got, lines) {
			return
		}
	}
	t.Fatalf("%s: got\n%s\nwant\n%s", file, got, lines)
}

func counts(word string, from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintf(&b, "%s %d\n", word, i)
	}
	return b.String()
}

// TestExternalWalk follows the walk-through of external checkpoint: freeze in a version 1 freezer, checkpoint, copy the
// output file, thaw, self_restart. Both programs then count on, each in its own file.
func TestExternalWalk(t *testing.T) {
	const file = "/tmp/cr-test.out"
	cmd := background(t, nil, nil, kit.Path("walk"), file, "100")
	for {
		if _, err := os.Stat(file); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	wantLines(t, file, "hello, world!\n"+counts("count", 0, 3))

	release := kit.V1.Hold(t, cmd.Process.Pid)
	img := filepath.Join(t.TempDir(), "ckpt.image")
	ckpt := exec.Command(samples+"/checkpoint", fmt.Sprint(cmd.Process.Pid))
	out := kit.File(t, img, os.O_WRONLY|os.O_CREATE)
	var stderr bytes.Buffer
	ckpt.Stdout, ckpt.Stderr = out, &stderr
	if err := ckpt.Run(); err != nil {
		t.Fatalf("%s: %v: %s", ckpt, err, stderr.String())
	}
	frozenAt := strings.Count(string(must(os.ReadFile(file))), "\n") - 2
	orig := moveAndCopy(t, file, func(b []byte) []byte { return b })
	release()

	background(t, kit.File(t, img, os.O_RDONLY), nil, samples+"/self_restart")
	want := "hello, world!\n" + counts("count", 0, frozenAt+10)
	wantLines(t, orig, want)
	wantLines(t, file, want)
}

// TestSelfWalk follows the walk-through of self-checkpoint, with an edited output file.
func TestSelfWalk(t *testing.T) {
	const file = "/tmp/cr-self.out"
	img := filepath.Join(t.TempDir(), "self.image")
	background(t, nil, kit.File(t, img, os.O_WRONLY|os.O_CREATE), samples+"/self_checkpoint", file, "200")
	time.Sleep(200 * time.Millisecond)
	for {
		if b, err := os.ReadFile(file); err == nil && strings.Contains(string(b), "count 3\n") {
			break
		} else if strings.Contains(string(b), "checkpoint:") {
			t.Fatalf("self_checkpoint: %s", b)
		}
		time.Sleep(10 * time.Millisecond)
	}
	var id int
	lines := strings.Split(string(must(os.ReadFile(file))), "\n")
	if n, err := fmt.Sscanf(lines[4], "checkpoint ret: %d", &id); n != 1 || id <= 0 {
		t.Fatalf("line 5 is %q (%v), want checkpoint ret: and a positive number", lines[4], err)
	}
	moveAndCopy(t, file, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("count"), []byte("xxxxx")) })
	edited := must(os.ReadFile(file))
	copied := len(edited)

	restart := func() {
		cmd := background(t, kit.File(t, img, os.O_RDONLY), nil, samples+"/self_restart")
		want := "hello, world!\n" + counts("xxxxx", 0, 2) + "checkpoint ret: 0\n"
		wantLines(t, file, want+counts("count", 3, 3))
		// Until it has written over everything that the other one wrote.
		n := 3
		for len(want)+len(counts("count", 3, n)) <= copied {
			n++
		}
		wantLines(t, file, want+counts("count", 3, n+2))
		if comm := kit.Stat(cmd.Process.Pid)[1]; comm != "self_checkpoint" {
			t.Errorf("name of the restarted process: got %q, want self_checkpoint", comm)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
	}
	restart()
	// The image is as good as new.
	if err := os.WriteFile(file, edited, 0o666); err != nil {
		t.Fatal(err)
	}
	restart()
}

// TestSamplesRefuse wants a clear end of each sample that cannot do its work.
func TestSamplesRefuse(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		want int
	}{
		{[]string{"checkpoint"}, 2},
		{[]string{"checkpoint", "x"}, 2},
		{[]string{"checkpoint", "4000000"}, 1},
		{[]string{"self_restart"}, 1},
		{[]string{"self_restart", "x"}, 2},
	} {
		cmd := exec.Command(filepath.Join(samples, tt.args[0]), tt.args[1:]...)
		cmd.Stdin = kit.File(t, empty, os.O_RDONLY)
		var stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = kit.File(t, os.DevNull, os.O_WRONLY), &stderr
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != tt.want || stderr.Len() == 0 {
			t.Errorf("%v: got %v and %q, want exit status %d and a message", tt.args, err, stderr.String(), tt.want)
		}
	}
}
