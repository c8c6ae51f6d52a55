// Package qemu boots a kernel with an initramfs in QEMU and relays what the guest reports. It is a thin layer on
// vmtest, so that vmtest can be replaced here and nowhere else.
package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hugelgupf/vmtest/qemu"

	"linux-cr/qemu/arch"
	"linux-cr/qemu/event"
)

// ErrTimeout says that the guest did not finish in time and was stopped.
var ErrTimeout = errors.New("the guest did not finish in time")

// ErrNoVerdict says that the guest ended without the event that closes its report: it panicked or was shut down.
var ErrNoVerdict = errors.New("the guest ended without a verdict")

// Config describes a virtual machine.
type Config struct {
	Arch *arch.Arch

	// Kernel and Initramfs are paths of the host.
	Kernel, Initramfs string

	// Disk is the image of a disk with an ext4 file system, which the guest mounts at /ext4; empty for none.
	Disk string

	// MiB is the size of the memory.
	MiB int

	// CPUs is the number of processors.
	CPUs int

	// HostFS offers the host's root directory, read-only, to the guest, which mounts it at /host.
	HostFS bool

	// Append are further kernel arguments.
	Append []string

	// Timeout ends the machine whatever it does.
	Timeout time.Duration

	// Dir is the folder that keeps the console log and the command line of the machine.
	Dir string

	// Accel is tcg, kvm, or empty for the default.
	Accel string
}

// ConsoleLog is the name of the console log in Config.Dir.
const ConsoleLog = "console.log"

func (c *Config) options() ([]qemu.Fn, error) {
	if _, err := exec.LookPath(c.Arch.QEMU); err != nil {
		return nil, fmt.Errorf("%s is missing; install it with `make deps`", c.Arch.QEMU)
	}
	accel, err := c.Arch.Accelerator(c.Accel)
	if err != nil {
		return nil, err
	}
	fns := []qemu.Fn{
		qemu.WithQEMUCommand(c.Arch.QEMU),
		qemu.WithQEMUArgs(c.Arch.Machine...),
		qemu.WithQEMUArgs(accel...),
		qemu.WithQEMUArgs("-m", fmt.Sprintf("%dM", c.MiB), "-smp", fmt.Sprint(c.CPUs), "-nodefaults", "-serial", "stdio"),
		qemu.VirtioRandom(),
		qemu.HaltOnKernelPanic(),
		qemu.WithKernel(c.Kernel),
		qemu.WithInitramfs(c.Initramfs),
		qemu.WithAppendKernel("console="+c.Arch.Console, "oops=panic"),
		qemu.WithAppendKernel(c.Append...),
	}
	if c.Disk != "" {
		fns = append(fns, qemu.WithQEMUArgs("-drive", "if=virtio,format=raw,file="+c.Disk))
	}
	if c.HostFS {
		// The guest sees the owners and modes of the host's files, which mapped security would hide.
		fns = append(fns, qemu.WithQEMUArgs(
			"-fsdev", "local,id=hostfs,path=/,security_model=none,readonly=on,multidevs=remap",
			"-device", c.Arch.P9+",fsdev=hostfs,mount_tag="+event.HostFSTag))
	}
	return fns, nil
}

// Run boots the machine and calls handle for every event, in order, until the machine is off. It returns an error that
// wraps ErrTimeout or ErrNoVerdict when the guest did not end as it should.
func Run(ctx context.Context, c Config, handle func(event.Event)) error {
	fns, err := c.options()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	console, err := os.Create(filepath.Join(c.Dir, ConsoleLog))
	if err != nil {
		return err
	}
	fns = append(fns, qemu.WithSerialOutput(console), eventPort(handle))

	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	vm, err := qemu.StartContext(ctx, c.Arch.VMTest, fns...)
	if err != nil {
		return fmt.Errorf("start %s: %w", c.Arch.QEMU, err)
	}
	if err := c.writeCommand(vm); err != nil {
		return errors.Join(err, vm.Kill(), vm.Wait())
	}
	err = vm.Wait()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%w (%s)", ErrTimeout, c.Timeout)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrNoVerdict):
		return err
	case err != nil:
		return fmt.Errorf("%s: %w", c.Arch.QEMU, err)
	}
	return nil
}

// CommandFile is the name of the script in Config.Dir that starts the same machine again, without the verdict port.
const CommandFile = "qemu.sh"

// writeCommand keeps the command line in a form that can be run.
func (c *Config) writeCommand(vm *qemu.VM) error {
	return os.WriteFile(filepath.Join(c.Dir, CommandFile), []byte("#!/bin/sh\nexec "+quote(withoutPort(vm.Cmdline()))+"\n"), 0o755)
}

// withoutPort drops the verdict port, whose other end is a descriptor of this process.
func withoutPort(args []string) []string {
	var kept []string
	for i := 0; i < len(args); i++ {
		if i+1 < len(args) && (strings.HasPrefix(args[i+1], "virtserialport,") || args[i+1] == "virtio-serial" ||
			strings.HasPrefix(args[i+1], "socket,")) {
			i++
			continue
		}
		kept = append(kept, args[i])
	}
	return kept
}

func quote(args []string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		if arg == "" || strings.ContainsAny(arg, " \t\n'\"\\$&;()<>|*?#~`") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		quoted[i] = arg
	}
	return strings.Join(quoted, " ")
}

// Interactive boots the machine with its console on the terminal.
func Interactive(ctx context.Context, c Config) error {
	fns, err := c.options()
	if err != nil {
		return err
	}
	opts, err := qemu.OptionsFor(c.Arch.VMTest, fns...)
	if err != nil {
		return err
	}
	args, err := opts.Cmdline()
	if err != nil {
		return err
	}
	for i := range args {
		if args[i] == "stdio" && args[i-1] == "-serial" {
			args[i] = "mon:stdio" // Ctrl-C goes to the guest, Ctrl-A X ends the machine.
		}
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

// ConsoleTail returns the last n lines of the console log in dir.
func ConsoleTail(dir string, n int) string {
	data, err := os.ReadFile(filepath.Join(dir, ConsoleLog))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(string(data), "\r", ""), "\n"), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}
