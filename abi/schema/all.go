// SPDX-License-Identifier: GPL-2.0

package schema

// All lists the subsystems in the order of the reference.
var All = []*Subsystem{&General, &Task, &Threads, &Creds, &Seccomp, &Files, &Locks, &Pipes, &Events, &Inotify, &Userfaultfd, &IPC, &Mqueues, &Sockets, &Terminals, &MM, &Memfd, &AIO, &IOUring, &Signals, &Timers, &Saved}
