// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"linux-cr/abi/image"
	"linux-cr/selftests/guest/kit"
)

// saveFiles has the tool save a program and the files of its directory.
func saveFiles(t *testing.T, p *kit.Prog, args ...string) (*kit.Image, string) {
	t.Helper()
	img := &kit.Image{Path: filepath.Join(t.TempDir(), "image")}
	args = append(args, "--verbose", "-o", img.Path, "--save-files", p.Dir+"/*", fmt.Sprint(p.Pid))
	out, err := exec.Command("/bin/checkpoint", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("checkpoint %v: %v: %s", args, err, out)
	}
	return img, string(out)
}

// savedProg is a program with files that the image has.
func savedProg(t *testing.T) (*kit.Prog, *kit.Image) {
	t.Helper()
	p := kit.Start(t, "file_saved", "keep", "")
	p.Ready(t)
	if err := os.Chown(filepath.Join(p.Dir, "mapped"), 1234, 5678); err != nil {
		t.Fatal(err)
	}
	img, out := saveFiles(t, p, "--kill")
	if !strings.Contains(out, "files saved: 3, in ") { // with DIR/log
		t.Errorf("checkpoint: %q", out)
	}
	p.Kill(t)
	return p, img
}

func restartSaved(p *kit.Prog, log string, more ...string) []string {
	return append(kit.Tool.Args(p, log), more...)
}

// goesOn restarts a program and has it check itself.
func goesOn(t *testing.T, p *kit.Prog, img *kit.Image, more ...string) {
	t.Helper()
	how := kit.How{Name: "saved", Args: func(p *kit.Prog, log string) []string { return restartSaved(p, log, more...) }}
	r := kit.Restart(t, p, img, how)
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("%v: %s", more, v)
	}
	if status := r.Wait(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// refused wants a restart to fail with a line that has the words, and to leave the directory as it is.
func refused(t *testing.T, p *kit.Prog, img *kit.Image, words string, more ...string) {
	t.Helper()
	before := listing(t, p.Dir)
	r := kit.StartRestart(t, img, restartSaved(p, filepath.Join(t.TempDir(), "log"), more...))
	if status := r.Wait(t); status != 1 {
		t.Errorf("exit status %d, want 1", status)
	}
	if out := r.Output(); !strings.Contains(out, words) || strings.Count(out, "\n") != 1 {
		t.Errorf("restart: got %q, want a line with %q", out, words)
	}
	if after := listing(t, p.Dir); after != before {
		t.Errorf("the directory was\n%sand is\n%s", before, after)
	}
}

// listing is what is in a directory, as ls -il would tell it.
func listing(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		st := info.Sys().(*syscall.Stat_t)
		text += fmt.Sprintln(st.Ino, info.Mode(), st.Uid, st.Gid, st.Size, st.Mtim.Nano(), e.Name())
	}
	return text
}

func remove(t *testing.T, p *kit.Prog, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.Remove(filepath.Join(p.Dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSaveFilesTwin has the program notice that its files are lost.
func TestSaveFilesTwin(t *testing.T) { (&kit.Case{Prog: "file_saved"}).Twin(t) }

// TestSaveFilesMissing removes the files, and restart makes them again.
func TestSaveFilesMissing(t *testing.T) {
	p, img := savedProg(t)
	remove(t, p, "data", "mapped")
	goesOn(t, p, img)
	st, err := os.Stat(filepath.Join(p.Dir, "mapped"))
	if err != nil {
		t.Fatal(err)
	}
	if sys := st.Sys().(*syscall.Stat_t); sys.Uid != 1234 || sys.Gid != 5678 {
		t.Errorf("owner of the new file: %d:%d", sys.Uid, sys.Gid)
	}
}

// TestSaveFilesSame leaves the files as they are.
func TestSaveFilesSame(t *testing.T) {
	p, img := savedProg(t)
	before := listing(t, p.Dir)
	goesOn(t, p, img)
	if after := listing(t, p.Dir); !strings.Contains(after, lineOf(before, "data")) {
		t.Errorf("the directory was\n%sand is\n%s", before, after)
	}
}

func lineOf(text, name string) string {
	for line := range strings.Lines(text) {
		if strings.HasSuffix(line, " "+name+"\n") {
			return line
		}
	}
	return "nothing called " + name
}

// TestSaveFilesChanged changes a file: the restart fails, or leaves it, or overwrites it, as it is told.
func TestSaveFilesChanged(t *testing.T) {
	p, img := savedProg(t)
	name := filepath.Join(p.Dir, "data")
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("somebody's work"), 500); err != nil {
		t.Fatal(err)
	}
	remove(t, p, "mapped")
	refused(t, p, img, "file "+name+" differs from what the image has of it")
	refused(t, p, img, "file "+name+" differs from what the image has of it", "--saved-files=fail")

	r := kit.StartRestart(t, img, restartSaved(p, filepath.Join(t.TempDir(), "log"), "--saved-files=keep"))
	if got, want := r.Line(t), "restart: warning: file "+name+" differs from what the image has of it, and stays as it is"; got != want {
		t.Errorf("--saved-files=keep: got %q, want %q", got, want)
	}
	if got := r.Line(t); !strings.HasPrefix(got, "restart: ") {
		t.Errorf("--saved-files=keep: got %q, want the time it took", got)
	}
	unix.Kill(p.Pid, unix.SIGKILL)
	r.Wait(t)
	if b, err := os.ReadFile(name); err != nil || !bytes.Contains(b, []byte("somebody's work")) {
		t.Errorf("--saved-files=keep has changed the file, or %v", err)
	}
	goesOn(t, p, img, "--saved-files=overwrite")
	// Whoever had it open has seen what was written.
	b := make([]byte, 15)
	if g, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", f.Fd())); err != nil {
		t.Error(err)
	} else if _, err := g.ReadAt(b, 500); err != nil || string(b) == "somebody's work" {
		t.Errorf("the file of another one has %q, %v", b, err)
	}
}

// TestSaveFilesSystems puts files back on the root file system and on ext4.
func TestSaveFilesSystems(t *testing.T) {
	for _, base := range []string{"/root", "/ext4"} {
		t.Run(filepath.Base(base), func(t *testing.T) {
			dir, err := os.MkdirTemp(base, "saved")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			p := kit.StartIn(t, dir, "file_saved", "keep", "")
			p.Ready(t)
			img, _ := saveFiles(t, p, "--kill")
			p.Kill(t)
			remove(t, p, "mapped")
			if err := os.Truncate(filepath.Join(dir, "data"), 10); err != nil {
				t.Fatal(err)
			}
			refused(t, p, img, filepath.Join(dir, "data")+" differs")
			goesOn(t, p, img, "--saved-files=overwrite")
		})
	}
}

// TestSaveFilesUser has a user restart what root has saved: his files come back, and one of another owner becomes his.
func TestSaveFilesUser(t *testing.T) {
	const uid = 1000
	p := kit.StartAs(t, uid, "file_saved")
	p.Ready(t)
	if err := os.Chown(filepath.Join(p.Dir, "mapped"), 0, 0); err != nil {
		t.Fatal(err)
	}
	img, _ := saveFiles(t, p, "--kill")
	p.Kill(t)
	remove(t, p, "data", "mapped")
	r := kit.StartRestartAs(t, uid, img, []string{"/bin/restart", "--pidns", "--copy-status"})
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Error(v)
	}
	status := r.Wait(t)
	if out := r.Output(); status != 0 || !strings.Contains(out, "gets another owner than 0:0") || strings.Count(out, "\n") != 1 {
		t.Errorf("exit status %d, output %q", status, out)
	}
	st, err := os.Stat(filepath.Join(p.Dir, "mapped"))
	if err != nil {
		t.Fatal(err)
	}
	if got := st.Sys().(*syscall.Stat_t).Uid; got != uid {
		t.Errorf("owner %d, want %d", got, uid)
	}
}

// TestSaveFilesUndone has the kernel fail a restart behind the saved files: nothing of them is left.
func TestSaveFilesUndone(t *testing.T) {
	p := kit.Start(t, "file_saved", "keep", "")
	p.Ready(t)
	img, _ := saveFiles(t, p)
	// The program goes on, where it was.
	p.Settle(t)
	if group := kit.V2Group(t, p.Pid); strings.Contains(group, "checkpoint-") {
		t.Errorf("it was left in %s", group)
	}
	name := filepath.Join(p.Dir, "data")
	if err := os.Rename(name, name+".aside"); err != nil {
		t.Fatal(err)
	}
	refused(t, p, img, "is taken by")
	if err := os.WriteFile(name, []byte("somebody's"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, p, img, "is taken by", "--saved-files=overwrite")
	if err := os.Rename(name+".aside", name); err != nil {
		t.Fatal(err)
	}
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Errorf("the original: %s", v)
	}
}

// TestSaveFilesPipe sends the image through pipes, with something behind it that stays there.
func TestSaveFilesPipe(t *testing.T) {
	p := kit.Start(t, "file_saved", "keep", "")
	p.Ready(t)
	cmd := exec.Command("/bin/checkpoint", "--kill", "--save-files", p.Dir+"/data", "--save-files", p.Dir+"/map*", fmt.Sprint(p.Pid))
	var img, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &img, &errs // a pipe each
	if err := cmd.Run(); err != nil || errs.Len() > 0 {
		t.Fatalf("checkpoint: %v: %s", err, errs.String())
	}
	p.Kill(t)
	remove(t, p, "data", "mapped")
	in, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	go func() {
		w.Write(append(img.Bytes(), "behind"...))
		w.Close()
	}()
	r := kit.StartWith(t, in, restartSaved(p, filepath.Join(t.TempDir(), "log")))
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Error(v)
	}
	if status := r.Wait(t); status != 0 {
		t.Errorf("exit status %d: %s", status, r.Output())
	}
	if rest, err := io.ReadAll(in); err != nil || string(rest) != "behind" {
		t.Errorf("behind the image: %q, %v", rest, err)
	}
}

// TestSaveFilesFrozen leaves the program frozen.
func TestSaveFilesFrozen(t *testing.T) {
	p := kit.Start(t, "file_saved", "keep", "")
	p.Ready(t)
	_, out := saveFiles(t, p, "--frozen")
	group := kit.V2Group(t, p.Pid)
	if got, _ := os.ReadFile(filepath.Join(group, "cgroup.events")); !strings.Contains(string(got), "frozen 1") || !strings.Contains(out, "is frozen; to let it go on") {
		t.Errorf("%s: got %q, want frozen 1; output %q", group, got, out)
	}
	kit.Put(t, filepath.Join(group, "cgroup.freeze"), "0")
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Error(v)
	}
	t.Cleanup(func() {
		for range 100 {
			if unix.Rmdir(group) == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
}

// TestSaveFilesNothing has a pattern that nothing matches: there is a warning, and a plain image.
func TestSaveFilesNothing(t *testing.T) {
	p := kit.Start(t, "file_saved", "keep", "")
	p.Ready(t)
	img := &kit.Image{Path: filepath.Join(t.TempDir(), "image")}
	pattern := p.Dir + "/gone*"
	out, err := exec.Command("/bin/checkpoint", "--kill", "-o", img.Path, "--save-files", pattern, fmt.Sprint(p.Pid)).CombinedOutput()
	if want := "checkpoint: warning: the processes have no file that --save-files=" + pattern + " matches\n"; err != nil || string(out) != want {
		t.Fatalf("checkpoint: %v, got %q, want %q", err, out, want)
	}
	img.Check(t)
	p.Kill(t)
	goesOn(t, p, img)
}

// TestSaveFilesRefused has files that cannot be saved, and lets the program go on unharmed.
func TestSaveFilesRefused(t *testing.T) {
	p := kit.Start(t, "file_lock", "keep", "lease_write")
	p.Ready(t)
	img := filepath.Join(t.TempDir(), "image")
	out, err := exec.Command("/bin/checkpoint", "-o", img, "--save-files", p.Dir+"/**", fmt.Sprint(p.Pid)).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "there is a write lease on it") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("checkpoint: %v, %q", err, out)
	}
	if _, err := os.Stat(img); err == nil {
		t.Error("the image of the failed checkpoint is there")
	}
	p.Go(t, 0, 0)
	if v := p.Verdict(t); v != "OK" {
		t.Error(v)
	}
}

// TestSaveFilesHostile damages the section of the saved files: there is one line, and no file is touched.
func TestSaveFilesHostile(t *testing.T) {
	p, img := savedProg(t)
	remove(t, p, "data", "mapped")
	b := img.Bytes(t)
	r, _, err := image.OpenSaved(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, _, err = r.Next()
	}
	size := int(r.Pos())
	if err != io.EOF || size%os.Getpagesize() != 0 {
		t.Fatalf("section of %d bytes, %v", size, err)
	}
	bad := &kit.Image{Path: filepath.Join(t.TempDir(), "bad")}
	for what, at := range map[string]int{"revision": 16, "count": 20, "mode": 32, "size": 57, "path": 90, "data": 4000, "trailer": size - 24, "checksum": size - 1} {
		c := bytes.Clone(b)
		c[at] ^= 0x10
		kit.Put(t, bad.Path, string(c))
		refused(t, p, bad, "restart: the image on stdin: ", "--saved-files=overwrite")
		if t.Failed() {
			t.Fatalf("damaged %s, byte %d", what, at)
		}
	}
	for _, n := range []int{20, 100, 5000, size - 8, size, size + 100, len(b) / 2} {
		kit.Put(t, bad.Path, string(b[:n]))
		refused(t, p, bad, "restart: ", "--saved-files=overwrite")
	}
	// Bare restart(2) does not know the section.
	call := kit.StartRestart(t, img, kit.Calls.Args(p, filepath.Join(t.TempDir(), "log")))
	if got := call.Line(t); !strings.HasPrefix(got, "restart -1 22 ") {
		t.Errorf("restart(2): got %q, want -1 and EINVAL", got)
	}
	call.Wait(t)
	goesOn(t, p, img)
}

// TestSaveFilesShown asks ckptinfo.
func TestSaveFilesShown(t *testing.T) {
	p, img := savedProg(t)
	name := filepath.Join(p.Dir, "data")
	out, err := exec.Command("/bin/ckptinfo", "files", img.Path).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "SAVED FILE") || strings.Count(string(out), name+"\n") != 2 {
		t.Errorf("ckptinfo files: %v\n%s", err, out)
	}
	if out, err = exec.Command("/bin/ckptinfo", "--json", img.Path).Output(); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Saved []struct {
			Name string
			Size int
			UID  int
		} `json:"saved_files"`
		Complete bool
	}
	if err := json.Unmarshal(out, &doc); err != nil || !doc.Complete || len(doc.Saved) != 3 {
		t.Errorf("ckptinfo --json: %v, %+v", err, doc)
	}
}
