// SPDX-License-Identifier: GPL-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A small project: two new files, three hooks, two patches.
const (
	seriesText = `# comment
Subject: checkpoint/restart in the kernel
Date: 2026-11-23T12:00:00Z
Base: 6.12

What it is for.

Second paragraph with a – dash.
%%
Subject: checkpoint: add the core
Files: kernel/checkpoint/ include/linux/checkpoint*.h
Hooks: kconfig build

Why.
%%
# what follows is last
Subject: fork: call it
Hooks: fork

Because.
%%
`
	coreC    = "// SPDX-License-Identifier: GPL-2.0\nint core;\n\nint more;\n"
	header   = "#define ONE 1\n"
	makefile = "obj-y = fork.o\n\nobj-y += exit.o\n\nobj-y += sys.o\n"
	kconfig  = "config A\n\tbool\n\nconfig B\n\tbool\n"
	forkC    = "int a;\nint b;\nint c;\nint d;\nint e;\nint f;\nint g;\n"
)

var hooks = map[string]string{
	"build":   "Build it.\n\n--- a/kernel/Makefile\n+++ b/kernel/Makefile\n@@ -1,5 +1,6 @@\n obj-y = fork.o\n \n obj-y += exit.o\n+obj-y += checkpoint/\n \n obj-y += sys.o\n",
	"kconfig": "diff --git a/kernel/Kconfig b/kernel/Kconfig\n--- a/kernel/Kconfig\n+++ b/kernel/Kconfig\n@@ -4,2 +4,4 @@\n config B\n \tbool\n+\n+source \"kernel/checkpoint/Kconfig\"\n",
	"fork":    "# Comment.\ndiff --git a/kernel/fork.c b/kernel/fork.c\n--- a/kernel/fork.c\n+++ b/kernel/fork.c\n@@ -2,5 +2,5 @@\n int b;\n int c;\n-int d;\n+int core_d;\n int e;\n int f;\n",
}

func put(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// project makes a checkout and a kernel source.
func project(t *testing.T) (root, src string) {
	t.Helper()
	root, src = t.TempDir(), t.TempDir()
	put(t, src, map[string]string{
		"Makefile":        "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 3\n",
		"kernel/Makefile": makefile,
		"kernel/Kconfig":  kconfig,
		"kernel/fork.c":   forkC,
	})
	put(t, root, map[string]string{
		"kernel/series":                              seriesText,
		"kernel/tree/kernel/checkpoint/core.c":       coreC,
		"kernel/tree/include/linux/checkpoint.h":     header,
		"kernel/tree/kernel/checkpoint/.core.c.swp":  "editor",
		"docs/coverage.md":                           "| state | is |\n|---|---|\n| memory | covered |\n",
		"kernel/tree/include/linux/checkpoint_ctx.h": header,
	})
	for name, text := range hooks {
		put(t, root, map[string]string{"kernel/hooks/6.12/" + name + ".patch": text})
	}
	return root, src
}

func series1(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var errs bytes.Buffer
	return run(args, &errs), errs.String()
}

func TestWrite(t *testing.T) {
	root, _ := project(t)
	out := filepath.Join(t.TempDir(), "a", "b")
	put(t, out, map[string]string{"0009-old.patch": "old", "notes": "kept"})
	for range 2 {
		if status, errs := series1(t, "-root", root, "-o", out); status != 0 {
			t.Fatal(errs)
		}
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := "0000-cover-letter.patch 0001-checkpoint-add-the-core.patch 0002-fork-call-it.patch notes"
	if got := strings.Join(names, " "); got != want {
		t.Fatalf("files %q", got)
	}
	cover, err := os.ReadFile(filepath.Join(out, names[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"From: linux-cr developers <linux-cr@example.org>\nDate: Mon, 23 Nov 2026 12:00:00 +0000\nSubject: [PATCH 0/2] checkpoint/restart in the kernel\n",
		"What it is for.\n\nSecond paragraph with a – dash.\n", "| memory | covered |\n", "   2  fork: call it\n",
		" 6 files changed, 10 insertions(+), 1 deletion(-)\n create mode 100644 include/linux/checkpoint.h\n",
	} {
		if !strings.Contains(string(cover), part) {
			t.Errorf("the cover letter has no %q:\n%s", part, cover)
		}
	}
	first, err := os.ReadFile(filepath.Join(out, names[1]))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"Date: Mon, 23 Nov 2026 12:01:00 +0000\nSubject: [PATCH 1/2] checkpoint: add the core\n",
		"\nWhy.\n\nSigned-off-by: linux-cr developers <linux-cr@example.org>\n---\n",
		"new file mode 100644\n--- /dev/null\n+++ b/include/linux/checkpoint.h\n@@ -0,0 +1 @@\n+#define ONE 1\n",
		"+++ b/kernel/checkpoint/core.c\n@@ -0,0 +1,4 @@\n+// SPDX-License-Identifier: GPL-2.0\n+int core;\n+\n+int more;\n",
	} {
		if !strings.Contains(string(first), part) {
			t.Errorf("the first patch has no %q:\n%s", part, first)
		}
	}
	for _, text := range []string{"Build it.", "editor"} {
		if strings.Contains(string(first), text) {
			t.Errorf("the first patch has %q", text)
		}
	}
}

// TestStatIsGits compares our statistics with those of git for the same patch.
func TestStatIsGits(t *testing.T) {
	root, _ := project(t)
	_, mails, err := load(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mails[1:] {
		_, after, _ := strings.Cut(m.text, "\n---\n")
		ours, _, _ := strings.Cut(after, "\ndiff --git")
		ours, _, _ = strings.Cut(ours, "\n--- a/")
		cmd := exec.Command("git", "apply", "--stat", "--summary", "-")
		cmd.Dir = t.TempDir()
		cmd.Stdin = strings.NewReader(m.text)
		theirs, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, theirs)
		}
		if normal(ours) != normal(string(theirs)) {
			t.Errorf("%s:\n%s\ngit has\n%s", m.name, ours, theirs)
		}
	}
}

// normal takes away what git apply does differently from git format-patch: the
// order of the files and the width of the columns.
func normal(stat string) string {
	lines := strings.Split(strings.TrimSpace(stat), "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestCheck(t *testing.T) {
	root, src := project(t)
	if status, errs := series1(t, "-root", root, "-check", "-src", src); status != 0 {
		t.Error(errs)
	}
}

func TestCheckFails(t *testing.T) {
	for name, c := range map[string]struct {
		root, src map[string]string // files to change; "" removes
		want      string
	}{
		"other kernel":     {nil, map[string]string{"Makefile": "VERSION = 6\nPATCHLEVEL = 11\nSUBLEVEL = 1\n"}, "the series is for 6.12"},
		"fuzz":             {nil, map[string]string{"kernel/fork.c": strings.Replace(forkC, "int f", "int z", 1)}, "does not apply"},
		"exists":           {nil, map[string]string{"kernel/checkpoint/core.c": coreC}, "exists in kernel"},
		"trailing blanks":  {map[string]string{"kernel/tree/kernel/checkpoint/core.c": "int a; \n"}, nil, "trailing whitespace"},
		"file in none":     {map[string]string{"kernel/tree/mm/x.c": coreC}, nil, "kernel/tree/mm/x.c is in no patch"},
		"hook in none":     {map[string]string{"kernel/hooks/6.12/mm.patch": hooks["fork"]}, nil, "mm.patch is in no patch"},
		"no newline":       {map[string]string{"kernel/tree/kernel/checkpoint/core.c": "int a;"}, nil, "newline"},
		"no hook":          {map[string]string{"kernel/hooks/6.12/fork.patch": "-"}, nil, "not a patch"},
		"glob of nothing":  {map[string]string{"kernel/series": strings.Replace(seriesText, "Hooks: fork", "Hooks: fork\nFiles: mm/*.c", 1)}, nil, "matches mm/*.c"},
		"unknown hook":     {map[string]string{"kernel/series": strings.Replace(seriesText, "Hooks: fork", "Hooks: fork mm", 1)}, nil, "no kernel/hooks/6.12/mm.patch"},
		"file in two":      {map[string]string{"kernel/series": strings.Replace(seriesText, "Hooks: fork", "Hooks: fork\nFiles: kernel/checkpoint/core.c", 1)}, nil, "is in two patches"},
		"message cut":      {map[string]string{"kernel/series": strings.Replace(seriesText, "Because.", "Because\n---\nof", 1)}, nil, "cannot begin with"},
		"no subject":       {map[string]string{"kernel/series": strings.Replace(seriesText, "Subject: fork", "Hooks: fork", 1)}, nil, "no Subject"},
		"no message":       {map[string]string{"kernel/series": strings.Replace(seriesText, "Because.", "", 1)}, nil, "has no message"},
		"no date":          {map[string]string{"kernel/series": strings.Replace(seriesText, "Date: 2026", "Date: x", 1)}, nil, "Date"},
		"stray line":       {map[string]string{"kernel/series": strings.Replace(seriesText, "Hooks: fork", "Hooks fork", 1)}, nil, "no header line"},
		"nothing selected": {map[string]string{"kernel/series": strings.Replace(seriesText, "Hooks: fork", "", 1)}, nil, "neither Files nor Hooks"},
	} {
		t.Run(name, func(t *testing.T) {
			root, src := project(t)
			put(t, root, c.root)
			put(t, src, c.src)
			if status, errs := series1(t, "-root", root, "-check", "-src", src); status != 1 || !strings.Contains(errs, c.want) {
				t.Errorf("status %d, %s", status, errs)
			}
		})
	}
}

// TestOneFileTwoPatches has hooks of two patches edit the same file.
func TestOneFileTwoPatches(t *testing.T) {
	root, src := project(t)
	second := "--- a/kernel/Makefile\n+++ b/kernel/Makefile\n@@ -3,3 +3,4 @@\n obj-y += exit.o\n \n obj-y += sys.o\n+obj-y += more.o\n"
	put(t, root, map[string]string{
		"kernel/hooks/6.12/more.patch":  second,
		"kernel/hooks/6.12/build.patch": "--- a/kernel/Makefile\n+++ b/kernel/Makefile\n@@ -1,2 +1,3 @@\n+obj-y += checkpoint/\n obj-y = fork.o\n \n",
		"kernel/series":                 strings.Replace(seriesText, "Hooks: fork", "Hooks: fork more", 1),
	})
	if status, errs := series1(t, "-root", root, "-check", "-src", src); status != 0 {
		t.Error(errs)
	}
	_, mails, err := load(root)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(mails[0].text, " kernel/Makefile "); n != 1 {
		t.Errorf("the cover letter counts kernel/Makefile %d times:\n%s", n, mails[0].text)
	}
}

func TestApply(t *testing.T) {
	root, src := project(t)
	if status, errs := series1(t, "-root", root, "-apply", "1", "-tree", src); status != 0 {
		t.Fatal(errs)
	}
	fork, err := os.ReadFile(filepath.Join(src, "kernel/fork.c"))
	core, err2 := os.ReadFile(filepath.Join(src, "kernel/checkpoint/core.c"))
	if err != nil || err2 != nil || string(fork) != forkC || string(core) != coreC {
		t.Errorf("%v, %v\n%s%s", err, err2, fork, core)
	}
	if status, _ := series1(t, "-root", root, "-apply", "3", "-tree", src); status != 1 {
		t.Error("there is no third patch")
	}
}

func TestCheckpatch(t *testing.T) {
	root, src := project(t)
	_, mails, err := load(root)
	if err != nil {
		t.Fatal(err)
	}
	put(t, src, map[string]string{"scripts/checkpatch.pl": `my $file = pop @ARGV;
die "no list\n" unless "@ARGV" =~ /--strict/;
open my $f, '<', $file or die; local $/;
print STDERR "noise\n";
if (<$f> =~ /call it/) { print "kernel/fork.c:4: CHECK:X_Y: call\n"; exit 1 }
`})
	for ignore, want := range map[string]string{
		"":                                   "0002-fork-call-it.patch:\nkernel/fork.c:4: CHECK:X_Y: call",
		"X_Y kernel/fork.c it has to be":     "",
		"X_Y * it has to be":                 "",
		"X_Y kernel/exit.c it has to be":     "kernel/fork.c:4",
		"X_Y * is so\nZ * is not even there": "nothing needs the exception Z *",
		"X_Y *":                              "is not a type, a file and a reason",
	} {
		err := checkpatch(src, mails, ignore)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", ignore, err)
		}
		if err != nil && (strings.Contains(err.Error(), "noise") || strings.Contains(err.Error(), "0001")) {
			t.Errorf("%q: %v", ignore, err)
		}
	}
	put(t, src, map[string]string{"scripts/checkpatch.pl": "die 'broken'"})
	if err := checkpatch(src, mails, ""); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("a checkpatch.pl that does not run: %v", err)
	}
	if _, err := parseIgnore(ignoreList); err != nil {
		t.Error(err)
	}
}

func TestSparse(t *testing.T) {
	c := &content{files: []*file{
		{name: "kernel/checkpoint/core.c"}, {name: "include/linux/checkpoint.h"}, {name: "samples/x.c"},
		{name: "arch/x86/kernel/checkpoint.c"}, {name: "arch/arm64/kernel/checkpoint.c"},
	}}
	if got := strings.Join(objects(c, "x86"), " "); got != "kernel/checkpoint/core.o arch/x86/kernel/checkpoint.o" {
		t.Error(got)
	}
	out := "  CHECK   ../kernel/checkpoint/core.c\n../kernel/checkpoint/core.c:3:5: warning: symbol 'core' was not declared\n" +
		"../kernel/checkpoint/core.c:4:5: warning: context imbalance in 'ckpt_walk_pmd' - unexpected unlock\n" +
		"../kernel/checkpoint/core.c:5:5: warning: context imbalance in 'core' - unexpected unlock\n" +
		"../mm/x.c:1:1: warning: other\n./include/linux/checkpoint.h:9:2: error: bad\n"
	got := about([]byte(out), c)
	if len(got) != 3 || !strings.Contains(got[0], "core.c:3") || !strings.Contains(got[1], "core.c:5") || !strings.Contains(got[2], "checkpoint.h:9") {
		t.Errorf("%q", got)
	}

	root, _ := project(t)
	obj := t.TempDir()
	put(t, obj, map[string]string{"Makefile": "%.o:\n\t@echo \"  CHECK   $*.c\"; $(SAY)\n"})
	if status, errs := series1(t, "-root", root, "-sparse", "-obj", obj); status != 0 {
		t.Error(errs)
	}
	put(t, obj, map[string]string{"Makefile": "%.o:\n\t@echo \"  CHECK   $*.c\"; echo ../$*.c:1:2: warning: no\n"})
	if status, errs := series1(t, "-root", root, "-sparse", "-obj", obj); status != 1 || !strings.Contains(errs, "core.c:1:2: warning: no") {
		t.Errorf("status %d, %s", status, errs)
	}
	put(t, obj, map[string]string{"Makefile": "%.o:\n\t@:\n"})
	if status, errs := series1(t, "-root", root, "-sparse", "-obj", obj); status != 1 || !strings.Contains(errs, "did not run") {
		t.Errorf("status %d, %s", status, errs)
	}
}
