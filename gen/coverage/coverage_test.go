// SPDX-License-Identifier: GPL-2.0

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"linux-cr/gen/internal/output"
)

func root(t *testing.T) string {
	t.Helper()
	dir, err := output.Root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestKernelAgrees compares the list with what the kernel refuses and warns of.
func TestKernelAgrees(t *testing.T) {
	kinds, err := Load(filepath.Join(root(t), "docs", "coverage.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	messages, err := Messages(filepath.Join(root(t), "kernel", "tree"))
	if err != nil {
		t.Fatal(err)
	}
	if err := Compare(kinds, messages); err != nil {
		t.Error(err)
	}
}

func TestCurrent(t *testing.T) {
	stale, err := generator.Update(false)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range stale {
		t.Errorf("%s is not current, run '%s'", name, regenerate)
	}
}

const source = `
/* ckpt_refuse(ctx, task, -EBADF, "in a comment"); */
int ckpt_refuse(struct ckpt_ctx *ctx, struct task_struct *task, int err,
		const char *fmt, ...)
{
	return 0;
}

#define REFUSE(ctx, task, cond, err, fmt, ...)				\
({									\
	ckpt_refuse(ctx, task, err, fmt, ##__VA_ARGS__);		\
})

static const char *ckpt_why(struct file *file)
{
	if (file)
		return strcmp(file->name, "a, b") ? "one \"reason\"" :
			"the other";
	log("no reason");
	return NULL;
}

static int f(void)
{
	if (REFUSE(ctx, task, g(1, ")"), -EBUSY, "a \"quoted\" "
		   "text, %d", 1))
		return 1;
	ckpt_refuse(ctx, task, -EBADF, "%s: %s", name, ckpt_why(file));
	ckpt_err(ctx, task, ret, ret ? "first" : "second");
	ckpt_warn(ctx, task, "careful: %s", name);
	return ckpt_err(ctx, NULL, -EINVAL, "bad");
}
`

func TestParse(t *testing.T) {
	messages, err := parse("x.c", source)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range messages {
		mark := ""
		if m.Required {
			mark = " required"
		}
		got = append(got, m.Func+" "+m.Errno+" "+m.Text+mark)
	}
	want := []string{
		`REFUSE EBUSY a "quoted" text, %d required`,
		"ckpt_refuse EBADF %s: %s",
		"ckpt_err  first",
		"ckpt_err  second",
		"ckpt_warn  careful: %s",
		"ckpt_err EINVAL bad",
		"ckpt_why  a, b required",
		`ckpt_why  one "reason" required`,
		"ckpt_why  the other required",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got:\n%s\nwant:\n%s", g, w)
	}
	if messages[0].Line != 25 {
		t.Errorf("line of the first message: got %d, want 25", messages[0].Line)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, source := range []string{
		`void f(void) { ckpt_refuse(ctx, task, -EBADF, text); }`,
		`void f(void) { ckpt_refuse(ctx, task, -EBADF, "open"; }`,
	} {
		if m, err := parse("x.c", source); err == nil {
			t.Errorf("%s: got %v, want an error", source, m)
		}
	}
}

// TestCompareFinds changes one thing at a time in a pair that agrees.
func TestCompareFinds(t *testing.T) {
	kinds := func(message, errno string) []Kind {
		return []Kind{{Kind: "k", Rows: []Row{{What: "w", State: refused, Errno: errno, Message: message}}}}
	}
	messages := []Message{{File: "x.c", Func: "ckpt_refuse", Errno: "EBADF", Text: "a pipe is open", Required: true}}
	if err := Compare(kinds("pipe", "EBADF"), messages); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct{ message, errno, want string }{
		{"socket", "EBADF", "no row"},
		{"pipe", "EBUSY", "EBADF, which no row"},
		{"socket", "EBADF", "says nowhere"},
	} {
		err := Compare(kinds(tt.message, tt.errno), messages)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("message %q with %s: got %v, want %q", tt.message, tt.errno, err, tt.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, tt := range []struct{ row, want string }{
		{"{what: x, state: perhaps}", "none of covered"},
		{"{what: x, state: refused, errno: EBADF}", "needs errno and message"},
		{"{what: x, state: covered, errno: EBADF}", "errno without a refusal"},
		{"{what: x, state: missing}", "needs a note"},
		{"{what: x, state: covered, colour: red}", "field colour not found"},
		{"{what: x | y, state: covered}", "a bar"},
	} {
		_, err := decode([]byte("- kind: k\n  rows:\n    - " + tt.row + "\n"))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.row, err, tt.want)
		}
	}
}

func TestFill(t *testing.T) {
	const begin, end = "<!-- x -->", "<!-- /x -->"
	const text = "a\n" + begin + "\nold\n" + end + "\nb\n"
	got, err := Fill(text, "x", "new\n")
	if want := "a\n" + begin + "\n\nnew\n\n" + end + "\nb\n"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if again, err := Fill(got, "x", "new\n"); err != nil || again != got {
		t.Errorf("a second time: got %q, %v", again, err)
	}
	for _, bad := range []string{"a\n", "a\n" + begin + "\n", text + text} {
		if got, err := Fill(bad, "x", "new\n"); err == nil {
			t.Errorf("%q: got %q, want an error", bad, got)
		}
	}
}

func TestParseHook(t *testing.T) {
	const patch = `diff --git a/kernel/x.c b/kernel/x.c
--- a/kernel/x.c
+++ b/kernel/x.c
@@ -1,3 +1,4 @@
 same
-gone
+new
+++ i;
diff --git a/y b/y
--- a/y
+++ b/y
@@ -1 +0,0 @@
--- old
`
	got := parseHook("x", patch)
	if strings.Join(got.files, " ") != "kernel/x.c y" || got.added != 2 || got.removed != 2 {
		t.Errorf("got %+v, want two files, +2 -2", got)
	}
}
