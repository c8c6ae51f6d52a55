package klog

import "testing"

func TestParse(t *testing.T) {
	r, err := Parse("4,339,5140900,-;WARNING: CPU: 0\n SUBSYSTEM=x\n")
	if err != nil {
		t.Fatal(err)
	}
	if r.Level != 4 || r.Micros != 5140900 || r.Text != "WARNING: CPU: 0" {
		t.Errorf("Parse = %+v", r)
	}
	if got, want := r.String(), "[    5.140900] WARNING: CPU: 0"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
	for _, bad := range []string{"", "4,3;text", "x,1,2,-;text", "4,1,y,-;text"} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("Parse(%q) did not fail", bad)
		}
	}
}

func TestProblem(t *testing.T) {
	for text, want := range map[string]bool{
		"WARNING: CPU: 1 PID: 77 at kernel/fork.c:12 f+0x1/0x2":                       true,
		"WARNING: possible circular locking dependency detected":                      true,
		"WARNING: suspicious RCU usage":                                               true,
		"BUG: KASAN: slab-use-after-free in f+0x1/0x2":                                true,
		"BUG: sleeping function called from invalid context at mm/x.c:1":              true,
		"BUG: unable to handle page fault for address: 0000":                          true,
		"Oops: general protection fault, probably for non-canonical address":          true,
		"watchdog: BUG: soft lockup - CPU#0 stuck for 26s!":                           true,
		"UBSAN: shift-out-of-bounds in kernel/x.c:1:2":                                true,
		"kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)":     true,
		"INFO: task prog:12 blocked for more than 120 seconds.":                       true,
		"rcu: INFO: rcu_preempt self-detected stall on CPU":                           true,
		"refcount_t: underflow; use-after-free.":                                      true,
		"traps: prog[12] general protection fault ip:401000 sp:7ffd0 error:0 in prog": false,
		"prog[12]: segfault at 0 ip 0000000000401000 sp 00007ffd error 4 in prog":     false,
		"FAULT_INJECTION: forcing a failure.":                                         false,
		"checkpoint: task 12 refused: sockets":                                        false,
		"SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=2, Nodes=1":                  false,
	} {
		if got := Problem(Record{Text: text}); got != want {
			t.Errorf("Problem(%q) = %v, want %v", text, got, want)
		}
	}
}
