// SPDX-License-Identifier: GPL-2.0

// Command bench measures checkpoint(2) and restart(2) beside what moves the same bytes: write(2), read(2), fork and
// memcpy. `make bench` runs it in the virtual machine. It judges no time; it fails only when something does not work.
//
//	bench [-sizes MIB,...] [-crowds N,...] [-threads N,...] [-fds KIND:N,...] [-sharers N,...] [-rounds N]
//
// The target is a process with private anonymous memory, each word of it another. It looks at CLOCK_MONOTONIC without a
// pause and keeps the longest gap that it saw: that is how long a checkpoint has stopped it. Everything is measured in
// each round, in turns, and shown as the median.
//
//   - to tmpfs: one call, to a new file; beside write(2) of as many bytes from memory to a new file, 64 KiB per call,
//     and beside sendfile(2) of the image to a new file, which like a checkpoint copies from page to page inside of the
//     kernel. One write(2) of everything is shown too: Linux 6.12 makes it several times slower than many small ones.
//   - to a pipe of the usual 64 KiB: another process reads 1 MiB per read(2) and throws it away.
//   - restart: from the coordinator's call to its return. The task waits in restart(2) when it begins.
//   - from a pipe: another process fills it from the image with splice(2).
//   - fresh memory is untouched and gets its pages on the way, as a restarted process does; the aim of restart is in
//     terms of that. Warm memory has its pages.
//   - fork, exit, wait: by the target, with its memory.
//
// A crowd is a hierarchy of many small processes, or a process of many threads: see crowd.go. Sharers are a crowd with 100
// MiB of memory that each of them has mapped. A table is what a process with many descriptors has open: see fds.go.
//
// An emulated processor is not even-handed: QEMU's TCG takes the string moves with which the kernel copies from and to
// user memory byte by byte, several times slower than moves of words. Where that is so, write(2) and read(2) look bad,
// and with them every ratio looks good; the kernel argument clearcpuid=erms has the kernel move words there too.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"linux-cr/abi/calls"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == drain:
		err = runDrain()
	case len(os.Args) == 2 && os.Args[1] == feed:
		err = runFeed()
	default:
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	sizes := flag.String("sizes", "16,256,1024", "MiB of dirty memory, separated by commas")
	rounds := flag.Int("rounds", 5, "rounds; at most 3 for 1 GiB and more")
	crowds := flag.String("crowds", "10,100,1000,5000", "processes of a hierarchy, separated by commas")
	threads := flag.String("threads", "1000", "threads of a process, separated by commas")
	fds := flag.String("fds", "files:10000,pipes:1000,sockets:1000", "what a process has open, separated by commas")
	sharing := flag.String("sharers", "16", "processes that share memory, separated by commas")
	flag.Parse()
	if _, _, err := calls.Query(); err != nil {
		return err
	}
	list, err := parseSizes(*sizes)
	if err == nil {
		_, fdsErr := parseTables(*fds)
		err = errors.Join(checkCounts(*crowds), checkCounts(*threads), checkCounts(*sharing), fdsErr)
	}
	if err != nil || *rounds < 1 || flag.NArg() > 0 {
		flag.Usage()
		return fmt.Errorf("arguments: %v", err)
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return err
	}
	if st.Type != unix.TMPFS_MAGIC {
		return fmt.Errorf("%s is not on tmpfs", dir)
	}
	sh, err := newShared(dir + "/shared")
	if err != nil {
		return err
	}
	for _, size := range list {
		if err := measure(dir, sh, size, *rounds); err != nil {
			return fmt.Errorf("%s: %w", sizeName(size), err)
		}
	}
	if err := measureCrowds(dir, "processes", *crowds, *rounds); err != nil {
		return err
	}
	if err := measureCrowds(dir, "threads", *threads, *rounds); err != nil {
		return err
	}
	if err := measureCrowds(dir, sharers, *sharing, *rounds); err != nil {
		return err
	}
	return measureTables(dir, *fds, *rounds)
}

func parseSizes(text string) ([]int, error) {
	var list []int
	if text == "" {
		return nil, nil
	}
	for _, word := range strings.Split(text, ",") {
		mib, err := strconv.Atoi(word)
		if err != nil || mib < 1 || mib > 1<<20 {
			return nil, fmt.Errorf("%q is not a number of MiB", word)
		}
		list = append(list, mib<<20)
	}
	return list, nil
}

func measure(dir string, sh *shared, size, rounds int) error {
	if size >= 1<<30 {
		rounds = min(rounds, 3)
	}
	b, err := newBench(dir, sh, size)
	if err != nil {
		return err
	}
	defer b.close()
	for n := range rounds {
		if err := b.round(n == 0); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: round %d of %d\n", sizeName(size), n+1, rounds)
	}
	return b.report(os.Stdout)
}
