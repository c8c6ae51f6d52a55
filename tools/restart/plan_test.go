// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"linux-cr/abi/image"
	"linux-cr/tools/internal/imagetest"
	"linux-cr/tools/internal/source"
)

// head is that of an image of tasks.
func head(t *testing.T, tasks ...image.Pids) *source.Head {
	t.Helper()
	name := filepath.Join(t.TempDir(), "img")
	if err := os.WriteFile(name, imagetest.Make(t, tasks...), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	src, err := source.Open(in, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &src.Head
}

// family has two of everything: processes, threads, pid namespaces, ghosts. Its
// ids follow first.
func family(first int32) []image.Pids {
	root := imagetest.Task(first)
	child := imagetest.Child(root, first+1)
	inside := imagetest.Child(root, first+4, 1)
	below := imagetest.Child(inside, first+5, 7)
	deeper := imagetest.Child(below, first+6, 8, 1)
	deeper.PGID = first + 10
	below.SID = first + 9
	return []image.Pids{
		root, imagetest.Thread(root, first+2), imagetest.Thread(root, first+3),
		child, inside, below, imagetest.Thread(below, first+7, 9), deeper,
		imagetest.Ghost(first + 8), imagetest.Ghost(first+9, 20), imagetest.Ghost(first+10, 21, 22),
	}
}

// start and end are what every task begins and ends with.
const (
	start  = "PR_SET_PDEATHSIG(1, 9)\n"
	end    = "restart(0, -1, 0, 9)\nexit_group(1)\n"
	ghost  = "restart(0, -1, 4, 9)\nexit_group(1)\n"
	hidden = "getpriority(1)\nppoll(&, 1, &, 0, 8) must be 0\n"
	alone  = "close_range(3, 6)\nclose_range(8, 8)\nclose_range(10, -1)\n"
)

// steps is a plan without the numbers of its steps.
func steps(t *testing.T, enter int, tasks ...image.Pids) string {
	t.Helper()
	p, err := hierarchy(head(t, tasks...), 7, 9, enter)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(p.String(), fmt.Sprintf("must be %d\n", os.Getpid()), "must be SELF\n")
	return regexp.MustCompile(`(?m)^\d+ `).ReplaceAllString(text, "")
}

func TestPlan(t *testing.T) {
	for name, c := range map[string]struct{ got, want string }{
		"one": {
			steps(t, -1, imagetest.Task(42)),
			"clone_with_pids(17, 0, 0, 0, [42]) child: 1\n" + start + "getppid() must be SELF\n" + alone + end,
		},
		"frozen": {
			steps(t, 8, imagetest.Task(42)),
			"clone_with_pids(17, 0, 0, 0, [42]) child: 1\n" + start + "getppid() must be SELF\nenter the cgroup(8, &, 1)\n" + alone + end,
		},
		"container": {
			steps(t, -1, imagetest.Task(1), imagetest.Child(imagetest.Task(1), 3)),
			"clone_with_pids(537002001, 0, 0, 0, [1]) child: 1\n" + start + hidden + alone +
				"make mounts private(&, &, 0, 278528)\nmount /proc(&, &, &, 14)\n" +
				"clone_with_pids(273, 0, 0, 0, [3]) child: 12\n" + end + start + "getppid() must be 1\n" + end,
		},
		"family": {
			steps(t, -1, family(100)...),
			"clone_with_pids(17, 0, 0, 0, [100]) child: 1\n" + start + "getppid() must be SELF\n" + alone +
				"clone_with_pids(273, 0, 0, 0, [101]) child: 22\n" +
				"clone_with_pids(536871185, 0, 0, 0, [104 1]) child: 26\n" +
				"ignore SIGCHLD(17, &, 0, 8)\nclone_with_pids(273, 0, 0, 0, [108]) child: 14\n" +
				"clone_with_pids(69376, &, 0, 0, [102]) child: 18\nclone_with_pids(69376, &, 0, 0, [103]) child: 20\n" + end +
				start + "getppid() must be 100\n" + ghost + end + end +
				// 101
				start + "getppid() must be 100\n" + end +
				// 104
				start + hidden +
				"clone_with_pids(273, 0, 0, 0, [105 7]) child: 38\n" +
				"ignore SIGCHLD(17, &, 0, 8)\nclone_with_pids(273, 0, 0, 0, [109 20]) child: 34\n" + end +
				start + "getppid() must be 1\n" + ghost +
				// 105
				start + "getppid() must be 1\n" +
				"clone_with_pids(536871185, 0, 0, 0, [106 8 1]) child: 46\n" +
				"clone_with_pids(69376, &, 0, 0, [107 9]) child: 44\n" + end + end +
				// 106
				start + hidden +
				"ignore SIGCHLD(17, &, 0, 8)\nclone_with_pids(273, 0, 0, 0, [110 21 22]) child: 53\n" + end +
				start + "getppid() must be 1\n" + ghost,
		},
	} {
		if got := c.got; got != c.want {
			t.Errorf("%s:\n%swant\n%s", name, got, c.want)
		}
	}
	self := selfPlan(5, 9, 0, 7)
	want := "0 clone(17) child: 1\n1 close_range(3, 4)\n2 close_range(6, 6)\n3 close_range(8, 8)\n4 close_range(10, -1)\n5 restart(0, 5, 1, 9)\n6 exit_group(1)\n"
	if got := self.String(); got != want {
		t.Errorf("self:\n%swant\n%s", got, want)
	}
}
