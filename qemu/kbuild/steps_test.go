package kbuild

import (
	"io"
	"strings"
	"testing"

	"linux-cr/qemu/arch"
)

// stepsMakefile is a kernel of which every C file can be compiled, if it is listed and does not say otherwise, and whose
// configuration keeps the symbols that Kconfig declares.
const stepsMakefile = makefile + `
tinyconfig: ; @echo CONFIG_A=y >$(O)/.config
olddefconfig: ; @for s in $$(sed -n 's/^config //p' Kconfig*); do \
		grep -q "^CONFIG_$$s=" $(O)/.config && echo CONFIG_$$s=y; done >$(O)/.new; mv $(O)/.new $(O)/.config
bzImage: ; @for f in $$(cat list); do ! grep bad $$f || exit 1; cp $$f $(O)/$${f%.c}.o; done
`

func TestBuildSteps(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, root := t.TempDir(), t.TempDir()
	write(t, dir, "Makefile", stepsMakefile, "Kconfig", "config A\n", "list", "old.c\n", "old.c", "old\n")
	write(t, root, "Kconfig.frag", "CONFIG_A=y\n", "kconfig/amd64.frag", "", "kconfig/series.frag", "CONFIG_A=y\nCONFIG_NEW=y\n",
		"kernel/tree/README", "", "kernel/hooks/6.12/old.patch", "--- a/old.c\n+++ b/old.c\n@@ -1 +1 @@\n-old\n+hooked\n")
	a, err := arch.Find("amd64")
	if err != nil {
		t.Fatal(err)
	}
	file := Overlay{"new.c": []byte("new\n")}
	listed := Overlay{"new.c": []byte("new\n"), "list": []byte("old.c new.c\n")}
	symbol := Overlay{"new.c": []byte("new\n"), "list": []byte("old.c new.c\n"), "Kconfig.new": []byte("config NEW\n")}
	broken := Overlay{"old.c": []byte("bad\n")}
	for _, tt := range []struct {
		name  string
		steps []Overlay
		want  string
	}{
		{"all", []Overlay{file, listed, symbol}, ""},
		{"the last without the symbol", []Overlay{file, listed}, "CONFIG_NEW=y was requested"},
		{"the last without the object", []Overlay{{"new.c": []byte("new\n"), "Kconfig.new": []byte("config NEW\n")}}, "not compiled: new.c"},
		{"one that does not compile", []Overlay{file, broken, symbol}, "step 2: the kernel does not compile"},
	} {
		var steps []Step
		for i, o := range tt.steps {
			steps = append(steps, Step{Name: "step " + string(rune('1'+i)), Overlay: o})
		}
		var said strings.Builder
		err := BuildSteps(Options{Root: root, Arch: a, KSRC: dir, Progress: func(s string) { said.WriteString(s + "\n") }, Warnings: io.Discard}, steps)
		switch {
		case tt.want == "" && err != nil, tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
		if tt.want == "" {
			for _, line := range []string{"step 1: builds, with 0 of 1 new files compiled", "step 2: builds, with 1 of 1"} {
				if !strings.Contains(said.String(), line) {
					t.Errorf("%s: %q is not in\n%s", tt.name, line, said.String())
				}
			}
		}
	}
}
