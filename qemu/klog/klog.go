// Package klog reads the kernel log and recognizes the messages that no test may provoke.
package klog

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Record is one message of the kernel log.
type Record struct {
	// Level is the severity: 0 is an emergency, 7 a debug message.
	Level int

	// Micros is the time since boot in microseconds.
	Micros int64

	Text string
}

// Parse reads a record as /dev/kmsg delivers it: "prefix,sequence,time,flags;text", continued by lines of properties.
func Parse(raw string) (Record, error) {
	head, text, ok := strings.Cut(raw, ";")
	fields := strings.Split(head, ",")
	if !ok || len(fields) < 3 {
		return Record{}, fmt.Errorf("no kernel log record: %q", raw)
	}
	prio, err := strconv.Atoi(fields[0])
	if err != nil {
		return Record{}, fmt.Errorf("no kernel log record: %q", raw)
	}
	micros, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return Record{}, fmt.Errorf("no kernel log record: %q", raw)
	}
	text, _, _ = strings.Cut(text, "\n")
	return Record{Level: prio & 7, Micros: micros, Text: text}, nil
}

// String formats the record like dmesg.
func (r Record) String() string {
	return fmt.Sprintf("[%5d.%06d] %s", r.Micros/1e6, r.Micros%1e6, r.Text)
}

// problems are what the kernel says when something is wrong with it, by the checker that says it.
var problems = regexp.MustCompile(strings.Join([]string{
	`WARNING: `,                           // WARN_ON, lockdep, suspicious RCU usage
	`\bBUG: `,                             // KASAN, atomic sleep, bad page, soft lockup, workqueue lockup
	`kernel BUG at `,                      // BUG_ON
	`\bOops\b`,                            // any fatal trap
	`general protection fault, `,          // one in kernel mode; user mode has "fault ip:"
	`^Kernel panic`,                       //
	`UBSAN: `,                             //
	`kmemleak: [0-9]+ new suspected`,      //
	`KFENCE: |KCSAN: |KMSAN: `,            //
	`INFO: task .* blocked for more than`, // hung task
	`detected (expedited )?stalls|self-detected stall`, // RCU
	`ODEBUG: `,                                   // DEBUG_OBJECTS
	`list_(add|del) corruption`,                  // DEBUG_LIST
	`refcount_t: `,                               //
	`DEBUG_LOCKS_WARN_ON|bad unlock balance`,     // lockdep
	`unchecked MSR access`,                       //
	`Bad page (state|map)|Bad rss-counter state`, // mm
	`cache_from_obj|Slab .*still in use|SLUB: `,  //
	`------------\[ cut here \]`,                 //
}, "|"))

// harmless are messages that look like one of the problems and are none.
var harmless = regexp.MustCompile(`^SLUB: HWalign`)

// Problem reports whether the kernel complains about itself in r.
func Problem(r Record) bool {
	return problems.MatchString(r.Text) && !harmless.MatchString(r.Text)
}
