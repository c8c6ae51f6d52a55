package qemu

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBackportsEntry derives the entry for the backports suite from both formats of apt's configuration.
func TestBackportsEntry(t *testing.T) {
	for _, tt := range []struct {
		name, file, text, want string
	}{
		{"list", "sources.list", "# main\ndeb-src http://mirror.example/debian bookworm main\n" +
			"deb http://mirror.example/debian bookworm main contrib\ndeb http://mirror.example/debian bookworm-updates main\n",
			"deb http://mirror.example/debian bookworm-backports main"},
		{"options", "sources.list.d/a.list", "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main\n",
			"deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm-backports main"},
		{"options with blanks", "sources.list.d/a.list", "deb [ arch=amd64 ] http://mirror.example/debian bookworm main\n",
			"deb [ arch=amd64 ] http://mirror.example/debian bookworm-backports main"},
		{"deb822", "sources.list.d/debian.sources", "Types: deb\nURIs: http://security.example/debian-security\n" +
			"Suites: bookworm-security\nComponents: main\n\nTypes: deb deb-src\n# a comment\nURIs: http://mirror.example/debian\n" +
			"Suites: bookworm bookworm-updates\nComponents: main\nSigned-By: /usr/share/keyrings/k.gpg\n",
			"deb [signed-by=/usr/share/keyrings/k.gpg] http://mirror.example/debian bookworm-backports main"},
		{"disabled", "sources.list.d/debian.sources", "Types: deb\nEnabled: no\nURIs: http://mirror.example/debian\nSuites: bookworm\n", ""},
		{"nothing", "sources.list", "deb http://mirror.example/debian trixie main\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, tt.file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(tt.text), 0o644); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("sh", "deps.sh", "backports", dir, "bookworm").CombinedOutput()
			if got := strings.TrimSpace(string(out)); got != tt.want {
				t.Errorf("entry = %q, want %q", got, tt.want)
			}
			if (err == nil) != (tt.want != "") {
				t.Errorf("exit: %v", err)
			}
		})
	}
}
