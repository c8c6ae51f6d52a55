// SPDX-License-Identifier: GPL-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// order is that of the lines of a table.
var order = []string{
	ckptFile, writeFile, writeOnce, sendFile, ckptPipe, writePipe, stopFile, stopPipe, stopNone,
	restartFile, readFresh, readWarm, restartPipe, readPipe, forkExit, memCopy,
}

// moves are the figures that move the whole image, so that they have a rate.
var moves = []string{ckptFile, writeFile, writeOnce, sendFile, ckptPipe, writePipe, restartFile, readFresh, readWarm, restartPipe, readPipe, memCopy}

func median(times []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(times))
	if len(s) == 0 {
		return 0
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// report prints the table of one size, and a line for programs for each figure.
func (b *Bench) report(w io.Writer) error {
	rounds := len(b.times[ckptFile])
	fmt.Fprintf(w, "\n%s of dirty memory, image of %d bytes, medians of %d rounds\n\n", sizeName(b.size), b.bytes, rounds)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "what\tms\tMiB/s\tleast to most, ms\tratio to")
	for _, what := range order {
		if len(b.times[what]) == 0 {
			continue
		}
		m := median(b.times[what])
		rate := ""
		if slices.Contains(moves, what) {
			rate = fmt.Sprintf("%.0f", float64(b.bytes)/(1<<20)/m.Seconds())
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s to %s\t%s\n", what, ms(m), rate, ms(slices.Min(b.times[what])), ms(slices.Max(b.times[what])), b.ratios(what))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, what := range order {
		if len(b.times[what]) == 0 {
			continue
		}
		_, err := fmt.Fprintf(w, "figure size=%d bytes=%d rounds=%d what=%q median_ns=%d\n", b.size, b.bytes, rounds, what, median(b.times[what]))
		if err != nil {
			return err
		}
	}
	for _, c := range compared {
		for _, beside := range c.beside {
			_, err := fmt.Fprintf(w, "ratio size=%d what=%q to=%q value=%.3f\n", b.size, c.what, beside, b.ratio(c.what, beside))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// ratios are those of the medians.
func (b *Bench) ratios(what string) string {
	var text []string
	for _, c := range compared {
		if c.what != what {
			continue
		}
		for _, beside := range c.beside {
			text = append(text, fmt.Sprintf("%s: %.2f", beside, b.ratio(what, beside)))
		}
	}
	return strings.Join(text, "; ")
}

func (b *Bench) ratio(what, beside string) float64 {
	return float64(median(b.times[what])) / float64(max(median(b.times[beside]), 1))
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/1e6) }

func sizeName(size int) string {
	if size%(1<<30) == 0 {
		return fmt.Sprintf("%d GiB", size>>30)
	}
	return fmt.Sprintf("%d MiB", size>>20)
}
