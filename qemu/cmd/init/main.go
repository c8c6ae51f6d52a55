// Command init is the first process of the guest. It mounts the file systems, runs what the plan asks for in a child,
// waits for orphans meanwhile, and turns the machine off.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"linux-cr/qemu/event"
)

// worker is the argument that makes the program the child that carries out the plan.
const worker = "worker"

func main() {
	if len(os.Args) > 1 && os.Args[1] == worker {
		if err := work(); err != nil {
			fmt.Println("init: worker:", err)
			os.Exit(1)
		}
		return
	}
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "init: this is the first process of a virtual machine, not a command")
		os.Exit(1)
	}
	if err := first(); err != nil {
		fmt.Println("init:", err)
	}
	// Without a verdict on its port, the host takes this end for the failure that it is.
	unix.Sync()
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		fmt.Println("init: power off:", err)
	}
}

// first does the work of process 1 until the worker ends.
func first() error {
	if err := mountAll(); err != nil {
		return err
	}
	if err := setUp(); err != nil {
		return err
	}
	pid, err := syscall.ForkExec("/init", []string{"/init", worker}, &syscall.ProcAttr{
		Dir:   "/",
		Env:   environment(),
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0},
	})
	if err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	for {
		got, err := syscall.Wait4(-1, nil, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("wait: %w", err)
		}
		if got == pid {
			return nil
		}
	}
}

// environment is what every program of the guest starts with.
func environment() []string {
	return []string{
		"PATH=/bin:/bbin:/progs:/samples",
		"HOME=/root",
		"TMPDIR=/tmp",
		"TERM=linux",
		"LINUX_CR_GUEST=1",
	}
}

func readPlan() (*event.Plan, error) {
	data, err := os.ReadFile(event.PlanPath)
	if err != nil {
		return nil, err
	}
	var p event.Plan
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("%s: %w", event.PlanPath, err)
	}
	return &p, nil
}
