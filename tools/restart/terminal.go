// SPDX-License-Identifier: GPL-2.0

package main

import (
	"os"
	"os/signal"
	"runtime"

	"golang.org/x/sys/unix"
)

// terminal is that of the user, while the processes have it: a job that was in the foreground of a terminal at the
// checkpoint gets the one that restart was called on. The shell waits for restart, and for nobody else, so restart
// stops when the job is stopped, and gives the terminal to the job again when it is continued.
type terminal struct {
	file *os.File
	own  int // process group of restart
	job  int // that of the processes
}

// lentTerminal is the terminal that the kernel gave to the group of process pid, or nil.
func lentTerminal(pid int) *terminal {
	job, err := unix.Getpgid(pid)
	if err != nil || job == unix.Getpgrp() {
		return nil
	}
	file, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil
	}
	t := &terminal{file: file, own: unix.Getpgrp(), job: job}
	if t.foreground() != job {
		file.Close()
		return nil
	}
	// Who is in the background may take the terminal back only so.
	signal.Ignore(unix.SIGTTOU)
	return t
}

func (t *terminal) foreground() int {
	pgid, err := unix.IoctlGetInt(int(t.file.Fd()), unix.TIOCGPGRP)
	if err != nil {
		return -1
	}
	return pgid
}

// takeBack makes restart the foreground again if the processes still are.
func (t *terminal) takeBack() {
	if t.foreground() == t.job {
		_ = unix.IoctlSetPointerInt(int(t.file.Fd()), unix.TIOCSPGRP, t.own)
	}
}

// stopped stops restart with the processes, and lets them go on with it.
func (t *terminal) stopped() {
	if t.foreground() != t.job {
		return // Somebody else has stopped them; the terminal has not.
	}
	t.takeBack()
	stopSelf()
	if t.foreground() == t.own {
		_ = unix.IoctlSetPointerInt(int(t.file.Fd()), unix.TIOCSPGRP, t.job)
	}
	_ = unix.Kill(-t.job, unix.SIGCONT)
}

// stopSelf stops all of restart, and returns when it has been continued. A signal for the process might be taken by
// another thread, while this one went on for a moment; one for this thread is taken before the call returns.
func stopSelf() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_ = unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGSTOP)
}

// close ends the loan.
func (t *terminal) close() {
	if t == nil {
		return
	}
	t.takeBack()
	t.file.Close()
}
