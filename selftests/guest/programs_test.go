// SPDX-License-Identifier: GPL-2.0

package guest

import (
	"testing"

	"golang.org/x/sys/unix"
)

// sockets are an obstacle that waits for the kernel to cover what a program has.
var sockets = []string{"socket"}

func TestProgramShells(t *testing.T) {
	testPrograms(t,
		program{
			name: "bash", argv: []string{"/usr/bin/bash", "bash-pipeline.sh"}, before: []step{exists("mid")},
			works: []string{"bash", "awk", "sort", "sleep"}, results: []string{"log", "numbered"},
		},
		program{
			name: "bash of a user", argv: []string{"/usr/bin/bash", "bash-pipeline.sh"}, uid: 1000, before: []step{exists("mid")},
			results: []string{"log", "numbered"},
		},
		program{
			name: "dash", argv: []string{"/usr/bin/dash", "dash-jobs.sh"}, before: []step{exists("mid.a", "mid.b")},
			after:   []step{signals(unix.SIGUSR1), holds("log", "user signal"), goes},
			results: []string{"log", "job.a", "job.b", "count.a", "count.b"},
		},
		program{
			name: "busybox", argv: []string{"/usr/bin/busybox", "sh", "busybox.sh"}, before: []step{exists("mid")},
			works: []string{"sed", "tee", "gzip", "gunzip", "awk"}, results: []string{"copy"},
		},
		program{
			name: "xargs", argv: []string{"/usr/bin/sh", "xargs.sh"}, before: []step{exists("mid.1", "mid.2", "mid.3")},
			works: []string{"xargs"}, results: []string{"part.1", "part.6"},
		},
	)
}

func TestProgramFilters(t *testing.T) {
	filter := func(name, command string, works ...string) program {
		return program{name: name, argv: []string{"/usr/bin/sh", "filter.sh", command}, before: []step{exists("mid")}, works: works}
	}
	sort := filter("sort", "sort -S 100k -T . -k1,1nr | md5sum", "sort", "md5sum")
	sort.before = append(sort.before, exists("sort[A-Za-z0-9]*"))
	testPrograms(t,
		sort,
		filter("gzip", "gzip -9 | tee half.gz | gunzip | sha256sum", "gzip"),
		filter("xz", "xz -1 -T2 | xz -dc | sha256sum", "xz"),
		filter("awk", `awk '{ n[$1 % 10] += $2; print $1 | "sort -n | tail -n 3" } END { close("sort -n | tail -n 3"); for (i = 0; i < 10; i++) print i, n[i] }'`, "awk", "sort", "tail"),
		filter("bc", `sed -n 's/^\([0-9]*\) [0-9]*00$/s = s * 3 + \1/p; $s/.*/s/p' | bc | md5sum`, "bc"),
	)
}

func TestProgramInterpreters(t *testing.T) {
	python := func(name, script string, pending []string) program {
		return program{name: name, argv: []string{"/usr/bin/python3", script}, before: []step{exists("mid")}, works: []string{"python3"}, pending: pending}
	}
	threads := python("python with threads", "threads.py", nil)
	threads.results = []string{"log"}
	testPrograms(t,
		threads,
		python("python with asyncio", "loop.py", sockets),
		python("python with a pool", "pool.py", nil),
		program{
			name: "perl", argv: []string{"/usr/bin/perl", "spin.pl"}, before: []step{exists("mid")}, works: []string{"perl"},
			results: []string{"log", "rung"},
		},
	)
}

func TestProgramBuilds(t *testing.T) {
	testPrograms(t,
		program{
			name: "make", argv: []string{"/usr/bin/make", "-s", "-j4"}, before: []step{exists("mid", "mid.held", "one.o")},
			works: []string{"make"}, results: []string{"result"},
		},
		program{
			name: "gcc", argv: []string{"/usr/bin/sh", "gcc.sh"}, before: []step{exists("mid")}, works: []string{"gcc", "cc1", "as"},
			results: []string{"out.o"},
		},
		program{
			name: "git", argv: []string{"/usr/bin/sh", "fast-import.sh"}, before: []step{holds("progress", "half")}, works: []string{"git"},
			results: []string{"progress"},
		},
	)
}

func TestProgramDatabases(t *testing.T) {
	testPrograms(t,
		program{
			name: "sqlite", argv: []string{"/usr/bin/sh", "database.sh", "", ""}, before: []step{exists("half")}, works: []string{"sqlite3"},
		},
		program{
			name: "sqlite in a transaction", argv: []string{"/usr/bin/sh", "database.sh", "begin immediate;", "commit;"}, before: []step{exists("half")},
			works: []string{"sqlite3"},
		},
		program{
			name: "redis", argv: []string{"/usr/bin/sh", "redis.sh"}, before: []step{holds("client.out", "QUEUED\nQUEUED\n")},
			works: []string{"redis-check-rdb", "redis-cli"}, results: []string{"client.out"}, pending: sockets,
		},
	)
}

func TestProgramTerminals(t *testing.T) {
	const socket = "tmux.socket"
	tmux := func(args ...string) step {
		return commands(append([]string{"/usr/bin/tmux", "-S", socket}, args...)...)
	}
	testPrograms(t,
		program{
			name: "bash", alone: true, terminal: true, argv: []string{"/usr/bin/bash", "--norc"},
			before: []step{
				types("stty -echo; PS1='$ '; x=before; tty >tty; stty -a >>tty; echo s''et\r"), holds("screen", "set\r\n"),
				types("cat >typed; echo $x >>typed\rfirst\r"), exists("typed"),
			},
			after: []step{
				types("second\r\x04"), holds("typed", "before"),
				types("{ tty; stty -a; } >tty.after; cmp tty tty.after && echo same >same\r"), holds("same", "same"),
				types("sleep 1000\r"), types("\x1a"), types("jobs >jobs; echo >stopped\r"), exists("stopped"), types("kill %1; exit 7\rexit 7\r"),
			},
			results: []string{"typed", "same", "jobs"}, works: []string{"bash", "cat", "terminal"},
		},
		program{
			name: "vim", alone: true, terminal: true, argv: []string{"/usr/bin/vim", "-u", "NONE", "-N", "-i", "NONE", "text"},
			before: []step{types("ione\x1botwo lines"), holds("screen", "two lines")},
			after: []step{
				types(" and a half\x1byyp:w! full\r"), holds("full", "two lines and a half\ntwo lines and a half\n"),
				types("uu:w! undone\r"), holds("undone", "one\n"), types(":wq\r"),
			},
			results: []string{"text", "full", "undone"}, works: []string{"vim"},
		},
		program{
			name: "tmux", alone: true, argv: []string{"/usr/bin/tmux", "-S", socket, "-f", "/dev/null", "-D"},
			before: []step{
				exists(socket), tmux("new-session", "-d", "-s", "work", "-x", "80", "-y", "24", "bash --norc"),
				tmux("split-window", "-t", "work", "dash -i"),
				tmux("send-keys", "-t", "work.0", "x=first; echo $x >zero", "Enter"),
				tmux("send-keys", "-t", "work.1", "y=second; echo $y >one", "Enter"), exists("zero", "one"),
			},
			after: []step{
				tmux("send-keys", "-t", "work.0", "echo $x $LINES >>zero", "Enter"), holds("zero", "first\nfirst"),
				tmux("send-keys", "-t", "work.1", "echo $y $0 >>one", "Enter"), holds("one", "second\nsecond"),
				tmux("list-panes", "-a"), tmux("kill-server"),
			},
			results: []string{"zero", "one"}, works: []string{"tmux: server", "bash", "dash"}, pending: sockets,
		},
		program{
			name: "script", alone: true, argv: []string{"/usr/bin/sh", "script.sh"}, before: []step{exists("mid")}, works: []string{"script", "dash"},
			results: []string{"value", "same"},
		},
	)
}
