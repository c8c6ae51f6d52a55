// SPDX-License-Identifier: GPL-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"
)

// readyByte comes from the init of the namespace when the processes run.
const readyByte = '+'

// readyFd is the descriptor on which it does.
const readyFd = 3

// enter runs restart once more as the init of a new pid namespace.
func (o *options) enter(flags *pflag.FlagSet, stdin *os.File, stderr io.Writer) error {
	sigs := make(chan os.Signal, 16)
	signal.Notify(sigs, forwarded...)
	defer signal.Stop(sigs)
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	namespaces := uintptr(unix.CLONE_NEWPID | unix.CLONE_NEWNS)
	if o.ipcns {
		namespaces |= unix.CLONE_NEWIPC
	}
	cmd := initProcess(flags, stdin, stderr, w, namespaces)
	if err = cmd.Start(); errors.Is(err, unix.EPERM) {
		// In a user namespace anybody may make the others.
		cmd = initProcess(flags, stdin, stderr, w, namespaces|unix.CLONE_NEWUSER)
		err = cmd.Start()
	}
	w.Close()
	if err != nil {
		return fmt.Errorf("new pid namespace: %w", err)
	}
	if o.noWait {
		if n, _ := r.Read(make([]byte, 1)); n == 1 {
			return cmd.Process.Release()
		}
	}
	go func() {
		for s := range sigs {
			_ = cmd.Process.Signal(s)
		}
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	return asStatus(unix.WaitStatus(exit.Sys().(syscall.WaitStatus)))
}

func initProcess(flags *pflag.FlagSet, stdin *os.File, stderr io.Writer, ready *os.File, namespaces uintptr) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", initArgs(flags)...)
	cmd.Args[0] = "restart"
	cmd.Stdin, cmd.Stderr = stdin, stderr
	cmd.ExtraFiles = []*os.File{ready}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces}
	if namespaces&unix.CLONE_NEWUSER != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
		// Without user id 0, exec would take the capabilities in the new
		// namespace away.
		for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
			cmd.SysProcAttr.AmbientCaps = append(cmd.SysProcAttr.AmbientCaps, c)
		}
	}
	return cmd
}

// initArgs is the command line of init: the flags that were given, without
// --pidns and --ipcns.
func initArgs(flags *pflag.FlagSet) []string {
	args := []string{"init"}
	flags.Visit(func(f *pflag.Flag) {
		if f.Name != "pidns" && f.Name != "ipcns" {
			args = append(args, "--"+f.Name+"="+f.Value.String())
		}
	})
	return args
}

// initCommand is what enter runs.
func initCommand(stdin *os.File, stderr io.Writer) *cobra.Command {
	o := options{init: true}
	cmd := &cobra.Command{
		Use:    "init",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if os.Getpid() != 1 {
				return errors.New("init is started by restart --pidns")
			}
			unix.CloseOnExec(readyFd)
			o.ready = os.NewFile(readyFd, "ready")
			if err := privateProc(); err != nil {
				return err
			}
			return o.bring(stdin, stderr)
		},
	}
	o.bind(cmd.Flags())
	return cmd
}

// privateProc mounts a /proc that shows the new pid namespace.
func privateProc() error {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("none", "/proc", "proc", procFlags, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return nil
}
